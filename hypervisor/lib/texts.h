/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of texts by number, at two bytes a row instead of a pointer's eight: all texts are members of one
 * structure, and the table has their offsets in it. For lists of the form X(number, name, text):
 *
 *     TEXTS(words, LIST, "unknown");
 *     static const uint16_t offsets[COUNT] = {LIST(WORD_OFFSET)};   with TEXT_OFFSET(words, name)
 *     TEXT_AT(words, offsets[n])
 *
 * Offset 0 is the text of rows that are not given.
 */
#ifndef LIB_TEXTS_H
#define LIB_TEXTS_H

#include <stddef.h>
#include <stdint.h>

#define TEXT_MEMBER(number, name, text) char name[sizeof(text)];
#define TEXT_VALUE(number, name, text)  .name = text,

#define TEXTS(set, list, unknown)                \
	static const struct set {                \
		char not_given[sizeof(unknown)]; \
		list(TEXT_MEMBER)                \
	} set = {.not_given = unknown, list(TEXT_VALUE)}

#define TEXT_OFFSET(set, name) ((uint16_t)offsetof(struct set, name))
#define TEXT_AT(set, offset)   ((const char *)&(set) + (offset))

#endif
