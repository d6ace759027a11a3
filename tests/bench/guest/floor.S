/* SPDX-License-Identifier: Apache-2.0 */
/* Exit and entry of the shortest hypervisor (floor.c). HOST_RSP points to 16 slots for registers. */

#define EXIT_REASON        0x4402
#define INSTRUCTION_LENGTH 0x440C
#define GUEST_RIP          0x681E
#define REASON_CPUID       10
#define REASON_LIMIT       16

	.text
	.globl floor_run
floor_run:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, saved_rsp
	vmlaunch
	/* refused, or the guest is done */
floor_end:
	movq	saved_rsp, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

	.globl floor_exit
floor_exit:
	movq	%rax, 0x00(%rsp)
	movq	%rcx, 0x08(%rsp)
	movq	%rdx, 0x10(%rsp)
	movq	%rbx, 0x18(%rsp)
	movq	%rbp, 0x28(%rsp)
	movq	%rsi, 0x30(%rsp)
	movq	%rdi, 0x38(%rsp)
	movq	%r8, 0x40(%rsp)
	movq	%r9, 0x48(%rsp)
	movq	%r10, 0x50(%rsp)
	movq	%r11, 0x58(%rsp)
	movq	%r12, 0x60(%rsp)
	movq	%r13, 0x68(%rsp)
	movq	%r14, 0x70(%rsp)
	movq	%r15, 0x78(%rsp)
	movl	$EXIT_REASON, %eax
	vmread	%rax, %rax
	jbe	floor_end
	cmpl	$REASON_LIMIT, %eax
	jae	floor_end
	call	*handlers(, %rax, 8)
	movq	0x00(%rsp), %rax
	movq	0x08(%rsp), %rcx
	movq	0x10(%rsp), %rdx
	movq	0x18(%rsp), %rbx
	movq	0x28(%rsp), %rbp
	movq	0x30(%rsp), %rsi
	movq	0x38(%rsp), %rdi
	movq	0x40(%rsp), %r8
	movq	0x48(%rsp), %r9
	movq	0x50(%rsp), %r10
	movq	0x58(%rsp), %r11
	movq	0x60(%rsp), %r12
	movq	0x68(%rsp), %r13
	movq	0x70(%rsp), %r14
	movq	0x78(%rsp), %r15
	vmresume
	jmp	floor_end

handle_cpuid:
	movl	0x08(%rsp), %eax   /* the guest's EAX; the call pushed 8 bytes */
	movl	0x10(%rsp), %ecx
	cpuid
	movq	%rax, 0x08(%rsp)
	movq	%rcx, 0x10(%rsp)
	movq	%rdx, 0x18(%rsp)
	movq	%rbx, 0x20(%rsp)
	movl	$GUEST_RIP, %eax
	vmread	%rax, %rcx
	jbe	floor_end
	movl	$INSTRUCTION_LENGTH, %edx
	vmread	%rdx, %rdx
	jbe	floor_end
	addq	%rdx, %rcx
	vmwrite	%rcx, %rax
	jbe	floor_end
	ret

	.section .rodata
	.balign	8
handlers:
	.set	reason, 0
	.rept	REASON_LIMIT
	.if	reason == REASON_CPUID
	.quad	handle_cpuid
	.else
	.quad	floor_end
	.endif
	.set	reason, reason + 1
	.endr

	.bss
	.balign	8
saved_rsp:
	.skip	8

	.section .note.GNU-stack, "", @progbits
