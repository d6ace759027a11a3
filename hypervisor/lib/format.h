/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from values, into a buffer of fixed size.
 *
 * A subset of C17 7.21.6.1 that the compiler checks like printf:
 *   %[-][0][width][.precision][hh|h|l|ll|z|j]conversion    conversion: c d i u x X s %
 * width and precision are digits or *. Precision only counts for %s, where it is the most characters
 * that are taken (so the text needs no NUL then). %p is left out on purpose: an address has a type
 * (hpa_t, gpa_t) and is printed as 0x%lx. Anything else is copied as it stands.
 *
 * Formats and texts of the image are packed, and unpacked here (lib/packed_text.h).
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Both return the number of characters in the buffer without the NUL, which is always written if size
 * is not 0. What does not fit is cut off.
 */
size_t format_text(char *buffer, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
size_t format_text_v(char *buffer, size_t size, const char *fmt, va_list list)
	__attribute__((format(printf, 3, 0)));

#endif
