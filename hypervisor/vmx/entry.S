/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Into the guest and out of it. HOST_RSP is fixed: it points right behind a struct guest_registers at
 * the top of the core's stack, so that the exit path saves by 16 pushes and finds everything at RSP.
 * No vector register is touched: the guest's FPU state stays where it is.
 */
	.section .text.vmx_entry, "ax"

.macro restore_guest_registers
	popq %rax
	popq %rcx
	popq %rdx
	popq %rbx
	addq $8, %rsp              /* RSP is in the VMCS */
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
.endm

/* _Noreturn void vmx_launch(struct guest_registers *registers); registers lie below HOST_RSP */
	.globl vmx_launch
	.type vmx_launch, @function
vmx_launch:
	movq %rdi, %rsp
	restore_guest_registers
	vmlaunch
	jmp entry_failed
	.size vmx_launch, . - vmx_launch

/* HOST_RIP. The order of pushes is that of struct guest_registers, backwards. */
	.globl vmx_exit_entry
	.type vmx_exit_entry, @function
vmx_exit_entry:
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
	pushq $0
	pushq %rbx
	pushq %rdx
	pushq %rcx
	pushq %rax
	movq %rsp, %rdi
	call vmx_handle_exit
	restore_guest_registers
	vmresume
	/* Falls through when the processor refuses: CF or ZF says how (SDM 3.31.2). All registers hold
	   guest values, RSP is HOST_RSP. */
entry_failed:
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
	pushq $0
	pushq %rbx
	pushq %rdx
	pushq %rcx
	pushq %rax
	movq %rsp, %rdi
	call vmx_entry_failed
	.size vmx_exit_entry, . - vmx_exit_entry

	.section .note.GNU-stack, "", @progbits
