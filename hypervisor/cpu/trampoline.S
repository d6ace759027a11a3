/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a core begins after a start-up IPI: real mode, CS = page << 8, IP = 0 (SDM 3.9.4.4). The code
 * is copied to the scenario's trampoline page below 1 MiB, goes to long mode with the boot page tables
 * (they map everything executable; the core changes to the hypervisor's own in C), and calls the entry
 * of its parameters. One core at a time runs here.
 */
#include "boot/long_mode.h"

#define HERE(symbol) (symbol - trampoline_start)

	.section .rodata.trampoline, "a"
	.balign 16
	.globl trampoline_start, trampoline_end
	.code16
trampoline_start:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	movzwl %ax, %ebx
	shll $4, %ebx              /* EBX: address of the trampoline */

	/* complete the two addresses that depend on where this page is */
	leal HERE(trampoline_gdt)(%ebx), %eax
	movl %eax, HERE(trampoline_gdt_pointer) + 2
	leal HERE(trampoline_long)(%ebx), %eax
	movl %eax, HERE(trampoline_target)

	lgdtl HERE(trampoline_gdt_pointer)
	movl $CR4_PAE_BIT, %eax
	movl %eax, %cr4
	movl $boot_pml4, %eax
	movl %eax, %cr3
	movl $EFER_MSR, %ecx
	rdmsr
	orl $(EFER_LME_BIT | EFER_NXE_BIT), %eax
	wrmsr
	/* PE and PG at once: from real mode straight into compatibility mode (SDM 3.9.8.5) */
	movl $(CR0_PG_BIT | CR0_NE_BIT | CR0_ET_BIT | CR0_PE_BIT), %eax
	movl %eax, %cr0
	ljmpl *HERE(trampoline_target)

	.code64
trampoline_long:
	movl $BOOT_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movl %ebx, %ebx            /* upper half is undefined after the mode switch */
	movq HERE(trampoline_stack)(%rbx), %rsp
	movq HERE(trampoline_area)(%rbx), %rdi
	movq HERE(trampoline_entry)(%rbx), %rax
	xorl %ebp, %ebp
	pushq $0                   /* core_main never returns; keeps the stack aligned as after a call */
	jmpq *%rax

	.balign 8
trampoline_gdt:
	.quad 0
	.quad BOOT_GDT_CODE
	.quad BOOT_GDT_DATA
trampoline_gdt_pointer:
	.word . - trampoline_gdt - 1
	.long 0
trampoline_target:
	.long 0
	.word BOOT_CODE

	/* struct trampoline_parameters (smp.c) */
	.balign 8
trampoline_stack:
	.quad 0
trampoline_area:
	.quad 0
trampoline_entry:
	.quad 0
trampoline_end:

	.section .note.GNU-stack, "", @progbits
