/* SPDX-License-Identifier: Apache-2.0 */
#include "topology.h"

#define WIDTH_MAX 31 /* that leaf 0xB of CPUID has room for */

/* Bits up to the highest one in which the ids differ. */
static uint32_t width_of_difference(uint64_t a, uint64_t b)
{
	uint64_t difference = (a ^ b) & UINT32_MAX;
	uint32_t width = 0;

	while (difference >> width)
		width++;
	return width > WIDTH_MAX ? WIDTH_MAX : width;
}

static void widen(uint32_t *width, uint32_t least)
{
	if (*width < least)
		*width = least;
}

/* Every id is compared with the first of its package, and with the first of its core: that is enough, since
   of three ids two differ from the third where they differ from each other. */
static const struct board_cpu *first_like(const struct board *board, const struct board_cpu *cpu,
					  bool same_core)
{
	for (unsigned i = 0; i < board->cpu_count; i++) {
		const struct board_cpu *other = &board->cpus[i];

		if (other->package == cpu->package && (!same_core || other->core == cpu->core))
			return other;
	}
	return cpu;
}

void topology_widths(const struct board *board, uint32_t *thread_bits, uint32_t *package_bits)
{
	*thread_bits = *package_bits = 0;
	for (unsigned i = 0; i < board->cpu_count; i++) {
		const struct board_cpu *cpu = &board->cpus[i];
		const struct board_cpu *thread = first_like(board, cpu, true);
		const struct board_cpu *neighbour = first_like(board, cpu, false);

		widen(thread_bits, width_of_difference(cpu->apic_id.value, thread->apic_id.value));
		widen(package_bits,
		      width_of_difference(cpu->apic_id.value, neighbour->apic_id.value));
	}
	widen(package_bits, *thread_bits);
}
