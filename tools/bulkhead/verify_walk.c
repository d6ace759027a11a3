/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the EPTs as the processor does (SDM 3.29.3.2) and keeps what they map. An entry has to be more
 * than what a processor accepts: bits that one ignores mean something to the next one, or with
 * another control, so they have to be 0.
 */
#include "verify_internal.h"

#define ENTRIES     512
#define ROOT_LEVEL  4
#define ENTRY_SIZE  sizeof(uint64_t)
#define EPT_READ    UINT64_C(0x1)
#define EPT_WRITE   UINT64_C(0x2)
#define EPT_RIGHTS  UINT64_C(0x7)
#define EPT_TYPE    UINT64_C(0x38)
#define EPT_IPAT    UINT64_C(0x40)
#define EPT_LARGE   UINT64_C(0x80)
#define EPT_ADDRESS UINT64_C(0x000FFFFFFFFFF000)
#define TYPE_OF(e)  ((uint32_t)((e) >> 3 & 7))

static const char *const type_names[8] = {"UC", "WC", "?", "?", "WT", "WP", "WB", "?"};

uint64_t verify_entry_size(unsigned level)
{
	return PAGE_SIZE_4K << (9 * (level - 1));
}

const char *verify_permissions(uint32_t permissions)
{
	static const char *const names[8] = {"---", "r--", "-w-", "rw-",
					     "--x", "r-x", "-wx", "rwx"};

	return names[permissions & 7];
}

const char *verify_type_name(uint32_t type)
{
	return type_names[type & 7];
}

const char *verify_entry_path(struct verify *verify, gpa_t guest, unsigned level)
{
	static const char *const names[ROOT_LEVEL + 1] = {"", "PT", "PD", "PDPT", "PML4"};
	const char *path = "";

	for (unsigned i = ROOT_LEVEL; i >= level; i--)
		path = verify_format(verify, "%s%s%s[%u]", path, i == ROOT_LEVEL ? "" : " ",
				     names[i], (unsigned)(guest / verify_entry_size(i) % ENTRIES));
	return path;
}

/* --- Tables seen so far ------------------------------------------------------------------------ */

struct walk {
	struct verify *verify;
	struct verify_vm *vm;
	uint32_t index; /* of the VM */
	/* Of each page in the file's part of each segment: which VM's table it is, plus 1. */
	uint32_t *owner;
};

/* Number of the page at an address that verify_read_only() has approved. */
uint64_t verify_page_number(const struct verify_image *image, uint64_t address)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct verify_segment *segment = &image->segments[i];

		if (address >= segment->address && address - segment->address < segment->file_size)
			return number + (address - segment->address) / PAGE_SIZE_4K;
		number += segment->file_size / PAGE_SIZE_4K + 1;
	}
	return number;
}

uint64_t verify_page_count(const struct verify_image *image)
{
	uint64_t count = 1;

	for (unsigned i = 0; i < image->segment_count; i++)
		count += image->segments[i].file_size / PAGE_SIZE_4K + 1;
	return count;
}

static const char *place_of(struct walk *walk, gpa_t guest, unsigned level)
{
	if (level > ROOT_LEVEL)
		return "ept_root";
	return verify_entry_path(walk->verify, guest, level);
}

/* The table that an entry of `level` (ROOT_LEVEL + 1: the VM's ept_root) points to; NULL if it is no good. */
static const uint8_t *enter_table(struct walk *walk, uint64_t address, gpa_t guest, unsigned level)
{
	struct verify *verify = walk->verify;
	const struct verify_image *image = &verify->image;
	const char *problem = verify_read_only(image, address, PAGE_SIZE_4K, PAGE_SIZE_4K);
	uint32_t *owner;

	if (problem) {
		verify_report(verify, VERIFY_POINTER,
			      "%s: EPT: %s points to 0x%" PRIx64 ", which %s", walk->vm->label,
			      place_of(walk, guest, level), address, problem);
		return NULL;
	}
	owner = &walk->owner[verify_page_number(image, address)];
	if (*owner) {
		verify_report(verify, VERIFY_EPT_TABLE,
			      "%s: EPT: %s points to 0x%" PRIx64 ", which is already a table of %s",
			      walk->vm->label, place_of(walk, guest, level), address,
			      verify->vms[*owner - 1].label);
		return NULL;
	}
	*owner = walk->index + 1;
	verify->statistics.ept_tables++;
	verify_followed(verify, address, PAGE_SIZE_4K, "EPT");
	return verify_bytes(image, address);
}

/* --- Entries ----------------------------------------------------------------------------------- */

static bool is_leaf(uint64_t entry, unsigned level)
{
	return level == 1 || (entry & EPT_LARGE && level < ROOT_LEVEL);
}

/* What makes the processor report a misconfiguration instead of using the entry (SDM 3.29.3.3.1). */
static const char *misconfiguration(uint64_t entry, unsigned level, uint32_t address_bits)
{
	uint64_t reserved = EPT_ADDRESS & ~((UINT64_C(1) << address_bits) - 1);
	uint32_t type = TYPE_OF(entry);

	if (entry & EPT_WRITE && !(entry & EPT_READ))
		return "may be written but not read";
	if (!(entry & EPT_READ))
		return "may be executed but not read, which not every processor can";
	if (entry & reserved)
		return "has an address beyond the physical address width";
	if (!is_leaf(entry, level))
		return entry & (EPT_TYPE | EPT_IPAT | EPT_LARGE) ? "has reserved bits set" : NULL;
	if (type == 2 || type == 3 || type == 7)
		return "has a reserved memory type";
	if (entry & EPT_ADDRESS & (verify_entry_size(level) - 1))
		return "has an address that is not aligned to its page size";
	return NULL;
}

static uint64_t meaningless_bits(uint64_t entry, unsigned level)
{
	uint64_t known = EPT_RIGHTS | EPT_ADDRESS;

	if (is_leaf(entry, level))
		known |= EPT_TYPE | EPT_IPAT | (level > 1 ? EPT_LARGE : 0);
	return entry & ~known;
}

static void report_entry(struct walk *walk, uint64_t entry, gpa_t guest, unsigned level,
			 const char *problem)
{
	verify_report(walk->verify, VERIFY_EPT_ENTRY, "%s: EPT entry at %s, 0x%016" PRIx64 ", %s",
		      walk->vm->label, verify_entry_path(walk->verify, guest, level), entry,
		      problem);
}

/* False if the processor would not use the entry. */
static bool check_entry(struct walk *walk, uint64_t entry, gpa_t guest, unsigned level)
{
	uint32_t address_bits = walk->verify->scenario.physical_address_bits;
	const char *problem;

	if (!(entry & EPT_RIGHTS)) {
		report_entry(walk, entry, guest, level, "allows nothing but is not 0");
		return false;
	}
	problem = misconfiguration(entry, level, address_bits < 52 ? address_bits : 52);
	if (problem) {
		report_entry(walk, entry, guest, level, problem);
		return false;
	}
	if (meaningless_bits(entry, level))
		report_entry(walk, entry, guest, level, "has bits set that should mean nothing");
	return true;
}

/* --- Extents ----------------------------------------------------------------------------------- */

static bool continues(const struct verify_extent *last, const struct verify_extent *next)
{
	return last->guest + last->size == next->guest && last->host + last->size == next->host &&
	       last->level == next->level && last->permissions == next->permissions &&
	       last->type == next->type && last->ignore_pat == next->ignore_pat;
}

static void add_leaf(struct walk *walk, uint64_t entry, gpa_t guest, unsigned level,
		     uint64_t rights)
{
	struct verify_vm *vm = walk->vm;
	struct verify_extent leaf = {
		.vm = walk->index,
		.level = level,
		.guest = guest,
		.host = entry & EPT_ADDRESS,
		.size = verify_entry_size(level),
		.permissions = (uint32_t)(entry & rights & EPT_RIGHTS),
		.type = TYPE_OF(entry),
		.ignore_pat = entry & EPT_IPAT,
	};

	walk->verify->statistics.leaves++;
	walk->verify->statistics.pages += leaf.size / PAGE_SIZE_4K;
	vm->leaves[level]++;
	if (vm->extent_count && continues(&vm->extents[vm->extent_count - 1], &leaf))
		vm->extents[vm->extent_count - 1].size += leaf.size;
	else
		*ARENA_PUSH(walk->verify->arena, vm->extents, vm->extent_count) = leaf;
}

/* No deeper than four levels, and no table is entered twice, whatever the image holds. */
static void walk_table(struct walk *walk, const uint8_t *table, gpa_t base, unsigned level,
		       uint64_t rights)
{
	for (unsigned i = 0; i < ENTRIES; i++) {
		gpa_t guest = base + i * verify_entry_size(level);
		uint64_t entry;

		memcpy(&entry, table + i * ENTRY_SIZE, ENTRY_SIZE);
		walk->verify->statistics.ept_entries++;
		if (entry == 0 || !check_entry(walk, entry, guest, level))
			continue;
		if (is_leaf(entry, level)) {
			add_leaf(walk, entry, guest, level, rights);
			continue;
		}
		const uint8_t *next = enter_table(walk, entry & EPT_ADDRESS, guest, level);
		if (next)
			walk_table(walk, next, guest, level - 1, rights & entry);
	}
}

/* --- Whole ------------------------------------------------------------------------------------- */

static int compare_hosts(const void *left, const void *right)
{
	const struct verify_extent *a = left, *b = right;

	if (a->host != b->host)
		return a->host < b->host ? -1 : 1;
	if (a->vm != b->vm)
		return a->vm < b->vm ? -1 : 1;
	return a->guest < b->guest ? -1 : a->guest > b->guest;
}

static void sort_hosts(struct verify_extent *extents, unsigned count)
{
	if (count)
		qsort(extents, count, sizeof(*extents), compare_hosts);
}

/* The part of an extent from `from` on and before `to`, both offsets into it. */
static void add_private(struct verify *verify, const struct verify_extent *extent, uint64_t from,
			uint64_t to)
{
	struct verify_extent *piece;

	if (from >= to)
		return;
	piece = ARENA_PUSH(verify->arena, verify->privates, verify->private_count);
	*piece = *extent;
	piece->guest += from;
	piece->host += from;
	piece->size = to - from;
}

/*
 * What is left of an extent without the ranges that its VM declares as shared, each of which is one of
 * the scenario's shares and mapped as declared. The rest must be the VM's alone.
 */
static void cut_shares(struct verify *verify, const struct verify_vm *vm,
		       const struct verify_extent *extent)
{
	uint64_t done = 0;

	for (uint32_t i = 0; i < vm->config.memory_count; i++) {
		const struct memory_region *region = &vm->memory[i];
		uint64_t from, to;

		if (region->kind != MEMORY_SHARED ||
		    region->host_physical - region->guest_physical !=
			    extent->host - extent->guest ||
		    region->guest_physical >= extent->guest + extent->size ||
		    region->guest_physical + region->size <= extent->guest ||
		    !verify_share_of(verify, region->host_physical, region->size))
			continue;
		from = region->guest_physical > extent->guest
			       ? region->guest_physical - extent->guest
			       : 0;
		to = region->guest_physical + region->size - extent->guest;
		add_private(verify, extent, done, from);
		done = to > done ? to : done;
	}
	add_private(verify, extent, done, extent->size);
}

/* All that rules about who may reach what look at: one extent, or what is left of it. */
static void add_host(struct verify *verify, const struct verify_vm *vm,
		     const struct verify_extent *extent, uint64_t from, uint64_t to)
{
	struct verify_extent piece = *extent;

	if (from >= to)
		return;
	piece.guest += from;
	piece.host += from;
	piece.size = to - from;
	*ARENA_PUSH(verify->arena, verify->hosts, verify->host_count) = piece;
	cut_shares(verify, vm, &piece);
}

/*
 * What is left of an extent without the monitor's window that its VM declares, mapped as it must be and
 * read-only. Anything else of the hypervisor remains, and is reported by the rules on its memory.
 */
static void cut_window(struct verify *verify, const struct verify_vm *vm,
		       const struct verify_extent *extent)
{
	unsigned count;
	const struct verify_item *window = verify_window(verify, vm, &count);
	uint64_t done = 0;

	for (unsigned i = 0; i < count && extent->permissions == MEMORY_READ; i++) {
		const struct verify_item *item = &window[i];
		uint64_t from, to;

		if (item->shift != extent->host - extent->guest ||
		    item->start >= extent->guest + extent->size || item->end <= extent->guest)
			continue;
		from = item->start > extent->guest ? item->start - extent->guest : 0;
		to = item->end - extent->guest;
		to = to < extent->size ? to : extent->size;
		add_host(verify, vm, extent, done, from);
		done = to > done ? to : done;
	}
	add_host(verify, vm, extent, done, extent->size);
}

static void collect_hosts(struct verify *verify)
{
	FOR_EACH_VM(verify, vm)
		for (unsigned i = 0; i < vm->extent_count; i++)
			cut_window(verify, vm, &vm->extents[i]);
	sort_hosts(verify->hosts, verify->host_count);
	sort_hosts(verify->privates, verify->private_count);
}

void verify_walk(struct verify *verify)
{
	uint64_t pages = verify_page_count(&verify->image);
	struct walk walk = {
		.verify = verify,
		.owner = arena_alloc(verify->arena, pages * sizeof(*walk.owner)),
	};

	FOR_EACH_VM(verify, vm) {
		walk.vm = vm;
		walk.index = (uint32_t)(vm - verify->vms);
		const uint8_t *root =
			enter_table(&walk, (uint64_t)vm->config.ept_root, 0, ROOT_LEVEL + 1);
		if (root)
			walk_table(&walk, root, 0, ROOT_LEVEL, EPT_RIGHTS);
	}
	collect_hosts(verify);
}
