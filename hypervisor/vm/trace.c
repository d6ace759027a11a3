/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/trace.h"

#include "bulkhead/exit_words.h"
#include "cpu/privileged.h"
#include "vm/counters.h"

/* Exits that a report prints. */
#define TRACE_LINES 8
_Static_assert(TRACE_LINES <= CONFIG_EXIT_TRACE_DEPTH, "the report shows at most what is kept");

void trace_begin(struct vcpu *vcpu, const struct guest_registers *registers)
{
	struct core_counters *counters = vcpu->counters;
	struct exit_record *record = &counters->records[counters->next_record];

	*record = (struct exit_record){.tsc = tsc_read()};
	guest_exit_read(&record->reason, &record->qualification, &record->rip);
	vcpu->at_exit = *registers;
}

static void note_changes(struct exit_record *record, const struct guest_registers *before,
			 const struct guest_registers *after)
{
	unsigned noted = 0;

	for (unsigned i = 0; i < GUEST_REGISTER_COUNT; i++) {
		/* RSP is not among those that an exit saves (vm/registers.h) */
		if (i == GUEST_RSP || before->gpr[i] == after->gpr[i])
			continue;
		record->changed |= UINT32_C(1) << i;
		if (noted == EXIT_RECORD_VALUES)
			continue;
		record->before[noted] = before->gpr[i];
		record->after[noted++] = after->gpr[i];
	}
}

void trace_end(struct vcpu *vcpu, const struct guest_registers *registers)
{
	struct core_counters *counters = vcpu->counters;
	struct exit_record *record = &counters->records[counters->next_record];
	uint32_t reason;
	uint64_t qualification;

	note_changes(record, &vcpu->at_exit, registers);
	guest_exit_read(&reason, &qualification, &record->next_rip);
	record->ticks = (uint32_t)(tsc_read() - record->tsc);
	counters->next_record = (counters->next_record + 1) % CONFIG_EXIT_TRACE_DEPTH;
}

static void log_changes(const struct vcpu *vcpu, const struct exit_record *record)
{
	struct exit_change changes[EXIT_RECORD_VALUES];
	unsigned count = exit_record_changes(record, changes);

	for (unsigned i = 0; i < count; i++)
		log_info("vCPU %u last exits:   %s 0x%lx, was 0x%lx", vcpu->config->index,
			 changes[i].name, changes[i].after, changes[i].before);
}

void trace_report(const struct vcpu *vcpu)
{
	const struct core_counters *counters = vcpu->counters;
	char words[EXIT_WORDS_SIZE], next[EXIT_WORDS_SIZE];

	/* the exit that led here is at next_record: its handler has not returned */
	for (uint32_t i = TRACE_LINES; i > 0; i--) {
		const struct exit_record *record =
			&counters->records[(counters->next_record + 1 + CONFIG_EXIT_TRACE_DEPTH -
					    i) %
					   CONFIG_EXIT_TRACE_DEPTH];

		if (!record->tsc)
			continue;
		exit_words(words, record->reason, record->qualification);
		next_rip_words(next, record->rip, record->next_rip);
		log_info("vCPU %u last exits: tsc %lu rip 0x%lx %s%s%s, then %s, %u ticks",
			 vcpu->config->index, record->tsc, record->rip,
			 exit_reason_name(record->reason), words[0] ? ": " : "", words, next,
			 record->ticks);
		log_changes(vcpu, record);
	}
}
