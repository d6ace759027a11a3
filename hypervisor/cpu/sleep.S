/* SPDX-License-Identifier: Apache-2.0 */
/*
 * void cpu_sleep_unless(const volatile uint32_t *flag)
 *
 * The wake-up is an NMI whose sender set *flag first. The race: the NMI arrives after the test and
 * before HLT, its handler returns, and the core sleeps on with the flag set. The NMI handler
 * (exceptions.c) closes it: a return address inside [cpu_sleep_window, cpu_sleep_end) becomes
 * cpu_sleep_end.
 */
	.section .text.cpu_sleep, "ax"
	.globl cpu_sleep_unless, cpu_sleep_window, cpu_sleep_end
	.type cpu_sleep_unless, @function
cpu_sleep_unless:
cpu_sleep_window:
	cmpl $0, (%rdi)
	jne cpu_sleep_end
	hlt
cpu_sleep_end:
	ret
	.size cpu_sleep_unless, . - cpu_sleep_unless

/*
 * void cpu_switch_stack(void *end, void (*function)(void)): continues in a function that never returns,
 * on a stack that ends at `end`, which is 16-byte-aligned.
 */
	.globl cpu_switch_stack
	.type cpu_switch_stack, @function
cpu_switch_stack:
	movq %rdi, %rsp
	xorl %ebp, %ebp
	pushq $0                   /* as after a call */
	jmpq *%rsi
	.size cpu_switch_stack, . - cpu_switch_stack

	.section .note.GNU-stack, "", @progbits
