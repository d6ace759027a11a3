/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TEXT("...") is a literal that the build packs (lib/packed_text.h): only for what lib/format.c prints, for nobody
 * else finds the characters in it. Calls of log_error() and the like need none for the literals in them.
 *
 * Texts by number (0 to 255), without a table of pointers: each row is its number and its text. For lists of the
 * form X(number, name, text):
 *
 *     TEXTS(words, LIST);
 *     TEXT_FIND(words, n, "unknown")
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

#define TEXTS(set, list)          \
	static const struct set { \
		list(TEXT_MEMBER) \
	} set = {list(TEXT_VALUE)}

#define TEXT_FIND(set, number, unknown) text_find(&(set), sizeof(set), number, TEXT(unknown))

/* The text of the row with this number among `size` bytes of rows; `unknown` if there is none. */
const char *text_find(const void *rows, size_t size, uint64_t number, const char *unknown);

#endif
