/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ROM of 64 KiB that begins at the reset vector (SDM 3.10.1.4), says on COM2 in which state, and goes
 * on in real mode as firmware does: in its copy below 1 MiB, with its own interrupt vectors, and with
 * segments of 4 GiB. Each line is "rom: what value", the value in hexadecimal.
 */
#define UART      0x2F8
#define CR0_PE    0x01
#define BIG_DATA  0x08 /* selector of the table below */
#define VECTOR    0x80

#include "print16.inc"

/* After a reset there is no stack, and the flags are looked at before anything changes them. */
	.globl	start
start:
	movl	%edx, %ebx /* the processor's signature */
	movl	%cr0, %edi
	movw	$0, %ax /* leaves the flags alone */
	movw	%ax, %ss
	movw	$0x7000, %sp
	pushfl
	popl	%ebp
	movw	%ax, %ds
	sidt	0x600
	/* scratch memory keeps what the lines need */
	movl	%ebx, 0x610
	movl	%edi, 0x614
	movl	%ebp, 0x618
	uart_start

	movw	%cs, %ax
	movzwl	%ax, %eax
	say	"cs"
	movl	0x614, %eax
	say	"cr0"
	movl	0x618, %eax
	say	"eflags"
	movl	0x610, %eax
	say	"edx"
	movzwl	0x600, %eax
	say	"idt-limit"
	movl	0x602, %eax
	say	"idt-base"

	/* Where this code is: the byte that it changes below 1 MiB is not its own while CS is that of reset. */
	movw	$0xF000, %ax
	movw	%ax, %es
	movb	$0x55, %es:marker
	movzbl	%cs:marker, %eax
	say	"marker-high"
	ljmp	$0xF000, $low
low:
	movzbl	%cs:marker, %eax
	say	"marker-low"

	/* Interrupt vectors from 0 on. */
	movw	$interrupt, VECTOR * 4
	movw	%cs, VECTOR * 4 + 2
	xorl	%eax, %eax
	int	$VECTOR
	say	"interrupt"

	/* A20: two addresses that are one where it is off. */
	movw	$0xFFFF, %ax
	movw	%ax, %es
	movl	$0x11111111, 0x510
	movl	$0x22222222, %es:0x520
	movl	0x510, %eax
	say	"a20"

	/* Segments of 4 GiB in real mode. */
	cli
	lgdtl	%cs:gdt_pointer
	movl	%cr0, %eax
	orb	$CR0_PE, %al
	movl	%eax, %cr0
	jmp	1f
1:	movw	$BIG_DATA, %bx
	movw	%bx, %fs
	andb	$~CR0_PE, %al
	movl	%eax, %cr0
	jmp	1f
1:	xorw	%ax, %ax
	movw	%ax, %fs
	movl	$0x00200000, %edi
	movl	$0x12345678, %fs:(%edi)
	movl	%fs:(%edi), %eax
	say	"big"
	movl	$0xFFFFFFF0, %edi /* the reset vector itself, in the ROM */
	movl	%fs:(%edi), %eax
	say	"vector"

	xorl	%eax, %eax
	say	"end"
1:	cli
	hlt
	jmp	1b

interrupt:
	movl	$0xC0DE, %eax
	iretw

	.section .rodata, "a"
prefix:	.asciz	"rom: "
marker:	.byte	0xAA
	.balign	8
gdt:	.quad	0
	.quad	0x00CF93000000FFFF
gdt_pointer:
	.short	15
	.long	gdt + 0xF0000

	.section .reset, "ax"
	jmp	start
	.org	16, 0x90

	.section .note.GNU-stack, "", @progbits
