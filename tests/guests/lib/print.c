/* SPDX-License-Identifier: Apache-2.0 */
/* Text and numbers on the console. */
#include "guest.h"

void print_text(const char *text)
{
	for (; *text != '\0'; text++)
		console_character(*text);
}

static void print_number(uint64_t value, unsigned base)
{
	char digits[20]; /* 2^64 has 20 decimal digits */
	unsigned count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	while (count > 0)
		console_character(digits[--count]);
}

void print_unsigned(uint64_t value)
{
	print_number(value, 10);
}

void print_signed(int64_t value)
{
	if (value < 0)
		console_character('-');
	print_number(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
}

void print_hexadecimal(uint64_t value)
{
	print_text("0x");
	print_number(value, 16);
}
