/* SPDX-License-Identifier: Apache-2.0 */
/* An address space as a list of segments: who has which part of it, without gaps and overlaps. */
#ifndef BULKHEAD_TOOL_REPORT_SPACE_H
#define BULKHEAD_TOOL_REPORT_SPACE_H

#include "place.h"
#include "report_party.h"
#include "span.h"

/* A part that belongs to the same party throughout. */
struct segment {
	struct span span;
	struct party party;
	/* Node or label in the source; where several have it, those of all. "" if there is none. */
	const char *name;
	const struct vm_memory
		*memory; /* PARTY_VM: the one whose part this is; PARTY_SHARED: one */
	unsigned ranges; /* how many ranges space_merge() has made one */
};

/* All of the 2^64 bytes there may be count as one less. */
static inline uint64_t segment_size(const struct segment *segment)
{
	uint64_t less_one = segment->span.last - segment->span.first;

	return less_one == UINT64_MAX ? less_one : less_one + 1;
}

struct space {
	struct segment *items; /* sorted and adjacent: holes are segments of PARTY_NOTHING */
	unsigned count;
};

/* Which pieces of memory that the tool had to place it could place. */
struct placed_memory {
	const struct vm_memory **items; /* sorted by address of the structure */
	unsigned count;
	const bool *shares; /* by index: all VMs find it where it was placed for one of them */
};

struct placed_memory placed_memory(const struct model *model, const struct placement *placement,
				   struct arena *arena);
/* The host range of a piece of memory, whoever chose it; false if it has none. */
bool memory_placed_span(const struct placed_memory *placed, const struct vm_memory *memory,
			struct span *span);

/* Host-physical memory: RAM, what is reserved in it, and the VMs' memory. */
struct space space_host(const struct model *model, const struct placed_memory *placed,
			struct arena *arena);
/* Guest-physical memory of a VM, with the interrupt controllers that the hypervisor emulates. */
struct space space_guest(const struct model *model, unsigned vm, struct arena *arena);

/* Joins neighbours that belong to the same party. */
void space_merge(struct space *space);
/* Bytes that belong to the party; saturates. */
uint64_t space_total(const struct space *space, struct party party);

#endif
