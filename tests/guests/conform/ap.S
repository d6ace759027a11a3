/* SPDX-License-Identifier: Apache-2.0 */
/* Start of the second core; smp.c copies it to 0x8000. From real mode straight to long mode. */
#define AT(label) (0x8000 + (label) - ap_start)

	.text
	.code16
	.globl	ap_start, ap_end, ap_cr3, ap_state
#define STATE(n) %cs:(ap_state - ap_start + (n))

/* Keeps an MSR's value; ECX, EAX and EDX are lost. */
.macro keep_msr msr, at
	movl	$\msr, %ecx
	rdmsr
	movl	%eax, STATE(\at)
	movl	%edx, STATE(\at + 4)
.endm

/* First what the start-up IPI has found, or INIT has left. The stack is at the end of the first 64 KiB. */
ap_start:
	movl	%eax, STATE(0)
	movl	%edx, STATE(4)
	movl	%esp, STATE(8)
	movl	$0xFFF0, %esp
	pushfl
	popl	%eax
	movl	%eax, STATE(12)
	movl	%cr0, %eax
	movl	%eax, STATE(16)
	movl	%cr2, %eax
	movl	%eax, STATE(20)
	movl	%cr3, %eax
	movl	%eax, STATE(24)
	movl	%cr4, %eax
	movl	%eax, STATE(28)
	movl	%dr0, %eax
	movl	%eax, STATE(32)
	movl	%dr6, %eax
	movl	%eax, STATE(36)
	movl	%dr7, %eax
	movl	%eax, STATE(40)
	sgdtl	STATE(44)
	sidtl	STATE(52)
	movw	%ds, STATE(60)
	movw	%ss, STATE(62)
	movw	%gs, STATE(64)
	movw	%cs, STATE(66)
	fnstcw	STATE(68)
	keep_msr 0xC0000080, 72
	keep_msr 0x174, 80
	keep_msr 0x176, 88
	keep_msr 0x277, 96
	keep_msr 0xC0000081, 104
	keep_msr 0xC0000082, 112
	keep_msr 0xC0000102, 120
	keep_msr 0xC0000103, 128
	keep_msr 0x1B, 136
	testw	$0x400, STATE(136)
	jz	1f
	keep_msr 0x808, 144
	keep_msr 0x80F, 152
	keep_msr 0x832, 160
	keep_msr 0x838, 168
	keep_msr 0x82F + 6, 176
1:	cli
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
ap_state:
	.fill	23, 8, 0
ap_end:

	.section .note.GNU-stack, "", @progbits
