/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds the hypervisor's own page tables in the tool's memory (SDM 3.4.5, 4-level paging): one root per core,
 * which maps memory one to one and only what that core needs. Tables that the cores of a VM have in common
 * exist once; those of the image exist once for all (host_image.lds).
 */
#ifndef BULKHEAD_TOOL_HOST_TABLES_H
#define BULKHEAD_TOOL_HOST_TABLES_H

#include "bulkhead/host.h"
#include "bulkhead/tables.h"

#define HOST_ENTRIES    512
#define HOST_LEVEL_ROOT 4 /* PML4; 3 PDPT, 2 PD, 1 PT */

/*
 * An entry: 0, a leaf as the processor reads it (HOST_PRESENT), or a reference to a table, whose address only
 * the linker knows: what kind of table, and which one.
 */
#define HOST_REFERENCE_KIND     UINT64_C(0x6)
#define HOST_REFERENCE_OWN      UINT64_C(0x2) /* of the same tree */
#define HOST_REFERENCE_VM       UINT64_C(0x4) /* of the tree of the core's VM */
#define HOST_REFERENCE_IMAGE    UINT64_C(0x6) /* of the image */
#define HOST_REFERENCE_INDEX    8             /* bits above: which one */
#define HOST_REFERENCE(kind, i) ((kind) | (uint64_t)(i) << HOST_REFERENCE_INDEX)

struct host_table {
	unsigned level;
	bool emitted;
	uint64_t base; /* first address that it covers */
	uint64_t entries[HOST_ENTRIES];
};

/* tables[0] is the root. */
struct host_tree {
	struct host_table **tables;
	unsigned count;
};

struct host_tables {
	/* by VM; then one for cores that have none, and one for those that serve the operator's console */
	struct host_tree *vms;
	struct host_tree *cores;    /* by core */
	struct host_tree *consoles; /* by core; empty for those that never serve it */
};

struct plan;

/* What of all memory the cores of which VM have mapped, and how; HOST_* bits of a leaf. */
struct host_range {
	hpa_t base;
	uint64_t size;
	uint64_t bits;
};

/* Whether a core serves the operator's console at times: the one that is set aside, or a BSP's if none is. */
bool host_serves_console(const struct scenario *scenario, uint32_t core);

/* False with a message if something cannot be mapped, which is a fault of the tool or a huge address. */
bool host_tables_build(struct plan *plan);

#endif
