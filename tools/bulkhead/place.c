/* SPDX-License-Identifier: Apache-2.0 */
#include "place.h"

#include <stdlib.h>
#include <string.h>

#include "bulkhead/platform.h"
#include "span.h"

#define LOWEST_PLACE UINT64_C(0x100000) /* below 1 MiB only when the scenario asks for it */

/* Free host memory: sorted, disjoint, not adjacent unless the board says so. */
struct free_list {
	struct arena *arena;
	struct free_range *items;
	unsigned count;
};

static int compare_free(const void *left, const void *right)
{
	const struct free_range *a = left;
	const struct free_range *b = right;

	if (a->base != b->base)
		return a->base < b->base ? -1 : 1;
	return a->size < b->size ? -1 : a->size > b->size;
}

static void insert_at(struct free_list *list, unsigned index, struct free_range range)
{
	(void)ARENA_PUSH(list->arena, list->items, list->count);
	memmove(&list->items[index + 1], &list->items[index],
		(list->count - 1 - index) * sizeof(*list->items));
	list->items[index] = range;
}

static void remove_at(struct free_list *list, unsigned index)
{
	list->count--;
	memmove(&list->items[index], &list->items[index + 1],
		(list->count - index) * sizeof(*list->items));
}

/* Cuts the span out of item index, which becomes nothing, one piece or two. Returns the next index. */
static unsigned cut(struct free_list *list, unsigned index, struct span span)
{
	struct free_range *item = &list->items[index];
	uint64_t last = item->base + (item->size - 1);
	bool left = item->base < span.first;
	bool right = last > span.last;
	struct free_range rest = {span.last + 1, last - span.last};

	if (left) {
		item->size = span.first - item->base;
		if (right)
			insert_at(list, index + 1, rest);
		return index + 1 + right;
	}
	if (right) {
		*item = rest;
		return index + 1;
	}
	remove_at(list, index);
	return index;
}

static unsigned first_ending_behind(const struct free_list *list, uint64_t address)
{
	unsigned low = 0;
	unsigned high = list->count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		if (list->items[middle].base + (list->items[middle].size - 1) < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void take(struct free_list *list, struct span span)
{
	unsigned i = first_ending_behind(list, span.first);

	while (i < list->count && list->items[i].base <= span.last)
		i = cut(list, i, span);
}

static void take_pages(struct free_list *list, uint64_t base, uint64_t size)
{
	struct span span;

	if (!span_make(base, size, &span))
		return;
	span.first &= ~(PAGE_SIZE_4K - 1);
	span.last |= PAGE_SIZE_4K - 1;
	take(list, span);
}

/* Ranges of RAM that overlap are an error of the board; they must not yield memory twice here. */
static void merge(struct free_list *list)
{
	unsigned kept = 0;

	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), compare_free);
	for (unsigned i = 0; i < list->count; i++) {
		struct free_range item = list->items[i];
		struct free_range *previous = kept ? &list->items[kept - 1] : NULL;
		if (previous && item.base - previous->base <= previous->size) {
			uint64_t end = item.base - previous->base + item.size;
			if (end > previous->size)
				previous->size = end;
		} else {
			list->items[kept++] = item;
		}
	}
	list->count = kept;
}

static void add_ram(struct free_list *list, const struct board *board)
{
	for (unsigned i = 0; i < board->range_count; i++) {
		const struct board_range *range = &board->ranges[i];
		struct span span;
		if (range->kind != BOARD_RAM || !range_span(&range->range, &span))
			continue;
		uint64_t base = (span.first + PAGE_SIZE_4K - 1) & ~(PAGE_SIZE_4K - 1);
		uint64_t end = (span.last + 1) & ~(PAGE_SIZE_4K - 1);
		if (end > base)
			*ARENA_PUSH(list->arena, list->items, list->count) =
				(struct free_range){base, end - base};
	}
	merge(list);
}

static void take_board(struct free_list *list, const struct board *board)
{
	unsigned bits = board->physical_address_bits;

	take(list, (struct span){0, LOWEST_PLACE - 1});
	if (bits && bits < 64)
		take(list, (struct span){UINT64_C(1) << bits, UINT64_MAX});
	take(list, (struct span){PLATFORM_LAPIC_GPA, PLATFORM_LAPIC_GPA + PAGE_SIZE_4K - 1});
	for (unsigned i = 0; i < board->range_count; i++)
		if (board->ranges[i].kind != BOARD_RAM)
			take_pages(list, board->ranges[i].range.base.value,
				   board->ranges[i].range.size.value);
	for (unsigned i = 0; i < board->ioapic_count; i++)
		take_pages(list, board->ioapics[i].registers.base.value,
			   board->ioapics[i].registers.size.value);
	for (unsigned i = 0; i < board->device_count; i++)
		for (unsigned j = 0; j < board->devices[i].mmio_count; j++)
			take_pages(list, board->devices[i].mmio[j].base.value,
				   board->devices[i].mmio[j].size.value);
}

static void take_fixed(struct free_list *list, const struct model *model)
{
	for (unsigned i = 0; i < model->vm_count; i++)
		for (unsigned j = 0; j < model->vms[i].memory_count; j++) {
			const struct vm_memory *memory = &model->vms[i].memory[j];
			if (memory->host.given)
				take_pages(list, memory->host.value, memory->size.value);
		}
}

/* Work to do: a piece of memory with what it needs. */
struct request {
	const struct vm *vm;
	struct vm_memory *memory;
	uint64_t alignment;
	bool identity;  /* host = guest, if that is free */
	unsigned order; /* in the source */
};

static uint64_t wanted_alignment(uint64_t size)
{
	if (size >= PAGE_SIZE_1G)
		return PAGE_SIZE_1G;
	return size >= PAGE_SIZE_2M ? PAGE_SIZE_2M : PAGE_SIZE_4K;
}

static bool placeable(const struct vm_memory *memory)
{
	struct span span;

	return memory->kind != MEMORY_DEVICE && memory->kind != MEMORY_MONITOR &&
	       !memory->host.given && !memory->host_unusable && memory_guest_span(memory, &span) &&
	       memory->guest.value % PAGE_SIZE_4K == 0 && memory->size.value % PAGE_SIZE_4K == 0;
}

/* DMA that no IOMMU translates uses host addresses as the guest's, so they have to be the same. */
static bool needs_identity(const struct vm *vm, const struct vm_memory *memory)
{
	return vm->dma_unprotected && vm->pci_count && memory->kind != MEMORY_DEVICE;
}

/*
 * Shared memory is placed for one of the VMs that have it, and the others follow: for the first one, unless
 * a later one needs its own address. NULL: none of them can be placed.
 */
static struct vm_memory **placed_for(struct model *model, struct arena *arena)
{
	struct vm_memory **chosen = arena_alloc(arena, model->share_count * sizeof(*chosen));
	bool *identity = arena_alloc(arena, model->share_count * sizeof(*identity));

	for (unsigned i = 0; i < model->vm_count; i++)
		for (unsigned j = 0; j < model->vms[i].memory_count; j++) {
			struct vm_memory *memory = &model->vms[i].memory[j];
			if (memory->kind != MEMORY_SHARED || !placeable(memory))
				continue;
			bool needed = needs_identity(&model->vms[i], memory);
			if (chosen[memory->share] && (identity[memory->share] || !needed))
				continue;
			chosen[memory->share] = memory;
			identity[memory->share] = needed;
		}
	return chosen;
}

static struct request *collect(struct model *model, struct arena *arena, unsigned *count)
{
	struct request *requests = NULL;
	struct vm_memory **shared = placed_for(model, arena);

	*count = 0;
	for (unsigned i = 0; i < model->vm_count; i++)
		for (unsigned j = 0; j < model->vms[i].memory_count; j++) {
			struct vm_memory *memory = &model->vms[i].memory[j];
			if (!placeable(memory) ||
			    (memory->kind == MEMORY_SHARED && shared[memory->share] != memory))
				continue;
			struct request *request = ARENA_PUSH(arena, requests, *count);
			request->vm = &model->vms[i];
			request->memory = memory;
			request->alignment = wanted_alignment(memory->size.value);
			request->identity = needs_identity(&model->vms[i], memory);
			request->order = *count;
		}
	return requests;
}

static int compare_requests(const void *left, const void *right)
{
	const struct request *a = left;
	const struct request *b = right;

	if (a->identity != b->identity)
		return a->identity ? -1 : 1;
	if (a->alignment != b->alignment)
		return a->alignment > b->alignment ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/* The lowest address in a free range that equals `guest` modulo the alignment and leaves room. */
static bool fits(struct free_range range, uint64_t guest, uint64_t alignment, uint64_t size,
		 uint64_t *address)
{
	uint64_t skip = (guest - range.base) & (alignment - 1);

	if (skip >= range.size || range.size - skip < size)
		return false;
	*address = range.base + skip;
	return true;
}

static bool place_aligned(struct free_list *list, struct vm_memory *memory, uint64_t alignment)
{
	uint64_t size = memory->size.value;
	uint64_t address;

	for (unsigned i = 0; i < list->count; i++)
		if (fits(list->items[i], memory->guest.value, alignment, size, &address)) {
			memory->host.value = address;
			take(list, (struct span){address, address + (size - 1)});
			return true;
		}
	return false;
}

static bool place_identity(struct free_list *list, struct vm_memory *memory)
{
	struct span span;
	unsigned i;

	if (!span_make(memory->guest.value, memory->size.value, &span))
		return false;
	i = first_ending_behind(list, span.first);
	if (i == list->count || list->items[i].base > span.first ||
	    list->items[i].base + (list->items[i].size - 1) < span.last)
		return false;
	memory->host.value = span.first;
	take(list, span);
	return true;
}

static struct free_range largest(const struct free_list *list)
{
	struct free_range found = {0, 0};

	for (unsigned i = 0; i < list->count; i++)
		if (list->items[i].size > found.size)
			found = list->items[i];
	return found;
}

/* Small pages are better than no memory; the rule on lost alignment tells. */
static struct placed place_one(struct free_list *list, const struct request *request)
{
	static const uint64_t alignments[] = {PAGE_SIZE_1G, PAGE_SIZE_2M, PAGE_SIZE_4K};
	struct placed placed = {
		.vm = request->vm,
		.memory = request->memory,
		.wanted_alignment = request->alignment,
	};

	if (request->identity && place_identity(list, request->memory)) {
		placed.found = true;
		placed.alignment = request->alignment;
	}
	for (size_t i = 0; i < sizeof(alignments) / sizeof(*alignments) && !placed.found; i++) {
		if (alignments[i] > request->alignment)
			continue;
		placed.found = place_aligned(list, request->memory, alignments[i]);
		placed.alignment = alignments[i];
	}
	if (!placed.found)
		placed.largest = largest(list);
	return placed;
}

static void follow_shared(struct model *model, const struct placement *placement,
			  struct arena *arena)
{
	const struct vm_memory **first =
		arena_alloc(arena, model->share_count * sizeof(const struct vm_memory *));

	for (unsigned i = 0; i < placement->count; i++)
		if (placement->items[i].memory->kind == MEMORY_SHARED)
			first[placement->items[i].memory->share] = placement->items[i].memory;
	for (unsigned i = 0; i < model->vm_count; i++)
		for (unsigned j = 0; j < model->vms[i].memory_count; j++) {
			struct vm_memory *memory = &model->vms[i].memory[j];
			if (memory->kind == MEMORY_SHARED && first[memory->share])
				memory->host.value = first[memory->share]->host.value;
		}
}

/* Last, so that VMs get large pages; it becomes a range of the board, which rules keep VMs away from. */
static void place_store(struct model *model, struct free_list *list, struct placement *placement)
{
	struct image_store *store = &model->image_store;
	uint64_t size = store->size.value, address;
	struct span span;

	if (!store->given || store->host.given || store->host_unusable ||
	    size % PAGE_SIZE_4K != 0 || !span_make(0, size, &span))
		return;
	for (unsigned i = 0; i < list->count; i++) {
		if (!fits(list->items[i], 0, PAGE_SIZE_4K, size, &address))
			continue;
		store->host.value = address;
		take(list, (struct span){address, address + (size - 1)});
		*ARENA_PUSH(list->arena, model->board.ranges, model->board.range_count) =
			(struct board_range){
				.name = "image-store",
				.kind = BOARD_IMAGE_STORE,
				.range = {{address, store->at, true}, store->size, store->at},
			};
		return;
	}
	placement->store_homeless = true;
	placement->store_largest = largest(list);
}

void place_memory(struct model *model, struct arena *arena, struct placement *placement)
{
	struct free_list list = {.arena = arena};
	unsigned count;
	struct request *requests = collect(model, arena, &count);

	*placement = (struct placement){0};
	if (!model->board.given)
		return;
	add_ram(&list, &model->board);
	if (!list.count)
		return; /* a board without RAM is reported as that */
	take_board(&list, &model->board);
	take_fixed(&list, model);
	if (count)
		qsort(requests, count, sizeof(*requests), compare_requests);
	for (unsigned i = 0; i < count; i++)
		*ARENA_PUSH(arena, placement->items, placement->count) =
			place_one(&list, &requests[i]);
	follow_shared(model, placement, arena);
	place_store(model, &list, placement);
	placement->free = list.items;
	placement->free_count = list.count;
}

bool placement_find(const struct placement *placement, uint64_t guest, uint64_t size,
		    uint64_t *address)
{
	static const uint64_t alignments[] = {PAGE_SIZE_1G, PAGE_SIZE_2M, PAGE_SIZE_4K};

	for (size_t i = 0; i < sizeof(alignments) / sizeof(*alignments); i++) {
		if (alignments[i] > wanted_alignment(size))
			continue;
		for (unsigned j = 0; j < placement->free_count; j++)
			if (fits(placement->free[j], guest, alignments[i], size, address))
				return true;
	}
	return false;
}

bool placement_holds(const struct placement *placement, uint64_t base, uint64_t size)
{
	for (unsigned i = 0; i < placement->free_count; i++) {
		struct free_range range = placement->free[i];
		if (base >= range.base && base - range.base < range.size &&
		    size <= range.size - (base - range.base))
			return true;
	}
	return false;
}
