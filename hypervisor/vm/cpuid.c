/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What CPUID says to a guest: the real processor, reduced to the leaves and bits of this table. A leaf
 * that is not in it reads as zeros, a bit that is not in it as 0.
 */
#include "bulkhead/platform.h"
#include "cpu/frequency.h"
#include "cpu/msr.h"
#include "cpu/privileged.h"
#include "cpu/registers.h"
#include "vm/handlers.h"

#define ALL UINT32_MAX

/* A guest is promised at least leaf 0x16 (frequencies) and at most what the table knows. */
#define BASIC_LEAF_MIN    0x16
#define BASIC_LEAF_MAX    0x1F
#define EXTENDED_LEAF_MAX 0x80000008

/* Leaf 1 without: DTES64, MONITOR, DS-CPL, VMX, SMX, EIST, TM2, CNXT-ID, SDBG, xTPR, PDCM, DCA;
   OSXSAVE follows the guest's CR4, which the instruction itself does. */
#define LEAF1_ECX UINT32_C(0x77FA3203)
/* Leaf 1 without: DS, ACPI, TM, PBE (performance monitoring and power are the machine's). */
#define LEAF1_EDX UINT32_C(0x1F8BFBFF)

/* Leaf 7.0 EBX without: TSC_ADJUST (would move the TSC under the hypervisor's counters), SGX, PQM, MPX,
   PQE, PT. */
#define LEAF7_EBX                                                                              \
	(ALL & ~(UINT32_C(1) << 1 | UINT32_C(1) << 2 | UINT32_C(1) << 12 | UINT32_C(1) << 14 | \
		 UINT32_C(1) << 15 | UINT32_C(1) << 25))
/* Leaf 7.0 ECX: AVX512 extensions, UMIP, PKU, VAES, VPCLMULQDQ, GFNI, RDPID; OSPKE follows CR4. No
   WAITPKG, CET, LA57 (tables are 4-level), key locker, bus-lock detection, ENQCMD, SGX_LC. */
#define LEAF7_ECX UINT32_C(0x00405F4E)
/* Leaf 0x80000001: LAHF, LZCNT, PREFETCHW; SYSCALL, NX, 1 GiB pages, RDTSCP, long mode. */
#define EXTENDED1_ECX UINT32_C(0x00000121)
#define EXTENDED1_EDX UINT32_C(0x2C100800)

/* Leaf 7.0 EDX: AVX512 extensions, fast short REP MOV, MD_CLEAR, SERIALIZE, IBRS/IBPB, STIBP, L1D_FLUSH,
   SSBD. No ARCH_CAPABILITIES, CORE_CAPABILITIES (their MSRs are not passed). */
#define LEAF7_EDX UINT32_C(0x9C00451C)

typedef void cpuid_fix(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *result);

struct cpuid_rule {
	uint32_t leaf;
	struct cpuid_result mask;
	cpuid_fix *fix; /* applied after the mask; may be NULL */
	const char *reason;
	enum cpuid_validity validity;
};

static void fix_highest_basic(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	(void)vcpu;
	(void)subleaf;
	if (r->eax < BASIC_LEAF_MIN)
		r->eax = BASIC_LEAF_MIN;
	if (r->eax > BASIC_LEAF_MAX)
		r->eax = BASIC_LEAF_MAX;
}

static void fix_highest_extended(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	(void)vcpu;
	(void)subleaf;
	if (r->eax > EXTENDED_LEAF_MAX)
		r->eax = EXTENDED_LEAF_MAX;
}

/* CR4 bits that CPUID mirrors are the guest's; the instruction ran with the hypervisor's CR4. */
static void set_bit(uint32_t *word, uint32_t bit, bool value)
{
	*word = value ? *word | bit : *word & ~bit;
}

static void fix_features(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	(void)subleaf;
	r->ecx |= CPUID_1_ECX_HYPER;
	set_bit(&r->ecx, CPUID_1_ECX_OSXSAVE,
		(r->ecx & CPUID_1_ECX_XSAVE) && (guest_cr4() & CR4_OSXSAVE));
	r->ebx = (r->ebx & 0x00FFFFFF) | vcpu->config->apic_id << 24;
}

static void fix_extended_features(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	(void)vcpu;
	if (subleaf != 0) {
		*r = (struct cpuid_result){0};
		return;
	}
	r->eax = 0; /* no further subleaves */
	set_bit(&r->ecx, CPUID_7_ECX_OSPKE, (r->ecx & CPUID_7_ECX_PKU) && (guest_cr4() & CR4_PKE));
}

static void fix_power(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	(void)vcpu;
	(void)subleaf;
	r->eax = CPUID_6_EAX_ARAT;
}

/*
 * Topology (SDM 2A CPUID leaf 0xB): APIC ids are the real ones, so the shifts are too; the number of
 * processors is the VM's own.
 */
static void fix_topology(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	uint32_t count = vcpu->vm->config->vcpu_count;

	(void)subleaf;
	if (r->ebx > count)
		r->ebx = count;
	r->edx = vcpu->config->apic_id;
}

/* Components of XCR0 (SDM 1.13.1); the first two lie in the legacy area. */
#define XSAVE_FIRST_EXTENDED 2
#define XSAVE_COMPONENTS     63
#define XSAVE_LEGACY_SIZE    576 /* with the header */
#define XSAVE_HAS_XSAVES     0x8 /* leaf 0xD, subleaf 1, EAX */
#define XSAVE_SUPERVISOR     0x1 /* leaf 0xD, subleaf of a component, ECX */
#define XSAVE_ALIGNED        0x2

/* Size of the compacted area for these components (SDM 1.13.4.3). */
static uint32_t compacted_size(uint64_t components)
{
	uint32_t size = XSAVE_LEGACY_SIZE;

	for (uint32_t i = XSAVE_FIRST_EXTENDED; i < XSAVE_COMPONENTS; i++) {
		struct cpuid_result component;

		if (!(components & UINT64_C(1) << i))
			continue;
		component = cpuid(0xD, i);
		if (component.ecx & XSAVE_ALIGNED)
			size = (size + 63) & ~UINT32_C(63);
		size += component.eax;
	}
	return size;
}

/*
 * XCR0 is the guest's own and loaded, so that the processor's answers are right for it. The size of the
 * compacted area is computed: some emulators give that of the standard format, which makes Linux
 * complain. No supervisor component is offered (see MSR_XSS in vm/msr.c).
 */
static void fix_xsave(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	(void)vcpu;
	if (subleaf == 1) {
		r->ecx = r->edx = 0;
		if ((cr4_read() & CR4_OSXSAVE) && (r->eax & XSAVE_HAS_XSAVES))
			r->ebx = compacted_size(xcr_read(0));
	} else if (subleaf >= XSAVE_FIRST_EXTENDED && (r->ecx & XSAVE_SUPERVISOR)) {
		*r = (struct cpuid_result){0};
	}
}

static void fix_crystal(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	uint64_t tsc_khz = tsc_frequency(&scenario_tables) / 1000;
	uint64_t apic_khz = apic_timer_frequency(&scenario_tables) / 1000;

	(void)vcpu;
	(void)subleaf;
	*r = (struct cpuid_result){
		.eax = (uint32_t)apic_khz, /* TSC / crystal = EBX / EAX */
		.ebx = (uint32_t)tsc_khz,
		.ecx = (uint32_t)(apic_khz * 1000),
	};
}

static void fix_frequency(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	uint32_t mhz = (uint32_t)(tsc_frequency(&scenario_tables) / 1000000);

	(void)vcpu;
	(void)subleaf;
	*r = (struct cpuid_result){.eax = mhz, .ebx = mhz, .ecx = r->ecx};
}

/* The signature that makes Linux use x2APIC and the deadline timer without interrupt remapping. */
static void fix_signature(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	(void)vcpu;
	(void)subleaf;
	*r = (struct cpuid_result){
		.eax = PLATFORM_CPUID_TIMING,
		.ebx = 0x4B4D564B, /* "KVMK" */
		.ecx = 0x564B4D56, /* "VMKV" */
		.edx = 0x0000004D, /* "M" */
	};
}

static void fix_timing(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	(void)vcpu;
	(void)subleaf;
	*r = (struct cpuid_result){
		.eax = (uint32_t)(tsc_frequency(&scenario_tables) / 1000),
		.ebx = (uint32_t)(apic_timer_frequency(&scenario_tables) / 1000),
	};
}

#define MASK(a, b, c, d)                                       \
	{                                                      \
		.eax = (a), .ebx = (b), .ecx = (c), .edx = (d) \
	}

static const struct cpuid_rule rules[] = {
	{0x0, MASK(ALL, ALL, ALL, ALL), fix_highest_basic, "vendor and highest leaf", CPUID_STAYS},
	{0x1, MASK(ALL, ALL, LEAF1_ECX, LEAF1_EDX), fix_features, "features", CPUID_UNTIL_CR4},
	{0x2, MASK(ALL, ALL, ALL, ALL), NULL, "caches", CPUID_STAYS},
	{0x4, MASK(ALL, ALL, ALL, ALL), NULL, "caches", CPUID_STAYS},
	{0x6, MASK(0, 0, 0, 0), fix_power, "only ARAT: guests have no C-states that stop the timer",
	 CPUID_STAYS},
	{0x7, MASK(0, LEAF7_EBX, LEAF7_ECX, LEAF7_EDX), fix_extended_features, "features",
	 CPUID_UNTIL_CR4},
	{0xB, MASK(ALL, ALL, ALL, ALL), fix_topology, "topology", CPUID_STAYS},
	{0xD, MASK(ALL, ALL, ALL, ALL), fix_xsave, "XSAVE sizes; XCR0 is the guest's",
	 CPUID_CHANGES},
	{0x15, MASK(0, 0, 0, 0), fix_crystal, "frequencies without calibration", CPUID_STAYS},
	{0x16, MASK(0, 0, ALL, 0), fix_frequency, "frequencies without calibration", CPUID_STAYS},
	{0x1F, MASK(ALL, ALL, ALL, ALL), fix_topology, "topology", CPUID_STAYS},
	{PLATFORM_CPUID_SIGNATURE, MASK(0, 0, 0, 0), fix_signature, "hypervisor block",
	 CPUID_STAYS},
	{PLATFORM_CPUID_FEATURES, MASK(0, 0, 0, 0), NULL, "no KVM features", CPUID_STAYS},
	{PLATFORM_CPUID_TIMING, MASK(0, 0, 0, 0), fix_timing, "frequencies", CPUID_STAYS},
	{0x80000000, MASK(ALL, 0, 0, 0), fix_highest_extended, "highest leaf", CPUID_STAYS},
	{0x80000001, MASK(0, 0, EXTENDED1_ECX, EXTENDED1_EDX), NULL, "features", CPUID_STAYS},
	{0x80000002, MASK(ALL, ALL, ALL, ALL), NULL, "name", CPUID_STAYS},
	{0x80000003, MASK(ALL, ALL, ALL, ALL), NULL, "name", CPUID_STAYS},
	{0x80000004, MASK(ALL, ALL, ALL, ALL), NULL, "name", CPUID_STAYS},
	{0x80000006, MASK(ALL, ALL, ALL, ALL), NULL, "cache", CPUID_STAYS},
	{0x80000007, MASK(0, 0, 0, 0x100), NULL, "invariant TSC", CPUID_STAYS},
	{0x80000008, MASK(ALL, 0, 0, 0), NULL, "address widths", CPUID_STAYS},
};

static const struct cpuid_rule *find(uint32_t leaf)
{
	for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].leaf == leaf)
			return &rules[i];
	return NULL;
}

static struct cpuid_result masked(const struct cpuid_rule *rule, uint32_t subleaf)
{
	struct cpuid_result result = cpuid(rule->leaf, subleaf);

	result.eax &= rule->mask.eax;
	result.ebx &= rule->mask.ebx;
	result.ecx &= rule->mask.ecx;
	result.edx &= rule->mask.edx;
	return result;
}

/* What the scenario hides from this VM, last: what stands behind a hidden bit is hidden as well. */
static void hide(const struct vm_config *vm, uint32_t leaf, uint32_t subleaf,
		 struct cpuid_result *result)
{
	uint32_t *const words[] = {
		[CPUID_EAX] = &result->eax,
		[CPUID_EBX] = &result->ebx,
		[CPUID_ECX] = &result->ecx,
		[CPUID_EDX] = &result->edx,
	};

	for (uint32_t i = 0; i < vm->cpuid_mask_count; i++) {
		const struct cpuid_mask *mask = &vm->cpuid_masks[i];

		if (mask->leaf == leaf &&
		    (mask->subleaf == CPUID_SUBLEAF_ANY || mask->subleaf == subleaf))
			*words[mask->result] &= ~mask->clear;
	}
}

uint64_t cpuid_mirrored_cr4(void)
{
	return guest_cr4() & (CR4_OSXSAVE | CR4_PKE);
}

enum cpuid_validity cpuid_answer(const struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf,
				 struct cpuid_result *result)
{
	const struct cpuid_rule *rule = find(leaf);

	*result = (struct cpuid_result){0};
	if (!rule)
		return CPUID_STAYS;
	*result = masked(rule, subleaf);
	if (rule->fix)
		rule->fix(vcpu, subleaf, result);
	hide(vcpu->vm->config, rule->leaf, subleaf, result);
	return rule->validity;
}
