/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of a property: what they are comes from dtc's blob, of which kind each is and where it
 * stands from the source text (the blob has no types). The same scanner reads the preprocessed text,
 * which is exact, and the source, where a macro call counts as one value: if both find the same number
 * of values, each one's place is known to the column.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "read_internal.h"

struct scan {
	const char *text; /* masked */
	size_t size;
	size_t at;
	struct arena *arena;
	struct value_tokens found;
};

static char peek(const struct scan *scan)
{
	return scan->at < scan->size ? scan->text[scan->at] : ';';
}

static void skip_blanks(struct scan *scan)
{
	while (isspace((unsigned char)peek(scan)))
		scan->at++;
}

/* Moves behind the closing bracket of the opening one at the current offset. */
static void skip_balanced(struct scan *scan, char open, char close)
{
	unsigned depth = 0;

	while (scan->at < scan->size) {
		char c = scan->text[scan->at++];
		depth += c == open;
		depth -= c == close;
		if (depth == 0)
			return;
	}
}

static void skip_past(struct scan *scan, char c)
{
	while (scan->at < scan->size && scan->text[scan->at] != c)
		scan->at++;
	if (scan->at < scan->size)
		scan->at++;
}

static void add(struct scan *scan, enum value_kind kind, size_t from)
{
	*ARENA_PUSH(scan->arena, scan->found.tokens, scan->found.count) =
		(struct value_token){kind, from, scan->at - from};
}

static void skip_reference(struct scan *scan)
{
	scan->at++; /* & */
	if (peek(scan) == '{') {
		skip_balanced(scan, '{', '}');
		return;
	}
	while (is_name_character(peek(scan)) && peek(scan) != '@' && peek(scan) != ',')
		scan->at++;
}

static bool is_word_character(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '\'' || c == '\\';
}

/* A number, or a macro with or without arguments. Always moves on. */
static void skip_word(struct scan *scan)
{
	bool identifier = isalpha((unsigned char)peek(scan)) || peek(scan) == '_';

	scan->at++;
	while (is_word_character(peek(scan)))
		scan->at++;
	size_t end = scan->at;
	skip_blanks(scan);
	if (identifier && peek(scan) == '(')
		skip_balanced(scan, '(', ')');
	else
		scan->at = end;
}

/* A label inside a value (`name:`) has no bytes. */
static bool skip_label(struct scan *scan)
{
	size_t start = scan->at;

	while (is_word_character(peek(scan)))
		scan->at++;
	if (scan->at > start && peek(scan) == ':') {
		scan->at++;
		return true;
	}
	scan->at = start;
	return false;
}

static void scan_cells(struct scan *scan)
{
	scan->at++; /* < */
	while (true) {
		skip_blanks(scan);
		size_t start = scan->at;
		char c = peek(scan);
		if (c == '>' || c == ';' || scan->at >= scan->size)
			break;
		if (skip_label(scan))
			continue;
		if (c == '&')
			skip_reference(scan);
		else if (c == '(')
			skip_balanced(scan, '(', ')');
		else
			skip_word(scan);
		add(scan, c == '&' ? VALUE_REFERENCE : VALUE_CELL, start);
	}
	if (peek(scan) == '>')
		scan->at++;
}

static void scan_directive(struct scan *scan)
{
	scan->found.irregular = true;
	scan->at++;
	skip_past(scan, '/');
	skip_blanks(scan);
	if (peek(scan) == '(')
		skip_balanced(scan, '(', ')');
	else
		skip_word(scan);
}

static void scan_value(struct scan *scan)
{
	size_t start = scan->at;

	switch (peek(scan)) {
	case '<':
		scan_cells(scan);
		return;
	case '"':
		scan->at++;
		skip_past(scan, '"');
		add(scan, VALUE_STRING, start);
		return;
	case '[':
		skip_past(scan, ']');
		break;
	case '&':
		skip_reference(scan);
		break;
	case '/':
		scan_directive(scan);
		break;
	default:
		if (skip_label(scan))
			return;
		skip_word(scan);
		break;
	}
	add(scan, VALUE_OTHER, start);
}

struct value_tokens read_value_tokens(struct arena *arena, const struct source_file *file,
				      size_t at)
{
	struct scan scan = {.text = file->masked, .size = file->size, .at = at, .arena = arena};

	skip_blanks(&scan);
	if (peek(&scan) != '=')
		return scan.found;
	scan.at++;
	while (scan.at < scan.size) {
		skip_blanks(&scan);
		if (peek(&scan) == ';' || peek(&scan) == '}')
			break;
		if (peek(&scan) == ',')
			scan.at++;
		else
			scan_value(&scan);
	}
	return scan.found;
}

static uint32_t big_endian(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

/* "&cpu0" without the ampersand, "&{/board}" without the braces. */
static const char *reference_text(struct arena *arena, const char *token, size_t length)
{
	if (length > 2 && token[1] == '{')
		return arena_strndup(arena, token + 2, length - 3);
	return arena_strndup(arena, token + 1, length - 1);
}

/* Takes the value's bytes off the data; false when they do not fit. */
static bool take_data(struct arena *arena, struct value *value, const uint8_t **data, size_t *size)
{
	size_t length = 4;

	if (value->kind == VALUE_OTHER)
		return false;
	if (value->kind == VALUE_STRING)
		length = strnlen((const char *)*data, *size) + 1;
	if (length > *size)
		return false;
	if (value->kind == VALUE_STRING)
		value->text = arena_strdup(arena, (const char *)*data);
	else if (value->kind == VALUE_CELL)
		value->cell = big_endian(*data);
	*data += length;
	*size -= length;
	return true;
}

/* A string of the source may hold \0, which makes several of it: none of ours may. */
static void fill(struct reader *reader, struct tree_property *property,
		 const struct value_tokens *tokens, const uint8_t *data, size_t size)
{
	bool known = !tokens->irregular;

	for (unsigned i = 0; i < tokens->count; i++) {
		const struct value_token *token = &tokens->tokens[i];
		struct value *value =
			ARENA_PUSH(reader->arena, property->values, property->value_count);
		value->kind = token->kind;
		if (token->kind == VALUE_REFERENCE)
			value->text = reference_text(reader->arena,
						     reader->preprocessed->text + token->offset,
						     token->length);
		known = known && take_data(reader->arena, value, &data, &size);
	}
	for (unsigned i = 0; i < tokens->count && (!known || size); i++)
		property->values[i].kind = VALUE_OTHER;
}

static void place_all(struct reader *reader, struct tree_property *property,
		      const struct value_tokens *tokens, size_t at)
{
	const struct source_file *file;
	size_t length = strlen(property->name);
	size_t offset;

	for (unsigned i = 0; i < property->value_count; i++)
		property->values[i].at = property->at;
	if (!read_source_offset(reader, at, length, &file, &offset))
		return;
	struct value_tokens written = read_value_tokens(reader->arena, file, offset + length);
	if (written.count != tokens->count)
		return;
	for (unsigned i = 0; i < written.count; i++)
		property->values[i].at =
			source_place(file, written.tokens[i].offset, written.tokens[i].length);
}

void read_values(struct reader *reader, struct tree_property *property, size_t at,
		 const uint8_t *data, size_t size)
{
	size_t length = strlen(property->name);
	struct value_tokens tokens =
		read_value_tokens(reader->arena, reader->preprocessed, at + length);

	fill(reader, property, &tokens, data, size);
	place_all(reader, property, &tokens, at);
}

/* The start of the statement around the offset: what follows the { ; or } before it. */
static size_t statement_start(const struct source_file *file, size_t offset)
{
	while (offset > 0 && !strchr("{;}", file->masked[offset - 1]))
		offset--;
	return offset;
}

bool read_value_place(struct reader *reader, size_t offset, struct place *place)
{
	const struct source_file *text = reader->preprocessed;
	size_t name = statement_start(text, offset);
	size_t end;

	while (name < offset && isspace((unsigned char)text->masked[name]))
		name++;
	for (end = name; end < offset && is_name_character(text->masked[end]);)
		end++;
	if (end == name)
		return false;
	struct value_tokens tokens = read_value_tokens(reader->arena, text, end);
	struct tree_property property = {
		.name = arena_strndup(reader->arena, text->text + name, end - name),
		.at = read_place(reader, name, end - name),
		.values = arena_alloc(reader->arena, tokens.count * sizeof(struct value)),
		.value_count = tokens.count,
	};
	place_all(reader, &property, &tokens, name);
	for (unsigned i = 0; i < tokens.count; i++) {
		const struct value_token *token = &tokens.tokens[i];
		if (offset < token->offset || offset - token->offset >= token->length)
			continue;
		*place = property.values[i].at;
		return true;
	}
	return false;
}
