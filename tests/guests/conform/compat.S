/* SPDX-License-Identifier: Apache-2.0 */
/* 32-bit code within long mode, and handlers of system calls that say what they were entered with. */
	.text
	.code64

/*
 * void call_compat(void *code_and_registers): as call_with_registers(), in a 32-bit code segment. The code ends by
 * a far jump to compat_return.
 */
	.globl	call_compat, compat_return
call_compat:
	pushq	%rbx
	pushq	%rbp
	movq	%rdi, compat_block
	movq	%rsp, compat_rsp
	movl	$0x10, %eax /* null after a return to CPL 3 */
	movl	%eax, %ds
	movl	%eax, %es
	movq	0(%rdi), %r8
	movq	8(%rdi), %rax
	movq	16(%rdi), %rbx
	movq	24(%rdi), %rcx
	movq	32(%rdi), %rdx
	movq	40(%rdi), %rsi
	movq	48(%rdi), %rdi
	pushq	$0x50 /* 32-bit code; compat.c puts it there */
	pushq	%r8
	lretq
compat_return:
	movq	compat_rsp, %rsp
	movq	compat_block, %r8
	movq	%rax, 8(%r8)
	movq	%rbx, 16(%r8)
	movq	%rcx, 24(%r8)
	movq	%rdx, 32(%r8)
	movq	%rsi, 40(%r8)
	movq	%rdi, 48(%r8)
	popq	%rbp
	popq	%rbx
	ret

/* SYSCALL: selectors and flags in RAX, RBX, RDX; RCX is the return address. */
	.globl	syscall_entry, syscall_entry_kernel, syscall_entry_bad, sysenter_entry
syscall_entry:
	movl	%cs, %eax
	movl	%ss, %ebx
	pushfq
	popq	%rdx
	sysretq

/* The same for a caller at CPL 0. */
syscall_entry_kernel:
	movl	%cs, %eax
	movl	%ss, %ebx
	pushfq
	popq	%rdx
	pushq	%r11
	popfq
	jmp	*%rcx

/* An address that SYSRET must refuse, at CPL 0. */
syscall_entry_bad:
	movq	$0x800000000000, %rcx
	sysretq

/* SYSENTER: the caller has its stack in RCX and where to go on in RDX. */
sysenter_entry:
	movl	%ss, %ebx
	pushfq
	popq	%rax
	shlq	$16, %rax
	movl	%cs, %esi
	orq	%rsi, %rax
	sysexitq

	.data
	.balign	8
compat_block:
	.quad	0
compat_rsp:
	.quad	0

	.section .note.GNU-stack, "", @progbits
