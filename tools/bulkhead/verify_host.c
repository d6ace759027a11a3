/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the hypervisor's own page tables of every core as the processor does (SDM 3.4.5) and keeps what they
 * map. Entries have to be exactly of the kinds that bulkhead/host.h has: in a bit that means nothing to
 * these tables, something is wrong.
 */
#include "bulkhead/host.h"
#include "verify_internal.h"

#define ENTRIES      512
#define ROOT_LEVEL   4
#define ENTRY_SIZE   sizeof(uint64_t)
#define HOST_ADDRESS UINT64_C(0x000FFFFFFFFFF000)
/* Bits that decide about access, and are compared with what is expected of the page. */
#define RIGHTS (HOST_WRITE | HOST_UC | HOST_NX)

struct walk {
	struct verify *verify;
	struct verify_core *core;
	uint32_t *last; /* by page of the file: the core that entered it last, plus 1 */
};

static const char *place_of(const struct walk *walk, hpa_t address, unsigned level)
{
	if (level > ROOT_LEVEL)
		return "host_root";
	return verify_entry_path(walk->verify, address, level);
}

/* The table that an entry of `level` (ROOT_LEVEL + 1: the core's host_root) points to; NULL if it is no good. */
static const uint8_t *enter_table(struct walk *walk, uint64_t table, hpa_t address, unsigned level)
{
	struct verify *verify = walk->verify;
	const struct verify_image *image = &verify->image;
	const char *problem = verify_read_only(image, table, PAGE_SIZE_4K, PAGE_SIZE_4K);
	uint32_t number = (uint32_t)(walk->core - verify->host_cores) + 1;
	uint32_t *last;

	if (problem) {
		verify_report(verify, VERIFY_POINTER,
			      "%s: page tables: %s points to 0x%" PRIx64 ", which %s",
			      walk->core->label, place_of(walk, address, level), table, problem);
		return NULL;
	}
	last = &walk->last[verify_page_number(image, table)];
	if (*last == number || (*last && level > ROOT_LEVEL)) {
		verify_report(verify, VERIFY_HOST_TABLE,
			      "%s: page tables: %s points to 0x%" PRIx64
			      ", which is already a table of %s",
			      walk->core->label, place_of(walk, address, level), table,
			      verify->host_cores[*last - 1].label);
		return NULL;
	}
	if (!*last) {
		verify->statistics.host_tables++;
		verify_followed(verify, table, PAGE_SIZE_4K, "host page table");
	}
	*last = number;
	return verify_bytes(image, table);
}

/* --- Entries ----------------------------------------------------------------------------------- */

static bool is_leaf(uint64_t entry, unsigned level)
{
	return level == 1 || (entry & HOST_LARGE && level < ROOT_LEVEL);
}

/* What the processor would fault on (SDM 3.4.7), or take for an address that is none of this machine. */
static const char *unusable(const struct walk *walk, uint64_t entry, unsigned level)
{
	uint32_t bits = walk->verify->scenario.physical_address_bits;

	if (!(entry & HOST_PRESENT))
		return "is not present but not 0";
	if (bits < 52 && (entry & HOST_ADDRESS) >> bits)
		return "has an address beyond the physical address width";
	if (is_leaf(entry, level) && entry & HOST_ADDRESS & (verify_entry_size(level) - 1))
		return "has an address that is not aligned to its page size";
	return NULL;
}

/* Accessed and dirty are set beforehand, or the processor would write into constants. */
static const char *odd(uint64_t entry, unsigned level)
{
	uint64_t flags = entry & ~HOST_ADDRESS;

	if (!is_leaf(entry, level))
		return flags == HOST_TABLE ? NULL : "is no plain reference to a table";
	flags &= ~RIGHTS;
	if (level > 1)
		flags ^= HOST_LARGE;
	if (flags != (HOST_PRESENT | HOST_ACCESSED | (entry & HOST_WRITE ? HOST_DIRTY : 0)))
		return "has bits that no page of the hypervisor has";
	return NULL;
}

static bool check_entry(struct walk *walk, uint64_t entry, hpa_t address, unsigned level)
{
	const char *broken = unusable(walk, entry, level);
	const char *problem = broken ? broken : odd(entry, level);

	if (problem)
		verify_report(walk->verify, VERIFY_HOST_ENTRY,
			      "%s: page-table entry at %s, 0x%016" PRIx64 ", %s", walk->core->label,
			      verify_entry_path(walk->verify, address, level), entry, problem);
	return !broken;
}

/* --- What is mapped ---------------------------------------------------------------------------- */

uint64_t verify_host_rights(uint64_t entry)
{
	return MEMORY_READ | (entry & HOST_WRITE ? MEMORY_WRITE : 0) |
	       (entry & HOST_NX ? 0 : MEMORY_EXECUTE) | (entry & HOST_UC);
}

static void add_leaf(struct walk *walk, uint64_t entry, hpa_t address, unsigned level)
{
	struct verify_core *core = walk->core;
	struct verify_item leaf = {
		.start = address,
		.end = address + verify_entry_size(level),
		.shift = (entry & HOST_ADDRESS) - address,
		.properties = verify_host_rights(entry),
	};
	struct verify_item *last = core->item_count ? &core->items[core->item_count - 1] : NULL;

	walk->verify->statistics.host_leaves++;
	if (last && last->end == leaf.start && last->shift == leaf.shift &&
	    last->properties == leaf.properties)
		last->end = leaf.end;
	else
		*ARENA_PUSH(walk->verify->arena, core->items, core->item_count) = leaf;
}

/* No deeper than four levels, and no table is entered twice for one core, whatever the image holds. */
static void walk_table(struct walk *walk, const uint8_t *table, hpa_t base, unsigned level)
{
	for (unsigned i = 0; i < ENTRIES; i++) {
		hpa_t address = base + i * verify_entry_size(level);
		uint64_t entry;

		memcpy(&entry, table + i * ENTRY_SIZE, ENTRY_SIZE);
		walk->verify->statistics.host_entries++;
		if (entry == 0 || !check_entry(walk, entry, address, level))
			continue;
		if (is_leaf(entry, level)) {
			add_leaf(walk, entry, address, level);
			continue;
		}
		const uint8_t *next = enter_table(walk, entry & HOST_ADDRESS, address, level);
		if (next)
			walk_table(walk, next, address, level - 1);
	}
}

static void walk_root(struct walk *walk, uint64_t address)
{
	const uint8_t *root = enter_table(walk, address, 0, ROOT_LEVEL + 1);

	if (root)
		walk_table(walk, root, 0, ROOT_LEVEL);
}

void verify_walk_host(struct verify *verify)
{
	uint32_t count = verify->scenario.core_count;
	struct walk walk = {
		.verify = verify,
		.last = arena_alloc(verify->arena,
				    verify_page_count(&verify->image) * sizeof(*walk.last)),
	};

	verify->host_cores =
		arena_alloc(verify->arena, (size_t)2 * count * sizeof(*verify->host_cores));
	for (uint32_t i = 0; i < count; i++) {
		walk.core = &verify->host_cores[i];
		walk.core->label = verify_format(verify, "core %" PRIu32 " (APIC id %" PRIu32 ")",
						 i, verify->cores[i].apic_id);
		walk_root(&walk, (uint64_t)verify->cores[i].host_root);
	}
	for (uint32_t i = 0; i < count; i++) {
		walk.core = &verify->host_cores[count + i];
		walk.core->label = verify_format(verify, "console on core %" PRIu32, i);
		if (verify->cores[i].console_root)
			walk_root(&walk, (uint64_t)verify->cores[i].console_root);
	}
}
