/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bulkhead/platform.h"
#include "fake/fake_log.h"
#include "loader_support.h"

static int setup(void **state)
{
	loader_setup(state);
	set_module(IMAGE, "0123456789ABCDEF", 16);
	test_vm.boot.load_address = 0x100000;
	test_bsp.entry = 0x100004;
	return 0;
}

static void test_image_goes_to_the_load_address(void **state)
{
	(void)state;

	assert_int_equal(load(), ERROR_OK);
	assert_placed(0x100000, "0123456789ABCDEF", 16);
	assert_not_placed(0x0FFFFF, 1);
	assert_not_placed(0x100010, 1);
	assert_placements_sound();
}

static void test_bsp_starts_at_its_entry(void **state)
{
	(void)state;
	test_bsp.mode = ENTRY_REAL;

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.mode, ENTRY_REAL);
	assert_int_equal(test_entry.rip, 0x100004);
	assert_int_equal(test_entry.registers.rax, PLATFORM_START_MAGIC);
	assert_int_equal(test_entry.registers.rdi, 0);
	assert_int_equal(test_entry.registers.rsi, 3);
	assert_int_equal(test_entry.gdt_limit, 0);
}

static void test_image_may_span_regions(void **state)
{
	(void)state;
	test_memory[0] = (struct memory_region){0x100000, 0x50000000, 0x1000, 7, MEMORY_RAM};
	test_memory[1] = (struct memory_region){0x101000, 0x40000000, 0x1000, 5, MEMORY_RAM};
	test_vm.memory_count = 2;
	test_vm.boot.load_address = 0x100FFB;

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_list.count, 2);
	assert_placed(0x100FFB, "0123456789ABCDEF", 16);
	assert_placements_sound();
}

static void test_image_outside_ram_is_refused(void **state)
{
	(void)state;
	test_vm.boot.load_address = 0x3FFFFF1;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "0x3fffff1");
	test_vm.boot.load_address = UINT64_MAX - 3;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "0xfffffffffffffffc");
	assert_int_equal(test_list.count, 0);
}

static void test_image_over_a_hole_or_device_is_refused(void **state)
{
	(void)state;
	test_memory[0] = (struct memory_region){0x100000, 0x50000000, 0x1000, 7, MEMORY_RAM};
	test_memory[1] = (struct memory_region){0x102000, 0x40000000, 0x1000, 7, MEMORY_RAM};
	test_vm.memory_count = 2;
	test_vm.boot.load_address = 0x100FFB;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "0x100ffb");
	test_memory[1].guest_physical = 0x101000;
	assert_int_equal(load(), ERROR_OK);
	test_memory[1].kind = MEMORY_DEVICE;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "0x100ffb");
}

static void test_empty_image_is_refused(void **state)
{
	(void)state;
	set_module(IMAGE, "", 0);

	assert_refused(ERROR_IMAGE_TRUNCATED, "empty");
}

static void test_blobs_come_along(void **state)
{
	static const uint8_t table[] = {1, 2, 3, 4};
	static const struct guest_blob blobs[] = {
		{"RSDP", 0xE0000, table, 4},
		{"DSDT", 0xE1000, table, 3},
	};
	(void)state;
	test_vm.blobs = blobs;
	test_vm.blob_count = 2;

	assert_int_equal(load(), ERROR_OK);
	assert_placed(0xE0000, table, 4);
	assert_placed(0xE1000, table, 3);
	assert_not_placed(0xE1003, 1);
	assert_int_equal(placed_byte(0xFFFF0), 0xB0); /* code that resets the VM */
	test_vm.blob_count = 0;
	assert_int_equal(load(), ERROR_OK);
	assert_not_placed(0xFFFF0, 16);
	test_vm.blob_count = 2;
	test_memory[0].guest_physical = 0x100000;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "RSDP needs 0x4 bytes at guest-physical 0xe0000");
}

static void test_full_list_is_an_error(void **state)
{
	static struct placement_list list;
	(void)state;

	list.count = PLACEMENT_CAPACITY;
	fake_log_clear();
	assert_int_equal(placement_add_zero(&list, 1, 0), ERROR_CAPACITY);
	assert_true(fake_log_has(LOG_ERROR, "CONFIG_MAX_MODULES"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_image_goes_to_the_load_address, setup,
						loader_teardown),
		cmocka_unit_test_setup_teardown(test_bsp_starts_at_its_entry, setup,
						loader_teardown),
		cmocka_unit_test_setup_teardown(test_image_may_span_regions, setup,
						loader_teardown),
		cmocka_unit_test_setup_teardown(test_image_outside_ram_is_refused, setup,
						loader_teardown),
		cmocka_unit_test_setup_teardown(test_image_over_a_hole_or_device_is_refused, setup,
						loader_teardown),
		cmocka_unit_test_setup_teardown(test_empty_image_is_refused, setup,
						loader_teardown),
		cmocka_unit_test_setup_teardown(test_blobs_come_along, setup, loader_teardown),
		cmocka_unit_test_setup_teardown(test_full_list_is_an_error, setup, loader_teardown),
	};

	return cmocka_run_group_tests_name("loader_raw", tests, NULL, NULL);
}
