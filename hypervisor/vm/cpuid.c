/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What CPUID says to a guest: the real processor, reduced to the leaves of these tables and to the bits of
 * cpuid_bits.h. A leaf that is in neither reads as zeros, a bit as 0.
 */
#include "bulkhead/platform.h"
#include "cpu/frequency.h"
#include "cpu/msr.h"
#include "cpu/privileged.h"
#include "cpu/registers.h"
#include "lib/reason.h"
#include "vm/cpuid_bits.h"
#include "vm/handlers.h"

#define ALL UINT32_MAX

/* A guest is promised at least leaf 0x16 (frequencies) and at most what the table knows. */
#define BASIC_LEAF_MIN     0x16
#define BASIC_LEAF_MAX     0x1F
#define EXTENDED_LEAF_BASE UINT32_C(0x80000000)
#define EXTENDED_LEAF_MAX  UINT32_C(0x80000008)

/* Leaves that every processor with EPT and unrestricted guests has. */
#define BASIC_LEAF_ALWAYS 0xB

/* Highest subleaf of leaf 7 that the table knows. */
#define FEATURE_SUBLEAF_MAX 2

/*
 * The masks are constants of the compiler's making, so that an exit costs no loop over bits; the lists that
 * they are made of are cpuid_bits.h.
 */
struct cpuid_rule {
	struct cpuid_result mask; /* all zeros: the processor is not asked */
	cpuid_fix *fix;           /* applied after the mask; may be NULL */
	reason_given reason;
	uint8_t validity; /* enum cpuid_validity */
};

static uint32_t within(uint32_t value, uint32_t lowest, uint32_t highest)
{
	if (value < lowest)
		return lowest;
	return value > highest ? highest : value;
}

static uint32_t highest_basic(void)
{
	return within(cpuid(0, 0).eax, BASIC_LEAF_MIN, BASIC_LEAF_MAX);
}

static uint32_t highest_extended(void)
{
	return within(cpuid(EXTENDED_LEAF_BASE, 0).eax, EXTENDED_LEAF_BASE, EXTENDED_LEAF_MAX);
}

static void fix_highest_basic(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	(void)vcpu;
	(void)subleaf;
	r->eax = within(r->eax, BASIC_LEAF_MIN, BASIC_LEAF_MAX);
}

static void fix_highest_extended(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	(void)vcpu;
	(void)subleaf;
	r->eax = within(r->eax, EXTENDED_LEAF_BASE, EXTENDED_LEAF_MAX);
}

static void set_bit(uint32_t *word, uint32_t bit, bool value)
{
	*word = value ? *word | bit : *word & ~bit;
}

/* CR4 bits that CPUID mirrors are the guest's; the instruction ran with the hypervisor's CR4. */
static void fix_features(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	uint32_t ids = cpuid_ids_in_package();

	(void)subleaf;
	set_bit(&r->ecx, CPUID_1_ECX_HYPER, true);
	set_bit(&r->ecx, CPUID_1_ECX_OSXSAVE,
		(r->ecx & CPUID_1_ECX_XSAVE) && (guest_cr4() & CR4_OSXSAVE));
	set_bit(&r->edx, CPUID_1_EDX_APIC, vcpu->apic_base & APIC_BASE_ENABLE);
	set_bit(&r->edx, CPUID_1_EDX_HTT, ids > 1);
	r->ebx = (r->ebx & 0xFFFF) | ids << 16 | vcpu->config->apic_id << 24;
}

/* An instruction that would be #UD in the guest is not offered. RDPID needs the same control as RDTSCP (SDM 3.26.3). */
static void hide_unless(enum guest_instruction runs, uint32_t *word, uint32_t bit)
{
	if (!(guest_instructions() & (uint32_t)runs))
		*word &= ~bit;
}

/* Leaf 7 has three subleaves with a mask each; the first says how many there are. */
static void fix_extended_features(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	(void)vcpu;
	switch (subleaf) {
	case 0:
		r->eax = within(r->eax, 0, FEATURE_SUBLEAF_MAX);
		r->ebx &= CPUID_SHOWN(CPUID_BITS_7_EBX);
		r->ecx &= CPUID_SHOWN(CPUID_BITS_7_ECX);
		r->edx &= CPUID_SHOWN(CPUID_BITS_7_EDX);
		hide_unless(GUEST_RUNS_INVPCID, &r->ebx, CPUID_7_EBX_INVPCID);
		hide_unless(GUEST_RUNS_RDTSCP, &r->ecx, CPUID_7_ECX_RDPID);
		set_bit(&r->ecx, CPUID_7_ECX_OSPKE,
			(r->ecx & CPUID_7_ECX_PKU) && (guest_cr4() & CR4_PKE));
		break;
	case 1:
		*r = (struct cpuid_result){.eax = r->eax & CPUID_SHOWN(CPUID_BITS_7_1_EAX)};
		break;
	case FEATURE_SUBLEAF_MAX:
		*r = (struct cpuid_result){.edx = r->edx & CPUID_SHOWN(CPUID_BITS_7_2_EDX)};
		break;
	default:
		*r = (struct cpuid_result){0};
	}
}

/* Processors of Intel have SYSCALL in 64-bit code only, and say so only there. */
static void fix_extended_processor(const struct vcpu *vcpu, uint32_t subleaf,
				   struct cpuid_result *r)
{
	(void)vcpu;
	(void)subleaf;
	set_bit(&r->edx, CPUID_EXT1_EDX_SYSCALL, guest_code_bits() == 64);
	hide_unless(GUEST_RUNS_RDTSCP, &r->edx, CPUID_EXT1_EDX_RDTSCP);
}

static void fix_power(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	(void)vcpu;
	(void)subleaf;
	r->eax = CPUID_6_EAX_ARAT;
}

/* Components of XCR0 (SDM 1.13.1); the first two lie in the legacy area. */
#define XSAVE_FIRST_EXTENDED 2
#define XSAVE_COMPONENTS     32
#define XSAVE_LEGACY_SIZE    UINT32_C(576) /* with the header */
#define XSAVE_HAS_XSAVEC     0x2           /* leaf 0xD, subleaf 1, EAX */
#define XSAVE_HAS_XSAVES     0x8
#define XSAVE_ALIGNED        0x2 /* leaf 0xD, subleaf of a component, ECX */

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

/* Size of the standard area for these components: where the last of them ends (SDM 1.13.4.2). */
static uint32_t standard_size(uint64_t components)
{
	uint32_t size = XSAVE_LEGACY_SIZE;

	for (uint32_t i = XSAVE_FIRST_EXTENDED; i < XSAVE_COMPONENTS; i++) {
		struct cpuid_result component;

		if (!(components & UINT64_C(1) << i))
			continue;
		component = cpuid(0xD, i);
		if (component.ebx + component.eax > size)
			size = component.ebx + component.eax;
	}
	return size;
}

/*
 * XCR0 is the guest's own and loaded, so that EBX of subleaf 0 is right for it as the processor gives it. The
 * size of the compacted area is computed: some emulators give that of the standard format, which makes
 * Linux complain. No supervisor component is offered (see MSR_XSS in vm/msr.c).
 */
static void fix_xsave(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	(void)vcpu;
	if (subleaf == 0) {
		r->eax &= CPUID_SHOWN(CPUID_BITS_XCR0);
		r->ecx = standard_size(r->eax);
		r->edx = 0;
	} else if (subleaf == 1) {
		r->eax &= CPUID_SHOWN(CPUID_BITS_D_1_EAX);
		hide_unless(GUEST_RUNS_XSAVES, &r->eax, XSAVE_HAS_XSAVES);
		r->ecx = r->edx = 0;
		if ((cr4_read() & CR4_OSXSAVE) && (r->eax & XSAVE_HAS_XSAVEC))
			r->ebx = compacted_size(xcr_read(0));
	} else if (subleaf >= XSAVE_COMPONENTS ||
		   !(CPUID_SHOWN(CPUID_BITS_XCR0) & UINT32_C(1) << subleaf)) {
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

/* What all processors that have the leaf say. */
#define BUS_MHZ 100

static void fix_frequency(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	uint32_t mhz = (uint32_t)(tsc_frequency(&scenario_tables) / 1000000);

	(void)vcpu;
	(void)subleaf;
	*r = (struct cpuid_result){.eax = mhz, .ebx = mhz, .ecx = BUS_MHZ};
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

/* A leaf without a row reads as zeros. */
static const struct cpuid_rule basic_rules[BASIC_LEAF_MAX + 1] = {
	[0x0] = {MASK(ALL, ALL, ALL, ALL), fix_highest_basic, REASON("vendor and highest leaf"),
		 CPUID_STAYS},
	[0x1] = {MASK(ALL, ALL, CPUID_SHOWN(CPUID_BITS_1_ECX), CPUID_SHOWN(CPUID_BITS_1_EDX)),
		 fix_features, REASON("model and features"), CPUID_UNTIL_CR4},
	[0x2] = {MASK(ALL, ALL, ALL, ALL), NULL, REASON("caches and TLBs are the core's"),
		 CPUID_STAYS},
	[0x4] = {MASK(ALL, ALL, ALL, ALL), cpuid_fix_caches, REASON("caches are the core's"),
		 CPUID_STAYS},
	[0x6] = {MASK(0, 0, 0, 0), fix_power,
		 REASON("only ARAT: guests have no C-states that stop the timer"), CPUID_STAYS},
	[0x7] = {MASK(ALL, ALL, ALL, ALL), fix_extended_features, REASON("features, by subleaf"),
		 CPUID_UNTIL_CR4},
	[0xB] = {MASK(0, 0, 0, 0), cpuid_fix_levels, REASON("topology"), CPUID_STAYS},
	[0xD] = {MASK(ALL, ALL, ALL, ALL), fix_xsave, REASON("XSAVE sizes; XCR0 is the guest's"),
		 CPUID_UNTIL_XCR0},
	[0x15] = {MASK(0, 0, 0, 0), fix_crystal, REASON("frequencies without calibration"),
		  CPUID_STAYS},
	[0x16] = {MASK(0, 0, 0, 0), fix_frequency, REASON("frequencies without calibration"),
		  CPUID_STAYS},
	[0x18] = {MASK(ALL, ALL, ALL, ALL), NULL, REASON("TLBs are the core's"), CPUID_STAYS},
	[0x1F] = {MASK(0, 0, 0, 0), cpuid_fix_levels, REASON("topology"), CPUID_STAYS},
};

static const struct cpuid_rule extended_rules[EXTENDED_LEAF_MAX - EXTENDED_LEAF_BASE + 1] = {
	[0x0] = {MASK(ALL, 0, 0, 0), fix_highest_extended, REASON("highest leaf"), CPUID_STAYS},
	[0x1] = {MASK(0, 0, CPUID_SHOWN(CPUID_BITS_80000001_ECX),
		      CPUID_SHOWN(CPUID_BITS_80000001_EDX)),
		 fix_extended_processor, REASON("features"), CPUID_CHANGES},
	[0x2] = {MASK(ALL, ALL, ALL, ALL), NULL, REASON("name"), CPUID_STAYS},
	[0x3] = {MASK(ALL, ALL, ALL, ALL), NULL, REASON("name"), CPUID_STAYS},
	[0x4] = {MASK(ALL, ALL, ALL, ALL), NULL, REASON("name"), CPUID_STAYS},
	[0x6] = {MASK(0, 0, ALL, 0), NULL, REASON("second-level cache is the core's"), CPUID_STAYS},
	[0x7] = {MASK(0, 0, 0, CPUID_SHOWN(CPUID_BITS_80000007_EDX)), NULL, REASON("invariant TSC"),
		 CPUID_STAYS},
	[0x8] = {MASK(0xFFFF, 0, 0, 0), NULL, REASON("address widths"), CPUID_STAYS},
};

static const struct cpuid_rule signature_rule = {
	.fix = fix_signature, .reason = REASON("hypervisor block"), .validity = CPUID_STAYS};
static const struct cpuid_rule timing_rule = {
	.fix = fix_timing, .reason = REASON("frequencies"), .validity = CPUID_STAYS};
static const struct cpuid_rule nothing = {.reason = REASON("no such leaf"),
					  .validity = CPUID_STAYS};

/* Of the hypervisor block, which no processor has; what is not there is zeros, as no KVM feature is. */
static const struct cpuid_rule *hypervisor_rule(uint32_t leaf)
{
	if (leaf == PLATFORM_CPUID_SIGNATURE)
		return &signature_rule;
	return leaf == PLATFORM_CPUID_TIMING ? &timing_rule : &nothing;
}

#define HYPERVISOR_LEAF(leaf) ((leaf) >> 28 == PLATFORM_CPUID_SIGNATURE >> 28)

/* Beyond the highest leaf of its range processors of Intel return the highest basic one (SDM 2A CPUID). */
static uint32_t existing_leaf(uint32_t leaf)
{
	if (leaf <= BASIC_LEAF_MIN || HYPERVISOR_LEAF(leaf))
		return leaf;
	if (leaf < EXTENDED_LEAF_BASE)
		return leaf <= highest_basic() ? leaf : highest_basic();
	return leaf <= highest_extended() ? leaf : highest_basic();
}

static const struct cpuid_rule *find(uint32_t leaf)
{
	if (leaf <= BASIC_LEAF_MAX)
		return &basic_rules[leaf];
	return HYPERVISOR_LEAF(leaf) ? hypervisor_rule(leaf)
				     : &extended_rules[leaf - EXTENDED_LEAF_BASE];
}

/* A processor that lacks the leaf would answer with another one. */
static bool processor_has(uint32_t leaf)
{
	return leaf <= BASIC_LEAF_ALWAYS || leaf >= EXTENDED_LEAF_BASE || leaf <= cpuid(0, 0).eax;
}

static struct cpuid_result masked(const struct cpuid_rule *rule, uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_result result = {0};

	if (!(rule->mask.eax | rule->mask.ebx | rule->mask.ecx | rule->mask.edx) ||
	    !processor_has(leaf))
		return result;
	result = cpuid(leaf, subleaf);
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

enum cpuid_validity cpuid_answer(const struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf,
				 struct cpuid_result *result)
{
	const uint32_t existing = existing_leaf(leaf);
	const struct cpuid_rule *rule = find(existing);

	*result = masked(rule, existing, subleaf);
	if (rule->fix)
		rule->fix(vcpu, subleaf, result);
	hide(vcpu->vm->config, existing, subleaf, result);
	return rule->reason ? (enum cpuid_validity)rule->validity : CPUID_STAYS;
}
