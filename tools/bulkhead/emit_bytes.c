/* SPDX-License-Identifier: Apache-2.0 */
#include "emit_tables.h"

#include <ctype.h>

void emit_string(FILE *file, const char *text)
{
	fputc('"', file);
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		/* Three octal digits end by themselves; "?" is escaped against trigraphs. */
		if (byte >= 0x80 || !isprint(byte))
			fprintf(file, "\\%03o", byte);
		else if (byte == '"' || byte == '\\' || byte == '?')
			fprintf(file, "\\%c", byte);
		else
			fputc(byte, file);
	}
	fputc('"', file);
}

static void emit_number_range(FILE *file, uint32_t first, uint32_t last)
{
	if (first == last)
		fprintf(file, " 0x%x", first);
	else
		fprintf(file, " 0x%x-0x%x", first, last);
}

static bool bit_is_open(uint8_t byte, uint32_t bit)
{
	return (byte >> bit % 8 & 1) == 0;
}

/* `count` equal bytes, the first of which stands for the numbers from `first` on. */
static void emit_open_numbers(FILE *file, uint8_t byte, size_t count, uint32_t first)
{
	uint32_t bits = (uint32_t)count * 8, bit = 0;

	fputs(" /* open:", file);
	while (bit < bits) {
		uint32_t start = bit;

		while (bit < bits && bit_is_open(byte, bit))
			bit++;
		if (bit != start)
			emit_number_range(file, first + start, first + bit - 1);
		while (bit < bits && !bit_is_open(byte, bit))
			bit++;
	}
	fputs(" */", file);
}

void emit_bitmap(FILE *file, const uint8_t *bitmap, size_t size, size_t offset, uint32_t first)
{
	for (size_t start = 0, end; start < size; start = end) {
		for (end = start + 1; end < size && bitmap[end] == bitmap[start];)
			end++;
		if (end == start + 1)
			fprintf(file, "\t[0x%04zx] = 0x%02x,", offset + start, bitmap[start]);
		else
			fprintf(file, "\t[0x%04zx ... 0x%04zx] = 0x%02x,", offset + start,
				offset + end - 1, bitmap[start]);
		if (bitmap[start] != 0xFF)
			emit_open_numbers(file, bitmap[start], end - start,
					  first + (uint32_t)start * 8);
		fputc('\n', file);
	}
}

void emit_bytes(FILE *file, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		fputs(i % 12 == 0 ? "\t" : " ", file);
		fprintf(file, "0x%02x,", bytes[i]);
		if (i % 12 == 11 || i == size - 1)
			fputc('\n', file);
	}
}
