/* SPDX-License-Identifier: Apache-2.0 */
#include "report_space.h"

#include <stdlib.h>
#include <string.h>

#include "bulkhead/platform.h"

/* Something that covers a range, before it is known what else does. RAM is what everything else lies on. */
struct layer {
	struct segment segment;
	bool ground;
};

struct sweep {
	struct arena *arena;
	const struct model *model;
	struct layer *layers;
	unsigned layer_count;
	uint64_t *edges; /* where something begins, or has ended before */
	unsigned edge_count;
	const struct layer **active;
	unsigned active_count;
	struct space space;
};

static void add_layer(struct sweep *sweep, struct layer layer)
{
	layer.segment.ranges = 1;
	*ARENA_PUSH(sweep->arena, sweep->layers, sweep->layer_count) = layer;
	*ARENA_PUSH(sweep->arena, sweep->edges, sweep->edge_count) = layer.segment.span.first;
	if (layer.segment.span.last != UINT64_MAX)
		*ARENA_PUSH(sweep->arena, sweep->edges, sweep->edge_count) =
			layer.segment.span.last + 1;
}

/* --- What lies where --------------------------------------------------------------------------- */

static void add_range(struct sweep *sweep, const struct range *range, enum party_kind kind,
		      const char *name)
{
	struct span span;

	if (range_span(range, &span))
		add_layer(sweep, (struct layer){{span, {kind, 0}, name, NULL, 1}, false});
}

static void add_board_range(struct sweep *sweep, const struct board_range *range)
{
	static const enum party_kind kinds[] = {
		[BOARD_RAM] = PARTY_FREE,
		[BOARD_RESERVED] = PARTY_RESERVED,
		[BOARD_HYPERVISOR] = PARTY_HYPERVISOR,
		[BOARD_TRAMPOLINE] = PARTY_TRAMPOLINE,
		[BOARD_CRASH_RECORD] = PARTY_HYPERVISOR,
		[BOARD_IMAGE_STORE] = PARTY_IMAGES,
	};
	struct span span;

	if (range_span(&range->range, &span))
		add_layer(sweep,
			  (struct layer){{span, {kinds[range->kind], 0}, range->name, NULL, 1},
					 range->kind == BOARD_RAM});
}

static void add_controllers(struct sweep *sweep, const struct board *board)
{
	const struct span local = {PLATFORM_LAPIC_GPA, PLATFORM_LAPIC_GPA + PAGE_SIZE_4K - 1};

	add_layer(sweep, (struct layer){{local, {PARTY_APIC, 0}, "local APIC", NULL, 1}, false});
	for (unsigned i = 0; i < board->ioapic_count; i++)
		add_range(sweep, &board->ioapics[i].registers, PARTY_APIC, board->ioapics[i].label);
}

static bool *devices_given(const struct model *model, struct arena *arena)
{
	bool *given = arena_alloc(arena, model->board.device_count * sizeof(*given) + 1);

	for (unsigned i = 0; i < model->vm_count; i++)
		for (unsigned j = 0; j < model->vms[i].device_count; j++)
			if (model->vms[i].devices[j].target < model->board.device_count)
				given[model->vms[i].devices[j].target] = true;
	return given;
}

/* Registers of a device that a VM has are memory of the VM already. */
static void add_devices(struct sweep *sweep, const struct model *model)
{
	const bool *given = devices_given(model, sweep->arena);

	for (unsigned i = 0; i < model->board.device_count; i++) {
		const struct board_device *device = &model->board.devices[i];
		for (unsigned j = 0; j < device->mmio_count && !given[i]; j++)
			add_range(sweep, &device->mmio[j], PARTY_DEVICE, device->label);
	}
}

static void add_memory(struct sweep *sweep, struct span span, unsigned vm,
		       const struct vm_memory *memory)
{
	add_layer(sweep, (struct layer){{span, party_vm(vm), memory->name, memory, 1}, false});
}

/* --- Who prevails ------------------------------------------------------------------------------ */

static const char *joined_names(struct sweep *sweep)
{
	const char *names = "";

	for (unsigned i = 0; i < sweep->active_count; i++) {
		const struct segment *segment = &sweep->active[i]->segment;
		bool vm = segment->party.kind == PARTY_VM;
		if (!sweep->active[i]->ground)
			names = arena_format(sweep->arena, "%s%s%s%s%s", names, *names ? ", " : "",
					     vm ? party_name(sweep->model, segment->party) : "",
					     vm ? " " : "", segment->name);
	}
	return names;
}

/* Pieces of one declared share are the only memory that several VMs may have. */
static bool all_one_share(const struct sweep *sweep)
{
	const struct vm_memory *first = NULL;

	for (unsigned i = 0; i < sweep->active_count; i++) {
		const struct vm_memory *memory = sweep->active[i]->segment.memory;
		if (sweep->active[i]->ground)
			continue;
		if (!memory || memory->kind != MEMORY_SHARED ||
		    (first && first->share != memory->share))
			return false;
		first = memory;
	}
	return first != NULL;
}

/* A VM's memory is its alone. What the board says of one range twice does no harm: the stricter wins. */
static struct segment judge(struct sweep *sweep, struct span span)
{
	const struct layer *best = NULL;
	unsigned claims = 0, vms = 0;

	for (unsigned i = 0; i < sweep->active_count; i++) {
		const struct layer *layer = sweep->active[i];
		if (!best || layer->segment.party.kind > best->segment.party.kind)
			best = layer;
		claims += !layer->ground;
		vms += layer->segment.party.kind == PARTY_VM;
	}
	if (!best)
		return (struct segment){span, {PARTY_NOTHING, 0}, "", NULL, 1};
	struct segment segment = best->segment;
	segment.span = span;
	if (all_one_share(sweep)) {
		segment.party = (struct party){PARTY_SHARED, 0};
		segment.name = joined_names(sweep);
	} else if (vms && claims > 1) {
		segment = (struct segment){span, {PARTY_CONFLICT, 0}, joined_names(sweep), NULL, 1};
	}
	return segment;
}

static bool continues(const struct segment *left, const struct segment *right)
{
	if (!party_same(left->party, right->party) || left->memory != right->memory)
		return false;
	return left->party.kind == PARTY_FREE || !strcmp(left->name, right->name);
}

static void put(struct sweep *sweep, struct segment segment)
{
	struct space *space = &sweep->space;

	if (space->count && continues(&space->items[space->count - 1], &segment))
		space->items[space->count - 1].span.last = segment.span.last;
	else
		*ARENA_PUSH(sweep->arena, space->items, space->count) = segment;
}

/* --- The sweep --------------------------------------------------------------------------------- */

static int compare_numbers(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* qsort() is not stable; layers are compared by their names too, so that the result is always the same. */
static int compare_layers(const void *left, const void *right)
{
	const struct segment *a = &((const struct layer *)left)->segment;
	const struct segment *b = &((const struct layer *)right)->segment;

	if (a->span.first != b->span.first)
		return a->span.first < b->span.first ? -1 : 1;
	if (a->party.kind != b->party.kind)
		return a->party.kind < b->party.kind ? -1 : 1;
	if (a->party.vm != b->party.vm)
		return a->party.vm < b->party.vm ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void drop_ended(struct sweep *sweep, uint64_t start)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < sweep->active_count; i++)
		if (sweep->active[i]->segment.span.last >= start)
			sweep->active[kept++] = sweep->active[i];
	sweep->active_count = kept;
}

static unsigned take_started(struct sweep *sweep, unsigned next, uint64_t start)
{
	while (next < sweep->layer_count && sweep->layers[next].segment.span.first == start)
		sweep->active[sweep->active_count++] = &sweep->layers[next++];
	return next;
}

static struct space sweep_run(struct sweep *sweep)
{
	unsigned next = 0;

	*ARENA_PUSH(sweep->arena, sweep->edges, sweep->edge_count) = 0;
	qsort(sweep->edges, sweep->edge_count, sizeof(*sweep->edges), compare_numbers);
	if (sweep->layer_count)
		qsort(sweep->layers, sweep->layer_count, sizeof(*sweep->layers), compare_layers);
	sweep->active =
		arena_alloc(sweep->arena, (sweep->layer_count + 1) * sizeof(*sweep->active));
	for (unsigned i = 0; i < sweep->edge_count; i++) {
		bool last = i + 1 == sweep->edge_count;
		uint64_t start = sweep->edges[i];
		uint64_t end = last ? UINT64_MAX : sweep->edges[i + 1] - 1;
		if (!last && sweep->edges[i + 1] == start)
			continue;
		drop_ended(sweep, start);
		next = take_started(sweep, next, start);
		if (!last || sweep->active_count)
			put(sweep, judge(sweep, (struct span){start, end}));
	}
	return sweep->space;
}

/* --- Placement --------------------------------------------------------------------------------- */

static int compare_pointers(const void *left, const void *right)
{
	uintptr_t a = (uintptr_t) * (const struct vm_memory *const *)left;
	uintptr_t b = (uintptr_t) * (const struct vm_memory *const *)right;

	return (a > b) - (a < b);
}

struct placed_memory placed_memory(const struct model *model, const struct placement *placement,
				   struct arena *arena)
{
	bool *shares = arena_alloc(arena, model->share_count + 1);
	struct placed_memory placed = {.shares = shares};

	for (unsigned i = 0; i < placement->count; i++) {
		const struct vm_memory *memory = placement->items[i].memory;
		if (!placement->items[i].found)
			continue;
		*ARENA_PUSH(arena, placed.items, placed.count) = memory;
		if (memory->kind == MEMORY_SHARED)
			shares[memory->share] = true;
	}
	if (placed.count)
		qsort(placed.items, placed.count, sizeof(struct vm_memory *), compare_pointers);
	return placed;
}

bool memory_placed_span(const struct placed_memory *placed, const struct vm_memory *memory,
			struct span *span)
{
	if (memory->host.given)
		return memory_host_span(memory, span);
	if (memory->kind == MEMORY_SHARED && placed->shares[memory->share])
		return span_make(memory->host.value, memory->size.value, span);
	return placed->count &&
	       bsearch(&memory, placed->items, placed->count, sizeof(struct vm_memory *),
		       compare_pointers) &&
	       span_make(memory->host.value, memory->size.value, span);
}

/* --- The two kinds of space -------------------------------------------------------------------- */

struct space space_host(const struct model *model, const struct placed_memory *placed,
			struct arena *arena)
{
	const struct board *board = &model->board;
	struct sweep sweep = {.arena = arena, .model = model};
	struct span span;

	for (unsigned i = 0; i < board->range_count; i++)
		add_board_range(&sweep, &board->ranges[i]);
	add_controllers(&sweep, board);
	add_devices(&sweep, model);
	for (unsigned i = 0; i < model->vm_count; i++)
		for (unsigned j = 0; j < model->vms[i].memory_count; j++) {
			const struct vm_memory *memory = &model->vms[i].memory[j];
			if (memory_placed_span(placed, memory, &span))
				add_memory(&sweep, span, i, memory);
		}
	return sweep_run(&sweep);
}

struct space space_guest(const struct model *model, unsigned vm, struct arena *arena)
{
	struct sweep sweep = {.arena = arena, .model = model};
	struct span span;

	add_controllers(&sweep, &model->board);
	for (unsigned i = 0; i < model->vms[vm].memory_count; i++) {
		const struct vm_memory *memory = &model->vms[vm].memory[i];
		if (memory_guest_span(memory, &span))
			add_memory(&sweep, span, vm, memory);
	}
	return sweep_run(&sweep);
}

void space_merge(struct space *space)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < space->count; i++) {
		struct segment *last = kept ? &space->items[kept - 1] : NULL;
		const struct segment *next = &space->items[i];
		if (last && party_same(last->party, next->party)) {
			last->span.last = next->span.last;
			last->ranges += next->ranges;
		} else {
			space->items[kept++] = *next;
		}
	}
	space->count = kept;
}

uint64_t space_total(const struct space *space, struct party party)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < space->count; i++) {
		uint64_t size = segment_size(&space->items[i]);
		if (!party_same(space->items[i].party, party))
			continue;
		if (total + size < total)
			return UINT64_MAX;
		total += size;
	}
	return total;
}
