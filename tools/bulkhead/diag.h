/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings of rules, collected first and printed together. A finding is plain data; how it looks is
 * the printer's concern alone (diag_text.c), so further output formats need no change in any rule.
 */
#ifndef BULKHEAD_TOOL_DIAG_H
#define BULKHEAD_TOOL_DIAG_H

#include <stdio.h>

#include "arena.h"
#include "model.h"
#include "source.h"

struct rule;

/* In the order in which findings are printed. */
enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE, SEVERITY_COUNT };

/* The other party of a conflict, or where something was said. */
struct finding_note {
	const char *message;
	struct place at;
};

struct finding {
	const struct rule *rule;
	enum severity severity;
	const char *message; /* one sentence without full stop, with the offending value */
	struct place at;     /* line 0: concerns the whole file, or no file at all */
	struct finding_note *notes;
	unsigned note_count;
	const char *help; /* what to change; NULL if there is nothing to suggest */
};

struct diagnostics {
	struct arena *arena;
	struct finding **findings;
	unsigned count;
};

struct finding *diagnostics_add(struct diagnostics *diagnostics, const struct rule *rule,
				struct place at, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void finding_note(struct diagnostics *diagnostics, struct finding *finding, struct place at,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));
void finding_help(struct diagnostics *diagnostics, struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Errors, then warnings, then notes; by place among equals, then in the order found. */
void diagnostics_sort(struct diagnostics *diagnostics);
unsigned diagnostics_count(const struct diagnostics *diagnostics, enum severity severity);

/* <0, 0, >0: file name, line, column. */
int place_compare(struct place a, struct place b);
/* "error", "warning", "note". */
const char *severity_name(enum severity severity);

/* The findings as a compiler shows them; source lines come from sources. */
void diagnostics_print(const struct diagnostics *diagnostics, struct sources *sources, FILE *stream,
		       bool color);
/* "2 errors, 1 warning"; nothing if all are 0. */
void diagnostics_print_summary(const unsigned counts[SEVERITY_COUNT], FILE *stream);

#endif
