/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry of the multiboot guests, as both specifications describe it: 32-bit protected mode, paging and
 * interrupts off, EAX the boot loader's magic, EBX the boot information. And of their other cores, by
 * start-up IPI. The headers are in files of their own, which come before this in .entry.
 */

#define CR0_PG   0x80000000

#include "long_mode.inc"

	.section .text.start, "ax"
	.code32
	.globl start
start:
	movl	%eax, %edi /* first argument */
	movl	%ebx, %esi /* second */
	movl	%cr0, %ebp
	movl	$stack_end, %esp
	pushfl
	popl	%ebx
	cld
	prepare_long_mode
	movl	%cr0, %eax
	orl	$CR0_PG, %eax
	movl	%eax, %cr0
	ljmp	$0x08, $start64

	.code64
start64:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%ebp, %edx /* third: CR0 at the entry */
	movl	%ebx, %ecx /* fourth: EFLAGS */
	call	multiboot_main
	ud2

/* Copied to a page below 1 MiB: counts itself and sleeps. */
	.code16
	.globl trampoline, trampoline_counter, trampoline_end
trampoline:
	cli
	lock incw %cs:(trampoline_counter - trampoline)
1:	hlt
	jmp	1b
	.balign	4
trampoline_counter:
	.long	0
trampoline_end:

	.data
	.balign	8
gdt:
	.quad	0
	.quad	0x00AF9B000000FFFF /* 0x08: 64-bit code */
	.quad	0x00CF93000000FFFF /* 0x10: data */
gdt_end:
gdt_pointer:
	.short	gdt_end - gdt - 1
	.long	gdt

/* Identity map of the first 4 GiB, 2 MiB pages. In .data because the processor sets accessed bits. */
	.balign	4096
pml4:
	.quad	pdpt + 0x03
	.fill	511, 8, 0
pdpt:
	.quad	directories + 0x0003
	.quad	directories + 0x1003
	.quad	directories + 0x2003
	.quad	directories + 0x3003
	.fill	508, 8, 0
directories:
	.set	address, 0
	.rept	2048
	.quad	address + 0x83
	.set	address, address + 0x200000
	.endr

	.bss
	.balign	16
	.skip	16384
stack_end:

	.section .note.GNU-stack, "", @progbits
