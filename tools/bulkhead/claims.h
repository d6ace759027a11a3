/* SPDX-License-Identifier: Apache-2.0 */
/* Who claims which range of something (memory, ports, pins), and which claims meet. */
#ifndef BULKHEAD_TOOL_CLAIMS_H
#define BULKHEAD_TOOL_CLAIMS_H

#include "rules.h"
#include "span.h"

struct claim {
	struct span span;
	uint32_t owner;   /* index of the VM, or whatever tells parties apart */
	uint32_t source;  /* of one owner: claims of the same source (a device) never conflict */
	const char *what; /* for messages: "com1", "memory@0" */
	struct place at;
};

#define CLAIM_ALONE UINT32_MAX /* a source of its own */

struct claims {
	struct claim *items;
	unsigned count;
};

void claims_add(struct arena *arena, struct claims *claims, struct claim claim);

/* later: the one that comes later in the source, which is the one to report. */
typedef void (*claim_conflict)(struct check *check, const struct claim *later,
			       const struct claim *earlier);

/*
 * Calls conflict for claims that meet and have different sources, or with only_different_owners different
 * owners: every claim that meets such another is in at least one call. Sorts and sweeps, O(n log n).
 */
void claims_sweep(struct check *check, struct claims *claims, bool only_different_owners,
		  claim_conflict conflict);

/* Looks each claim up in a sorted list of ranges that must be left alone; see claims_against(). */
typedef void (*claim_hit)(struct check *check, const struct claim *claim,
			  const struct claim *obstacle);

/* Calls hit for every pair of a claim and an obstacle that meet; obstacles may overlap each other. */
void claims_against(struct check *check, const struct claims *claims, struct claims *obstacles,
		    claim_hit hit);

/* Sorts by first, then by place. */
void claims_sort(struct claims *claims);

#endif
