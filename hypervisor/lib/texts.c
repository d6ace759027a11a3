/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/texts.h"

#include "lib/string.h"

const char *text_find(const void *rows, size_t size, uint64_t number, const char *unknown)
{
	const char *end = (const char *)rows + size;

	for (const char *row = rows; row < end; row += strlen(row + 1) + 2)
		if ((uint8_t)*row == number)
			return row + 1;
	return unknown;
}
