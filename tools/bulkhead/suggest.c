/* SPDX-License-Identifier: Apache-2.0 */
#include "suggest.h"

#include <string.h>

#define LONGEST_NAME 63

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that turn one name into the other. */
static unsigned edit_distance(const char *from, size_t from_length, const char *to,
			      size_t to_length)
{
	unsigned rows[3][LONGEST_NAME + 1];

	for (size_t j = 0; j <= to_length; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= from_length; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *above = rows[(i + 2) % 3];
		const unsigned *second = rows[(i + 1) % 3];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= to_length; j++) {
			unsigned replace = above[j - 1] + (from[i - 1] != to[j - 1]);
			row[j] = smaller(replace, smaller(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
				row[j] = smaller(row[j], second[j - 2] + 1);
		}
	}
	return rows[from_length % 3][to_length];
}

struct suggestion suggestion_start(const char *wanted)
{
	return (struct suggestion){.wanted = wanted};
}

void suggestion_offer(struct suggestion *suggestion, const char *candidate)
{
	size_t wanted = strlen(suggestion->wanted);
	size_t length = strlen(candidate);

	if (wanted > LONGEST_NAME || length > LONGEST_NAME)
		return;
	unsigned distance = edit_distance(suggestion->wanted, wanted, candidate, length);
	if (distance > 1 + wanted / 4 || distance >= length)
		return;
	if (suggestion->best && distance >= suggestion->distance)
		return;
	suggestion->best = candidate;
	suggestion->distance = distance;
}
