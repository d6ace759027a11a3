/* SPDX-License-Identifier: Apache-2.0 */
/* Decoded instructions are found again exactly as long as fetching them would find the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpu/msr.h"
#include "cpu/registers.h"
#include "fake/fake_memory.h"
#include "vm/mmio_cache.h"

#define CODE  UINT64_C(0x401100) /* linear */
#define FRAME UINT64_C(0x5000)   /* physical, of its page */

static const struct memory_region regions[] = {
	{0, FAKE_MEMORY_BASE, 0x10000, 7, MEMORY_RAM},
};
static const struct vm_config vm = {.name = "test", .memory = regions, .memory_count = 1};
static const struct guest_paging long_mode = {
	.cr0 = CR0_PE | CR0_PG,
	.cr3 = 0x1000,
	.cr4 = CR4_PAE,
	.efer = EFER_LME | EFER_LMA,
};
/* mov (%rax), %ecx */
static const uint8_t bytes[MMIO_INSTRUCTION_MAX] = {0x8B, 0x08, 0x90};
static const struct mmio_instruction decoded = {.length = 2, .memory_size = 4, .reg = 1};
static struct mmio_cache cache;

static void poke64(gpa_t address, uint64_t value)
{
	assert_int_equal(guest_write(&vm, address, &value, sizeof(value)), ERROR_OK);
}

static void poke_code(gpa_t physical)
{
	assert_int_equal(guest_write(&vm, physical, bytes, sizeof(bytes)), ERROR_OK);
}

static const struct mmio_instruction *find(gva_t address, uint64_t cr3)
{
	return mmio_cache_find(&cache, address, cr3);
}

static void keep_at(gva_t address)
{
	struct mmio_code code = {.address = address};

	memcpy(code.bytes, bytes, sizeof(bytes));
	mmio_cache_keep(&cache, &vm, &long_mode, &code, &decoded);
}

static int setup(void **state)
{
	(void)state;
	memset(&cache, 0, sizeof(cache));
	fake_memory_fill(0);
	poke64(0x1000, 0x2023);
	poke64(0x2000, 0x3023);
	poke64(0x3000 + 2 * 8, 0x4023);
	poke64(0x4000 + 1 * 8, FRAME | 0x23);
	poke_code(FRAME + 0x100);
	return 0;
}

static void an_empty_cache_knows_nothing(void **state)
{
	(void)state;
	assert_null(find(0, 0));
	assert_null(find(CODE, 0x1000));
}

static void an_instruction_is_found_again(void **state)
{
	const struct mmio_instruction *found;

	(void)state;
	keep_at(CODE);
	found = find(CODE, 0x1000);
	assert_non_null(found);
	assert_memory_equal(found, &decoded, sizeof(decoded));
	assert_null(find(CODE + 4 * MMIO_CACHE_ENTRIES, 0x1000));
	assert_null(find(CODE, 0x6000));
}

/* Each entry on the way in turn, the bytes of the instruction, and what follows them. */
static void a_change_is_noticed(void **state)
{
	static const gpa_t places[] = {0x1000, 0x2000,        0x3010,
				       0x4008, FRAME + 0x100, FRAME + 0x108};

	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		uint64_t old;

		setup(state);
		keep_at(CODE);
		assert_int_equal(guest_read(&vm, places[i], &old, sizeof(old)), ERROR_OK);
		poke64(places[i], old ^ 0x40);
		assert_null(find(CODE, 0x1000));
		poke64(places[i], old);
		assert_non_null(find(CODE, 0x1000));
	}
}

/* Another vCPU wrote the instruction between its fetch and now: what was decoded is not what is there. */
static void what_has_changed_already_is_not_kept(void **state)
{
	(void)state;
	poke64(FRAME + 0x100, 0x9090);
	keep_at(CODE);
	assert_null(find(CODE, 0x1000));
}

/* The bytes that are compared would lie in two pages. */
static void the_end_of_a_page_is_not_kept(void **state)
{
	(void)state;
	poke_code(FRAME + 0xFF0);
	keep_at(CODE - 0x100 + 0xFF0);
	assert_non_null(find(CODE - 0x100 + 0xFF0, 0x1000));
	assert_int_equal(guest_write(&vm, FRAME + 0xFF1, bytes, 15), ERROR_OK);
	keep_at(CODE - 0x100 + 0xFF1);
	assert_null(find(CODE - 0x100 + 0xFF1, 0x1000));
}

static void what_is_not_mapped_is_not_kept(void **state)
{
	(void)state;
	keep_at(CODE);
	keep_at(CODE + 0x1000); /* takes the same place */
	assert_null(find(CODE + 0x1000, 0x1000));
	assert_null(find(CODE, 0x1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_empty_cache_knows_nothing, setup),
		cmocka_unit_test_setup(an_instruction_is_found_again, setup),
		cmocka_unit_test_setup(a_change_is_noticed, setup),
		cmocka_unit_test_setup(what_has_changed_already_is_not_kept, setup),
		cmocka_unit_test_setup(the_end_of_a_page_is_not_kept, setup),
		cmocka_unit_test_setup(what_is_not_mapped_is_not_kept, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
