/* SPDX-License-Identifier: Apache-2.0 */
#include <asm/bootparam.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bulkhead/platform.h"
#include "loader/linux_boot.h"
#include "loader_support.h"

/* Our struct against the kernel's own (linux-libc-dev). */
#define SAME_PLACE(field)                                           \
	_Static_assert(offsetof(struct linux_parameters, field) ==  \
			       offsetof(struct boot_params, field), \
		       "asm/bootparam.h")
SAME_PLACE(acpi_rsdp_addr);
SAME_PLACE(e820_entries);
SAME_PLACE(e820_table);
SAME_PLACE(hdr.setup_sects);
SAME_PLACE(hdr.syssize);
SAME_PLACE(hdr.boot_flag);
SAME_PLACE(hdr.jump);
SAME_PLACE(hdr.header);
SAME_PLACE(hdr.version);
SAME_PLACE(hdr.type_of_loader);
SAME_PLACE(hdr.loadflags);
SAME_PLACE(hdr.code32_start);
SAME_PLACE(hdr.ramdisk_image);
SAME_PLACE(hdr.ramdisk_size);
SAME_PLACE(hdr.cmd_line_ptr);
SAME_PLACE(hdr.initrd_addr_max);
SAME_PLACE(hdr.kernel_alignment);
SAME_PLACE(hdr.relocatable_kernel);
SAME_PLACE(hdr.cmdline_size);
SAME_PLACE(hdr.setup_data);
SAME_PLACE(hdr.pref_address);
SAME_PLACE(hdr.init_size);
SAME_PLACE(hdr.kernel_info_offset);
_Static_assert(sizeof(struct linux_parameters) == sizeof(struct boot_params), "asm/bootparam.h");
_Static_assert(LINUX_E820_MAX == E820_MAX_ENTRIES_ZEROPAGE, "asm/bootparam.h");

#define SETUP_SECTORS 2
#define KERNEL_OFFSET ((SETUP_SECTORS + 1) * 512)
#define KERNEL_SIZE   0x3000
#define INIT_SIZE     0x8000
#define PREFERRED     0x1000000
#define RAM_END       0x4000000

/* A bzImage of protocol 2.15, whose kernel is KERNEL_SIZE bytes 'K'. */
static struct {
	uint8_t before[LINUX_HEADER_OFFSET];
	struct linux_setup_header header;
	uint8_t after[KERNEL_OFFSET - 0x290];
	uint8_t kernel[KERNEL_SIZE];
} __attribute__((packed)) image;
_Static_assert(sizeof(image) == KERNEL_OFFSET + KERNEL_SIZE, "the file is what setup_sects says");

static const struct e820_entry map[] = {
	{0, 0x9F000, 1},
	{0xE0000, 0x20000, 2},
	{0x100000, RAM_END - 0x100000, 1},
};

static void make_image(void)
{
	memset(&image, 0xEE, sizeof(image));
	memset(image.kernel, 'K', sizeof(image.kernel));
	image.header = (struct linux_setup_header){
		.setup_sects = SETUP_SECTORS,
		.syssize = KERNEL_SIZE / 16,
		.boot_flag = 0xAA55,
		.jump = 0x6AEB, /* the header ends at 0x26c */
		.header = 0x53726448,
		.version = 0x020F,
		.loadflags = 0x01,
		.code32_start = 0x100000,
		.initrd_addr_max = 0x7FFFFFFF,
		.kernel_alignment = 0x200000,
		.relocatable_kernel = 1,
		.cmdline_size = 2047,
		.setup_data = 0x1234,
		.pref_address = PREFERRED,
		.init_size = INIT_SIZE,
		.kernel_info_offset = 0x77,
	};
	memset(image.header.later, 0xEE, sizeof(image.header.later));
}

static void use_image(void)
{
	set_module(IMAGE, &image, sizeof(image));
}

static int setup(void **state)
{
	loader_setup(state);
	test_vm.boot.protocol = BOOT_LINUX;
	test_vm.boot.bootargs = "console=ttyS0";
	test_vm.e820 = map;
	test_vm.e820_count = 3;
	test_vm.acpi_rsdp = 0xE0000;
	make_image();
	use_image();
	return 0;
}

/* What the kernel will find at ESI. */
static struct linux_parameters placed_parameters(void)
{
	struct linux_parameters page;

	for (size_t i = 0; i < sizeof(page); i++) {
		int byte = placed_byte(PLATFORM_LINUX_PARAMETERS_GPA + i);

		assert_int_not_equal(byte, -1);
		((uint8_t *)&page)[i] = (uint8_t)byte;
	}
	return page;
}

static void test_kernel_is_placed_at_its_preferred_address(void **state)
{
	(void)state;

	assert_int_equal(load(), ERROR_OK);
	assert_placed(PREFERRED, image.kernel, KERNEL_SIZE);
	assert_not_placed(PREFERRED - 1, 1);
	assert_not_placed(PREFERRED + KERNEL_SIZE, 1);
	assert_placements_sound();
}

static void test_entry_state_is_the_32bit_protocols(void **state)
{
	static const struct guest_registers none;
	(void)state;
	test_bsp.mode = ENTRY_REAL; /* ignored */

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.mode, ENTRY_PROTECTED);
	assert_int_equal(test_entry.rip, PREFERRED);
	assert_int_equal(test_entry.registers.rsi, PLATFORM_LINUX_PARAMETERS_GPA);
	test_entry.registers.rsi = 0;
	assert_memory_equal(&test_entry.registers, &none, sizeof(none));
}

static void test_gdt_has_linux_flat_segments(void **state)
{
	static const uint64_t gdt[] = {0, 0, UINT64_C(0x00CF9B000000FFFF),
				       UINT64_C(0x00CF93000000FFFF)};
	(void)state;

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.gdt_base, PLATFORM_BOOT_GDT_GPA);
	assert_int_equal(test_entry.gdt_limit, sizeof(gdt) - 1);
	assert_placed(PLATFORM_BOOT_GDT_GPA, gdt, sizeof(gdt));
}

static void test_parameters_tell_the_kernel(void **state)
{
	struct linux_parameters page;
	(void)state;

	assert_int_equal(load(), ERROR_OK);
	page = placed_parameters();
	assert_int_equal(page.acpi_rsdp_addr, 0xE0000);
	assert_int_equal(page.e820_entries, 3);
	assert_memory_equal(page.e820_table, map, sizeof(map));
	assert_int_equal(page.hdr.type_of_loader, 0xFF);
	assert_int_equal(page.hdr.code32_start, PREFERRED);
	assert_int_equal(page.hdr.cmd_line_ptr, PLATFORM_LINUX_COMMAND_GPA);
	assert_int_equal(page.hdr.ramdisk_image, 0);
	assert_int_equal(page.hdr.ramdisk_size, 0);
	assert_int_equal(page.hdr.setup_data, 0);
	assert_placed(PLATFORM_LINUX_COMMAND_GPA, "console=ttyS0", 14);
}

/* mov al, 6; mov dx, 0x602; out dx, al: Linux jumps there in real mode to begin again. */
static void test_reset_vector_resets_the_vm(void **state)
{
	static const uint8_t code[] = {0xB0, 0x06, 0xBA, 0x02, 0x06, 0xEE};
	(void)state;

	assert_int_equal(load(), ERROR_OK);
	assert_placed(0xFFFF0, code, sizeof(code));
	assert_placements_sound();
}

static void test_reset_vector_needs_memory(void **state)
{
	(void)state;
	test_memory[0].size = 0xA0000;
	test_memory[1] = test_memory[0];
	test_memory[1].guest_physical = 0x100000;
	test_memory[1].size = UINT64_C(64) << 20;
	test_vm.memory_count = 2;

	assert_int_equal(load(), ERROR_OK);
	assert_not_placed(0xFFFF0, 16);
}

static void test_setup_header_is_copied_and_the_rest_zero(void **state)
{
	static const uint8_t zeros[4096];
	struct linux_parameters page;
	(void)state;

	assert_int_equal(load(), ERROR_OK);
	page = placed_parameters();
	assert_int_equal(page.hdr.version, 0x020F);
	assert_int_equal(page.hdr.init_size, INIT_SIZE);
	assert_int_equal(page.hdr.kernel_info_offset, 0x77);
	assert_memory_equal(page.hdr.later, zeros, sizeof(page.hdr.later));
	assert_memory_equal(page.zero0, zeros, sizeof(page.zero0));
	assert_memory_equal(page.zero1, zeros, sizeof(page.zero1));
	assert_memory_equal(page.zero2, zeros, sizeof(page.zero2));
	assert_memory_equal(page.zero3, zeros, sizeof(page.zero3));
	assert_memory_equal(page.zero4, zeros, sizeof(page.zero4));
}

static void test_fields_behind_a_short_header_are_zero(void **state)
{
	(void)state;
	image.header.jump = 0x62EB; /* ends at 0x264, as of protocol 2.10 */
	image.header.version = 0x020A;
	use_image();

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(placed_parameters().hdr.init_size, INIT_SIZE);
	assert_int_equal(placed_parameters().hdr.kernel_info_offset, 0);
	assert_int_equal(placed_parameters().acpi_rsdp_addr, 0);
	image.header.jump = 0x5AEB; /* ends at 0x25c: half of pref_address */
	use_image();
	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(placed_parameters().hdr.init_size, 0);
}

static void test_rsdp_needs_protocol_2_14(void **state)
{
	(void)state;
	image.header.version = 0x020D;
	use_image();
	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(placed_parameters().acpi_rsdp_addr, 0);
	image.header.version = 0x020E;
	use_image();
	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(placed_parameters().acpi_rsdp_addr, 0xE0000);
}

static void test_setup_sectors_0_means_4(void **state)
{
	uint8_t *large = calloc(1, 5 * 512 + 16);
	(void)state;

	assert_non_null(large);
	image.header.setup_sects = 0;
	image.header.syssize = 1;
	memcpy(large, &image, 0x290);
	memcpy(large + 5 * 512, "0123456789ABCDEF", 16);
	set_module(IMAGE, large, 5 * 512 + 16);
	free(large);
	assert_int_equal(load(), ERROR_OK);
	assert_placed(PREFERRED, "0123456789ABCDEF", 16);
}

static void use_ramdisk(size_t size)
{
	uint8_t *bytes = malloc(size + (size == 0));

	assert_non_null(bytes);
	memset(bytes, 'R', size);
	set_module(RAMDISK, bytes, size);
	free(bytes);
	test_vm.boot.ramdisk = RAMDISK;
}

static void assert_ramdisk_at(gpa_t address, uint32_t size)
{
	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(placed_parameters().hdr.ramdisk_image, address);
	assert_int_equal(placed_parameters().hdr.ramdisk_size, size);
	assert_int_equal(placed_byte(address), 'R');
	assert_int_equal(placed_byte(address + size - 1), 'R');
	assert_int_not_equal(placed_byte(address + size), 'R');
	assert_placements_sound();
}

static void test_ramdisk_goes_to_the_top_of_ram(void **state)
{
	(void)state;
	use_ramdisk(0x1001);

	assert_ramdisk_at(RAM_END - 0x2000, 0x1001);
}

static void test_ramdisk_stays_below_initrd_addr_max(void **state)
{
	(void)state;
	use_ramdisk(0x1000);
	image.header.initrd_addr_max = 0x2FFFFFF;
	use_image();
	assert_ramdisk_at(0x2FFF000, 0x1000);
	image.header.initrd_addr_max = 0x2FFFFFE;
	use_image();
	assert_ramdisk_at(0x2FFE000, 0x1000);
	image.header.initrd_addr_max = UINT32_MAX;
	use_image();
	assert_ramdisk_at(RAM_END - 0x1000, 0x1000);
}

static void test_ramdisk_stays_clear_of_all_that_the_kernel_needs(void **state)
{
	(void)state;
	test_memory[0].size = PREFERRED + INIT_SIZE + 0x1000;
	use_ramdisk(0x1000);
	assert_ramdisk_at(PREFERRED + INIT_SIZE, 0x1000);
	use_ramdisk(0x1001);
	assert_ramdisk_at(PREFERRED - 0x2000, 0x1001);
}

static void test_ramdisk_takes_the_highest_region_that_can_hold_it(void **state)
{
	(void)state;
	test_memory[0].size = 0x2000000;
	test_memory[1] = (struct memory_region){0x8000000, 0x80000000, 0x4000, 7, MEMORY_RAM};
	test_memory[2] = (struct memory_region){0x9000000, 0x90000000, 0x10000, 7, MEMORY_DEVICE};
	test_memory[3] = (struct memory_region){UINT64_C(0x200000000), UINT64_C(0xA0000000),
						0x10000, 7, MEMORY_RAM};
	test_vm.memory_count = 4;
	use_ramdisk(0x4000);
	assert_ramdisk_at(0x8000000, 0x4000);
	use_ramdisk(0x4001);
	assert_ramdisk_at(0x2000000 - 0x5000, 0x4001);
}

static void test_ramdisk_without_room_is_refused(void **state)
{
	(void)state;
	test_memory[0].size = PREFERRED + INIT_SIZE;
	use_ramdisk(PREFERRED - 0x100000 + 1);
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "ramdisk \"the-ramdisk\" has 0xf00001 bytes");
	use_ramdisk(PREFERRED - 0x100000);
	assert_ramdisk_at(0x100000, PREFERRED - 0x100000);
}

static void test_empty_ramdisk_is_no_ramdisk(void **state)
{
	(void)state;
	use_ramdisk(0);

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(placed_parameters().hdr.ramdisk_image, 0);
}

static void test_kernel_needs_init_size(void **state)
{
	(void)state;
	image.header.relocatable_kernel = 0;
	use_image();
	test_memory[0].size = PREFERRED + INIT_SIZE;
	assert_int_equal(load(), ERROR_OK);
	test_memory[0].size = PREFERRED + INIT_SIZE - 0x1000;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "init_size is 0x8000 at 0x1000000;");
}

static void test_relocatable_kernel_moves_up(void **state)
{
	(void)state;
	test_memory[0].size = 0x1001000;
	test_memory[1] = (struct memory_region){0x5001000, 0x90000000, 0x200000, 7, MEMORY_RAM};
	test_memory[2] = (struct memory_region){0x2001000, 0x80000000, 0x207000, 7, MEMORY_RAM};
	test_vm.memory_count = 3;
	/* 0x2001000 aligned up leaves 0x8000 bytes, just enough. */
	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.rip, 0x2200000);
	assert_int_equal(placed_parameters().hdr.code32_start, 0x2200000);
	assert_placed(0x2200000, image.kernel, KERNEL_SIZE);
	test_memory[2].size -= 0x1000;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "init_size is 0x8000 at 0x1000000 or above");
}

static void test_kernel_below_its_preferred_address_is_no_choice(void **state)
{
	(void)state;
	test_memory[0].size = PREFERRED;

	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "0x1000000 or above");
}

static void test_kernel_may_span_regions(void **state)
{
	(void)state;
	test_memory[0].size = PREFERRED + 0x1000;
	test_memory[1] =
		(struct memory_region){PREFERRED + 0x1000, 0x90000000, 0x7000, 7, MEMORY_RAM};
	test_vm.memory_count = 2;

	assert_int_equal(load(), ERROR_OK);
	assert_placed(PREFERRED, image.kernel, KERNEL_SIZE);
	assert_placements_sound();
}

static void test_kernel_needs_all_access_rights(void **state)
{
	(void)state;
	test_memory[0].permissions = MEMORY_READ | MEMORY_WRITE;

	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "access \"rwx\"");
}

static void test_low_memory_has_to_be_there(void **state)
{
	(void)state;
	test_memory[0].guest_physical = 0x8000;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "the boot GDT needs");
	test_memory[0].guest_physical = 0x100000;
	test_memory[1] = (struct memory_region){0x7000, 0x90000000, 0x1000, 7, MEMORY_RAM};
	test_memory[2] = (struct memory_region){0x20000, 0x80000000, 0x1000, 7, MEMORY_RAM};
	test_vm.memory_count = 3;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "boot_params needs");
	test_memory[2].guest_physical = 0x10000;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "the command line needs");
}

static void test_command_line_length(void **state)
{
	static char line[PLATFORM_LINUX_COMMAND_MAX + 1];
	(void)state;

	memset(line, 'x', PLATFORM_LINUX_COMMAND_MAX);
	test_vm.boot.bootargs = line;
	assert_refused(ERROR_CAPACITY, "2048 characters, the kernel takes 2047");
	line[PLATFORM_LINUX_COMMAND_MAX - 1] = '\0';
	assert_int_equal(load(), ERROR_OK);
	assert_placed(PLATFORM_LINUX_COMMAND_GPA, line, PLATFORM_LINUX_COMMAND_MAX);
	image.header.cmdline_size = 255;
	use_image();
	assert_refused(ERROR_CAPACITY, "2047 characters, the kernel takes 255");
}

static void test_memory_map_has_to_fit(void **state)
{
	static struct e820_entry many[LINUX_E820_MAX + 1];
	(void)state;
	test_vm.e820 = many;
	test_vm.e820_count = LINUX_E820_MAX;
	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(placed_parameters().e820_entries, LINUX_E820_MAX);
	test_vm.e820_count++;
	assert_refused(ERROR_CAPACITY, "129 entries");
}

static void test_truncated_images_are_refused(void **state)
{
	(void)state;

	/* The last paragraph of the kernel may be short. */
	set_module(IMAGE, &image, sizeof(image) - 15);
	assert_int_equal(load(), ERROR_OK);
	for (size_t size = 0; size <= sizeof(image) - 16; size++) {
		set_module(IMAGE, &image, size);
		assert_refused(ERROR_IMAGE_TRUNCATED, "the-image");
	}
}

struct malformed {
	void (*change)(void);
	enum error error;
	const char *text;
};

#define CHANGE(name, assignment)         \
	static void change_##name(void)  \
	{                                \
		image.header.assignment; \
	}
CHANGE(boot_flag, boot_flag = 0x55AA)
CHANGE(magic, header = 0x7F454C46)
CHANGE(old, version = 0x0209)
CHANGE(older, version = 0x0000)
CHANGE(low, loadflags = 0x80)
CHANGE(no_alignment, kernel_alignment = 0)
CHANGE(odd_alignment, kernel_alignment = 0x300000)
CHANGE(preferred_low, pref_address = 0xFF000)
CHANGE(preferred_high, pref_address = UINT64_C(0x100000000))
CHANGE(preferred_wraps, pref_address = UINT64_MAX)
CHANGE(init_size, init_size = UINT32_MAX)
CHANGE(system_size, syssize = UINT32_MAX)
CHANGE(setup_sectors, setup_sects = 255)
CHANGE(least_alignment, min_alignment = 32)
CHANGE(payload_offset, payload_offset = KERNEL_SIZE + 1)
CHANGE(payload_length, payload_length = KERNEL_SIZE + 1)
CHANGE(payload_wraps, payload_length = UINT32_MAX)

static const struct malformed malformed[] = {
	{change_boot_flag, ERROR_IMAGE_FORMAT, "0x55aa at offset 0x1fe"},
	{change_magic, ERROR_IMAGE_FORMAT, "0x7f454c46 at 0x202"},
	{change_old, ERROR_IMAGE_VERSION, "2.09, not 2.10"},
	{change_older, ERROR_IMAGE_VERSION, "0.00, not 2.10"},
	{change_low, ERROR_IMAGE_FORMAT, "loadflags 0x80"},
	{change_no_alignment, ERROR_IMAGE_FORMAT, "kernel_alignment 0x0"},
	{change_odd_alignment, ERROR_IMAGE_FORMAT, "kernel_alignment 0x300000"},
	{change_preferred_low, ERROR_IMAGE_FORMAT, "pref_address 0xff000"},
	{change_preferred_high, ERROR_IMAGE_OUTSIDE_RAM, "0x100000000 or above"},
	{change_preferred_wraps, ERROR_IMAGE_OUTSIDE_RAM, "0xffffffffffffffff"},
	{change_init_size, ERROR_IMAGE_OUTSIDE_RAM, "0xffffffff"},
	{change_system_size, ERROR_IMAGE_TRUNCATED, "syssize 0xffffffff"},
	{change_setup_sectors, ERROR_IMAGE_TRUNCATED, "setup_sects 255"},
	{change_least_alignment, ERROR_IMAGE_FORMAT, "2^32"},
	{change_payload_offset, ERROR_IMAGE_TRUNCATED, "payload_offset 0x3001"},
	{change_payload_length, ERROR_IMAGE_TRUNCATED, "payload_length 0x3001"},
	{change_payload_wraps, ERROR_IMAGE_TRUNCATED, "payload_length 0xffffffff"},
};

static void test_malformed_images_are_refused(void **state)
{
	(void)state;

	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		make_image();
		malformed[i].change();
		use_image();
		assert_refused(malformed[i].error, malformed[i].text);
	}
}

static uint64_t placed_quadword(gpa_t address)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < sizeof(value); i++) {
		int byte = placed_byte(address + i);

		assert_int_not_equal(byte, -1);
		value |= (uint64_t)byte << 8 * i;
	}
	return value;
}

/* Walks the placed page tables (SDM 3.4.5); UINT64_MAX where nothing is mapped. */
static uint64_t mapped(uint64_t linear)
{
	uint64_t table = test_entry.page_table;

	for (unsigned shift = 39; shift >= 21; shift -= 9) {
		uint64_t entry = placed_quadword(table + (linear >> shift & 511) * 8);

		if (!(entry & 1))
			return UINT64_MAX;
		assert_int_equal(entry & 0x7E, 0x02); /* supervisor, writable, cached */
		table = entry & ~UINT64_C(0xFFF);
		assert_int_equal(!!(entry & 0x80), shift == 21);
	}
	return table + (linear & 0x1FFFFF);
}

static void test_64bit_entry_is_taken_where_it_is_offered(void **state)
{
	static const uint64_t gdt[] = {0, 0, UINT64_C(0x00AF9B000000FFFF),
				       UINT64_C(0x00CF93000000FFFF)};
	(void)state;
	image.header.xloadflags = 1;
	use_image();

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.mode, ENTRY_LONG);
	assert_int_equal(test_entry.rip, PREFERRED + 0x200);
	assert_int_equal(test_entry.registers.rsi, PLATFORM_LINUX_PARAMETERS_GPA);
	assert_placed(test_entry.gdt_base, gdt, sizeof(gdt));
	assert_int_equal(placed_parameters().hdr.code32_start, PREFERRED);
	assert_placements_sound();
	image.header.version = 0x020B; /* where the field did not exist */
	use_image();
	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.mode, ENTRY_PROTECTED);
}

static void test_64bit_entry_has_the_first_4_gib_mapped(void **state)
{
	(void)state;
	image.header.xloadflags = 1;
	use_image();

	assert_int_equal(load(), ERROR_OK);
	for (uint64_t address = 0x1234; address < UINT64_C(0x100000000); address += 0xFEDCBA)
		assert_int_equal(mapped(address), address);
	assert_int_equal(mapped(UINT32_MAX), UINT32_MAX);
	assert_int_equal(mapped(UINT64_C(0x100000000)), UINT64_MAX);
}

static void test_64bit_entry_has_to_be_in_the_file(void **state)
{
	(void)state;
	image.header.xloadflags = 1;
	image.header.syssize = 0x200 / 16;
	set_module(IMAGE, &image, KERNEL_OFFSET + 0x200);
	assert_refused(ERROR_IMAGE_TRUNCATED, "64-bit entry");
	set_module(IMAGE, &image, KERNEL_OFFSET + 0x201);
	assert_int_equal(load(), ERROR_OK);
}

static void test_payload_may_fill_the_kernel(void **state)
{
	(void)state;
	image.header.payload_offset = 0x1000;
	image.header.payload_length = KERNEL_SIZE - 0x1000;
	use_image();
	assert_int_equal(load(), ERROR_OK);
}

/* DMA without an IOMMU: little memory from 0 on, the rest where it is on the host. */
static void test_kernel_and_ramdisk_go_to_high_ram(void **state)
{
	(void)state;
	test_memory[0].size = 0x100000;
	test_memory[1] = (struct memory_region){0x10000000, 0x10000000, 0x4000000, 7, MEMORY_RAM};
	test_vm.memory_count = 2;
	use_ramdisk(0x1000);

	assert_ramdisk_at(0x14000000 - 0x1000, 0x1000);
	assert_int_equal(test_entry.rip, 0x10000000);
	assert_placed(0x10000000, image.kernel, KERNEL_SIZE);
}

static void test_least_alignment_counts_when_the_usual_one_does_not_fit(void **state)
{
	(void)state;
	image.header.kernel_alignment = 0x1000000;
	image.header.min_alignment = 21;
	use_image();
	test_memory[0].size = 0x100000;
	test_memory[1] = (struct memory_region){0x10100000, 0x80000000, 0x400000, 7, MEMORY_RAM};
	test_vm.memory_count = 2;

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.rip, 0x10200000);
	assert_int_equal(placed_parameters().hdr.kernel_alignment, 0x200000);
	test_memory[1].size = 0x2000000;
	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.rip, 0x11000000);
	assert_int_equal(placed_parameters().hdr.kernel_alignment, 0x1000000);
}

static void test_loadflags_are_the_loaders(void **state)
{
	(void)state;
	image.header.loadflags = 0xFF;
	use_image();
	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(placed_parameters().hdr.loadflags, 0x21); /* LOADED_HIGH, QUIET */
}

/* memtest86+ 6.10: protocol 2.12, loaded at 1 MiB and nowhere else, command line of 255 bytes. */
static void test_kernel_that_is_not_linux(void **state)
{
	(void)state;
	image.header.version = 0x020C;
	image.header.jump = 0x66EB;
	image.header.relocatable_kernel = 0;
	image.header.kernel_alignment = 0x1000;
	image.header.pref_address = 0x100000;
	image.header.initrd_addr_max = UINT32_MAX;
	image.header.cmdline_size = 255;
	use_image();

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.rip, 0x100000);
	assert_placed(0x100000, image.kernel, KERNEL_SIZE);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, loader_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kernel_is_placed_at_its_preferred_address),
		TEST(test_entry_state_is_the_32bit_protocols),
		TEST(test_gdt_has_linux_flat_segments),
		TEST(test_parameters_tell_the_kernel),
		TEST(test_reset_vector_resets_the_vm),
		TEST(test_reset_vector_needs_memory),
		TEST(test_setup_header_is_copied_and_the_rest_zero),
		TEST(test_fields_behind_a_short_header_are_zero),
		TEST(test_rsdp_needs_protocol_2_14),
		TEST(test_setup_sectors_0_means_4),
		TEST(test_ramdisk_goes_to_the_top_of_ram),
		TEST(test_ramdisk_stays_below_initrd_addr_max),
		TEST(test_ramdisk_stays_clear_of_all_that_the_kernel_needs),
		TEST(test_ramdisk_takes_the_highest_region_that_can_hold_it),
		TEST(test_ramdisk_without_room_is_refused),
		TEST(test_empty_ramdisk_is_no_ramdisk),
		TEST(test_kernel_needs_init_size),
		TEST(test_relocatable_kernel_moves_up),
		TEST(test_kernel_below_its_preferred_address_is_no_choice),
		TEST(test_kernel_may_span_regions),
		TEST(test_kernel_needs_all_access_rights),
		TEST(test_low_memory_has_to_be_there),
		TEST(test_command_line_length),
		TEST(test_memory_map_has_to_fit),
		TEST(test_truncated_images_are_refused),
		TEST(test_malformed_images_are_refused),
		TEST(test_64bit_entry_is_taken_where_it_is_offered),
		TEST(test_64bit_entry_has_the_first_4_gib_mapped),
		TEST(test_64bit_entry_has_to_be_in_the_file),
		TEST(test_payload_may_fill_the_kernel),
		TEST(test_kernel_and_ramdisk_go_to_high_ram),
		TEST(test_least_alignment_counts_when_the_usual_one_does_not_fit),
		TEST(test_loadflags_are_the_loaders),
		TEST(test_kernel_that_is_not_linux),
	};

	return cmocka_run_group_tests_name("loader_linux", tests, NULL, NULL);
}
