/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing and searching sorted ranges and bitmaps. */
#include "verify_internal.h"

/* --- Two lists of ranges ------------------------------------------------------------------------ */

/* What is left of a list: its first item may have been cut. */
struct cursor {
	const struct verify_item *items;
	unsigned count;
	uint64_t start; /* of what is left of the first */
};

static struct cursor cursor_of(const struct verify_item *items, unsigned count)
{
	return (struct cursor){items, count, count ? items[0].start : UINT64_MAX};
}

static void cursor_advance(struct cursor *cursor, uint64_t to)
{
	if (cursor->count == 0 || cursor->start >= to)
		return;
	cursor->start = to;
	if (to < cursor->items[0].end)
		return;
	*cursor = cursor_of(cursor->items + 1, cursor->count - 1);
}

static uint64_t cursor_end(const struct cursor *cursor)
{
	return cursor->count ? cursor->items[0].end : UINT64_MAX;
}

/* Where the piece ends that begins at `start`: where either list changes. */
static uint64_t piece_end(const struct cursor *cursor, uint64_t start, uint64_t end)
{
	uint64_t next = cursor->start > start ? cursor->start : cursor_end(cursor);

	return next < end ? next : end;
}

static const struct verify_item *item_at(const struct cursor *cursor, uint64_t start)
{
	return cursor->count && cursor->start <= start ? cursor->items : NULL;
}

static bool same(const struct verify_item *left, const struct verify_item *right)
{
	return left && right && left->shift == right->shift &&
	       left->properties == right->properties;
}

/* A difference that may go on in the next piece. */
struct pending {
	uint64_t start, end;
	const struct verify_item *left, *right;
};

static void flush(struct verify *verify, struct verify_vm *vm, const struct pending *pending,
		  verify_difference *differs)
{
	if (pending->start < pending->end)
		differs(verify, vm, pending->start, pending->end, pending->left, pending->right);
}

void verify_compare(struct verify *verify, struct verify_vm *vm, const struct verify_item *left,
		    unsigned left_count, const struct verify_item *right, unsigned right_count,
		    verify_difference *differs)
{
	struct cursor a = cursor_of(left, left_count), b = cursor_of(right, right_count);
	struct pending pending = {0};

	while (a.count || b.count) {
		uint64_t start = a.start < b.start ? a.start : b.start;
		uint64_t end = piece_end(&b, start, piece_end(&a, start, UINT64_MAX));
		const struct verify_item *first = item_at(&a, start), *second = item_at(&b, start);

		verify->statistics.pairs++;
		if (!same(first, second)) {
			if (pending.end != start || pending.left != first ||
			    pending.right != second) {
				flush(verify, vm, &pending, differs);
				pending = (struct pending){start, end, first, second};
			}
			pending.end = end;
		}
		cursor_advance(&a, end);
		cursor_advance(&b, end);
	}
	flush(verify, vm, &pending, differs);
}

unsigned verify_join(struct verify_item *items, unsigned count)
{
	unsigned last = 0;

	for (unsigned i = 1; i < count; i++) {
		if (items[last].end == items[i].start && same(&items[last], &items[i]))
			items[last].end = items[i].end;
		else
			items[++last] = items[i];
	}
	return count ? last + 1 : 0;
}

static int compare_items(const void *left, const void *right)
{
	const struct verify_item *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->end < b->end ? -1 : a->end > b->end;
}

void verify_sort(struct verify_item *items, unsigned count)
{
	if (count)
		qsort(items, count, sizeof(*items), compare_items);
}

/* --- RAM ---------------------------------------------------------------------------------------- */

bool verify_vm_has_ram(const struct verify_vm *vm, gpa_t start, uint64_t size, uint32_t permissions)
{
	/* Regions are sorted (BHB210), so one pass follows them through neighbours. */
	for (uint32_t i = 0; i < vm->config.memory_count && size; i++) {
		const struct memory_region *region = &vm->memory[i];
		uint64_t room = region->size - (start - region->guest_physical);

		if (region->kind != MEMORY_RAM ||
		    (region->permissions & permissions) != permissions ||
		    start < region->guest_physical ||
		    start - region->guest_physical >= region->size)
			continue;
		start += size < room ? size : room;
		size -= size < room ? size : room;
	}
	return size == 0;
}

bool verify_vm_has_device(const struct verify_vm *vm, gpa_t start, uint64_t size)
{
	for (uint32_t i = 0; i < vm->config.memory_count && size; i++) {
		const struct memory_region *region = &vm->memory[i];
		uint64_t room = region->size - (start - region->guest_physical);

		if (region->kind != MEMORY_DEVICE ||
		    region->host_physical != region->guest_physical ||
		    start < region->guest_physical ||
		    start - region->guest_physical >= region->size)
			continue;
		start += size < room ? size : room;
		size -= size < room ? size : room;
	}
	return size == 0;
}

bool verify_ram_meets(const struct verify *verify, hpa_t start, uint64_t size)
{
	for (uint32_t i = 0; i < verify->scenario.ram_count; i++) {
		const struct ram_range *ram = &verify->ram[i];

		if (start < ram->base ? ram->base - start < size : start - ram->base < ram->size)
			return true;
	}
	return false;
}

bool verify_ram_holds(const struct verify *verify, hpa_t start, uint64_t size)
{
	/* Ranges are sorted (BHB211); firmware's may touch. */
	for (uint32_t i = 0; i < verify->scenario.ram_count && size; i++) {
		const struct ram_range *ram = &verify->ram[i];

		if (start < ram->base || start - ram->base >= ram->size)
			continue;
		uint64_t room = ram->size - (start - ram->base);
		start += size < room ? size : room;
		size -= size < room ? size : room;
	}
	return size == 0;
}

/* --- Numbers ------------------------------------------------------------------------------------ */

static bool bit(const uint8_t *bits, uint32_t index)
{
	return bits[index / 8] >> index % 8 & 1;
}

bool verify_bit_run(const uint8_t *bits, uint32_t from, uint32_t end, bool value, uint32_t *first,
		    uint32_t *last)
{
	const uint8_t none = value ? 0x00 : 0xFF;

	while (from < end && bit(bits, from) != value)
		/* Most of a bitmap is the same: eight at a time where possible. */
		from += from % 8 == 0 && bits[from / 8] == none ? 8 : 1;
	if (from >= end)
		return false;
	*first = from;
	while (from < end && bit(bits, from) == value)
		from++;
	*last = from - 1;
	return true;
}

const char *verify_numbers(struct verify *verify, uint64_t first, uint64_t last)
{
	if (first == last)
		return verify_format(verify, "0x%" PRIx64, first);
	return verify_format(verify, "0x%" PRIx64 "-0x%" PRIx64, first, last);
}
