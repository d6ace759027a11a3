/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/guest_memory.h"

#include "cpu/msr.h"
#include "cpu/privileged.h"
#include "cpu/registers.h"
#include "lib/string.h"

/* Written so that neither address + size nor region end can wrap. */
static bool region_contains(const struct memory_region *region, gpa_t address)
{
	return address >= region->guest_physical && address - region->guest_physical < region->size;
}

static const struct memory_region *region_find(const struct vm_config *vm, gpa_t address)
{
	for (uint32_t i = 0; i < vm->memory_count; i++) {
		if (region_contains(&vm->memory[i], address))
			return &vm->memory[i];
	}
	return NULL;
}

enum error guest_translate_piece(const struct vm_config *vm, gpa_t address, uint64_t size,
				 uint32_t permissions, hpa_t *host, uint64_t *length)
{
	const struct memory_region *region = region_find(vm, address);
	uint64_t offset, left;

	if (region == NULL || region->kind == MEMORY_DEVICE ||
	    (region->permissions & permissions) != permissions)
		return ERROR_GUEST_ADDRESS;
	offset = address - region->guest_physical;
	left = region->size - offset;
	*host = region->host_physical + offset;
	*length = size < left ? size : left;
	return ERROR_OK;
}

enum error guest_translate_range(const struct vm_config *vm, gpa_t address, uint64_t size,
				 uint32_t permissions, hpa_t *host)
{
	uint64_t length;
	enum error error = guest_translate_piece(vm, address, size, permissions, host, &length);

	if (error != ERROR_OK)
		return error;
	return length == size ? ERROR_OK : ERROR_GUEST_ADDRESS;
}

bool guest_is_ram(const struct vm_config *vm, gpa_t address, uint64_t size, uint32_t permissions)
{
	hpa_t host;
	uint64_t length;

	if (size != 0 && address + (size - 1) < address)
		return false;
	for (; size > 0; size -= length, address += length) {
		if (guest_translate_piece(vm, address, size, permissions, &host, &length) !=
		    ERROR_OK)
			return false;
	}
	return true;
}

enum error guest_copy(const struct vm_config *vm, gpa_t address, void *buffer, size_t size,
		      enum memory_permission permission)
{
	uint8_t *bytes = buffer;
	uint64_t length = 0;
	hpa_t host = 0;

	if (!guest_is_ram(vm, address, size, permission))
		return ERROR_GUEST_ADDRESS;
	for (; size > 0; size -= length, address += length, bytes += length) {
		(void)guest_translate_piece(vm, address, size, 0, &host, &length);
		if (permission == MEMORY_WRITE)
			memcpy(host_pointer(host), bytes, length);
		else
			memcpy(bytes, host_pointer(host), length);
	}
	return ERROR_OK;
}

/* Paging-structure entries (SDM 3.4.3 to 3.4.5). */
#define ENTRY_PRESENT    UINT64_C(0x1)
#define ENTRY_LARGE      UINT64_C(0x80)
#define ENTRY_NO_EXECUTE UINT64_C(0x8000000000000000)
#define ENTRY_ADDRESS    UINT64_C(0x000FFFFFFFFFF000)

#define PAGE_SHIFT 12

/* How addresses are translated (SDM 3.4.1.1). */
struct paging_mode {
	unsigned levels;
	bool narrow; /* entries are of 4 bytes and 10 bits of the address instead of 8 and 9 */
	unsigned large_levels; /* bit n: an entry of level n (1 is the lowest) may map a page */
	gpa_t root;            /* the uppermost table */
	uint64_t
		reserved; /* bits of entries that have to be 0 (SDM 3.4.4.2, 3.4.5.4); none of narrow ones without PSE-36 */
};

static struct paging_mode paging_mode(const struct guest_paging *paging)
{
	struct paging_mode mode = {
		.levels = paging->cr4 & CR4_LA57 ? 5 : 4,
		.large_levels = 1 << 2 | 1 << 3,
		.root = paging->cr3 & ENTRY_ADDRESS,
	};

	if (paging->physical_bits)
		mode.reserved = ENTRY_ADDRESS & UINT64_MAX << paging->physical_bits;
	if (!(paging->efer & EFER_NXE))
		mode.reserved |= ENTRY_NO_EXECUTE;
	if (paging->efer & EFER_LMA)
		return mode;
	mode.large_levels = 1 << 2;
	if (paging->cr4 & CR4_PAE) {
		mode.levels = 3;
		mode.root = paging->cr3 & 0xFFFFFFE0;
		mode.reserved |= UINT64_C(0x7FF0000000000000);
		return mode;
	}
	mode.levels = 2;
	mode.narrow = true;
	mode.root = paging->cr3 & 0xFFFFF000;
	mode.reserved = 0;
	if (!(paging->cr4 & CR4_PSE))
		mode.large_levels = 0;
	return mode;
}

/*
 * One access, because another vCPU may replace the entry meanwhile: half of the old and half of the
 * new one would lead somewhere that the guest never asked for.
 */
static uint64_t entry_load(bool narrow, hpa_t host)
{
	if (narrow)
		return __atomic_load_n((const uint32_t *)host_pointer(host), __ATOMIC_RELAXED);
	return __atomic_load_n((const uint64_t *)host_pointer(host), __ATOMIC_RELAXED);
}

bool guest_is_canonical(gva_t linear, unsigned levels)
{
	unsigned unused = 64 - (PAGE_SHIFT + levels * 9);

	return (gva_t)((int64_t)(linear << unused) >> unused) == linear;
}

/* With 4-byte entries, bits 20:13 of a large entry are bits 39:32 of the address (SDM 3.4.3). */
static gpa_t large_page_base(bool narrow, uint64_t entry)
{
	if (narrow)
		return (entry & 0xFFC00000) | (entry >> 13 & 0xFF) << 32;
	return entry & ENTRY_ADDRESS;
}

/* Sets bits in an entry that still is what was read. */
static void entry_mark(const struct vm_config *vm, gpa_t address, bool narrow, uint64_t entry,
		       uint64_t bits)
{
	uint32_t entry32 = (uint32_t)entry;
	hpa_t host;

	if ((entry & bits) == bits ||
	    guest_translate_range(vm, address, narrow ? 4 : 8, MEMORY_WRITE, &host) != ERROR_OK)
		return;
	if (narrow)
		__atomic_compare_exchange_n((uint32_t *)host_pointer(host), &entry32,
					    entry32 | (uint32_t)bits, false, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED);
	else
		__atomic_compare_exchange_n((uint64_t *)host_pointer(host), &entry, entry | bits,
					    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* One for each level, so there is room. */
static void path_add(struct guest_path *path, hpa_t at, uint64_t value)
{
	path->entries[path->count].at = at;
	path->entries[path->count++].value = value;
}

static enum error walk(const struct vm_config *vm, const struct paging_mode *mode, gva_t linear,
		       struct guest_mapping *mapping, struct guest_path *path, uint64_t mark)
{
	unsigned index_bits = mode->narrow ? 10 : 9;
	unsigned shift = PAGE_SHIFT + mode->levels * index_bits;
	gpa_t table = mode->root;

	for (unsigned level = mode->levels;; level--) {
		/* The four PAE entries above the page directories have no rights and marks (SDM 3.4.4.1). */
		bool has_rights = level != 3 || mode->levels != 3;
		unsigned size = mode->narrow ? 4 : 8;
		uint64_t page_mask, entry;
		gpa_t address;
		hpa_t host;
		bool large, last;

		shift -= index_bits;
		page_mask = (UINT64_C(1) << shift) - 1;
		address = table + (linear >> shift & ((1u << index_bits) - 1)) * size;
		if (guest_translate_range(vm, address, size, MEMORY_READ, &host))
			return ERROR_GUEST_ADDRESS;
		entry = entry_load(mode->narrow, host);
		if (!(entry & ENTRY_PRESENT))
			return ERROR_GUEST_NOT_MAPPED;
		large = (mode->large_levels >> level & 1) && (entry & ENTRY_LARGE);
		last = large || level == 1;
		if (path && !mode->narrow)
			path_add(path, host, entry);
		if (mark && has_rights)
			entry_mark(vm, address, mode->narrow, entry,
				   last ? mark : mark & ~GUEST_ENTRY_DIRTY);
		if (has_rights) {
			mapping->rights &= entry;
			mapping->reserved |=
				entry & (mode->reserved | (level >= 4 ? ENTRY_LARGE : 0));
		}
		table = large ? large_page_base(mode->narrow, entry) : entry & ENTRY_ADDRESS;
		if (last) {
			mapping->physical = (table & ~page_mask) | (linear & page_mask);
			mapping->last = entry;
			return ERROR_OK;
		}
	}
}

enum error guest_linear_walk(const struct vm_config *vm, const struct guest_paging *paging,
			     gva_t linear, struct guest_mapping *mapping, struct guest_path *path,
			     uint64_t mark)
{
	struct paging_mode mode = paging_mode(paging);
	bool paged = paging->cr0 & CR0_PG;

	if (!paged || mode.levels < 4)
		linear &= UINT32_MAX;
	*mapping = (struct guest_mapping){.physical = linear, .rights = UINT64_MAX};
	if (!paged)
		return ERROR_OK;
	if (mode.levels >= 4 && !guest_is_canonical(linear, mode.levels))
		return ERROR_GUEST_NOT_MAPPED;
	return walk(vm, &mode, linear, mapping, path, mark);
}
