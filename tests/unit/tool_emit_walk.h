/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An EPT walker that shares nothing with the builder (SDM 3.29.3.2), for tables in any form: the tool's
 * structures or an image's bytes.
 */
#ifndef TOOL_EMIT_WALK_H
#define TOOL_EMIT_WALK_H

#include "bulkhead/tables.h"

/* Entry `index` of the table at that address, which is 4 KiB-aligned. Fails the test if there is none. */
typedef uint64_t (*walk_reader)(const void *tables, hpa_t table, unsigned index);

struct walk_leaves {
	size_t of_1g, of_2m, of_4k;
};

/*
 * Fails the test unless each page of each region translates to its host page with its rights and
 * memory type, nothing else is mapped, and every entry is well-formed. The regions don't overlap.
 */
struct walk_leaves walk_check(walk_reader read, const void *tables, hpa_t root,
			      const struct memory_region *regions, size_t count);

#endif
