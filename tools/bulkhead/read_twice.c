/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes and properties that stand twice within the same braces. dtc merges nodes that are opened again,
 * which is how a scenario overrides its board, and no longer knows then what stood together: hence a look
 * at the text itself.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "read_internal.h"

/* A name in front of { or = or ; with its place in the preprocessed text. */
struct named {
	const char *text; /* not terminated */
	size_t length;
	size_t offset;
	bool node;
};

/* The names between two braces. */
struct block {
	struct block *outer;
	struct named *names;
	unsigned count;
};

static int compare_names(const void *left, const void *right)
{
	const struct named *a = left;
	const struct named *b = right;
	size_t common = a->length < b->length ? a->length : b->length;
	int order = (int)a->node - (int)b->node;

	if (order == 0)
		order = memcmp(a->text, b->text, common);
	if (order == 0 && a->length != b->length)
		order = a->length < b->length ? -1 : 1;
	if (order == 0)
		order = a->offset < b->offset ? -1 : 1;
	return order;
}

static bool same_name(const struct named *a, const struct named *b)
{
	return a->node == b->node && a->length == b->length && !memcmp(a->text, b->text, a->length);
}

static void report(struct reader *reader, const struct named *later, const struct named *earlier)
{
	struct finding *finding = READ_REPORT(
		reader, RULE_GIVEN_TWICE, read_place(reader, later->offset, later->length),
		"%s \"%.*s\" is given twice", later->node ? "node" : "property", (int)later->length,
		later->text);

	finding_note(reader->diagnostics, finding,
		     read_place(reader, earlier->offset, earlier->length), "given here first");
	finding_help(reader->diagnostics, finding, "%s",
		     later->node ? "rename one of both, or move the content of both into one"
				 : "remove one of both: only the last would count");
}

static void close_block(struct reader *reader, struct block *block)
{
	if (block->count)
		qsort(block->names, block->count, sizeof(*block->names), compare_names);
	for (unsigned i = 1; i < block->count; i++)
		if (same_name(&block->names[i], &block->names[i - 1]))
			report(reader, &block->names[i], &block->names[i - 1]);
}

/* Skips blanks and "label:". */
static size_t skip_labels(const char *text, size_t at, size_t end)
{
	while (true) {
		while (at < end && isspace((unsigned char)text[at]))
			at++;
		size_t word = at;
		while (word < end && (isalnum((unsigned char)text[word]) || text[word] == '_'))
			word++;
		if (word == at || word == end || text[word] != ':')
			return at;
		at = word + 1;
	}
}

/* Takes the name of the statement [from, end), which ends with { or ; and is not a directive. */
static void add_name(struct reader *reader, struct block *block, size_t from, size_t end)
{
	const char *text = reader->preprocessed->masked;
	size_t start = skip_labels(text, from, end);
	size_t stop = start;

	while (stop < end && is_name_character(text[stop]))
		stop++;
	if (stop > start)
		*ARENA_PUSH(reader->arena, block->names, block->count) =
			(struct named){text + start, stop - start, start, text[end] == '{'};
}

void read_check_twice(struct reader *reader)
{
	const struct source_file *text = reader->preprocessed;
	struct block *block = NULL;
	size_t start = 0;

	for (size_t at = 0; at < text->size; at++) {
		char c = text->masked[at];
		bool path = c == '{' && at > 0 && text->masked[at - 1] == '&'; /* &{/path} */
		if (path)
			at += strcspn(text->masked + at, "}");
		if (path || (c != '{' && c != ';' && c != '}'))
			continue;
		if (block && c != '}')
			add_name(reader, block, start, at);
		if (c == '{') {
			struct block *inner = arena_alloc(reader->arena, sizeof(*inner));
			inner->outer = block;
			block = inner;
		} else if (c == '}' && block) {
			close_block(reader, block);
			block = block->outer;
		}
		start = at + 1;
	}
}
