/* SPDX-License-Identifier: Apache-2.0 */
#include "emit_e820.h"

#include <stdlib.h>

#include "bulkhead/platform.h"

#define PC_HOLE_BASE PLATFORM_LOW_RAM_END_GPA
#define PC_HOLE_END  PLATFORM_ACPI_END_GPA

_Static_assert(PC_HOLE_BASE < PLATFORM_ACPI_GPA && PC_HOLE_END == 0x100000,
	       "one reserved range covers the hole below 1 MiB and the ACPI tables");

struct map {
	struct e820_entry *entries;
	uint32_t count;
};

static void add(struct map *map, uint64_t base, uint64_t end, uint32_t type)
{
	if (base < end)
		map->entries[map->count++] = (struct e820_entry){base, end - base, type};
}

static void add_region(struct map *map, const struct memory_region *region, bool pc_memory)
{
	uint64_t base = region->guest_physical, end = base + region->size;
	uint32_t type = region->permissions & MEMORY_WRITE ? E820_RAM : E820_RESERVED;

	if (region->kind != MEMORY_RAM)
		return;
	if (!pc_memory) {
		add(map, base, end, type);
		return;
	}
	add(map, base, end < PC_HOLE_BASE ? end : PC_HOLE_BASE, type);
	add(map, base > PC_HOLE_END ? base : PC_HOLE_END, end, type);
}

static int compare(const void *left, const void *right)
{
	uint64_t a = ((const struct e820_entry *)left)->base;
	uint64_t b = ((const struct e820_entry *)right)->base;

	return (a > b) - (a < b);
}

static void sort_and_join(struct map *map)
{
	struct e820_entry *entries = map->entries;
	uint32_t last = 0;

	qsort(entries, map->count, sizeof(*entries), compare);
	for (uint32_t i = 1; i < map->count; i++) {
		if (entries[last].type == entries[i].type &&
		    entries[last].base + entries[last].size == entries[i].base)
			entries[last].size += entries[i].size;
		else
			entries[++last] = entries[i];
	}
	map->count = map->count == 0 ? 0 : last + 1;
}

uint32_t e820_build(struct arena *arena, const struct memory_region *regions, uint32_t count,
		    bool pc_memory, const struct e820_entry **map)
{
	/* The hole may cut a region in two, and is an entry itself. */
	struct map made = {arena_alloc(arena, (count * 2 + 1) * sizeof(*made.entries)), 0};

	for (uint32_t i = 0; i < count; i++)
		add_region(&made, &regions[i], pc_memory);
	if (pc_memory)
		add(&made, PC_HOLE_BASE, PC_HOLE_END, E820_RESERVED);
	sort_and_join(&made);
	*map = made.count == 0 ? NULL : made.entries;
	return made.count;
}
