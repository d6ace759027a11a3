/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/counters.h"

#include "bulkhead/register_names.h"

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
	for (uint32_t i = 0; i < EXIT_REASON_COUNT; i++) {
		counters->exits[i].minimum = UINT32_MAX;
		counters->exits[i].share = CONFIG_EXIT_TIMES ? 1 : 0;
	}
}

/* No handler takes this long: it has moved the counter, on behalf of a guest that writes its TSC. */
#define TICKS_IMPOSSIBLE (UINT32_C(1) << 31)

/*
 * An untimed exit costs two instructions, a timed one some 50. Where every exit is timed, that is less than 5 %
 * of an exit of 1,024 ticks; 16 of 128; and 256 of less.
 */
static uint32_t share_for(uint32_t ticks)
{
	if (ticks >= 1024)
		return 1;
	return ticks >= 128 ? 16 : 256;
}

static void add_time(struct exit_counter *counter, uint32_t ticks)
{
	/* The first that ends stands for those before it, too, during which the VM ended. */
	bool first = counter->minimum > counter->maximum;

	counter->total += ticks * (first ? counter->count : counter->share);
	if (ticks < counter->minimum)
		counter->minimum = ticks;
	if (ticks > counter->maximum)
		counter->maximum = ticks;
}

void exit_counter_time(struct exit_counter *counter, uint32_t ticks)
{
	if (ticks >= TICKS_IMPOSSIBLE)
		ticks = (uint32_t)exit_counter_average(counter);
	add_time(counter, ticks);
	if (counter->count >= EXIT_TIMED_FIRST)
		counter->share = share_for(ticks);
	counter->untimed = counter->share - 1;
}

/* An exit during which the VM ended has no end of its own: it counts as an average one. */
static void forget_unended(struct exit_counter *counter)
{
	if (counter->minimum > counter->maximum)
		counter->untimed = 0;
	else
		exit_counter_time(counter, TICKS_IMPOSSIBLE);
}

void counters_begin(struct core_counters *counters)
{
	for (uint32_t i = 0; i < EXIT_REASON_COUNT; i++)
		if (counters->exits[i].untimed == UINT32_MAX)
			forget_unended(&counters->exits[i]);
}

unsigned exit_record_changes(const struct exit_record *record,
			     struct exit_change changes[EXIT_RECORD_VALUES])
{
	unsigned count = 0;

	for (unsigned i = 0; i < REGISTER_NAME_COUNT && count < EXIT_RECORD_VALUES; i++) {
		if (!(record->changed & UINT32_C(1) << i))
			continue;
		changes[count] = (struct exit_change){register_names[i], record->before[count],
						      record->after[count]};
		count++;
	}
	return count;
}

uint64_t counters_exits(const struct core_counters *counters)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < EXIT_REASON_COUNT; i++)
		sum += counters->exits[i].count;
	return sum;
}
