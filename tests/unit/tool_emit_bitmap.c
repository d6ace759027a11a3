/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bitmap.h"

/* The processor's side (SDM 3.25.1.3): does the access exit? */
static bool port_exits(const uint8_t *bitmap, uint32_t port)
{
	const uint8_t *half = bitmap + (port < 0x8000 ? 0 : 4096);

	return half[(port & 0x7FFF) / 8] >> (port & 7) & 1;
}

static bool msr_exits(const uint8_t *bitmap, uint32_t msr, bool write)
{
	uint32_t part = write ? 2048 : 0;

	if (msr >= 0xC0000000 && msr <= 0xC0001FFF)
		part += 1024;
	else if (msr > 0x1FFF)
		return true;
	return bitmap[part + (msr & 0x1FFF) / 8] >> (msr & 7) & 1;
}

static void test_no_port_is_open_without_ranges(void **state)
{
	uint8_t bitmap[IO_BITMAP_SIZE];

	(void)state;
	io_bitmap_build(bitmap, NULL, 0);
	for (uint32_t port = 0; port <= 0xFFFF; port++)
		assert_true(port_exits(bitmap, port));
}

static void test_exactly_the_ranges_are_open(void **state)
{
	static const struct port_range ports[] = {
		{0, 0}, {0x3f8, 0x3ff}, {0x7ffe, 0x8001}, {0xffff, 0xffff}};
	uint8_t bitmap[IO_BITMAP_SIZE];

	(void)state;
	io_bitmap_build(bitmap, ports, 4);
	for (uint32_t port = 0; port <= 0xFFFF; port++) {
		bool open = port == 0 || (port >= 0x3f8 && port <= 0x3ff) ||
			    (port >= 0x7ffe && port <= 0x8001) || port == 0xffff;

		assert_int_equal(port_exits(bitmap, port), !open);
	}
}

/* The row that allows the access, or NULL. */
static const struct msr_policy *find_row(uint32_t msr, enum msr_access access)
{
	for (size_t i = 0; i < msr_policy_count; i++) {
		if (msr >= msr_policy[i].first && msr <= msr_policy[i].last &&
		    (msr_policy[i].access & access))
			return &msr_policy[i];
	}
	return NULL;
}

static void check_msrs(const uint8_t *bitmap, uint32_t first, uint32_t last)
{
	for (uint32_t msr = first; msr <= last; msr++) {
		assert_int_equal(msr_exits(bitmap, msr, false), find_row(msr, MSR_READ) == NULL);
		assert_int_equal(msr_exits(bitmap, msr, true), find_row(msr, MSR_WRITE) == NULL);
	}
}

static void test_msr_bitmap_says_what_the_policy_says(void **state)
{
	uint8_t bitmap[MSR_BITMAP_SIZE];

	(void)state;
	memset(bitmap, 0, sizeof(bitmap));
	msr_bitmap_build(bitmap);
	check_msrs(bitmap, MSR_LOW_FIRST, MSR_LOW_LAST);
	check_msrs(bitmap, MSR_HIGH_FIRST, MSR_HIGH_LAST);
}

static void test_policy_rows_are_sorted_and_explained(void **state)
{
	(void)state;
	for (size_t i = 0; i < msr_policy_count; i++) {
		const struct msr_policy *row = &msr_policy[i];

		assert_true(row->first <= row->last);
		assert_true(row->last <= MSR_LOW_LAST ||
			    (row->first >= MSR_HIGH_FIRST && row->last <= MSR_HIGH_LAST));
		assert_true(row->access >= MSR_READ && row->access <= MSR_READ_WRITE);
		assert_true(strlen(row->name) > 0 && strlen(row->reason) > 0);
		if (i > 0)
			assert_true(msr_policy[i - 1].last < row->first);
	}
}

struct range_case {
	uint32_t first, last;
};

static void test_dangerous_msrs_exit(void **state)
{
	static const struct range_case both[] = {
		{0x17, 0x17},             /* platform id */
		{0x1B, 0x1B},             /* APIC base */
		{0x3A, 0x3A},             /* feature control */
		{0x79, 0x79},             /* microcode update */
		{0x8B, 0x8B},             /* microcode signature */
		{0x9B, 0x9E},             /* SMM monitor control, SMBASE */
		{0xC1, 0xC8},             /* performance counters */
		{0xFE, 0xFF},             /* MTRR capabilities */
		{0x179, 0x179},           /* machine check */
		{0x186, 0x18D},           /* performance events */
		{0x198, 0x19D},           /* P-states, clock modulation, thermal */
		{0x1A0, 0x1A0},           /* MISC_ENABLE */
		{0x1B0, 0x1B0},           /* energy bias */
		{0x1D9, 0x1D9},           /* DEBUGCTL */
		{0x200, 0x26F},           /* MTRRs */
		{0x2FF, 0x2FF},           /* MTRR default type */
		{0x400, 0x47F},           /* machine-check banks */
		{0x480, 0x493},           /* VMX capabilities */
		{0x600, 0x600},           /* debug store area */
		{0x606, 0x64F},           /* power limits */
		{0x770, 0x777},           /* hardware P-states */
		{0x800, 0x801},           /* reserved x2APIC registers */
		{0x804, 0x807},           /* reserved */
		{0x830, 0x831},           /* ICR */
		{0x83A, 0x83D},           /* reserved */
		{0x840, 0xBFF},           /* reserved x2APIC range */
		{0xC81, 0xC8F},           /* cache allocation */
		{0xC90, 0xD8F},           /* cache masks */
		{0xC0000085, 0xC00000FF}, /* unknown */
		{0xC0000104, 0xC0001FFF}, /* AMD's, SVM among them */
	};
	static const struct range_case writes[] = {
		{0x10, 0x10},   {0x3B, 0x3B}, /* TSC and its adjustment */
		{0x802, 0x803},               /* APIC id, version */
		{0x80A, 0x80A}, {0x80D, 0x80D}, {0x810, 0x827}, {0x82F, 0x831}, /* LVT CMCI, ICR */
		{0x833, 0x836}, /* LVT entries with a delivery mode */
		{0x839, 0x839},
	};
	static const struct range_case reads[] = {
		{0x49, 0x49}, {0x80B, 0x80B}, {0x835, 0x836}, {0x83F, 0x83F}, {0x10B, 0x10B}};
	uint8_t bitmap[MSR_BITMAP_SIZE];

	(void)state;
	msr_bitmap_build(bitmap);
	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		for (uint32_t msr = both[i].first; msr <= both[i].last; msr++) {
			assert_true(msr_exits(bitmap, msr, false));
			assert_true(msr_exits(bitmap, msr, true));
		}
	}
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		for (uint32_t msr = writes[i].first; msr <= writes[i].last; msr++)
			assert_true(msr_exits(bitmap, msr, true));
	}
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
		assert_true(msr_exits(bitmap, reads[i].first, false));
}

/* What a guest uses all the time must not exit, or the promise of no exits in steady state is broken. */
static void test_steady_state_msrs_do_not_exit(void **state)
{
	static const uint32_t writes[] = {
		0x6E0,      0x80B,      0x808,      0x838,      0x83F, 0x832, 0xC0000100,
		0xC0000101, 0xC0000102, 0xC0000080, 0xC0000082, 0x48,  0x174, 0x277};
	static const uint32_t reads[] = {0x10, 0x3B, 0x802, 0x810, 0x827, 0x839, 0x6E0, 0xC0000103};
	uint8_t bitmap[MSR_BITMAP_SIZE];

	(void)state;
	msr_bitmap_build(bitmap);
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		assert_false(msr_exits(bitmap, writes[i], true));
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
		assert_false(msr_exits(bitmap, reads[i], false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_port_is_open_without_ranges),
		cmocka_unit_test(test_exactly_the_ranges_are_open),
		cmocka_unit_test(test_msr_bitmap_says_what_the_policy_says),
		cmocka_unit_test(test_policy_rows_are_sorted_and_explained),
		cmocka_unit_test(test_dangerous_msrs_exit),
		cmocka_unit_test(test_steady_state_msrs_do_not_exit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
