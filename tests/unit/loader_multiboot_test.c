/* SPDX-License-Identifier: Apache-2.0 */
/* Guests of both multiboot protocols. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bulkhead/version.h"
#include "loader/multiboot.h"
#include "loader_support.h"

#define LOAD        0x200000
#define INFORMATION 0x10000
#define MAGIC1      0x1BADB002
#define MAGIC2      0xE85250D6

/* An ELF32 executable with room for a header of either protocol at 0x60. */
static struct {
	Elf32_Ehdr elf;
	Elf32_Phdr segment;
	uint8_t gap[0x60 - sizeof(Elf32_Ehdr) - sizeof(Elf32_Phdr)];
	uint32_t header[32];
	uint8_t text[64];
} image;
_Static_assert(offsetof(typeof(image), header) == 0x60, "a multiple of 8");

static const struct e820_entry map[] = {
	{0, 0x9F000, 1}, {0x9F000, 0x61000, 2}, {0x100000, 0x3F00000, 1}};
static const struct guest_module modules[] = {{RAMDISK, "the-ramdisk x y"}, {RAMDISK, "again"}};
static const uint8_t rsdp[36] = "RSD PTR ";
static const struct guest_blob blobs[] = {{"RSDP", 0xE0000, rsdp, sizeof(rsdp)}};

static void make_elf(void)
{
	memset(&image, 0, sizeof(image));
	memcpy(image.elf.e_ident, ELFMAG, SELFMAG);
	image.elf.e_ident[EI_CLASS] = ELFCLASS32;
	image.elf.e_ident[EI_DATA] = ELFDATA2LSB;
	image.elf.e_type = ET_EXEC;
	image.elf.e_machine = EM_386;
	image.elf.e_entry = LOAD + 0x70;
	image.elf.e_phoff = offsetof(typeof(image), segment);
	image.elf.e_phentsize = sizeof(Elf32_Phdr);
	image.elf.e_phnum = 1;
	image.segment = (Elf32_Phdr){
		.p_type = PT_LOAD,
		.p_vaddr = LOAD,
		.p_paddr = LOAD,
		.p_filesz = sizeof(image),
		.p_memsz = 0x2345,
		.p_flags = PF_R | PF_W | PF_X,
	};
	memset(image.text, 't', sizeof(image.text));
}

static void use_image(void)
{
	set_module(IMAGE, &image, sizeof(image));
}

static void set_header1(uint32_t flags)
{
	image.header[0] = MAGIC1;
	image.header[1] = flags;
	image.header[2] = -(MAGIC1 + flags);
}

/* Where a file without ELF headers says that it goes; entry is 0x100 behind its beginning. */
static void set_addresses1(void)
{
	set_header1(0x10003);
	image.header[3] = LOAD + 0x60;
	image.header[4] = LOAD;
	image.header[5] = 0;
	image.header[6] = LOAD + 0x1000;
	image.header[7] = LOAD + 0x100;
	memset(&image.elf, 0, sizeof(image.elf));
}

/* `words` of tags, an end tag behind them. */
static void set_header2(const uint32_t *tags, uint32_t words)
{
	uint32_t length = 16 + words * 4 + 8;

	image.header[0] = MAGIC2;
	image.header[1] = 0;
	image.header[2] = length;
	image.header[3] = -(MAGIC2 + length);
	memcpy(&image.header[4], tags, words * 4);
	image.header[4 + words] = 0;
	image.header[5 + words] = 8;
}
#define TAGS(...)                                                  \
	do {                                                       \
		static const uint32_t tags[] = {__VA_ARGS__};      \
		set_header2(tags, sizeof(tags) / sizeof(tags[0])); \
	} while (0)
#define NO_TAGS 4 | 1 << 16, 12, 0, 0 /* an optional one that wants nothing */

static int setup(void **state)
{
	static const uint8_t module[0x1001] = {'m'};

	loader_setup(state);
	test_vm.boot.bootargs = "quiet please";
	test_vm.boot.modules = modules;
	test_vm.boot.module_count = 2;
	test_vm.e820 = map;
	test_vm.e820_count = 3;
	set_module(RAMDISK, module, sizeof(module));
	make_elf();
	return 0;
}

static int setup1(void **state)
{
	setup(state);
	test_vm.boot.protocol = BOOT_MULTIBOOT;
	set_header1(3);
	use_image();
	return 0;
}

static int setup2(void **state)
{
	setup(state);
	test_vm.boot.protocol = BOOT_MULTIBOOT2;
	TAGS(NO_TAGS);
	use_image();
	return 0;
}

static uint32_t word(gpa_t address)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < sizeof(value); i++) {
		int byte = placed_byte(address + i);

		assert_int_not_equal(byte, -1);
		value |= (uint32_t)byte << 8 * i;
	}
	return value;
}

static void assert_text(gpa_t address, const char *text)
{
	assert_placed(address, text, strlen(text) + 1);
}

/* --- Multiboot 1 -------------------------------------------------------------------------------- */

static void test_elf_is_placed_and_entered(void **state)
{
	(void)state;

	assert_int_equal(load(), ERROR_OK);
	assert_placed(LOAD, &image, sizeof(image));
	assert_placed_zero(LOAD + sizeof(image), 0x2345 - sizeof(image));
	assert_int_equal(test_entry.mode, ENTRY_PROTECTED);
	assert_int_equal(test_entry.rip, LOAD + 0x70);
	assert_int_equal(test_entry.registers.rax, 0x2BADB002);
	assert_int_equal(test_entry.registers.rbx, INFORMATION);
	assert_placements_sound();
}

static void test_information1(void **state)
{
	(void)state;

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(word(INFORMATION), 0x24D);
	assert_int_equal(word(INFORMATION + 4), 636);
	assert_int_equal(word(INFORMATION + 8), 63 * 1024);
	assert_text(word(INFORMATION + 16), "quiet please");
	assert_text(word(INFORMATION + 64), "Bulkhead " BULKHEAD_VERSION);
	assert_int_equal(word(INFORMATION + 44), 3 * 24);
	for (uint32_t i = 0; i < 3; i++) {
		gpa_t entry = word(INFORMATION + 48) + i * 24;

		assert_int_equal(word(entry), 20);
		assert_placed(entry + 4, &map[i], sizeof(map[i]));
	}
}

static void test_modules1_lie_on_pages_behind_the_image(void **state)
{
	gpa_t list;
	(void)state;

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(word(INFORMATION + 20), 2);
	list = word(INFORMATION + 24);
	assert_int_equal(word(list), LOAD + 0x3000);
	assert_int_equal(word(list + 4), LOAD + 0x3000 + 0x1001);
	assert_text(word(list + 8), "the-ramdisk x y");
	assert_int_equal(word(list + 16), LOAD + 0x5000);
	assert_text(word(list + 24), "again");
	assert_int_equal(placed_byte(LOAD + 0x5000), 'm');
	assert_placements_sound();
}

static void test_addresses_in_the_header(void **state)
{
	(void)state;
	test_vm.boot.module_count = 0;
	set_addresses1();
	use_image();

	assert_int_equal(load(), ERROR_OK);
	assert_placed(LOAD, &image, sizeof(image));
	assert_placed_zero(LOAD + sizeof(image), 0x1000 - sizeof(image));
	assert_not_placed(LOAD + 0x1000, 1);
	assert_int_equal(test_entry.rip, LOAD + 0x100);
	image.header[4] = LOAD + 0x60; /* what is before the header stays out */
	image.header[5] = LOAD + 0xA0;
	image.header[6] = 0;
	image.header[7] = LOAD + 0x90;
	use_image();
	assert_int_equal(load(), ERROR_OK);
	assert_not_placed(LOAD + 0x5F, 1);
	assert_placed(LOAD + 0x60, image.header, 0x40);
	assert_not_placed(LOAD + 0xA0, 1);
}

static void test_information_goes_where_there_is_ram(void **state)
{
	(void)state;
	test_memory[0] = (struct memory_region){LOAD, 0x40000000, 0x10000, 7, MEMORY_RAM};

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.registers.rbx, LOAD + 0x7000);
	test_memory[0].size = 0x8000;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "boot information has 0x2000 bytes");
	test_memory[0].size = 0x6000;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "the-ramdisk has 0x1001 bytes");
}

static void test_nothing_goes_into_the_hole_of_a_pc(void **state)
{
	(void)state;
	test_memory[0] = (struct memory_region){0x9E000, 0x40000000, 0x3000000, 7, MEMORY_RAM};

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.registers.rbx, 0x100000);
}

static void test_long_information_is_refused(void **state)
{
	static char text[MULTIBOOT_INFORMATION_MAX];
	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	test_vm.boot.bootargs = text;

	assert_refused(ERROR_CAPACITY, "longer than 8192 bytes");
}

/* --- Multiboot 2 -------------------------------------------------------------------------------- */

/* Address of the n-th tag of a type; 0 if there is none. Tags are on multiples of 8. */
static gpa_t tag(uint32_t type, unsigned n)
{
	uint32_t total = word(INFORMATION);

	for (uint32_t at = 8; at < total; at += (word(INFORMATION + at + 4) + 7) & ~7u) {
		if (word(INFORMATION + at) == type && n-- == 0)
			return INFORMATION + at;
		if (word(INFORMATION + at) == 0)
			break;
	}
	return 0;
}

static void test_information2(void **state)
{
	(void)state;

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.registers.rax, 0x36D76289);
	assert_int_equal(test_entry.rip, LOAD + 0x70);
	assert_text(tag(1, 0) + 8, "quiet please");
	assert_text(tag(2, 0) + 8, "Bulkhead " BULKHEAD_VERSION);
	assert_int_equal(word(tag(3, 0) + 8), LOAD + 0x3000);
	assert_int_equal(word(tag(3, 0) + 12), LOAD + 0x4001);
	assert_text(tag(3, 0) + 16, "the-ramdisk x y");
	assert_text(tag(3, 1) + 16, "again");
	assert_int_equal(word(tag(4, 0) + 8), 636);
	assert_int_equal(word(tag(4, 0) + 12), 63 * 1024);
	assert_int_equal(word(tag(6, 0) + 4), 16 + 3 * 24);
	assert_int_equal(word(tag(6, 0) + 8), 24);
	assert_int_equal(word(tag(6, 0) + 16 + 24), 0x9F000);
	assert_int_equal(word(tag(6, 0) + 16 + 24 + 16), 2);
	assert_int_equal(tag(15, 0), 0);
	assert_int_equal(word(INFORMATION) & 7, 0);
	assert_int_equal(word(INFORMATION + word(INFORMATION) - 8), 0);
	assert_placements_sound();
}

static void test_rsdp_is_handed_over(void **state)
{
	(void)state;
	test_vm.blobs = blobs;
	test_vm.blob_count = 1;
	test_vm.acpi_rsdp = 0xE0000;
	TAGS(1, 12, 15, 0); /* and may be asked for */
	use_image();

	assert_int_equal(load(), ERROR_OK);
	assert_placed(tag(15, 0) + 8, rsdp, sizeof(rsdp));
}

static void test_entry_tag_counts(void **state)
{
	(void)state;
	TAGS(3, 12, LOAD + 0x90, 0);
	use_image();
	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(test_entry.rip, LOAD + 0x90);
}

static void test_address_tag_counts(void **state)
{
	(void)state;
	test_vm.boot.module_count = 0;
	TAGS(2, 24, LOAD + 0x60, LOAD, 0, LOAD + 0x1000, 3, 12, LOAD + 0x90, 0);
	use_image();
	assert_int_equal(load(), ERROR_OK);
	assert_placed(LOAD, &image, sizeof(image));
	assert_placed_zero(LOAD + 0xFFF, 1);
	assert_not_placed(LOAD + 0x1000, 1);
	TAGS(2, 24, LOAD + 0x60, UINT32_MAX, 0, 0, 3, 12, LOAD + 0x90, 0);
	use_image();
	assert_int_equal(load(), ERROR_OK);
	assert_placed(LOAD, &image, sizeof(image));
}

static void test_what_is_known_or_optional_is_taken(void **state)
{
	(void)state;
	TAGS(6, 8, 7, 8, 10, 24, 0, 0, 0, 0, 5 | 1 << 16, 20, 1, 2, 3, 0, 99 | 1 << 16, 8);
	use_image();
	assert_int_equal(load(), ERROR_OK);
}

/* --- Refusals ----------------------------------------------------------------------------------- */

struct malformed {
	void (*change)(void);
	enum error error;
	const char *text;
};

static void refuse_each(const struct malformed *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		make_elf();
		set_header1(3);
		cases[i].change();
		use_image();
		assert_refused(cases[i].error, cases[i].text);
	}
}
#define REFUSE_EACH(cases) refuse_each(cases, sizeof(cases) / sizeof((cases)[0]))

#define CHANGE(name, ...)               \
	static void change_##name(void) \
	{                               \
		__VA_ARGS__;            \
	}
CHANGE(checksum1, image.header[2]++)
CHANGE(magic1, image.header[0]++; image.header[2]--)
CHANGE(video, set_header1(7))
CHANGE(unknown_flag, set_header1(0x8003))
CHANGE(entry1, image.elf.e_entry = LOAD + 0x2345)
CHANGE(machine, image.elf.e_machine = EM_ARM)
CHANGE(not_elf, image.elf.e_ident[0] = 'X')
CHANGE(elf_outside, image.segment.p_paddr = 0x4000000)
CHANGE(load_above_header, set_addresses1(); image.header[4] = LOAD + 0x61)
CHANGE(before_the_file, set_addresses1(); image.header[4] = LOAD - 1)
CHANGE(load_end_low, set_addresses1(); image.header[5] = LOAD - 1)
CHANGE(load_end_high, set_addresses1(); image.header[5] = LOAD + sizeof(image) + 1)
CHANGE(bss_end_low, set_addresses1(); image.header[6] = LOAD + 8)
CHANGE(bss_end_below, set_addresses1(); image.header[6] = LOAD - 8)
CHANGE(entry_kludge, set_addresses1(); image.header[7] = LOAD + 0x1000)
CHANGE(kludge_outside, set_addresses1(); image.header[6] = 0x4000001)

static const struct malformed malformed1[] = {
	{change_checksum1, ERROR_IMAGE_FORMAT, "no header with magic 0x1badb002"},
	{change_magic1, ERROR_IMAGE_FORMAT, "no header with magic 0x1badb002"},
	{change_video, ERROR_IMAGE_FORMAT, "ask for a video mode"},
	{change_unknown_flag, ERROR_IMAGE_FORMAT, "header flags 0x8003"},
	{change_entry1, ERROR_IMAGE_FORMAT, "entry 0x202345"},
	{change_machine, ERROR_IMAGE_FORMAT, "e_machine is 40"},
	{change_not_elf, ERROR_IMAGE_FORMAT, "not ELF"},
	{change_elf_outside, ERROR_IMAGE_OUTSIDE_RAM, "p_paddr 0x4000000"},
	{change_load_above_header, ERROR_IMAGE_FORMAT, "load_addr 0x200061"},
	{change_before_the_file, ERROR_IMAGE_FORMAT, "load_addr 0x1fffff"},
	{change_load_end_low, ERROR_IMAGE_FORMAT, "load_end_addr 0x1fffff"},
	{change_load_end_high, ERROR_IMAGE_TRUNCATED, "load_end_addr"},
	{change_bss_end_low, ERROR_IMAGE_FORMAT, "bss_end_addr 0x200008"},
	{change_bss_end_below, ERROR_IMAGE_FORMAT, "bss_end_addr 0x1ffff8"},
	{change_entry_kludge, ERROR_IMAGE_FORMAT, "entry 0x201000"},
	{change_kludge_outside, ERROR_IMAGE_OUTSIDE_RAM, "the image's .bss needs"},
};

static void test_malformed_images_of_multiboot1_are_refused(void **state)
{
	(void)state;
	REFUSE_EACH(malformed1);
}

CHANGE(checksum2, TAGS(NO_TAGS); image.header[3]++)
CHANGE(architecture, TAGS(NO_TAGS); image.header[1] = 4; image.header[3] -= 4)
CHANGE(request, TAGS(1, 12, 8, 0))
CHANGE(rsdp_without_acpi, TAGS(1, 12, 15, 0))
CHANGE(framebuffer, TAGS(5, 20, 1, 2, 3, 0))
CHANGE(console, TAGS(4, 12, 1, 0))
CHANGE(unknown_tag, TAGS(99, 8))
CHANGE(small_tag, TAGS(3, 7))
CHANGE(short_tag, TAGS(3, 8))
CHANGE(long_tag, TAGS(3, 0x1000))
CHANGE(endless, TAGS(NO_TAGS); image.header[8] = 6)
CHANGE(address_alone, TAGS(2, 24, LOAD + 0x60, LOAD, 0, 0))
CHANGE(address_wrong, TAGS(2, 24, LOAD, LOAD + 1, 0, 0, 3, 12, LOAD + 0x90, 0))
CHANGE(entry2, TAGS(3, 12, LOAD + 0x2345, 0))

static const struct malformed malformed2[] = {
	{change_checksum2, ERROR_IMAGE_FORMAT, "no header with magic 0xe85250d6"},
	{change_architecture, ERROR_IMAGE_FORMAT, "architecture 4"},
	{change_request, ERROR_IMAGE_FORMAT, "boot information of type 8"},
	{change_rsdp_without_acpi, ERROR_IMAGE_FORMAT, "boot information of type 15"},
	{change_framebuffer, ERROR_IMAGE_FORMAT, "requires a framebuffer"},
	{change_console, ERROR_IMAGE_FORMAT, "require a display"},
	{change_unknown_tag, ERROR_IMAGE_FORMAT, "tag 99"},
	{change_small_tag, ERROR_IMAGE_FORMAT, "tag 3 of 7 bytes"},
	{change_short_tag, ERROR_IMAGE_FORMAT, "the entry address tag"},
	{change_long_tag, ERROR_IMAGE_FORMAT, "tag 3 of 4096 bytes"},
	{change_endless, ERROR_IMAGE_FORMAT, "does not end before header_length"},
	{change_address_alone, ERROR_IMAGE_FORMAT, "no entry address tag"},
	{change_address_wrong, ERROR_IMAGE_FORMAT, "load_addr 0x200001"},
	{change_entry2, ERROR_IMAGE_FORMAT, "entry 0x202345"},
};

static void test_malformed_images_of_multiboot2_are_refused(void **state)
{
	(void)state;
	REFUSE_EACH(malformed2);
}

static void test_headers_are_looked_for_within_their_reach(void **state)
{
	static uint8_t large[0x9000];
	(void)state;
	set_addresses1();
	image.header[3] = LOAD + 8192 - 12;
	image.header[6] = LOAD + 0x9000;
	memcpy(large + 8192 - 12, image.header, 32);
	set_module(IMAGE, large, sizeof(large));
	assert_int_equal(load(), ERROR_OK);
	memmove(large + 8192 - 8, image.header, 32);
	memset(large + 8192 - 12, 0, 4);
	set_module(IMAGE, large, sizeof(large));
	assert_refused(ERROR_IMAGE_FORMAT, "first 8192 bytes");
}

/* --- ROM ---------------------------------------------------------------------------------------- */

static void use_rom(void)
{
	static uint8_t rom[0x40000];

	test_vm.boot.protocol = BOOT_ROM;
	test_memory[0].size = 0x100000;
	test_memory[1] = (struct memory_region){0xFFFC0000, 0x80000000, 0x40000,
						MEMORY_READ | MEMORY_EXECUTE, MEMORY_RAM};
	test_vm.memory_count = 2;
	memset(rom, 'a', 0x20000);
	memset(rom + 0x20000, 'b', 0x20000);
	set_module(IMAGE, rom, sizeof(rom));
}

static int setup_rom(void **state)
{
	loader_setup(state);
	use_rom();
	return 0;
}

static void test_rom_ends_at_4_gib_and_at_1_mib(void **state)
{
	(void)state;

	assert_int_equal(load(), ERROR_OK);
	assert_int_equal(placed_byte(0xFFFC0000), 'a');
	assert_int_equal(placed_byte(0xFFFFFFFF), 'b');
	assert_int_equal(placed_byte(0xE0000), 'b');
	assert_int_equal(placed_byte(0xFFFFF), 'b');
	assert_not_placed(0xDFFFF, 1);
	assert_int_equal(test_entry.mode, ENTRY_RESET);
	assert_int_equal(test_entry.rip, 0xFFFFFFF0);
	assert_placements_sound();
}

static void test_rom_without_room_is_refused(void **state)
{
	(void)state;
	test_memory[1].guest_physical += 0x1000;
	test_memory[1].size -= 0x1000;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "the ROM needs 0x40000 bytes at");
	use_rom();
	test_memory[0].size = 0xFF000;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "copy below 1 MiB needs 0x20000 bytes at");
	use_rom();
	test_memory[1].permissions = MEMORY_READ | MEMORY_WRITE;
	assert_refused(ERROR_IMAGE_OUTSIDE_RAM, "the ROM needs");
}

static void test_rom_has_whole_64_kib(void **state)
{
	static const uint8_t rom[0x10001];
	(void)state;
	set_module(IMAGE, rom, 0x10001);
	assert_refused(ERROR_IMAGE_FORMAT, "0x10001 bytes");
	set_module(IMAGE, rom, 0);
	assert_refused(ERROR_IMAGE_FORMAT, "0x0 bytes");
	set_module(IMAGE, rom, 0x10000);
	assert_int_equal(load(), ERROR_OK);
	assert_not_placed(0xEFFFF, 1);
}

#define TEST1(function) cmocka_unit_test_setup_teardown(function, setup1, loader_teardown)
#define TEST2(function) cmocka_unit_test_setup_teardown(function, setup2, loader_teardown)
#define ROM(function)   cmocka_unit_test_setup_teardown(function, setup_rom, loader_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST1(test_elf_is_placed_and_entered),
		TEST1(test_information1),
		TEST1(test_modules1_lie_on_pages_behind_the_image),
		TEST1(test_addresses_in_the_header),
		TEST1(test_information_goes_where_there_is_ram),
		TEST1(test_nothing_goes_into_the_hole_of_a_pc),
		TEST1(test_long_information_is_refused),
		TEST1(test_malformed_images_of_multiboot1_are_refused),
		TEST1(test_headers_are_looked_for_within_their_reach),
		TEST2(test_information2),
		TEST2(test_rsdp_is_handed_over),
		TEST2(test_entry_tag_counts),
		TEST2(test_address_tag_counts),
		TEST2(test_what_is_known_or_optional_is_taken),
		TEST2(test_malformed_images_of_multiboot2_are_refused),
		ROM(test_rom_ends_at_4_gib_and_at_1_mib),
		ROM(test_rom_without_room_is_refused),
		ROM(test_rom_has_whole_64_kib),
	};

	return cmocka_run_group_tests_name("loader_multiboot", tests, NULL, NULL);
}
