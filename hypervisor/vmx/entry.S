/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Into the guest and out of it. HOST_RSP is fixed: it points to a struct guest_registers at the top of
 * the core's stack, so that the exit path finds a place for everything at RSP. No vector register is
 * touched: the guest's FPU state stays where it is.
 *
 * The functions called keep RBX, RBP and R12 to R15, which hold the guest's values only in memory by
 * then. So what the exit path needs after the handler is in RBX and RBP.
 */

/* exit.c asserts that these are right. */
#define VMCS_EXIT_REASON   0x4402
#define VMX_EXIT_COUNT     70
#define CPU_VCPU           24 /* struct cpu */
#define VCPU_COUNTERS      0  /* struct vcpu */
#define COUNTERS_EXITS     128 /* struct core_counters */
#define EXIT_COUNTER_SHIFT 5  /* struct exit_counter */
#define EXIT_COUNTER_COUNT 0
#define EXIT_COUNTER_TOTAL 8
#define EXIT_COUNTER_MIN   16
#define EXIT_COUNTER_MAX   20
#define WATCHDOG_EXITS     4096

	.section .text.vmx_entry, "ax"

/* RSP is in the VMCS, so its slot is left out. */
.macro save_guest_registers
	movq %rax, 0x00(%rsp)
	movq %rcx, 0x08(%rsp)
	movq %rdx, 0x10(%rsp)
	movq %rbx, 0x18(%rsp)
	movq %rbp, 0x28(%rsp)
	movq %rsi, 0x30(%rsp)
	movq %rdi, 0x38(%rsp)
	movq %r8, 0x40(%rsp)
	movq %r9, 0x48(%rsp)
	movq %r10, 0x50(%rsp)
	movq %r11, 0x58(%rsp)
	movq %r12, 0x60(%rsp)
	movq %r13, 0x68(%rsp)
	movq %r14, 0x70(%rsp)
	movq %r15, 0x78(%rsp)
.endm

.macro restore_guest_registers
	movq 0x00(%rsp), %rax
	movq 0x08(%rsp), %rcx
	movq 0x10(%rsp), %rdx
	movq 0x18(%rsp), %rbx
	movq 0x28(%rsp), %rbp
	movq 0x30(%rsp), %rsi
	movq 0x38(%rsp), %rdi
	movq 0x40(%rsp), %r8
	movq 0x48(%rsp), %r9
	movq 0x50(%rsp), %r10
	movq 0x58(%rsp), %r11
	movq 0x60(%rsp), %r12
	movq 0x68(%rsp), %r13
	movq 0x70(%rsp), %r14
	movq 0x78(%rsp), %r15
.endm

/* _Noreturn void vmx_launch(struct guest_registers *registers); registers are where HOST_RSP points */
	.globl vmx_launch
	.type vmx_launch, @function
vmx_launch:
	movq %rdi, %rsp
	restore_guest_registers
	vmlaunch
	jmp entry_failed
	.size vmx_launch, . - vmx_launch

/* HOST_RIP */
	.globl vmx_exit_entry
	.type vmx_exit_entry, @function
vmx_exit_entry:
	save_guest_registers
.if CONFIG_EXIT_TIMES
	rdtsc
	movl %eax, %ebx            /* 32 bits are enough for one handler */
.endif
	movl $VMCS_EXIT_REASON, %ebp
	vmread %rbp, %rbp          /* if it fails, RBP stays what it is, which is no exit reason */
	cmpl $VMX_EXIT_COUNT, %ebp
	jae unhandled
	movq vmx_exit_handlers(, %rbp, 8), %rax
	testq %rax, %rax
	jz unhandled
	movq %gs:CPU_VCPU, %rdi
	shll $EXIT_COUNTER_SHIFT, %ebp
	addq VCPU_COUNTERS(%rdi), %rbp
	incq COUNTERS_EXITS + EXIT_COUNTER_COUNT(%rbp)
	testl $(WATCHDOG_EXITS - 1), COUNTERS_EXITS + EXIT_COUNTER_COUNT(%rbp)
	jz look
looked:
.if CONFIG_EXIT_TRACE
	movq %rax, %r12
	movq %rdi, %r13
	movq %rsp, %rsi
	call trace_begin
	movq %r12, %rax
	movq %r13, %rdi
.endif
	movq %rsp, %rsi
	call *%rax                 /* exit_handler(vcpu, registers) */
.if CONFIG_EXIT_TRACE
	movq %r13, %rdi
	movq %rsp, %rsi
	call trace_end
.endif
.if CONFIG_EXIT_TIMES
	rdtsc
	subl %ebx, %eax
	addq %rax, COUNTERS_EXITS + EXIT_COUNTER_TOTAL(%rbp)
	cmpl COUNTERS_EXITS + EXIT_COUNTER_MIN(%rbp), %eax
	jb extreme
	cmpl COUNTERS_EXITS + EXIT_COUNTER_MAX(%rbp), %eax
	ja extreme
.endif
resume:
	restore_guest_registers
	vmresume
	/* Falls through when the processor refuses: CF or ZF says how (SDM 3.31.2). All registers hold
	   guest values, RSP is HOST_RSP. */
entry_failed:
	save_guest_registers
	movq %rsp, %rdi
	call vmx_entry_failed

/* Now and then, for a guest that does nothing but exit: its timer hardly runs. */
look:
	movq %rax, %r12
	movq %rdi, %r13
	movq %rsp, %rsi
	call watchdog_check        /* (vcpu, registers) */
	movq %r12, %rax
	movq %r13, %rdi
	jmp looked

extreme:
	leaq COUNTERS_EXITS(%rbp), %rdi
	movl %eax, %esi
	call exit_counter_extreme
	jmp resume

/* An exit reason without a handler, or no exit at all but an entry that failed. */
unhandled:
	movq %rsp, %rdi
	call vmx_unhandled_exit
	.size vmx_exit_entry, . - vmx_exit_entry

	.section .note.GNU-stack, "", @progbits
