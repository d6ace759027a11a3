/* SPDX-License-Identifier: Apache-2.0 */
/* BHB4xx: MSR bitmaps (SDM 3.25.6.9), in which 1 exits and 0 lets the guest reach the real MSR. */
#include "verify_internal.h"

#define R 1
#define W 2

struct msr {
	uint32_t first, last;
	unsigned access;
	const char *name;
};

/*
 * What a guest reaches without an exit, no more and no less. Written from the SDM and not from the
 * emitter's policy. Each was asked: can it change anything outside this core, or anything the
 * hypervisor relies on while it runs on this core? And: does a guest in its steady state need it?
 *
 * Not here although a guest has it to itself: IA32_XSS. It decides which state XRSTORS loads, and among
 * that are processor trace's output address, which is host-physical, and power requests (SDM 1.13.1).
 */
/* clang-format off */
static const struct msr allowed[] = {
	/*
	 * Time. The counter is read-only, because an offset would stay when the core goes to another user;
	 * the deadline is armed at every tick (SDM 3.11.5.4.1).
	 */
	{0x010, 0x010, R, "IA32_TIME_STAMP_COUNTER"},
	{0x03B, 0x03B, R, "IA32_TSC_ADJUST"},
	{0x6E0, 0x6E0, R | W, "IA32_TSC_DEADLINE"},
	/* Speculation control and flushes of this core (SDM 4.2.1); the two commands cannot be read. */
	{0x048, 0x048, R | W, "IA32_SPEC_CTRL"},
	{0x049, 0x049, W, "IA32_PRED_CMD"},
	{0x10B, 0x10B, W, "IA32_FLUSH_CMD"},
	/* Fields of the guest-state area, loaded at VM entry and saved or reloaded at VM exit (SDM 3.25.4). */
	{0x174, 0x174, R | W, "IA32_SYSENTER_CS"},
	{0x175, 0x175, R | W, "IA32_SYSENTER_ESP"},
	{0x176, 0x176, R | W, "IA32_SYSENTER_EIP"},
	{0x277, 0x277, R | W, "IA32_PAT"},
	{0xC0000080, 0xC0000080, R | W, "IA32_EFER"},
	{0xC0000100, 0xC0000100, R | W, "IA32_FS_BASE"},
	{0xC0000101, 0xC0000101, R | W, "IA32_GS_BASE"},
	/* Used by SYSCALL, SWAPGS and RDTSCP alone, none of which the hypervisor executes. */
	{0xC0000081, 0xC0000081, R | W, "IA32_STAR"},
	{0xC0000082, 0xC0000082, R | W, "IA32_LSTAR"},
	{0xC0000083, 0xC0000083, R | W, "IA32_CSTAR"},
	{0xC0000084, 0xC0000084, R | W, "IA32_FMASK"},
	{0xC0000102, 0xC0000102, R | W, "IA32_KERNEL_GS_BASE"},
	{0xC0000103, 0xC0000103, R | W, "IA32_TSC_AUX"},
	/*
	 * Local APIC (SDM 3.11.12.1.2). Not the ICR, which addresses other cores, and of the local vector
	 * table only the timer and the error entry: the others have a delivery mode, with which they
	 * raise SMIs and INITs, and can only be read.
	 */
	{0x802, 0x802, R, "IA32_X2APIC_APICID"},
	{0x803, 0x803, R, "IA32_X2APIC_VERSION"},
	{0x808, 0x808, R | W, "IA32_X2APIC_TPR"},
	{0x80A, 0x80A, R, "IA32_X2APIC_PPR"},
	{0x80B, 0x80B, W, "IA32_X2APIC_EOI"},
	{0x80D, 0x80D, R, "IA32_X2APIC_LDR"},
	{0x80F, 0x80F, R | W, "IA32_X2APIC_SIVR"},
	{0x810, 0x817, R, "IA32_X2APIC_ISR"},
	{0x818, 0x81F, R, "IA32_X2APIC_TMR"},
	{0x820, 0x827, R, "IA32_X2APIC_IRR"},
	{0x828, 0x828, R | W, "IA32_X2APIC_ESR"},
	{0x82F, 0x82F, R, "IA32_X2APIC_LVT_CMCI"},
	{0x832, 0x832, R | W, "IA32_X2APIC_LVT_TIMER"},
	{0x833, 0x833, R, "IA32_X2APIC_LVT_THERMAL"},
	{0x834, 0x834, R, "IA32_X2APIC_LVT_PMI"},
	{0x837, 0x837, R | W, "IA32_X2APIC_LVT_ERROR"},
	{0x838, 0x838, R | W, "IA32_X2APIC_INIT_COUNT"},
	{0x839, 0x839, R, "IA32_X2APIC_CUR_COUNT"},
	{0x83E, 0x83E, R | W, "IA32_X2APIC_DIV_CONF"},
	{0x83F, 0x83F, W, "IA32_X2APIC_SELF_IPI"},
};
/* clang-format on */

const char *verify_msr_name(uint32_t msr)
{
	for (size_t i = 0; i < ELEMENTS(allowed); i++)
		if (msr >= allowed[i].first && msr <= allowed[i].last)
			return allowed[i].name;
	return NULL;
}

/* --- The bitmap as it has to be ----------------------------------------------------------------- */

static void open_msr(uint8_t *bitmap, uint32_t msr, unsigned access)
{
	bool high = msr >= MSR_HIGH_BASE;
	uint32_t bit = high ? msr - MSR_HIGH_BASE : msr;
	const uint8_t mask = (uint8_t) ~(1u << bit % 8);

	if (access & R)
		bitmap[(high ? MSR_READ_HIGH : MSR_READ_LOW) * MSR_PART_BYTES + bit / 8] &= mask;
	if (access & W)
		bitmap[(high ? MSR_WRITE_HIGH : MSR_WRITE_LOW) * MSR_PART_BYTES + bit / 8] &= mask;
}

static void expected_bitmap(uint8_t bitmap[MSR_BITMAP_BYTES])
{
	memset(bitmap, 0xFF, MSR_BITMAP_BYTES);
	for (size_t i = 0; i < ELEMENTS(allowed); i++)
		for (uint32_t msr = allowed[i].first; msr <= allowed[i].last; msr++)
			open_msr(bitmap, msr, allowed[i].access);
}

/* Runs of bits that are 0 in `open` and 1 in `closed`. */
static void report_runs(struct verify *verify, enum verify_rule_id rule, const struct verify_vm *vm,
			const uint8_t *open, const uint8_t *closed, const char *format)
{
	uint8_t differ[MSR_BITMAP_BYTES];
	uint32_t first, last;

	for (unsigned i = 0; i < MSR_BITMAP_BYTES; i++)
		differ[i] = closed[i] & (uint8_t)~open[i];
	for (unsigned part = 0; part < MSR_PART_COUNT; part++) {
		uint32_t base = part & 1 ? MSR_HIGH_BASE : 0, from = part * MSR_PART_BITS;
		uint32_t start = from;

		while (verify_bit_run(differ, from, start + MSR_PART_BITS, true, &first, &last)) {
			uint32_t msr = base + (first - start);
			const char *name = verify_msr_name(msr);

			verify_report(verify, rule, "%s: MSR %s%s%s%s: %s %s", vm->label,
				      verify_numbers(verify, msr, base + (last - start)),
				      name ? " (" : "", name ? name : "", name ? ")" : "",
				      part < MSR_WRITE_LOW ? "reading" : "writing", format);
			from = last + 1;
		}
	}
	verify->statistics.pairs += (uint64_t)MSR_PART_COUNT * MSR_PART_BITS;
}

void verify_msr_open(struct verify *verify)
{
	uint8_t expected[MSR_BITMAP_BYTES];

	expected_bitmap(expected);
	FOR_EACH_VM(verify, vm) {
		if (!vm->msr_bitmap)
			continue;
		verify->statistics.msr_bits += (uint64_t)MSR_PART_COUNT * MSR_PART_BITS;
		report_runs(verify, VERIFY_MSR_OPEN, vm, vm->msr_bitmap, expected,
			    "does not exit, which no guest may be allowed");
	}
}

void verify_msr_closed(struct verify *verify)
{
	uint8_t expected[MSR_BITMAP_BYTES];

	expected_bitmap(expected);
	FOR_EACH_VM(verify, vm)
		if (vm->msr_bitmap)
			report_runs(verify, VERIFY_MSR_CLOSED, vm, expected, vm->msr_bitmap,
				    "exits, although the hypervisor has no answer");
}
