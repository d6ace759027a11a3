/* SPDX-License-Identifier: Apache-2.0 */
#include "map_scale.h"

#include <string.h>

#include "bulkhead/types.h"

/* In whole numbers but for the last step: every machine draws the same picture. */
double scale_log(uint64_t size)
{
	uint64_t pages = size / PAGE_SIZE_4K;
	unsigned doublings = 0;

	if (pages < 2)
		return 0;
	while (pages >> (doublings + 1))
		doublings++;
	/* Between two powers of two a straight line is near enough. */
	uint64_t rest = pages - (UINT64_C(1) << doublings);
	uint64_t tenths = doublings >= 4 ? rest * 10 >> doublings : 0;
	return ((double)doublings + (double)tenths / 10) * SCALE_DOUBLING;
}

void scale_share(const uint64_t *sizes, unsigned count, double length, double minimum,
		 double *shares)
{
	double sum = 0;

	if (count == 0)
		return;
	if (minimum > length / count)
		minimum = length / count;
	for (unsigned i = 0; i < count; i++)
		sum += (double)sizes[i];
	for (unsigned i = 0; i < count; i++) {
		double part = sum > 0 ? (double)sizes[i] / sum : 1.0 / count;
		shares[i] = minimum + (length - minimum * count) * part;
	}
}

static bool continues_character(char byte)
{
	return ((unsigned char)byte & 0xC0) == 0x80; /* UTF-8 */
}

/* In hundredths of the font's size. */
static unsigned character_width(char first)
{
	if ((unsigned char)first >= 0x80 || strchr("mwMW@%", first))
		return 100;
	if (first >= 'A' && first <= 'Z')
		return 80;
	if (strchr("ijl|.,:;'!I ", first))
		return 38;
	if (strchr("frt-()[]/", first))
		return 48;
	return 66;
}

double text_width(const char *text, double size)
{
	unsigned sum = 0;

	for (; *text; text++)
		if (!continues_character(*text))
			sum += character_width(*text);
	return sum * size / 100;
}

double code_width(const char *text, double size)
{
	unsigned count = 0;

	for (; *text; text++)
		count += !continues_character(*text);
	return count * size * 0.61;
}

const char *text_fit(struct arena *arena, const char *text, double size, double width)
{
	double used = text_width("…", size);
	size_t kept = 0;

	if (text_width(text, size) <= width)
		return text;
	for (size_t i = 0; text[i]; i++) {
		if (continues_character(text[i]))
			continue;
		used += character_width(text[i]) * size / 100;
		if (used > width)
			break;
		kept = i + 1;
	}
	while (continues_character(text[kept]))
		kept++;
	return arena_format(arena, "%.*s…", (int)kept, text);
}
