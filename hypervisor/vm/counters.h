/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of exits (bulkhead/counters.h): what the exit path does not do itself. */
#ifndef VM_COUNTERS_H
#define VM_COUNTERS_H

#include "bulkhead/counters.h"

/* Empty counters of a core, with what readers need to find their way. */
void counters_init(struct core_counters *counters, uint32_t apic_id);

/*
 * The exit that `counter` counted last took `ticks`, other than the one before it. Called by the exit
 * path (entry.S), which leaves equal times to exit_counter_total().
 */
void exit_counter_change(struct exit_counter *counter, uint32_t ticks);

/* Ticks of all exits of a counter of the calling core. */
uint64_t exit_counter_total(const struct exit_counter *counter);

/* Exits of all reasons. */
uint64_t counters_exits(const struct core_counters *counters);

#endif
