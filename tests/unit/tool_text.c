/* SPDX-License-Identifier: Apache-2.0 */
/* Text: source files and places in them, values of properties, suggestions, findings as printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diag.h"
#include "read_internal.h"
#include "rules.h"
#include "source.h"
#include "suggest.h"

static struct arena arena;

static int free_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static struct source_file *source(const char *text)
{
	return source_from_text(&arena, "t.dts", text, strlen(text));
}

static void test_mask_hides_comments_and_strings(void **state)
{
	(void)state;
	assert_string_equal(source("a /* b */ c // d\ne")->masked, "a         c     \ne");
	assert_string_equal(source("x = \"/*\\\"\"; y")->masked, "x = \"\1\1\1\1\"; y");
	assert_string_equal(source("/* open\nstill")->masked, "       \n     ");
	assert_string_equal(source("s = \"open\nnext")->masked, "s = \"\1\1\1\1\nnext");
	assert_string_equal(source("a / b")->masked, "a / b");
	assert_string_equal(source("/")->masked, "/");
	assert_string_equal(source("\"")->masked, "\"");
}

static void test_lines_and_places(void **state)
{
	(void)state;
	const struct source_file *file = source("one\r\n\ttwo\n\nlast");
	const char *text;
	size_t length;

	assert_true(source_line(file, 1, &text, &length));
	assert_int_equal(length, 3);
	assert_true(source_line(file, 4, &text, &length));
	assert_memory_equal(text, "last", length);
	assert_false(source_line(file, 0, &text, &length));
	assert_false(source_line(file, 5, &text, &length));

	struct place place = source_place(file, 6, 3);
	assert_int_equal(place.line, 2);
	assert_int_equal(place.column, 2);
	assert_int_equal(place.length, 3);
	/* What goes on in the next line is marked to the end of its own. */
	assert_int_equal(source_place(file, 6, 100).length, 3);
	assert_int_equal(source_place(file, 10, 1).line, 3);
}

/* The tokens' texts, joined by '|'. */
static const char *tokens_of(const char *text)
{
	struct value_tokens tokens = read_value_tokens(&arena, source(text), 1);
	const char *joined = "";

	for (unsigned i = 0; i < tokens.count; i++)
		joined = arena_format(&arena, "%s%s%.*s", joined, i ? "|" : "",
				      (int)tokens.tokens[i].length, text + tokens.tokens[i].offset);
	return tokens.irregular ? "irregular" : joined;
}

static void test_values_are_told_apart(void **state)
{
	(void)state;
	assert_string_equal(tokens_of("p;"), "");
	assert_string_equal(tokens_of("p = <>;"), "");
	assert_string_equal(tokens_of("p = <0 1>;"), "0|1");
	assert_string_equal(tokens_of("p=<0x10>,<2>;"), "0x10|2");
	assert_string_equal(tokens_of("p = <0 ((16) * 2)>;"), "0|((16) * 2)");
	assert_string_equal(tokens_of("p = <0 MiB(16) X>;"), "0|MiB(16)|X");
	assert_string_equal(tokens_of("p = <MiB (16) 3>;"), "MiB (16)|3");
	assert_string_equal(tokens_of("p = <&a &{/b/c@1} 3>;"), "&a|&{/b/c@1}|3");
	assert_string_equal(tokens_of("p = < /* 9 */ 1\n 2 >;"), "1|2");
	assert_string_equal(tokens_of("p = \"a;b\", \"c\";"), "\"a;b\"|\"c\"");
	assert_string_equal(tokens_of("p = [01 02], &x;"), "[01 02]|&x");
	assert_string_equal(tokens_of("p = <l: 1 m: 2>;"), "1|2");
	assert_string_equal(tokens_of("p = NAME;"), "NAME");
	assert_string_equal(tokens_of("p = <'a' '\\n'>;"), "'a'|'\\n'");
	assert_string_equal(tokens_of("p = /bits/ 64 <1>;"), "irregular");
	/* Broken off anywhere, it ends. */
	assert_string_equal(tokens_of("p = <1 (2"), "1|(2");
	assert_string_equal(tokens_of("p = \"a"), "\"a");
	assert_string_equal(tokens_of("p = <&{/a"), "&{/a");
}

static const char *nearest(const char *wanted)
{
	static const char *const known[] = {"cpus",  "devices",  "interrupts",
					    "image", "io-ports", "r"};
	struct suggestion suggestion = suggestion_start(wanted);

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		suggestion_offer(&suggestion, known[i]);
	return suggestion.best ? suggestion.best : "";
}

static void test_suggestions(void **state)
{
	(void)state;
	assert_string_equal(nearest("cpu"), "cpus");
	assert_string_equal(nearest("cpsu"), "cpus");
	assert_string_equal(nearest("interupts"), "interrupts");
	assert_string_equal(nearest("ioports"), "io-ports");
	assert_string_equal(nearest("color"), "");
	assert_string_equal(nearest("x"), "");
	assert_string_equal(nearest(""), "");
	assert_string_equal(
		nearest("a-name-that-is-longer-than-any-that-there-is-in-the-language-for-sure"),
		"");
}

static const struct rule error = {"BH9998", SEVERITY_ERROR, "an error", NULL};
static const struct rule warning = {"BH9999", SEVERITY_WARNING, "a warning", NULL};

static struct place at(unsigned line, unsigned column, unsigned length)
{
	return (struct place){"t.dts", line, column, length};
}

/* As it looks without color, for sources that hold one file. */
static char *printed(struct diagnostics *diagnostics, const char *text)
{
	struct source_file *file = source(text);
	struct source_file *files[] = {file};
	struct sources sources = {.arena = &arena, .files = files, .count = 1};
	char *output = NULL;
	size_t size;
	FILE *stream = open_memstream(&output, &size);

	diagnostics_sort(diagnostics);
	diagnostics_print(diagnostics, &sources, stream, false);
	fclose(stream);
	char *copy = arena_strdup(&arena, output);
	free(output);
	return copy;
}

static void test_errors_come_first_then_places(void **state)
{
	(void)state;
	struct diagnostics diagnostics = {.arena = &arena};

	diagnostics_add(&diagnostics, &warning, at(1, 1, 1), "a");
	diagnostics_add(&diagnostics, &error, at(2, 3, 1), "b");
	diagnostics_add(&diagnostics, &error, at(2, 2, 1), "c");
	diagnostics_add(&diagnostics, &error, at(2, 2, 1), "d");
	diagnostics_add(&diagnostics, &error, (struct place){.file = "t.dts"}, "e");
	diagnostics_sort(&diagnostics);
	const char *order = "";
	for (unsigned i = 0; i < diagnostics.count; i++)
		order = arena_format(&arena, "%s%s", order, diagnostics.findings[i]->message);
	assert_string_equal(order, "ecdba");
	assert_int_equal(diagnostics_count(&diagnostics, SEVERITY_ERROR), 4);
	assert_int_equal(diagnostics_count(&diagnostics, SEVERITY_WARNING), 1);
}

static void test_source_line_and_caret(void **state)
{
	(void)state;
	struct diagnostics diagnostics = {.arena = &arena};
	struct finding *finding =
		diagnostics_add(&diagnostics, &error, at(2, 7, 5), "core %s is taken", "cpu0");

	finding_note(&diagnostics, finding, at(1, 1, 1), "by this one");
	finding_help(&diagnostics, finding, "take another");
	assert_string_equal(printed(&diagnostics, "a = 1;\n\tbb = <&cpu0>;\n"),
			    "t.dts:2:7: error[BH9998]: core cpu0 is taken\n"
			    "    2 | \tbb = <&cpu0>;\n"
			    "      | \t     ^~~~~\n"
			    "t.dts:1:1: note: by this one\n"
			    "    1 | a = 1;\n"
			    "      | ^\n"
			    "      = help: take another\n");
}

static void test_caret_counts_characters_not_bytes(void **state)
{
	(void)state;
	struct diagnostics diagnostics = {.arena = &arena};

	diagnostics_add(&diagnostics, &error, at(1, 6, 4), "x");
	assert_string_equal(printed(&diagnostics, "\"\303\244\" \303\266\303\274;"),
			    "t.dts:1:6: error[BH9998]: x\n"
			    "    1 | \"\303\244\" \303\266\303\274;\n"
			    "      |     ^~\n");
}

static void test_control_bytes_do_not_reach_the_terminal(void **state)
{
	(void)state;
	struct diagnostics diagnostics = {.arena = &arena};

	diagnostics_add(&diagnostics, &error, at(1, 1, 50), "got \"\033[2J\"");
	assert_string_equal(printed(&diagnostics, "\033[2J"),
			    "t.dts:1:1: error[BH9998]: got \"?[2J\"\n"
			    "    1 | ?[2J\n"
			    "      | ^~~~\n");
}

static void test_long_lines_are_shown_in_part(void **state)
{
	(void)state;
	struct diagnostics diagnostics = {.arena = &arena};
	char line[1001];

	memset(line, 'x', 1000);
	line[1000] = '\0';
	line[500] = 'y';
	diagnostics_add(&diagnostics, &error, at(1, 501, 1), "y");
	const char *output = printed(&diagnostics, line);
	const char *source_at = strstr(output, "| ...x");
	const char *caret = strchr(output, '^');
	assert_non_null(source_at);
	assert_non_null(caret);
	assert_true(strlen(output) < 500);
	/* The caret is below the y. */
	const char *caret_line = strstr(output, "      | ");
	assert_int_equal(caret - caret_line, strchr(source_at, 'y') - source_at + 6);

	struct diagnostics early = {.arena = &arena};
	diagnostics_add(&early, &error, at(1, 1, 1000), "all");
	assert_true(strlen(printed(&early, line)) < 500);
}

static void test_places_outside_the_text_are_harmless(void **state)
{
	(void)state;
	struct diagnostics diagnostics = {.arena = &arena};

	diagnostics_add(&diagnostics, &error, at(1, 99, 5), "x");
	diagnostics_add(&diagnostics, &error, at(7, 1, 1), "y");
	diagnostics_add(&diagnostics, &error, (struct place){0}, "z");
	assert_string_equal(printed(&diagnostics, "ab"), "error[BH9998]: z\n"
							 "t.dts:1:99: error[BH9998]: x\n"
							 "    1 | ab\n"
							 "      |   ^\n"
							 "t.dts:7:1: error[BH9998]: y\n");
}

static const char *summary(unsigned errors, unsigned warnings, unsigned notes)
{
	const unsigned counts[SEVERITY_COUNT] = {errors, warnings, notes};
	char *output = NULL;
	size_t size;
	FILE *stream = open_memstream(&output, &size);

	diagnostics_print_summary(counts, stream);
	fclose(stream);
	char *copy = arena_strdup(&arena, output);
	free(output);
	return copy;
}

static void test_summary(void **state)
{
	(void)state;
	assert_string_equal(summary(0, 0, 0), "");
	assert_string_equal(summary(2, 1, 0), "2 errors, 1 warning\n");
	assert_string_equal(summary(0, 0, 1), "1 note\n");
}

static void test_rules_have_codes_in_order(void **state)
{
	(void)state;
	for (unsigned i = 0; i < rule_count; i++) {
		assert_int_equal(strlen(rules[i].code), 6);
		assert_memory_equal(rules[i].code, "BH", 2);
		assert_true(strlen(rules[i].title) > 0);
		assert_true(i < READING_RULE_COUNT || rules[i].check);
		if (i > 0)
			assert_true(strcmp(rules[i - 1].code, rules[i].code) < 0);
	}
}

static void test_arrays_grow_and_keep(void **state)
{
	(void)state;
	unsigned *numbers = NULL;
	unsigned count = 0;

	for (unsigned i = 0; i < 100000; i++)
		*ARENA_PUSH(&arena, numbers, count) = i;
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(numbers[i], i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mask_hides_comments_and_strings),
		cmocka_unit_test(test_lines_and_places),
		cmocka_unit_test(test_values_are_told_apart),
		cmocka_unit_test(test_suggestions),
		cmocka_unit_test(test_errors_come_first_then_places),
		cmocka_unit_test(test_source_line_and_caret),
		cmocka_unit_test(test_caret_counts_characters_not_bytes),
		cmocka_unit_test(test_control_bytes_do_not_reach_the_terminal),
		cmocka_unit_test(test_long_lines_are_shown_in_part),
		cmocka_unit_test(test_places_outside_the_text_are_harmless),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_rules_have_codes_in_order),
		cmocka_unit_test(test_arrays_grow_and_keep),
	};

	return cmocka_run_group_tests(tests, NULL, free_arena);
}
