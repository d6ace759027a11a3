/* SPDX-License-Identifier: Apache-2.0 */
/* Every supported conversion against the C library's, and what happens at the end of the buffer. */
#include "lib/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Both get the same arguments; the compiler checks them for both. */
#define SAME_AS_LIBC(...)                                                       \
	do {                                                                    \
		char expected[128], actual[128];                                \
		int length = snprintf(expected, sizeof(expected), __VA_ARGS__); \
		size_t got = format_text(actual, sizeof(actual), __VA_ARGS__);  \
		assert_string_equal(actual, expected);                          \
		assert_int_equal(got, length);                                  \
	} while (0)

static void formats_numbers(void **state)
{
	(void)state;
	SAME_AS_LIBC("%d %d %d", 0, -1, INT32_MIN);
	SAME_AS_LIBC("%i|%5d|%-5d|%05d|%05d", 7, 42, 42, 42, -42);
	SAME_AS_LIBC("%u %x %X %8x %08x", 4000000000u, 0xbeefu, 0xbeefu, 0xbeefu, 0xbeefu);
	SAME_AS_LIBC("%ld %lu %lx", INT64_MIN, UINT64_MAX, UINT64_MAX);
	SAME_AS_LIBC("%lld %llu %llx", -5ll, 5ull, 0x123456789abcdefull);
	SAME_AS_LIBC("%zu %zx %zd", (size_t)123, (size_t)0xfff, (ssize_t)-3);
	SAME_AS_LIBC("%jd %ju", (intmax_t)-9, (uintmax_t)9);
	SAME_AS_LIBC("%hu %hd %hhu %hhd", (unsigned short)0xffff, (short)-2, (unsigned char)200,
		     (signed char)-100);
	SAME_AS_LIBC("%1d %3u %-3u|", 12345, 7u, 7u);
	SAME_AS_LIBC("%*d|%-*d|%0*x", 6, 1, 6, 2, 6, 3u);
}

/* What a caller passes in an int-sized slot is cut to the type that the format names. */
static void cuts_small_types(void **state)
{
	char text[32];
	const char *volatile fmt = "%hhu %hd"; /* volatile: the compiler would rightly object */

	(void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	format_text(text, sizeof(text), fmt, 0x1ff, 0x18000);
#pragma GCC diagnostic pop
	assert_string_equal(text, "255 -32768");
}

static void formats_text(void **state)
{
	(void)state;
	SAME_AS_LIBC("%s|%10s|%-10s|%.2s|%5.1s|", "abc", "abc", "abc", "abc", "abc");
	SAME_AS_LIBC("%c%c%3c|%-3c|", 'a', 'b', 'c', 'd');
	SAME_AS_LIBC("100%% %s", "");
	SAME_AS_LIBC("%.*s", 3, "abcdef");
	SAME_AS_LIBC("plain");
}

static void text_with_precision_needs_no_nul(void **state)
{
	const char signature[4] = {'A', 'P', 'I', 'C'};
	char text[16];

	(void)state;
	format_text(text, sizeof(text), "%.4s!", signature); /* the sanitizer sees a fifth read */
	assert_string_equal(text, "APIC!");
}

static void null_text_is_named(void **state)
{
	const char *volatile none = NULL;
	char text[16];

	(void)state;
	format_text(text, sizeof(text), "%s", none);
	assert_string_equal(text, "(null)");
}

static void cuts_at_the_end_of_the_buffer(void **state)
{
	char text[8];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(format_text(text, 5, "%s", "abcdefgh"), 4);
	assert_memory_equal(text, "abcd\0xxx", 8);
	assert_int_equal(format_text(text, 5, "%1000000d", 1), 4);
	assert_string_equal(text, "    ");
	assert_int_equal(format_text(text, 1, "%d", 5), 0);
	assert_string_equal(text, "");
	text[0] = 'x';
	assert_int_equal(format_text(text, 0, "%d", 5), 0);
	assert_int_equal(text[0], 'x');
}

static void unknown_conversion_is_copied(void **state)
{
	char text[32];
	const char *volatile fmt = "a%qb %08lfc%"; /* volatile: the compiler would rightly object */

	(void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	format_text(text, sizeof(text), fmt);
#pragma GCC diagnostic pop
	assert_string_equal(text, "a%qb %08lfc%");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_numbers),
		cmocka_unit_test(cuts_small_types),
		cmocka_unit_test(formats_text),
		cmocka_unit_test(text_with_precision_needs_no_nul),
		cmocka_unit_test(null_text_is_named),
		cmocka_unit_test(cuts_at_the_end_of_the_buffer),
		cmocka_unit_test(unknown_conversion_is_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
