/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/crash_record.h"

#include "cpu/cpu.h"
#include "cpu/privileged.h"
#include "fake_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CORES 2

static _Alignas(4096) struct crash_record records[CORES];
static struct cpu cores[CORES];
static uint32_t current;

const struct scenario scenario_tables = {
	.core_count = CORES,
	.tsc_frequency_hz = 1000,
	.crash_record_base = (hpa_t)records,
	.crash_record_size = sizeof(records),
};

struct cpu *this_cpu(void)
{
	return &cores[current];
}

void *host_pointer(hpa_t address)
{
	return (void *)address;
}

uint64_t tsc_read(void)
{
	return 12345;
}

size_t log_tail(char *buffer, size_t size)
{
	int length = snprintf(buffer, size, "[%u vm] error: first\n[%u vm] error: second\n",
			      current, current);

	return (size_t)length;
}

static int setup(void **state)
{
	(void)state;
	memset(records, 0x5A, sizeof(records)); /* what RAM holds after power-on */
	for (uint32_t i = 0; i < CORES; i++)
		cores[i] = (struct cpu){.index = i, .apic_id = 4 + i};
	current = 0;
	fake_log_clear();
	return 0;
}

static unsigned warnings_of_a_boot(void)
{
	fake_log_clear();
	crash_record_report(&scenario_tables);
	return fake_log_count(LOG_WARNING);
}

static void garbage_says_nothing(void **state)
{
	struct crash_record before = records[1];

	(void)state;
	assert_int_equal(warnings_of_a_boot(), 0);
	assert_memory_equal(&before, &records[1], sizeof(before));
}

static void record_is_printed_at_the_next_boot_alone(void **state)
{
	(void)state;
	current = 1;
	crash_record_write(CRASH_VM, "rt", 3, "triple fault");
	assert_int_equal(warnings_of_a_boot(), 3);
	assert_true(fake_log_has(LOG_WARNING, "APIC id 5, 12.345 s after power-on"));
	assert_true(fake_log_has(LOG_WARNING, "VM rt: triple fault"));
	assert_true(fake_log_has(LOG_WARNING, "then: [1 vm] error: first"));
	assert_true(fake_log_has(LOG_WARNING, "then: [1 vm] error: second"));
	assert_int_equal(records[1].vcpu, 3);
	assert_int_equal(warnings_of_a_boot(), 0);
	assert_int_equal(records[1].boots, 2);
}

static void each_core_has_its_own_page(void **state)
{
	(void)state;
	crash_record_write(CRASH_VM, "linux", 0, "reset");
	current = 1;
	crash_record_write(CRASH_HYPERVISOR, "", 0, "no stack left");
	warnings_of_a_boot();
	assert_true(fake_log_has(LOG_WARNING, "VM linux: reset"));
	assert_true(fake_log_has(LOG_WARNING, "the hypervisor: no stack left"));
}

static void any_changed_bit_makes_it_invalid(void **state)
{
	static struct crash_record good;

	(void)state;
	crash_record_write(CRASH_VM, "linux", 0, "reset");
	good = records[0];
	for (size_t bit = 0; bit < sizeof(good) * 8; bit += 7) {
		records[0] = good;
		((uint8_t *)&records[0])[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(warnings_of_a_boot(), 0);
	}
}

static void long_texts_are_cut(void **state)
{
	char name[64], reason[512];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memset(reason, 'r', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	crash_record_write(CRASH_VM, name, 0, reason);
	assert_int_equal(strlen(records[0].vm), CRASH_NAME_SIZE - 1);
	assert_int_equal(strlen(records[0].reason), CRASH_REASON_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(garbage_says_nothing, setup),
		cmocka_unit_test_setup(record_is_printed_at_the_next_boot_alone, setup),
		cmocka_unit_test_setup(each_core_has_its_own_page, setup),
		cmocka_unit_test_setup(any_changed_bit_makes_it_invalid, setup),
		cmocka_unit_test_setup(long_texts_are_cut, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
