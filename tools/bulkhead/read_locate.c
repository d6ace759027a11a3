/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the preprocessed text back to what the user wrote. cpp keeps lines but not columns (it expands
 * macros and squeezes blanks), so a token is looked up again in the source line that its own line came
 * from: the n-th time it occurs there is the n-th time it occurs in the original.
 */
#include <ctype.h>
#include <string.h>

#include "read_internal.h"

bool is_name_character(char c)
{
	return c && (isalnum((unsigned char)c) || strchr(",._+*#?@-", c));
}

size_t preprocessed_offset(const struct reader *reader, unsigned line, unsigned column)
{
	const struct source_file *text = reader->preprocessed;

	if (line == 0 || line > text->line_count || column == 0)
		return text->size;
	size_t offset = text->lines[line - 1] + column - 1;
	return offset < text->size ? offset : text->size;
}

/* True if [at, at + length) is not part of a longer name. */
static bool stands_alone(const char *text, size_t size, size_t at, size_t length)
{
	if (at > 0 && is_name_character(text[at]) && is_name_character(text[at - 1]))
		return false;
	size_t end = at + length;
	return end >= size || !is_name_character(text[end - 1]) || !is_name_character(text[end]);
}

/* Offset of the first occurrence in [from, to), or `to`. */
static size_t find_token(const char *text, size_t from, size_t to, const char *token, size_t length)
{
	for (size_t at = from; at + length <= to; at++)
		if (!memcmp(text + at, token, length) && stands_alone(text, to, at, length))
			return at;
	return to;
}

static size_t line_end(const struct source_file *file, unsigned line)
{
	return line < file->line_count ? file->lines[line] : file->size;
}

static unsigned line_at(const struct source_file *file, size_t offset)
{
	return source_place(file, offset, 1).line;
}

static unsigned occurrences_before(const struct source_file *file, size_t offset, size_t length)
{
	size_t at = file->lines[line_at(file, offset) - 1];
	const char *token = file->masked + offset;
	unsigned count = 0;

	while ((at = find_token(file->masked, at, offset, token, length)) < offset) {
		count++;
		at += length;
	}
	return count;
}

static const struct line_origin *origin_of(const struct reader *reader, size_t offset)
{
	return &reader->origins[line_at(reader->preprocessed, offset) - 1];
}

bool read_source_offset(struct reader *reader, size_t offset, size_t length,
			const struct source_file **file, size_t *source_offset)
{
	const struct source_file *text = reader->preprocessed;

	if (offset + length > text->size || length == 0)
		return false;
	const struct line_origin *origin = origin_of(reader, offset);
	*file = sources_get(reader->sources, origin->file);
	if (!(*file)->text || origin->line == 0 || origin->line > (*file)->line_count)
		return false;

	unsigned before = occurrences_before(text, offset, length);
	size_t at = (*file)->lines[origin->line - 1];
	size_t end = line_end(*file, origin->line);
	while ((at = find_token((*file)->masked, at, end, text->masked + offset, length)) < end) {
		if (before-- == 0) {
			*source_offset = at;
			return true;
		}
		at += length;
	}
	return false;
}

/* The text of the line without its indentation. */
static struct place whole_line(struct reader *reader, const struct line_origin *origin)
{
	const struct source_file *file = sources_get(reader->sources, origin->file);
	struct place place = {origin->file, origin->line, 1, 1};
	const char *text;
	size_t length;
	size_t indent = 0;

	if (!source_line(file, origin->line, &text, &length))
		return place;
	while (indent < length && isspace((unsigned char)text[indent]))
		indent++;
	place.column = (unsigned)indent + 1;
	place.length = length > indent ? (unsigned)(length - indent) : 1;
	return place;
}

struct place read_place(struct reader *reader, size_t offset, size_t length)
{
	const struct source_file *file;
	size_t source_offset;

	if (read_source_offset(reader, offset, length, &file, &source_offset))
		return source_place(file, source_offset, length);
	if (offset >= reader->preprocessed->size)
		offset = reader->preprocessed->size ? reader->preprocessed->size - 1 : 0;
	return whole_line(reader, origin_of(reader, offset));
}

void read_node_name(const struct reader *reader, size_t brace, size_t *offset, size_t *length)
{
	const char *text = reader->preprocessed->masked;
	size_t end = brace;

	while (end > 0 && isspace((unsigned char)text[end - 1]))
		end--;
	size_t start = end;
	if (start > 0 && text[start - 1] == '}') /* &{/path} { */
		while (start > 0 && text[start] != '&')
			start--;
	while (start > 0 && (is_name_character(text[start - 1]) || text[start - 1] == '&' ||
			     text[start - 1] == '/'))
		start--;
	*offset = start;
	*length = end - start;
}
