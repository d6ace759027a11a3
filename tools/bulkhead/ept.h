/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds a VM's extended page tables in the tool's memory (SDM 3.29.3.2, 4-level walk). Nothing here
 * knows how they are printed, and the hypervisor has no such code: these tables are the only EPT.
 */
#ifndef BULKHEAD_TOOL_EPT_H
#define BULKHEAD_TOOL_EPT_H

#include "bulkhead/tables.h"

#define EPT_ENTRIES      512
#define EPT_LEVEL_ROOT   4 /* PML4; 3 PDPT, 2 PD, 1 PT */
#define EPT_ADDRESS_BITS 48

/* Entry bits (SDM 3.29.3.2, tables 29-1 to 29-7). */
#define EPT_RWX            UINT64_C(0x7)
#define EPT_MEMORY_TYPE(t) ((uint64_t)(t) << 3)
#define EPT_MEMORY_TYPE_UC 0
#define EPT_MEMORY_TYPE_WB 6
#define EPT_LARGE_PAGE     UINT64_C(0x80)
#define EPT_ADDRESS_MASK   UINT64_C(0x000FFFFFFFFFF000)
#define EPT_NO_CHILD       UINT32_MAX

/* One entry: of a leaf `bits` is complete, of a reference the child's address is still to be added. */
struct ept_entry {
	uint64_t bits;  /* 0: nothing mapped */
	uint32_t child; /* index into ept.tables, or EPT_NO_CHILD */
};

struct ept_table {
	unsigned level;
	unsigned number; /* among the tables of its level, in order of guest address */
	gpa_t base;      /* first guest address that it covers */
	struct ept_entry entries[EPT_ENTRIES];
};

/* tables[0] is the root, also of a VM without memory. */
struct ept {
	struct ept_table **tables;
	uint32_t count;
	uint32_t room;
	unsigned level_count[EPT_LEVEL_ROOT + 1]; /* tables of each level */
};

enum ept_error {
	EPT_OK,
	EPT_UNALIGNED,   /* address or size not a multiple of 4 KiB, or size 0 */
	EPT_TOO_HIGH,    /* guest range beyond 48 bits, host range beyond 52 bits */
	EPT_PERMISSIONS, /* none, or write without read: an EPT misconfiguration (SDM 3.29.3.3.1) */
	EPT_OVERLAP,     /* a guest address mapped twice */
	EPT_NO_MEMORY,
};

/* One sentence, without full stop. Never NULL. */
const char *ept_error_text(enum ept_error error);

/*
 * Maps all regions, in any order, with the largest pages that alignment and congruence of guest and
 * host address permit; neighbours that continue each other count as one piece. On an error *ept is
 * empty. Otherwise ept_free() it.
 */
enum ept_error ept_build(struct ept *ept, const struct memory_region *regions, size_t count);

/* The same for a processor that maps no more than `largest_page` bytes by one entry. */
enum ept_error ept_build_limited(struct ept *ept, const struct memory_region *regions, size_t count,
				 uint64_t largest_page);

void ept_free(struct ept *ept);

/* Bytes that one entry of a table of that level covers. */
uint64_t ept_entry_size(unsigned level);

static inline bool ept_is_leaf(const struct ept_entry *entry)
{
	return entry->bits != 0 && entry->child == EPT_NO_CHILD;
}

#endif
