/* SPDX-License-Identifier: Apache-2.0 */
/* A neighbour: halts in one phase; exits, writes memory and sends interrupts in the next. */
#include "bench.h"

#define AREA_WORDS 65536

static volatile uint64_t area[AREA_WORDS];

static bool busy_phase(void)
{
	return tsc_read() >> PHASE_SHIFT & 1;
}

static void disturb(void)
{
	for (unsigned i = 0; i < AREA_WORDS; i += 64)
		area[i]++;
	for (unsigned i = 0; i < 16; i++) {
		cpuid(i);
		port_read(0x80);
	}
	msr_write(0x83F, VECTOR_WAKE); /* self-IPI */
	interrupts_on();
	interrupts_off();
}

_Noreturn void be_neighbour(void)
{
	for (;;) {
		while (busy_phase())
			disturb();
		timer_arm(((tsc_read() >> PHASE_SHIFT) + 1) << PHASE_SHIFT, VECTOR_WAKE);
		interrupts_on_and_halt();
		interrupts_off();
	}
}
