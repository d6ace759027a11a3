/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/texts.h"

#include "lib/string.h"

const char *text_find(const void *rows, uint64_t number)
{
	const uint8_t *row = rows;

	while (*row != number && *row != TEXT_ANY)
		row += strlen((const char *)row + 1) + 2;
	return (const char *)row + 1;
}
