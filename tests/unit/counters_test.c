/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of exits against the sums of what was counted, and the record of an exit's changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_cpu.h"
#include "fake_log.h"
#include "fake_vm.h"
#include "vm/counters.h"
#include "vm/report.h"
#include "vm/trace.h"

static uint64_t rip;

void guest_exit_read(uint32_t *reason, uint64_t *qualification, uint64_t *where)
{
	*reason = 10;
	*qualification = 0x55;
	*where = rip;
}

const char *exit_reason_name(uint32_t reason)
{
	return reason == 10 ? "CPUID" : "other";
}

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	fake_vms_reset();
	fake_log_clear();
	counters_init(vcpus[0].counters, 7);
	return 0;
}

/* What entry.S does about an exit. */
static void one_exit(struct exit_counter *counter, uint32_t ticks)
{
	counter->count++;
	if (counter->untimed-- == 0)
		exit_counter_time(counter, ticks);
}

static void times_of_the_first_exits_add_up(void **state)
{
	static const uint32_t ticks[] = {90, 90, 90, 120, 120, 90, 4000, 7, 7, 7, 7};
	struct exit_counter *counter = &vcpus[0].counters->exits[10];
	uint64_t sum = 0;

	(void)state;
	_Static_assert(sizeof(ticks) / sizeof(ticks[0]) < EXIT_TIMED_FIRST, "all are timed");
	for (unsigned i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++) {
		one_exit(counter, ticks[i]);
		sum += ticks[i];
		assert_int_equal(counter->count, i + 1);
		assert_int_equal(counter->total, sum);
		assert_int_equal(exit_counter_accounted(counter), i + 1);
		assert_int_equal(exit_counter_average(counter), sum / (i + 1));
	}
	assert_int_equal(counter->minimum, 7);
	assert_int_equal(counter->maximum, 4000);
}

/* Its handler moved the clock back: it took what an exit takes on the average. */
static void impossible_times_are_not_believed(void **state)
{
	struct exit_counter *counter = &vcpus[0].counters->exits[10];

	(void)state;
	one_exit(counter, 100);
	one_exit(counter, UINT32_MAX - 5);
	assert_int_equal(counter->total, 200);
	assert_int_equal(counter->maximum, 100);
}

/* Exits of constant length: what is not timed is accounted for by what is. */
static void check_share(uint32_t ticks, uint32_t share)
{
	struct exit_counter *counter = &vcpus[0].counters->exits[10];
	unsigned timed = 0;

	counters_init(vcpus[0].counters, 7);
	for (unsigned i = 0; i < 10000; i++) {
		timed += counter->untimed == 0;
		one_exit(counter, ticks);
		assert_int_equal(exit_counter_average(counter), ticks);
		assert_true(counter->count - exit_counter_accounted(counter) < share);
		assert_int_equal(counter->total, exit_counter_accounted(counter) * ticks);
	}
	assert_int_equal(counter->count, 10000);
	assert_int_equal(counter->share, share);
	assert_true(timed >= 10000 / share && timed <= 10000 / share + EXIT_TIMED_FIRST);
}

static void short_exits_are_timed_seldom(void **state)
{
	(void)state;
	check_share(50, 256);
	check_share(128, 16);
	check_share(1024, 1);
}

/* A reader that looks while an exit is handled: its time is not added yet. */
static void the_exit_at_work_is_not_accounted_for(void **state)
{
	struct exit_counter *counter = &vcpus[0].counters->exits[10];

	(void)state;
	one_exit(counter, 500);
	counter->count++;
	counter->untimed--;
	assert_int_equal(exit_counter_accounted(counter), 1);
	assert_int_equal(exit_counter_average(counter), 500);
}

static void empty_counters_say_so(void **state)
{
	const struct core_counters *c = vcpus[0].counters;

	(void)state;
	assert_int_equal(c->magic, COUNTERS_MAGIC);
	assert_int_equal(c->version, COUNTERS_VERSION);
	assert_int_equal(c->apic_id, 7);
	assert_ptr_equal((const char *)c + c->header_size, c->exits);
	assert_ptr_equal((const char *)c + c->records_offset, c->records);
	assert_true(c->exits[69].minimum > c->exits[69].maximum);
	assert_int_equal(exit_counter_average(&c->exits[69]), 0);
	assert_int_equal(counters_exits(c), 0);
}

static void changed_registers_are_recorded(void **state)
{
	const struct exit_record *record = &vcpus[0].counters->records[0];
	struct guest_registers before = {
		.rax = 1, .rcx = 2, .rdx = 3, .rbx = 4, .rsi = 5, .r15 = 6};
	struct guest_registers after = before;

	(void)state;
	rip = 0x1000;
	trace_begin(&vcpus[0], &before);
	rip = 0x1002;
	after.rcx = 20;
	after.rsp = 99; /* not the guest's */
	after.r15 = 60;
	trace_end(&vcpus[0], &after);
	assert_int_equal(record->reason, 10);
	assert_int_equal(record->qualification, 0x55);
	assert_int_equal(record->rip, 0x1000);
	assert_int_equal(record->next_rip, 0x1002);
	assert_int_equal(record->ticks, 5);
	assert_int_equal(record->changed, 1 << GUEST_RCX | 1 << GUEST_R15);
	assert_int_equal(record->before[0], 2);
	assert_int_equal(record->after[0], 20);
	assert_int_equal(record->before[1], 6);
	assert_int_equal(record->after[1], 60);
}

static void records_go_round(void **state)
{
	struct guest_registers registers = {0};

	(void)state;
	for (uint64_t i = 0; i < CONFIG_EXIT_TRACE_DEPTH + 3; i++) {
		rip = i;
		trace_begin(&vcpus[0], &registers);
		trace_end(&vcpus[0], &registers);
	}
	assert_int_equal(vcpus[0].counters->next_record, 3);
	assert_int_equal(vcpus[0].counters->records[2].rip, CONFIG_EXIT_TRACE_DEPTH + 2);
	assert_int_equal(vcpus[0].counters->records[3].rip, 3);
}

static void report_is_a_table(void **state)
{
	struct exit_counter *counter = &vcpus[0].counters->exits[10];

	(void)state;
	one_exit(counter, 90);
	one_exit(counter, 110);
	report_exits(&vcpus[0]);
	assert_true(fake_log_has(LOG_INFO, "       2 in all; ticks:"));
	assert_true(fake_log_has(
		LOG_INFO,
		"vCPU 0 exits:        2 CPUID                        90      100      110          200"));
}

static void report_shows_changes(void **state)
{
	struct guest_registers before = {.rax = 1};
	struct guest_registers after = {.rax = 0xABC};

	(void)state;
	rip = 0x1000;
	trace_begin(&vcpus[0], &before);
	trace_end(&vcpus[0], &after);
	trace_begin(&vcpus[0], &before); /* its handler stops the VM */
	trace_report(&vcpus[0]);
	assert_true(fake_log_has(LOG_INFO, "CPUID: qualification 0x55, then again, 5 ticks"));
	assert_true(fake_log_has(LOG_INFO, "rax 0xabc, was 0x1"));
	assert_true(fake_log_has(LOG_INFO, "CPUID: qualification 0x55, then not yet, 0 ticks"));
}

/* The exit that ended a life is never done: an average one, not one of no ticks. The next of its kind is timed again. */
static void a_new_life_times_again(void **state)
{
	struct exit_counter *counter = &vcpus[0].counters->exits[10];

	(void)state;
	one_exit(counter, 500);
	counter->count++;
	counter->untimed--;
	counters_begin(vcpus[0].counters);
	assert_int_equal(exit_counter_average(counter), 500);
	one_exit(counter, 700);
	assert_int_equal(counter->total, 1700);
	assert_int_equal(counter->maximum, 700);
}

/* Nothing is known of exits of which none ever ended; the first that does speaks for them. */
static void lives_may_all_end_by_one_reason(void **state)
{
	struct exit_counter *counter = &vcpus[0].counters->exits[2];

	(void)state;
	for (unsigned i = 0; i < 2 * EXIT_TIMED_FIRST; i++) {
		counter->count++;
		counter->untimed--;
		counters_begin(vcpus[0].counters);
	}
	assert_int_equal(exit_counter_average(counter), 0);
	one_exit(counter, 300);
	assert_int_equal(counter->minimum, 300);
	assert_int_equal(counter->maximum, 300);
	assert_int_equal(exit_counter_average(counter), 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(times_of_the_first_exits_add_up, setup),
		cmocka_unit_test_setup(impossible_times_are_not_believed, setup),
		cmocka_unit_test_setup(short_exits_are_timed_seldom, setup),
		cmocka_unit_test_setup(the_exit_at_work_is_not_accounted_for, setup),
		cmocka_unit_test_setup(a_new_life_times_again, setup),
		cmocka_unit_test_setup(lives_may_all_end_by_one_reason, setup),
		cmocka_unit_test_setup(empty_counters_say_so, setup),
		cmocka_unit_test_setup(changed_registers_are_recorded, setup),
		cmocka_unit_test_setup(records_go_round, setup),
		cmocka_unit_test_setup(report_is_a_table, setup),
		cmocka_unit_test_setup(report_shows_changes, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
