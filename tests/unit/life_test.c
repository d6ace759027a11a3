/* SPDX-License-Identifier: Apache-2.0 */
/* States and events of a VM, every pair of them, and what follows an end. */
#include "vm/life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_cpu.h"
#include "fake_log.h"
#include "vm/monitor.h"
#include "vm/vcpu.h"

#define TICKS_PER_SECOND 1000

struct vm vms[CONFIG_MAX_VMS];
struct monitor_header monitor_header;
static struct vm_config config = {.name = "phoenix"};
const struct scenario scenario_tables = {.tsc_frequency_hz = TICKS_PER_SECOND};
static bool halted;

bool machine_is_halted(void)
{
	return halted;
}

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	fake_log_clear();
	memset(&vms[0], 0, sizeof(vms[0]));
	config.life = (struct life_config){.restartable = true,
					   .on_reset = LIFE_RESTART,
					   .on_crash = LIFE_RESTART,
					   .restart_limit = 3,
					   .restart_window_seconds = 10};
	vms[0].config = &config;
	halted = false;
	fake_cpu()->tsc = 1;
	return 0;
}

/* --- The table of docs/architecture.md, in full: NONE where the event is refused --- */

#define NONE (-1)

static const int expected[VM_STATE_COUNT][VM_EVENT_COUNT] = {
	/*                 BEGIN       END          STOP        CRASH       RESTART        LOADED      LOSE */
	[VM_PREPARED] = {VM_RUNNING, NONE, NONE, NONE, NONE, NONE, VM_LOST},
	[VM_RUNNING] = {NONE, VM_STOPPING, NONE, NONE, NONE, NONE, VM_LOST},
	[VM_STOPPING] = {NONE, NONE, VM_STOPPED, VM_CRASHED, VM_RESTARTING, NONE, VM_LOST},
	[VM_STOPPED] = {NONE, NONE, NONE, NONE, VM_RESTARTING, NONE, VM_LOST},
	[VM_CRASHED] = {NONE, NONE, NONE, NONE, VM_RESTARTING, NONE, VM_LOST},
	[VM_RESTARTING] = {NONE, NONE, NONE, NONE, NONE, VM_RUNNING, VM_LOST},
	[VM_LOST] = {NONE, NONE, NONE, NONE, NONE, NONE, NONE},
};

static void every_event_in_every_state(void **unused)
{
	(void)unused;
	for (uint32_t state = 0; state < VM_STATE_COUNT; state++) {
		for (uint32_t event = 0; event < VM_EVENT_COUNT; event++) {
			int next = expected[state][event];

			*monitor_state(0) = state;
			assert_int_equal(vm_transition(&vms[0], (enum vm_event)event),
					 next != NONE);
			assert_int_equal(vm_state(&vms[0]), next == NONE ? (int)state : next);
		}
	}
}

/* Every state can be reached, and all but the last can be left. */
static void no_state_is_a_trap(void **unused)
{
	bool reached[VM_STATE_COUNT] = {[VM_PREPARED] = true};

	(void)unused;
	for (unsigned round = 0; round < VM_STATE_COUNT; round++)
		for (uint32_t state = 0; state < VM_STATE_COUNT; state++)
			for (uint32_t event = 0; reached[state] && event < VM_EVENT_COUNT; event++)
				if (expected[state][event] != NONE)
					reached[expected[state][event]] = true;
	for (uint32_t state = 0; state < VM_STATE_COUNT; state++) {
		assert_true(reached[state]);
		assert_int_equal(expected[state][EVENT_LOSE] == VM_LOST, state != VM_LOST);
	}
}

static void states_have_names(void **unused)
{
	(void)unused;
	for (uint32_t state = 0; state < VM_STATE_COUNT; state++)
		assert_string_not_equal(vm_state_name((enum vm_state)state), "?");
	assert_string_equal(vm_state_name(VM_STATE_COUNT), "?");
}

/* --- What follows an end --- */

/* Who is asked: on_reset, on_crash, nobody (it ends), or the operator (it begins again). */
enum asked { ON_RESET, ON_CRASH, ENDS, BEGINS };
static const enum asked asked[STOP_REASON_COUNT] = {
	[STOP_NONE] = ENDS,
	[STOP_POWER_OFF] = ENDS,
	[STOP_RESET] = ON_RESET,
	[STOP_TRIPLE_FAULT] = ON_RESET,
	[STOP_MEMORY] = ON_CRASH,
	[STOP_INSTRUCTION] = ON_CRASH,
	[STOP_UNHANDLED] = ON_CRASH,
	[STOP_ENTRY_FAILED] = ON_CRASH,
	[STOP_WATCHDOG] = ON_CRASH,
	[STOP_MACHINE_CHECK] = ENDS,
	[STOP_HYPERVISOR_FAULT] = ENDS,
	[STOP_OPERATOR] = ENDS,
	[STOP_OPERATOR_RESTART] = BEGINS,
	[STOP_MACHINE] = ENDS,
};

static enum life_action answer(enum asked who, enum life_action on_reset, enum life_action on_crash)
{
	switch (who) {
	case ON_RESET:
		return on_reset;
	case ON_CRASH:
		return on_crash;
	case BEGINS:
		return LIFE_RESTART;
	case ENDS:
		break;
	}
	return LIFE_STOP;
}

static void every_reason_with_every_policy(void **unused)
{
	static const enum life_action actions[] = {LIFE_STOP, LIFE_RESTART, LIFE_HALT_MACHINE};

	(void)unused;
	for (unsigned i = 0; i < 9; i++) {
		for (uint32_t reason = 0; reason < STOP_REASON_COUNT; reason++) {
			setup(NULL);
			config.life.on_reset = actions[i % 3];
			config.life.on_crash = actions[i / 3];
			assert_int_equal(life_action_of(&vms[0], (enum stop_reason)reason),
					 answer(asked[reason], actions[i % 3], actions[i / 3]));
		}
	}
}

static void restarts_have_a_limit_per_time(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(life_action_of(&vms[0], STOP_MEMORY), LIFE_RESTART);
	assert_int_equal(life_action_of(&vms[0], STOP_RESET), LIFE_STOP);
	assert_true(fake_log_has(LOG_ERROR, "was restarted 3 times within 10 s"));
	/* an operator's wish does not count, and is not limited */
	assert_int_equal(life_action_of(&vms[0], STOP_OPERATOR_RESTART), LIFE_RESTART);
	fake_cpu()->tsc += 9 * TICKS_PER_SECOND;
	assert_int_equal(life_action_of(&vms[0], STOP_MEMORY), LIFE_STOP);
	fake_cpu()->tsc += TICKS_PER_SECOND;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(life_action_of(&vms[0], STOP_MEMORY), LIFE_RESTART);
	assert_int_equal(life_action_of(&vms[0], STOP_MEMORY), LIFE_STOP);
}

/* A guest that writes its TSC must not get more restarts by it. */
static void limit_goes_by_the_machines_clock(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(life_action_of(&vms[0], STOP_MEMORY), LIFE_RESTART);
	fake_cpu()->tsc += 100 * TICKS_PER_SECOND;
	this_cpu()->tsc_moved = 100 * TICKS_PER_SECOND;
	assert_int_equal(life_action_of(&vms[0], STOP_MEMORY), LIFE_STOP);
	this_cpu()->tsc_moved = 0;
}

static void vm_that_cant_restart_stops(void **unused)
{
	(void)unused;
	config.life.restartable = false;
	assert_int_equal(life_action_of(&vms[0], STOP_MEMORY), LIFE_STOP);
	assert_int_equal(life_action_of(&vms[0], STOP_OPERATOR_RESTART), LIFE_STOP);
}

static void nothing_restarts_in_a_halted_machine(void **unused)
{
	(void)unused;
	halted = true;
	for (uint32_t reason = 0; reason < STOP_REASON_COUNT; reason++)
		assert_int_equal(life_action_of(&vms[0], (enum stop_reason)reason), LIFE_STOP);
}

static void ends_are_not_told_without_end(void **unused)
{
	unsigned told = 0;

	(void)unused;
	for (unsigned i = 0; i < 1000; i++) {
		bool would = life_would_tell(&vms[0]);

		assert_int_equal(life_tell(&vms[0]), would);
		told += would;
	}
	assert_int_equal(told, 4);
	fake_cpu()->tsc += 10 * TICKS_PER_SECOND;
	assert_true(life_tell(&vms[0]));
	assert_true(fake_log_has(LOG_INFO, "ended 996 times more"));
}

static void every_reason_has_words(void **unused)
{
	(void)unused;
	for (uint32_t reason = 0; reason < STOP_REASON_COUNT; reason++)
		assert_true(strlen(stop_reason_text((enum stop_reason)reason)) > 5);
	assert_string_equal(stop_reason_text(STOP_REASON_COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_event_in_every_state, setup),
		cmocka_unit_test_setup(no_state_is_a_trap, setup),
		cmocka_unit_test_setup(states_have_names, setup),
		cmocka_unit_test_setup(every_reason_with_every_policy, setup),
		cmocka_unit_test_setup(restarts_have_a_limit_per_time, setup),
		cmocka_unit_test_setup(limit_goes_by_the_machines_clock, setup),
		cmocka_unit_test_setup(vm_that_cant_restart_stops, setup),
		cmocka_unit_test_setup(nothing_restarts_in_a_halted_machine, setup),
		cmocka_unit_test_setup(ends_are_not_told_without_end, setup),
		cmocka_unit_test_setup(every_reason_has_words, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
