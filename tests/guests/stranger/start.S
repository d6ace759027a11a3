/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry by multiboot 1 with no flags, and of the other cores by a start-up IPI with page 0: what test
 * programs do that know nothing of the machine that they run on. Both go straight on to 64-bit mode.
 */
#define CR0_PE_PG 0x80000001
#define STACK     8192

#include "long_mode.inc"

	.section .header, "a"
	.balign	4
	.long	0x1BADB002
	.long	0
	.long	-0x1BADB002

	.section .text.start, "ax"
	.code32
	.globl start
start:
	movl	%eax, multiboot_magic
	movl	%ebx, multiboot_info
	xorl	%ebp, %ebp
	jmp	to_long

/* Copied to address 0; all segments are 0 after the IPI. */
	.code16
	.globl sipi_entry, sipi_end
sipi_entry:
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	lgdtl	sipi_gdt - sipi_entry
	ljmpl	$0x18, $sipi_flat
sipi_gdt:
	.short	gdt_end - gdt - 1
	.long	gdt
sipi_end:

	.code32
sipi_flat:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$1, %ebp
	lock xaddl %ebp, next_core

/* EBP: number of the core, in the order of their coming */
to_long:
	cld
	prepare_long_mode
	movl	%cr0, %eax
	orl	$CR0_PE_PG, %eax
	andl	$0x9FFFFFFF, %eax
	movl	%eax, %cr0
	ljmp	$0x08, $in_long

	.code64
in_long:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	leal	1(%rbp), %eax
	imull	$STACK, %eax
	leaq	stacks(%rax), %rsp
	movl	%ebp, %edi
	call	stranger_main
	ud2

/*
 * void sti_window(volatile const uint8_t *byte): an access in the shadow of STI. after_sti is where an NMI in
 * that shadow would have interrupted.
 */
	.globl sti_window, after_sti
sti_window:
	sti
after_sti:
	testb	$0, (%rdi)
	nop
	cli
	ret

	.data
	.balign	8
gdt:
	.quad	0
	.quad	0x00AF9B000000FFFF /* 0x08: 64-bit code */
	.quad	0x00CF93000000FFFF /* 0x10: data */
	.quad	0x00CF9B000000FFFF /* 0x18: 32-bit code */
gdt_end:
gdt_pointer:
	.short	gdt_end - gdt - 1
	.long	gdt

	.balign	4
	.globl multiboot_magic, multiboot_info, next_core
multiboot_magic:
	.long	0
multiboot_info:
	.long	0
next_core:
	.long	1

/* Identity map of the first 4 GiB, 2 MiB pages, everything permitted, accessed, dirty, global. */
	.balign	4096
pml4:
	.quad	pdpt + 0x07
	.fill	511, 8, 0
pdpt:
	.quad	directories + 0x0007
	.quad	directories + 0x1007
	.quad	directories + 0x2007
	.quad	directories + 0x3007
	.fill	508, 8, 0
directories:
	.set	address, 0
	.rept	2048
	.quad	address + 0x1E7
	.set	address, address + 0x200000
	.endr

	.bss
	.balign	16
stacks:
	.skip	8 * STACK

	.section .note.GNU-stack, "", @progbits
