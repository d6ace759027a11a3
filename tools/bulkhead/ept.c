/* SPDX-License-Identifier: Apache-2.0 */
#include "ept.h"

#include <stdlib.h>
#include <string.h>

#define HOST_ADDRESS_LIMIT (EPT_ADDRESS_MASK + PAGE_SIZE_4K)

_Static_assert(MEMORY_READ == 1 && MEMORY_WRITE == 2 && MEMORY_EXECUTE == 4,
	       "memory_permission has the values of EPT bits 2:0");

const char *ept_error_text(enum ept_error error)
{
	static const char *const texts[] = {
		[EPT_OK] = "success",
		[EPT_UNALIGNED] = "address or size is not a multiple of 4 KiB, or the size is 0",
		[EPT_TOO_HIGH] =
			"range does not fit into 48 bits of guest or 52 bits of host address",
		[EPT_PERMISSIONS] = "access rights are empty or allow writing without reading",
		[EPT_OVERLAP] = "guest range is mapped twice",
		[EPT_NO_MEMORY] = "out of memory",
	};

	return texts[error];
}

uint64_t ept_entry_size(unsigned level)
{
	return PAGE_SIZE_4K << (9 * (level - 1));
}

static unsigned entry_index(gpa_t gpa, unsigned level)
{
	return (unsigned)(gpa / ept_entry_size(level)) % EPT_ENTRIES;
}

/* Index of the new table in *index. */
static enum ept_error add_table(struct ept *ept, unsigned level, gpa_t base, uint32_t *index)
{
	struct ept_table *table;

	if (ept->count == ept->room) {
		uint32_t room = ept->room * 2 + 16;
		struct ept_table **larger = realloc(ept->tables, room * sizeof(*larger));

		if (larger == NULL)
			return EPT_NO_MEMORY;
		ept->tables = larger;
		ept->room = room;
	}
	table = calloc(1, sizeof(*table));
	if (table == NULL)
		return EPT_NO_MEMORY;
	table->level = level;
	table->number = ept->level_count[level]++;
	table->base = base;
	for (unsigned i = 0; i < EPT_ENTRIES; i++)
		table->entries[i].child = EPT_NO_CHILD;
	*index = ept->count++;
	ept->tables[*index] = table;
	return EPT_OK;
}

/* The table below `entry`, made if it is missing. */
static enum ept_error descend(struct ept *ept, uint32_t table, gpa_t gpa, uint32_t *child)
{
	unsigned level = ept->tables[table]->level;
	struct ept_entry *entry = &ept->tables[table]->entries[entry_index(gpa, level)];

	if (ept_is_leaf(entry))
		return EPT_OVERLAP;
	if (entry->child == EPT_NO_CHILD) {
		gpa_t base = gpa & ~(ept_entry_size(level) - 1);
		enum ept_error error = add_table(ept, level - 1, base, &entry->child);

		if (error != EPT_OK)
			return error;
		/* Full rights here: the leaf alone decides, since a walk intersects all levels. */
		entry->bits = EPT_RWX;
	}
	*child = entry->child;
	return EPT_OK;
}

static enum ept_error set_leaf(struct ept *ept, gpa_t gpa, unsigned level, uint64_t bits)
{
	uint32_t table = 0;
	struct ept_entry *entry;

	while (ept->tables[table]->level > level) {
		enum ept_error error = descend(ept, table, gpa, &table);

		if (error != EPT_OK)
			return error;
	}
	entry = &ept->tables[table]->entries[entry_index(gpa, level)];
	if (entry->bits != 0)
		return EPT_OVERLAP;
	entry->bits = bits;
	return EPT_OK;
}

/* Level of the largest page that maps the beginning of the range: `top`, or less down to 1. */
static unsigned leaf_level(const struct memory_region *range, unsigned top)
{
	unsigned level = top;

	while (level > 1) {
		uint64_t size = ept_entry_size(level);

		if (range->size >= size &&
		    ((range->guest_physical | range->host_physical) & (size - 1)) == 0)
			break;
		level--;
	}
	return level;
}

static uint64_t leaf_bits(const struct memory_region *range, unsigned level)
{
	uint64_t type = range->kind == MEMORY_DEVICE ? EPT_MEMORY_TYPE_UC : EPT_MEMORY_TYPE_WB;

	return range->host_physical | range->permissions | EPT_MEMORY_TYPE(type) |
	       (level > 1 ? EPT_LARGE_PAGE : 0);
}

static enum ept_error map_range(struct ept *ept, struct memory_region range, unsigned top)
{
	enum ept_error error = EPT_OK;

	while (range.size != 0 && error == EPT_OK) {
		unsigned level = leaf_level(&range, top);
		uint64_t size = ept_entry_size(level);

		error = set_leaf(ept, range.guest_physical, level, leaf_bits(&range, level));
		range.guest_physical += size;
		range.host_physical += size;
		range.size -= size;
	}
	return error;
}

static enum ept_error check_region(const struct memory_region *region)
{
	uint64_t guest_limit = UINT64_C(1) << EPT_ADDRESS_BITS;
	uint64_t guest = region->guest_physical, host = region->host_physical;

	if (region->size == 0 || ((guest | host | region->size) & (PAGE_SIZE_4K - 1)) != 0)
		return EPT_UNALIGNED;
	if (region->size > guest_limit || guest > guest_limit - region->size ||
	    host > HOST_ADDRESS_LIMIT - region->size)
		return EPT_TOO_HIGH;
	if ((region->permissions & MEMORY_READ) == 0 || (region->permissions & ~EPT_RWX) != 0)
		return EPT_PERMISSIONS;
	return EPT_OK;
}

static int compare_regions(const void *left, const void *right)
{
	gpa_t a = ((const struct memory_region *)left)->guest_physical;
	gpa_t b = ((const struct memory_region *)right)->guest_physical;

	return (a > b) - (a < b);
}

static bool continues(const struct memory_region *first, const struct memory_region *next)
{
	return first->guest_physical + first->size == next->guest_physical &&
	       first->host_physical + first->size == next->host_physical &&
	       first->permissions == next->permissions && first->kind == next->kind;
}

/* Sorts by guest address and joins neighbours in place; returns how many remain. */
static size_t coalesce(struct memory_region *regions, size_t count)
{
	size_t last = 0;

	qsort(regions, count, sizeof(*regions), compare_regions);
	for (size_t i = 1; i < count; i++) {
		if (continues(&regions[last], &regions[i]))
			regions[last].size += regions[i].size;
		else
			regions[++last] = regions[i];
	}
	return count == 0 ? 0 : last + 1;
}

static enum ept_error map_all(struct ept *ept, struct memory_region *regions, size_t count,
			      unsigned top)
{
	enum ept_error error = EPT_OK;
	uint32_t root;

	for (size_t i = 0; i < count && error == EPT_OK; i++)
		error = check_region(&regions[i]);
	if (error == EPT_OK)
		error = add_table(ept, EPT_LEVEL_ROOT, 0, &root);
	if (error == EPT_OK)
		count = coalesce(regions, count);
	for (size_t i = 0; i < count && error == EPT_OK; i++)
		error = map_range(ept, regions[i], top);
	return error;
}

enum ept_error ept_build(struct ept *ept, const struct memory_region *regions, size_t count)
{
	return ept_build_limited(ept, regions, count, PAGE_SIZE_1G);
}

enum ept_error ept_build_limited(struct ept *ept, const struct memory_region *regions, size_t count,
				 uint64_t largest_page)
{
	unsigned top = largest_page >= PAGE_SIZE_1G ? 3 : largest_page >= PAGE_SIZE_2M ? 2 : 1;
	struct memory_region *sorted = calloc(count + 1, sizeof(*sorted));
	enum ept_error error = EPT_NO_MEMORY;

	*ept = (struct ept){0};
	if (sorted == NULL)
		return error;
	if (count != 0)
		memcpy(sorted, regions, count * sizeof(*sorted));
	error = map_all(ept, sorted, count, top);
	if (error != EPT_OK)
		ept_free(ept);
	free(sorted);
	return error;
}

void ept_free(struct ept *ept)
{
	for (uint32_t i = 0; i < ept->count; i++)
		free(ept->tables[i]);
	free(ept->tables);
	*ept = (struct ept){0};
}
