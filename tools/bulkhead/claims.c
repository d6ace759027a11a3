/* SPDX-License-Identifier: Apache-2.0 */
#include "claims.h"

#include <stdlib.h>

void claims_add(struct arena *arena, struct claims *claims, struct claim claim)
{
	*ARENA_PUSH(arena, claims->items, claims->count) = claim;
}

static int compare(const void *left, const void *right)
{
	const struct claim *a = left;
	const struct claim *b = right;

	if (a->span.first != b->span.first)
		return a->span.first < b->span.first ? -1 : 1;
	if (a->owner != b->owner)
		return a->owner < b->owner ? -1 : 1;
	return place_compare(a->at, b->at);
}

void claims_sort(struct claims *claims)
{
	if (claims->count)
		qsort(claims->items, claims->count, sizeof(*claims->items), compare);
}

static bool same_party(const struct claim *a, const struct claim *b, bool only_different_owners)
{
	if (only_different_owners)
		return a->owner == b->owner;
	return a->source != CLAIM_ALONE && a->source == b->source;
}

static bool conflicting(const struct claim *a, const struct claim *b, bool only_different_owners)
{
	if (!a || !b || !span_meet(a->span, b->span))
		return false;
	return !same_party(a, b, only_different_owners);
}

/*
 * Among the claims so far (they start at or before the next one) the two that reach farthest and
 * belong to different parties: if the next one meets any foreign claim, it meets one of these.
 */
struct frontier {
	const struct claim *farthest;
	const struct claim *other;
};

static void advance(struct frontier *frontier, const struct claim *claim, bool owners)
{
	const struct claim *farthest = frontier->farthest;
	const struct claim *other = frontier->other;

	if (!farthest || claim->span.last > farthest->span.last) {
		if (farthest && !same_party(farthest, claim, owners))
			frontier->other = farthest;
		frontier->farthest = claim;
	} else if (!same_party(farthest, claim, owners) &&
		   (!other || claim->span.last > other->span.last)) {
		frontier->other = claim;
	}
}

struct sweep {
	struct check *check;
	const struct claims *claims;
	bool only_different_owners;
	claim_conflict conflict;
	bool *reported; /* one for each claim */
};

static void report(struct sweep *sweep, const struct claim *a, const struct claim *b)
{
	sweep->reported[a - sweep->claims->items] = true;
	sweep->reported[b - sweep->claims->items] = true;
	if (place_compare(a->at, b->at) >= 0)
		sweep->conflict(sweep->check, a, b);
	else
		sweep->conflict(sweep->check, b, a);
}

/* Every claim that meets one which starts before it. */
static void sweep_backward_conflicts(struct sweep *sweep)
{
	bool owners = sweep->only_different_owners;
	struct frontier frontier = {NULL, NULL};

	for (unsigned i = 0; i < sweep->claims->count; i++) {
		const struct claim *claim = &sweep->claims->items[i];
		const struct claim *other = frontier.farthest;
		if (!conflicting(claim, other, owners))
			other = frontier.other;
		if (conflicting(claim, other, owners))
			report(sweep, claim, other);
		advance(&frontier, claim, owners);
	}
}

/*
 * Claims that only meet ones which start after them, all of which were reported against others: the next
 * one of another party is such a one, if there is any.
 */
static void sweep_forward_conflicts(struct sweep *sweep)
{
	const struct claims *claims = sweep->claims;
	bool owners = sweep->only_different_owners;
	const struct claim *foreign = NULL;

	for (unsigned i = claims->count; i-- > 0;) {
		const struct claim *claim = &claims->items[i];
		const struct claim *next = i + 1 < claims->count ? claim + 1 : NULL;
		if (next && !same_party(claim, next, owners))
			foreign = next;
		if (!sweep->reported[i] && conflicting(claim, foreign, owners))
			report(sweep, claim, foreign);
	}
}

void claims_sweep(struct check *check, struct claims *claims, bool only_different_owners,
		  claim_conflict conflict)
{
	struct sweep sweep = {
		.check = check,
		.claims = claims,
		.only_different_owners = only_different_owners,
		.conflict = conflict,
		.reported = arena_alloc(check->arena, claims->count * sizeof(bool)),
	};

	claims_sort(claims);
	sweep_backward_conflicts(&sweep);
	sweep_forward_conflicts(&sweep);
}

/* reach[i]: the farthest end among obstacles 0..i, so that a search from the right can stop early. */
static uint64_t *farthest_ends(struct arena *arena, const struct claims *obstacles)
{
	uint64_t *reach = arena_alloc(arena, obstacles->count * sizeof(*reach));

	for (unsigned i = 0; i < obstacles->count; i++) {
		reach[i] = obstacles->items[i].span.last;
		if (i > 0 && reach[i - 1] > reach[i])
			reach[i] = reach[i - 1];
	}
	return reach;
}

/* Number of obstacles that start at or before the address. */
static unsigned starting_until(const struct claims *obstacles, uint64_t address)
{
	unsigned low = 0;
	unsigned high = obstacles->count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		if (obstacles->items[middle].span.first <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void claims_against(struct check *check, const struct claims *claims, struct claims *obstacles,
		    claim_hit hit)
{
	claims_sort(obstacles);
	const uint64_t *reach = farthest_ends(check->arena, obstacles);

	for (unsigned i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];
		unsigned j = starting_until(obstacles, claim->span.last);
		for (; j > 0 && reach[j - 1] >= claim->span.first; j--)
			if (span_meet(obstacles->items[j - 1].span, claim->span))
				hit(check, claim, &obstacles->items[j - 1]);
	}
}
