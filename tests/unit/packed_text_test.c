/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking of texts: every code, texts of the build, arbitrary bytes, and what is not to be unpacked. */
#include "lib/packed_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/format.h"
#include "lib/own_text.h"

/* Made by tools/pack_texts.py of all texts of the release build: what is packed, and what it is to be. */
static const struct {
	const char *packed, *plain;
} texts[] = {
#include "texts.inc"
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What codes stand for by their definition alone. */
static size_t expand(uint8_t code, char *to)
{
	if ((code >= ' ' && code <= '~') || code == '\n') {
		*to = (char)code;
		return 1;
	}
	const uint8_t *pair = text_pairs[code > '~' ? code - 0x7F : code + 129];
	size_t length = expand(pair[0], to);
	return length + expand(pair[1], to + length);
}

/* As text of the image; at its end, so that the sanitizer's red zone is close behind. */
static const char *own(const char *text)
{
	char *place = fake_own_text + sizeof(fake_own_text) - strlen(text) - 1;

	return strcpy(place, text);
}

static unsigned order(uint8_t code)
{
	return code > '~' ? code - 0x7Fu : code >= ' ' ? 0 : code + 129u;
}

static void codes_stand_for_characters_and_codes_before_them(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TEXT_PAIR_COUNT; i++)
		for (unsigned k = 0; k < 2; k++) {
			uint8_t part = text_pairs[i][k];

			assert_int_not_equal(part, 0);
			assert_true((part >= ' ' && part <= '~') || order(part) < i);
		}
}

static void texts_of_the_build_are_what_they_were(void **state)
{
	char buffer[PACKED_TEXT_MAX];
	size_t packed = 0, plain = 0;

	(void)state;
	assert_true(COUNT(texts) > 200);
	for (unsigned i = 0; i < COUNT(texts); i++) {
		assert_string_equal(text_unpack(buffer, own(texts[i].packed)), texts[i].plain);
		packed += strlen(texts[i].packed);
		plain += strlen(texts[i].plain);
	}
	printf("%zu texts: %zu bytes packed of %zu\n", COUNT(texts), packed, plain);
	assert_true(packed * 10 < plain * 6);
}

static void any_bytes_unpack_to_what_fits(void **state)
{
	char text[300], expected[300 * 64], *buffer = malloc(PACKED_TEXT_MAX);

	(void)state;
	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		size_t length = (size_t)rand() % (round % 2 ? 20 : sizeof(text));
		size_t whole = 0;

		for (size_t i = 0; i < length; i++)
			text[i] = (char)(1 + rand() % 255);
		text[length] = '\0';
		for (size_t i = 0; i < length; i++)
			whole += expand((uint8_t)text[i], expected + whole);
		if (whole > PACKED_TEXT_MAX - 1)
			whole = PACKED_TEXT_MAX - 1;
		expected[whole] = '\0';
		assert_ptr_equal(text_unpack(buffer, own(text)), buffer);
		assert_string_equal(buffer, expected);
	}
	free(buffer);
}

static void texts_from_elsewhere_stay(void **state)
{
	char buffer[PACKED_TEXT_MAX] = "?";
	char text[64];
	const char *foreign = "\x80\xFF module \xC3\xBC";

	(void)state;
	assert_ptr_equal(text_unpack(buffer, foreign), foreign);
	assert_string_equal(buffer, "?");
	assert_int_equal(format_text(text, sizeof(text), "\"%s\"", foreign), strlen(foreign) + 2);
	assert_memory_equal(text + 1, foreign, strlen(foreign));
}

static void formats_and_arguments_are_unpacked(void **state)
{
	char text[64], plain[8] = "", format[] = "[%-6s|%6.2s] %s\x80";
	size_t length = expand(0x80, plain);

	(void)state;
	format_text(text, sizeof(text), own(format), "ab", "cdef", "\x80");
	format[strlen(format) - 1] = '\0';
	char expected[64];
	snprintf(expected, sizeof(expected), "[ab    |    cd] \x80%.*s", (int)length, plain);
	assert_string_equal(text, expected);
	/* width and precision count characters */
	format_text(text, sizeof(text), "%4s|%.1s|", own("\x80"),
		    fake_own_text + sizeof(fake_own_text) - 2);
	snprintf(expected, sizeof(expected), "%4s|%.1s|", plain, plain);
	assert_string_equal(text, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_stand_for_characters_and_codes_before_them),
		cmocka_unit_test(texts_of_the_build_are_what_they_were),
		cmocka_unit_test(any_bytes_unpack_to_what_fits),
		cmocka_unit_test(texts_from_elsewhere_stay),
		cmocka_unit_test(formats_and_arguments_are_unpacked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
