/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean ...?" */
#ifndef BULKHEAD_TOOL_SUGGEST_H
#define BULKHEAD_TOOL_SUGGEST_H

/* Finds the known name that a misspelt one was most likely meant to be. */
struct suggestion {
	const char *wanted;
	const char *best; /* NULL: nothing is near enough */
	unsigned distance;
};

struct suggestion suggestion_start(const char *wanted);
void suggestion_offer(struct suggestion *suggestion, const char *candidate);

#endif
