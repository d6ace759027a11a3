/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks out of other modes than 64-bit, and handlers that never end. */
#include "attacks.h"

#define SELECTOR_CODE_32 0x28
#define SELECTOR_DATA    0x10
#define LOW              0x8000 /* LOW_CODE in endings.c: where the low_ programs run */
#define CR0_PE           0x1
#define CR0_AM           0x40000
#define CR0_PG           0x80000000
#define CR4_PAE          0x20
#define EFLAGS_AC        0x40000
#define MSR_EFER         0xC0000080
#define EFER_LME         0x100
#define VICTIM           (HOSTILE_VICTIM_HOST + HOSTILE_VICTIM_OFFSET)
#define VICTIM_LOW       (VICTIM & 0xFFFF)
#define VICTIM_MIDDLE    (VICTIM >> 16 & 0xFF)
#define VICTIM_HIGH      (VICTIM >> 24)

	.text
	.code64
	.globl	leave_long_mode
leave_long_mode:
	movl	%edi, %ebx
	pushq	$SELECTOR_CODE_32
	leaq	1f(%rip), %rax
	pushq	%rax
	lretq
	.code32
1:	movl	%cr0, %eax
	andl	$~CR0_PG, %eax
	movl	%eax, %cr0
	movl	$MSR_EFER, %ecx
	rdmsr
	andl	$~EFER_LME, %eax
	wrmsr
	movl	$SELECTOR_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$LOW, %esp
	jmp	*%ebx

/* FFFF:0000 in real mode lies in the gap between low and main memory. */
	.globl	low_real_mode, low_real_mode_end
low_real_mode:
	lgdt	LOW + real_gdt_pointer - low_real_mode
	ljmp	$0x08, $(LOW + 1f - low_real_mode)
	.code16
1:	movw	$0x10, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	%cr0, %eax
	andl	$~CR0_PE, %eax
	movl	%eax, %cr0
	ljmp	$0, $(LOW + 2f - low_real_mode)
2:	movw	$0x9000, %ax
	movw	%ax, %ds
	movb	0, %al
3:	hlt
	jmp	3b
	.balign	8
real_gdt:
	.quad	0
	.quad	0x00009B000000FFFF /* 16-bit code */
	.quad	0x000093000000FFFF /* 16-bit data */
real_gdt_pointer:
	.short	real_gdt_pointer - real_gdt - 1
	.long	LOW + real_gdt - low_real_mode
low_real_mode_end:

/*
 * A far jump to another task, whose switch the processor leaves to the hypervisor. The task that is left
 * has its state in the neighbour's memory: whoever makes the switch would write there.
 */
	.code32
	.globl	low_task_switch, low_task_switch_end
low_task_switch:
	lgdt	LOW + task_gdt_pointer - low_task_switch
	movl	$0x18, %eax
	ltr	%ax
	ljmp	$0x20, $0
	.balign	8
task_gdt:
	.quad	0
	.quad	0x00CF9B000000FFFF
	.quad	0x00CF93000000FFFF
	.short	0x67, VICTIM_LOW /* task state in the neighbour's memory */
	.byte	VICTIM_MIDDLE, 0x89, 0, VICTIM_HIGH
	.quad	0x0000890071000067 /* and at 0x7100 */
task_gdt_pointer:
	.short	task_gdt_pointer - task_gdt - 1
	.long	LOW + task_gdt - low_task_switch
low_task_switch_end:

/*
 * A far jump to a task without a code segment: #TS in the new task (SDM 3.8.3, table 8-1), which is a
 * triple fault without an IDT.
 */
	.globl	low_task_fault, low_task_fault_end
low_task_fault:
	lgdt	LOW + fault_gdt_pointer - low_task_fault
	lidt	LOW + fault_no_idt - low_task_fault
	movl	$0x7100, %edi
	movl	$(0x68 / 4), %ecx
	xorl	%eax, %eax
	cld
	rep stosl
	movl	$0x18, %eax
	ltr	%ax
	ljmp	$0x20, $0
1:	hlt
	jmp	1b
	.balign	8
fault_gdt:
	.quad	0
	.quad	0x00CF9B000000FFFF
	.quad	0x00CF93000000FFFF
	.quad	0x0000890070000067 /* task state at 0x7000 */
	.quad	0x0000890071000067 /* and at 0x7100 */
fault_gdt_pointer:
	.short	fault_gdt_pointer - fault_gdt - 1
	.long	LOW + fault_gdt - low_task_fault
fault_no_idt:
	.short	0
	.long	0
low_task_fault_end:

/*
 * PAE paging with page-directory-pointer entries that name an address beyond the processor's. CR0.CD
 * changes at the same time, so that the hypervisor loads them. Without an IDT, #GP is a triple fault.
 */
	.globl	low_pdpte, low_pdpte_end
low_pdpte:
	lidt	LOW + no_idt - low_pdpte
	movl	$0x7000, %edi
	movl	$8, %ecx
	movl	$0xFFFFF001, %eax
	cld
	rep stosl
	movl	$0x7000, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	%cr0, %eax
	orl	$(CR0_PG | 0x40000000), %eax
	movl	%eax, %cr0
1:	hlt
	jmp	1b
no_idt:
	.short	0
	.long	0
low_pdpte_end:

/*
 * Alignment checks at CPL 3 whose handler runs at CPL 3, too, on a stack that is not aligned: to deliver
 * the exception raises it again. Only 32-bit mode leaves the stack as it is.
 */
	.globl	low_alignment, low_alignment_end
low_alignment:
	lgdt	LOW + alignment_gdt_pointer - low_alignment
	lidt	LOW + alignment_idt_pointer - low_alignment
	ljmp	$0x08, $(LOW + 1f - low_alignment)
1:	movl	$0x10, %eax
	movl	%eax, %ss
	movl	%cr0, %eax
	orl	$CR0_AM, %eax
	movl	%eax, %cr0
	pushl	$0x23
	pushl	$0x6002 /* ESP */
	pushl	$(EFLAGS_AC | 2)
	pushl	$0x1B
	pushl	$(LOW + 2f - low_alignment)
	iretl
2:	pushl	$0
	jmp	2b
	.balign	8
alignment_gdt:
	.quad	0
	.quad	0x00CF9B000000FFFF
	.quad	0x00CF93000000FFFF
	.quad	0x00CFFB000000FFFF /* code and data of CPL 3 */
	.quad	0x00CFF3000000FFFF
alignment_gdt_pointer:
	.short	alignment_gdt_pointer - alignment_gdt - 1
	.long	LOW + alignment_gdt - low_alignment
	.balign	8
alignment_idt:
	.fill	17, 8, 0
	.short	LOW + 2b - low_alignment
	.short	0x1B
	.short	0xEE00 /* interrupt gate, DPL 3 */
	.short	0
alignment_idt_pointer:
	.short	alignment_idt_pointer - alignment_idt - 1
	.long	LOW + alignment_idt - low_alignment
low_alignment_end:

	.code64
	.globl	again_ud, again_db, again_irq
again_ud:
	leaq	stack_again_end(%rip), %rsp
	ud2
	.balign	16
again_db:
	leaq	stack_again_end(%rip), %rsp
	pushfq
	orq	$0x100, (%rsp)
	popfq
	nop
	jmp	again_db
/* Sends itself the next interrupt before it ends this one. */
	.balign	16
again_irq:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	movl	$0x83F, %ecx
	movl	$0x40, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$0x80B, %ecx
	xorl	%eax, %eax
	wrmsr
	popq	%rdx
	popq	%rcx
	popq	%rax
	iretq

	.bss
	.balign	4096
	.skip	4096
stack_again_end:

	.section .note.GNU-stack, "", @progbits
