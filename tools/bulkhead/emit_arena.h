/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of one emission: many small arrays that all die together. */
#ifndef BULKHEAD_TOOL_EMIT_ARENA_H
#define BULKHEAD_TOOL_EMIT_ARENA_H

#include <stddef.h>

struct emit_arena_block;

/* Start with { 0 }. */
struct emit_arena {
	struct emit_arena_block *blocks;
};

/*
 * Zeroed memory for count objects of size bytes; count may be 0. Never NULL: without memory there is
 * nothing left to report, so the tool says so and ends with status 2.
 */
void *emit_alloc(struct emit_arena *arena, size_t count, size_t size);

void emit_arena_free(struct emit_arena *arena);

#endif
