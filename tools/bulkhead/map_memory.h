/* SPDX-License-Identifier: Apache-2.0 */
/* The pictures of memory: the host's, and each VM's view. Columns, or strips where the scenario is dense. */
#ifndef BULKHEAD_TOOL_MAP_MEMORY_H
#define BULKHEAD_TOOL_MAP_MEMORY_H

#include "map_column.h"
#include "map_strip.h"

struct memory_figure {
	const struct report *report;
	const struct space *space;
	bool guest;
	struct column column; /* unless report->dense */
	struct strip strip;   /* the host's, if report->dense */
	double width, height;
};

void memory_figure_host(struct memory_figure *figure, const struct report *report);
void memory_figure_guest(struct memory_figure *figure, const struct report *report, unsigned vm);

/* At the origin of the coordinates. */
void memory_figure_draw(FILE *stream, const struct memory_figure *figure);

/* One sentence on how lengths are to be read. */
const char *memory_figure_scale(const struct memory_figure *figure);

/* "linux rw-, rt r--": who has the memory of a share. */
const char *memory_share_text(const struct report *report, uint32_t share);
/* "0x20100000", or "nowhere" for memory that the tool could not place. */
const char *memory_host_text(const struct report *report, const struct vm_memory *memory);

#endif
