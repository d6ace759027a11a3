/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real mode and back. What lies between real_begin and real_end is copied to 0x7000; vectors of real mode
 * all lead to one handler, by way of different code segments that tell which one it was.
 */
#define BASE       0x7000
#define SEGMENT    0x700
#define OFFSET(x)  ((x) - real_begin)
#define ROW        0x400 /* where real.c puts the instructions */
#define CODE16     0x68
#define DATA16     0x70

	.text
	.code32
	.globl	enter_real
enter_real:
	pushal
	movl	%esp, real_esp
	sidt	real_saved_idt
	lidt	real_idt
	ljmp	$CODE16, $OFFSET(real16)

	.globl	real_begin, real_end, real_handler
	.code16
	.balign	16 /* vectors count in paragraphs */
real_begin:
real16:
	movw	$DATA16, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	%ax, %fs
	movw	%ax, %gs
	movl	%cr0, %eax
	andl	$~1, %eax
	movl	%eax, %cr0
	ljmp	$SEGMENT, $OFFSET(1f)
1:	movw	$SEGMENT, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$0xFF0, %esp
	xorl	%eax, %eax
	xorl	%ebx, %ebx
	xorl	%ecx, %ecx
	movl	$0x1500, %edx
	xorl	%esi, %esi
	movl	$0x800, %edi
	jmp	real_begin + ROW

	.balign	16
real_handler:
	pushal
	movw	$SEGMENT, %ax
	movw	%ax, %ds
	movw	%cs, %ax
	movw	%ax, OFFSET(real_cs)
	movw	%sp, OFFSET(real_sp)
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$0x08, $real_back
	.balign	4
real_cs:
	.short	0
real_sp:
	.short	0
real_end:
	.globl	real_cs_offset
	.set	real_cs_offset, OFFSET(real_cs)

	.code32
real_back:
	movw	$0x10, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	%ax, %fs
	movw	%ax, %gs
	movl	real_esp, %esp
	lidt	real_saved_idt
	popal
	ret

	.data
	.balign	4
real_esp:
	.long	0
real_idt:
	.short	0x3FF
	.long	0
real_saved_idt:
	.short	0
	.long	0

	.section .note.GNU-stack, "", @progbits
