/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real-mode program of the old school, for address 0x8000: the timer chip (PIT) interrupts it through the interrupt
 * controller (PIC) at vector 8, as under DOS. It halts in between, and says on COM2 what came and when. Each line
 * is "ticks: NAME VALUE", the value in hexadecimal; times are in ticks of the TSC.
 */
#define UART     0x2F8

#define PIC         0x20
#define PIC_MASK    0x21
#define PIC2        0xA0
#define PIC2_MASK   0xA1
#define PIT_COUNTER 0x40
#define PIT_CONTROL 0x43
#define TICK_VECTOR 8
#define HUNDREDTH   11932 /* 10 ms at 1.193182 MHz */
#define LONG        3000000 /* TSC ticks: some 60 ms at 50 MHz */

#define MODE_ONE_SHOT 0x30
#define MODE_RATE     0x34
#define MODE_SQUARE   0x36

#include "print16.inc"

	.macro	put port value
	movb	$\value, %al
	outb	%al, $\port
	.endm

	/* Starts counter 0. */
	.macro	count mode value
	put	PIT_CONTROL, \mode
	put	PIT_COUNTER, (\value & 0xFF)
	put	PIT_COUNTER, (\value >> 8)
	.endm

	.globl	start
start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7000, %sp
	uart_start
	movw	$tick, TICK_VECTOR * 4
	movw	$0, TICK_VECTOR * 4 + 2

	put	PIC, 0x11
	put	PIC_MASK, TICK_VECTOR
	put	PIC_MASK, 0x04
	put	PIC_MASK, 0x01
	put	PIC2, 0x11
	put	PIC2_MASK, 0x70
	put	PIC2_MASK, 0x02
	put	PIC2_MASK, 0x01
	put	PIC2_MASK, 0xFF
	put	PIC_MASK, 0xFE

	/* A hundred periods from tick to tick, and as many ends of HLT. */
	count	MODE_RATE, HUNDREDTH
	sti
	call	next
	movl	%eax, first
	movl	$0, ticks
	movl	$0, wakes
1:	call	next
	cmpl	$100, ticks
	jb	1b
	subl	first, %eax
	say	"rate"
	movl	wakes, %eax
	say	"wakes"

	/* Half of the time high, half low. */
	cli
	count	MODE_SQUARE, HUNDREDTH
	movl	$0, ticks
	sti
	call	next
	movl	%eax, first
2:	call	next
	cmpl	$11, ticks
	jb	2b
	subl	first, %eax
	say	"square"

	/* One shot comes once. */
	cli
	movl	$0, ticks
	count	MODE_ONE_SHOT, HUNDREDTH
	rdtsc
	movl	%eax, first
	sti
	call	next
	subl	first, %eax
	say	"shot"
	call	wait
	movl	ticks, %eax
	say	"shots"

	/* Masked at the PIC, an edge waits there. */
	put	PIC_MASK, 0xFF
	count	MODE_RATE, HUNDREDTH
	movl	$0, ticks
	call	wait
	movl	ticks, %eax
	say	"masked"
	put	PIC, 0x0A
	inb	$PIC, %al
	movzbl	%al, %eax
	say	"requests"
	put	PIC_MASK, 0xFE
	nop
	movl	ticks, %eax
	say	"unmasked"

	/* With interrupts off, it waits for the processor; STI lets it in behind the next instruction. */
	cli
	movl	$0, ticks
	call	wait
	movl	ticks, %ebx
	sti
	nop
	nop
	movl	ticks, %eax
	shll	$8, %ebx
	orl	%ebx, %eax
	say	"held"

	/* Asked instead of interrupting. */
	cli
	count	MODE_ONE_SHOT, HUNDREDTH
	call	wait
	put	PIC, 0x0C
	inb	$PIC, %al
	movzbl	%al, %ebx
	put	PIC, 0x20
	put	PIC, 0x0C
	inb	$PIC, %al
	movzbl	%al, %eax
	shll	$8, %eax
	orl	%ebx, %eax
	say	"polls"

	xorl	%eax, %eax
	say	"end"
3:	cli
	hlt
	jmp	3b

/* Till the next tick, halted; EAX: when its handler began. */
next:
	movl	ticks, %ecx
1:	hlt
	incl	wakes
	cmpl	ticks, %ecx
	je	1b
	movl	when, %eax
	ret

/* Some 60 ms. */
wait:
	rdtsc
	movl	%eax, %ecx
1:	pause
	rdtsc
	subl	%ecx, %eax
	cmpl	$LONG, %eax
	jb	1b
	ret

tick:
	pushl	%eax
	pushl	%edx
	rdtsc
	movl	%eax, %cs:when
	incl	%cs:ticks
	movb	$0x20, %al
	outb	%al, $PIC
	popl	%edx
	popl	%eax
	iretw

	.section .rodata, "a"
prefix:	.asciz	"ticks: "

	.section .data, "aw"
	.balign	4
first:	.long	0
when:	.long	0
ticks:	.long	0
wakes:	.long	0

	.section .note.GNU-stack, "", @progbits
