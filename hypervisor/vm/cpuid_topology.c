/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID leaves that say which APIC ids share what. Guests see real APIC ids, so the widths of the fields in
 * them are the board's; the numbers of processors are the VM's own. All leaves are made from the same two
 * widths and hence agree, whatever the processor's own say: emulators contradict themselves there, and a
 * guest that has cores 3 and 1 of a machine finds two cores 3 and 1.
 */
#include "vm/cpuid.h"
#include "vm/vcpu.h"

/* Level types of leaves 0xB and 0x1F (SDM 2A CPUID) */
#define LEVEL_TYPE_SHIFT 8
#define LEVEL_SMT        UINT32_C(1)
#define LEVEL_CORE       UINT32_C(2)

/* Vcpus of the VM that have the same APIC id as this one but for its low bits. */
static uint32_t vcpus_within(const struct vcpu *vcpu, uint32_t bits)
{
	const struct vm_config *vm = vcpu->vm->config;
	uint32_t count = 0;

	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		if ((uint64_t)vm->vcpus[i].apic_id >> bits ==
		    (uint64_t)vcpu->config->apic_id >> bits)
			count++;
	return count;
}

void cpuid_fix_levels(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	static const uint32_t types[] = {LEVEL_SMT, LEVEL_CORE};
	const uint32_t bits[] = {scenario_tables.thread_bits, scenario_tables.package_bits};

	*r = (struct cpuid_result){.ecx = subleaf & 0xFF, .edx = vcpu->config->apic_id};
	if (subleaf >= sizeof(types) / sizeof(types[0]))
		return;
	r->eax = bits[subleaf];
	r->ebx = vcpus_within(vcpu, bits[subleaf]);
	r->ecx |= types[subleaf] << LEVEL_TYPE_SHIFT;
}

/* Leaf 4, EAX: type, level, and ids less one that share the cache, and that are cores of the package. */
#define CACHE_TYPE(eax)         ((eax)&0x1F)
#define CACHE_LEVEL(eax)        ((eax) >> 5 & 7)
#define CACHE_SHARERS(eax)      ((eax) >> 14 & 0xFFF)
#define CACHE_SHARERS_SHIFT     14
#define CACHE_CORES_SHIFT       26
#define CACHE_CORES_MAX         UINT32_C(0x3F)
#define CACHE_KEPT              UINT32_C(0x3FFF)
#define HIGHEST_ID_WITHIN(bits) ((UINT32_C(1) << (bits)) - 1)

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/*
 * First-level caches belong to a core. A second-level cache that claims the same sharers does so as well; one
 * with more is that of a module.
 */
static uint32_t sharers_limit(uint32_t eax)
{
	bool of_core =
		CACHE_LEVEL(eax) == 1 ||
		(CACHE_LEVEL(eax) == 2 && CACHE_SHARERS(eax) == CACHE_SHARERS(cpuid(4, 0).eax));

	return HIGHEST_ID_WITHIN(of_core ? scenario_tables.thread_bits
					 : scenario_tables.package_bits);
}

void cpuid_fix_caches(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	uint32_t core_bits = scenario_tables.package_bits - scenario_tables.thread_bits;
	uint32_t sharers;

	(void)vcpu;
	(void)subleaf;
	if (CACHE_TYPE(r->eax) == 0)
		return;
	sharers = least(CACHE_SHARERS(r->eax), sharers_limit(r->eax));
	r->eax = (r->eax & CACHE_KEPT) | sharers << CACHE_SHARERS_SHIFT |
		 least(HIGHEST_ID_WITHIN(core_bits), CACHE_CORES_MAX) << CACHE_CORES_SHIFT;
}

uint32_t cpuid_ids_in_package(void)
{
	return least(UINT32_C(1) << scenario_tables.package_bits, 0xFF);
}
