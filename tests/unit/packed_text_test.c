/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking of texts: every code, texts of the build, arbitrary codes, and what is not to be unpacked. */
#include "lib/packed_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
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

/* A half of what a number stands for. */
static unsigned half(unsigned number, unsigned which)
{
	unsigned value = 0;

	for (unsigned bit = 20 * number + 10 * which, i = 0; i < 10; i++, bit++)
		value = 2 * value + (text_pairs[bit / 8] >> (7 - bit % 8)) % 2;
	return value;
}

/* What a number stands for by its definition alone. */
static size_t expand(unsigned number, char *to)
{
	if (half(number, 1) == TEXT_CHARACTER) {
		*to = (char)half(number, 0);
		return 1;
	}
	size_t length = expand(half(number, 0), to);
	return length + expand(half(number, 1), to + length);
}

/* As text of the image; at its end, so that the sanitizer's red zone is close behind the byte that may be read. */
static const char *own_bytes(const void *text, size_t size)
{
	fake_own_text[sizeof(fake_own_text) - 1] = (char)0xFF;
	return memcpy(fake_own_text + sizeof(fake_own_text) - size - 1, text, size);
}

static const char *own(const char *text)
{
	return own_bytes(text, strlen(text) + 1);
}

/* A text of these numbers, as they are defined to be packed; returns its size with the NUL. */
static size_t pack(uint8_t *text, const unsigned *numbers, size_t count)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		bool is_short = numbers[i] < TEXT_SHORT_CODES;
		unsigned code = is_short ? numbers[i] + TEXT_FIRST_SHORT
					 : numbers[i] - TEXT_SHORT_CODES + TEXT_FIRST_LONG;

		for (unsigned bit = is_short ? 8 : 10; bit-- > 0; at++) {
			if (at % 8 == 0)
				text[at / 8] = 0;
			text[at / 8] |= (uint8_t)((code >> bit & 1) << (7 - at % 8));
		}
	}
	text[(at + 7) / 8] = 0;
	return (at + 7) / 8 + 1;
}

static void numbers_stand_for_characters(void **state)
{
	char text[PACKED_TEXT_MAX];

	(void)state;
	for (unsigned i = 0; i < TEXT_CODES; i++) {
		size_t length = 0;

		if (half(i, 1) != TEXT_CHARACTER) {
			assert_in_range(half(i, 0), 0, TEXT_CODES - 1);
			assert_in_range(half(i, 1), 0, TEXT_CODES - 1);
		}
		length = expand(i, text);
		assert_in_range(length, 1, 63);
		for (size_t k = 0; k < length; k++)
			assert_true((text[k] >= ' ' && text[k] <= '~') || text[k] == '\n');
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
	assert_true(packed * 10 < plain * 5);
}

static void any_codes_unpack_to_what_fits(void **state)
{
	unsigned numbers[300];
	uint8_t text[sizeof(fake_own_text)];
	char expected[300 * 64], *buffer = malloc(PACKED_TEXT_MAX);

	(void)state;
	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		size_t count = (size_t)rand() % (round % 2 ? 20 : COUNT(numbers));
		size_t whole = 0;

		for (size_t i = 0; i < count; i++) {
			/* a long code might begin with a printable character */
			numbers[i] = (unsigned)rand() % (i == 0 ? TEXT_SHORT_CODES : TEXT_CODES);
			whole += expand(numbers[i], expected + whole);
		}
		if (whole > PACKED_TEXT_MAX - 1)
			whole = PACKED_TEXT_MAX - 1;
		expected[whole] = '\0';
		assert_ptr_equal(text_unpack(buffer, own_bytes(text, pack(text, numbers, count))),
				 buffer);
		assert_string_equal(buffer, expected);
	}
	free(buffer);
}

static void plain_texts_of_the_image_stay(void **state)
{
	char buffer[PACKED_TEXT_MAX] = "?";
	const char *text = own("module \x80\xFF");

	(void)state;
	assert_ptr_equal(text_unpack(buffer, text), text);
	assert_string_equal(buffer, "?");
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

/* The number of a character. */
static unsigned number_of(const char *character)
{
	unsigned number = 0;

	while (half(number, 0) != (uint8_t)*character || half(number, 1) != TEXT_CHARACTER)
		number++;
	return number;
}

static void formats_and_arguments_are_unpacked(void **state)
{
	const unsigned format[] = {number_of(" "), number_of("%"), number_of("s")};
	const unsigned some[] = {number_of(" "), number_of("b"), number_of("c")};
	uint8_t packed[16];
	char text[64];

	(void)state;
	format_text(text, sizeof(text), own_bytes(packed, pack(packed, format, 3)), "\x80");
	assert_string_equal(text, " \x80");
	/* width and precision count characters */
	const char *argument = own_bytes(packed, pack(packed, some, 3));
	format_text(text, sizeof(text), "%5s|%.2s|%-5s|", argument, argument, argument);
	assert_string_equal(text, "   bc| b| bc  |");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_stand_for_characters),
		cmocka_unit_test(texts_of_the_build_are_what_they_were),
		cmocka_unit_test(any_codes_unpack_to_what_fits),
		cmocka_unit_test(plain_texts_of_the_image_stay),
		cmocka_unit_test(texts_from_elsewhere_stay),
		cmocka_unit_test(formats_and_arguments_are_unpacked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
