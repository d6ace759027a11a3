/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/panic.h"

#include "cpu/cpu.h"
#include "cpu/privileged.h"
#include "fake_log.h"
#include "lib/crash_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct cpu cores[CONFIG_MAX_CORES];
static struct cpu *core = cores; /* each test takes the next one: a panic is for good */
static jmp_buf halted;

struct cpu *this_cpu(void)
{
	return core;
}

_Noreturn void cpu_halt_forever(void)
{
	longjmp(halted, 1);
}

static const char *recorded;

void crash_record_write(enum crash_kind kind, const char *vm, uint32_t vcpu, const char *reason)
{
	static char copy[128];

	assert_int_equal(kind, CRASH_HYPERVISOR);
	assert_string_equal(vm, "");
	assert_int_equal(vcpu, 0);
	recorded = strncpy(copy, reason, sizeof(copy) - 1);
}

#define ASSERT_HALTS(statement)             \
	do {                                \
		volatile bool halts = true; \
		if (setjmp(halted) == 0) {  \
			statement;          \
			halts = false;      \
		}                           \
		assert_true(halts);         \
	} while (0)

static int setup(void **state)
{
	(void)state;
	core++;
	core->index = (uint32_t)(core - cores);
	fake_log_clear();
	return 0;
}

static void panic_says_why_and_halts(void **state)
{
	(void)state;
	ASSERT_HALTS(panic("no %s left", "stack"));
	assert_true(fake_log_has(LOG_ERROR, "panic: no stack left"));
	assert_string_equal(recorded, "no stack left");
}

static void panic_in_panic_halts_at_once(void **state)
{
	(void)state;
	ASSERT_HALTS(panic("first"));
	ASSERT_HALTS(panic("second"));
	assert_int_equal(fake_log_count(LOG_ERROR), 1);

	core++; /* another core's panic is its own */
	core->index = (uint32_t)(core - cores);
	ASSERT_HALTS(panic("third"));
	assert_int_equal(fake_log_count(LOG_ERROR), 2);
}

static int evaluations;

static bool evaluate(bool value)
{
	evaluations++;
	return value;
}

static void assertion_names_condition_and_place(void **state)
{
	(void)state;
	assert_always(evaluate(true));
	assert_int_equal(fake_log_count(LOG_ERROR), 0);
	ASSERT_HALTS(assert_always(evaluate(false)));
	assert_true(fake_log_has(LOG_ERROR, "panic_test.c:"));
	assert_true(fake_log_has(LOG_ERROR, "assertion failed: evaluate(false)"));
}

static void assertion_follows_the_setting(void **state)
{
	(void)state;
	evaluations = 0;
	assertion(evaluate(true));
	assert_int_equal(evaluations, CONFIG_ASSERTIONS);
	if (CONFIG_ASSERTIONS)
		ASSERT_HALTS(assertion(evaluate(false)));
	else
		assertion(evaluate(false));
	assert_int_equal(evaluations, 2 * CONFIG_ASSERTIONS);
}

static void smashed_stack_halts(void **state)
{
	(void)state;
	ASSERT_HALTS(__stack_chk_fail());
	assert_true(fake_log_has(LOG_ERROR, "stack overflow"));
}

static void seeded_guard_changes_but_ends_in_zero(void **state)
{
	uintptr_t before = __stack_chk_guard;

	(void)state;
	stack_guard_seed(0x123456789);
	assert_true(__stack_chk_guard != before);
	assert_int_equal(__stack_chk_guard & 0xFF, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(panic_says_why_and_halts, setup),
		cmocka_unit_test_setup(panic_in_panic_halts_at_once, setup),
		cmocka_unit_test_setup(assertion_names_condition_and_place, setup),
		cmocka_unit_test_setup(assertion_follows_the_setting, setup),
		cmocka_unit_test_setup(smashed_stack_halts, setup),
		cmocka_unit_test_setup(seeded_guard_changes_but_ends_in_zero, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
