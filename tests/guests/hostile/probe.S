/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts whose exceptions are caught, and the first instructions of all handlers. */

/* runtime.c asserts that these equal those of hostile.h. */
#define CATCH_RSP          8
#define VECTOR_NONE        0x100
#define VECTOR_USER_DONE   0x80
#define SELECTOR_DATA      0x10
#define SELECTOR_USER_DATA 0x1B
#define SELECTOR_USER_CODE 0x23

	.text
	.code64

/* uint32_t probe(void (*function)(void *), void *argument) */
	.globl	probe
probe:
	pushfq
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	cli
	cld
	movq	%rsp, %gs:CATCH_RSP
	movq	%rdi, %rax
	movq	%rsi, %rdi
	call	*%rax
	movl	$VECTOR_NONE, %eax
caught:
	movq	$0, %gs:CATCH_RSP
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popfq
	ret

/*
 * uint32_t probe_user(void (*function)(void *), void *argument): CPL 3 by IRET. An exception or the INT
 * at the end comes back through the task state's RSP0.
 */
	.globl	probe_user
probe_user:
	pushfq
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	cli
	movq	%rsp, %gs:CATCH_RSP
	movq	%rdi, %rax
	movq	%rsi, %rdi
	pushq	$SELECTOR_USER_DATA
	leaq	user_stack_end(%rip), %rdx
	pushq	%rdx
	pushq	$2 /* RFLAGS: the fixed bit, interrupts off */
	pushq	$SELECTOR_USER_CODE
	leaq	user_start(%rip), %rdx
	pushq	%rdx
	iretq
user_start:
	call	*%rax
	int	$VECTOR_USER_DONE
	ud2

/*
 * void call_with_registers(void *code_and_registers): calls code[0] with the registers behind it, and
 * puts them back there.
 */
	.globl	call_with_registers
call_with_registers:
	pushq	%rbx
	pushq	%rdi
	subq	$8, %rsp
	movq	0(%rdi), %r8
	movq	8(%rdi), %rax
	movq	16(%rdi), %rbx
	movq	24(%rdi), %rcx
	movq	32(%rdi), %rdx
	movq	40(%rdi), %rsi
	movq	48(%rdi), %rdi
	call	*%r8
	movq	%rdi, %r8
	movq	8(%rsp), %rdi
	movq	%rax, 8(%rdi)
	movq	%rbx, 16(%rdi)
	movq	%rcx, 24(%rdi)
	movq	%rdx, 32(%rdi)
	movq	%rsi, 40(%rdi)
	movq	%r8, 48(%rdi)
	addq	$8, %rsp
	popq	%rdi
	popq	%rbx
	ret

/* An NMI between the comparison and HLT is not lost: its handler goes on behind HLT. */
	.globl	sleep_until, sleep_end
sleep_until:
	cmpl	%esi, (%rdi)
	je	sleep_end
	hlt
sleep_end:
	ret

/* --- Handlers. One 16-byte stub per vector; where no error code comes, a zero stands for it. --- */
#define HAS_ERROR_CODE 0x227D00 /* 8, 10 to 14, 17, 21 (SDM 3.6.15) */

	.balign	16
	.globl	vector_entries
vector_entries:
	.set	vector, 0
	.set	with_error, HAS_ERROR_CODE
	.rept	256
	.balign	16
	.if	(with_error & 1) == 0
	pushq	$0
	.endif
	.set	with_error, with_error >> 1
	pushq	$vector
	jmp	vector_common
	.set	vector, vector + 1
	.endr

/*
 * Stack: vector, error code, RIP, CS, RFLAGS, RSP, SS. Events that interrupt (NMI, interrupts, counted
 * #DB) go back; an exception within a probe ends it.
 */
vector_common:
	cld
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbp
	movq	%rsp, %rbp
	leaq	80(%rbp), %rdi
	andq	$-16, %rsp
	call	event
	testl	%eax, %eax
	jnz	1f
	movq	%rbp, %rsp
	popq	%rbp
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	iretq
1:	movl	80(%rbp), %eax
	movl	$VECTOR_NONE, %ecx
	cmpl	$VECTOR_USER_DONE, %eax
	cmovel	%ecx, %eax
	movl	$SELECTOR_DATA, %ecx /* from CPL 3 it would be a null selector */
	movl	%ecx, %ss
	movq	%gs:CATCH_RSP, %rsp
	jmp	caught

	.bss
	.balign	4096
	.skip	4096
	.globl	user_stack_end
user_stack_end:

	.section .note.GNU-stack, "", @progbits
