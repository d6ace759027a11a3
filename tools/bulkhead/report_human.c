/* SPDX-License-Identifier: Apache-2.0 */
#include "report_human.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulkhead/tables.h"

static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

#define UNIT_COUNT (sizeof(units) / sizeof(*units))

const char *human_size(struct arena *arena, uint64_t size)
{
	unsigned unit = 0;

	if (size == 1)
		return "1 byte";
	while (unit + 1 < UNIT_COUNT && size >> (10 * (unit + 1)))
		unit++;
	if (unit == 0 || (size & ((UINT64_C(1) << (10 * unit)) - 1)) == 0)
		return arena_format(arena, "%" PRIu64 " %s", size >> (10 * unit), units[unit]);
	/* Tenths, rounded to the nearest; the division first, since ten times the size may not fit. */
	uint64_t whole = size >> (10 * unit);
	uint64_t rest = (size >> (10 * (unit - 1))) & 1023;
	uint64_t tenths = whole * 10 + (rest * 10 + 512) / 1024;
	if (tenths >= 10240 && unit + 1 < UNIT_COUNT)
		return arena_format(arena, "1.0 %s", units[unit + 1]);
	return arena_format(arena, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10,
			    units[unit]);
}

const char *exact_size(struct arena *arena, uint64_t size)
{
	char digits[24];
	char grouped[32];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, size);
	size_t used = 0;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			grouped[used++] = ',';
		grouped[used++] = digits[i];
	}
	grouped[used] = '\0';
	return arena_format(arena, "%s byte%s (0x%" PRIx64 ")", grouped, size == 1 ? "" : "s",
			    size);
}

const char *human_span(struct arena *arena, struct span span)
{
	if (span.first == span.last)
		return arena_format(arena, "0x%" PRIx64, span.first);
	return arena_format(arena, "0x%" PRIx64 "–0x%" PRIx64, span.first, span.last);
}

const char *human_count(struct arena *arena, unsigned long count, const char *noun)
{
	return arena_format(arena, "%lu %s%s", count, noun, count == 1 ? "" : "s");
}

const char *human_access(uint32_t permissions)
{
	static const char *const names[] = {"---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx"};

	return names[permissions &
		     ((uint32_t)MEMORY_READ | (uint32_t)MEMORY_WRITE | (uint32_t)MEMORY_EXECUTE)];
}

void names_add(struct names *names, const char *name)
{
	*ARENA_PUSH(names->arena, names->items, names->count) = name;
}

/* Length of what stands before the number at the end. */
static size_t stem_length(const char *name)
{
	size_t length = strlen(name);

	while (length && isdigit((unsigned char)name[length - 1]))
		length--;
	return length;
}

/* "cpu3" comes right after "cpu2". Numbers of ten digits and more are no counters. */
static bool counts_up(const char *before, const char *after)
{
	size_t stem = stem_length(before);

	if (stem != stem_length(after) || memcmp(before, after, stem) || !before[stem] ||
	    strlen(after) - stem > 9 || strlen(before) - stem > 9)
		return false;
	return strtoul(before + stem, NULL, 10) + 1 == strtoul(after + stem, NULL, 10);
}

const char *names_join(const struct names *names)
{
	const char *text = "";

	for (unsigned i = 0; i < names->count; i++) {
		unsigned last = i;
		while (last + 1 < names->count &&
		       counts_up(names->items[last], names->items[last + 1]))
			last++;
		if (last < i + 2) /* two are a list, not a range */
			last = i;
		text = arena_format(names->arena, "%s%s%s", text, *text ? ", " : "",
				    names->items[i]);
		if (last > i)
			text = arena_format(names->arena, "%s–%s", text, names->items[last]);
		i = last;
	}
	return text;
}
