/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to CPUID that were given before. Used by the vCPU's own core only. */
#include "vm/handlers.h"

/*
 * The leaves that are asked for lie close together behind 0, 0x40000000 and 0x80000000, with small
 * subleaves: the sum keeps most of them apart. Two that meet take turns.
 */
static struct cpuid_cache_entry *entry_of(struct cpuid_cache *cache, uint32_t leaf,
					  uint32_t subleaf)
{
	return &cache->entries[(leaf + (leaf >> 26) + subleaf * 8) % CPUID_CACHE_ENTRIES];
}

static bool is_kept(const struct cpuid_cache_entry *entry, uint64_t cr4)
{
	return entry->kept && entry->cr4 == (cr4 & entry->cr4_mask);
}

static void copy_answer(struct guest_registers *registers, const struct cpuid_result *result)
{
	registers->rax = result->eax;
	registers->rbx = result->ebx;
	registers->rcx = result->ecx;
	registers->rdx = result->edx;
}

void cpuid_forget(struct vcpu *vcpu)
{
	for (unsigned i = 0; i < CPUID_CACHE_ENTRIES; i++)
		if (vcpu->cpuid.entries[i].cr4_mask)
			vcpu->cpuid.entries[i].kept = false;
}

/* Out of line, so that the way of an answer that is there saves no registers. */
static __attribute__((noinline)) void answer_anew(struct vcpu *vcpu,
						  struct guest_registers *registers,
						  struct cpuid_cache_entry *entry, uint64_t cr4)
{
	enum cpuid_validity validity;

	entry->leaf = (uint32_t)registers->rax;
	entry->subleaf = (uint32_t)registers->rcx;
	validity = cpuid_answer(vcpu, entry->leaf, entry->subleaf, &entry->result);
	entry->kept = validity != CPUID_CHANGES;
	entry->cr4_mask = validity == CPUID_UNTIL_CR4 ? CPUID_MIRRORED_CR4 : 0;
	entry->cr4 = (uint32_t)cr4 & entry->cr4_mask;
	copy_answer(registers, &entry->result);
}

void vm_cpuid(struct vcpu *vcpu, struct guest_registers *registers, uint64_t cr4)
{
	uint32_t leaf = (uint32_t)registers->rax;
	uint32_t subleaf = (uint32_t)registers->rcx;
	struct cpuid_cache_entry *entry = entry_of(&vcpu->cpuid, leaf, subleaf);

	if (entry->leaf == leaf && entry->subleaf == subleaf && is_kept(entry, cr4))
		copy_answer(registers, &entry->result);
	else
		answer_anew(vcpu, registers, entry, cr4);
}
