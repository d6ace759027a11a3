/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's memory and string functions against the C library's, over all small sizes, offsets
 * and overlaps. They are compiled in here under other names, so that both can be called.
 */
#define memcpy  tested_memcpy
#define memmove tested_memmove
#define memset  tested_memset
#define memcmp  tested_memcmp
#define strlen  tested_strlen
#define strcmp  tested_strcmp
#define strncmp tested_strncmp
#include "lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define AREA 96

static uint8_t expected[AREA], actual[AREA];

static void fill_areas(void)
{
	for (unsigned i = 0; i < AREA; i++)
		expected[i] = actual[i] = (uint8_t)(i + 1);
}

static void memcpy_copies(void **state)
{
	(void)state;
	for (size_t size = 0; size <= 40; size++) {
		fill_areas();
		memcpy(expected + 3, expected + 50, size);
		assert_ptr_equal(tested_memcpy(actual + 3, actual + 50, size), actual + 3);
		assert_memory_equal(actual, expected, AREA);
	}
}

static void memmove_copies_overlapping(void **state)
{
	(void)state;
	for (size_t size = 0; size <= 32; size++) {
		for (size_t from = 0; from <= 64; from++) {
			fill_areas();
			memmove(expected + 32, expected + from, size);
			assert_ptr_equal(tested_memmove(actual + 32, actual + from, size),
					 actual + 32);
			assert_memory_equal(actual, expected, AREA);
		}
	}
}

static void memset_fills(void **state)
{
	(void)state;
	for (size_t size = 0; size <= 40; size++) {
		fill_areas();
		memset(expected + 5, 0x1A5, size);
		assert_ptr_equal(tested_memset(actual + 5, 0x1A5, size), actual + 5);
		assert_memory_equal(actual, expected, AREA);
	}
}

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

static void memcmp_compares_bytes_unsigned(void **state)
{
	(void)state;
	assert_int_equal(tested_memcmp("abc", "abd", 2), 0);
	assert_int_equal(sign(tested_memcmp("abc", "abd", 3)), -1);
	assert_int_equal(sign(tested_memcmp("\xff", "\x01", 1)), 1);
	assert_int_equal(tested_memcmp("a", "b", 0), 0);
}

static void strings_compare(void **state)
{
	static const char *const texts[] = {"", "a", "ab", "abc", "abd", "b", "\xff"};

	(void)state;
	for (unsigned i = 0; i < 7; i++) {
		assert_int_equal(tested_strlen(texts[i]), strlen(texts[i]));
		for (unsigned j = 0; j < 7; j++) {
			assert_int_equal(sign(tested_strcmp(texts[i], texts[j])),
					 sign(strcmp(texts[i], texts[j])));
			for (size_t size = 0; size < 5; size++)
				assert_int_equal(sign(tested_strncmp(texts[i], texts[j], size)),
						 sign(strncmp(texts[i], texts[j], size)));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memcpy_copies),   cmocka_unit_test(memmove_copies_overlapping),
		cmocka_unit_test(memset_fills),    cmocka_unit_test(memcmp_compares_bytes_unsigned),
		cmocka_unit_test(strings_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
