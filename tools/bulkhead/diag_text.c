/* SPDX-License-Identifier: Apache-2.0 */
/* Findings for people: place, message, source line with the culprit underlined, what to change. */
#include <string.h>

#include "diag.h"
#include "rules.h"

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_ERROR, STYLE_WARNING, STYLE_NOTE, STYLE_GUTTER };

/* A longer line is shown in part, with so much of it in front of the mark. */
#define LINE_WIDTH    200
#define CONTEXT_WIDTH 60

struct printer {
	FILE *stream;
	struct sources *sources;
	bool color;
};

static const enum style severity_style[SEVERITY_COUNT] = {
	[SEVERITY_ERROR] = STYLE_ERROR,
	[SEVERITY_WARNING] = STYLE_WARNING,
	[SEVERITY_NOTE] = STYLE_NOTE,
};

static void style(const struct printer *printer, enum style style)
{
	static const char *const escapes[] = {
		[STYLE_PLAIN] = "\033[0m",    [STYLE_BOLD] = "\033[1m",
		[STYLE_ERROR] = "\033[1;31m", [STYLE_WARNING] = "\033[1;35m",
		[STYLE_NOTE] = "\033[1;36m",  [STYLE_GUTTER] = "\033[34m",
	};

	if (printer->color)
		fputs(escapes[style], printer->stream);
}

/* A message may quote bytes of the source; none of them may reach the terminal as a control. */
static void print_clean(FILE *stream, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];
		fputc((byte < 0x20 && byte != '\t') || byte == 0x7F ? '?' : byte, stream);
	}
}

static void print_place(const struct printer *printer, struct place at)
{
	if (!at.file)
		return;
	style(printer, STYLE_BOLD);
	print_clean(printer->stream, at.file, strlen(at.file));
	if (at.line)
		fprintf(printer->stream, ":%u:%u", at.line, at.column);
	fputs(": ", printer->stream);
	style(printer, STYLE_PLAIN);
}

static bool continues_character(char byte)
{
	return ((unsigned char)byte & 0xC0) == 0x80; /* UTF-8 */
}

/* Blanks as wide as the text above them: tabs stay tabs, a multi-byte character is one column. */
static void print_indent(FILE *stream, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!continues_character(text[i]))
			fputc(text[i] == '\t' ? '\t' : ' ', stream);
}

static void print_underline(FILE *stream, const char *text, size_t length)
{
	fputc('^', stream);
	for (size_t i = 1; i < length; i++)
		if (!continues_character(text[i]))
			fputc('~', stream);
}

/* A part of a line, and what is marked in it. */
struct excerpt {
	const char *text;
	size_t length;
	size_t start;
	size_t marked;
	bool cut; /* something is left out in front */
};

/* Of a line that is longer than any terminal is wide, what is around the mark. */
static void shorten(struct excerpt *excerpt)
{
	size_t skip = excerpt->start > CONTEXT_WIDTH ? excerpt->start - CONTEXT_WIDTH : 0;

	if (excerpt->length <= LINE_WIDTH)
		return;
	while (skip < excerpt->start && continues_character(excerpt->text[skip]))
		skip++;
	excerpt->cut = skip > 0;
	excerpt->text += skip;
	excerpt->length -= skip;
	excerpt->start -= skip;
	if (excerpt->length > LINE_WIDTH)
		excerpt->length = LINE_WIDTH;
	if (excerpt->marked > excerpt->length - excerpt->start)
		excerpt->marked = excerpt->length - excerpt->start;
}

static struct excerpt make_excerpt(struct place at, const char *text, size_t length)
{
	struct excerpt excerpt = {.text = text, .length = length};

	excerpt.start = at.column ? at.column - 1 : 0;
	if (excerpt.start > length)
		excerpt.start = length;
	excerpt.marked = at.length;
	if (excerpt.marked > length - excerpt.start)
		excerpt.marked = length - excerpt.start;
	shorten(&excerpt);
	return excerpt;
}

static void print_source(const struct printer *printer, struct place at, enum style mark)
{
	const char *text;
	size_t length;

	if (!at.file ||
	    !source_line(sources_get(printer->sources, at.file), at.line, &text, &length))
		return;
	struct excerpt excerpt = make_excerpt(at, text, length);

	style(printer, STYLE_GUTTER);
	fprintf(printer->stream, "%5u | %s", at.line, excerpt.cut ? "..." : "");
	style(printer, STYLE_PLAIN);
	print_clean(printer->stream, excerpt.text, excerpt.length);
	style(printer, STYLE_GUTTER);
	fprintf(printer->stream, "\n      | %s", excerpt.cut ? "   " : "");
	style(printer, mark);
	print_indent(printer->stream, excerpt.text, excerpt.start);
	print_underline(printer->stream, excerpt.text + excerpt.start, excerpt.marked);
	style(printer, STYLE_PLAIN);
	fputc('\n', printer->stream);
}

static void print_note(const struct printer *printer, const struct finding_note *note)
{
	print_place(printer, note->at);
	style(printer, STYLE_NOTE);
	fputs("note: ", printer->stream);
	style(printer, STYLE_PLAIN);
	print_clean(printer->stream, note->message, strlen(note->message));
	fputc('\n', printer->stream);
	print_source(printer, note->at, STYLE_NOTE);
}

static void print_finding(const struct printer *printer, const struct finding *finding)
{
	enum style mark = severity_style[finding->severity];

	print_place(printer, finding->at);
	style(printer, mark);
	fprintf(printer->stream, "%s[%s]: ", severity_name(finding->severity), finding->rule->code);
	style(printer, STYLE_BOLD);
	print_clean(printer->stream, finding->message, strlen(finding->message));
	style(printer, STYLE_PLAIN);
	fputc('\n', printer->stream);
	print_source(printer, finding->at, mark);
	for (unsigned i = 0; i < finding->note_count; i++)
		print_note(printer, &finding->notes[i]);
	if (!finding->help)
		return;
	style(printer, STYLE_BOLD);
	fputs("      = help: ", printer->stream);
	style(printer, STYLE_PLAIN);
	print_clean(printer->stream, finding->help, strlen(finding->help));
	fputc('\n', printer->stream);
}

void diagnostics_print(const struct diagnostics *diagnostics, struct sources *sources, FILE *stream,
		       bool color)
{
	struct printer printer = {.stream = stream, .sources = sources, .color = color};

	for (unsigned i = 0; i < diagnostics->count; i++)
		print_finding(&printer, diagnostics->findings[i]);
}

void diagnostics_print_summary(const unsigned counts[SEVERITY_COUNT], FILE *stream)
{
	const char *separator = "";

	for (unsigned i = 0; i < SEVERITY_COUNT; i++) {
		if (!counts[i])
			continue;
		fprintf(stream, "%s%u %s%s", separator, counts[i], severity_name((enum severity)i),
			counts[i] == 1 ? "" : "s");
		separator = ", ";
	}
	if (*separator)
		fputc('\n', stream);
}
