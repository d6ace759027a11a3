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

/* What entry.S does about times. */
static void one_exit(struct exit_counter *counter, uint32_t ticks)
{
	counter->count++;
	counter->total += ticks;
	if (ticks < counter->minimum || ticks > counter->maximum)
		exit_counter_extreme(counter, ticks);
}

static void times_add_up(void **state)
{
	static const uint32_t ticks[] = {90, 90, 90, 120, 120, 90, 4000, 7, 7, 7, 7};
	struct exit_counter *counter = &vcpus[0].counters->exits[10];
	uint64_t sum = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++) {
		one_exit(counter, ticks[i]);
		sum += ticks[i];
		assert_int_equal(counter->count, i + 1);
		assert_int_equal(counter->total, sum);
	}
	one_exit(counter, UINT32_MAX - 5); /* its handler moved the clock back */
	assert_int_equal(counter->total, sum);
	assert_int_equal(counter->minimum, 7);
	assert_int_equal(counter->maximum, 4000);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(times_add_up, setup),
		cmocka_unit_test_setup(empty_counters_say_so, setup),
		cmocka_unit_test_setup(changed_registers_are_recorded, setup),
		cmocka_unit_test_setup(records_go_round, setup),
		cmocka_unit_test_setup(report_is_a_table, setup),
		cmocka_unit_test_setup(report_shows_changes, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
