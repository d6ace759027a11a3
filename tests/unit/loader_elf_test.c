/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bulkhead/platform.h"
#include "loader_support.h"

#define SEGMENTS 4

/* Images are written into these, changed by the test, and handed over by use_64() or use_32(). */
static struct {
	Elf64_Ehdr header;
	Elf64_Phdr segments[SEGMENTS];
	char text[64];
	char data[32];
} image64;

static struct {
	Elf32_Ehdr header;
	Elf32_Phdr segments[SEGMENTS];
	char text[64];
	char data[32];
} image32;

static void identify(unsigned char *identity, unsigned char class)
{
	memcpy(identity, ELFMAG, SELFMAG);
	identity[EI_CLASS] = class;
	identity[EI_DATA] = ELFDATA2LSB;
	identity[EI_VERSION] = EV_CURRENT;
}

/* Code at 1 MiB, data with .bss at 2 MiB, a note that is not loaded, and an empty PT_LOAD. */
static void make_64(void)
{
	memset(&image64, 0, sizeof(image64));
	identify(image64.header.e_ident, ELFCLASS64);
	image64.header.e_type = ET_EXEC;
	image64.header.e_machine = EM_X86_64;
	image64.header.e_entry = 0x100010;
	image64.header.e_phoff = offsetof(typeof(image64), segments);
	image64.header.e_phentsize = sizeof(Elf64_Phdr);
	image64.header.e_phnum = SEGMENTS;
	image64.segments[0] = (Elf64_Phdr){PT_LOAD,  PF_R | PF_X, offsetof(typeof(image64), text),
					   0x100000, 0x100000,    sizeof(image64.text),
					   64,       0x1000};
	image64.segments[1] = (Elf64_Phdr){PT_LOAD,  PF_R | PF_W, offsetof(typeof(image64), data),
					   0x200000, 0x200000,    sizeof(image64.data),
					   0x100,    0x1000};
	image64.segments[2] = (Elf64_Phdr){PT_NOTE, PF_R, UINT64_MAX, 0, 0, UINT64_MAX, 0, 0};
	image64.segments[3] = (Elf64_Phdr){PT_LOAD, PF_R, 0, 0, UINT64_MAX, 0, 0, 0};
	memset(image64.text, 'T', sizeof(image64.text));
	memset(image64.data, 'D', sizeof(image64.data));
}

static void make_32(void)
{
	memset(&image32, 0, sizeof(image32));
	identify(image32.header.e_ident, ELFCLASS32);
	image32.header.e_type = ET_EXEC;
	image32.header.e_machine = EM_386;
	image32.header.e_entry = 0x100010;
	image32.header.e_phoff = offsetof(typeof(image32), segments);
	image32.header.e_phentsize = sizeof(Elf32_Phdr);
	image32.header.e_phnum = 2;
	image32.segments[0] = (Elf32_Phdr){
		PT_LOAD, offsetof(typeof(image32), text), 0x100000, 0x100000, 64, 64, PF_R | PF_X,
		0x1000,
	};
	image32.segments[1] = (Elf32_Phdr){
		PT_LOAD,     offsetof(typeof(image32), data),
		0x200000,    0x200000,
		32,          0x100,
		PF_R | PF_W, 0x1000,
	};
	memset(image32.text, 't', sizeof(image32.text));
	memset(image32.data, 'd', sizeof(image32.data));
}

static void use_64(void)
{
	set_module(IMAGE, &image64, sizeof(image64));
}

static void use_32(void)
{
	set_module(IMAGE, &image32, sizeof(image32));
}

static int setup(void **state)
{
	loader_setup(state);
	test_vm.boot.protocol = BOOT_ELF;
	make_64();
	make_32();
	return 0;
}

static void test_64bit_segments_are_placed(void **state)
{
	(void)state;
	use_64();

	assert_int_equal(load(), ERROR_OK);
	assert_placed(0x100000, image64.text, 64);
	assert_not_placed(0x100040, 1);
	assert_placed(0x200000, image64.data, 32);
	assert_placed_zero(0x200020, 0x100 - 32);
	assert_not_placed(0x200100, 1);
	assert_int_equal(test_list.count, 3);
	assert_placements_sound();
}

static void test_32bit_segments_are_placed(void **state)
{
	(void)state;
	use_32();

	assert_int_equal(load(), ERROR_OK);
	assert_placed(0x100000, image32.text, 64);
	assert_placed(0x200000, image32.data, 32);
	assert_placed_zero(0x200020, 0x100 - 32);
	assert_int_equal(test_list.count, 3);
	assert_placements_sound();
}

static void test_entry_state(void **state)
{
	(void)state;
	use_64();

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.mode, ENTRY_PROTECTED);
	assert_int_equal(test_entry.rip, 0x100010);
	assert_int_equal(test_entry.registers.rax, PLATFORM_START_MAGIC);
	assert_int_equal(test_entry.registers.rdi, 0);
	assert_int_equal(test_entry.registers.rsi, 3);
	assert_int_equal(test_entry.gdt_limit, 0);
}

static void test_scenario_overrides_the_entry(void **state)
{
	(void)state;
	use_64();
	test_bsp.entry = 0x100020;

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.rip, 0x100020);
	test_bsp.entry = 0x200000; /* data */
	assert_refused(ERROR_IMAGE_FORMAT, "entry 0x200000");
}

static void test_virtual_entry_is_translated(void **state)
{
	(void)state;
	image64.segments[0].p_vaddr = UINT64_C(0xFFFFFFFF80000000);
	image64.header.e_entry = UINT64_C(0xFFFFFFFF80000008);
	use_64();
	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.rip, 0x100008);
	/* As Linux' vmlinux has it. */
	image64.header.e_entry = 0x100018;
	use_64();
	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.rip, 0x100018);
}

static void test_position_independent_images_stay_where_they_say(void **state)
{
	(void)state;
	image64.header.e_type = ET_DYN;
	use_64();

	assert_int_equal(load(), ERROR_OK);
	assert_placed(0x100000, image64.text, 64);
}

static void test_every_truncation_is_refused(void **state)
{
	(void)state;

	for (size_t size = 0; size < sizeof(image64); size++) {
		set_module(IMAGE, &image64, size);
		assert_refused(ERROR_IMAGE_TRUNCATED, "the-image");
	}
	for (size_t size = 0; size < sizeof(image32); size++) {
		set_module(IMAGE, &image32, size);
		assert_refused(ERROR_IMAGE_TRUNCATED, "the-image");
	}
}

/* One change to the good 64-bit image makes it a bad one. */
struct malformed {
	void (*change)(void);
	enum error error;
	const char *text;
};

#define CHANGE(name, ...)               \
	static void change_##name(void) \
	{                               \
		__VA_ARGS__;            \
	}
CHANGE(magic, image64.header.e_ident[0] = 'M')
CHANGE(class, image64.header.e_ident[EI_CLASS] = 3)
CHANGE(endian, image64.header.e_ident[EI_DATA] = ELFDATA2MSB)
CHANGE(machine, image64.header.e_machine = EM_AARCH64)
CHANGE(machine_of_other_class, image64.header.e_machine = EM_386)
CHANGE(relocatable, image64.header.e_type = ET_REL)
CHANGE(core, image64.header.e_type = ET_CORE)
CHANGE(entry_size, image64.header.e_phentsize = sizeof(Elf64_Phdr) - 1)
CHANGE(no_headers, image64.header.e_phnum = 0)
CHANGE(many_headers, image64.header.e_phnum = PN_XNUM)
CHANGE(header_offset, image64.header.e_phoff = sizeof(image64))
CHANGE(header_offset_wraps, image64.header.e_phoff = UINT64_MAX - 60)
CHANGE(no_segments, for (int i = 0; i < SEGMENTS; i++) image64.segments[i].p_type = PT_NOTE)
CHANGE(file_size, image64.segments[1].p_memsz = 31)
CHANGE(offset, image64.segments[0].p_offset = sizeof(image64) - 63)
CHANGE(offset_wraps, image64.segments[0].p_offset = UINT64_MAX - 1)
CHANGE(address, image64.segments[1].p_paddr = 0x4000000 - 0xFF)
CHANGE(address_wraps, image64.segments[1].p_paddr = UINT64_MAX - 0x7F)
CHANGE(memory_size, image64.segments[1].p_memsz = UINT64_MAX)
CHANGE(overlap, image64.segments[1].p_paddr = 0x10003F)
CHANGE(overlap_bss, image64.segments[1].p_paddr = 0x0FFF01)
CHANGE(overlap_same, image64.segments[1].p_paddr = 0x100000)
CHANGE(entry_nowhere, image64.header.e_entry = 0x100040)
CHANGE(entry_below, image64.header.e_entry = 0x0FFFFF)
CHANGE(entry_in_data, image64.header.e_entry = 0x200000)

static const struct malformed malformed[] = {
	{change_magic, ERROR_IMAGE_FORMAT, "4d 45 4c 46"},
	{change_class, ERROR_IMAGE_FORMAT, "EI_CLASS is 3"},
	{change_endian, ERROR_IMAGE_FORMAT, "EI_DATA is 2"},
	{change_machine, ERROR_IMAGE_FORMAT, "e_machine is 183"},
	{change_machine_of_other_class, ERROR_IMAGE_FORMAT, "e_machine is 3"},
	{change_relocatable, ERROR_IMAGE_FORMAT, "e_type is 1"},
	{change_core, ERROR_IMAGE_FORMAT, "e_type is 4"},
	{change_entry_size, ERROR_IMAGE_FORMAT, "e_phentsize is 55"},
	{change_no_headers, ERROR_IMAGE_FORMAT, "e_phnum is 0"},
	{change_many_headers, ERROR_IMAGE_FORMAT, "e_phnum is 65535"},
	{change_header_offset, ERROR_IMAGE_TRUNCATED, "a program header at offset 0x180"},
	{change_header_offset_wraps, ERROR_IMAGE_TRUNCATED, "0xffffffffffffffc3"},
	{change_no_segments, ERROR_IMAGE_FORMAT, "no PT_LOAD"},
	{change_file_size, ERROR_IMAGE_FORMAT, "p_filesz 0x20 is more than p_memsz 0x1f"},
	{change_offset, ERROR_IMAGE_TRUNCATED, "0x40 bytes at offset 0x141"},
	{change_offset_wraps, ERROR_IMAGE_TRUNCATED, "offset 0xfffffffffffffffe"},
	{change_address, ERROR_IMAGE_OUTSIDE_RAM, "p_paddr 0x3ffff01"},
	{change_address_wraps, ERROR_IMAGE_OUTSIDE_RAM, "p_paddr 0xffffffffffffff80"},
	{change_memory_size, ERROR_IMAGE_OUTSIDE_RAM, "0xffffffffffffffff bytes"},
	{change_overlap, ERROR_IMAGE_OVERLAP, "0x10003f (program header 1)"},
	{change_overlap_bss, ERROR_IMAGE_OVERLAP, "0xfff01 (program header 1)"},
	{change_overlap_same, ERROR_IMAGE_OVERLAP, "0x100000 (program header 1)"},
	{change_entry_nowhere, ERROR_IMAGE_FORMAT, "entry 0x100040"},
	{change_entry_below, ERROR_IMAGE_FORMAT, "entry 0xfffff"},
	{change_entry_in_data, ERROR_IMAGE_FORMAT, "entry 0x200000"},
};

static void test_malformed_images_are_refused(void **state)
{
	(void)state;

	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		make_64();
		malformed[i].change();
		use_64();
		assert_refused(malformed[i].error, malformed[i].text);
	}
}

static void test_32bit_images_get_the_same_checks(void **state)
{
	(void)state;
	image32.header.e_machine = EM_X86_64;
	use_32();
	assert_refused(ERROR_IMAGE_FORMAT, "e_machine is 62");
	make_32();
	image32.header.e_phentsize = sizeof(Elf32_Phdr) - 1;
	use_32();
	assert_refused(ERROR_IMAGE_FORMAT, "e_phentsize is 31");
	make_32();
	image32.segments[1].p_paddr = UINT32_MAX - 0x7F;
	use_32();
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "p_paddr 0xffffff80");
	make_32();
	image32.segments[0].p_offset = UINT32_MAX;
	use_32();
	assert_refused(ERROR_IMAGE_TRUNCATED, "offset 0xffffffff");
}

static void test_segments_that_touch_do_not_overlap(void **state)
{
	(void)state;
	image64.segments[1].p_paddr = 0x100040;
	use_64();
	assert_int_equal(load(), ERROR_OK);
	image64.segments[1].p_paddr = 0x0FFF00;
	use_64();
	assert_int_equal(load(), ERROR_OK);
	assert_placements_sound();
}

static void test_access_rights_of_memory_count(void **state)
{
	(void)state;
	use_64();
	test_memory[0].permissions = MEMORY_READ | MEMORY_EXECUTE;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM,
		       "program header 1: 0x100 bytes at p_paddr 0x200000; "
		       "give the VM memory there with access \"rw\"");
	test_memory[0].permissions = MEMORY_READ | MEMORY_WRITE;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "access \"rx\"");
}

static void test_entry_above_4_gib_is_refused(void **state)
{
	(void)state;
	test_memory[0].guest_physical = UINT64_C(0x100000000);
	image64.segments[0].p_paddr = UINT64_C(0x100100000);
	image64.segments[1].p_paddr = UINT64_C(0x100200000);
	use_64();

	assert_refused(ERROR_IMAGE_FORMAT, "entry 0x100100010 is above 4 GiB");
}

static void test_too_many_segments_are_refused(void **state)
{
	static struct {
		Elf64_Ehdr header;
		Elf64_Phdr segments[17];
	} image;
	(void)state;

	image.header = image64.header;
	image.header.e_phoff = offsetof(typeof(image), segments);
	image.header.e_phnum = 17;
	for (unsigned i = 0; i < 17; i++) {
		image.segments[i] = image64.segments[1];
		image.segments[i].p_filesz = 0;
		image.segments[i].p_paddr += i * 0x1000;
	}
	set_module(IMAGE, &image, sizeof(image));
	assert_refused(ERROR_IMAGE_FORMAT, "more than 16 loaded segments");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_64bit_segments_are_placed, setup,
						loader_teardown),
		cmocka_unit_test_setup_teardown(test_32bit_segments_are_placed, setup,
						loader_teardown),
		cmocka_unit_test_setup_teardown(test_entry_state, setup, loader_teardown),
		cmocka_unit_test_setup_teardown(test_scenario_overrides_the_entry, setup,
						loader_teardown),
		cmocka_unit_test_setup_teardown(test_virtual_entry_is_translated, setup,
						loader_teardown),
		cmocka_unit_test_setup_teardown(
			test_position_independent_images_stay_where_they_say, setup,
			loader_teardown),
		cmocka_unit_test_setup_teardown(test_every_truncation_is_refused, setup,
						loader_teardown),
		cmocka_unit_test_setup_teardown(test_malformed_images_are_refused, setup,
						loader_teardown),
		cmocka_unit_test_setup_teardown(test_32bit_images_get_the_same_checks, setup,
						loader_teardown),
		cmocka_unit_test_setup_teardown(test_segments_that_touch_do_not_overlap, setup,
						loader_teardown),
		cmocka_unit_test_setup_teardown(test_access_rights_of_memory_count, setup,
						loader_teardown),
		cmocka_unit_test_setup_teardown(test_entry_above_4_gib_is_refused, setup,
						loader_teardown),
		cmocka_unit_test_setup_teardown(test_too_many_segments_are_refused, setup,
						loader_teardown),
	};

	return cmocka_run_group_tests_name("loader_elf", tests, NULL, NULL);
}
