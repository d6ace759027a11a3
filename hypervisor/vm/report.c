/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/report.h"

#include "cpu/privileged.h"
#include "vm/counters.h"

static void report_start(const struct vcpu *vcpu)
{
	const struct core_counters *c = vcpu->counters;

	if (!c->started)
		return;
	log_info(
		"vCPU %u started at tsc %lu, %lu ticks after GRUB, %lu of them placing images; ran %lu ticks",
		vcpu->config->index, c->started, c->started - c->hypervisor_entered,
		c->images_placed, tsc_read() - c->started);
}

static void report_reason(const struct vcpu *vcpu, uint32_t reason)
{
	const struct exit_counter *counter = &vcpu->counters->exits[reason];
	bool timed = counter->minimum <= counter->maximum;

	log_info("vCPU %u exits: %8lu %-22s %8u %8lu %8u %12lu", vcpu->config->index,
		 counter->count, exit_reason_name(reason), timed ? counter->minimum : 0,
		 exit_counter_average(counter), counter->maximum, counter->total);
}

void report_exits(const struct vcpu *vcpu)
{
	report_start(vcpu);
	log_info("vCPU %u exits: %8lu %-22s %8s %8s %8s %12s", vcpu->config->index,
		 counters_exits(vcpu->counters), "in all; ticks:", "min", "avg", "max", "total");
	for (uint32_t reason = 0; reason < EXIT_REASON_COUNT; reason++)
		if (vcpu->counters->exits[reason].count)
			report_reason(vcpu, reason);
}
