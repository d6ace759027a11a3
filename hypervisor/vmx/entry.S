/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Into the guest and out of it. HOST_RSP is fixed: it points to a struct guest_registers at the top of
 * the core's stack, so that the exit path finds a place for everything at RSP. No vector register is
 * touched: the guest's FPU state stays where it is.
 *
 * Most handlers change RAX, RBX, RCX, RDX, RSI and RDI only, of what is saved. RBP and R12 to R15 still hold the
 * guest's values then, as handlers are functions of C. Those that change more are called through `changes_all`,
 * which loads the rest. What the exit path itself needs after a handler lies on the stack.
 */

/* exit.c asserts that these are right. */
#define VMCS_EXIT_REASON        0x4402
#define VMCS_INSTRUCTION_LENGTH 0x440C
#define VMCS_INTERRUPTIBILITY   0x4824
#define VMCS_CR4                0x6804
#define VMCS_RIP                0x681E
#define VMCS_RFLAGS             0x6820
#define VMX_EXIT_CPUID          10
#define VMX_HANDLER_COUNT       61
#define SHADOWS                 0x3     /* interruptibility: STI, MOV SS */
#define FLAGS_RF_TF             0x10100
#define CPU_VCPU                24 /* struct cpu */
#define VCPU_COUNTERS           0  /* struct vcpu */
#define VCPU_ANSWERS            128
#define ANSWER_SHIFT            5  /* struct cpuid_cache_entry */
#define ANSWERS_MASK            63
#define ANSWER_LEAF             0
#define ANSWER_SUBLEAF          4
#define ANSWER_EAX              8
#define ANSWER_EBX              12
#define ANSWER_ECX              16
#define ANSWER_EDX              20
#define ANSWER_CR4_IGNORED         24
#define ANSWER_CR4              28
#define COUNTERS_EXITS          128 /* struct core_counters */
#define EXIT_COUNTER_SHIFT      5   /* struct exit_counter */
#define EXIT_COUNTER_COUNT      0
#define EXIT_COUNTER_UNTIMED    24
#define WATCHDOG_EXITS          4096 /* vm/watchdog.h */

	.section .text.vmx_entry, "ax"

/* RSP is in the VMCS, so its slot is left out. */
.macro save_other_registers
	movq %rbp, 0x28(%rsp)
	movq %r8, 0x40(%rsp)
	movq %r9, 0x48(%rsp)
	movq %r10, 0x50(%rsp)
	movq %r11, 0x58(%rsp)
	movq %r12, 0x60(%rsp)
	movq %r13, 0x68(%rsp)
	movq %r14, 0x70(%rsp)
	movq %r15, 0x78(%rsp)
.endm

.macro save_guest_registers
	movq %rax, 0x00(%rsp)
	movq %rcx, 0x08(%rsp)
	movq %rdx, 0x10(%rsp)
	movq %rbx, 0x18(%rsp)
	movq %rsi, 0x30(%rsp)
	movq %rdi, 0x38(%rsp)
	save_other_registers
.endm

/* All but those that functions of C leave as they are, and RBX, which CPUID changes. */
.macro restore_most_registers
	movq 0x00(%rsp), %rax
	movq 0x08(%rsp), %rcx
	movq 0x10(%rsp), %rdx
	movq 0x18(%rsp), %rbx
	movq 0x30(%rsp), %rsi
	movq 0x38(%rsp), %rdi
	movq 0x40(%rsp), %r8
	movq 0x48(%rsp), %r9
	movq 0x50(%rsp), %r10
	movq 0x58(%rsp), %r11
.endm

.macro restore_other_registers from
	movq 0x28(\from), %rbp
	movq 0x60(\from), %r12
	movq 0x68(\from), %r13
	movq 0x70(\from), %r14
	movq 0x78(\from), %r15
.endm

/* _Noreturn void vmx_launch(struct guest_registers *registers); registers are where HOST_RSP points */
	.globl vmx_launch
	.type vmx_launch, @function
vmx_launch:
	movq %rdi, %rsp
	restore_other_registers %rsp
	restore_most_registers
	vmlaunch
	jmp entry_failed
	.size vmx_launch, . - vmx_launch

/* Calls exit_handler(vcpu, registers): RAX, RDI, RSI. */
.macro call_handler
.if CONFIG_EXIT_TRACE
	call traced
.else
	call *%rax
.endif
.endm

/*
 * Counts the exit at `counter`. Now and then it goes on at \timed, where its time is taken and the watchdog looked
 * after: a guest that does nothing but exit must not hide from it.
 */
.macro count_exit counter, timed
	incq COUNTERS_EXITS + EXIT_COUNTER_COUNT\counter
.if CONFIG_EXIT_TIMES
	subl $1, COUNTERS_EXITS + EXIT_COUNTER_UNTIMED\counter
	jb \timed
.else
	testl $(WATCHDOG_EXITS - 1), COUNTERS_EXITS + EXIT_COUNTER_COUNT\counter
	jz \timed
.endif
.endm

.macro uncount_exit counter
	decq COUNTERS_EXITS + EXIT_COUNTER_COUNT\counter
.if CONFIG_EXIT_TIMES
	incl COUNTERS_EXITS + EXIT_COUNTER_UNTIMED\counter
.endif
.endm

/*
 * The kept answer to CPUID with EAX and ECX, and RIP behind the instruction: what vm_cpuid() and
 * guest_skip_instruction() do, as long as nothing is special. Else to \special, where nothing has been done: the
 * handler can begin anew. RDI is the vCPU. That the fields can be read is known: the handler has read them when
 * it gave the answer. RDX becomes the answer, less VCPU_ANSWERS; uses RAX, RCX, RSI.
 */
.macro find_answer special
	movl %eax, %edx            /* the place in the cache: entry_of() in vm/cpuid_cache.c */
	shrl $26, %edx
	addl %eax, %edx
	leal (%rdx, %rcx, 8), %edx
	andl $ANSWERS_MASK, %edx
	shll $ANSWER_SHIFT, %edx
	addq %rdi, %rdx
	cmpl %eax, VCPU_ANSWERS + ANSWER_LEAF(%rdx)
	jne \special
	cmpl %ecx, VCPU_ANSWERS + ANSWER_SUBLEAF(%rdx)
	jne \special
	movl $VMCS_CR4, %eax
	vmread %rax, %rax
	orl VCPU_ANSWERS + ANSWER_CR4_IGNORED(%rdx), %eax
	cmpl VCPU_ANSWERS + ANSWER_CR4(%rdx), %eax
	jne \special
	movl $VMCS_INSTRUCTION_LENGTH, %ecx
	vmread %rcx, %rcx
	movl $VMCS_RIP, %esi
	vmread %rsi, %rax
	addq %rcx, %rax
	cmpl %ecx, %eax            /* a carry out of the lower half: RIP may have to wrap */
	jb \special
	movl $VMCS_RFLAGS, %ecx
	vmread %rcx, %rcx
	testl $FLAGS_RF_TF, %ecx
	jnz \special
	movl $VMCS_INTERRUPTIBILITY, %ecx
	vmread %rcx, %rcx
	testb $SHADOWS, %cl
	jnz \special
	vmwrite %rax, %rsi
	jbe \special
.endm

/* HOST_RIP */
	.globl vmx_exit_entry
	.type vmx_exit_entry, @function
vmx_exit_entry:
	movq %rax, 0x00(%rsp)
	movq %rcx, 0x08(%rsp)
	movq %rdx, 0x10(%rsp)
	movq %rbx, 0x18(%rsp)
	movq %rsi, 0x30(%rsp)
	movq %rdi, 0x38(%rsp)
	movl $VMCS_EXIT_REASON, %edx
	vmread %rdx, %rdx          /* if it fails, RDX stays what it is, which is no exit reason */
	movq %gs:CPU_VCPU, %rdi
.if !CONFIG_EXIT_TRACE
	cmpl $VMX_EXIT_CPUID, %edx
	jne others

	/*
	 * CPUID makes up most exits of an operating system's start, and nearly all answers were given
	 * before. For these, no more registers are saved than are used.
	 */
	movq VCPU_COUNTERS(%rdi), %rsi
	count_exit +(VMX_EXIT_CPUID << EXIT_COUNTER_SHIFT)(%rsi), cpuid_timed
	find_answer cpuid_special
	movl VCPU_ANSWERS + ANSWER_EAX(%rdx), %eax
	movl VCPU_ANSWERS + ANSWER_EBX(%rdx), %ebx
	movl VCPU_ANSWERS + ANSWER_ECX(%rdx), %ecx
	movl VCPU_ANSWERS + ANSWER_EDX(%rdx), %edx
	movq 0x30(%rsp), %rsi
	movq 0x38(%rsp), %rdi
	vmresume
	jmp entry_failed

others:
.endif
	save_other_registers
	cmpl $VMX_HANDLER_COUNT, %edx
	jae unhandled
	movzbl vmx_exit_handlers(%rdx), %eax
	testl %eax, %eax
	jz unhandled
	movq vmx_handlers(, %rax, 8), %rax
	shll $EXIT_COUNTER_SHIFT, %edx
	addq VCPU_COUNTERS(%rdi), %rdx
	count_exit (%rdx), timed
	movq %rsp, %rsi
	call_handler
resume:
	restore_most_registers
	vmresume
	/* Falls through when the processor refuses: CF or ZF says how (SDM 3.31.2). All registers hold
	   guest values, RSP is HOST_RSP. */
entry_failed:
	save_guest_registers
	movq %rsp, %rdi
	call vmx_entry_failed

.if !CONFIG_EXIT_TRACE
/* As other exits, which count themselves: it is uncounted. RDI is the vCPU. */
cpuid_special:
	movq VCPU_COUNTERS(%rdi), %rsi
	uncount_exit +(VMX_EXIT_CPUID << EXIT_COUNTER_SHIFT)(%rsi)
	movl $VMX_EXIT_CPUID, %edx
	jmp others

.if CONFIG_EXIT_TIMES
/* The same with its time. */
cpuid_timed:
	save_other_registers
	leaq VMX_EXIT_CPUID << EXIT_COUNTER_SHIFT(%rsi), %r8
	movl %eax, %r9d
	rdtsc
	movl %eax, %r10d
	movl %r9d, %eax
	find_answer cpuid_timed_special
	movl VCPU_ANSWERS + ANSWER_EAX(%rdx), %eax
	movl VCPU_ANSWERS + ANSWER_EBX(%rdx), %ebx
	movl VCPU_ANSWERS + ANSWER_ECX(%rdx), %ecx
	movl VCPU_ANSWERS + ANSWER_EDX(%rdx), %edx
	movq %rax, 0x00(%rsp)
	movq %rcx, 0x08(%rsp)
	movq %rdx, 0x10(%rsp)
	movq %rbx, 0x18(%rsp)
	rdtsc
	movq %r8, %rdi
	subl %r10d, %eax
	jmp took

cpuid_timed_special:
	movq %r8, %rdx
	movl $vmx_handle_cpuid, %eax
.endif
.endif

.if CONFIG_EXIT_TIMES
/* RAX is the handler, RDX + COUNTERS_EXITS the counter. 32 bits of the clock are enough for one handler. */
timed:
	movq %rsp, %rsi
	movq %rax, %rcx
	pushq %rdx
	rdtsc
	pushq %rax
	movq %rcx, %rax
	call_handler
	rdtsc
	popq %rcx
	popq %rdi
	subl %ecx, %eax
took:
	movl %eax, %esi
	addq $COUNTERS_EXITS, %rdi
	call exit_counter_time     /* exit_counter_time(counter, ticks) */
	jmp look
.else
.if !CONFIG_EXIT_TRACE
cpuid_timed:
	save_other_registers
	movl $vmx_handle_cpuid, %eax
.endif
timed:
	movq %rsp, %rsi
	call_handler
.endif
	.weak watchdog_check       /* 0 in an image without watchdogs */
look:
	movl $watchdog_check, %eax
	testl %eax, %eax
	jz resume
	movq %gs:CPU_VCPU, %rdi
	movq %rsp, %rsi
	call *%rax                 /* watchdog_check(vcpu, registers) */
	jmp resume

/* An exit reason without a handler, or no exit at all but an entry that failed. */
unhandled:
	movq %rsp, %rdi
	call vmx_unhandled_exit
	.size vmx_exit_entry, . - vmx_exit_entry

/* vmx_changing_NAME(vcpu, registers), in the table of handlers: calls vmx_handle_NAME(), which may change all. */
.macro changes_all name
	.globl vmx_changing_\name
	.type vmx_changing_\name, @function
vmx_changing_\name:
	pushq %rsi
	call vmx_handle_\name
	jmp load_others
	.size vmx_changing_\name, . - vmx_changing_\name
.endm

changes_all exception
changes_all task_switch
changes_all ept_violation
changes_all preemption_timer

load_others:
	popq %rsi
	restore_other_registers %rsi
	ret
	int3

.if CONFIG_EXIT_TRACE
/* exit_handler(vcpu, registers) in RAX with a record of what it changes. */
traced:
	pushq %rdi
	pushq %rsi
	pushq %rax
	call trace_begin
	popq %rax
	movq 0(%rsp), %rsi
	movq 8(%rsp), %rdi
	subq $8, %rsp
	call *%rax
	addq $8, %rsp
	popq %rsi
	popq %rdi
	subq $8, %rsp
	call trace_end
	addq $8, %rsp
	ret
.endif

	.section .note.GNU-stack, "", @progbits
