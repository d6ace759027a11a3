/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers to CPUID that were given before. Used by the vCPU's own core only. An answer that is there is given
 * by the exit path itself (vmx/entry.S), by the same rules; what is here makes those that it does not find.
 */
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
	return entry->cr4 != 0 && entry->cr4 == ((uint32_t)cr4 | entry->cr4_ignored);
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
		if (vcpu->cpuid.entries[i].cr4_ignored != CPUID_ANY_CR4)
			vcpu->cpuid.entries[i].cr4 = 0;
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
	entry->cr4_ignored = validity == CPUID_STAYS ? CPUID_ANY_CR4 : ~CPUID_MIRRORED_CR4;
	entry->cr4 = validity == CPUID_CHANGES ? 0 : (uint32_t)cr4 | entry->cr4_ignored;
	copy_answer(registers, &entry->result);
}

void vm_cpuid(struct vcpu *vcpu, struct guest_registers *registers, uint64_t cr4)
{
	uint32_t leaf = (uint32_t)registers->rax;
	uint32_t subleaf = (uint32_t)registers->rcx;
	struct cpuid_cache_entry *entry = entry_of(&vcpu->cpuid, leaf, subleaf);

	/* else the exit path has looked, and found none or a reason why it could not give it */
	if (CONFIG_EXIT_TRACE && entry->leaf == leaf && entry->subleaf == subleaf &&
	    is_kept(entry, cr4))
		copy_answer(registers, &entry->result);
	else
		answer_anew(vcpu, registers, entry, cr4);
}
