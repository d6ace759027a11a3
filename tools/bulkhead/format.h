/* SPDX-License-Identifier: Apache-2.0 */
/* The findings of a run for other programs: one document for all files that were examined. */
#ifndef BULKHEAD_TOOL_FORMAT_H
#define BULKHEAD_TOOL_FORMAT_H

#include <stdio.h>

#include "diag.h"

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF, FORMAT_JUNIT, FORMAT_GITHUB, FORMAT_COUNT };

/* One scenario and what came of it. */
struct examined {
	const char *file;
	bool complete; /* every rule was applied; false if not even a device tree could be read */
	const struct diagnostics *diagnostics;
	struct sources *sources;
};

struct examination {
	const char *tool_version;
	const struct examined *files;
	unsigned count;
	int status; /* the exit status that the run ends with */
};

/* FORMAT_COUNT for a name that is none. */
enum format format_by_name(const char *name);

/* Writes the document. FORMAT_TEXT, which needs none, writes nothing. False if memory or output failed. */
bool format_write(enum format format, const struct examination *run, FILE *stream);

#endif
