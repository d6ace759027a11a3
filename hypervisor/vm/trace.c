/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/trace.h"
#include "cpu/privileged.h"

/* Entries that a report prints. */
#define TRACE_LINES 8
_Static_assert(TRACE_LINES <= CONFIG_EXIT_TRACE_DEPTH, "the report shows at most what is kept");

struct entry {
	uint64_t tsc; /* 0: never used */
	uint64_t rip;
	uint64_t qualification;
	uint32_t reason;
};

/* Written by the vCPU's own core only. */
struct ring {
	uint32_t next;
	struct entry entries[CONFIG_EXIT_TRACE_DEPTH];
};

static struct ring rings[CONFIG_MAX_VCPUS];

void trace_exit(const struct vcpu *vcpu, uint32_t reason, uint64_t qualification, uint64_t rip)
{
	struct ring *ring = &rings[vcpu - vcpus];

	ring->entries[ring->next] = (struct entry){
		.tsc = tsc_read(),
		.rip = rip,
		.qualification = qualification,
		.reason = reason,
	};
	ring->next = (ring->next + 1) % CONFIG_EXIT_TRACE_DEPTH;
}

void trace_report(const struct vcpu *vcpu)
{
	const struct ring *ring = &rings[vcpu - vcpus];

	for (uint32_t i = TRACE_LINES; i > 0; i--) {
		const struct entry *entry =
			&ring->entries[(ring->next + CONFIG_EXIT_TRACE_DEPTH - i) %
				       CONFIG_EXIT_TRACE_DEPTH];

		if (entry->tsc)
			log_info("vCPU %u last exits: tsc %lu rip 0x%lx %s, qualification 0x%lx",
				 vcpu->config->index, entry->tsc, entry->rip,
				 exit_reason_name(entry->reason), entry->qualification);
	}
}
