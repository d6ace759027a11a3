/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings as SARIF 2.1.0 (OASIS standard, docs.oasis-open.org/sarif), which code-scanning views read.
 * Section numbers are the standard's.
 */
#include <ctype.h>
#include <string.h>

#include "format_internal.h"
#include "pages.h"

#define SCHEMA \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

/* A path as a URI reference (3.4.3): what RFC 3986 does not allow in one becomes %XX. */
static json_t *pack_uri(struct arena *arena, const char *path)
{
	const char *uri = *path == '/' ? "file://" : "";

	for (const char *byte = path; *byte; byte++) {
		bool plain = isalnum((unsigned char)*byte) || strchr("/-._~", *byte);
		uri = arena_format(arena, plain ? "%s%c" : "%s%%%02X", uri, (unsigned char)*byte);
	}
	return json_string(uri);
}

/* SARIF counts characters where a place counts bytes (columnKind, 3.14.17). */
static unsigned characters(const char *text, size_t length)
{
	unsigned count = 0;

	for (size_t i = 0; i < length; i++)
		count += ((unsigned char)text[i] & 0xC0) != 0x80;
	return count;
}

static json_t *pack_region(struct sources *sources, struct place at)
{
	const char *text = "";
	size_t length = 0;

	if (!source_line(sources_get(sources, at.file), at.line, &text, &length))
		return json_pack("{s:I}", "startLine", (json_int_t)at.line);
	size_t start = at.column - 1 < length ? at.column - 1 : length;
	size_t marked = at.length < length - start ? at.length : length - start;
	unsigned column = 1 + characters(text, start);

	return json_pack("{s:I, s:I, s:I}", "startLine", (json_int_t)at.line, "startColumn",
			 (json_int_t)column, "endColumn",
			 (json_int_t)column + characters(text + start, marked));
}

static json_t *pack_location(struct sources *sources, struct place at)
{
	json_t *artifact = json_object();
	json_t *physical = json_object();

	format_set(artifact, "uri", pack_uri(sources->arena, at.file));
	if (*at.file != '/')
		format_set(artifact, "uriBaseId", json_string("%SRCROOT%"));
	format_set(physical, "artifactLocation", artifact);
	if (at.line)
		format_set(physical, "region", pack_region(sources, at));
	return json_pack("{s:o}", "physicalLocation", physical);
}

static json_t *pack_message(json_t *text)
{
	return json_pack("{s:o}", "text", text);
}

/* A note without a place (the local APIC has none) has nothing to relate to: it is in the message. */
static json_t *pack_related(const struct examined *file, const struct finding *finding)
{
	json_t *related = json_array();

	for (unsigned i = 0; i < finding->note_count; i++) {
		const struct finding_note *note = &finding->notes[i];
		if (!note->at.file)
			continue;
		json_t *location = pack_location(file->sources, note->at);
		format_set(location, "id", json_integer((json_int_t)i + 1));
		format_set(location, "message", pack_message(format_text(note->message)));
		related = format_append(related, location);
	}
	return related;
}

/* One paragraph for viewers that show nothing else. */
static json_t *pack_result_message(const struct examined *file, const struct finding *finding)
{
	struct arena *arena = file->sources->arena;
	const char *text = arena_format(arena, "%s.", finding->message);

	for (unsigned i = 0; i < finding->note_count; i++)
		if (!finding->notes[i].at.file)
			text = arena_format(arena, "%s %s.", text, finding->notes[i].message);
	if (finding->help)
		text = arena_format(arena, "%s Help: %s.", text, finding->help);
	return pack_message(format_text(text));
}

static json_t *pack_result(const struct examined *file, const struct finding *finding)
{
	struct place at = finding->at.file ? finding->at : (struct place){.file = file->file};
	json_t *result = json_object();

	format_set(result, "ruleId", json_string(finding->rule->code));
	format_set(result, "ruleIndex", json_integer(finding->rule - rules));
	format_set(result, "level", json_string(severity_name(finding->severity)));
	format_set(result, "message", pack_result_message(file, finding));
	format_set(result, "locations",
		   format_append(json_array(), pack_location(file->sources, at)));
	format_set(result, "relatedLocations", pack_related(file, finding));
	return result;
}

static json_t *pack_rule(const struct rule *rule)
{
	const char *page = page_of(rule->code);
	json_t *packed = json_object();

	format_set(packed, "id", json_string(rule->code));
	format_set(packed, "shortDescription", pack_message(json_string(rule->title)));
	/* The page itself is in `help`; a link is only of use where the pages are published. */
	if (strlen(CONFIG_RULES_URL))
		format_set(packed, "helpUri",
			   json_sprintf("%s/%s.md", CONFIG_RULES_URL, rule->code));
	if (page)
		format_set(packed, "help", json_pack("{s:s, s:s}", "text", page, "markdown", page));
	format_set(packed, "defaultConfiguration",
		   json_pack("{s:s}", "level", severity_name(rule->severity)));
	return packed;
}

static json_t *pack_driver(const struct examination *run)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < rule_count; i++)
		all = format_append(all, pack_rule(&rules[i]));
	return json_pack("{s:s, s:s, s:o}", "name", "bulkhead", "version", run->tool_version,
			 "rules", all);
}

/* A file may be named twice on the command line; an artifact may not be (3.14.15). */
static bool seen_before(const struct examination *run, unsigned index)
{
	for (unsigned i = 0; i < index; i++)
		if (!strcmp(run->files[i].file, run->files[index].file))
			return true;
	return false;
}

/* Every file that was examined, so that one without findings is seen to have been. */
static json_t *pack_artifacts(const struct examination *run)
{
	json_t *artifacts = json_array();

	for (unsigned i = 0; i < run->count; i++) {
		const struct examined *file = &run->files[i];
		if (seen_before(run, i))
			continue;
		json_t *location = pack_location(file->sources, (struct place){.file = file->file});
		json_t *artifact = json_object_get(json_object_get(location, "physicalLocation"),
						   "artifactLocation");
		artifacts = format_append(artifacts, json_pack("{s:O, s:[s]}", "location", artifact,
							       "roles", "analysisTarget"));
		json_decref(location);
	}
	return artifacts;
}

static json_t *pack_run(const struct examination *run)
{
	json_t *results = json_array();

	for (unsigned i = 0; i < run->count; i++) {
		const struct examined *file = &run->files[i];
		for (unsigned j = 0; j < file->diagnostics->count; j++)
			results = format_append(results,
						pack_result(file, file->diagnostics->findings[j]));
	}
	return json_pack("{s:{s:o}, s:s, s:[{s:b, s:i}], s:o, s:o}", "tool", "driver",
			 pack_driver(run), "columnKind", "unicodeCodePoints", "invocations",
			 "executionSuccessful", run->status < 2, "exitCode", run->status,
			 "artifacts", pack_artifacts(run), "results", results);
}

bool format_sarif(const struct examination *run, FILE *stream)
{
	return format_dump(json_pack("{s:s, s:s, s:[o]}", "$schema", SCHEMA, "version", "2.1.0",
				     "runs", pack_run(run)),
			   stream);
}
