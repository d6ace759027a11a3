/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of exits (bulkhead/counters.h): what the exit path does not do itself. */
#ifndef VM_COUNTERS_H
#define VM_COUNTERS_H

#include "bulkhead/counters.h"

/* Empty counters of a core, with what readers need to find their way. */
void counters_init(struct core_counters *counters, uint32_t apic_id);

/* A life begins: no exit is being handled. The one whose handler ended the last life was never done. */
void counters_begin(struct core_counters *counters);

/* An exit that is timed took so many ticks: called by the exit path (entry.S), which counts and decides. */
void exit_counter_time(struct exit_counter *counter, uint32_t ticks);

/* Exits of all reasons. */
/* A register that the handler of an exit changed. */
struct exit_change {
	const char *name;
	uint64_t before, after;
};

/* Those of which the record keeps the values; returns how many. */
unsigned exit_record_changes(const struct exit_record *record,
			     struct exit_change changes[EXIT_RECORD_VALUES]);

uint64_t counters_exits(const struct core_counters *counters);

#endif
