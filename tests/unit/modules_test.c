/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules in a fake memory. The last test makes random layouts from a fixed seed and compares each with
 * what an ideal copy, from a snapshot, would give.
 */
#include "boot/modules.h"

#include "boot/memory_map.h"
#include "cpu/privileged.h"
#include "fake_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* All addresses of the tests are from here on; below it nothing may be moved aside. */
#define BASE 0x100000u
#define SIZE 0x4000u

static uint8_t *memory; /* on the heap, where the sanitizer guards both ends */
static uint8_t snapshot[SIZE];

static struct module_image images[CONFIG_MAX_MODULES];
static struct boot_memory map[4];
static struct memory_span busy[4];
static struct module_placer placer;
static struct placement_list list;

void *host_pointer(hpa_t address)
{
	assert_true(address >= BASE && address <= BASE + SIZE);
	return memory + (address - BASE);
}

/* Every byte differs from its neighbours and none is 0, so that a shifted or wiped copy shows. */
static void fill_memory(void)
{
	for (uint32_t i = 0; i < SIZE; i++)
		memory[i] = (uint8_t)(1 + (i * 7 + i / 251) % 255);
	memcpy(snapshot, memory, SIZE);
}

static int setup(void **state)
{
	(void)state;
	if (memory == NULL)
		memory = malloc(SIZE);
	fill_memory();
	memset(images, 0, sizeof(images));
	memset(&list, 0, sizeof(list));
	map[0] = (struct boot_memory){BASE, SIZE, BOOT_MEMORY_RAM};
	placer = (struct module_placer){
		.images = images,
		.memory = map,
		.memory_count = 1,
		.busy = busy,
		.aside_end = UINT64_MAX,
	};
	fake_log_clear();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(memory);
	memory = NULL;
	return 0;
}

static uint32_t add_image(uint32_t start, uint32_t size)
{
	images[placer.image_count] = (struct module_image){BASE + start, size};
	return placer.image_count++;
}

static void add_copy(uint32_t image, uint32_t offset, uint32_t length, uint32_t destination)
{
	assert_int_equal(placement_add_copy(&list, image, offset, length, BASE + destination),
			 ERROR_OK);
}

/* The snapshot of [source, source + length) is at `destination` now. */
static void assert_moved(uint32_t source, uint32_t length, uint32_t destination)
{
	assert_memory_equal(memory + destination, snapshot + source, length);
}

static void assert_unchanged(uint32_t start, uint32_t length)
{
	assert_moved(start, length, start);
}

static void assert_zero(uint32_t start, uint32_t length)
{
	for (uint32_t i = start; i < start + length; i++)
		assert_int_equal(memory[i], 0);
}

/* --- The list --- */

static void list_keeps_what_was_added(void **state)
{
	static const char bytes[] = "bytes";

	(void)state;
	assert_int_equal(placement_add_copy(&list, 3, 0x10, 0x20, 0x1000), ERROR_OK);
	assert_int_equal(placement_add_bytes(&list, bytes, 5, 0x2000), ERROR_OK);
	assert_int_equal(placement_add_zero(&list, 0x30, 0x3000), ERROR_OK);
	assert_int_equal(placement_add_zero(&list, 0, 0x4000), ERROR_OK);
	assert_int_equal(list.count, 3);
	assert_int_equal(list.entries[0].kind, PLACEMENT_MODULE);
	assert_int_equal(list.entries[0].module, 3);
	assert_int_equal(list.entries[0].offset, 0x10);
	assert_int_equal(list.entries[1].kind, PLACEMENT_BYTES);
	assert_ptr_equal(list.entries[1].bytes, bytes);
	assert_int_equal(list.entries[2].kind, PLACEMENT_ZERO);
	assert_int_equal(list.entries[2].destination, 0x3000);
	assert_int_equal(list.entries[2].length, 0x30);
}

static void full_list_names_the_setting(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < PLACEMENT_CAPACITY; i++)
		assert_int_equal(placement_add_zero(&list, 1, i), ERROR_OK);
	assert_int_equal(placement_add_zero(&list, 1, 0), ERROR_CAPACITY);
	assert_true(fake_log_has(LOG_ERROR, "raise CONFIG_MAX_MODULES"));
	assert_int_equal(list.count, PLACEMENT_CAPACITY);
}

static void destination_that_wraps_is_refused(void **state)
{
	(void)state;
	assert_int_equal(placement_add_zero(&list, 0x1000, UINT64_MAX - 0xFFE),
			 ERROR_GUEST_ADDRESS);
	assert_int_equal(placement_add_copy(&list, 0, 0, UINT64_MAX, 1), ERROR_GUEST_ADDRESS);
	assert_int_equal(list.count, 0);
}

/* --- Finding modules --- */

static void modules_are_found_by_name(void **state)
{
	static struct boot_information boot;
	static const struct module_config modules[] = {{"rt", ""}, {"linux", ""}};
	struct scenario scenario = {.modules = modules, .module_count = 2};

	(void)state;
	boot.module_count = 3;
	boot.modules[0] = (struct boot_module){0x1000, 0x10, "linux"};
	boot.modules[1] = (struct boot_module){0x2000, 0x20, "other"};
	boot.modules[2] = (struct boot_module){0x3000, 0x30, "rt"};
	assert_int_equal(modules_find(&scenario, &boot, images), ERROR_OK);
	assert_int_equal(images[0].start, 0x3000);
	assert_int_equal(images[0].size, 0x30);
	assert_int_equal(images[1].start, 0x1000);

	boot.module_count = 2;
	assert_int_equal(modules_find(&scenario, &boot, images), ERROR_MODULE_MISSING);
	assert_true(fake_log_has(LOG_ERROR, "\"rt\""));
}

/* --- Placing --- */

static void pieces_bytes_and_zeros_are_placed(void **state)
{
	uint32_t image = add_image(0x100, 0x200);

	(void)state;
	add_copy(image, 0x10, 0x80, 0x1000);
	add_copy(image, 0x10, 0x20, 0x2000); /* the same bytes for another VM */
	placement_add_bytes(&list, "hello", 5, BASE + 0x1080);
	placement_add_zero(&list, 0x7B, BASE + 0x1085);
	assert_int_equal(module_place(&placer, &list), ERROR_OK);
	assert_moved(0x110, 0x80, 0x1000);
	assert_moved(0x110, 0x20, 0x2000);
	assert_memory_equal(memory + 0x1080, "hello", 5);
	assert_zero(0x1085, 0x7B);
	assert_unchanged(0x1100, 0xF00); /* all around */
	assert_unchanged(0x2020, SIZE - 0x2020);
	assert_unchanged(0, 0x100);
	assert_unchanged(0x300, 0xD00);
	assert_zero(0x100, 0x200); /* nothing of the module is left behind */
}

static void module_may_overlap_its_destination(void **state)
{
	uint32_t up = add_image(0x100, 0x400);
	uint32_t down = add_image(0x1000, 0x400);

	(void)state;
	add_copy(up, 0, 0x400, 0x101);
	add_copy(down, 0, 0x400, 0xFFF);
	assert_int_equal(module_place(&placer, &list), ERROR_OK);
	assert_moved(0x100, 0x400, 0x101);
	assert_moved(0x1000, 0x400, 0xFFF);
	assert_zero(0x100, 1);
	assert_zero(0x13FF, 1);
}

static void module_in_its_place_stays(void **state)
{
	(void)state;
	add_copy(add_image(0x1000, 0x400), 0, 0x400, 0x1000);
	assert_int_equal(module_place(&placer, &list), ERROR_OK);
	assert_unchanged(0, SIZE);
}

/* Each module has to go where the next one lies: only the order from the last to the first works. */
static void chain_is_moved_from_its_end(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		add_copy(add_image(0x400 * i, 0x400), 0, 0x400, 0x400 * (i + 1));
	placer.aside_end = BASE; /* there is no RAM to move anything aside */
	assert_int_equal(module_place(&placer, &list), ERROR_OK);
	assert_moved(0, 0x1000, 0x400);
}

static void swapped_modules_use_free_ram_and_wipe_it(void **state)
{
	uint32_t first = add_image(0x1000, 0x400);
	uint32_t second = add_image(0x2000, 0x300);

	(void)state;
	add_copy(first, 0, 0x400, 0x2000);
	add_copy(second, 0, 0x300, 0x1000);
	assert_int_equal(module_place(&placer, &list), ERROR_OK);
	assert_moved(0x1000, 0x400, 0x2000);
	assert_moved(0x2000, 0x300, 0x1000);
	/* The smaller one was set aside to the first free place, which is empty now. */
	assert_zero(0, 0x300);
	assert_unchanged(0x300, 0xD00);
	assert_unchanged(0x2400, SIZE - 0x2400);
}

static void three_modules_go_round(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		add_copy(add_image(0x1000 + 0x400 * i, 0x400), 0, 0x400,
			 0x1000 + 0x400 * ((i + 1) % 3));
	assert_int_equal(module_place(&placer, &list), ERROR_OK);
	assert_moved(0x1000, 0x800, 0x1400);
	assert_moved(0x1800, 0x400, 0x1000);
}

/* Two pieces of one module swap places. */
static void pieces_of_one_module_go_round(void **state)
{
	uint32_t image = add_image(0x1000, 0x800);

	(void)state;
	add_copy(image, 0, 0x400, 0x1400);
	add_copy(image, 0x400, 0x400, 0x1000);
	assert_int_equal(module_place(&placer, &list), ERROR_OK);
	assert_moved(0x1000, 0x400, 0x1400);
	assert_moved(0x1400, 0x400, 0x1000);
}

static void swap(void)
{
	add_copy(add_image(0x1000, 0x400), 0, 0x400, 0x2000);
	add_copy(add_image(0x2000, 0x400), 0, 0x400, 0x1000);
}

/* The only free place that is long enough is the one between all that must not be touched. */
static void aside_place_avoids_everything(void **state)
{
	const uint32_t place = 0x2800;

	(void)state;
	swap();
	busy[0] = (struct memory_span){BASE, 0x1000};
	busy[1] = (struct memory_span){BASE + 0x1400, 0xA00};
	placer.busy_count = 2;
	placement_add_zero(&list, 0x200, BASE + 0x2600);
	map[0].size = 0x2C00;
	map[1] = (struct boot_memory){BASE + 0x2C00, SIZE - 0x2C00, BOOT_MEMORY_ACPI};
	placer.memory_count = 2;
	assert_int_equal(module_place(&placer, &list), ERROR_OK);
	assert_moved(0x1000, 0x400, 0x2000);
	assert_moved(0x2000, 0x400, 0x1000);
	assert_zero(place, 0x400);
	assert_unchanged(0, 0x1000);
	assert_unchanged(0x1400, 0xC00);
	assert_unchanged(0x2C00, SIZE - 0x2C00);
}

static void no_place_aside_is_an_error(void **state)
{
	(void)state;
	swap();
	busy[0] = (struct memory_span){BASE, 0x1000};
	placer.busy_count = 1;
	map[0].size = 0x1700; /* 0x300 bytes are free, 0x400 needed */
	assert_int_equal(module_place(&placer, &list), ERROR_MODULE_PLACE);
	assert_true(fake_log_has(LOG_ERROR, "no free RAM takes the 0x400 bytes"));
	map[0].size = 0x1800;
	fill_memory();
	assert_int_equal(module_place(&placer, &list), ERROR_OK);
	placer.aside_end = BASE + 0x17FF; /* the last byte is not mapped */
	assert_int_equal(module_place(&placer, &list), ERROR_MODULE_PLACE);
}

static void low_memory_is_no_place_aside(void **state)
{
	(void)state;
	swap();
	map[0] = (struct boot_memory){0x1000, 0x80000, BOOT_MEMORY_RAM};
	assert_int_equal(module_place(&placer, &list), ERROR_MODULE_PLACE);
}

static void assert_refused_untouched(enum error expected)
{
	assert_int_equal(module_place(&placer, &list), expected);
	assert_int_equal(fake_log_count(LOG_ERROR), 1);
	assert_unchanged(0, SIZE);
}

static void piece_beyond_its_module_is_refused(void **state)
{
	static const struct {
		uint32_t module;
		uint64_t offset, length;
	} cases[] = {{0, 0, 0x201}, {0, 0x1FF, 2}, {0, 0x201, 1}, {0, UINT64_MAX, 2}, {1, 0, 1}};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(state);
		add_copy(add_image(0x100, 0x200), 0, 0x10, 0x2000);
		placement_add_copy(&list, cases[i].module, cases[i].offset, cases[i].length,
				   BASE + 0x1000);
		assert_refused_untouched(ERROR_IMAGE_TRUNCATED);
	}
}

static void overlapping_destinations_are_refused(void **state)
{
	(void)state;
	add_copy(add_image(0x100, 0x200), 0, 0x10, 0x1000);
	placement_add_zero(&list, 0x10, BASE + 0x1010);
	placement_add_zero(&list, 0x10, BASE + 0x100F);
	assert_refused_untouched(ERROR_IMAGE_OVERLAP);
	assert_true(fake_log_has(LOG_ERROR, "0x10100f-0x10101e and 0x101000-0x10100f overlap"));
}

static void destination_in_busy_memory_is_refused(void **state)
{
	(void)state;
	busy[0] = (struct memory_span){BASE + 0x1000, 0x1000};
	placer.busy_count = 1;
	placement_add_zero(&list, 0x10, BASE + 0x1FFF);
	assert_refused_untouched(ERROR_IMAGE_OVERLAP);
	setup(state);
	busy[0] = (struct memory_span){BASE + 0x1000, 0x1000};
	placer.busy_count = 1;
	placement_add_bytes(&list, "x", 1, BASE + 0x2000);
	assert_int_equal(module_place(&placer, &list), ERROR_OK);
}

/* --- Random layouts --- */

#define LAYOUTS 20000

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % limit;
}

/* What has to be at each byte in the end. */
static struct {
	bool destination; /* of a placement: `value` */
	bool image;
	bool busy;
	uint8_t value;
} ideal[SIZE];

static bool is_free(uint32_t start, uint32_t length)
{
	for (uint32_t i = start; i < start + length; i++) {
		if (ideal[i].destination || ideal[i].busy)
			return false;
	}
	return true;
}

static void random_images(void)
{
	uint32_t count = 1 + random_below(6);
	uint32_t at = random_below(0x200);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t size = random_below(0x400);
		add_image(at, size);
		for (uint32_t j = at; j < at + size; j++)
			ideal[j].image = true;
		at += size + random_below(2) * random_below(0x200);
	}
}

static void random_busy(void)
{
	placer.busy_count = random_below(3);
	for (uint32_t i = 0; i < placer.busy_count; i++) {
		uint32_t base = random_below(SIZE - 0x400), size = 1 + random_below(0x400);

		busy[i] = (struct memory_span){BASE + base, size};
		for (uint32_t j = base; j < base + size; j++)
			ideal[j].busy = true;
	}
}

/* Destinations are near the images, or exactly on one, so that they often wait for each other. */
static uint32_t random_destination(void)
{
	if (random_below(2) == 0)
		return (uint32_t)images[random_below(placer.image_count)].start - BASE;
	return random_below(0x1C00);
}

static void random_copy(void)
{
	uint32_t image = random_below(placer.image_count);
	uint32_t size = (uint32_t)images[image].size;
	uint32_t offset = random_below(2) * random_below(size + 1);
	uint32_t length = random_below(3) == 0 ? random_below(size - offset + 1) : size - offset;
	uint32_t destination = random_destination();

	if (!is_free(destination, length))
		return;
	add_copy(image, offset, length, destination);
	for (uint32_t i = 0; i < length; i++) {
		ideal[destination + i].destination = true;
		ideal[destination + i].value = snapshot[images[image].start - BASE + offset + i];
	}
}

static void random_filling(void)
{
	static const uint8_t bytes[64] = "constant data in the hypervisor's image";
	uint32_t length = random_below(sizeof(bytes) + 1);
	uint32_t destination = random_destination();
	bool zero = random_below(2) == 0;

	if (!is_free(destination, length))
		return;
	if (zero)
		placement_add_zero(&list, length, BASE + destination);
	else
		placement_add_bytes(&list, bytes, length, BASE + destination);
	for (uint32_t i = 0; i < length; i++) {
		ideal[destination + i].destination = true;
		ideal[destination + i].value = zero ? 0 : bytes[i];
	}
}

static void random_layout(void)
{
	setup(NULL);
	memset(ideal, 0, sizeof(ideal));
	/* Sometimes there is little RAM: what is beyond is ACPI's. */
	map[0].size = random_below(3) == 0 ? 0x800 + random_below(0x1800) : SIZE;
	random_images();
	random_busy();
	for (uint32_t i = random_below(8); i < 8; i++)
		random_copy();
	for (uint32_t i = random_below(4); i < 4; i++)
		random_filling();
}

/* True if something was moved aside, which shows by the zeros that it left. */
static bool assert_ideal(uint64_t seed)
{
	bool aside = false;

	for (uint32_t i = 0; i < SIZE; i++) {
		bool is_ram = BASE + i < map[0].base + map[0].size;
		uint8_t wanted = snapshot[i];

		if (ideal[i].destination)
			wanted = ideal[i].value;
		else if (ideal[i].image && !ideal[i].busy)
			wanted = 0;
		else if (!ideal[i].busy && is_ram && memory[i] == 0)
			aside = true, wanted = 0;
		if (memory[i] != wanted)
			fail_msg("seed 0x%lx: 0x%x instead of 0x%x at offset 0x%x", seed, memory[i],
				 wanted, i);
	}
	return aside;
}

/* Longest stretch that nobody needs; free while anything is moved. */
static uint32_t longest_free_stretch(void)
{
	uint32_t longest = 0, length = 0;

	for (uint32_t i = 0; i < map[0].size; i++) {
		bool is_used = ideal[i].destination || ideal[i].image || ideal[i].busy;
		length = is_used ? 0 : length + 1;
		longest = length > longest ? length : longest;
	}
	return longest;
}

static uint64_t total_length(void)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < list.count; i++)
		total += list.entries[i].kind == PLACEMENT_MODULE ? list.entries[i].length : 0;
	return total;
}

static void random_layouts_end_up_ideal(void **state)
{
	unsigned asides = 0, refusals = 0;

	(void)state;
	for (unsigned i = 0; i < LAYOUTS; i++) {
		uint64_t seed = random_state;

		random_layout();
		if (module_place(&placer, &list) == ERROR_OK) {
			asides += assert_ideal(seed);
		} else {
			refusals++;
			assert_true(fake_log_has(LOG_ERROR, "have to swap places"));
			assert_true(longest_free_stretch() < total_length());
		}
	}
	/* The generator must not become tame unnoticed. */
	printf("%u layouts: %u with something set aside, %u refused\n", LAYOUTS, asides, refusals);
	assert_true(asides > LAYOUTS / 20);
	assert_true(refusals > 0 && refusals < LAYOUTS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(list_keeps_what_was_added, setup, teardown),
		cmocka_unit_test_setup_teardown(full_list_names_the_setting, setup, teardown),
		cmocka_unit_test_setup_teardown(destination_that_wraps_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(modules_are_found_by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(pieces_bytes_and_zeros_are_placed, setup, teardown),
		cmocka_unit_test_setup_teardown(module_may_overlap_its_destination, setup,
						teardown),
		cmocka_unit_test_setup_teardown(module_in_its_place_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(chain_is_moved_from_its_end, setup, teardown),
		cmocka_unit_test_setup_teardown(swapped_modules_use_free_ram_and_wipe_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(three_modules_go_round, setup, teardown),
		cmocka_unit_test_setup_teardown(pieces_of_one_module_go_round, setup, teardown),
		cmocka_unit_test_setup_teardown(aside_place_avoids_everything, setup, teardown),
		cmocka_unit_test_setup_teardown(no_place_aside_is_an_error, setup, teardown),
		cmocka_unit_test_setup_teardown(low_memory_is_no_place_aside, setup, teardown),
		cmocka_unit_test_setup_teardown(piece_beyond_its_module_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(overlapping_destinations_are_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(destination_in_busy_memory_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(random_layouts_end_up_ideal, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
