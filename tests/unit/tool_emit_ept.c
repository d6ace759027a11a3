/* SPDX-License-Identifier: Apache-2.0 */
/* The EPT builder: right translations by tool_emit_walk.h, page sizes and refusals here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ept.h"
#include "tool_emit_walk.h"

#define RW  (MEMORY_READ | MEMORY_WRITE)
#define RX  (MEMORY_READ | MEMORY_EXECUTE)
#define RWX (MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE)
#define KIB UINT64_C(0x400)
#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct memory_region region(gpa_t guest, uint64_t size, hpa_t host, uint32_t permissions)
{
	return (struct memory_region){guest, host, size, permissions, MEMORY_RAM};
}

/* The tool's structures as if table i lay at page i. */
static uint64_t read_entry(const void *tables, hpa_t table, unsigned index)
{
	const struct ept *ept = tables;
	const struct ept_entry *entry;

	assert_true(table / PAGE_SIZE_4K < ept->count);
	entry = &ept->tables[table / PAGE_SIZE_4K]->entries[index];
	return entry->child == EPT_NO_CHILD ? entry->bits
					    : entry->bits | entry->child * PAGE_SIZE_4K;
}

static struct walk_leaves check(const struct memory_region *regions, size_t count)
{
	struct walk_leaves leaves;
	struct ept ept;

	assert_int_equal(ept_build(&ept, regions, count), EPT_OK);
	leaves = walk_check(read_entry, &ept, 0, regions, count);
	ept_free(&ept);
	return leaves;
}

static void assert_leaves(struct walk_leaves leaves, size_t of_1g, size_t of_2m, size_t of_4k)
{
	assert_int_equal(leaves.of_1g, of_1g);
	assert_int_equal(leaves.of_2m, of_2m);
	assert_int_equal(leaves.of_4k, of_4k);
}

static void test_empty(void **state)
{
	struct ept ept;

	(void)state;
	assert_int_equal(ept_build(&ept, NULL, 0), EPT_OK);
	assert_int_equal(ept.count, 1);
	for (unsigned i = 0; i < EPT_ENTRIES; i++)
		assert_int_equal(ept.tables[0]->entries[i].bits, 0);
	ept_free(&ept);
}

static void test_single_page(void **state)
{
	struct memory_region regions[] = {region(0x7000, 4 * KIB, 0x12345000, RX)};

	(void)state;
	assert_leaves(check(regions, 1), 0, 0, 1);
}

static void test_congruent_region_gets_large_pages(void **state)
{
	struct memory_region regions[] = {region(0, 256 * MIB, 0x10000000, RWX)};

	(void)state;
	assert_leaves(check(regions, 1), 0, 128, 0);
}

static void test_incongruent_region_gets_small_pages(void **state)
{
	struct memory_region regions[] = {region(0, 4 * MIB, 0x10001000, RWX)};

	(void)state;
	assert_leaves(check(regions, 1), 0, 0, 1024);
}

/* 4 KiB up to a 2 MiB border, 2 MiB up to a 1 GiB border, 1 GiB, and down again. */
static void test_all_sizes_in_one_region(void **state)
{
	gpa_t guest = GIB - 2 * MIB - 8 * KIB;
	struct memory_region regions[] = {
		region(guest, 2 * GIB + 4 * MIB + 12 * KIB, guest + 4 * GIB, RWX)};

	(void)state;
	assert_leaves(check(regions, 1), 2, 2, 2 + 1);
}

/* Congruent modulo 2 MiB only. */
static void test_congruence_limits_page_size(void **state)
{
	struct memory_region regions[] = {region(0, GIB, 2 * GIB + 2 * MIB, RW)};

	(void)state;
	assert_leaves(check(regions, 1), 0, 512, 0);
}

static void test_touching_regions_join(void **state)
{
	struct memory_region regions[] = {
		region(MIB, 2 * MIB, 0x40000000 + MIB, RWX),
		region(0, MIB, 0x40000000, RWX),
		region(3 * MIB, MIB, 0x40000000 + 3 * MIB, RWX),
	};

	(void)state;
	assert_leaves(check(regions, COUNT(regions)), 0, 2, 0);
}

static void test_touching_regions_with_other_host_do_not_join(void **state)
{
	struct memory_region regions[] = {
		region(0, MIB, 0x40000000, RWX),
		region(MIB, MIB, 0x50000000 + MIB, RWX),
	};

	(void)state;
	assert_leaves(check(regions, COUNT(regions)), 0, 0, 512);
}

static void test_permissions_split_a_large_page(void **state)
{
	struct memory_region regions[] = {
		region(0, 64 * KIB, 0x40000000, MEMORY_READ),
		region(64 * KIB, 4 * KIB, 0x40000000 + 64 * KIB, RX),
		region(68 * KIB, 2 * MIB - 68 * KIB, 0x40000000 + 68 * KIB, RW),
		region(2 * MIB, 2 * MIB, 0x40000000 + 2 * MIB, RW),
	};

	(void)state;
	assert_leaves(check(regions, COUNT(regions)), 0, 1, 512);
}

static void test_device_is_uncached_and_not_joined(void **state)
{
	struct memory_region regions[] = {
		region(0xe0000000, 2 * MIB, 0xe0000000, RW),
		{0xe0200000, 0xe0200000, 4 * KIB, RW, MEMORY_DEVICE},
	};

	(void)state;
	assert_leaves(check(regions, COUNT(regions)), 0, 1, 1);
}

static void test_top_of_guest_address_space(void **state)
{
	gpa_t top = UINT64_C(1) << 48;
	struct memory_region regions[] = {
		region(top - GIB, GIB, 3 * GIB, RWX),
		region(top - GIB - 4 * KIB, 4 * KIB, 0x1000, RWX),
		region(0, 4 * KIB, (UINT64_C(1) << 52) - 4 * KIB, RWX),
	};

	(void)state;
	assert_leaves(check(regions, COUNT(regions)), 1, 0, 2);
}

static void test_far_apart_regions_share_no_tables(void **state)
{
	struct memory_region regions[] = {
		region(0, 4 * KIB, 0x1000, RWX),
		region(512 * GIB, 4 * KIB, 0x2000, RWX),
		region(513 * GIB, 4 * KIB, 0x3000, RWX),
	};
	struct ept ept;

	(void)state;
	check(regions, COUNT(regions));
	assert_int_equal(ept_build(&ept, regions, COUNT(regions)), EPT_OK);
	assert_int_equal(ept.count, 1 + 2 + 3 + 3);
	ept_free(&ept);
}

/* Deterministic pseudo-random numbers (a linear congruential generator's high bits). */
static uint64_t next_random(uint64_t *seed, uint64_t limit)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (*seed >> 33) % limit;
}

static void test_random_layouts(void **state)
{
	static const uint64_t units[] = {4 * KIB, 64 * KIB, 2 * MIB};
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct memory_region regions[12];
		gpa_t guest = 0;
		hpa_t host = GIB;

		for (size_t i = 0; i < COUNT(regions); i++) {
			uint64_t unit = units[next_random(&seed, COUNT(units))];

			guest += next_random(&seed, 2) * next_random(&seed, 5) * unit;
			host += next_random(&seed, 2) * next_random(&seed, 5) * unit;
			regions[i] = region(guest, (1 + next_random(&seed, 4)) * unit, host,
					    next_random(&seed, 4) == 0 ? RX : RWX);
			guest += regions[i].size;
			host += regions[i].size;
		}
		check(regions, COUNT(regions));
	}
}

static enum ept_error build_error(struct memory_region first, struct memory_region second)
{
	struct memory_region regions[] = {first, second};
	struct ept ept;
	enum ept_error error = ept_build(&ept, regions, COUNT(regions));

	assert_int_equal(ept.count, 0);
	assert_null(ept.tables);
	assert_true(ept_error_text(error)[0] != '\0');
	return error;
}

static void test_refuses_what_no_ept_can_say(void **state)
{
	struct memory_region good = region(0x10000, 4 * KIB, 0x10000, RWX);
	gpa_t top = UINT64_C(1) << 48;

	(void)state;
	assert_int_equal(build_error(good, region(0x800, 4 * KIB, 0, RWX)), EPT_UNALIGNED);
	assert_int_equal(build_error(good, region(0, 4 * KIB, 0x800, RWX)), EPT_UNALIGNED);
	assert_int_equal(build_error(good, region(0, 0x800, 0, RWX)), EPT_UNALIGNED);
	assert_int_equal(build_error(good, region(0, 0, 0, RWX)), EPT_UNALIGNED);
	assert_int_equal(build_error(good, region(top, 4 * KIB, 0, RWX)), EPT_TOO_HIGH);
	assert_int_equal(build_error(good, region(top - 4 * KIB, 8 * KIB, 0, RWX)), EPT_TOO_HIGH);
	assert_int_equal(build_error(good, region(0, -4 * KIB, 0, RWX)), EPT_TOO_HIGH);
	assert_int_equal(build_error(good, region(0, 8 * KIB, (UINT64_C(1) << 52) - 4 * KIB, RWX)),
			 EPT_TOO_HIGH);
	assert_int_equal(build_error(good, region(0, 4 * KIB, 0, 0)), EPT_PERMISSIONS);
	assert_int_equal(build_error(good, region(0, 4 * KIB, 0, MEMORY_WRITE)), EPT_PERMISSIONS);
	assert_int_equal(build_error(good, region(0, 4 * KIB, 0, 0xF)), EPT_PERMISSIONS);
}

static void test_refuses_overlap(void **state)
{
	struct memory_region large = region(0, 4 * MIB, 0x40000000, RWX);

	(void)state;
	assert_int_equal(build_error(large, region(2 * MIB, 2 * MIB, 0, RWX)), EPT_OVERLAP);
	assert_int_equal(build_error(large, region(4 * MIB - 4 * KIB, 4 * KIB, 0, RWX)),
			 EPT_OVERLAP);
	assert_int_equal(build_error(region(4 * KIB, 4 * KIB, 0, RWX), large), EPT_OVERLAP);
	assert_int_equal(build_error(large, large), EPT_OVERLAP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_single_page),
		cmocka_unit_test(test_congruent_region_gets_large_pages),
		cmocka_unit_test(test_incongruent_region_gets_small_pages),
		cmocka_unit_test(test_all_sizes_in_one_region),
		cmocka_unit_test(test_congruence_limits_page_size),
		cmocka_unit_test(test_touching_regions_join),
		cmocka_unit_test(test_touching_regions_with_other_host_do_not_join),
		cmocka_unit_test(test_permissions_split_a_large_page),
		cmocka_unit_test(test_device_is_uncached_and_not_joined),
		cmocka_unit_test(test_top_of_guest_address_space),
		cmocka_unit_test(test_far_apart_regions_share_no_tables),
		cmocka_unit_test(test_random_layouts),
		cmocka_unit_test(test_refuses_what_no_ept_can_say),
		cmocka_unit_test(test_refuses_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
