/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /delete-property/ and /delete-node/ inside of braces. dtc says nothing about one that deletes nothing, and
 * within the braces in which the thing itself stands, it has no effect: hence a look at the text itself.
 */
#include <ctype.h>
#include <string.h>

#include "read_internal.h"

/* What has been said so far in the text, in its order. */
struct said {
	const char *path; /* "/vms/a/image" */
	bool node;
	unsigned block; /* in which it stands */
	size_t offset;
	size_t length;
};

struct label {
	const char *name;
	const char *path;
};

struct braces {
	struct braces *outer;
	const char *path; /* NULL: of something that is no node */
	unsigned block;
};

struct deletions {
	struct reader *reader;
	const char *text; /* masked */
	struct said *said;
	unsigned said_count;
	struct label *labels;
	unsigned label_count;
	struct braces *braces;
	unsigned blocks;
};

static size_t skip_blanks(const char *text, size_t at, size_t end)
{
	while (at < end && isspace((unsigned char)text[at]))
		at++;
	return at;
}

static size_t name_end(const char *text, size_t at, size_t end)
{
	while (at < end && is_name_character(text[at]))
		at++;
	return at;
}

static const char *path_of_label(const struct deletions *deletions, const char *name)
{
	for (unsigned i = 0; i < deletions->label_count; i++)
		if (!strcmp(deletions->labels[i].name, name))
			return deletions->labels[i].path;
	return NULL;
}

static const char *join(const struct deletions *deletions, size_t from, size_t to)
{
	const char *outer = deletions->braces->path;

	return outer ? arena_format(deletions->reader->arena, "%s/%.*s", outer, (int)(to - from),
				    deletions->text + from)
		     : NULL;
}

/* Takes "label:" in front of a name; false if there is none. */
static bool take_label(const char *text, size_t *at, size_t end, size_t *from, size_t *to)
{
	size_t word = *from = skip_blanks(text, *at, end);

	while (word < end && (isalnum((unsigned char)text[word]) || text[word] == '_'))
		word++;
	*to = word;
	if (word == *from || word == end || text[word] != ':')
		return false;
	*at = word + 1;
	return true;
}

/* The node that a statement outside of all braces opens: / or &label or &{/path}. */
static const char *opened_at_top(const struct deletions *deletions, size_t at, size_t end)
{
	struct arena *arena = deletions->reader->arena;
	const char *text = deletions->text;

	at = skip_blanks(text, at, end);
	while (at < end && text[at] != '/' && text[at] != '&')
		at++; /* labels; /dts-v1/; has its own statement */
	if (at == end || text[at] == '/')
		return "";
	if (at + 1 < end && text[at + 1] == '{')
		return arena_strndup(arena, text + at + 2, strcspn(text + at + 2, "}"));
	return path_of_label(deletions, arena_strndup(arena, text + at + 1,
						      name_end(text, at + 1, end) - (at + 1)));
}

static void say(struct deletions *deletions, const char *path, bool node, size_t from, size_t to)
{
	if (path)
		*ARENA_PUSH(deletions->reader->arena, deletions->said, deletions->said_count) =
			(struct said){path, node, deletions->braces->block, from, to - from};
}

static void open_braces(struct deletions *deletions, size_t start, size_t end)
{
	struct arena *arena = deletions->reader->arena;
	struct braces *braces = arena_alloc(arena, sizeof(*braces));
	const char *text = deletions->text;
	unsigned labels = deletions->label_count;
	size_t from, to;

	if (deletions->braces) {
		while (take_label(text, &start, end, &from, &to))
			*ARENA_PUSH(arena, deletions->labels, deletions->label_count) =
				(struct label){arena_strndup(arena, text + from, to - from), NULL};
		from = skip_blanks(text, start, end);
		to = name_end(text, from, end);
		braces->path = join(deletions, from, to);
		say(deletions, braces->path, true, from, to);
	} else {
		braces->path = opened_at_top(deletions, start, end);
	}
	for (unsigned i = labels; i < deletions->label_count; i++)
		deletions->labels[i].path = braces->path ? braces->path : "";
	braces->outer = deletions->braces;
	braces->block = deletions->blocks++;
	deletions->braces = braces;
}

static bool inside(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return !strncmp(path, folder, length) && (path[length] == '\0' || path[length] == '/');
}

static void forget(struct deletions *deletions, const char *path, bool node)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < deletions->said_count; i++) {
		const struct said *said = &deletions->said[i];
		bool gone =
			node ? inside(said->path, path) : !said->node && !strcmp(said->path, path);
		if (!gone)
			deletions->said[kept++] = *said;
	}
	deletions->said_count = kept;
}

static const struct said *find(const struct deletions *deletions, const char *path, bool node)
{
	for (unsigned i = deletions->said_count; i-- > 0;)
		if (deletions->said[i].node == node && !strcmp(deletions->said[i].path, path))
			return &deletions->said[i];
	return NULL;
}

static void delete (struct deletions *deletions, size_t from, size_t to, bool node)
{
	struct reader *reader = deletions->reader;
	const char *path = join(deletions, from, to);
	const char *what = node ? "node" : "property";
	const char *name = arena_strndup(reader->arena, deletions->text + from, to - from);
	struct finding *finding;

	if (!path)
		return;
	const struct said *said = find(deletions, path, node);
	if (said && said->block != deletions->braces->block) {
		forget(deletions, path, node);
		return;
	}
	finding = READ_REPORT(reader, RULE_DELETES_NOTHING, read_place(reader, from, to - from),
			      said ? "%s \"%s\" is given and deleted in the same braces"
				   : "there is no %s \"%s\" to delete here",
			      what, name);
	if (said)
		finding_note(reader->diagnostics, finding,
			     read_place(reader, said->offset, said->length), "given here");
	finding_help(reader->diagnostics, finding, "%s",
		     said ? "remove both"
			  : "remove the line; what is deleted must have been given above it");
}

static void end_statement(struct deletions *deletions, size_t start, size_t end)
{
	static const char *const words[] = {"/delete-property/", "/delete-node/"};
	const char *text = deletions->text;
	size_t from, to;

	while (take_label(text, &start, end, &from, &to))
		;
	start = skip_blanks(text, start, end);
	for (unsigned i = 0; i < 2; i++) {
		size_t length = strlen(words[i]);
		if (end - start < length || memcmp(text + start, words[i], length))
			continue;
		from = skip_blanks(text, start + length, end);
		to = name_end(text, from, end);
		if (deletions->braces && to > from)
			delete (deletions, from, to, i == 1);
		return;
	}
	to = name_end(text, start, end);
	if (deletions->braces && to > start)
		say(deletions, join(deletions, start, to), false, start, to);
}

void read_check_deletions(struct reader *reader)
{
	const struct source_file *text = reader->preprocessed;
	struct deletions deletions = {.reader = reader, .text = text->masked};
	size_t start = 0;

	if (!memmem(text->masked, text->size, "/delete-", 8))
		return;
	for (size_t at = 0; at < text->size; at++) {
		char c = text->masked[at];
		if (c == '{' && at > 0 && text->masked[at - 1] == '&') {
			at += strcspn(text->masked + at, "}");
			continue;
		}
		if (c == '{')
			open_braces(&deletions, start, at);
		else if (c == ';')
			end_statement(&deletions, start, at);
		else if (c == '}' && deletions.braces)
			deletions.braces = deletions.braces->outer;
		else if (c != '}')
			continue;
		start = at + 1;
	}
}
