/* SPDX-License-Identifier: Apache-2.0 */
/* Line editor and words of the operator's console; tests/fuzz/console_fuzz.c has the screen. */
#include "console/line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "console/words.h"

static struct line_editor line;
static char output[65536];
static size_t output_length;

static void put(const char *text, size_t length)
{
	assert_true(output_length + length < sizeof(output));
	memcpy(output + output_length, text, length);
	output_length += length;
	output[output_length] = '\0';
}

static int setup(void **state)
{
	(void)state;
	output_length = 0;
	line_init(&line, "> ", put);
	return 0;
}

static enum line_event type(const char *keys)
{
	enum line_event event = LINE_EDITED;

	for (; *keys; keys++)
		event = line_key(&line, (uint8_t)*keys);
	return event;
}

#define LEFT  "\x1b[D"
#define RIGHT "\x1b[C"
#define UP    "\x1b[A"
#define DOWN  "\x1b[B"

static void assert_line(const char *text, uint32_t cursor)
{
	assert_string_equal(line.text, text);
	assert_int_equal(line.length, strlen(text));
	assert_int_equal(line.cursor, cursor);
}

static void moving_and_changing(void **state)
{
	static const struct {
		const char *keys, *text;
		uint32_t cursor;
	} cases[] = {
		{"abc", "abc", 3},
		{"abc" LEFT "x", "abxc", 3},
		{"abc" LEFT LEFT LEFT LEFT "x", "xabc", 1},
		{"abc" LEFT RIGHT RIGHT "x", "abcx", 4},
		{"abc\x7f", "ab", 2},
		{"abc\b\b\b\b", "", 0},
		{"abc" LEFT "\x1b[3~", "ab", 2},
		{"abc\x01\x04", "bc", 0},
		{"abc\x01z\x05y", "zabcy", 5},
		{"abc\x1b[Hz\x1b[Fy", "zabcy", 5},
		{"abc\x1b[1~z\x1b[4~y", "zabcy", 5},
		{"abc\x1bOHz\x1bOFy", "zabcy", 5},
		{"one two  \x17", "one ", 4},
		{"one two" LEFT "\x15", "o", 0},
		{"one two" LEFT LEFT "\x0b", "one t", 5},
		{"abc\x03", "", 0},
		{"a\x1b[200~b", "ab", 2}, /* a key that is not known */
		{"a\x1b[1;5Cb", "ab", 2},
		{"a\xc3\xa4"
		 "b",
		 "ab", 2},
		{"a\x1b", "a", 1},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(NULL);
		type(cases[i].keys);
		assert_line(cases[i].text, cases[i].cursor);
	}
}

static void ends_of_lines(void **state)
{
	(void)state;
	assert_int_equal(type("abc\r"), LINE_DONE);
	assert_string_equal(line.text, "abc");
	line_begin(&line);
	assert_int_equal(type("\n"), LINE_EDITED); /* of the same line end */
	assert_int_equal(type("\n"), LINE_DONE);
	line_begin(&line);
	assert_int_equal(type("x\x1b\r"), LINE_DONE); /* Escape does not swallow it */
	line_begin(&line);
	assert_int_equal(type("\t"), LINE_TAB);
}

static void history(void **state)
{
	char number[16];

	(void)state;
	for (int i = 0; i < 10; i++) {
		snprintf(number, sizeof(number), "%d", i);
		type(number);
		line_begin(&line);
		type(number); /* the same again is kept once */
		line_begin(&line);
		line_begin(&line); /* and an empty one not at all */
	}
	type("new");
	type(UP);
	assert_line("9", 1);
	for (int i = 0; i < 20; i++)
		type(UP);
	assert_line("2", 1); /* eight are kept */
	type(DOWN);
	assert_line("3", 1);
	for (int i = 0; i < 20; i++)
		type(DOWN);
	assert_line("new", 3);
}

static void a_full_line(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * LINE_SIZE; i++)
		type("x");
	assert_int_equal(line.length, LINE_SIZE - 1);
	assert_int_equal(strlen(line.text), LINE_SIZE - 1);
	assert_non_null(strchr(output, '\a'));
}

/* All that a line's text can be after hiding and showing it. */
static void hidden_and_shown(void **state)
{
	(void)state;
	type("abc" LEFT);
	output_length = 0;
	line_hide(&line);
	assert_string_equal(output, "\r     \r");
	output_length = 0;
	line_show(&line);
	assert_string_equal(output, "> abc\b");
}

static void words(void **state)
{
	char text[] = "  mem  linux 0x10 ";
	char many[] = "1 2 3 4 5 6 7 8 9";
	char empty[] = "   ";
	struct words split;

	(void)state;
	assert_true(words_split(&split, text));
	assert_int_equal(split.count, 3);
	assert_string_equal(split.word[0], "mem");
	assert_string_equal(split.word[2], "0x10");
	assert_false(words_split(&split, many));
	assert_true(words_split(&split, empty));
	assert_int_equal(split.count, 0);
	assert_true(words_begins("linux", "li"));
	assert_true(words_begins("linux", ""));
	assert_false(words_begins("li", "linux"));
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} cases[] = {
		{"0", true, 0},
		{"12", true, 12},
		{"0x1F", true, 0x1F},
		{"0Xabcdef", true, 0xABCDEF},
		{"18446744073709551615", true, UINT64_MAX},
		{"18446744073709551616", false, 0},
		{"0xffffffffffffffff", true, UINT64_MAX},
		{"0x10000000000000000", false, 0},
		{"", false, 0},
		{"0x", false, 0},
		{"12a", false, 0},
		{"-1", false, 0},
		{"0xg", false, 0},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 0;

		assert_int_equal(words_number(cases[i].text, &value), cases[i].good);
		if (cases[i].good)
			assert_int_equal(value, cases[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(moving_and_changing, setup),
		cmocka_unit_test_setup(ends_of_lines, setup),
		cmocka_unit_test_setup(history, setup),
		cmocka_unit_test_setup(a_full_line, setup),
		cmocka_unit_test_setup(hidden_and_shown, setup),
		cmocka_unit_test(words),
		cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
