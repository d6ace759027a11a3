/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of the image are packed when it is built (tools/pack_texts.py): a byte that is not printable stands for
 * two others, each a character or such a code again. They are literals in calls of what is declared like printf, and
 * TEXT() of lib/texts.h; lib/format.c unpacks them while it prints.
 *
 * The codes are 0x7F to 0xFF and then 0x01 to 0x1F, without the line feed. A pair has only codes that come before its own, so that each code
 * ends in characters.
 */
#ifndef LIB_PACKED_TEXT_H
#define LIB_PACKED_TEXT_H

#include <stdint.h>

#define TEXT_FIRST_CODE 0x7F
#define TEXT_PAIR_COUNT 161

/* Room for the longest text with its NUL; the build refuses longer ones. */
#define PACKED_TEXT_MAX 256

extern const uint8_t text_pairs[TEXT_PAIR_COUNT][2];

/*
 * The text without codes: unpacked into the buffer, or the text itself if it is none of the image's own
 * (text_is_packed()), for what comes from elsewhere may have any bytes. What does not fit is left out.
 */
const char *text_unpack(char buffer[PACKED_TEXT_MAX], const char *text);

#endif
