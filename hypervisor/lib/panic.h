/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For failures of the hypervisor itself. Never for anything that a guest, a scenario, an image or the
 * machine can cause: those are refused, or stop one VM.
 */
#ifndef LIB_PANIC_H
#define LIB_PANIC_H

#include <stdint.h>

/*
 * Prints `[0 hv] error: panic: text` and ends the VM of this core (vm/contain.h). Other VMs run on. Callable
 * from any handler.
 */
_Noreturn void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

_Noreturn void assertion_failed(const char *file, int line, const char *condition);

/* Checked in every build: where going on would break the isolation of VMs. */
#define assert_always(condition)                                          \
	do {                                                              \
		if (!(condition))                                         \
			assertion_failed(__FILE__, __LINE__, #condition); \
	} while (0)

/* Checked with CONFIG_ASSERTIONS; without it the condition is not evaluated, but still compiled. */
#define assertion(condition)                                              \
	do {                                                              \
		if (CONFIG_ASSERTIONS && !(condition))                    \
			assertion_failed(__FILE__, __LINE__, #condition); \
	} while (0)

/*
 * Interface of the stack protector (-fstack-protector -mstack-protector-guard=global).
 *
 * The guard starts with a constant, for the code that runs first, and gets an unpredictable value from
 * stack_guard_seed(). That is inlined into its caller, which must never return: the caller's frame
 * carries the old value. Only while the BSP is alone.
 */
extern uintptr_t __stack_chk_guard;
_Noreturn void __stack_chk_fail(void);

static inline __attribute__((always_inline)) void stack_guard_seed(uint64_t entropy)
{
	/* The lowest byte stays 0, so that no overflowing string can reproduce the guard. */
	__stack_chk_guard ^= entropy * UINT64_C(0x9E3779B97F4A7C15) << 8;
}

#endif
