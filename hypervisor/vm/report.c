/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/report.h"

/* Entries of the exit trace that a stop prints. */
#define TRACE_LINES 8

static void report_trace(const struct vcpu *vcpu)
{
	for (uint32_t i = TRACE_LINES; i > 0; i--) {
		const struct exit_trace *entry =
			&vcpu->trace[(vcpu->trace_next + CONFIG_EXIT_TRACE_DEPTH - i) %
				     CONFIG_EXIT_TRACE_DEPTH];

		if (entry->tsc)
			log_debug("vCPU %u last exits: tsc %lu rip 0x%lx %s, qualification 0x%lx",
				  vcpu->config->index, entry->tsc, entry->rip,
				  exit_reason_name(entry->reason), entry->qualification);
	}
}

void report_exits(const struct vcpu *vcpu)
{
	log_info("vCPU %u exits: %lu in all", vcpu->config->index, vcpu->exit_total);
	for (uint32_t reason = 0; reason < EXIT_REASON_COUNT; reason++)
		if (vcpu->exits[reason])
			log_info("vCPU %u exits: %8lu %s", vcpu->config->index, vcpu->exits[reason],
				 exit_reason_name(reason));
	if (CONFIG_EXIT_TRACE)
		report_trace(vcpu);
}
