/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what `dtc -T -T -O dts` writes: the resolved tree in which each node and property is followed
 * by a comment with its places, "<stdin>:LINE:COLUMN-LINE:COLUMN" separated by ", ". Values are
 * skipped here; they come from the blob.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "read_internal.h"

struct annotated {
	struct reader *reader;
	const char *text;
	size_t size;
	size_t at;
	struct tree_node *node; /* the one that is open */
};

/* The offset of the next { ; or } outside strings. */
static size_t statement_end(const struct annotated *input)
{
	bool quoted = false;
	size_t at;

	for (at = input->at; at < input->size; at++) {
		char c = input->text[at];
		if (quoted && c == '\\')
			at++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == ';' || c == '}'))
			break;
	}
	return at;
}

/* Takes the comment that follows; the first place in it is where the thing was first written. */
static bool take_place(struct annotated *input, size_t *offset)
{
	unsigned line, column;
	const char *start = input->text + input->at;
	size_t left = input->size - input->at;
	char place[64] = ""; /* sscanf() would look for the end of all that follows */

	if (left < 4 || memcmp(start, " /* ", 4))
		return false;
	const char *end = memmem(start, left, "*/", 2);
	if (!end)
		return false;
	size_t length = (size_t)(end - start);
	input->at += length + 2;
	memcpy(place, start, length < sizeof(place) ? length : sizeof(place) - 1);
	if (sscanf(place, " /* <stdin>:%u:%u", &line, &column) != 2)
		return false;
	*offset = preprocessed_offset(input->reader, line, column);
	return true;
}

/* The root is opened by each file; what concerns the scenario as a whole is shown in its own file. */
static void prefer_main_file(struct annotated *input, struct place *at)
{
	const char *end = memmem(input->text + input->at, input->size - input->at, "*/", 2);
	const char *place = input->text + input->at;
	size_t offset, length;
	unsigned line, column;

	while (end && (place = memmem(place, (size_t)(end - place), "<stdin>:", 8)) != NULL) {
		char text[64] = "";
		size_t left = (size_t)(end - place);
		memcpy(text, place, left < sizeof(text) ? left : sizeof(text) - 1);
		place += 8;
		if (sscanf(text, "<stdin>:%u:%u", &line, &column) != 2)
			continue;
		offset = preprocessed_offset(input->reader, line, column);
		read_node_name(input->reader, offset, &offset, &length);
		struct place found = read_place(input->reader, offset, length);
		if (strcmp(found.file, input->reader->file) != 0)
			continue;
		*at = found;
		return;
	}
}

static void skip_space(const char **text, const char *end)
{
	while (*text < end && isspace((unsigned char)**text))
		(*text)++;
}

/* "label: " in front of a name. */
static const char *take_label(struct arena *arena, const char **text, const char *end)
{
	const char *at = *text;

	while (at < end && (isalnum((unsigned char)*at) || *at == '_'))
		at++;
	if (at == *text || at == end || *at != ':')
		return NULL;
	const char *label = arena_strndup(arena, *text, (size_t)(at - *text));
	*text = at + 1;
	skip_space(text, end);
	return label;
}

static const char *take_name(struct arena *arena, const char *text, const char *end)
{
	const char *at = text;

	while (at < end && is_name_character(*at))
		at++;
	return arena_strndup(arena, text, (size_t)(at - text));
}

static void open_node(struct annotated *input, const char *text, const char *end)
{
	struct arena *arena = input->reader->arena;
	const char *label;
	const char *labels[64];
	unsigned label_count = 0;
	size_t offset, length;

	while ((label = take_label(arena, &text, end)) != NULL)
		if (label_count < 64)
			labels[label_count++] = label;
	const char *name = take_name(arena, text, end);
	input->node = tree_add_node(arena, input->node, name); /* the root's is "/", so "" */
	for (unsigned i = 0; i < label_count; i++)
		*ARENA_PUSH(arena, input->node->labels, input->node->label_count) = labels[i];
	if (!input->reader->tree.root)
		input->reader->tree.root = input->node;
	if (!input->node->parent)
		prefer_main_file(input, &input->node->at);
	if (take_place(input, &offset) && !input->node->at.line) {
		read_node_name(input->reader, offset, &offset, &length);
		input->node->at = read_place(input->reader, offset, length);
	}
}

static void add_property(struct annotated *input, const char *text, const char *end)
{
	struct arena *arena = input->reader->arena;
	size_t offset;

	while (take_label(arena, &text, end))
		;
	const char *name = take_name(arena, text, end);
	if (!input->node || !*name)
		return; /* /dts-v1/, /memreserve/ */
	struct tree_property *property =
		ARENA_PUSH(arena, input->node->properties, input->node->property_count);
	property->name = name;
	property->at_offset = SIZE_MAX;
	if (take_place(input, &offset)) {
		property->at = read_place(input->reader, offset, strlen(name));
		property->at_offset = offset;
	}
}

static void close_node(struct annotated *input)
{
	if (input->node)
		input->node = input->node->parent;
	input->at += input->at < input->size; /* the semicolon */
	size_t ignored;
	take_place(input, &ignored);
}

bool read_annotated(struct reader *reader, const char *text, size_t size)
{
	struct annotated input = {.reader = reader, .text = text, .size = size};

	while (input.at < size) {
		const char *start = text + input.at;
		size_t stop = statement_end(&input);
		if (stop == size)
			break;
		const char *end = text + stop;
		input.at = stop + 1;
		skip_space(&start, end);
		if (*end == '{')
			open_node(&input, start, end);
		else if (*end == ';')
			add_property(&input, start, end);
		else
			close_node(&input);
	}
	return reader->tree.root != NULL;
}
