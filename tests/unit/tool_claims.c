/* SPDX-License-Identifier: Apache-2.0 */
/* Sweeping over claims: against all pairs, on random claims. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "claims.h"

#define COUNT  24
#define ROUNDS 3000

static bool reported[COUNT];
static unsigned wrong;

/* Claims carry their number in the column of their place. */
static unsigned number_of(const struct claim *claim)
{
	return claim->at.column;
}

static void note_conflict(struct check *check, const struct claim *later,
			  const struct claim *earlier)
{
	(void)check;
	reported[number_of(later)] = true;
	reported[number_of(earlier)] = true;
	wrong += !span_meet(later->span, earlier->span);
	wrong += place_compare(later->at, earlier->at) < 0;
}

static void make_claims(struct arena *arena, struct claims *claims)
{
	for (unsigned i = 0; i < COUNT; i++) {
		uint64_t first = (uint64_t)(rand() % 400);
		struct claim claim = {
			.span = {first, first + (uint64_t)(rand() % 20)},
			.owner = (uint32_t)(rand() % 4),
			.source = rand() % 2 ? CLAIM_ALONE : (uint32_t)(rand() % 4),
			.at = {.file = "f", .line = 1, .column = i},
		};
		claims_add(arena, claims, claim);
	}
}

static bool in_conflict(const struct claims *claims, unsigned i, bool owners)
{
	const struct claim *a = &claims->items[i];

	for (unsigned j = 0; j < claims->count; j++) {
		const struct claim *b = &claims->items[j];
		bool related = owners ? a->owner == b->owner
				      : a->source != CLAIM_ALONE && a->source == b->source;
		if (i != j && span_meet(a->span, b->span) && !related)
			return true;
	}
	return false;
}

/* Each claim in conflict is reported at least once, with one that it meets; no other ever is. */
static void compare_with_pairs(bool owners)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct arena arena = {0};
		struct check check = {.arena = &arena};
		struct claims claims = {0};
		bool expected[COUNT];

		make_claims(&arena, &claims);
		for (unsigned i = 0; i < COUNT; i++)
			expected[number_of(&claims.items[i])] = in_conflict(&claims, i, owners);
		memset(reported, 0, sizeof(reported));
		claims_sweep(&check, &claims, owners, note_conflict);
		for (unsigned i = 0; i < COUNT; i++)
			if (reported[i] && !expected[i])
				fail_msg("round %u: claim %u is in no conflict", round, i);
		for (unsigned i = 0; i < COUNT; i++)
			if (expected[i] && !reported[i])
				fail_msg("round %u: the conflict of claim %u is missing", round, i);
		arena_free(&arena);
	}
	assert_int_equal(wrong, 0);
}

static void test_sweep_finds_every_conflict(void **state)
{
	(void)state;
	srand(1);
	compare_with_pairs(false);
}

static void test_sweep_between_owners(void **state)
{
	(void)state;
	srand(2);
	compare_with_pairs(true);
}

static unsigned hits;

static void note_hit(struct check *check, const struct claim *claim, const struct claim *obstacle)
{
	(void)check;
	wrong += !span_meet(claim->span, obstacle->span);
	hits++;
}

static void test_against_finds_every_pair(void **state)
{
	(void)state;
	srand(3);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct arena arena = {0};
		struct check check = {.arena = &arena};
		struct claims claims = {0};
		struct claims obstacles = {0};
		unsigned expected = 0;

		make_claims(&arena, &claims);
		make_claims(&arena, &obstacles);
		for (unsigned i = 0; i < COUNT; i++)
			for (unsigned j = 0; j < COUNT; j++)
				expected +=
					span_meet(claims.items[i].span, obstacles.items[j].span);
		hits = 0;
		claims_against(&check, &claims, &obstacles, note_hit);
		assert_int_equal(hits, expected);
		arena_free(&arena);
	}
	assert_int_equal(wrong, 0);
}

static void test_the_last_address_is_an_address(void **state)
{
	(void)state;
	struct span span;

	assert_true(span_make(UINT64_MAX, 1, &span));
	assert_int_equal(span.last, UINT64_MAX);
	assert_true(span_make(0x1000, UINT64_MAX - 0xFFF, &span));
	assert_false(span_make(0x1000, UINT64_MAX - 0xFFE, &span));
	assert_false(span_make(5, 0, &span));
}

static void test_sizes_in_words(void **state)
{
	(void)state;
	struct arena arena = {0};

	assert_string_equal(size_text(&arena, UINT64_C(3) << 30), "3 GiB");
	assert_string_equal(size_text(&arena, UINT64_C(1536) << 20), "1536 MiB");
	assert_string_equal(size_text(&arena, 0x1000), "4 KiB");
	assert_string_equal(size_text(&arena, 1), "1 byte");
	assert_string_equal(size_text(&arena, 0), "0 bytes");
	assert_string_equal(span_text(&arena, (struct span){0x3f8, 0x3ff}), "0x3f8-0x3ff");
	assert_string_equal(span_text(&arena, (struct span){0x70, 0x70}), "0x70");
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sweep_finds_every_conflict),
		cmocka_unit_test(test_sweep_between_owners),
		cmocka_unit_test(test_against_finds_every_pair),
		cmocka_unit_test(test_the_last_address_is_an_address),
		cmocka_unit_test(test_sizes_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
