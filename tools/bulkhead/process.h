/* SPDX-License-Identifier: Apache-2.0 */
/* Runs another program with its three standard streams as memory. */
#ifndef BULKHEAD_TOOL_PROCESS_H
#define BULKHEAD_TOOL_PROCESS_H

#include "arena.h"

struct process_output {
	char *text; /* NUL-terminated */
	size_t size;
};

struct process_result {
	int error;  /* errno if the program could not be started; then the rest is empty */
	int status; /* exit status; 128 + number if a signal ended it */
	struct process_output out;
	struct process_output err;
};

/*
 * argv[0] is looked up in PATH; no shell takes part, so file names may hold anything. The input is
 * written and both outputs are read at the same time: neither side can block the other for ever.
 */
void process_run(struct arena *arena, const char *const argv[], const char *input,
		 size_t input_size, struct process_result *result);

#endif
