/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory as lines of equal amounts of address space, one below the other: for address spaces with too many
 * segments for a column. Lengths within a line are true to scale, but nothing vanishes.
 */
#ifndef BULKHEAD_TOOL_MAP_STRIP_H
#define BULKHEAD_TOOL_MAP_STRIP_H

#include "report.h"

/* A segment as far as it lies in one line. */
struct strip_piece {
	const struct segment *segment; /* NULL: a hole */
	uint64_t size;
};

struct strip_line {
	uint64_t base; /* address of its beginning */
	unsigned first_piece, piece_count;
	bool after_hole; /* whole lines without memory were left out before it */
	uint64_t lines;  /* more than 1: so many lines that are wholly free, drawn as one */
	double y;
};

struct strip {
	const struct model *model;
	uint64_t bytes_per_line;
	struct strip_line *lines;
	unsigned line_count;
	struct strip_piece *pieces;
	unsigned piece_count;
	double bar_x; /* room for the addresses on its left */
	double width, height;
};

#define STRIP_WIDTH  600.0
#define STRIP_HEIGHT 16.0 /* of one line */
#define STRIP_LINES  72   /* about as many as these */

void strip_layout(struct strip *strip, const struct model *model, const struct space *space,
		  struct arena *arena);
void strip_draw(FILE *stream, const struct strip *strip, struct arena *arena);

/* One line for a VM's view: its ranges in the order of their guest addresses, holes only hinted at. */
void strip_draw_guest(FILE *stream, const struct model *model, const struct space *space,
		      struct arena *arena);

#endif
