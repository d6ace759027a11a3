/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and lists the way people read them. */
#ifndef BULKHEAD_TOOL_REPORT_HUMAN_H
#define BULKHEAD_TOOL_REPORT_HUMAN_H

#include "arena.h"
#include "span.h"

/* "256 MiB", "1022.9 MiB", "100 bytes": the largest unit that gives at least 1, one decimal at most. */
const char *human_size(struct arena *arena, uint64_t size);

/* "268,435,456 bytes (0x10000000)" */
const char *exact_size(struct arena *arena, uint64_t size);

/* "0x1000–0x1fff", "0x61" */
const char *human_span(struct arena *arena, struct span span);

/* "1 core", "3 cores": for nouns that take an s. */
const char *human_count(struct arena *arena, unsigned long count, const char *noun);

/* "r-x" */
const char *human_access(uint32_t permissions);

struct names {
	struct arena *arena;
	const char **items;
	unsigned count;
};

void names_add(struct names *names, const char *name);

/*
 * "com1, rtc"; neighbours that count up are drawn together: "cpu0–cpu3, cpu8". "" for none.
 * The names keep their order.
 */
const char *names_join(const struct names *names);

#endif
