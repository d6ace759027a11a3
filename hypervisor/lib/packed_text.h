/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of the image are packed when it is built (tools/pack_texts.py). They are literals in calls of what is
 * declared like printf, and TEXT() of lib/texts.h; lib/format.c unpacks them while it prints.
 *
 * A packed text is a sequence of codes, bit by bit from each byte's highest on, each for a number: 8 bits for the numbers
 * below TEXT_SHORT_CODES, which are TEXT_FIRST_SHORT and so on, or 10 bits for the others, TEXT_FIRST_LONG and so on.
 * So 8 bits of 0 are no code but the end: what is left of the last byte, and the NUL. No other byte is 0, and the first
 * is not a printable character: a text that begins with one is plain.
 *
 * Each number stands for a character or for two numbers again.
 */
#ifndef LIB_PACKED_TEXT_H
#define LIB_PACKED_TEXT_H

#include <stdint.h>

#define TEXT_SHORT_CODES 128
#define TEXT_FIRST_SHORT 0x80
#define TEXT_FIRST_LONG  4
#define TEXT_CODES       636

/* Room for the longest text with its NUL; the build refuses longer ones. */
#define PACKED_TEXT_MAX 256

/*
 * What each number stands for, 10 bits and 10 bits, from each byte's highest on: two other numbers, or a character and
 * TEXT_CHARACTER.
 */
#define TEXT_CHARACTER 0x3FF
extern const uint8_t text_pairs[TEXT_CODES / 2 * 5];

/*
 * The text without codes: unpacked into the buffer, or the text itself if it is plain or none of the image's own
 * (text_is_own()), for what comes from elsewhere may have any bytes. What does not fit is left out. The byte behind the
 * text may be read, but does not count.
 */
const char *text_unpack(char buffer[PACKED_TEXT_MAX], const char *text);

#endif
