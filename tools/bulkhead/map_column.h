/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory as a column of blocks with all numbers beside it: for address spaces with a few dozen segments.
 * Heights grow with the logarithm of the size, so that every block has room for its line. A narrow bar beside
 * it, if wanted, is true to scale.
 */
#ifndef BULKHEAD_TOOL_MAP_COLUMN_H
#define BULKHEAD_TOOL_MAP_COLUMN_H

#include "report.h"

struct column_row {
	const struct segment *segment;
	const char *block;  /* text in the block */
	const char *detail; /* text at the end of the line */
	const char *title;  /* shown under the pointer */
	/* Set by column_layout(). */
	const char *addresses, *size;
	double y, height;
};

struct column {
	struct column_row *rows;
	unsigned row_count;
	bool bar;
	/* Set by column_layout(). */
	double size_x, detail_x; /* right end of the sizes, left end of the details */
	double width, height;
};

void column_layout(struct column *column, struct arena *arena);
void column_draw(FILE *stream, const struct column *column, struct arena *arena);

#endif
