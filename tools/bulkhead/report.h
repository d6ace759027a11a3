/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns what, for people: `bulkhead report` writes a page, `bulkhead map` the picture alone. */
#ifndef BULKHEAD_TOOL_REPORT_H
#define BULKHEAD_TOOL_REPORT_H

#include "diag.h"
#include "report_space.h"

struct report {
	/* Set by the caller. */
	struct arena *arena;
	const struct model *model; /* as far as it could be read */
	const struct placement *placement;
	const struct diagnostics *diagnostics; /* sorted */
	struct sources *sources;
	const char *module_folder; /* NULL: not given */

	/* Set by report_prepare(). */
	struct placed_memory placed;
	struct space host;
	struct space *guests; /* one per VM */
	bool dense;           /* too much for a picture with every number in it */
};

void report_prepare(struct report *report);

/*
 * Both write documents that depend on nothing but the scenario: no date, no path of this machine. The page is
 * HTML that is well-formed XML, the map is SVG; both stand alone.
 */
void report_write(FILE *stream, const struct report *report);
void map_write(FILE *stream, const struct report *report);

/*
 * Prepares, writes by one of the two functions above into memory and from there into the file ("-": standard
 * output), replacing it whole or not at all. False with a message if that fails.
 */
bool report_save(struct report *report, void (*write)(FILE *stream, const struct report *report),
		 const char *file);

#endif
