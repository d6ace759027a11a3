/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the 32-bit suite (from GRUB by multiboot2, from Bulkhead as an ELF program), its handlers. */
#define VECTOR_NONE 0x100

	.section .entry, "ax"
	.code32
	.globl	start
start:
	movl	$stack_end, %esp
	cld
	cli
	call	main32
1:	hlt
	jmp	1b

	.balign	8
header:
	.long	0xE85250D6
	.long	0
	.long	header_end - header
	.long	-(0xE85250D6 + (header_end - header))
	.short	0, 0
	.long	8
header_end:

	.text
/* uint32_t probe(void (*function)(void)): the vector of the exception that ended it */
	.globl	probe
probe:
	movl	4(%esp), %eax
	pushl	%ebx
	pushl	%ebp
	pushl	%esi
	pushl	%edi
	movl	%esp, catch_esp
	call	*%eax
	movl	$VECTOR_NONE, %eax
	.globl	caught_back
caught_back:
	movl	$0, catch_esp
	popl	%edi
	popl	%esi
	popl	%ebp
	popl	%ebx
	ret

/* void call_code(void): calls code_page with the registers of `code_registers`, and stores them there. */
	.globl	call_code
call_code:
	movl	code_registers + 0, %eax
	movl	code_registers + 4, %ebx
	movl	code_registers + 8, %ecx
	movl	code_registers + 12, %edx
	movl	code_registers + 16, %esi
	movl	code_registers + 20, %edi
	call	code_page
	movl	%eax, code_registers + 0
	movl	%ebx, code_registers + 4
	movl	%ecx, code_registers + 8
	movl	%edx, code_registers + 12
	movl	%esi, code_registers + 16
	movl	%edi, code_registers + 20
	ret

#define HAS_ERROR_CODE 0x227D00

	.balign	16
	.globl	vector_entries
vector_entries:
	.set	vector, 0
	.set	with_error, HAS_ERROR_CODE
	.rept	256
	.balign	16
	.if	(with_error & 1) == 0
	pushl	$0
	.endif
	.set	with_error, with_error >> 1
	pushl	$vector
	jmp	vector_common
	.set	vector, vector + 1
	.endr

/* Stack: vector, error code, EIP, CS, EFLAGS, and from VM86 ESP, SS, ES, DS, FS, GS. */
vector_common:
	movw	$0x10, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %fs
	movw	%ax, %gs
	movl	%esp, %eax
	pushl	%eax
	call	event
	movl	$0x10, %eax
	movl	%eax, %ss
	movl	caught_frame, %eax
	movl	catch_esp, %esp
	cld
	jmp	caught_back

/* The second task: tells how it was entered and goes back by IRET, or by JMP where told so. */
	.globl	task_entry
task_entry:
	incl	task_count
	pushfl
	popl	task_flags
	strw	task_tr
	movl	%cr0, %eax
	movl	%eax, task_cr0
	movl	%esp, task_esp
	cmpl	$0, task_takes_error
	je	1f
	popl	task_error
1:	cmpl	$0, task_resume
	je	2f
	movl	task_resume, %eax
	movl	%eax, main_task + 0x20
2:	cmpl	$0, task_jumps
	jne	3f
	iretl
	jmp	task_entry
3:	ljmp	$0x28, $0
	jmp	task_entry

/* The same in a task with a 16-bit TSS, whose code segment is a 32-bit one. */

/* void enter_virtual(uint32_t ip, uint32_t flags): VM86 with segments at 0x7000, by IRET */
	.globl	enter_virtual
enter_virtual:
	movl	4(%esp), %eax
	movl	8(%esp), %ecx
	pushl	$0x700 /* GS */
	pushl	$0x700
	pushl	$0x700
	pushl	$0x700
	pushl	$0x700 /* SS */
	pushl	$0x0FF0
	pushl	%ecx
	pushl	$0x700 /* CS */
	pushl	%eax
	xorl	%ecx, %ecx
	movl	$0x1500, %edx
	xorl	%eax, %eax
	xorl	%esi, %esi
	movl	$0x800, %edi
	iretl

	.bss
	.balign	16
	.skip	16384
stack_end:
	.globl	catch_esp
catch_esp:
	.skip	4

	.section .note.GNU-stack, "", @progbits
