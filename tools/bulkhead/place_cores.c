/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "place.h"

#define NO_VM       UINT32_MAX
#define CONSOLE     (UINT32_MAX - 1) /* in place of a VM: the operator's console */
#define XAPIC_LIMIT 0xFF             /* ids from here on exist for guests in x2APIC mode only */

struct cores {
	const struct board *board;
	uint32_t *owners; /* index of the VM that has each core of the board, or NO_VM */
};

static bool same_core(const struct board_cpu *a, const struct board_cpu *b)
{
	return a->package == b->package && a->core == b->core;
}

/* Cores of which nothing is said about caches share one with their package, as far as this matters. */
static bool same_cache(const struct board_cpu *a, const struct board_cpu *b)
{
	if (a->l3_group.given && b->l3_group.given)
		return a->l3_group.value == b->l3_group.value;
	return !a->l3_group.given && !b->l3_group.given && a->package == b->package;
}

/* Whether the VM can have it: usable, free, and with no thread of its core at another VM. */
static bool available(const struct cores *cores, unsigned index, uint32_t vm)
{
	const struct board *board = cores->board;
	const struct board_cpu *cpu = &board->cpus[index];

	if (cores->owners[index] != NO_VM || !cpu->enabled || cpu->reserved)
		return false;
	for (unsigned i = 0; i < board->cpu_count; i++)
		if (cores->owners[i] != NO_VM && cores->owners[i] != vm &&
		    same_core(&board->cpus[i], cpu))
			return false;
	return true;
}

/* How good a core is for a VM: the first number that differs decides, the lower one is better. */
enum {
	SCORE_CORE,
	SCORE_KIND,
	SCORE_CACHE,
	SCORE_PACKAGE,
	SCORE_ADDRESSABLE,
	SCORE_ROOM,
	SCORE_NEIGHBOUR,
	SCORE_FIT,
	SCORES
};

struct score {
	unsigned value[SCORES];
};

static void score_company(const struct cores *cores, const struct board_cpu *cpu, uint32_t vm,
			  struct score *score)
{
	const struct board *board = cores->board;
	const struct board_cpu *first = NULL;

	score->value[SCORE_CORE] = score->value[SCORE_CACHE] = score->value[SCORE_PACKAGE] = 1;
	for (unsigned i = 0; i < board->cpu_count; i++) {
		const struct board_cpu *other = &board->cpus[i];
		if (cores->owners[i] != vm) {
			if (cores->owners[i] != NO_VM && same_cache(other, cpu))
				score->value[SCORE_NEIGHBOUR] = 1;
			continue;
		}
		first = first ? first : other;
		score->value[SCORE_CORE] &= !same_core(other, cpu);
		score->value[SCORE_CACHE] &= !same_cache(other, cpu);
		score->value[SCORE_PACKAGE] &= other->package != cpu->package;
	}
	score->value[SCORE_KIND] = first && first->kind != cpu->kind;
}

/* Prefers a cache with room for all that is wanted, and among those the one with least to spare. */
static void score_room(const struct cores *cores, const bool *usable, const struct board_cpu *cpu,
		       unsigned wanted, struct score *score)
{
	const struct board *board = cores->board;
	unsigned room = 0;

	for (unsigned i = 0; i < board->cpu_count; i++)
		room += usable[i] && same_cache(&board->cpus[i], cpu) &&
			board->cpus[i].kind == cpu->kind;
	score->value[SCORE_ROOM] = room < wanted;
	score->value[SCORE_FIT] = room < wanted ? board->cpu_count - room : room;
}

static bool better(const struct score *a, const struct score *b)
{
	for (unsigned i = 0; i < SCORES; i++)
		if (a->value[i] != b->value[i])
			return a->value[i] < b->value[i];
	return false;
}

/* The best core for one more of `wanted`; cpu_count if there is none. */
static unsigned choose(const struct cores *cores, struct arena *arena, const struct vm *vm,
		       uint32_t vm_index, unsigned wanted)
{
	const struct board *board = cores->board;
	bool *usable = arena_alloc(arena, board->cpu_count * sizeof(*usable));
	unsigned best = board->cpu_count;
	struct score best_score = {{0}};

	for (unsigned i = 0; i < board->cpu_count; i++)
		usable[i] = available(cores, i, vm_index);
	for (unsigned i = 0; i < board->cpu_count; i++) {
		const struct board_cpu *cpu = &board->cpus[i];
		struct score score = {{0}};
		if (!usable[i])
			continue;
		score.value[SCORE_ADDRESSABLE] =
			vm->protocol != BOOT_LINUX && cpu->apic_id.value >= XAPIC_LIMIT;
		score_company(cores, cpu, vm_index, &score);
		score_room(cores, usable, cpu, wanted, &score);
		if (best < board->cpu_count && !better(&score, &best_score))
			continue;
		best = i;
		best_score = score;
	}
	return best;
}

static void place_vm(struct cores *cores, struct arena *arena, struct vm *vm, uint32_t vm_index)
{
	while (vm->cpu_count < vm->cpu_wanted.value) {
		unsigned wanted = (unsigned)vm->cpu_wanted.value - vm->cpu_count;
		unsigned index = choose(cores, arena, vm, vm_index, wanted);
		if (index == cores->board->cpu_count)
			return;
		cores->owners[index] = vm_index;
		*ARENA_PUSH(arena, vm->cpus, vm->cpu_count) = (struct reference){
			.label = cores->board->cpus[index].label,
			.target = index,
			.at = vm->cpu_wanted.at,
		};
	}
}

void place_cores(struct model *model, struct arena *arena)
{
	const struct board *board = &model->board;
	struct cores cores = {board, arena_alloc(arena, board->cpu_count * sizeof(*cores.owners))};

	for (unsigned i = 0; i < board->cpu_count; i++)
		cores.owners[i] = NO_VM;
	for (unsigned i = 0; i < model->vm_count; i++)
		for (unsigned j = 0; j < model->vms[i].cpu_count; j++) {
			uint32_t target = model->vms[i].cpus[j].target;
			if (target < board->cpu_count && cores.owners[target] == NO_VM)
				cores.owners[target] = i;
		}
	if (model->console.given && model->console.core.target < board->cpu_count &&
	    cores.owners[model->console.core.target] == NO_VM)
		cores.owners[model->console.core.target] = CONSOLE;
	for (unsigned i = 0; i < model->vm_count; i++)
		if (model->vms[i].cpu_wanted.given)
			place_vm(&cores, arena, &model->vms[i], i);
}
