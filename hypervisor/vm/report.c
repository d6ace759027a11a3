/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/report.h"

void report_exits(const struct vcpu *vcpu)
{
	log_info("vCPU %u exits: %lu in all", vcpu->config->index, vcpu->exit_total);
	for (uint32_t reason = 0; reason < EXIT_REASON_COUNT; reason++)
		if (vcpu->exits[reason])
			log_info("vCPU %u exits: %8lu %s", vcpu->config->index, vcpu->exits[reason],
				 exit_reason_name(reason));
}
