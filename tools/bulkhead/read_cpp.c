/* SPDX-License-Identifier: Apache-2.0 */
/* Macros and #include, by cpp. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "read_internal.h"

/* The string between quotes, with cpp's escapes (backslash and octal) undone. */
static const char *unescape(struct arena *arena, const char *from, const char *end)
{
	char *text = arena_alloc(arena, (size_t)(end - from) + 1);
	char *to = text;

	while (from < end) {
		if (*from == '\\' && end - from >= 4 && isdigit((unsigned char)from[1])) {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
				       (from[3] - '0'));
			from += 4;
			continue;
		}
		if (*from == '\\' && from + 1 < end)
			from++;
		*to++ = *from++;
	}
	return text;
}

static const char *closing_quote(const char *from, const char *end)
{
	for (; from < end && *from != '"'; from++)
		if (*from == '\\')
			from++;
	return from < end ? from : NULL;
}

/* A line marker: # LINE "FILE" FLAGS. The origin is that of the line after it. */
static bool parse_marker(struct arena *arena, const char *line, const char *end,
			 struct line_origin *origin)
{
	char *after;

	if (end - line < 4 || line[0] != '#' || line[1] != ' ' || !isdigit((unsigned char)line[2]))
		return false;
	unsigned long number = strtoul(line + 2, &after, 10);
	if (after[0] != ' ' || after[1] != '"')
		return false;
	const char *quote = closing_quote(after + 2, end);
	if (!quote)
		return false;
	origin->line = (unsigned)number;
	origin->file = unescape(arena, after + 2, quote);
	return true;
}

static const char *same_name(struct reader *reader, const char *name)
{
	return sources_get(reader->sources, name)->name;
}

/* Blanks the markers of cpp's output and remembers what they said about each line. */
static void take_output(struct reader *reader, char *text, size_t size)
{
	struct line_origin origin = {reader->file, 1};
	unsigned count = 0;
	char *end = text + size;

	for (char *line = text; line < end;) {
		struct line_origin marked;
		char *newline = memchr(line, '\n', (size_t)(end - line));
		char *stop = newline ? newline : end;

		*ARENA_PUSH(reader->arena, reader->origins, count) = origin;
		if (parse_marker(reader->arena, line, stop, &marked)) {
			memset(line, ' ', (size_t)(stop - line));
			origin = marked;
			origin.file =
				*marked.file == '<' ? reader->file : same_name(reader, marked.file);
		} else {
			origin.line++;
		}
		line = stop + 1;
	}
	if (!count)
		*ARENA_PUSH(reader->arena, reader->origins, count) = origin;
	reader->preprocessed = source_from_text(reader->arena, reader->file, text, size);
}

static const char *const message_kinds[] = {"fatal error: ", "error: ", "warning: "};

/* FILE:LINE:COLUMN: KIND: MESSAGE; the file name may hold anything. */
static bool parse_message(struct reader *reader, const char *line, struct place *at, unsigned *kind,
			  const char **message)
{
	for (const char *colon = strchr(line, ':'); colon; colon = strchr(colon + 1, ':')) {
		unsigned number, column;
		int length = 0;
		if (sscanf(colon, ":%u:%u: %n", &number, &column, &length) < 2 || length == 0) {
			column = 1; /* what is noticed at the end of the file has a line only */
			if (sscanf(colon, ":%u: %n", &number, &length) < 1 || length == 0)
				continue;
		}
		const char *rest = colon + length;
		for (*kind = 0; *kind < 3; ++*kind) {
			size_t prefix = strlen(message_kinds[*kind]);
			if (strncmp(rest, message_kinds[*kind], prefix))
				continue;
			*message = rest + prefix;
			char *name = arena_strndup(reader->arena, line, (size_t)(colon - line));
			*at = (struct place){same_name(reader, name), number, column, 1};
			return true;
		}
	}
	return false;
}

/* Marks the whole word at the place; a quoted file name counts as one. */
static void widen(struct reader *reader, struct place *at)
{
	const char *text;
	size_t length;

	if (!source_line(sources_get(reader->sources, at->file), at->line, &text, &length) ||
	    at->column == 0 || at->column > length)
		return;
	const char *start = text + at->column - 1;
	size_t left = length - (at->column - 1);
	const char *quote = *start == '"' ? memchr(start + 1, '"', left - 1) : NULL;
	size_t word = quote ? (size_t)(quote - start) + 1 : 0;
	while (!quote && word < left && !isspace((unsigned char)start[word]))
		word++;
	at->length = word ? (unsigned)word : 1;
}

static unsigned report_messages(struct reader *reader, const char *text)
{
	unsigned errors = 0;

	while (*text) {
		size_t length = strcspn(text, "\n");
		char *line = arena_strndup(reader->arena, text, length);
		struct place at;
		unsigned kind;
		const char *message;

		if (parse_message(reader, line, &at, &kind, &message)) {
			widen(reader, &at);
			struct finding *finding =
				READ_REPORT(reader, RULE_PREPROCESSOR, at, "%s", message);
			if (kind == 2)
				finding->severity = SEVERITY_WARNING;
			errors += kind != 2;
		}
		text += length + (text[length] == '\n');
	}
	return errors;
}

static const char *folder_of(struct arena *arena, const char *file)
{
	const char *slash = strrchr(file, '/');

	if (!slash)
		return ".";
	return slash == file ? "/" : arena_strndup(arena, file, (size_t)(slash - file));
}

static const char **cpp_arguments(struct reader *reader)
{
	static const char *const fixed[] = {
		"cpp",
		"-undef",
		"-nostdinc",
		"-x",
		"assembler-with-cpp",
		"-fno-diagnostics-show-caret",
		"-fdiagnostics-column-unit=byte", /* a tab counts as one, as everywhere here */
		"-fdiagnostics-color=never",
	};
	const struct read_options *options = reader->options;
	const char **arguments = NULL;
	unsigned count = 0;

	for (unsigned i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		*ARENA_PUSH(reader->arena, arguments, count) = fixed[i];
	*ARENA_PUSH(reader->arena, arguments, count) = "-I";
	*ARENA_PUSH(reader->arena, arguments, count) = folder_of(reader->arena, reader->file);
	for (unsigned i = 0; i < options->include_count; i++) {
		*ARENA_PUSH(reader->arena, arguments, count) = "-I";
		*ARENA_PUSH(reader->arena, arguments, count) = options->include_folders[i];
	}
	*ARENA_PUSH(reader->arena, arguments, count) = reader->file;
	*ARENA_PUSH(reader->arena, arguments, count) = NULL;
	return arguments;
}

enum read_status read_preprocess(struct reader *reader)
{
	struct process_result result;
	const struct source_file *source = sources_get(reader->sources, reader->file);

	if (!source->text) {
		READ_REPORT(reader, RULE_SOURCE_UNREADABLE, (struct place){.file = reader->file},
			    "cannot read the scenario: %s", strerror(source->error));
		return READ_FAILED;
	}
	const char *zero = memchr(source->text, '\0', source->size);
	if (zero) {
		READ_REPORT(reader, RULE_SOURCE_UNREADABLE,
			    source_place(source, (size_t)(zero - source->text), 1),
			    "this is no text: it holds a byte of value 0");
		return READ_FAILED;
	}
	process_run(reader->arena, cpp_arguments(reader), "", 0, &result);
	if (result.error) {
		fprintf(stderr, "bulkhead: error: cannot run cpp: %s (install the package cpp)\n",
			strerror(result.error));
		return READ_ENVIRONMENT;
	}
	unsigned errors = report_messages(reader, result.err.text);
	if (result.status == 0) {
		take_output(reader, result.out.text, result.out.size);
		return READ_COMPLETE;
	}
	if (!errors)
		READ_REPORT(reader, RULE_PREPROCESSOR, (struct place){.file = reader->file},
			    "cpp failed with status %d: %s", result.status, result.err.text);
	return READ_FAILED;
}
