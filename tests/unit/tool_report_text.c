/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: text as XML, numbers for people, lengths, and the looks of owners. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bulkhead/types.h"
#include "map_scale.h"
#include "report_human.h"
#include "report_party.h"
#include "report_xml.h"

#define REPLACED "\xEF\xBF\xBD"
#define MIB      UINT64_C(0x100000)
#define GIB      UINT64_C(0x40000000)

static int set_up(void **state)
{
	static struct arena arena;

	arena = (struct arena){0};
	*state = &arena;
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

/* --- XML ---------------------------------------------------------------------------------------- */

static void expect_text(const char *text, const char *expected)
{
	char *written;
	size_t size;
	FILE *stream = open_memstream(&written, &size);

	xml_text(stream, text);
	fclose(stream);
	assert_string_equal(written, expected);
	free(written);
}

static void test_markup_is_escaped(void **state)
{
	(void)state;
	expect_text("plain", "plain");
	expect_text("<a href=\"x\">&amp;'", "&lt;a href=&quot;x&quot;&gt;&amp;amp;&#39;");
	expect_text("]]>", "]]&gt;");
}

static void test_utf8_is_kept(void **state)
{
	(void)state;
	expect_text("é – 漢 🙂", "é – 漢 🙂");
}

static void test_what_xml_cannot_hold_is_replaced(void **state)
{
	(void)state;
	expect_text("a\x01z", "a" REPLACED "z");
	expect_text("tab\tnewline\n", "tab\tnewline\n");
	expect_text("\x7f", REPLACED);
	expect_text("\xff\xfe", REPLACED REPLACED);
	expect_text("\xc3", REPLACED);                           /* cut off */
	expect_text("\xc0\xaf", REPLACED REPLACED);              /* "/" in two bytes */
	expect_text("\xe0\x80\xaf", REPLACED REPLACED REPLACED); /* in three */
	expect_text("\xed\xa0\x80", REPLACED);                   /* half of a surrogate pair */
	expect_text("\xf4\x90\x80\x80", REPLACED);               /* beyond U+10FFFF */
	expect_text("\xef\xbf\xbe", REPLACED);                   /* U+FFFE */
	expect_text("\xe2\x80\xae", REPLACED);                   /* right-to-left override */
}

static void test_print_escapes_strings_only(void **state)
{
	char *written;
	size_t size;
	FILE *stream = open_memstream(&written, &size);

	(void)state;
	xml_print(stream, "<b x=\"%u %d %lu %lx %.1f\">%s</b> 100%%", 1u, -2, 3ul, 255ul, 1.25,
		  "<i>%s");
	fclose(stream);
	assert_string_equal(written, "<b x=\"1 -2 3 ff 1.2\">&lt;i&gt;%s</b> 100%");
	free(written);
}

/* --- Numbers ------------------------------------------------------------------------------------ */

static void test_sizes(void **state)
{
	static const struct {
		uint64_t size;
		const char *text;
	} cases[] = {
		{0, "0 bytes"},
		{1, "1 byte"},
		{1023, "1023 bytes"},
		{1024, "1 KiB"},
		{1536, "1.5 KiB"},
		{256 * MIB, "256 MiB"},
		{0x3fef0000, "1022.9 MiB"},
		{GIB - 1, "1.0 GiB"}, /* never "1024.0 MiB" */
		{GIB, "1 GiB"},
		{GIB + 1, "1.0 GiB"},
		{UINT64_C(1) << 40, "1 TiB"},
		{UINT64_C(1) << 63, "8 EiB"},
		{UINT64_MAX, "16.0 EiB"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(human_size(*state, cases[i].size), cases[i].text);
	assert_string_equal(exact_size(*state, 268435456), "268,435,456 bytes (0x10000000)");
	assert_string_equal(exact_size(*state, 1), "1 byte (0x1)");
	assert_string_equal(exact_size(*state, 999), "999 bytes (0x3e7)");
	assert_string_equal(human_span(*state, (struct span){0x1000, 0x1fff}), "0x1000–0x1fff");
	assert_string_equal(human_span(*state, (struct span){0x61, 0x61}), "0x61");
	assert_string_equal(human_count(*state, 1, "core"), "1 core");
	assert_string_equal(human_count(*state, 0, "core"), "0 cores");
	assert_string_equal(human_access(5), "r-x");
}

static const char *joined(struct arena *arena, const char *const names[])
{
	struct names list = {.arena = arena};

	for (; *names; names++)
		names_add(&list, *names);
	return names_join(&list);
}

static void test_lists(void **state)
{
	static const char *const none[] = {NULL};
	static const char *const two[] = {"cpu0", "cpu1", NULL};
	static const char *const run[] = {"cpu9", "cpu10", "cpu11", "com1", "cpu13", NULL};
	static const char *const stems[] = {"a1", "b2", "c3", NULL};
	static const char *const plain[] = {"x", "x", NULL};
	static const char *const digits[] = {"3", "4", "5", "8", NULL};
	static const char *const long_numbers[] = {"n4294967295", "n4294967296", "n4294967297",
						   NULL};

	assert_string_equal(joined(*state, none), "");
	assert_string_equal(joined(*state, two), "cpu0, cpu1");
	assert_string_equal(joined(*state, run), "cpu9–cpu11, com1, cpu13");
	assert_string_equal(joined(*state, stems), "a1, b2, c3");
	assert_string_equal(joined(*state, plain), "x, x");
	assert_string_equal(joined(*state, digits), "3–5, 8");
	assert_string_equal(joined(*state, long_numbers), "n4294967295, n4294967296, n4294967297");
}

/* --- Lengths ------------------------------------------------------------------------------------ */

static void test_heights_grow_with_sizes(void **state)
{
	double before = scale_log(0);

	(void)state;
	assert_true(before == 0 && scale_log(PAGE_SIZE_4K) == 0);
	for (uint64_t size = PAGE_SIZE_4K; size < UINT64_C(1) << 52; size += size / 3) {
		double height = scale_log(size);
		assert_true(height >= before);
		before = height;
	}
	assert_true(scale_log(2 * GIB) - scale_log(GIB) > SCALE_DOUBLING - 0.001);
	assert_true(scale_log(2 * GIB) - scale_log(GIB) < SCALE_DOUBLING + 0.001);
}

static void test_shares_fill_the_length(void **state)
{
	static const uint64_t sizes[] = {1, GIB, 0, 3 * GIB, 5};
	double shares[5], sum = 0;

	(void)state;
	scale_share(sizes, 5, 100, 2, shares);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(shares[i] >= 2);
		sum += shares[i];
	}
	assert_true(sum > 99.999 && sum < 100.001);
	assert_true(shares[3] > 2.9 * shares[1] - 4);
	/* Too short for the minimum, or nothing that has a size. */
	scale_share(sizes, 5, 5, 2, shares);
	assert_true(shares[0] > 0.999 && shares[0] < 1.001);
	scale_share((const uint64_t[]){0, 0}, 2, 10, 0, shares);
	assert_true(shares[0] > 4.999 && shares[1] < 5.001);
	scale_share(sizes, 0, 10, 1, shares);
}

static void test_text_is_cut_to_fit(void **state)
{
	static const char *const texts[] = {"linux", "WWWWWWWWWWWWWWW", "a-name-of-15-ch",
					    "漢漢漢漢漢漢漢漢"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		for (double width = 20; width < 200; width += 7) {
			const char *text = text_fit(*state, texts[i], 12, width);
			assert_true(text_width(text, 12) <= width);
			if (strcmp(text, texts[i]) != 0)
				assert_non_null(strstr(text, "…"));
			expect_text(text, text); /* never cut within a character */
		}
	assert_string_equal(text_fit(*state, "linux", 12, 100), "linux");
}

/* --- Looks -------------------------------------------------------------------------------------- */

static void test_64_vms_look_different(void **state)
{
	char *written;
	size_t size;
	FILE *stream = open_memstream(&written, &size);

	(void)state;
	party_write_style(stream, 64);
	party_write_patterns(stream, 64);
	fclose(stream);
	for (unsigned i = 0; i < 64; i++) {
		char rule[32];
		for (unsigned j = 0; j < i; j++) {
			char *other = strdup(party_fill(party_vm(j)));
			assert_string_not_equal(party_fill(party_vm(i)), other);
			free(other);
		}
		snprintf(rule, sizeof(rule), ".%s%s", party_fill(party_vm(i)),
			 i < 8 ? ",.c" : "{fill:url");
		assert_non_null(strstr(written, rule));
		assert_non_null(strstr(written, party_label(party_vm(i))));
	}
	free(written);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_markup_is_escaped),
		cmocka_unit_test(test_utf8_is_kept),
		cmocka_unit_test(test_what_xml_cannot_hold_is_replaced),
		cmocka_unit_test(test_print_escapes_strings_only),
		cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lists, set_up, tear_down),
		cmocka_unit_test(test_heights_grow_with_sizes),
		cmocka_unit_test(test_shares_fill_the_length),
		cmocka_unit_test_setup_teardown(test_text_is_cut_to_fit, set_up, tear_down),
		cmocka_unit_test(test_64_vms_look_different),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
