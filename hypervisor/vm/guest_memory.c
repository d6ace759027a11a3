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

/* To the guest's memory with MEMORY_WRITE, from it with MEMORY_READ. */
static enum error copy(const struct vm_config *vm, gpa_t address, uint8_t *buffer, size_t size,
		       enum memory_permission permission)
{
	uint64_t length = 0;
	hpa_t host = 0;

	if (!guest_is_ram(vm, address, size, permission))
		return ERROR_GUEST_ADDRESS;
	for (; size > 0; size -= length, address += length, buffer += length) {
		(void)guest_translate_piece(vm, address, size, 0, &host, &length);
		if (permission == MEMORY_WRITE)
			memcpy(host_pointer(host), buffer, length);
		else
			memcpy(buffer, host_pointer(host), length);
	}
	return ERROR_OK;
}

enum error guest_read(const struct vm_config *vm, gpa_t address, void *buffer, size_t size)
{
	return copy(vm, address, buffer, size, MEMORY_READ);
}

enum error guest_write(const struct vm_config *vm, gpa_t address, const void *buffer, size_t size)
{
	return copy(vm, address, (uint8_t *)buffer, size, MEMORY_WRITE); /* only reads it */
}

/* Paging-structure entries (SDM 3.4.3 to 3.4.5). */
#define ENTRY_PRESENT    UINT64_C(0x1)
#define ENTRY_WRITE      UINT64_C(0x2)
#define ENTRY_USER       UINT64_C(0x4)
#define ENTRY_ACCESSED   UINT64_C(0x20)
#define ENTRY_DIRTY      UINT64_C(0x40)
#define ENTRY_LARGE      UINT64_C(0x80)
#define ENTRY_NO_EXECUTE UINT64_C(0x8000000000000000)
#define ENTRY_KEY_SHIFT  59
#define ENTRY_ADDRESS    UINT64_C(0x000FFFFFFFFFF000)

#define PAGE_SHIFT 12

struct paging_mode {
	uint8_t levels;
	uint8_t entry_size;   /* in bytes */
	uint8_t index_bits;   /* of the linear address, per level */
	uint8_t large_levels; /* bit n: an entry of level n (1 is the lowest) may map a page */
	uint64_t root_mask;   /* of the address in CR3 */
};

static const struct paging_mode mode_32bit = {2, 4, 10, 0, 0xFFFFF000};
static const struct paging_mode mode_32bit_pse = {2, 4, 10, 1 << 2, 0xFFFFF000};
static const struct paging_mode mode_pae = {3, 8, 9, 1 << 2, 0xFFFFFFE0};
static const struct paging_mode mode_4level = {4, 8, 9, 1 << 2 | 1 << 3, ENTRY_ADDRESS};
static const struct paging_mode mode_5level = {5, 8, 9, 1 << 2 | 1 << 3, ENTRY_ADDRESS};

static const struct paging_mode *paging_mode(const struct guest_paging *paging)
{
	if (paging->efer & EFER_LMA)
		return paging->cr4 & CR4_LA57 ? &mode_5level : &mode_4level;
	if (paging->cr4 & CR4_PAE)
		return &mode_pae;
	return paging->cr4 & CR4_PSE ? &mode_32bit_pse : &mode_32bit;
}

/*
 * One access, because another vCPU may replace the entry meanwhile: half of the old and half of the
 * new one would lead somewhere that the guest never asked for.
 */
static uint64_t entry_load(const struct paging_mode *mode, hpa_t host)
{
	if (mode->entry_size == sizeof(uint32_t))
		return __atomic_load_n((const uint32_t *)host_pointer(host), __ATOMIC_RELAXED);
	return __atomic_load_n((const uint64_t *)host_pointer(host), __ATOMIC_RELAXED);
}

static bool is_canonical(gva_t linear, const struct paging_mode *mode)
{
	unsigned unused = 64 - (PAGE_SHIFT + mode->levels * mode->index_bits);

	return (gva_t)((int64_t)(linear << unused) >> unused) == linear;
}

/* With 4-byte entries, bits 20:13 of a large entry are bits 39:32 of the address (SDM 3.4.3). */
static gpa_t large_page_base(const struct paging_mode *mode, uint64_t entry)
{
	if (mode->entry_size == sizeof(uint32_t))
		return (entry & 0xFFC00000) | (entry >> 13 & 0xFF) << 32;
	return entry & ENTRY_ADDRESS;
}

/* The four PAE entries above the page directories have no such bits, which are reserved (SDM 3.4.4.1). */
static bool has_rights(const struct paging_mode *mode, unsigned level)
{
	return mode != &mode_pae || level < mode->levels;
}

/* Bits of 8-byte entries that have to be 0 (SDM 3.4.4.2, 3.4.5.4); 4-byte ones have none without PSE-36. */
static uint64_t reserved_bits(const struct guest_paging *paging, const struct paging_mode *mode,
			      unsigned level)
{
	uint64_t reserved =
		paging->physical_bits ? ENTRY_ADDRESS & UINT64_MAX << paging->physical_bits : 0;

	if (mode->entry_size == sizeof(uint32_t) || !has_rights(mode, level))
		return 0;
	if (!(paging->efer & EFER_NXE))
		reserved |= ENTRY_NO_EXECUTE;
	if (mode == &mode_pae)
		reserved |= UINT64_C(0x7FF0000000000000);
	else if (level >= 4)
		reserved |= ENTRY_LARGE;
	return reserved;
}

static void take_rights(const struct guest_paging *paging, const struct paging_mode *mode,
			unsigned level, uint64_t entry, struct guest_mapping *mapping)
{
	if (!has_rights(mode, level))
		return;
	mapping->writable = mapping->writable && (entry & ENTRY_WRITE);
	mapping->user = mapping->user && (entry & ENTRY_USER);
	mapping->key = (uint8_t)(entry >> ENTRY_KEY_SHIFT & 0xF); /* that of the last one counts */
	mapping->reserved = mapping->reserved || (entry & reserved_bits(paging, mode, level));
}

/* Sets bits in an entry that still is what was read. */
static void entry_mark(const struct vm_config *vm, gpa_t address, unsigned size, uint64_t entry,
		       uint64_t bits)
{
	uint32_t entry32 = (uint32_t)entry;
	hpa_t host;

	if ((entry & bits) == bits ||
	    guest_translate_range(vm, address, size, MEMORY_WRITE, &host) != ERROR_OK)
		return;
	if (size == sizeof(uint32_t))
		__atomic_compare_exchange_n((uint32_t *)host_pointer(host), &entry32,
					    entry32 | (uint32_t)bits, false, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED);
	else
		__atomic_compare_exchange_n((uint64_t *)host_pointer(host), &entry, entry | bits,
					    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* What a walk does besides, if anything. */
struct errand {
	struct guest_path *path; /* is filled, if not NULL */
	uint64_t mark;           /* bits that entries get; ENTRY_DIRTY goes to the last one alone */
};

static void path_add(struct guest_path *path, hpa_t at, uint64_t value)
{
	if (path->count == GUEST_PATH_MAX)
		return;
	path->entries[path->count].at = at;
	path->entries[path->count++].value = value;
}

static enum error walk(const struct vm_config *vm, const struct guest_paging *paging,
		       const struct paging_mode *mode, gva_t linear, struct guest_mapping *mapping,
		       const struct errand *errand)
{
	gpa_t table = paging->cr3 & mode->root_mask;

	for (unsigned level = mode->levels;; level--) {
		unsigned shift = PAGE_SHIFT + (level - 1) * mode->index_bits;
		uint64_t page_mask = (UINT64_C(1) << shift) - 1;
		gpa_t address = table + (linear >> shift & ((1u << mode->index_bits) - 1)) *
						mode->entry_size;
		uint64_t entry;
		hpa_t host;
		bool large, last;

		if (guest_translate_range(vm, address, mode->entry_size, MEMORY_READ, &host))
			return ERROR_GUEST_ADDRESS;
		entry = entry_load(mode, host);
		if (!(entry & ENTRY_PRESENT))
			return ERROR_GUEST_NOT_MAPPED;
		large = (mode->large_levels >> level & 1) && (entry & ENTRY_LARGE);
		last = large || level == 1;
		if (errand->path && mode->entry_size == sizeof(entry))
			path_add(errand->path, host, entry);
		if (errand->mark && has_rights(mode, level))
			entry_mark(vm, address, mode->entry_size, entry,
				   last ? errand->mark : errand->mark & ~ENTRY_DIRTY);
		take_rights(paging, mode, level, entry, mapping);
		table = large ? large_page_base(mode, entry) : entry & ENTRY_ADDRESS;
		if (last) {
			mapping->physical = (table & ~page_mask) | (linear & page_mask);
			return ERROR_OK;
		}
	}
}

static enum error map(const struct vm_config *vm, const struct guest_paging *paging, gva_t linear,
		      struct guest_mapping *mapping, const struct errand *errand)
{
	bool paged = (paging->cr0 & CR0_PG) != 0;
	const struct paging_mode *mode = paging_mode(paging);

	if (!paged || !(paging->efer & EFER_LMA))
		linear &= UINT32_MAX;
	*mapping = (struct guest_mapping){.physical = linear, .writable = true, .user = true};
	if (!paged)
		return ERROR_OK;
	if (mode->levels >= 4 && !is_canonical(linear, mode))
		return ERROR_GUEST_NOT_MAPPED;
	return walk(vm, paging, mode, linear, mapping, errand);
}

enum error guest_linear_map(const struct vm_config *vm, const struct guest_paging *paging,
			    gva_t linear, struct guest_mapping *mapping)
{
	return map(vm, paging, linear, mapping, &(struct errand){0});
}

void guest_linear_mark(const struct vm_config *vm, const struct guest_paging *paging, gva_t linear,
		       bool dirty)
{
	struct errand errand = {.mark = ENTRY_ACCESSED | (dirty ? ENTRY_DIRTY : 0)};
	struct guest_mapping mapping;

	(void)map(vm, paging, linear, &mapping, &errand);
}

enum error guest_linear_trace(const struct vm_config *vm, const struct guest_paging *paging,
			      gva_t linear, gpa_t *physical, struct guest_path *path)
{
	struct errand errand = {.path = path};
	struct guest_mapping mapping;
	enum error error;

	path->count = 0;
	error = map(vm, paging, linear, &mapping, &errand);
	if (error == ERROR_OK)
		*physical = mapping.physical;
	else
		path->count = 0;
	return error;
}

enum error guest_linear_to_physical(const struct vm_config *vm, const struct guest_paging *paging,
				    gva_t linear, gpa_t *physical)
{
	struct guest_path path;

	return guest_linear_trace(vm, paging, linear, physical, &path);
}
