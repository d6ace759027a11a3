/* SPDX-License-Identifier: Apache-2.0 */
/* The attackers' neighbour: beat, with a sum over memory that it writes once and only reads then. */
#include "guest.h"

#include "attacks.h"

#define WORDS (HOSTILE_SUM_SIZE / sizeof(uint64_t))

static uint64_t *const words = (uint64_t *)(HOSTILE_VICTIM_GUEST + HOSTILE_VICTIM_OFFSET);

static void fill(void)
{
	for (uint64_t i = 0; i < WORDS; i++)
		words[i] = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
}

/* Depends on the place of each word as well. */
static uint64_t sum(void)
{
	static bool filled;
	uint64_t result = 0;

	if (!filled)
		fill();
	filled = true;
	for (uint64_t i = 0; i < WORDS; i++)
		result = (result << 1 | result >> 63) ^ ((volatile uint64_t *)words)[i];
	return result;
}

const struct program program = {
	.name = "beat",
	.window_ticks = GUEST_TICK_HZ / 10,
	.names_cores = false,
	.sum = sum,
};
