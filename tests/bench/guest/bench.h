/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measuring guest: the same program natively, in a VM of Bulkhead and in one of KVM. All results are
 * TSC ticks. ../README.md says what each means and what the lines look like.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "machine.h"

#define BENCH_CORES_MAX 4
#define VECTOR_IPI      0x40
#define VECTOR_TIMER    0x41
#define VECTOR_WAKE     0x42
#define VECTOR_SPURIOUS 0xFF
#define PIC_MASK_MASTER 0x21
#define PIC_MASK_SLAVE  0xA1

#define MSR_X2APIC_ICR   0x830u
#define MSR_TSC_DEADLINE 0x6E0u

/*
 * Neighbours are quiet and busy by turns, by the clock that all share: bit PHASE_SHIFT of the TSC. So no
 * word has to pass between partitions.
 */
#define PHASE_SHIFT 22
#define PHASE_TICKS (UINT64_C(1) << PHASE_SHIFT)

enum environment { NATIVE, BULKHEAD, KVM };
extern enum environment environment;

/* True in the program that only keeps its cores busy, beside the one that measures. */
extern const bool only_neighbour;

struct series {
	uint64_t count, minimum, maximum, total;
};
static inline void series_add(struct series *series, uint64_t ticks)
{
	if (series->count == 0 || ticks < series->minimum)
		series->minimum = ticks;
	if (ticks > series->maximum)
		series->maximum = ticks;
	series->total += ticks;
	series->count++;
}

/* report.c: one line each */
void report_series(const char *name, const struct series *series);
void report_loop(const char *name, uint64_t count, uint64_t total);
void report_number(const char *name, uint64_t value);

/* interrupts.c; the handlers of entries.S leave the time when they began */
extern volatile uint64_t ipi_stamp, timer_stamp;
void apic_setup(void);
void timer_arm(uint64_t deadline, uint8_t vector);
void page_fault_handler_set(const char *handler);

/* main.c */
extern volatile uint32_t cores_started;

/* exits.c */
uint64_t cpuid_loop(uint32_t leaf, uint32_t subleaf, uint64_t count);
void measure_exits(void);

/* latency.c */
_Noreturn void receive_forever(void);
void measure_ipis(void);
void measure_timer(void);
void measure_steady_state(void);

/* memory.c */
void measure_context_switch(void);
void measure_page_faults(void);

/* neighbour.c */
_Noreturn void be_neighbour(void);

/* floor.c: natively only */
void measure_floor(void);

#endif
