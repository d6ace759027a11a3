/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings as workflow commands of GitHub Actions, which mark them in the change that is under review.
 * The runner's parser takes %XX for what would end a message or a property, and nothing else.
 */
#include <string.h>

#include "format_internal.h"

/* Neither may a control character of a file's name or text reach the terminal that shows the log. */
static void write_byte(FILE *stream, char byte, const char *special)
{
	bool control = (unsigned char)byte < 0x20 || byte == 0x7F;

	if (strchr(special, byte))
		fprintf(stream, "%%%02X", (unsigned char)byte);
	else
		fputc(control && byte != '\t' ? '?' : byte, stream);
}

static void write_escaped(FILE *stream, const char *text, const char *special)
{
	json_t *clean = format_text(text);

	for (const char *byte = json_string_value(clean); byte && *byte; byte++)
		write_byte(stream, *byte, special);
	json_decref(clean);
}

static void write_message(FILE *stream, const char *text)
{
	write_escaped(stream, text, "%\r\n");
}

static void write_property(FILE *stream, const char *text)
{
	write_escaped(stream, text, "%\r\n:,");
}

static void write_note(FILE *stream, const struct finding_note *note)
{
	fputs("%0A", stream);
	if (note->at.file && note->at.line) {
		write_message(stream, note->at.file);
		fprintf(stream, ":%u:%u: ", note->at.line, note->at.column);
	}
	fputs("note: ", stream);
	write_message(stream, note->message);
}

static void write_finding(FILE *stream, const struct examined *file, const struct finding *finding)
{
	static const char *const commands[SEVERITY_COUNT] = {
		[SEVERITY_ERROR] = "error",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_NOTE] = "notice",
	};
	struct place at = finding->at;

	fprintf(stream, "::%s file=", commands[finding->severity]);
	write_property(stream, at.file ? at.file : file->file);
	if (at.line)
		fprintf(stream, ",line=%u,endLine=%u,col=%u,endColumn=%u", at.line, at.line,
			at.column, at.column + at.length - 1);
	fprintf(stream, ",title=%s::", finding->rule->code);
	write_message(stream, finding->message);
	for (unsigned i = 0; i < finding->note_count; i++)
		write_note(stream, &finding->notes[i]);
	if (finding->help) {
		fputs("%0Ahelp: ", stream);
		write_message(stream, finding->help);
	}
	fputc('\n', stream);
}

bool format_github(const struct examination *run, FILE *stream)
{
	for (unsigned i = 0; i < run->count; i++) {
		const struct examined *file = &run->files[i];
		for (unsigned j = 0; j < file->diagnostics->count; j++)
			write_finding(stream, file, file->diagnostics->findings[j]);
	}
	if (run->status > 1)
		fputs("::error title=bulkhead::bulkhead could not do its work: see the log\n",
		      stream);
	return true;
}
