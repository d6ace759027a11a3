/* SPDX-License-Identifier: Apache-2.0 */
#include "arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE     ((size_t)64 * 1024)
#define FIRST_CAPACITY 4u

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	max_align_t bytes[];
};

static void out_of_memory(void)
{
	fputs("bulkhead: error: out of memory\n", stderr);
	exit(2);
}

static size_t aligned(size_t size)
{
	const size_t mask = _Alignof(max_align_t) - 1;

	if (size > SIZE_MAX / 2)
		out_of_memory();
	return (size + mask) & ~mask;
}

static struct arena_block *new_block(size_t size)
{
	struct arena_block *block = calloc(1, sizeof(*block) + size);

	if (!block)
		out_of_memory();
	block->size = size;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t need = aligned(size ? size : 1);
	struct arena_block *block = arena->blocks;

	if (!block || block->size - block->used < need) {
		block = new_block(need > BLOCK_SIZE ? need : BLOCK_SIZE);
		block->next = arena->blocks;
		arena->blocks = block;
	}
	void *memory = (char *)block->bytes + block->used;
	block->used += need;
	return memory;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_vformat(struct arena *arena, const char *format, va_list list)
{
	char *text;
	int length = vasprintf(&text, format, list);

	if (length < 0)
		out_of_memory();
	char *copy = arena_strndup(arena, text, (size_t)length);
	free(text);
	return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	char *text = arena_vformat(arena, format, list);
	va_end(list);
	return text;
}

void *arena_grow(struct arena *arena, void *array, unsigned count, size_t size)
{
	if (count == 0)
		return arena_alloc(arena, FIRST_CAPACITY * size);
	/* Capacities are powers of two, so a full array shows by its count alone. */
	if (count < FIRST_CAPACITY || (count & (count - 1)))
		return array;
	void *larger = arena_alloc(arena, 2 * (size_t)count * size);
	memcpy(larger, array, count * size);
	return larger;
}

void arena_free(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *block = arena->blocks;
		arena->blocks = block->next;
		free(block);
	}
}
