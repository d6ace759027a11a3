/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the hypervisor to fail, in a build that does so (bulkhead/faults.h): the entry point says how. A raw
 * image for 0x100000 that starts in 32-bit mode. It has no console: what becomes of it is in the log.
 */
#include "bulkhead/faults.h"

	.section .text, "ax"
	.code32
	.globl entry
entry:
	.set number, 0
	.rept FAULT_COUNT
	.balign 16
	movl $number, %ebx
	jmp ask
	.set number, number + 1
	.endr

	.balign 16
ask:
	movl $HYPERCALL_FAULT, %eax
	vmcall
	/* it came back */
1:	cli
	hlt
	jmp 1b

	.section .note.GNU-stack, "", @progbits
