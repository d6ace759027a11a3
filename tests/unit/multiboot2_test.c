/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot information, good and bad. Each test builds its own, tag by tag, in memory of exactly the right
 * size, so that the address sanitizer sees any read beyond it.
 */
#include "boot/multiboot2.h"

#include "boot/memory_map.h"
#include "fake_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t buffer[16384];
static uint32_t used;
static struct boot_information out;

static int setup(void **state)
{
	(void)state;
	memset(buffer, 0, sizeof(buffer));
	used = 8; /* total_size, reserved */
	fake_log_clear();
	return 0;
}

static void put32(uint32_t value)
{
	memcpy(buffer + used, &value, 4);
	used += 4;
}

static void put64(uint64_t value)
{
	memcpy(buffer + used, &value, 8);
	used += 8;
}

static void put_bytes(const void *bytes, uint32_t size)
{
	assert_true(used + size <= sizeof(buffer));
	if (size > 0)
		memcpy(buffer + used, bytes, size);
	used += size;
}

/* Returns where the tag's size is, for tag_end(). */
static uint32_t tag_begin(uint32_t type)
{
	put32(type);
	put32(0);
	return used - 4;
}

static void tag_end(uint32_t size_at)
{
	uint32_t size = used - size_at + 4;

	memcpy(buffer + size_at, &size, 4);
	used = (used + 7) & ~7u;
}

static void put_tag(uint32_t type, const void *bytes, uint32_t size)
{
	uint32_t tag = tag_begin(type);

	put_bytes(bytes, size);
	tag_end(tag);
}

static void put_module(uint32_t start, uint32_t end, const char *command_line)
{
	uint32_t tag = tag_begin(3);

	put32(start);
	put32(end);
	put_bytes(command_line, (uint32_t)strlen(command_line) + 1);
	tag_end(tag);
}

static void put_map_entry(uint64_t base, uint64_t length, uint32_t type)
{
	put64(base);
	put64(length);
	put32(type);
	put32(0);
}

static void put_map(void)
{
	uint32_t tag = tag_begin(6);

	put32(24);
	put32(0);
	put_map_entry(0, 0x9F000, 1);
	put_map_entry(0x100000, 0x3FEF0000, 1);
	tag_end(tag);
}

static enum error parse_total(uint32_t total)
{
	memcpy(buffer, &total, 4);

	uint8_t *exact = aligned_alloc(8, used); /* used is a multiple of 8 */
	memcpy(exact, buffer, used);
	enum error error = multiboot2_parse(exact, MULTIBOOT2_BOOTLOADER_MAGIC, &out);
	free(exact); /* whatever was kept must have been copied */
	return error;
}

static enum error parse(void)
{
	put_tag(0, NULL, 0);
	return parse_total(used);
}

static void assert_refused(enum error error, const char *reason)
{
	if (error == ERROR_OK || !fake_log_has(LOG_ERROR, reason))
		fake_log_dump();
	assert_int_not_equal(error, ERROR_OK);
	assert_true(fake_log_has(LOG_ERROR, reason));
}

static void grubs_information_is_copied(void **state)
{
	const uint8_t rsdp[20] = "RSD PTR ....";

	(void)state;
	put_tag(1, "log=debug", 10);
	put_tag(2, "GRUB 2.06", 10);
	put_tag(10, "unknown tags are skipped", 24);
	put_module(0x1000000, 0x1800000, "linux quiet");
	put_module(0x1800000, 0x1800001, "rt");
	put_map();
	put_tag(14, rsdp, sizeof(rsdp));
	assert_int_equal(parse(), ERROR_OK);
	assert_int_equal(fake_log_count(LOG_ERROR), 0);

	assert_int_equal(out.module_count, 2);
	assert_string_equal(out.modules[0].name, "linux");
	assert_int_equal(out.modules[0].start, 0x1000000);
	assert_int_equal(out.modules[0].size, 0x800000);
	assert_string_equal(out.modules[1].name, "rt");
	assert_int_equal(out.modules[1].size, 1);
	assert_int_equal(out.memory_count, 2);
	assert_int_equal(out.memory[1].base, 0x100000);
	assert_int_equal(out.memory[1].size, 0x3FEF0000);
	assert_int_equal(out.rsdp_size, 20);
	assert_memory_equal(out.rsdp, rsdp, 20);
}

static void newer_rsdp_counts_in_either_order(void **state)
{
	uint8_t old[20] = {1}, new[36] = {2};

	(void)state;
	put_map();
	put_tag(14, old, sizeof(old));
	put_tag(15, new, sizeof(new));
	assert_int_equal(parse(), ERROR_OK);
	assert_int_equal(out.rsdp_size, 36);
	assert_int_equal(out.rsdp[0], 2);

	setup(NULL);
	put_map();
	put_tag(15, new, sizeof(new));
	put_tag(14, old, sizeof(old));
	assert_int_equal(parse(), ERROR_OK);
	assert_int_equal(out.rsdp_size, 36);
	assert_int_equal(out.rsdp[0], 2);
}

static void memory_map_is_sorted_and_disjoint(void **state)
{
	static const struct boot_memory expected[] = {
		{0x0, 0x2000, 1},    {0x3000, 0x1000, 1}, {0x4000, 0x1000, 3},
		{0x5000, 0x1000, 4}, {0x6000, 0x1000, 1}, {0x9000, 0x1000, 2},
	};
	uint32_t tag;

	(void)state;
	tag = tag_begin(6);
	put32(32); /* entries of a later version are longer */
	put32(0);
	put_map_entry(0x3000, 0x4000, 1);
	put64(0);
	put_map_entry(0x5000, 0x1000, 4); /* in the middle of RAM, */
	put64(0);
	put_map_entry(0x4000, 0x1800, 3); /* and overlapping */
	put64(0);
	put_map_entry(0x9000, 0x1000, 0); /* 0 is no type */
	put64(0);
	put_map_entry(0x8000, 0, 1); /* empty */
	put64(0);
	put_map_entry(0x1000, 0x1000, 1); /* continues the next */
	put64(0);
	put_map_entry(0x0, 0x1800, 1);
	put64(0);
	tag_end(tag);
	assert_int_equal(parse(), ERROR_OK);
	assert_int_equal(out.memory_count, 6);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(out.memory[i].base, expected[i].base);
		assert_int_equal(out.memory[i].size, expected[i].size);
		assert_int_equal(out.memory[i].type, expected[i].type);
	}
}

static void most_entries_make_most_pieces(void **state)
{
	struct boot_memory entries[BOOT_MEMORY_MAX], pieces[BOOT_MEMORY_PIECES + 1];

	(void)state;
	/* Nested: entry i lies around entry i + 1, with alternating types that win inside. */
	for (uint32_t i = 0; i < BOOT_MEMORY_MAX; i++)
		entries[i] = (struct boot_memory){i, 2 * (BOOT_MEMORY_MAX - i), i + 1};
	uint32_t count = memory_map_normalise(entries, BOOT_MEMORY_MAX, pieces);
	assert_int_equal(count, 2 * BOOT_MEMORY_MAX - 1);
	assert_true(count <= BOOT_MEMORY_PIECES);
}

static void ranges_are_split_by_type(void **state)
{
	const struct boot_memory map[] = {{0x1000, 0x1000, 1}, {0x2000, 0x1000, 2}};
	struct boot_memory piece;

	(void)state;
	piece = memory_map_piece(map, 2, 0x800, 0x10000);
	assert_int_equal(piece.type, BOOT_MEMORY_HOLE);
	assert_int_equal(piece.size, 0x800);
	piece = memory_map_piece(map, 2, 0x1800, 0x10000);
	assert_int_equal(piece.type, 1);
	assert_int_equal(piece.size, 0x800);
	piece = memory_map_piece(map, 2, 0x2000, 0x10);
	assert_int_equal(piece.type, 2);
	assert_int_equal(piece.size, 0x10);
	piece = memory_map_piece(map, 2, 0x3000, 0x10000);
	assert_int_equal(piece.type, BOOT_MEMORY_HOLE);
	assert_int_equal(piece.size, 0x10000);

	assert_true(memory_map_is_ram(map, 2, 0x1000, 0x1000));
	assert_false(memory_map_is_ram(map, 2, 0x1000, 0x1001));
	assert_false(memory_map_is_ram(map, 2, 0xFFF, 2));
	assert_false(memory_map_is_ram(map, 2, 0x1000, 0));
	assert_false(memory_map_is_ram(map, 2, 0x1000, UINT64_MAX));
}

static void wrong_magic_is_refused(void **state)
{
	(void)state;
	assert_int_equal(multiboot2_parse(buffer, 0x2BADB002, &out), ERROR_BOOT_INFORMATION);
	assert_true(fake_log_has(LOG_ERROR, "0x2badb002"));
}

static void bad_address_is_refused(void **state)
{
	(void)state;
	assert_refused(multiboot2_parse(NULL, MULTIBOOT2_BOOTLOADER_MAGIC, &out), "at 0x0");
	fake_log_clear();
	assert_refused(multiboot2_parse((const void *)0x1004, MULTIBOOT2_BOOTLOADER_MAGIC, &out),
		       "at 0x1004");
}

static void bad_total_size_is_refused(void **state)
{
	static const uint32_t sizes[] = {0, 8, 15, 20, 0x100008, 0xFFFFFFF8, 0xFFFFFFFF};

	(void)state;
	put_map();
	put_tag(0, NULL, 0);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fake_log_clear();
		assert_refused(parse_total(sizes[i]), "total_size is");
	}
}

static void missing_end_tag_is_refused(void **state)
{
	(void)state;
	put_map();
	assert_refused(parse_total(used), "no end tag");
}

static void information_cut_anywhere_is_refused(void **state)
{
	(void)state;
	put_module(0x1000, 0x2000, "rt");
	put_map();
	put_tag(0, NULL, 0);
	for (uint32_t whole = used, total = 16; total < whole; total += 8) {
		fake_log_clear();
		used = total;
		assert_int_not_equal(parse_total(total), ERROR_OK);
		assert_int_not_equal(fake_log_count(LOG_ERROR), 0);
	}
}

static void tag_with_bad_size_is_refused(void **state)
{
	static const uint32_t sizes[] = {0, 7, 0x1000, 0xFFFFFFFF};

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		setup(NULL);
		put_map();
		put32(21);
		put32(sizes[i]);
		assert_refused(parse(), "tag type 21 at offset");
	}
}

static void missing_memory_map_is_refused(void **state)
{
	(void)state;
	assert_refused(parse(), "no memory map");
}

static void memory_map_with_bad_entry_size_is_refused(void **state)
{
	static const uint32_t sizes[] = {0, 16, 25, 28, 0xFFFFFFF8};

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		setup(NULL);
		uint32_t tag = tag_begin(6);
		put32(sizes[i]);
		put32(0);
		put_map_entry(0, 0x1000, 1);
		tag_end(tag);
		assert_refused(parse(), "memory map has entries of");
	}
}

static void memory_map_with_broken_last_entry_is_refused(void **state)
{
	(void)state;
	uint32_t tag = tag_begin(6);
	put32(24);
	put32(0);
	put_map_entry(0, 0x1000, 1);
	put64(0x100000);
	tag_end(tag);
	assert_refused(parse(), "memory map has entries of 24 bytes in a tag with 32");
}

static void memory_map_without_room_for_its_header_is_refused(void **state)
{
	(void)state;
	put_tag(6, "abcd", 4);
	assert_refused(parse(), "no entry size");
}

static void memory_map_entry_that_wraps_is_refused(void **state)
{
	(void)state;
	uint32_t tag = tag_begin(6);
	put32(24);
	put32(0);
	put_map_entry(0x1000, 0x1000, 1);
	put_map_entry(0xFFFFFFFFFFFFF000, 0x2000, 1);
	tag_end(tag);
	assert_refused(parse(), "entry 1 (base 0xfffffffffffff000, length 0x2000) wraps");
}

static void too_many_memory_map_entries_are_refused(void **state)
{
	(void)state;
	uint32_t tag = tag_begin(6);
	put32(24);
	put32(0);
	for (uint64_t i = 0; i <= BOOT_MEMORY_MAX; i++)
		put_map_entry(i * 0x1000, 0x1000, 1);
	tag_end(tag);
	assert_refused(parse(), "raise BOOT_MEMORY_MAX");
}

static void module_that_ends_before_its_start_is_refused(void **state)
{
	(void)state;
	put_map();
	put_module(0x2000, 0x1FFF, "rt");
	assert_refused(parse(), "module \"rt\" ends at 0x1fff, before its start 0x2000");
}

static void short_module_tag_is_refused(void **state)
{
	(void)state;
	put_map();
	put_tag(3, "\0\0\0\0\0\0\0\0", 8);
	assert_refused(parse(), "module tag at offset");
}

static void module_name_without_nul_is_refused(void **state)
{
	(void)state;
	put_map();
	put_tag(3, "\0\0\0\0\0\0\0\0abc", 11);
	assert_refused(parse(), "command line without NUL");
}

static void module_name_has_a_longest_length(void **state)
{
	char name[BOOT_MODULE_NAME_MAX + 2];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[BOOT_MODULE_NAME_MAX] = '\0';
	put_map();
	put_module(0x1000, 0x2000, name);
	assert_int_equal(parse(), ERROR_OK);
	assert_string_equal(out.modules[0].name, name);

	setup(NULL);
	name[BOOT_MODULE_NAME_MAX] = 'n';
	name[BOOT_MODULE_NAME_MAX + 1] = '\0';
	put_map();
	put_module(0x1000, 0x2000, name);
	assert_refused(parse(), "a name of 64 characters, at most 63");
}

static void module_without_name_is_kept(void **state)
{
	(void)state;
	put_map();
	put_module(0x1000, 0x1000, "");
	assert_int_equal(parse(), ERROR_OK);
	assert_int_equal(out.module_count, 1);
	assert_string_equal(out.modules[0].name, "");
	assert_int_equal(out.modules[0].size, 0);
}

static void as_many_modules_as_configured(void **state)
{
	char expected[64];

	(void)state;
	put_map();
	for (uint32_t i = 0; i < CONFIG_MAX_MODULES; i++)
		put_module(0x1000, 0x2000, "m");
	assert_int_equal(parse(), ERROR_OK);
	assert_int_equal(out.module_count, CONFIG_MAX_MODULES);

	setup(NULL);
	put_map();
	for (uint32_t i = 0; i < CONFIG_MAX_MODULES + 3; i++)
		put_module(0x1000, 0x2000, "m");
	assert_int_equal(parse(), ERROR_CAPACITY);
	snprintf(expected, sizeof(expected), "%d modules were loaded", CONFIG_MAX_MODULES + 3);
	assert_true(fake_log_has(LOG_ERROR, expected));
	assert_true(fake_log_has(LOG_ERROR, "raise CONFIG_MAX_MODULES"));
}

static void short_rsdp_is_refused(void **state)
{
	uint8_t rsdp[36] = {0};

	(void)state;
	put_map();
	put_tag(14, rsdp, 19);
	assert_refused(parse(), "19 bytes of RSDP, at least 20");
	setup(NULL);
	put_map();
	put_tag(15, rsdp, 35);
	assert_refused(parse(), "35 bytes of RSDP, at least 36");
}

static void second_tag_of_a_kind_is_refused(void **state)
{
	static const uint32_t types[] = {6, 14, 15};
	char expected[32];
	uint8_t body[40] = {24}; /* fits all of them */

	(void)state;
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		setup(NULL);
		put_map();
		put_tag(types[i], body, sizeof(body));
		put_tag(types[i], body, sizeof(body));
		snprintf(expected, sizeof(expected), "(tag type %u) at offset", types[i]);
		assert_refused(parse(), expected);
		assert_true(fake_log_has(LOG_ERROR, "second "));
	}
}

static void all_problems_are_listed(void **state)
{
	(void)state;
	put_tag(14, "abc", 3);
	put_map();
	put_module(0x2000, 0x1000, "first");
	put_module(0x2000, 0x1000, "second");
	assert_int_equal(parse(), ERROR_BOOT_INFORMATION);
	assert_int_equal(fake_log_count(LOG_ERROR), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(grubs_information_is_copied, setup),
		cmocka_unit_test_setup(newer_rsdp_counts_in_either_order, setup),
		cmocka_unit_test_setup(memory_map_is_sorted_and_disjoint, setup),
		cmocka_unit_test_setup(most_entries_make_most_pieces, setup),
		cmocka_unit_test_setup(ranges_are_split_by_type, setup),
		cmocka_unit_test_setup(wrong_magic_is_refused, setup),
		cmocka_unit_test_setup(bad_address_is_refused, setup),
		cmocka_unit_test_setup(bad_total_size_is_refused, setup),
		cmocka_unit_test_setup(missing_end_tag_is_refused, setup),
		cmocka_unit_test_setup(information_cut_anywhere_is_refused, setup),
		cmocka_unit_test_setup(tag_with_bad_size_is_refused, setup),
		cmocka_unit_test_setup(missing_memory_map_is_refused, setup),
		cmocka_unit_test_setup(memory_map_with_bad_entry_size_is_refused, setup),
		cmocka_unit_test_setup(memory_map_with_broken_last_entry_is_refused, setup),
		cmocka_unit_test_setup(memory_map_without_room_for_its_header_is_refused, setup),
		cmocka_unit_test_setup(memory_map_entry_that_wraps_is_refused, setup),
		cmocka_unit_test_setup(too_many_memory_map_entries_are_refused, setup),
		cmocka_unit_test_setup(module_that_ends_before_its_start_is_refused, setup),
		cmocka_unit_test_setup(short_module_tag_is_refused, setup),
		cmocka_unit_test_setup(module_name_without_nul_is_refused, setup),
		cmocka_unit_test_setup(module_name_has_a_longest_length, setup),
		cmocka_unit_test_setup(module_without_name_is_kept, setup),
		cmocka_unit_test_setup(as_many_modules_as_configured, setup),
		cmocka_unit_test_setup(short_rsdp_is_refused, setup),
		cmocka_unit_test_setup(second_tag_of_a_kind_is_refused, setup),
		cmocka_unit_test_setup(all_problems_are_listed, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
