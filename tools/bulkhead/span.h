/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of addresses with an inclusive end, so that one may end at 2^64 - 1. */
#ifndef BULKHEAD_TOOL_SPAN_H
#define BULKHEAD_TOOL_SPAN_H

#include "arena.h"
#include "model.h"

struct span {
	uint64_t first;
	uint64_t last;
};

/* False if the size is 0 or the range goes beyond 2^64. */
static inline bool span_make(uint64_t base, uint64_t size, struct span *span)
{
	if (size == 0 || base + (size - 1) < base)
		return false;
	*span = (struct span){base, base + (size - 1)};
	return true;
}

static inline bool span_meet(struct span a, struct span b)
{
	return a.first <= b.last && b.first <= a.last;
}

static inline struct span span_common(struct span a, struct span b)
{
	return (struct span){
		a.first > b.first ? a.first : b.first,
		a.last < b.last ? a.last : b.last,
	};
}

/* "0x1000-0x1fff" */
const char *span_text(struct arena *arena, struct span span);
/* "256 MiB", "4 KiB", "100 bytes": the largest unit that divides it. */
const char *size_text(struct arena *arena, uint64_t size);

/* The span of a piece of RAM or of a range, both numbers given and the result whole. */
bool memory_guest_span(const struct vm_memory *memory, struct span *span);
bool memory_host_span(const struct vm_memory *memory, struct span *span);
bool range_span(const struct range *range, struct span *span);

#endif
