/* SPDX-License-Identifier: Apache-2.0 */
/* The scenario compiler's reader and rules on what cpp and dtc might have said. */
#ifndef BULKHEAD_FUZZ_TOOL_SUPPORT_H
#define BULKHEAD_FUZZ_TOOL_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

struct part {
	const char *text;
	size_t size;
};

/* What the programs print; an empty one stands for a program that failed. */
enum fuzz_part {
	PART_SOURCE,    /* the scenario's file */
	PART_CPP,       /* cpp's output */
	PART_CPP_ERROR, /* its messages */
	PART_ANNOTATED, /* dtc's source with places */
	PART_DTC_ERROR, /* its messages */
	PART_BLOB,      /* dtc's device-tree blob */
	FUZZ_PARTS,
};

/* The seed's parts, in a file each: tests/fuzz/seed/NAME.cpp and so on are one input, joined by this. */
#define PART_SEPARATOR "\n%%%%\n"

/* Reads, places, checks and prints; aborts if a promise of the model or of findings is broken. */
void fuzz_examine(const struct part parts[FUZZ_PARTS]);
/* Missing parts are empty. */
void fuzz_split(const uint8_t *data, size_t size, struct part parts[FUZZ_PARTS]);

#endif
