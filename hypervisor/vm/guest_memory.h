/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way to a VM's memory. Every gpa_t that a guest, an image or a table names goes through here
 * and is looked up in the VM's regions: nothing but the VM's own RAM can be reached, whatever the
 * address and size are.
 *
 * The VM's other vCPUs may write the same memory at any time. So callers copy first and then judge the
 * copy, and never look at the same guest bytes twice.
 */
#ifndef VM_GUEST_MEMORY_H
#define VM_GUEST_MEMORY_H

#include "bulkhead/error.h"
#include "bulkhead/tables.h"
#include "cpu/privileged.h"

/*
 * Host address of the guest-physical byte `address`, and how many of the `size` bytes (at least 1)
 * from there on lie in the same region: *length is 1 .. size. Regions are contiguous in host memory,
 * two neighbouring ones need not be.
 *
 * `permissions` is an OR of enum memory_permission that the region must grant; 0 asks for RAM only.
 * ERROR_GUEST_ADDRESS: not RAM of this VM, or a permission is missing.
 */
enum error guest_translate_piece(const struct vm_config *vm, gpa_t address, uint64_t size,
				 uint32_t permissions, hpa_t *host, uint64_t *length);

/*
 * The same for a range that must be contiguous in host memory: all `size` bytes (at least 1) lie in
 * one region. ERROR_GUEST_ADDRESS otherwise.
 */
enum error guest_translate_range(const struct vm_config *vm, gpa_t address, uint64_t size,
				 uint32_t permissions, hpa_t *host);

/*
 * True if every byte of [address, address + size) is RAM of the VM with these permissions, in however
 * many regions. True for size 0; false if the range wraps.
 */
bool guest_is_ram(const struct vm_config *vm, gpa_t address, uint64_t size, uint32_t permissions);

/*
 * Copies `size` bytes to guest-physical `address` with MEMORY_WRITE, from it with MEMORY_READ, across regions if need
 * be. The region must grant that. ERROR_GUEST_ADDRESS: some byte is not the VM's; then nothing was copied.
 */
enum error guest_copy(const struct vm_config *vm, gpa_t address, void *buffer, size_t size,
		      enum memory_permission permission);

static inline enum error guest_read(const struct vm_config *vm, gpa_t address, void *buffer,
				    size_t size)
{
	return guest_copy(vm, address, buffer, size, MEMORY_READ);
}

static inline enum error guest_write(const struct vm_config *vm, gpa_t address, const void *buffer,
				     size_t size)
{
	return guest_copy(vm, address, (void *)buffer, size, MEMORY_WRITE); /* only reads it */
}

/* What decides the guest's paging mode (SDM 3.4.1.1). */
struct guest_paging {
	uint64_t cr0;
	uint64_t cr3;
	uint64_t cr4;
	uint64_t efer;
	unsigned
		physical_bits; /* of the processor's addresses; 0: entries are not checked for it */
};

/* Levels of page tables in 64-bit mode: LA57 is offered to no guest. */
#define GUEST_LEVELS 4

/* Whether the upper bits of an address repeat the highest one that so many levels translate (SDM 1.3.3.7.1). */
bool guest_is_canonical(gva_t linear, unsigned levels);

/* Bits of paging-structure entries (SDM 3.4.5.4) */
#define GUEST_ENTRY_WRITE    UINT64_C(0x2)
#define GUEST_ENTRY_USER     UINT64_C(0x4)
#define GUEST_ENTRY_ACCESSED UINT64_C(0x20)
#define GUEST_ENTRY_DIRTY    UINT64_C(0x40)
#define GUEST_ENTRY_KEY(e)   ((unsigned)((e) >> 59 & 0xF)) /* protection key, with 4-level paging */

/* Where a linear address leads, and what the paging-structure entries on the way say. */
struct guest_mapping {
	gpa_t physical;
	uint64_t rights; /* bits that are 1 in all of them; all are without paging */
	uint64_t last;   /* that of the page itself; 0 without paging */
	uint64_t
		reserved; /* bits that have to be 0 and are 1 in one of them; if any, nothing else is valid */
};

/* The paging-structure entries that translated a linear address: where they lie, and what they were. */
#define GUEST_PATH_MAX 5
struct guest_path {
	uint32_t count; /* 0: nothing is known */
	struct {
		hpa_t at;
		uint64_t value;
	} entries[GUEST_PATH_MAX];
};

/* The entries are what they were, so the address is where it was. False for an empty path. */
static inline bool guest_path_holds(const struct guest_path *path)
{
	for (uint32_t i = 0; i < path->count; i++) {
		const uint64_t *at = host_pointer(path->entries[i].at);

		if (__atomic_load_n(at, __ATOMIC_RELAXED) != path->entries[i].value)
			return false;
	}
	return path->count != 0;
}

/*
 * Translates a guest-linear address by the guest's own page tables: paging off, 32-bit (with PSE),
 * PAE, 4-level or 5-level. Outside IA-32e mode linear addresses have 32 bits, the rest is ignored. The relatives
 * below do it for a purpose.
 *
 * Access rights and reserved bits are told, but not checked; of reserved bits, those below the address of a large page
 * are not looked at. A `path` that is not NULL gets the entries of 8 bytes added. Entries get the bits `mark`, the
 * dirty bit the last one alone; what another vCPU changes meanwhile is left alone.
 *
 * ERROR_GUEST_NOT_MAPPED: an entry is not present, or the address is not canonical.
 * ERROR_GUEST_ADDRESS: a paging structure is not in the VM's readable RAM.
 * The result itself is not checked: it may be any guest-physical address.
 */
enum error guest_linear_walk(const struct vm_config *vm, const struct guest_paging *paging,
			     gva_t linear, struct guest_mapping *mapping, struct guest_path *path,
			     uint64_t mark);

/* For accesses whose rights the processor has not checked yet. Accessed and dirty bits stay as they are. */
static inline enum error guest_linear_map(const struct vm_config *vm,
					  const struct guest_paging *paging, gva_t linear,
					  struct guest_mapping *mapping)
{
	return guest_linear_walk(vm, paging, linear, mapping, NULL, 0);
}

/* For an access that exited, which has passed the processor's checks. */
static inline enum error guest_linear_to_physical(const struct vm_config *vm,
						  const struct guest_paging *paging, gva_t linear,
						  gpa_t *physical)
{
	struct guest_mapping mapping;
	enum error error = guest_linear_map(vm, paging, linear, &mapping);

	if (error == ERROR_OK)
		*physical = mapping.physical;
	return error;
}

/* The same with the path; paging structures with 4-byte entries leave it empty. So do errors. */
static inline enum error guest_linear_trace(const struct vm_config *vm,
					    const struct guest_paging *paging, gva_t linear,
					    gpa_t *physical, struct guest_path *path)
{
	struct guest_mapping mapping;
	enum error error;

	path->count = 0;
	error = guest_linear_walk(vm, paging, linear, &mapping, path, 0);
	if (error == ERROR_OK)
		*physical = mapping.physical;
	else
		path->count = 0;
	return error;
}

/*
 * Sets the accessed bits of all entries that translate `linear`, and the dirty bit of the last one if
 * `dirty`, as an access does (SDM 3.4.8). For an address that guest_linear_map() has just translated.
 */
static inline void guest_linear_mark(const struct vm_config *vm, const struct guest_paging *paging,
				     gva_t linear, bool dirty)
{
	struct guest_mapping mapping;

	(void)guest_linear_walk(vm, paging, linear, &mapping, NULL,
				GUEST_ENTRY_ACCESSED | (dirty ? GUEST_ENTRY_DIRTY : 0));
}

#endif
