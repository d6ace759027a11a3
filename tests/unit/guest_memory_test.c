/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cpu/msr.h"
#include "cpu/privileged.h"
#include "cpu/registers.h"
#include "fake/fake_memory.h"
#include "vm/guest_memory.h"

#define HOST(offset) (FAKE_MEMORY_BASE + (offset))

/*
 * Two neighbouring regions that lie apart in host memory, a read-only one, a device, and one that ends
 * at the top of the guest-physical address space.
 */
static const struct memory_region regions[] = {
	{0x00000, HOST(0x100000), 0x10000, 7, MEMORY_RAM},
	{0x10000, HOST(0x200000), 0x10000, 7, MEMORY_RAM},
	{0x40000, HOST(0x300000), 0x1000, MEMORY_READ, MEMORY_RAM},
	{0x50000, HOST(0x400000), 0x1000, 7, MEMORY_DEVICE},
	{UINT64_C(0xFFFFFFFFFFFFF000), HOST(0x500000), 0x1000, 7, MEMORY_RAM},
};
static const struct vm_config vm = {
	.name = "test",
	.memory = regions,
	.memory_count = sizeof(regions) / sizeof(regions[0]),
};

static int setup(void **state)
{
	(void)state;
	fake_memory_fill(0);
	return 0;
}

static void poke(gpa_t address, const void *bytes, size_t size)
{
	assert_int_equal(guest_write(&vm, address, bytes, size), ERROR_OK);
}

static void poke64(gpa_t address, uint64_t value)
{
	poke(address, &value, sizeof(value));
}

static void poke32(gpa_t address, uint32_t value)
{
	poke(address, &value, sizeof(value));
}

static void test_read_and_write_reach_the_region(void **state)
{
	char text[6] = "";
	(void)state;

	assert_int_equal(guest_write(&vm, 0x123, "hello", 6), ERROR_OK);
	assert_memory_equal(host_pointer(HOST(0x100123)), "hello", 6);
	assert_int_equal(guest_read(&vm, 0x123, text, 6), ERROR_OK);
	assert_string_equal(text, "hello");
}

static void test_copies_cross_regions(void **state)
{
	char text[9] = "";
	(void)state;

	poke(0xFFFC, "abcdefgh", 9);
	assert_memory_equal(host_pointer(HOST(0x10FFFC)), "abcd", 4);
	assert_memory_equal(host_pointer(HOST(0x200000)), "efgh", 5);
	assert_int_equal(guest_read(&vm, 0xFFFC, text, 9), ERROR_OK);
	assert_string_equal(text, "abcdefgh");
}

static void test_nothing_is_copied_when_the_end_is_outside(void **state)
{
	uint8_t bytes[8];
	(void)state;

	memset(bytes, 0xAA, sizeof(bytes));
	assert_int_equal(guest_write(&vm, 0x1FFFC, bytes, 8), ERROR_GUEST_ADDRESS);
	assert_int_equal(*(uint32_t *)host_pointer(HOST(0x20FFFC)), 0);
	assert_int_equal(guest_read(&vm, 0x1FFFC, bytes, 8), ERROR_GUEST_ADDRESS);
	assert_int_equal(bytes[0], 0xAA);
}

static void test_holes_devices_and_wraps_are_refused(void **state)
{
	uint8_t byte = 0;
	uint8_t many[2] = {0, 0};
	(void)state;

	assert_int_equal(guest_read(&vm, 0x20000, &byte, 1), ERROR_GUEST_ADDRESS);
	assert_int_equal(guest_read(&vm, 0x3FFFF, &byte, 1), ERROR_GUEST_ADDRESS);
	assert_int_equal(guest_read(&vm, 0x50000, &byte, 1), ERROR_GUEST_ADDRESS);
	assert_int_equal(guest_read(&vm, HOST(0x100000), &byte, 1), ERROR_GUEST_ADDRESS);
	assert_int_equal(guest_read(&vm, UINT64_MAX, &byte, 1), ERROR_OK);
	assert_int_equal(guest_read(&vm, UINT64_MAX, many, 2), ERROR_GUEST_ADDRESS);
}

static void test_permissions_of_the_region_count(void **state)
{
	uint8_t byte = 0;
	hpa_t host;
	(void)state;

	assert_int_equal(guest_read(&vm, 0x40000, &byte, 1), ERROR_OK);
	assert_int_equal(guest_write(&vm, 0x40000, &byte, 1), ERROR_GUEST_ADDRESS);
	assert_int_equal(guest_translate_range(&vm, 0x40000, 1, 0, &host), ERROR_OK);
	assert_int_equal(guest_translate_range(&vm, 0x40000, 1, MEMORY_EXECUTE, &host),
			 ERROR_GUEST_ADDRESS);
}

static void test_size_zero_touches_nothing(void **state)
{
	(void)state;

	assert_int_equal(guest_read(&vm, 0x30000, NULL, 0), ERROR_OK);
	assert_int_equal(guest_write(&vm, UINT64_MAX, NULL, 0), ERROR_OK);
	assert_true(guest_is_ram(&vm, 0x30000, 0, 0));
}

static void test_translate_piece_stops_at_the_region(void **state)
{
	hpa_t host = 0;
	uint64_t length = 0;
	(void)state;

	assert_int_equal(guest_translate_piece(&vm, 0xF000, 0x3000, 0, &host, &length), ERROR_OK);
	assert_int_equal(host, HOST(0x10F000));
	assert_int_equal(length, 0x1000);
	assert_int_equal(guest_translate_piece(&vm, 0x10000, UINT64_MAX, 0, &host, &length),
			 ERROR_OK);
	assert_int_equal(length, 0x10000);
}

static void test_translate_range_wants_one_region(void **state)
{
	hpa_t host = 0;
	(void)state;

	assert_int_equal(guest_translate_range(&vm, 0x8000, 0x8000, 0, &host), ERROR_OK);
	assert_int_equal(host, HOST(0x108000));
	assert_int_equal(guest_translate_range(&vm, 0x8000, 0x8001, 0, &host), ERROR_GUEST_ADDRESS);
}

static void test_is_ram_spans_regions(void **state)
{
	(void)state;

	assert_true(guest_is_ram(&vm, 0, 0x20000, MEMORY_READ | MEMORY_WRITE));
	assert_false(guest_is_ram(&vm, 0, 0x20001, 0));
	assert_false(guest_is_ram(&vm, 0x1000, UINT64_MAX, 0));
	assert_true(guest_is_ram(&vm, UINT64_C(0xFFFFFFFFFFFFF000), 0x1000, 0));
	assert_false(guest_is_ram(&vm, UINT64_C(0xFFFFFFFFFFFFF000), 0x1001, 0));
}

static void test_paging_off_is_identity_of_32_bits(void **state)
{
	const struct guest_paging paging = {.cr0 = CR0_PE};
	gpa_t physical = 0;
	(void)state;

	assert_int_equal(guest_linear_to_physical(&vm, &paging, 0x1234, &physical), ERROR_OK);
	assert_int_equal(physical, 0x1234);
	assert_int_equal(guest_linear_to_physical(&vm, &paging, UINT64_C(0x100000010), &physical),
			 ERROR_OK);
	assert_int_equal(physical, 0x10);
}

static void test_32bit_paging(void **state)
{
	const struct guest_paging paging = {.cr0 = CR0_PE | CR0_PG, .cr3 = 0x1018};
	gpa_t physical = 0;
	(void)state;

	poke32(0x1000 + 0x300 * 4, 0x2000 | 0xE7);
	poke32(0x2000 + 0x45 * 4, 0xABCDE000 | 0x67);
	assert_int_equal(guest_linear_to_physical(&vm, &paging, 0xC0045678, &physical), ERROR_OK);
	assert_int_equal(physical, 0xABCDE678);
	assert_int_equal(guest_linear_to_physical(&vm, &paging, 0xC0046000, &physical),
			 ERROR_GUEST_NOT_MAPPED);
	assert_int_equal(guest_linear_to_physical(&vm, &paging, 0x1000, &physical),
			 ERROR_GUEST_NOT_MAPPED);
}

static void test_32bit_large_pages_need_pse_and_reach_40_bits(void **state)
{
	struct guest_paging paging = {.cr0 = CR0_PE | CR0_PG, .cr3 = 0x1000, .cr4 = CR4_PSE};
	gpa_t physical = 0;
	(void)state;

	poke32(0x1000 + 4, 0x00C00000 | 0x5 << 13 | 0x83);
	assert_int_equal(guest_linear_to_physical(&vm, &paging, 0x00612345, &physical), ERROR_OK);
	assert_int_equal(physical, UINT64_C(0x500E12345));
	/* Without PSE the bit is ignored, and the entry points to a table outside the VM. */
	paging.cr4 = 0;
	assert_int_equal(guest_linear_to_physical(&vm, &paging, 0x00612345, &physical),
			 ERROR_GUEST_ADDRESS);
}

static void test_pae_paging(void **state)
{
	const struct guest_paging paging = {
		.cr0 = CR0_PE | CR0_PG,
		.cr3 = 0x1020,
		.cr4 = CR4_PAE,
	};
	gpa_t physical = 0;
	(void)state;

	poke64(0x1020 + 3 * 8, 0x2001);
	poke64(0x2000 + 1 * 8, 0x3001);
	poke64(0x2000 + 2 * 8, UINT64_C(0x8000000780000083)); /* 2 MiB, XD, above 4 GiB */
	poke64(0x3000 + 0x45 * 8, UINT64_C(0x8000000123456001));
	assert_int_equal(guest_linear_to_physical(&vm, &paging, 0xC0245ABC, &physical), ERROR_OK);
	assert_int_equal(physical, UINT64_C(0x123456ABC));
	assert_int_equal(guest_linear_to_physical(&vm, &paging, 0xC0554321, &physical), ERROR_OK);
	assert_int_equal(physical, UINT64_C(0x780154321));
	assert_int_equal(guest_linear_to_physical(&vm, &paging, 0x245ABC, &physical),
			 ERROR_GUEST_NOT_MAPPED);
	/* Linear addresses have 32 bits. */
	assert_int_equal(guest_linear_to_physical(&vm, &paging, UINT64_C(0x5C0245ABC), &physical),
			 ERROR_OK);
	assert_int_equal(physical, UINT64_C(0x123456ABC));
}

static const struct guest_paging long_mode = {
	.cr0 = CR0_PE | CR0_PG,
	.cr3 = 0x1FFF, /* with a PCID in bits 11:0 */
	.cr4 = CR4_PAE,
	.efer = EFER_LME | EFER_LMA,
};

static void test_4level_paging(void **state)
{
	gpa_t physical = 0;
	(void)state;

	poke64(0x1000 + 0x1FF * 8, 0x2063);
	poke64(0x2000 + 0x1FE * 8, 0x3063);
	poke64(0x3000 + 0x008 * 8, 0x4063);
	poke64(0x4000 + 0x001 * 8, UINT64_C(0x80000000DEADB163));
	assert_int_equal(
		guest_linear_to_physical(&vm, &long_mode, UINT64_C(0xFFFFFFFF81001ABC), &physical),
		ERROR_OK);
	assert_int_equal(physical, 0xDEADBABC);
	assert_int_equal(
		guest_linear_to_physical(&vm, &long_mode, UINT64_C(0xFFFFFFFF81002ABC), &physical),
		ERROR_GUEST_NOT_MAPPED);
}

static void test_4level_large_pages(void **state)
{
	gpa_t physical = 0;
	(void)state;

	poke64(0x1000, 0x2003);
	poke64(0x2000 + 1 * 8, UINT64_C(0x140001083)); /* 1 GiB, with PAT bit */
	poke64(0x2000 + 2 * 8, 0x3003);
	poke64(0x3000 + 3 * 8, UINT64_C(0x12A01083)); /* 2 MiB, with PAT bit */
	assert_int_equal(guest_linear_to_physical(&vm, &long_mode, 0x7FFFFFFF, &physical),
			 ERROR_OK);
	assert_int_equal(physical, UINT64_C(0x17FFFFFFF));
	assert_int_equal(guest_linear_to_physical(&vm, &long_mode, 0x80712345, &physical),
			 ERROR_OK);
	assert_int_equal(physical, 0x12B12345);
}

static void test_rights_are_those_of_all_entries(void **state)
{
	struct guest_mapping mapping;
	struct guest_paging pae = {.cr0 = CR0_PE | CR0_PG, .cr3 = 0x5000, .cr4 = CR4_PAE};
	(void)state;

	poke64(0x1000, 0x2007);
	poke64(0x2000, 0x3005); /* read-only */
	poke64(0x3000, 0x4007);
	poke64(0x4000, 0x7007);
	poke64(0x2000 + 1 * 8, UINT64_C(0x140000083)); /* supervisor, 1 GiB */
	assert_int_equal(guest_linear_map(&vm, &long_mode, 0x123, &mapping), ERROR_OK);
	assert_int_equal(mapping.physical, 0x7123);
	assert_false(mapping.rights & GUEST_ENTRY_WRITE);
	assert_true(mapping.rights & GUEST_ENTRY_USER);
	assert_int_equal(guest_linear_map(&vm, &long_mode, 0x40000000, &mapping), ERROR_OK);
	assert_true(mapping.rights & GUEST_ENTRY_WRITE);
	assert_false(mapping.rights & GUEST_ENTRY_USER);
	/* in the four PAE entries of the first level these bits are reserved */
	poke64(0x5000, 0x6001);
	poke64(0x6000, 0x4007);
	assert_int_equal(guest_linear_map(&vm, &pae, 0x123, &mapping), ERROR_OK);
	assert_true((mapping.rights & GUEST_ENTRY_WRITE) && (mapping.rights & GUEST_ENTRY_USER));
	pae.cr0 = CR0_PE;
	assert_int_equal(guest_linear_map(&vm, &pae, 0x123, &mapping), ERROR_OK);
	assert_true((mapping.rights & GUEST_ENTRY_WRITE) && (mapping.rights & GUEST_ENTRY_USER));
}

static void test_non_canonical_addresses_are_not_mapped(void **state)
{
	struct guest_paging five = long_mode;
	gpa_t physical = 0;
	(void)state;

	five.cr4 |= CR4_LA57;
	assert_int_equal(
		guest_linear_to_physical(&vm, &long_mode, UINT64_C(0x800000000000), &physical),
		ERROR_GUEST_NOT_MAPPED);
	assert_int_equal(
		guest_linear_to_physical(&vm, &five, UINT64_C(0x0100000000000000), &physical),
		ERROR_GUEST_NOT_MAPPED);
}

static void test_5level_paging(void **state)
{
	struct guest_paging paging = long_mode;
	gpa_t physical = 0;
	(void)state;

	paging.cr4 |= CR4_LA57;
	poke64(0x1000 + 1 * 8, 0x2003);
	poke64(0x2000, 0x3003);
	poke64(0x3000, 0x4003);
	poke64(0x4000, 0x5003);
	poke64(0x5000, 0x77003);
	assert_int_equal(
		guest_linear_to_physical(&vm, &paging, UINT64_C(0x1000000000042), &physical),
		ERROR_OK);
	assert_int_equal(physical, 0x77042);
}

static void test_tables_outside_the_vm_are_refused(void **state)
{
	struct guest_paging paging = long_mode;
	gpa_t physical = 0;
	(void)state;

	paging.cr3 = HOST(0);
	assert_int_equal(guest_linear_to_physical(&vm, &paging, 0, &physical), ERROR_GUEST_ADDRESS);
	paging.cr3 = 0x50000; /* a device */
	assert_int_equal(guest_linear_to_physical(&vm, &paging, 0, &physical), ERROR_GUEST_ADDRESS);
	paging.cr3 = UINT64_MAX;
	assert_int_equal(guest_linear_to_physical(&vm, &paging, 0, &physical), ERROR_GUEST_ADDRESS);
	poke64(0x1000, UINT64_C(0x000FFFFFFFFFF003));
	assert_int_equal(guest_linear_to_physical(&vm, &long_mode, 0, &physical),
			 ERROR_GUEST_ADDRESS);
}

static void test_tables_that_point_to_themselves_end(void **state)
{
	gpa_t physical = 0;
	(void)state;

	poke64(0x1000, 0x1003);
	assert_int_equal(guest_linear_to_physical(&vm, &long_mode, 0x123, &physical), ERROR_OK);
	assert_int_equal(physical, 0x1123);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_read_and_write_reach_the_region, setup),
		cmocka_unit_test_setup(test_copies_cross_regions, setup),
		cmocka_unit_test_setup(test_nothing_is_copied_when_the_end_is_outside, setup),
		cmocka_unit_test_setup(test_holes_devices_and_wraps_are_refused, setup),
		cmocka_unit_test_setup(test_permissions_of_the_region_count, setup),
		cmocka_unit_test_setup(test_size_zero_touches_nothing, setup),
		cmocka_unit_test_setup(test_translate_piece_stops_at_the_region, setup),
		cmocka_unit_test_setup(test_translate_range_wants_one_region, setup),
		cmocka_unit_test_setup(test_is_ram_spans_regions, setup),
		cmocka_unit_test_setup(test_paging_off_is_identity_of_32_bits, setup),
		cmocka_unit_test_setup(test_32bit_paging, setup),
		cmocka_unit_test_setup(test_32bit_large_pages_need_pse_and_reach_40_bits, setup),
		cmocka_unit_test_setup(test_pae_paging, setup),
		cmocka_unit_test_setup(test_4level_paging, setup),
		cmocka_unit_test_setup(test_4level_large_pages, setup),
		cmocka_unit_test_setup(test_rights_are_those_of_all_entries, setup),
		cmocka_unit_test_setup(test_non_canonical_addresses_are_not_mapped, setup),
		cmocka_unit_test_setup(test_5level_paging, setup),
		cmocka_unit_test_setup(test_tables_outside_the_vm_are_refused, setup),
		cmocka_unit_test_setup(test_tables_that_point_to_themselves_end, setup),
	};

	return cmocka_run_group_tests_name("guest_memory", tests, NULL, NULL);
}
