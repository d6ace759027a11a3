/* SPDX-License-Identifier: Apache-2.0 */
#include "tool_emit_walk.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ENTRY_RWX     UINT64_C(7)
#define ENTRY_LARGE   UINT64_C(0x80)
#define ENTRY_ADDRESS UINT64_C(0xFFFFFFFFFF000)
#define TYPE_WB       (UINT64_C(6) << 3)

struct walk {
	walk_reader read;
	const void *tables;
	const struct memory_region *regions;
	size_t count;
	struct walk_leaves leaves;
	uint64_t mapped; /* bytes so far */
};

/* What a page's entry must be, were it a 4 KiB one; 0 for a page that must not be mapped. */
static uint64_t expected_entry(const struct walk *walk, gpa_t guest)
{
	for (size_t i = 0; i < walk->count; i++) {
		const struct memory_region *region = &walk->regions[i];

		if (guest >= region->guest_physical &&
		    guest - region->guest_physical < region->size)
			return (region->host_physical + guest - region->guest_physical) |
			       region->permissions | (region->kind == MEMORY_DEVICE ? 0 : TYPE_WB);
	}
	return 0;
}

static void check_leaf(struct walk *walk, gpa_t guest, uint64_t size, uint64_t entry)
{
	uint64_t small = entry & ~ENTRY_LARGE;

	/* Address bits below the page size are reserved: an EPT misconfiguration. */
	assert_int_equal(entry & ENTRY_ADDRESS & (size - 1), 0);
	for (uint64_t offset = 0; offset < size; offset += PAGE_SIZE_4K) {
		uint64_t expected = expected_entry(walk, guest + offset);

		if (expected != small + offset)
			fail_msg("guest 0x%lx: entry 0x%lx, expected 0x%lx", guest + offset,
				 small + offset, expected);
	}
	walk->leaves.of_1g += size == PAGE_SIZE_1G;
	walk->leaves.of_2m += size == PAGE_SIZE_2M;
	walk->leaves.of_4k += size == PAGE_SIZE_4K;
	walk->mapped += size;
}

static void walk_table(struct walk *walk, hpa_t table, unsigned level, gpa_t base)
{
	uint64_t size = PAGE_SIZE_4K << 9 * (level - 1);

	assert_int_equal(table % PAGE_SIZE_4K, 0);
	for (unsigned i = 0; i < 512; i++) {
		uint64_t entry = walk->read(walk->tables, table, i);

		if (entry == 0)
			continue;
		/* Bit 7 makes a leaf of levels 3 and 2, and is reserved in level 4 and clear here in 1. */
		if (level == 1 || (level < 4 && (entry & ENTRY_LARGE))) {
			assert_int_equal(entry & ENTRY_LARGE, level == 1 ? 0 : ENTRY_LARGE);
			check_leaf(walk, base + i * size, size, entry);
		} else {
			assert_int_equal(entry & ~ENTRY_ADDRESS, ENTRY_RWX);
			walk_table(walk, entry & ENTRY_ADDRESS, level - 1, base + i * size);
		}
	}
}

struct walk_leaves walk_check(walk_reader read, const void *tables, hpa_t root,
			      const struct memory_region *regions, size_t count)
{
	struct walk walk = {.read = read, .tables = tables, .regions = regions, .count = count};
	uint64_t wanted = 0;

	walk_table(&walk, root, 4, 0);
	/* Every leaf was right and no address has two entries, so equal sums mean that none is missing. */
	for (size_t i = 0; i < count; i++)
		wanted += regions[i].size;
	assert_int_equal(walk.mapped, wanted);
	return walk.leaves;
}
