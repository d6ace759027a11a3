/* SPDX-License-Identifier: Apache-2.0 */
/* What `bulkhead check` says of the scenario. */
#include <string.h>

#include "report_human.h"
#include "report_page.h"
#include "report_xml.h"
#include "rules.h"

#define MOST_FINDINGS 200 /* a page with more helps nobody */

static void write_place(FILE *stream, const struct report *report, struct place at)
{
	if (!at.file)
		return;
	xml_print(stream, " <span class=\"place\">%s", page_path(report, at.file));
	if (at.line)
		xml_print(stream, ":%u:%u", at.line, at.column);
	fputs("</span>", stream);
}

static void write_part(FILE *stream, const struct report *report, const char *text, size_t length)
{
	xml_text(stream, arena_strndup(report->arena, text, length));
}

/* The line of the source with the place marked. */
static void write_source(FILE *stream, const struct report *report, struct place at)
{
	const char *text;
	size_t length;

	if (!at.file || !at.line ||
	    !source_line(sources_get(report->sources, at.file), at.line, &text, &length))
		return;
	size_t start = at.column ? at.column - 1 : 0;
	start = start < length ? start : length;
	while (start && (*text == ' ' || *text == '\t')) { /* indentation says nothing here */
		text++;
		length--;
		start--;
	}
	size_t marked = at.length < length - start ? at.length : length - start;
	fputs("<pre>", stream);
	write_part(stream, report, text, start);
	fputs("<mark>", stream);
	write_part(stream, report, text + start, marked);
	fputs("</mark>", stream);
	write_part(stream, report, text + start + marked, length - start - marked);
	fputs("</pre>\n", stream);
}

static void write_note(FILE *stream, const struct report *report, const struct finding_note *note)
{
	xml_print(stream, "<li>%s", page_message(report, note->message));
	write_place(stream, report, note->at);
	fputs("\n", stream);
	write_source(stream, report, note->at);
	fputs("</li>\n", stream);
}

static void write_finding(FILE *stream, const struct report *report, const struct finding *finding)
{
	const char *severity = severity_name(finding->severity);

	xml_print(stream,
		  "<li class=\"finding\"><p><b class=\"%s\">%s</b> <code title=\"%s\">%s</code> %s",
		  severity, severity, finding->rule->title, finding->rule->code,
		  page_message(report, finding->message));
	write_place(stream, report, finding->at);
	fputs("</p>\n", stream);
	write_source(stream, report, finding->at);
	if (finding->note_count)
		fputs("<ul>\n", stream);
	for (unsigned i = 0; i < finding->note_count; i++)
		write_note(stream, report, &finding->notes[i]);
	if (finding->note_count)
		fputs("</ul>\n", stream);
	if (finding->help)
		xml_print(stream, "<p class=\"help\"><b>Help:</b> %s</p>\n",
			  page_message(report, finding->help));
	fputs("</li>\n", stream);
}

void page_findings(FILE *stream, const struct report *report)
{
	const struct diagnostics *diagnostics = report->diagnostics;

	if (!diagnostics->count)
		return;
	fputs("<section id=\"findings\">\n<h2>Findings</h2>\n", stream);
	if (diagnostics_count(diagnostics, SEVERITY_ERROR))
		fputs("<p>With errors, no hypervisor is built from this scenario. What follows shows it "
		      "as far as it could be read.</p>\n",
		      stream);
	fputs("<ul class=\"findings\">\n", stream);
	for (unsigned i = 0; i < diagnostics->count && i < MOST_FINDINGS; i++)
		write_finding(stream, report, diagnostics->findings[i]);
	fputs("</ul>\n", stream);
	if (diagnostics->count > MOST_FINDINGS)
		xml_print(stream, "<p>And %s; bulkhead check lists all.</p>\n",
			  human_count(report->arena, diagnostics->count - MOST_FINDINGS,
				      "finding more"));
	fputs("</section>\n", stream);
}
