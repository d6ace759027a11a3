/* SPDX-License-Identifier: Apache-2.0 */
/* Entry stubs of the 32 exception vectors; all end in exception_dispatch(frame). */
#include "cpu/exception_stub.h"

	/* A bit for each vector with which the processor pushes an error code (SDM 3.6.3.1, table 6-1) */
	.section .rodata.exceptions, "a"
have_error_code:
	.long 1 << 8 | 0x1F << 10 | 1 << 17 | 1 << 21 | 1 << 29 | 1 << 30

	.section .text.exceptions, "ax"

	.globl exception_stubs
exception_stubs:
	.set vector, 0
	.rept 32
	pushq $vector
	jmp exception_common
	.set vector, vector + 1
	.org exception_stubs + EXCEPTION_STUB_SIZE * vector, 0xCC
	.endr

exception_common:
	xchgq %rax, (%rsp)         /* the vector; RAX in its place */
	btl %eax, have_error_code
	jc 1f
	pushq (%rsp)
	andq $0, 8(%rsp)           /* where RAX was */
1:	xchgq %rax, (%rsp)
	pushq %r15
	pushq %r14
	pushq %r13
	pushq %r12
	pushq %r11
	pushq %r10
	pushq %r9
	pushq %r8
	pushq %rdi
	pushq %rsi
	pushq %rbp
	pushq %rsp                 /* only keeps its place */
	pushq %rbx
	pushq %rdx
	pushq %rcx
	pushq %rax
	cld
	movq %rsp, %rdi
	call exception_dispatch
	popq %rax
	popq %rcx
	popq %rdx
	popq %rbx
	popq %rbp                  /* the stack pointer's place */
	popq %rbp
	popq %rsi
	popq %rdi
	popq %r8
	popq %r9
	popq %r10
	popq %r11
	popq %r12
	popq %r13
	popq %r14
	popq %r15
	addq $16, %rsp
	iretq

/* An interrupt that nobody wants any more: only its end is signalled (x2APIC EOI, SDM 3.11.12.1.2). */
	.globl interrupt_drop
	.type interrupt_drop, @function
interrupt_drop:
	pushq %rax
	pushq %rcx
	pushq %rdx
	movl $0x80B, %ecx
	xorl %eax, %eax
	xorl %edx, %edx
	wrmsr
	popq %rdx
	popq %rcx
	popq %rax
	iretq
	.size interrupt_drop, . - interrupt_drop

/*
 * void cpu_unblock_nmi(void)
 *
 * After an NMI exit NMIs stay blocked until IRET (SDM 3.28.2); this executes one that returns to its
 * own caller.
 */
	.globl cpu_unblock_nmi
	.type cpu_unblock_nmi, @function
cpu_unblock_nmi:
	popq %rcx
	movq %rsp, %rax
	movl %ss, %edx
	pushq %rdx
	pushq %rax
	pushfq
	movl %cs, %edx
	pushq %rdx
	pushq %rcx
	iretq
	.size cpu_unblock_nmi, . - cpu_unblock_nmi

	.section .note.GNU-stack, "", @progbits
