/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupt handlers, the start of further cores, and the switch between two contexts. */

#define MSR_X2APIC_EOI 0x80B
#define START_MAGIC    0x42484B44 /* PLATFORM_START_MAGIC: what start.S wants to see in EAX */

/* The time comes first: what lies before it is the interrupt's way here. */
.macro stamping_handler name, stamp
	.globl \name
\name:
	pushq	%rax
	pushq	%rdx
	rdtsc
	pushq	%rcx
	movl	%edx, \stamp + 4
	movl	%eax, \stamp
	movl	$MSR_X2APIC_EOI, %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	popq	%rcx
	popq	%rdx
	popq	%rax
	iretq
.endm

	.text
stamping_handler ipi_entry, ipi_stamp
stamping_handler timer_entry, timer_stamp
stamping_handler wake_entry, wake_stamp

	.globl spurious_entry
spurious_entry:
	iretq

/* Maps the page that was missing: its entry in fault_table becomes fault_entry. */
	.globl page_fault_entry
page_fault_entry:
	pushq	%rax
	pushq	%rcx
	movq	%cr2, %rax
	shrq	$12, %rax
	andl	$511, %eax
	movq	fault_entry, %rcx
	movq	%rcx, fault_table(, %rax, 8)
	popq	%rcx
	popq	%rax
	addq	$8, %rsp           /* error code */
	iretq

/* One 16-byte stub per exception, which says its number; see vectors.S of the other guests. */
	.balign	16
	.globl exception_entries
exception_entries:
	.set	vector, 0
	.rept	32
	.balign	16
	movl	$vector, %edi
	jmp	exception_common
	.set	vector, vector + 1
	.endr

exception_common:
	cld
	movq	%rsp, %rsi
	andq	$-16, %rsp
	call	exception_report

/*
 * void context_switch(uint64_t *save_rsp, uint64_t rsp, uint64_t cr3): what a kernel does between two
 * processes, without its bookkeeping.
 */
	.globl context_switch
context_switch:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	movq	%rdx, %cr3
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

/*
 * Copied to AP_PAGE (main.c), where a start-up IPI leads. Each core takes a number and goes on as
 * Bulkhead would start it.
 */
	.section .rodata
	.globl ap_start, ap_end
	.set	AP_PAGE, 0x9000
	.code16
ap_start:
	cli
	cs lgdtl (ap_gdt_pointer - ap_start)
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$0x08, $(AP_PAGE + ap_start32 - ap_start)
	.code32
ap_start32:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$1, %edi
	lock xaddl %edi, cores_started
	movl	$0, %esi
	movl	$START_MAGIC, %eax
	movl	$start_ap, %ecx
	jmp	*%ecx
	.balign	8
ap_gdt:
	.quad	0
	.quad	0x00CF9B000000FFFF
	.quad	0x00CF93000000FFFF
ap_gdt_pointer:
	.short	ap_gdt_pointer - ap_gdt - 1
	.long	AP_PAGE + ap_gdt - ap_start
ap_end:
	.code64

	.data
	.balign	8
	.globl ipi_stamp, timer_stamp, wake_stamp, fault_entry
ipi_stamp:   .quad 0
timer_stamp: .quad 0
wake_stamp:  .quad 0
fault_entry: .quad 0

	.section .note.GNU-stack, "", @progbits
