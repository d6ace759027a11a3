/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/packed_text.h"

#include "lib/own_text.h"

/* Returns the place behind the characters. Not deep: a code stands for few characters. */
static char *unpack(char *place, const char *end, uint8_t code)
{
	uint8_t number = code - TEXT_FIRST_CODE;

	if (number < TEXT_PAIR_COUNT && code != '\n') {
		place = unpack(place, end, text_pairs[number][0]);
		return unpack(place, end, text_pairs[number][1]);
	}
	if (place < end)
		*place++ = (char)code;
	return place;
}

const char *text_unpack(char buffer[PACKED_TEXT_MAX], const char *text)
{
	char *place = buffer;

	if (!text_is_own(text))
		return text;
	for (; *text != '\0'; text++)
		place = unpack(place, buffer + PACKED_TEXT_MAX - 1, (uint8_t)*text);
	*place = '\0';
	return buffer;
}
