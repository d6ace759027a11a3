/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output files. A file is written under a temporary name and renamed when it is complete, so that a
 * failure never leaves half a file behind; and a file whose content would not change is not touched,
 * so that make rebuilds nothing that depends on it.
 */
#ifndef BULKHEAD_TOOL_EMIT_OUTPUT_H
#define BULKHEAD_TOOL_EMIT_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct output {
	FILE *stream; /* print to it; errors are found by output_close() */
	char *path;
	char *text; /* what was printed, while the stream is open */
	size_t size;
};

/* Prints "bulkhead: error: ..." with a newline to standard error. Returns false, for `return`. */
bool output_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Creates the directory and its parents where they are missing. */
bool output_make_directory(const char *path);

/* Starts directory/name. On failure, reported, nothing needs to be closed. */
bool output_open(struct output *output, const char *directory, const char *name);

/* Puts the file in its place. Returns false with a message if anything failed since output_open(). */
bool output_close(struct output *output);

/* Reads a whole file into memory that the caller frees. NULL on failure (not reported, errno set). */
uint8_t *output_read_file(const char *path, size_t *size);

#endif
