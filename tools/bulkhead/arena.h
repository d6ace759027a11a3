/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of one run over one scenario: everything read from it lives until arena_free(). No function
 * here returns NULL: without memory the tool says so and ends with status 2.
 */
#ifndef BULKHEAD_TOOL_ARENA_H
#define BULKHEAD_TOOL_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

/* Start with { 0 }. */
struct arena {
	struct arena_block *blocks;
};

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *arena_vformat(struct arena *arena, const char *format, va_list list)
	__attribute__((format(printf, 2, 0)));
void arena_free(struct arena *arena);

/* The array itself, or a larger copy when it has no room for one element more. */
void *arena_grow(struct arena *arena, void *array, unsigned count, size_t size);

/* Appends a zeroed element to an array kept as pointer and count; yields its address. */
#define ARENA_PUSH(arena, array, count) \
	((array) = arena_grow((arena), (array), (count), sizeof(*(array))), &(array)[(count)++])

#endif
