/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/packed_text.h"

#include <stdbool.h>

#include "lib/own_text.h"

/* 10 bits, from an even one on: two bytes have them. */
static unsigned ten_bits(const void *bytes, unsigned at)
{
	const uint8_t *place = (const uint8_t *)bytes + at / 8;

	return (uint16_t)((place[0] << 8 | place[1]) << at % 8) >> 6;
}

/* Returns the place behind the characters. Not deep: a number stands for few characters. */
static char *unpack(char *place, const char *end, unsigned number)
{
	unsigned first = ten_bits(text_pairs, 20 * number);
	unsigned second = ten_bits(text_pairs, 20 * number + 10);

	if (second != TEXT_CHARACTER) {
		place = unpack(place, end, first);
		return unpack(place, end, second);
	}
	if (place < end)
		*place++ = (char)first;
	return place;
}

const char *text_unpack(char buffer[PACKED_TEXT_MAX], const char *text)
{
	char *place = buffer;
	unsigned at = 0, code;

	if (!text_is_own(text) || (*text >= ' ' && *text <= '~'))
		return text;
	while ((code = ten_bits(text, at)) >= TEXT_FIRST_LONG) {
		bool is_short = code >= TEXT_FIRST_SHORT << 2;

		at += is_short ? 8 : 10;
		place = unpack(place, buffer + PACKED_TEXT_MAX - 1,
			       is_short ? (code >> 2) - TEXT_FIRST_SHORT
					: code - TEXT_FIRST_LONG + TEXT_SHORT_CODES);
	}
	*place = '\0';
	return buffer;
}
