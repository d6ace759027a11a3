/* SPDX-License-Identifier: Apache-2.0 */
#include "diag.h"

#include <stdlib.h>
#include <string.h>

#include "rules.h"

struct finding *diagnostics_add(struct diagnostics *diagnostics, const struct rule *rule,
				struct place at, const char *format, ...)
{
	struct finding *finding = arena_alloc(diagnostics->arena, sizeof(*finding));
	va_list list;

	va_start(list, format);
	finding->message = arena_vformat(diagnostics->arena, format, list);
	va_end(list);
	finding->rule = rule;
	finding->severity = rule->severity;
	finding->at = at;
	*ARENA_PUSH(diagnostics->arena, diagnostics->findings, diagnostics->count) = finding;
	return finding;
}

void finding_note(struct diagnostics *diagnostics, struct finding *finding, struct place at,
		  const char *format, ...)
{
	struct finding_note *note =
		ARENA_PUSH(diagnostics->arena, finding->notes, finding->note_count);
	va_list list;

	va_start(list, format);
	note->message = arena_vformat(diagnostics->arena, format, list);
	va_end(list);
	note->at = at;
}

void finding_help(struct diagnostics *diagnostics, struct finding *finding, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	finding->help = arena_vformat(diagnostics->arena, format, list);
	va_end(list);
}

static int compare_unsigned(unsigned a, unsigned b)
{
	return a < b ? -1 : a > b;
}

int place_compare(struct place a, struct place b)
{
	int order = 0;

	if (a.file != b.file)
		order = !a.file ? -1 : !b.file ? 1 : strcmp(a.file, b.file);
	if (order == 0)
		order = compare_unsigned(a.line, b.line);
	return order ? order : compare_unsigned(a.column, b.column);
}

static int finding_compare(const struct finding *a, const struct finding *b)
{
	int order = compare_unsigned(a->severity, b->severity);

	return order ? order : place_compare(a->at, b->at);
}

/* qsort() is not stable: the order of discovery is the last key. */
struct ranked {
	struct finding *finding;
	unsigned rank;
};

static int ranked_compare(const void *left, const void *right)
{
	const struct ranked *a = left;
	const struct ranked *b = right;
	int order = finding_compare(a->finding, b->finding);

	return order ? order : compare_unsigned(a->rank, b->rank);
}

void diagnostics_sort(struct diagnostics *diagnostics)
{
	unsigned count = diagnostics->count;
	struct ranked *ranked = arena_alloc(diagnostics->arena, count * sizeof(*ranked));

	for (unsigned i = 0; i < count; i++)
		ranked[i] = (struct ranked){diagnostics->findings[i], i};
	qsort(ranked, count, sizeof(*ranked), ranked_compare);
	for (unsigned i = 0; i < count; i++)
		diagnostics->findings[i] = ranked[i].finding;
}

unsigned diagnostics_count(const struct diagnostics *diagnostics, enum severity severity)
{
	unsigned count = 0;

	for (unsigned i = 0; i < diagnostics->count; i++)
		count += diagnostics->findings[i]->severity == severity;
	return count;
}

const char *severity_name(enum severity severity)
{
	static const char *const names[SEVERITY_COUNT] = {
		[SEVERITY_ERROR] = "error",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_NOTE] = "note",
	};

	return names[severity];
}
