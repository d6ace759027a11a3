/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry per attack, HOSTILE_ENTRY_SIZE bytes apart: remembers which it is and goes on as every guest
 * does. hostile.lds links this section at HOSTILE_ENTRIES.
 */
#include "attacks.h"

	.section .entries, "ax"
	.code32
	.set	number, 0
	.rept	ATTACK_COUNT
	.org	HOSTILE_ENTRY_SIZE * number
	movl	$number, attack_number
	jmp	start
	.set	number, number + 1
	.endr

	.data
	.balign	4
	.globl	attack_number
attack_number:
	.long	0

	.section .note.GNU-stack, "", @progbits
