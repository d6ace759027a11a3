/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of the test guests. Both are reached in 32-bit protected mode with flat segments and paging
 * off: from Bulkhead with EAX = PLATFORM_START_MAGIC, EDI = vCPU index, ESI = vCPU count (bulkhead/
 * platform.h), or from GRUB by multiboot2 with EBX = boot information.
 *
 * The linker script puts .entry at 0x100000, hence the AP's entry at 0x101000.
 */

#define MULTIBOOT2_MAGIC 0x36D76289

/* main.c asserts that these equal PLATFORM_START_MAGIC, GUEST_MAX_CORES and GUEST_STACK_SIZE. */
#define START_MAGIC 0x42484B44
#define MAX_CORES   8
#define STACK_SIZE  8192

#define CR0_PG            0x80000000
#define CR0_WP            0x00010000
#define CR0_CACHES_OFF    0x60000000 /* CD and NW, as after reset */

#define PAGE_PRESENT_WRITE 0x03
#define PAGE_LARGE_WRITE   0x83

#include "long_mode.inc"

	.section .entry, "ax"
	.code32
	.globl start
start:
	jmp	start32

	.balign	8
multiboot_header:
	.long	0xE85250D6
	.long	0 /* i386 */
	.long	multiboot_header_end - multiboot_header
	.long	-(0xE85250D6 + (multiboot_header_end - multiboot_header))
	.short	0, 0 /* end tag */
	.long	8
multiboot_header_end:

	.org	0x1000
	.globl start_ap
start_ap:
	jmp	start32

	.text
	.code32
start32:
	cld
	cmpl	$MULTIBOOT2_MAGIC, %eax
	jne	1f
	movl	%ebx, multiboot_information
	xorl	%edi, %edi
	movl	$1, %esi
	jmp	2f
1:	cmpl	$START_MAGIC, %eax
	jne	park
2:	cmpl	$MAX_CORES, %edi
	jae	park
	prepare_long_mode
	movl	%cr0, %eax
	andl	$~CR0_CACHES_OFF, %eax
	orl	$(CR0_PG | CR0_WP), %eax
	movl	%eax, %cr0
	ljmp	$0x08, $start64
park:
	cli
	hlt
	jmp	park

	.code64
start64:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	leal	1(%rdi), %eax
	imull	$STACK_SIZE, %eax
	leaq	stacks(%rax), %rsp
	xorl	%ebp, %ebp
	call	guest_main
	ud2

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

	.balign	4
	.globl multiboot_information
multiboot_information:
	.long	0

/* Identity map of the first 4 GiB, 2 MiB pages. In .data because the processor sets accessed bits. */
	.balign	4096
pml4:
	.quad	pdpt + PAGE_PRESENT_WRITE
	.fill	511, 8, 0
pdpt:
	.quad	directories + 0x0000 + PAGE_PRESENT_WRITE
	.quad	directories + 0x1000 + PAGE_PRESENT_WRITE
	.quad	directories + 0x2000 + PAGE_PRESENT_WRITE
	.quad	directories + 0x3000 + PAGE_PRESENT_WRITE
	.fill	508, 8, 0
directories:
	.set	address, 0
	.rept	2048
	.quad	address + PAGE_LARGE_WRITE
	.set	address, address + 0x200000
	.endr

	.bss
	.balign	16
stacks:
	.skip	MAX_CORES * STACK_SIZE

	.section .note.GNU-stack, "", @progbits
