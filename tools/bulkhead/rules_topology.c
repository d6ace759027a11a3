/* SPDX-License-Identifier: Apache-2.0 */
/* BH2xxx: caches that cores share, and kinds of cores. */
#include <stdlib.h>

#include "rules_internal.h"

/* A core that a VM has, and the number of the cache that it shares. */
struct cache_use {
	uint64_t group;
	const struct vm *vm;
	const struct reference *reference;
	unsigned order;
};

struct cache {
	const char *name;
	size_t field; /* offset of the group in struct board_cpu */
};

static const struct cache caches[] = {
	{"L2", offsetof(struct board_cpu, l2_group)},
	{"L3", offsetof(struct board_cpu, l3_group)},
};

#define CACHE_COUNT (sizeof(caches) / sizeof(*caches))

static const struct number *group_of(const struct board_cpu *cpu, const struct cache *cache)
{
	return (const struct number *)((const char *)cpu + cache->field);
}

static int compare_uses(const void *left, const void *right)
{
	const struct cache_use *a = left;
	const struct cache_use *b = right;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static struct cache_use *collect(struct check *check, const struct cache *cache, unsigned *count)
{
	struct cache_use *uses = NULL;
	unsigned order = 0;

	*count = 0;
	FOR_EACH_VM(check, vm)
		for (unsigned i = 0; i < vm->cpu_count; i++) {
			const struct board_cpu *cpu = cpu_of(check, &vm->cpus[i]);
			if (cpu && group_of(cpu, cache)->given)
				*ARENA_PUSH(check->arena, uses, *count) = (struct cache_use){
					group_of(cpu, cache)->value, vm, &vm->cpus[i], order++};
		}
	if (*count)
		qsort(uses, *count, sizeof(*uses), compare_uses);
	return uses;
}

static void report_cache(struct check *check, const struct cache *cache,
			 const struct cache_use *later, const struct cache_use *earlier)
{
	struct finding *finding = REPORT(check, later->reference->at,
					 "VM \"%s\": %s shares its %s cache with %s of VM \"%s\"",
					 later->vm->name, later->reference->label, cache->name,
					 earlier->reference->label, earlier->vm->name);
	const struct board_cpu *cpu = cpu_of(check, later->reference);

	NOTE(check, finding, earlier->reference->at, "%s is given to VM \"%s\" here",
	     earlier->reference->label, earlier->vm->name);
	NOTE(check, finding, group_of(cpu, cache)->at, "both are in group %" PRIu64, later->group);
	HELP(check, finding,
	     "each evicts the other's data, and can measure it: give the group to one VM if timing "
	     "or secrecy matters");
}

/* Each VM once for each cache that an earlier one has cores of. */
static void look_at_cache(struct check *check, const struct cache *cache)
{
	unsigned count;
	const struct cache_use *uses = collect(check, cache, &count);
	const struct cache_use *first = NULL, *last = NULL;

	for (unsigned i = 0; i < count; i++) {
		const struct cache_use *use = &uses[i];
		if (!first || first->group != use->group)
			first = last = use;
		if (use->vm != last->vm && use->vm != first->vm)
			report_cache(check, cache, use, first);
		last = use;
	}
}

void rule_cache_split(struct check *check)
{
	for (size_t i = 0; i < CACHE_COUNT; i++)
		look_at_cache(check, &caches[i]);
}

void rule_core_kinds(struct check *check)
{
	static const char *const names[] = {
		[CPU_PERFORMANCE] = "a performance core",
		[CPU_EFFICIENT] = "an efficient core",
	};

	FOR_EACH_VM(check, vm) {
		const struct reference *first = NULL;
		const struct board_cpu *other = NULL;
		for (unsigned i = 0; i < vm->cpu_count; i++) {
			const struct board_cpu *cpu = cpu_of(check, &vm->cpus[i]);
			if (!cpu || !cpu->kind_given)
				continue;
			if (!other) {
				first = &vm->cpus[i];
				other = cpu;
			}
			if (cpu->kind == other->kind)
				continue;
			struct finding *finding =
				REPORT(check, vm->cpus[i].at, "VM \"%s\": %s is %s, but %s is %s",
				       vm->name, vm->cpus[i].label, names[cpu->kind], first->label,
				       names[other->kind]);
			NOTE(check, finding, first->at, "%s is given here", first->label);
			HELP(check, finding,
			     "a guest finds features and speed of its first core only, and takes them "
			     "for those of all: give it cores of one kind");
			break;
		}
	}
}

/* Threads of one core, which have everything in common. */

static int by_core(const void *left, const void *right)
{
	const struct board_cpu *a = *(const struct board_cpu *const *)left;
	const struct board_cpu *b = *(const struct board_cpu *const *)right;

	if (a->package != b->package)
		return a->package < b->package ? -1 : 1;
	if (a->core != b->core)
		return a->core < b->core ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void compare_threads(struct check *check, const struct board_cpu *a,
			    const struct board_cpu *b)
{
	for (size_t i = 0; i < CACHE_COUNT; i++) {
		const struct number *first = group_of(a, &caches[i]);
		const struct number *second = group_of(b, &caches[i]);
		if (!first->given || !second->given || first->value == second->value)
			continue;
		struct finding *finding =
			REPORT(check, second->at,
			       "board: %s and %s are threads of one core, but have different %s "
			       "groups, %" PRIu64 " and %" PRIu64,
			       a->label, b->label, caches[i].name, first->value, second->value);
		NOTE(check, finding, first->at, "the group of %s is here", a->label);
	}
	if (!a->kind_given || !b->kind_given || a->kind == b->kind)
		return;
	struct finding *finding = REPORT(
		check, b->at, "board: %s and %s are threads of one core, but of different kinds",
		a->label, b->label);
	NOTE(check, finding, a->at, "%s is here", a->label);
}

void rule_threads_differ(struct check *check)
{
	const struct board *board = &check->model->board;
	const struct board_cpu **sorted =
		arena_alloc(check->arena, board->cpu_count * sizeof(const struct board_cpu *));

	for (unsigned i = 0; i < board->cpu_count; i++)
		sorted[i] = &board->cpus[i];
	if (board->cpu_count)
		qsort(sorted, board->cpu_count, sizeof(*sorted), by_core);
	for (unsigned i = 1; i < board->cpu_count; i++)
		if (sorted[i - 1]->package == sorted[i]->package &&
		    sorted[i - 1]->core == sorted[i]->core)
			compare_threads(check, sorted[i - 1], sorted[i]);
}
