/* SPDX-License-Identifier: Apache-2.0 */
/* First instructions of every interrupt and exception handler. */

#define TICK_VECTOR 0x40 /* GUEST_TICK_VECTOR; interrupts.c asserts that they are equal */

	.text
	.globl tick_entry
tick_entry:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	cld
	call	tick_interrupt
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	iretq

/* A spurious interrupt is not acknowledged (SDM 3.11.9). */
	.globl spurious_entry
spurious_entry:
	iretq

/*
 * One 16-byte stub per exception. Those that come with an error code leave it where the others push
 * a zero: 8, 10 to 14, 17, 21 (SDM 3.6.15).
 */
#define HAS_ERROR_CODE 0x227D00

	.balign	16
	.globl exception_entries
exception_entries:
	.set	vector, 0
	.rept	32
	.balign	16
	.if	((HAS_ERROR_CODE >> vector) & 1) == 0
	pushq	$0
	.endif
	pushq	$vector
	jmp	exception_common
	.set	vector, vector + 1
	.endr

exception_common:
	cld
	movq	%rsp, %rdi /* struct exception_frame, see interrupts.c */
	movq	%cr2, %rsi
	call	exception_report

	.section .note.GNU-stack, "", @progbits
