/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static size_t comment_end(const char *text, size_t size, size_t at)
{
	bool block = text[at + 1] == '*';

	for (at += 2; at < size; at++) {
		if (!block && text[at] == '\n')
			return at;
		if (block && text[at] == '*' && at + 1 < size && text[at + 1] == '/')
			return at + 2;
	}
	return size;
}

/* The offset behind the closing quote, or the end of the line of a string that is never closed. */
static size_t string_end(const char *text, size_t size, size_t at)
{
	for (at++; at < size && text[at] != '\n'; at++) {
		if (text[at] == '"')
			return at + 1;
		if (text[at] == '\\' && at + 1 < size && text[at + 1] != '\n')
			at++;
	}
	return at;
}

static void blank(char *text, size_t from, size_t to, char with)
{
	for (size_t i = from; i < to; i++)
		if (text[i] != '\n')
			text[i] = with;
}

static void mask(char *text, size_t size)
{
	size_t at = 0;

	while (at < size) {
		size_t end = at + 1;
		if (text[at] == '"') {
			end = string_end(text, size, at);
			blank(text, at + 1, end - (end > at + 1 && text[end - 1] == '"'),
			      MASKED_BYTE);
		} else if (text[at] == '/' && at + 1 < size &&
			   (text[at + 1] == '*' || text[at + 1] == '/')) {
			end = comment_end(text, size, at);
			blank(text, at, end, ' ');
		}
		at = end;
	}
}

static void index_lines(struct arena *arena, struct source_file *file)
{
	*ARENA_PUSH(arena, file->lines, file->line_count) = 0;
	for (size_t i = 0; i + 1 < file->size; i++)
		if (file->text[i] == '\n')
			*ARENA_PUSH(arena, file->lines, file->line_count) = i + 1;
}

static void take_text(struct arena *arena, struct source_file *file, const char *text, size_t size)
{
	char *masked = arena_strndup(arena, text, size);

	mask(masked, size);
	file->text = text;
	file->masked = masked;
	file->size = size;
	index_lines(arena, file);
}

struct source_file *source_from_text(struct arena *arena, const char *name, const char *text,
				     size_t size)
{
	struct source_file *file = arena_alloc(arena, sizeof(*file));

	file->name = name;
	take_text(arena, file, text, size);
	return file;
}

/* The content of an open file, NUL-terminated; NULL with errno set if reading fails. */
static char *slurp(struct arena *arena, FILE *stream, size_t *size)
{
	char *text = NULL;
	size_t used = 0;
	size_t capacity = 0;

	while (true) {
		if (used == capacity) {
			char *larger = arena_alloc(arena, 2 * capacity + 4096 + 1);
			if (used)
				/* cppcheck-suppress nullPointer ; there is text where some is used */
				memcpy(larger, text, used);
			text = larger;
			capacity = 2 * capacity + 4096;
		}
		size_t got = fread(text + used, 1, capacity - used, stream);
		used += got;
		if (got == 0)
			break;
	}
	text[used] = '\0';
	*size = used;
	return ferror(stream) ? NULL : text;
}

/* A line marker may name anything: a device or a pipe would be read for ever. */
static FILE *open_regular(const char *name)
{
	struct stat status;

	if (stat(name, &status))
		return NULL;
	if (S_ISREG(status.st_mode))
		return fopen(name, "rb");
	errno = S_ISDIR(status.st_mode) ? EISDIR : ENOTSUP;
	return NULL;
}

static void load(struct arena *arena, struct source_file *file)
{
	FILE *stream = open_regular(file->name);
	char *text = NULL;
	size_t size = 0;

	if (stream) {
		text = slurp(arena, stream, &size);
		file->error = text ? 0 : errno;
		fclose(stream);
	} else {
		file->error = errno;
	}
	if (text)
		take_text(arena, file, text, size);
}

const struct source_file *sources_get(struct sources *sources, const char *name)
{
	for (unsigned i = 0; i < sources->count; i++)
		if (!strcmp(sources->files[i]->name, name))
			return sources->files[i];

	struct source_file *file = arena_alloc(sources->arena, sizeof(*file));
	file->name = arena_strdup(sources->arena, name);
	load(sources->arena, file);
	*ARENA_PUSH(sources->arena, sources->files, sources->count) = file;
	return file;
}

bool source_line(const struct source_file *file, unsigned line, const char **text, size_t *length)
{
	if (!file->text || line == 0 || line > file->line_count)
		return false;
	const char *start = file->text + file->lines[line - 1];
	const char *end =
		line < file->line_count ? file->text + file->lines[line] : file->text + file->size;
	while (end > start && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	*text = start;
	*length = (size_t)(end - start);
	return true;
}

static unsigned line_of(const struct source_file *file, size_t offset)
{
	unsigned low = 0;
	unsigned high = file->line_count;

	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;
		if (file->lines[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low + 1;
}

struct place source_place(const struct source_file *file, size_t offset, size_t length)
{
	unsigned line = line_of(file, offset);
	size_t column = offset - file->lines[line - 1];
	const char *text;
	size_t available = 0;

	/* What spans lines is marked up to the end of its first one. */
	if (source_line(file, line, &text, &available) && column < available &&
	    length > available - column)
		length = available - column;
	return (struct place){
		.file = file->name,
		.line = line,
		.column = (unsigned)column + 1,
		.length = length ? (unsigned)length : 1,
	};
}
