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

	.section .note.GNU-stack, "", @progbits
