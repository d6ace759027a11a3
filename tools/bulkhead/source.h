/* SPDX-License-Identifier: Apache-2.0 */
/* Source files as the user wrote them, for pointing into them. */
#ifndef BULKHEAD_TOOL_SOURCE_H
#define BULKHEAD_TOOL_SOURCE_H

#include "arena.h"
#include "model.h"

struct source_file {
	const char *name;
	const char *text;   /* NULL when the file cannot be read */
	const char *masked; /* same length; comments are spaces, contents of strings MASKED_BYTE */
	size_t size;
	size_t *lines; /* offset of each line's first byte */
	unsigned line_count;
	int error; /* errno when the file cannot be read */
};

struct sources {
	struct arena *arena;
	struct source_file **files;
	unsigned count;
};

/* Stands for a byte inside a string literal: no token of the language contains it. */
#define MASKED_BYTE '\x01'

/* Loads a file, or finds it again. Never NULL; the text is NULL if it could not be read. */
const struct source_file *sources_get(struct sources *sources, const char *name);

/* A line (from 1) without its newline. False if the file has no such line. */
bool source_line(const struct source_file *file, unsigned line, const char **text, size_t *length);

/* Line and column (from 1) of a byte of the text. */
struct place source_place(const struct source_file *file, size_t offset, size_t length);

/* A text that did not come from a file (the preprocessor's output) with the same index. */
struct source_file *source_from_text(struct arena *arena, const char *name, const char *text,
				     size_t size);

#endif
