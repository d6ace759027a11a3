/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/panic.h"

#include "fake_log.h"
#include "vm/contain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static jmp_buf contained;
static unsigned begun;
static char told[128];

void contain_begin(void)
{
	begun++;
	/* what is said comes later: it could fail, too */
	assert_int_equal(fake_log_count(LOG_ERROR), 0);
}

_Noreturn void contain_end(const char *why, const void *stack)
{
	assert_non_null(stack);
	assert_int_equal(begun, 1);
	strncpy(told, why, sizeof(told) - 1);
	longjmp(contained, 1);
}

#define ASSERT_ENDS(statement)                \
	do {                                  \
		volatile bool ends = true;    \
		if (setjmp(contained) == 0) { \
			statement;            \
			ends = false;         \
		}                             \
		assert_true(ends);            \
	} while (0)

static int setup(void **state)
{
	(void)state;
	begun = 0;
	fake_log_clear();
	return 0;
}

static void panic_says_why_and_ends_the_vm(void **state)
{
	(void)state;
	ASSERT_ENDS(panic("no %s left", "stack"));
	assert_true(fake_log_has(LOG_ERROR, "panic: no stack left"));
	assert_string_equal(told, "no stack left");
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
	ASSERT_ENDS(assert_always(evaluate(false)));
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
		ASSERT_ENDS(assertion(evaluate(false)));
	else
		assertion(evaluate(false));
	assert_int_equal(evaluations, 2 * CONFIG_ASSERTIONS);
}

static void smashed_stack_halts(void **state)
{
	(void)state;
	ASSERT_ENDS(__stack_chk_fail());
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
		cmocka_unit_test_setup(panic_says_why_and_ends_the_vm, setup),
		cmocka_unit_test_setup(assertion_names_condition_and_place, setup),
		cmocka_unit_test_setup(assertion_follows_the_setting, setup),
		cmocka_unit_test_setup(smashed_stack_halts, setup),
		cmocka_unit_test_setup(seeded_guard_changes_but_ends_in_zero, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
