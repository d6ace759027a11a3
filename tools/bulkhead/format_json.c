/* SPDX-License-Identifier: Apache-2.0 */
/* Findings as JSON of our own; docs/ci.md describes it. Keys are only ever added. */
#include "format_internal.h"

#define LAYOUT_VERSION 1

/* NULL if no place is known. Columns count bytes from 1, as in the text; the end is exclusive. */
static json_t *pack_place(struct place at)
{
	if (!at.file)
		return NULL;
	json_t *place = json_object();

	format_set(place, "file", format_text(at.file));
	if (!at.line)
		return place;
	format_set(place, "line", json_integer(at.line));
	format_set(place, "column", json_integer(at.column));
	format_set(place, "end_column", json_integer((json_int_t)at.column + at.length));
	return place;
}

static json_t *pack_notes(const struct finding *finding)
{
	json_t *notes = json_array();

	for (unsigned i = 0; i < finding->note_count; i++) {
		json_t *note = json_object();
		format_set(note, "message", format_text(finding->notes[i].message));
		format_set(note, "place", pack_place(finding->notes[i].at));
		notes = format_append(notes, note);
	}
	return notes;
}

static json_t *pack_finding(const struct finding *finding)
{
	json_t *packed = json_object();

	format_set(packed, "code", json_string(finding->rule->code));
	format_set(packed, "severity", json_string(severity_name(finding->severity)));
	format_set(packed, "title", json_string(finding->rule->title));
	format_set(packed, "message", format_text(finding->message));
	format_set(packed, "place", pack_place(finding->at));
	format_set(packed, "notes", pack_notes(finding));
	if (finding->help)
		format_set(packed, "help", format_text(finding->help));
	return packed;
}

static json_t *pack_file(const struct examined *file)
{
	json_t *findings = json_array();
	json_t *packed = json_object();

	for (unsigned i = 0; i < file->diagnostics->count; i++)
		findings = format_append(findings, pack_finding(file->diagnostics->findings[i]));
	format_set(packed, "file", format_text(file->file));
	format_set(packed, "complete", json_boolean(file->complete));
	format_set(packed, "findings", findings);
	return packed;
}

bool format_json(const struct examination *run, FILE *stream)
{
	json_t *files = json_array();

	for (unsigned i = 0; i < run->count; i++)
		files = format_append(files, pack_file(&run->files[i]));
	return format_dump(json_pack("{s:i, s:s, s:s, s:i, s:{s:i, s:i, s:i}, s:o}", "layout",
				     LAYOUT_VERSION, "tool", "bulkhead", "tool_version",
				     run->tool_version, "status", run->status, "counts", "error",
				     (int)format_count(run, SEVERITY_ERROR), "warning",
				     (int)format_count(run, SEVERITY_WARNING), "note",
				     (int)format_count(run, SEVERITY_NOTE), "files", files),
			   stream);
}
