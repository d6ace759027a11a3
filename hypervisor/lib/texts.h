/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TEXT("...") is a literal that the build packs (lib/packed_text.h): only for what lib/format.c prints, for nobody
 * else finds the characters in it. Calls of log_error() and the like need none for the literals in them.
 *
 * Texts by number (0 to 254), without a table of pointers: each row is its number and its text, and the last one is for
 * all other numbers. For lists of the form X(number, name, text):
 *
 *     TEXTS(words, LIST, "unknown");
 *     text_find(&words, n)
 */
#ifndef LIB_TEXTS_H
#define LIB_TEXTS_H

#include <stddef.h>
#include <stdint.h>

/* The empty literal is what tools/pack_texts.py knows it by. */
#define TEXT(literal) "" literal

#define TEXT_MEMBER(number, name, text) \
	uint8_t number_##name;          \
	char text_##name[sizeof(TEXT(text))];
#define TEXT_VALUE(number, name, text) .number_##name = (number), .text_##name = TEXT(text),

/* Number of the last row */
#define TEXT_ANY 0xFF

#define TEXTS(set, list, unknown)                                     \
	static const struct set {                                     \
		list(TEXT_MEMBER) TEXT_MEMBER(TEXT_ANY, any, unknown) \
	} set = {list(TEXT_VALUE) TEXT_VALUE(TEXT_ANY, any, unknown)}

/* The text of the row with this number, or of the last one if there is none. */
const char *text_find(const void *rows, uint64_t number);

#endif
