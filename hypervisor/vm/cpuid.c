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

/* A guest is promised at least leaf 0x16 (frequencies) and at most what the table knows. */
#define BASIC_LEAF_MIN     0x16
#define BASIC_LEAF_MAX     0x1F
#define EXTENDED_LEAF_BASE UINT32_C(0x80000000)
#define EXTENDED_LEAF_MAX  UINT32_C(0x80000008)

/* Leaves that every processor with EPT and unrestricted guests has. */
#define BASIC_LEAF_ALWAYS 0xB

/* Highest subleaf of leaf 7 that the table knows. */
#define FEATURE_SUBLEAF_MAX 2

/* What is passed on of the processor's answer to a leaf: OR of 1 << enum cpuid_register. */
#define EAX (1 << CPUID_EAX)
#define ECX (1 << CPUID_ECX)
#define EDX (1 << CPUID_EDX)
#define ALL 0xF

/* Where single bits are passed, and what the VM itself decides, is in `fix`. */
struct cpuid_rule {
	uint32_t leaf;
	uint8_t passed;   /* 0: the processor is not asked */
	uint8_t validity; /* enum cpuid_validity */
	reason_given reason;
	cpuid_fix *fix; /* changes what was passed; may be NULL */
};

static uint32_t within(uint32_t value, uint32_t lowest, uint32_t highest)
{
	if (value < lowest)
		return lowest;
	return value > highest ? highest : value;
}

static __attribute__((noinline)) uint32_t highest_basic(void)
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
	r->ecx &= CPUID_SHOWN(CPUID_BITS_1_ECX);
	r->edx &= CPUID_SHOWN(CPUID_BITS_1_EDX);
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
	r->ecx &= CPUID_SHOWN(CPUID_BITS_80000001_ECX);
	r->edx &= CPUID_SHOWN(CPUID_BITS_80000001_EDX);
	set_bit(&r->edx, CPUID_EXT1_EDX_SYSCALL, guest_code_bits() == 64);
	hide_unless(GUEST_RUNS_RDTSCP, &r->edx, CPUID_EXT1_EDX_RDTSCP);
}

static void fix_extended_power(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	(void)vcpu;
	(void)subleaf;
	r->edx &= CPUID_SHOWN(CPUID_BITS_80000007_EDX);
}

/* Physical and linear ones; that of a guest's guest is nobody's. */
static void fix_address_widths(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	(void)vcpu;
	(void)subleaf;
	r->eax &= 0xFFFF;
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

/*
 * Size of the area for these components: of the compacted one, where each follows the one before, or of the
 * standard one, where each has its place (SDM 1.13.4.2, 1.13.4.3).
 */
static uint32_t area_size(uint64_t components, bool compacted)
{
	uint32_t size = XSAVE_LEGACY_SIZE;

	for (uint32_t i = XSAVE_FIRST_EXTENDED; i < XSAVE_COMPONENTS; i++) {
		struct cpuid_result component;
		uint32_t place;

		if (!(components >> i & 1))
			continue;
		component = cpuid(0xD, i);
		place = component.ebx;
		if (compacted)
			place = component.ecx & XSAVE_ALIGNED ? (size + 63) & ~UINT32_C(63) : size;
		if (place + component.eax > size)
			size = place + component.eax;
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
		r->ecx = area_size(r->eax, false);
		r->edx = 0;
	} else if (subleaf == 1) {
		r->eax &= CPUID_SHOWN(CPUID_BITS_D_1_EAX);
		hide_unless(GUEST_RUNS_XSAVES, &r->eax, XSAVE_HAS_XSAVES);
		r->ecx = r->edx = 0;
		if ((cr4_read() & CR4_OSXSAVE) && (r->eax & XSAVE_HAS_XSAVEC))
			r->ebx = area_size(xcr_read(0), true);
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

/* In kHz, as in the numerator and denominator of the crystal's leaf. */
static void fix_timing(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	uint32_t apic_khz;

	fix_crystal(vcpu, subleaf, r);
	apic_khz = r->eax;
	*r = (struct cpuid_result){.eax = r->ebx, .ebx = apic_khz};
}

/* A leaf without a row reads as zeros: of the hypervisor block, as no KVM feature is there. */
static const struct cpuid_rule rules[] = {
	{0x0, ALL, CPUID_STAYS, REASON("vendor and highest leaf"), fix_highest_basic},
	{0x1, ALL, CPUID_UNTIL_CR4, REASON("model and features"), fix_features},
	{0x2, ALL, CPUID_STAYS, REASON("caches and TLBs are the core's"), NULL},
	{0x4, ALL, CPUID_STAYS, REASON("caches are the core's"), cpuid_fix_caches},
	{0x6, 0, CPUID_STAYS, REASON("only ARAT: guests have no C-states that stop the timer"),
	 fix_power},
	{0x7, ALL, CPUID_UNTIL_CR4, REASON("features, by subleaf"), fix_extended_features},
	{0xB, 0, CPUID_STAYS, REASON("topology"), cpuid_fix_levels},
	{0xD, ALL, CPUID_UNTIL_XCR0, REASON("XSAVE sizes; XCR0 is the guest's"), fix_xsave},
	{0x15, 0, CPUID_STAYS, REASON("frequencies without calibration"), fix_crystal},
	{0x16, 0, CPUID_STAYS, REASON("frequencies without calibration"), fix_frequency},
	{0x18, ALL, CPUID_STAYS, REASON("TLBs are the core's"), NULL},
	{0x1F, 0, CPUID_STAYS, REASON("topology"), cpuid_fix_levels},
	{PLATFORM_CPUID_SIGNATURE, 0, CPUID_STAYS, REASON("hypervisor block"), fix_signature},
	{PLATFORM_CPUID_TIMING, 0, CPUID_STAYS, REASON("frequencies"), fix_timing},
	{0x80000000, EAX, CPUID_STAYS, REASON("highest leaf"), fix_highest_extended},
	{0x80000001, ECX | EDX, CPUID_CHANGES, REASON("features"), fix_extended_processor},
	{0x80000002, ALL, CPUID_STAYS, REASON("name"), NULL},
	{0x80000003, ALL, CPUID_STAYS, REASON("name"), NULL},
	{0x80000004, ALL, CPUID_STAYS, REASON("name"), NULL},
	{0x80000006, ECX, CPUID_STAYS, REASON("second-level cache is the core's"), NULL},
	{0x80000007, EDX, CPUID_STAYS, REASON("invariant TSC"), fix_extended_power},
	{0x80000008, EAX, CPUID_STAYS, REASON("address widths"), fix_address_widths},
	{0, 0, CPUID_STAYS, REASON("all others"), NULL},
};

#define LAST_RULE (rules + sizeof(rules) / sizeof(rules[0]) - 1)

#define HYPERVISOR_LEAF(leaf) ((leaf) >> 28 == PLATFORM_CPUID_SIGNATURE >> 28)

/* Beyond the highest leaf of its range processors of Intel return the highest basic one (SDM 2A CPUID). */
static uint32_t existing_leaf(uint32_t leaf)
{
	if (leaf <= BASIC_LEAF_MIN || HYPERVISOR_LEAF(leaf) ||
	    leaf <= (leaf < EXTENDED_LEAF_BASE ? highest_basic() : highest_extended()))
		return leaf;
	return highest_basic();
}

static const struct cpuid_rule *find(uint32_t leaf)
{
	const struct cpuid_rule *rule = rules;

	while (rule->leaf != leaf && rule < LAST_RULE)
		rule++;
	return rule;
}

/* A processor that lacks the leaf would answer with another one. */
static bool processor_has(uint32_t leaf)
{
	return leaf <= BASIC_LEAF_ALWAYS || leaf >= EXTENDED_LEAF_BASE || leaf <= cpuid(0, 0).eax;
}

/* The result that enum cpuid_register numbers. */
static uint32_t *word(struct cpuid_result *result, unsigned number)
{
	_Static_assert(offsetof(struct cpuid_result, edx) == CPUID_EDX * sizeof(uint32_t) &&
			       offsetof(struct cpuid_result, ecx) == CPUID_ECX * sizeof(uint32_t) &&
			       offsetof(struct cpuid_result, ebx) == CPUID_EBX * sizeof(uint32_t),
		       "results are in their order");
	return (uint32_t *)(void *)result + number;
}

static void ask(const struct cpuid_rule *rule, uint32_t subleaf, struct cpuid_result *result)
{
	*result = (struct cpuid_result){0};
	if (!rule->passed || !processor_has(rule->leaf))
		return;
	*result = cpuid(rule->leaf, subleaf);
	for (unsigned i = CPUID_EAX; i <= CPUID_EDX; i++)
		if (!(rule->passed >> i & 1))
			*word(result, i) = 0;
}

/* What the scenario hides from this VM, last: what stands behind a hidden bit is hidden as well. */
static void hide(const struct vm_config *vm, uint32_t leaf, uint32_t subleaf,
		 struct cpuid_result *result)
{
	for (uint32_t i = 0; i < vm->cpuid_mask_count; i++) {
		const struct cpuid_mask *mask = &vm->cpuid_masks[i];

		if (mask->leaf == leaf &&
		    (mask->subleaf == CPUID_SUBLEAF_ANY || mask->subleaf == subleaf))
			*word(result, mask->result) &= ~mask->clear;
	}
}

enum cpuid_validity cpuid_answer(const struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf,
				 struct cpuid_result *result)
{
	const uint32_t existing = existing_leaf(leaf);
	const struct cpuid_rule *rule = find(existing);

	ask(rule, subleaf, result);
	if (rule->fix)
		rule->fix(vcpu, subleaf, result);
	hide(vcpu->vm->config, existing, subleaf, result);
	return (enum cpuid_validity)rule->validity;
}
