/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/mmio_cache.h"

#include "cpu/privileged.h"
#include "lib/string.h"

/* Instructions that access one register after the other are a few bytes apart, and must not share a place. */
static unsigned place_of(gva_t address)
{
	return (unsigned)address % MMIO_CACHE_ENTRIES;
}

/*
 * Anywhere in memory, as instructions are. One that another vCPU changes meanwhile is either what it was, or is
 * not.
 */
struct word {
	uint64_t value;
} __attribute__((packed, may_alias));

static uint64_t word_at(hpa_t address, unsigned number)
{
	const volatile struct word *words = host_pointer(address);

	return words[number].value;
}

const struct mmio_instruction *mmio_cache_find(const struct mmio_cache *cache, gva_t address,
					       uint64_t cr3)
{
	const struct mmio_cache_entry *entry = &cache->entries[place_of(address)];

	if (entry->address != address || entry->cr3 != cr3 || !guest_path_holds(&entry->path) ||
	    word_at(entry->bytes, 0) != entry->copy[0] ||
	    word_at(entry->bytes, 1) != entry->copy[1])
		return NULL;
	return &entry->instruction;
}

__attribute__((cold)) void mmio_cache_keep(struct mmio_cache *cache, const struct vm_config *vm,
					   const struct guest_paging *paging,
					   const struct mmio_code *code,
					   const struct mmio_instruction *instruction)
{
	gva_t address = code->address;
	struct mmio_cache_entry *entry = &cache->entries[place_of(address)];
	gpa_t physical;

	entry->path.count = 0;
	if ((address & (PAGE_SIZE_4K - 1)) > PAGE_SIZE_4K - sizeof(entry->copy) ||
	    guest_linear_trace(vm, paging, address, &physical, &entry->path))
		return;
	entry->address = address;
	entry->cr3 = paging->cr3;
	entry->instruction = *instruction;
	if (guest_translate_range(vm, physical, sizeof(entry->copy), MEMORY_READ, &entry->bytes)) {
		entry->path.count = 0;
		return;
	}
	entry->copy[0] = word_at(entry->bytes, 0);
	entry->copy[1] = word_at(entry->bytes, 1);
	/* another vCPU has changed it since it was fetched */
	if (memcmp(entry->copy, code->bytes, instruction->length) != 0)
		entry->path.count = 0;
}
