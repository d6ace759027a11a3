/* SPDX-License-Identifier: Apache-2.0 */
/* Start of the second core; smp.c copies it to 0x8000. From real mode straight to long mode. */
#define AT(label) (0x8000 + (label) - ap_start)

	.text
	.code16
	.globl	ap_start, ap_end, ap_cr3
ap_start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	lgdtl	AT(ap_gdt_pointer)
	movl	$0x20, %eax /* PAE */
	movl	%eax, %cr4
	movl	AT(ap_cr3), %eax
	movl	%eax, %cr3
	movl	$0xC0000080, %ecx
	movl	$0x900, %eax /* NXE, LME */
	xorl	%edx, %edx
	wrmsr
	movl	$0x80010001, %eax
	movl	%eax, %cr0
	ljmpl	$0x08, $AT(ap_long)

	.code64
ap_long:
	movl	$0x10, %eax
	movl	%eax, %ss
	movl	%eax, %ds
	movl	%eax, %es
	leaq	ap_stack + 8192, %rsp
	movq	$conform_gdt_pointer, %rax
	lgdt	(%rax)
	movq	$conform_idt_pointer, %rax
	lidt	(%rax)
	movq	$ap_main, %rax
	call	*%rax
	ud2

	.balign	8
ap_gdt:
	.quad	0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF
ap_gdt_pointer:
	.short	23
	.long	AT(ap_gdt)
	.balign	8
ap_cr3:
	.quad	0
ap_end:

	.section .note.GNU-stack, "", @progbits
