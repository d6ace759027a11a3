/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings as JUnit XML, which every CI server shows. A scenario is a test suite and a rule a test case
 * of it, so that the list says what was examined and not only what failed. Errors fail their case;
 * warnings and notes, which the format does not have, are output of a case that passes.
 */
#include "format_internal.h"
#include "report_xml.h"

static void write_place(FILE *stream, struct place at)
{
	if (at.file && at.line)
		xml_print(stream, "%s:%u:%u: ", at.file, at.line, at.column);
	else if (at.file)
		xml_print(stream, "%s: ", at.file);
}

static void write_finding(FILE *stream, const struct finding *finding)
{
	write_place(stream, finding->at);
	xml_print(stream, "%s[%s]: %s\n", severity_name(finding->severity), finding->rule->code,
		  finding->message);
	for (unsigned i = 0; i < finding->note_count; i++) {
		write_place(stream, finding->notes[i].at);
		xml_print(stream, "note: %s\n", finding->notes[i].message);
	}
	if (finding->help)
		xml_print(stream, "help: %s\n", finding->help);
}

/* The first finding of the rule, and how many there are. */
static const struct finding *first_finding(const struct examined *file, const struct rule *rule,
					   unsigned *count)
{
	const struct finding *first = NULL;

	*count = 0;
	for (unsigned i = 0; i < file->diagnostics->count; i++) {
		if (file->diagnostics->findings[i]->rule != rule)
			continue;
		if (!first)
			first = file->diagnostics->findings[i];
		++*count;
	}
	return first;
}

static void write_findings(FILE *stream, const struct examined *file, const struct rule *rule)
{
	for (unsigned i = 0; i < file->diagnostics->count; i++)
		if (file->diagnostics->findings[i]->rule == rule)
			write_finding(stream, file->diagnostics->findings[i]);
}

static void write_case(FILE *stream, const struct examined *file, const struct rule *rule)
{
	unsigned count;
	const struct finding *first = first_finding(file, rule, &count);

	xml_print(stream, "    <testcase classname=\"%s\" name=\"%s: %s\"", file->file, rule->code,
		  rule->title);
	if (!first && file->complete) {
		fputs("/>\n", stream);
		return;
	}
	fputs(">\n", stream);
	if (!first) {
		fputs("      <skipped message=\"the scenario could not be read\"/>\n", stream);
	} else if (rule->severity == SEVERITY_ERROR) {
		xml_print(stream, "      <failure type=\"%s\" message=\"%s%s\">", rule->code,
			  first->message, count > 1 ? " (and more)" : "");
		write_findings(stream, file, rule);
		fputs("</failure>\n", stream);
	} else {
		fputs("      <system-out>", stream);
		write_findings(stream, file, rule);
		fputs("</system-out>\n", stream);
	}
	fputs("    </testcase>\n", stream);
}

struct tally {
	unsigned failures, skipped;
};

static struct tally count_cases(const struct examined *file)
{
	struct tally tally = {0, 0};

	for (unsigned i = 0; i < rule_count; i++) {
		unsigned count;
		const struct finding *first = first_finding(file, &rules[i], &count);
		tally.failures += first && rules[i].severity == SEVERITY_ERROR;
		tally.skipped += !first && !file->complete;
	}
	return tally;
}

static void write_suite(FILE *stream, const struct examined *file)
{
	struct tally tally = count_cases(file);

	xml_print(stream,
		  "  <testsuite name=\"%s\" tests=\"%u\" failures=\"%u\" errors=\"0\" "
		  "skipped=\"%u\">\n",
		  file->file, rule_count, tally.failures, tally.skipped);
	for (unsigned i = 0; i < rule_count; i++)
		write_case(stream, file, &rules[i]);
	fputs("  </testsuite>\n", stream);
}

bool format_junit(const struct examination *run, FILE *stream)
{
	struct tally all = {0, 0};

	for (unsigned i = 0; i < run->count; i++) {
		struct tally tally = count_cases(&run->files[i]);
		all.failures += tally.failures;
		all.skipped += tally.skipped;
	}
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", stream);
	xml_print(stream,
		  "<testsuites name=\"bulkhead check\" tests=\"%u\" failures=\"%u\" errors=\"0\" "
		  "skipped=\"%u\">\n",
		  run->count * rule_count, all.failures, all.skipped);
	for (unsigned i = 0; i < run->count; i++)
		write_suite(stream, &run->files[i]);
	fputs("</testsuites>\n", stream);
	return true;
}
