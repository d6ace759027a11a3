/* SPDX-License-Identifier: Apache-2.0 */
/* How large things are drawn: lengths from sizes, and the room that text needs. Units are pixels. */
#ifndef BULKHEAD_TOOL_MAP_SCALE_H
#define BULKHEAD_TOOL_MAP_SCALE_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"

/* Height of a range beyond that of one line of text: 0 for a page, then SCALE_DOUBLING per doubling. */
#define SCALE_DOUBLING 1.6
double scale_log(uint64_t size);

/*
 * Shares out a length in proportion to the sizes, but no share is less than the minimum (or an equal part, if
 * the length is too short for that). The shares add up to the length.
 */
void scale_share(const uint64_t *sizes, unsigned count, double length, double minimum,
		 double *shares);

/*
 * What a text takes at most, by the widest of the common sans-serif fonts (DejaVu Sans, Verdana); fixed-width
 * fonts agree on 0.6 of their size.
 */
double text_width(const char *text, double size);
double code_width(const char *text, double size);

/* The text, or its beginning with "…", so that text_width() is not above the width. */
const char *text_fit(struct arena *arena, const char *text, double size, double width);

#endif
