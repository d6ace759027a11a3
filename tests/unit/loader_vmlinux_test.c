/* SPDX-License-Identifier: Apache-2.0 */
/* Linux kernels that come as an ELF file. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bulkhead/platform.h"
#include "loader/linux_boot.h"
#include "loader_support.h"

#define TEXT      0x1000000
#define DATA      0x1400000
#define DATA_SIZE 0x300123
#define END       0x1701000

/* Text at its virtual place, per-CPU data at virtual 0, as the kernel has them. */
static struct {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
	uint8_t text[64];
	uint8_t data[32];
} image;

static const struct e820_entry map[] = {{0x100000, 0x3F00000, 1}};

static void make_image(void)
{
	memset(&image, 0, sizeof(image));
	memcpy(image.header.e_ident, ELFMAG, SELFMAG);
	image.header.e_ident[EI_CLASS] = ELFCLASS64;
	image.header.e_ident[EI_DATA] = ELFDATA2LSB;
	image.header.e_type = ET_EXEC;
	image.header.e_machine = EM_X86_64;
	image.header.e_entry = TEXT + 8;
	image.header.e_phoff = offsetof(typeof(image), segments);
	image.header.e_phentsize = sizeof(Elf64_Phdr);
	image.header.e_phnum = 2;
	image.segments[0] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_offset = offsetof(typeof(image), text),
		.p_vaddr = UINT64_C(0xFFFFFFFF81000000),
		.p_paddr = TEXT,
		.p_filesz = sizeof(image.text),
		.p_memsz = sizeof(image.text),
	};
	image.segments[1] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W,
		.p_offset = offsetof(typeof(image), data),
		.p_paddr = DATA,
		.p_filesz = sizeof(image.data),
		.p_memsz = DATA_SIZE,
	};
	memset(image.text, 't', sizeof(image.text));
	memset(image.data, 'd', sizeof(image.data));
}

static void use_image(void)
{
	set_module(IMAGE, &image, sizeof(image));
}

static int setup(void **state)
{
	loader_setup(state);
	test_vm.boot.protocol = BOOT_LINUX;
	test_vm.boot.bootargs = "quiet";
	test_vm.acpi_rsdp = 0xE0000;
	test_vm.e820 = map;
	test_vm.e820_count = 1;
	make_image();
	use_image();
	return 0;
}

static struct linux_parameters placed_parameters(void)
{
	struct linux_parameters page;

	for (size_t i = 0; i < sizeof(page); i++)
		((uint8_t *)&page)[i] = (uint8_t)placed_byte(PLATFORM_LINUX_PARAMETERS_GPA + i);
	return page;
}

static void test_segments_and_entry(void **state)
{
	(void)state;

	assert_int_equal(load(), ERROR_OK);
	assert_placed(TEXT, image.text, sizeof(image.text));
	assert_placed(DATA, image.data, sizeof(image.data));
	assert_placed_zero(DATA + DATA_SIZE - 1, 1);
	assert_int_equal(test_entry.mode, ENTRY_LONG);
	assert_int_equal(test_entry.rip, TEXT + 8);
	assert_int_equal(test_entry.page_table, PLATFORM_BOOT_PAGE_TABLES_GPA);
	assert_int_equal(test_entry.registers.rsi, PLATFORM_LINUX_PARAMETERS_GPA);
	assert_placements_sound();
}

static void test_virtual_entry_is_translated(void **state)
{
	(void)state;
	image.header.e_entry = UINT64_C(0xFFFFFFFF81000010);
	use_image();
	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.rip, TEXT + 0x10);
}

static void test_parameters_have_a_header(void **state)
{
	struct linux_parameters page;
	(void)state;

	assert_int_equal(load(), ERROR_OK);
	page = placed_parameters();
	assert_int_equal(page.hdr.boot_flag, 0xAA55);
	assert_int_equal(page.hdr.header, 0x53726448);
	assert_int_equal(page.hdr.type_of_loader, 0xFF);
	assert_int_equal(page.hdr.loadflags, 1);
	assert_int_equal(page.hdr.cmd_line_ptr, PLATFORM_LINUX_COMMAND_GPA);
	assert_int_equal(page.acpi_rsdp_addr, 0xE0000);
	assert_placed(PLATFORM_LINUX_COMMAND_GPA, "quiet", 6);
}

static void test_ramdisk_is_clear_of_all_segments(void **state)
{
	static const uint8_t ramdisk[0x1000] = {1};
	(void)state;
	set_module(RAMDISK, ramdisk, sizeof(ramdisk));
	test_vm.boot.ramdisk = RAMDISK;
	test_memory[0].size = END + 0x1000;
	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(placed_parameters().hdr.ramdisk_image, END);
	test_memory[0].size = END;
	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(placed_parameters().hdr.ramdisk_image, TEXT - 0x1000);
}

struct malformed {
	void (*change)(void);
	enum error error;
	const char *text;
};

#define CHANGE(name, assignment)        \
	static void change_##name(void) \
	{                               \
		image.assignment;       \
	}
CHANGE(entry, header.e_entry = DATA)
CHANGE(machine, header.e_machine = EM_AARCH64)
CHANGE(object, header.e_type = ET_REL)
CHANGE(low, segments[0].p_paddr = 0x50000)
CHANGE(outside, segments[1].p_paddr = 0x3E00000)
CHANGE(overlap, segments[1].p_paddr = TEXT)
CHANGE(cut, segments[1].p_filesz = 33)

static const struct malformed malformed[] = {
	{change_entry, ERROR_IMAGE_FORMAT, "entry 0x1400000"},
	{change_machine, ERROR_IMAGE_FORMAT, "e_machine is 183"},
	{change_object, ERROR_IMAGE_FORMAT, "e_type is 1"},
	{change_low, ERROR_IMAGE_FORMAT, "between 1 MiB and 4 GiB"},
	{change_outside, ERROR_IMAGE_OUTSIDE_RAM, "p_paddr 0x3e00000"},
	{change_overlap, ERROR_IMAGE_OVERLAP, "0x1000000"},
	{change_cut, ERROR_IMAGE_TRUNCATED, "program header 1"},
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

static void test_32bit_elf_is_no_kernel(void **state)
{
	struct {
		Elf32_Ehdr header;
		Elf32_Phdr segment;
	} small = {
		.header = {.e_ident = {0x7F, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, 1},
			   .e_type = ET_EXEC,
			   .e_machine = EM_386,
			   .e_entry = TEXT,
			   .e_phoff = sizeof(Elf32_Ehdr),
			   .e_phentsize = sizeof(Elf32_Phdr),
			   .e_phnum = 1},
		.segment = {.p_type = PT_LOAD,
			    .p_paddr = TEXT,
			    .p_memsz = 64,
			    .p_flags = PF_R | PF_X},
	};
	(void)state;
	set_module(IMAGE, &small, sizeof(small));
	assert_refused(ERROR_IMAGE_FORMAT, "32 bits");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, loader_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_segments_and_entry),
		TEST(test_virtual_entry_is_translated),
		TEST(test_parameters_have_a_header),
		TEST(test_ramdisk_is_clear_of_all_segments),
		TEST(test_malformed_images_are_refused),
		TEST(test_32bit_elf_is_no_kernel),
	};

	return cmocka_run_group_tests_name("loader_vmlinux", tests, NULL, NULL);
}
