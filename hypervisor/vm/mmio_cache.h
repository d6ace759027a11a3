/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions of 64-bit guests that accessed device registers, decoded. A driver reads and writes registers at a
 * handful of places, so that the walk of the page tables and the decoding need not be done at each exit.
 *
 * Nothing is taken for granted: an entry is used if CR3, all paging-structure entries that translated RIP, and
 * the bytes of the instruction are what they were. That is what fetching it again would find, so no guest has
 * to tell of a change, and entries need not be dropped.
 */
#ifndef VM_MMIO_CACHE_H
#define VM_MMIO_CACHE_H

#include "vm/mmio_decode.h"

#define MMIO_CACHE_ENTRIES 8

struct mmio_cache_entry {
	gva_t address; /* of the instruction */
	uint64_t cr3;
	hpa_t bytes;            /* where the instruction lies ... */
	uint64_t copy[2];       /* ... and what it was, with what follows it */
	struct guest_path path; /* empty: so is the entry */
	struct mmio_instruction instruction;
};

struct mmio_cache {
	struct mmio_cache_entry entries[MMIO_CACHE_ENTRIES];
	unsigned
		vanished; /* instructions in a row that were not there any more when they were fetched */
};

/* The instruction at linear `address`, if 64-bit code is executed with this CR3; NULL: not known. */
const struct mmio_instruction *mmio_cache_find(const struct mmio_cache *cache, gva_t address,
					       uint64_t cr3);

/* Remembers what was decoded from `code`, fetched with this paging; of 64-bit code only. */
void mmio_cache_keep(struct mmio_cache *cache, const struct vm_config *vm,
		     const struct guest_paging *paging, const struct mmio_code *code,
		     const struct mmio_instruction *instruction);

#endif
