/* SPDX-License-Identifier: Apache-2.0 */
/* Commands exits and last: from the counters that each core writes for itself. */
#include "bulkhead/exit_words.h"
#include "console/console.h"
#include "cpu/cpu.h"
#include "cpu/frequency.h"
#include "lib/format.h"
#include "lib/string.h"
#include "vm/counters.h"

static void say_reason(struct console *console, uint32_t reason, struct exit_counter counter)
{
	bool timed = counter.minimum <= counter.maximum && counter.count != 0;

	if (!timed)
		say(console, "%-34s %10lu %8s %8s %8s %14s", exit_reason_name(reason),
		    counter.count, "-", "-", "-", "-");
	else
		say(console, "%-34s %10lu %8u %8lu %8u %14lu", exit_reason_name(reason),
		    counter.count, counter.minimum, exit_counter_average(&counter), counter.maximum,
		    counter.total);
}

static void say_vcpu(struct console *console, uint32_t vcpu)
{
	const struct vcpu_config *config = &scenario_tables.vcpus[vcpu];
	uint32_t core = core_of_vcpu(vcpu);
	const struct core_counters *counters = &cpu_areas[core].counters;
	uint64_t frequency = tsc_frequency(&scenario_tables);

	say(console, "VM %s, vCPU %u on core %u: %lu exits; ticks of %lu.%03lu ns",
	    scenario_tables.vms[config->vm].name, config->index, core, counters_exits(counters),
	    UINT64_C(1000000000) / frequency, UINT64_C(1000000000000) / frequency % 1000);
	say(console, "%-34s %10s %8s %8s %8s %14s", "reason", "count", "min", "avg", "max",
	    "total");
	for (uint32_t i = 0; i < EXIT_REASON_COUNT; i++)
		if (counters->exits[i].count != 0)
			say_reason(console, i, counters->exits[i]);
}

void command_exits(struct console *console, const struct words *words)
{
	uint32_t vm, vcpu;

	if (words->count == 1) {
		for (vcpu = 0; vcpu < scenario_tables.vcpu_count; vcpu++) {
			if (vcpu > 0)
				say(console, "%s", "");
			say_vcpu(console, vcpu);
		}
	} else if (words->count == 2) {
		if (!console_vm(console, words->word[1], &vm))
			return;
		for (uint32_t i = 0; i < scenario_tables.vms[vm].vcpu_count; i++)
			say_vcpu(console, first_vcpu(vm) + i);
	} else if (console_vcpu(console, words, 1, &vcpu)) {
		say_vcpu(console, vcpu);
	}
}

/* --- Last exits -------------------------------------------------------------------------------- */

#define LAST_DEFAULT 8

static void say_changes(struct console *console, const struct exit_record *record)
{
	struct exit_change changes[EXIT_RECORD_VALUES];
	unsigned count = exit_record_changes(record, changes);

	for (unsigned i = 0; i < count; i++)
		say(console, "%44s %s 0x%lx, was 0x%lx", "", changes[i].name, changes[i].after,
		    changes[i].before);
}

static void say_exit(struct console *console, const struct exit_record *record)
{
	uint64_t frequency = tsc_frequency(&scenario_tables);
	char next[EXIT_WORDS_SIZE], reason[SAY_SIZE];

	next_rip_words(next, record->rip, record->next_rip);
	exit_text(reason, record->reason, record->qualification);
	say(console, "%5lu.%06lu  0x%016lx  %-21s %6u  %s", record->tsc / frequency,
	    record->tsc % frequency * 1000000 / frequency, record->rip, next, record->ticks,
	    reason);
	say_changes(console, record);
}

/* Copied twice, because its core goes on: what has changed meanwhile may be torn, and is left out. */
static bool copy_record(const struct exit_record *from, struct exit_record *to)
{
	struct exit_record again;

	memcpy(to, from, sizeof(*to));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	memcpy(&again, from, sizeof(again));
	return to->tsc != 0 && memcmp(to, &again, sizeof(again)) == 0;
}

void command_last(struct console *console, const struct words *words)
{
	const struct core_counters *counters;
	uint64_t count = LAST_DEFAULT;
	uint32_t vcpu;

	if (!console_vcpu(console, words, 1, &vcpu))
		return;
	if (words->count > 3 &&
	    !console_number(console, "COUNT", words->word[3], 1, CONFIG_EXIT_TRACE_DEPTH, &count))
		return;
	if (!CONFIG_EXIT_TRACE) {
		say(console, "this build does not keep them: build with CONFIG_EXIT_TRACE");
		return;
	}
	counters = &cpu_areas[core_of_vcpu(vcpu)].counters;
	say(console, "%12s  %-18s  %-21s %6s  %s", "s, power-on", "at", "then", "ticks", "exit");
	/* up to the one that is being handled, or led to the VM's end, at next_record */
	for (uint64_t i = count < CONFIG_EXIT_TRACE_DEPTH ? count : CONFIG_EXIT_TRACE_DEPTH; i > 0;
	     i--) {
		uint64_t at = counters->next_record + 1 + CONFIG_EXIT_TRACE_DEPTH - i;
		struct exit_record record;

		if (copy_record(&counters->records[at % CONFIG_EXIT_TRACE_DEPTH], &record))
			say_exit(console, &record);
	}
}
