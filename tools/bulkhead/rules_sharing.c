/* SPDX-License-Identifier: Apache-2.0 */
/* BH9xxx: memory that several VMs have by declaration. */
#include <stdlib.h>

#include "rules_internal.h"

struct share_use {
	const struct vm *vm;
	const struct vm_memory *memory;
	unsigned order; /* in the model */
};

struct share_uses {
	struct share_use *items; /* by share, then in the order of the model */
	unsigned count;
};

static int compare_uses(const void *left, const void *right)
{
	const struct share_use *a = left;
	const struct share_use *b = right;

	if (a->memory->share != b->memory->share)
		return a->memory->share < b->memory->share ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static struct share_uses collect(struct check *check)
{
	struct share_uses uses = {NULL, 0};

	FOR_EACH_VM(check, vm)
		FOR_EACH_MEMORY(vm, memory)
			if (memory->kind == MEMORY_SHARED)
				*ARENA_PUSH(check->arena, uses.items, uses.count) =
					(struct share_use){vm, memory, uses.count};
	if (uses.count)
		qsort(uses.items, uses.count, sizeof(*uses.items), compare_uses);
	return uses;
}

/* What one share is used for. */
struct share_group {
	const struct share *share;
	const struct share_use *items;
	unsigned count;
};

static void each_share(struct check *check,
		       void (*look)(struct check *check, const struct share_group *group))
{
	const struct share_uses uses = collect(check);
	unsigned at = 0;

	for (uint32_t i = 0; i < check->model->share_count; i++) {
		struct share_group group = {&check->model->shares[i],
					    uses.count ? &uses.items[at] : NULL, 0};
		while (at < uses.count && uses.items[at].memory->share == i)
			at++, group.count++;
		look(check, &group);
	}
}

static unsigned peers(const struct share_group *group)
{
	unsigned count = 0;

	for (unsigned i = 0; i < group->count; i++)
		count += i == 0 || group->items[i].vm != group->items[i - 1].vm;
	return count;
}

static bool writes(const struct share_use *use)
{
	return use->memory->permissions & MEMORY_WRITE;
}

/* The n-th VM that may write; NULL if there are fewer. */
static const struct share_use *writer(const struct share_group *group, unsigned n)
{
	const struct vm *last = NULL;

	for (unsigned i = 0; i < group->count; i++) {
		const struct share_use *use = &group->items[i];
		if (!writes(use) || use->vm == last)
			continue;
		last = use->vm;
		if (n-- == 0)
			return use;
	}
	return NULL;
}

/* A malformed access, reported, may have been meant as either. */
static bool access_known(const struct share_group *group)
{
	for (unsigned i = 0; i < group->count; i++)
		if (!group->items[i].memory->permissions)
			return false;
	return true;
}

static void look_at_peers(struct check *check, const struct share_group *group)
{
	unsigned count = peers(group);

	if (count >= 2 || check->model->shares_unresolved)
		return;
	struct finding *finding =
		count ? REPORT(check, group->share->at,
			       "shared memory \"%s\": only VM \"%s\" has it", group->share->name,
			       group->items[0].vm->name)
		      : REPORT(check, group->share->at, "shared memory \"%s\": no VM has it",
			       group->share->name);
	if (count)
		NOTE(check, finding, group->items[0].memory->at, "VM \"%s\" has it here",
		     group->items[0].vm->name);
	HELP(check, finding,
	     "add to another VM: shared@ADDRESS { memory = <&%s>; access = \"%s\"; };",
	     group->share->name, writer(group, 0) ? "r" : "rw");
}

void rule_share_peers(struct check *check)
{
	each_share(check, look_at_peers);
}

static void look_for_twice(struct check *check, const struct share_group *group)
{
	for (unsigned i = 1; i < group->count; i++) {
		const struct share_use *earlier = &group->items[i - 1];
		const struct share_use *later = &group->items[i];
		if (earlier->vm != later->vm)
			continue;
		struct finding *finding =
			REPORT(check, later->memory->share_at,
			       "VM \"%s\": %s: it has shared memory \"%s\" already",
			       later->vm->name, later->memory->name, group->share->name);
		NOTE(check, finding, earlier->memory->share_at, "as %s here",
		     earlier->memory->name);
		HELP(check, finding, "remove one of both");
	}
}

void rule_share_twice(struct check *check)
{
	each_share(check, look_for_twice);
}

static void look_at_writers(struct check *check, const struct share_group *group)
{
	const struct share_use *first = writer(group, 0);
	const struct vm *last;

	if (!first || group->share->multiple_writers)
		return;
	last = first->vm;

	for (unsigned i = 0; i < group->count; i++) {
		const struct share_use *use = &group->items[i];
		if (!writes(use) || use->vm == last || use->vm == first->vm)
			continue;
		last = use->vm;
		struct finding *finding = REPORT(
			check, use->memory->at,
			"VM \"%s\": %s: it may write shared memory \"%s\", and so may VM \"%s\"",
			use->vm->name, use->memory->name, group->share->name, first->vm->name);
		NOTE(check, finding, first->memory->at, "VM \"%s\" may write here",
		     first->vm->name);
		HELP(check, finding,
		     "give all but one access = \"r\", or say multiple-writers; in \"%s\"",
		     group->share->name);
	}
}

void rule_share_writers(struct check *check)
{
	each_share(check, look_at_writers);
}

static void look_for_a_writer(struct check *check, const struct share_group *group)
{
	if (peers(group) < 2 || writer(group, 0) || !access_known(group))
		return;
	struct finding *finding =
		REPORT(check, group->share->at,
		       "shared memory \"%s\": no VM may write it, so it tells nothing",
		       group->share->name);
	HELP(check, finding, "give one of the VMs access = \"rw\"");
}

void rule_share_unwritten(struct check *check)
{
	each_share(check, look_for_a_writer);
}

static void look_at_permission(struct check *check, const struct share_group *group)
{
	if (!group->share->multiple_writers || peers(group) < 2 || writer(group, 1) ||
	    !access_known(group))
		return;
	struct finding *finding = REPORT(
		check, group->share->at,
		"shared memory \"%s\": multiple-writers is not needed: fewer than two VMs may write",
		group->share->name);
	HELP(check, finding, "remove it, so that a second writer is noticed");
}

void rule_share_permission_unneeded(struct check *check)
{
	each_share(check, look_at_permission);
}
