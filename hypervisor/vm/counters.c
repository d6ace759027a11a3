/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/counters.h"

void counters_init(struct core_counters *counters, uint32_t apic_id)
{
	*counters = (struct core_counters){
		.magic = COUNTERS_MAGIC,
		.version = COUNTERS_VERSION,
		.header_size = offsetof(struct core_counters, exits),
		.counter_size = sizeof(struct exit_counter),
		.counter_count = EXIT_REASON_COUNT,
		.record_size = sizeof(struct exit_record),
		.record_count = CONFIG_EXIT_TRACE ? CONFIG_EXIT_TRACE_DEPTH : 0,
		.records_offset = offsetof(struct core_counters, records),
		.apic_id = apic_id,
		.timed = CONFIG_EXIT_TIMES,
	};
	for (uint32_t i = 0; i < EXIT_REASON_COUNT; i++)
		counters->exits[i].minimum = UINT32_MAX;
}

/* No handler takes this long: it has moved the counter, on behalf of a guest that writes its TSC. */
#define TICKS_IMPOSSIBLE (UINT32_C(1) << 31)

void exit_counter_extreme(struct exit_counter *counter, uint32_t ticks)
{
	if (ticks >= TICKS_IMPOSSIBLE) {
		counter->total -= ticks;
		return;
	}
	if (ticks < counter->minimum)
		counter->minimum = ticks;
	if (ticks > counter->maximum)
		counter->maximum = ticks;
}

uint64_t counters_exits(const struct core_counters *counters)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < EXIT_REASON_COUNT; i++)
		sum += counters->exits[i].count;
	return sum;
}
