/* SPDX-License-Identifier: Apache-2.0 */
/*
 * _Noreturn void paging_switch(hpa_t root, const void *stack, void (*entry)(void))
 *
 * In assembly because the caller's stack may not be mapped by the new tables: the boot core comes from a
 * stack that is for the start only.
 */
	.section .text.paging_switch, "ax"
	.globl paging_switch
	.type paging_switch, @function
paging_switch:
	movq %rdi, %cr3
	movq %rsi, %rsp
	xorl %ebp, %ebp
	pushq $0                   /* no return; keeps the stack aligned as after a call */
	jmpq *%rdx
	.size paging_switch, . - paging_switch

	.section .note.GNU-stack, "", @progbits
