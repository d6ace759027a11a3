/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID for guests: the policy (cpuid.c), and answers that were given before (cpuid_cache.c), because
 * CPUID is the exit that operating systems cause most often, and an answer takes long to make.
 */
#ifndef VM_CPUID_H
#define VM_CPUID_H

#include "cpu/privileged.h"
#include "cpu/registers.h"
#include "vm/registers.h"

struct vcpu;

/* How long an answer stays right. */
enum cpuid_validity {
	CPUID_CHANGES,    /* made anew each time; what a rule says that says nothing */
	CPUID_STAYS,      /* for good */
	CPUID_UNTIL_CR4,  /* until the guest changes a CR4 bit that CPUID mirrors */
	CPUID_UNTIL_XCR0, /* until the guest changes XCR0: XSETBV exits and calls cpuid_forget() */
};

/* Changes what is left of the processor's answer after the mask. */
typedef void cpuid_fix(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *result);

/* Leaves about topology (cpuid_topology.c). */
cpuid_fix cpuid_fix_levels; /* leaves 0xB and 0x1F */
cpuid_fix cpuid_fix_caches; /* leaf 4 */
/* APIC ids that a package has room for, at most 255: leaf 1, EBX, bits 23:16. */
uint32_t cpuid_ids_in_package(void);

/* The policy's answer to a leaf and subleaf. */
enum cpuid_validity cpuid_answer(const struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf,
				 struct cpuid_result *result);

/* CR4 bits that CPUID mirrors. */
#define CPUID_MIRRORED_CR4 ((uint32_t)(CR4_OSXSAVE | CR4_PKE))

/* Answers that depend on the guest's CR4, XCR0 or APIC base are to be made anew. */
void cpuid_forget(struct vcpu *vcpu);

#define CPUID_CACHE_ENTRIES 64

/*
 * An answer that was given. It holds while the guest's CR4 | cr4_ignored is cr4. entry.S knows the layout, and
 * that an empty entry, all zeros, never holds: a guest's CR4 as it works has VMXE.
 */
struct cpuid_cache_entry {
	uint32_t leaf, subleaf;
	struct cpuid_result result;
	uint32_t cr4_ignored; /* bits of the guest's CR4 on which it does not depend */
	uint32_t cr4;         /* 0: empty, or an answer that is made anew each time */
};
#define CPUID_ANY_CR4 UINT32_MAX

struct cpuid_cache {
	struct cpuid_cache_entry entries[CPUID_CACHE_ENTRIES];
};

#endif
