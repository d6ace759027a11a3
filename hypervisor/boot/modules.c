/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of modules are moves that must not hurt each other: a move may run only when its destination
 * overlaps the source of no other pending move. Where moves wait for each other in a circle, the
 * smallest source that others wait for is moved aside, to RAM that is neither busy, nor any pending
 * source, nor any destination; from there it blocks nobody any more. So each byte is moved at most
 * twice, and all that can fail is that no free stretch of RAM is long enough.
 */
#include "boot/modules.h"

#include "cpu/privileged.h"
#include "lib/log.h"
#include "lib/string.h"

/* Low memory is left alone: firmware keeps data there that no memory map mentions. */
#define ASIDE_START UINT64_C(0x100000)

/* A copy that is still to be done. */
struct move {
	hpa_t source;
	hpa_t destination;
	uint64_t length;
};

/* Static, because the stack is small; module_place() runs once. */
struct plan {
	const struct module_placer *placer;
	const struct placement_list *list;
	struct move moves[PLACEMENT_CAPACITY];
	uint32_t move_count;
	/* Every place that a move was set aside to, once each at most; wiped in the end. */
	struct memory_span asides[PLACEMENT_CAPACITY];
	uint32_t aside_count;
};

enum error modules_find(const struct scenario *scenario, const struct boot_information *boot,
			struct module_image *images)
{
	for (uint32_t i = 0; i < scenario->module_count; i++) {
		uint32_t found = 0;

		while (found < boot->module_count &&
		       strcmp(boot->modules[found].name, scenario->modules[i].name) != 0)
			found++;
		if (found == boot->module_count) {
			log_error("module \"%s\" was not loaded", scenario->modules[i].name);
			return ERROR_MODULE_MISSING;
		}
		images[i] = (struct module_image){
			.start = boot->modules[found].start,
			.size = boot->modules[found].size,
		};
	}
	return ERROR_OK;
}

static bool overlap(hpa_t a, uint64_t a_size, hpa_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

/* --- Checks before anything is written --- */

static bool is_within_module(const struct module_placer *placer, const struct placement *p)
{
	if (p->kind != PLACEMENT_MODULE)
		return true;
	if (p->module < placer->image_count && p->offset <= placer->images[p->module].size &&
	    p->length <= placer->images[p->module].size - p->offset)
		return true;
	log_error("placement: bytes 0x%lx + 0x%lx for 0x%lx go beyond module %u", p->offset,
		  p->length, p->destination, p->module);
	return false;
}

static bool is_free_of_busy(const struct module_placer *placer, const struct placement *p)
{
	for (uint32_t i = 0; i < placer->busy_count; i++) {
		const struct memory_span *busy = &placer->busy[i];

		if (overlap(p->destination, p->length, busy->base, busy->size)) {
			log_error("placement: 0x%lx-0x%lx meets the hypervisor's 0x%lx-0x%lx",
				  p->destination, p->destination + p->length - 1, busy->base,
				  busy->base + busy->size - 1);
			return false;
		}
	}
	return true;
}

static bool is_alone(const struct placement_list *list, uint32_t index)
{
	const struct placement *p = &list->entries[index];

	for (uint32_t i = 0; i < index; i++) {
		const struct placement *other = &list->entries[i];

		if (overlap(p->destination, p->length, other->destination, other->length)) {
			log_error("placement: 0x%lx-0x%lx and 0x%lx-0x%lx overlap", p->destination,
				  p->destination + p->length - 1, other->destination,
				  other->destination + other->length - 1);
			return false;
		}
	}
	return true;
}

static enum error list_check(const struct module_placer *placer, const struct placement_list *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (!is_within_module(placer, &list->entries[i]))
			return ERROR_IMAGE_TRUNCATED;
		if (!is_free_of_busy(placer, &list->entries[i]) || !is_alone(list, i))
			return ERROR_IMAGE_OVERLAP;
	}
	return ERROR_OK;
}

/* --- Moves that can run --- */

static void plan_init(struct plan *plan, const struct module_placer *placer,
		      const struct placement_list *list)
{
	plan->placer = placer;
	plan->list = list;
	plan->move_count = 0;
	plan->aside_count = 0;
	for (uint32_t i = 0; i < list->count; i++) {
		const struct placement *p = &list->entries[i];

		if (p->kind == PLACEMENT_MODULE)
			plan->moves[plan->move_count++] = (struct move){
				.source = placer->images[p->module].start + p->offset,
				.destination = p->destination,
				.length = p->length,
			};
	}
}

/* Whether the move would overwrite what another one still needs. */
static bool is_blocked(const struct plan *plan, uint32_t index)
{
	const struct move *move = &plan->moves[index];

	for (uint32_t i = 0; i < plan->move_count; i++) {
		const struct move *other = &plan->moves[i];

		if (i != index &&
		    overlap(move->destination, move->length, other->source, other->length))
			return true;
	}
	return false;
}

static void move_run(struct plan *plan, uint32_t index)
{
	struct move *move = &plan->moves[index];

	memmove(host_pointer(move->destination), host_pointer(move->source), move->length);
	*move = plan->moves[--plan->move_count];
}

/* Runs moves until none is left or each waits for another one. */
static void run_free_moves(struct plan *plan)
{
	uint32_t index = 0;

	while (index < plan->move_count) {
		if (is_blocked(plan, index)) {
			index++;
		} else {
			move_run(plan, index);
			index = 0; /* others may have waited for it */
		}
	}
}

/* --- Moving aside --- */

/* Goes through all memory that must not be written now. */
struct obstacles {
	const struct plan *plan;
	uint32_t next;
};

static bool obstacle_next(struct obstacles *obstacles, struct memory_span *span)
{
	const struct plan *plan = obstacles->plan;
	const struct module_placer *placer = plan->placer;
	uint32_t i = obstacles->next++;

	if (i < placer->busy_count) {
		*span = placer->busy[i];
		return true;
	}
	i -= placer->busy_count;
	if (i < plan->list->count) {
		const struct placement *p = &plan->list->entries[i];
		*span = (struct memory_span){.base = p->destination, .size = p->length};
		return true;
	}
	i -= plan->list->count;
	if (i < plan->move_count) {
		*span = (struct memory_span){.base = plan->moves[i].source,
					     .size = plan->moves[i].length};
		return true;
	}
	return false;
}

/* The first free stretch in [from, end): empty at `end` if there is none. */
static struct memory_span hole_find(const struct plan *plan, hpa_t from, hpa_t end)
{
	struct obstacles obstacles = {.plan = plan};
	hpa_t stop = end;
	struct memory_span span;

	/* An obstacle that covers `from` moves it up, and all others have to be looked at again. */
	while (from < end && obstacle_next(&obstacles, &span)) {
		if (span.base + span.size <= from || span.base >= stop)
			continue;
		if (span.base > from) {
			stop = span.base;
			continue;
		}
		from = span.base + span.size;
		stop = end;
		obstacles.next = 0;
	}
	if (from >= end)
		return (struct memory_span){.base = end};
	return (struct memory_span){.base = from, .size = stop - from};
}

/* The first hole of `size` bytes in RAM. */
static bool hole_choose(const struct plan *plan, uint64_t size, struct memory_span *hole)
{
	const struct module_placer *placer = plan->placer;

	for (uint32_t i = 0; i < placer->memory_count; i++) {
		hpa_t from = placer->memory[i].base;
		hpa_t end = from + placer->memory[i].size;

		if (placer->memory[i].type != BOOT_MEMORY_RAM)
			continue;
		if (from < ASIDE_START)
			from = ASIDE_START;
		if (end > placer->aside_end)
			end = placer->aside_end;
		for (; from < end; from = hole->base + hole->size) {
			*hole = hole_find(plan, from, end);
			if (hole->size >= size)
				return true;
		}
	}
	return false;
}

/* Whether another move waits for this one's source to be read. */
static bool blocks_others(const struct plan *plan, uint32_t index)
{
	const struct move *move = &plan->moves[index];

	for (uint32_t i = 0; i < plan->move_count; i++) {
		const struct move *other = &plan->moves[i];

		if (i != index &&
		    overlap(other->destination, other->length, move->source, move->length))
			return true;
	}
	return false;
}

/* There is one whenever no move can run, because each then waits for some other one. */
static struct move *smallest_blocker(struct plan *plan)
{
	struct move *smallest = NULL;

	for (uint32_t i = 0; i < plan->move_count; i++) {
		if (blocks_others(plan, i) &&
		    (smallest == NULL || plan->moves[i].length < smallest->length))
			smallest = &plan->moves[i];
	}
	return smallest;
}

static enum error move_aside(struct plan *plan)
{
	struct move *move = smallest_blocker(plan);
	struct memory_span hole;

	if (!hole_choose(plan, move->length, &hole)) {
		log_error(
			"placement: images have to swap places, but no free RAM takes the 0x%lx bytes at "
			"0x%lx: leave some RAM without owner, or move the memory of a VM",
			move->length, move->source);
		return ERROR_MODULE_PLACE;
	}
	log_debug("placement: 0x%lx bytes at 0x%lx are moved aside to 0x%lx", move->length,
		  move->source, hole.base);
	memcpy(host_pointer(hole.base), host_pointer(move->source), move->length);
	move->source = hole.base;
	plan->asides[plan->aside_count++] =
		(struct memory_span){.base = hole.base, .size = move->length};
	return ERROR_OK;
}

static enum error run_all_moves(struct plan *plan)
{
	for (;;) {
		run_free_moves(plan);
		if (plan->move_count == 0)
			return ERROR_OK;
		enum error error = move_aside(plan);
		if (error != ERROR_OK)
			return error;
	}
}

/* --- What comes after the copies of modules --- */

/* No move is pending, so the obstacles are busy memory and destinations. */
static void wipe(const struct plan *plan, hpa_t base, uint64_t size)
{
	hpa_t end = base + size;

	while (base < end) {
		struct memory_span rest = hole_find(plan, base, end);

		memset(host_pointer(rest.base), 0, rest.size);
		base = rest.base + rest.size;
	}
}

static void wipe_leftovers(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->placer->image_count; i++)
		wipe(plan, plan->placer->images[i].start, plan->placer->images[i].size);
	for (uint32_t i = 0; i < plan->aside_count; i++)
		wipe(plan, plan->asides[i].base, plan->asides[i].size);
}

static void fill(const struct placement_list *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct placement *p = &list->entries[i];

		if (p->kind == PLACEMENT_BYTES)
			memcpy(host_pointer(p->destination), p->bytes, p->length);
		else if (p->kind == PLACEMENT_ZERO)
			memset(host_pointer(p->destination), 0, p->length);
	}
}

enum error module_place(const struct module_placer *placer, const struct placement_list *list)
{
	static struct plan plan;
	enum error error = list_check(placer, list);

	if (error != ERROR_OK)
		return error;
	plan_init(&plan, placer, list);
	error = run_all_moves(&plan);
	if (error != ERROR_OK)
		return error;
	fill(list);
	wipe_leftovers(&plan);
	return ERROR_OK;
}
