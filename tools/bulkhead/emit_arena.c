/* SPDX-License-Identifier: Apache-2.0 */
#include "emit_arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct emit_arena_block {
	struct emit_arena_block *next;
	max_align_t bytes[];
};

static _Noreturn void out_of_memory(void)
{
	fputs("bulkhead: error: out of memory while writing the tables\n", stderr);
	exit(2);
}

void *emit_alloc(struct emit_arena *arena, size_t count, size_t size)
{
	struct emit_arena_block *block;

	if (size != 0 && count > (SIZE_MAX - sizeof(*block)) / size)
		out_of_memory();
	block = calloc(1, sizeof(*block) + count * size);
	if (block == NULL)
		out_of_memory();
	block->next = arena->blocks;
	arena->blocks = block;
	return block->bytes;
}

void emit_arena_free(struct emit_arena *arena)
{
	while (arena->blocks != NULL) {
		struct emit_arena_block *block = arena->blocks;

		arena->blocks = block->next;
		free(block);
	}
}
