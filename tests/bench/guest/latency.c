/* SPDX-License-Identifier: Apache-2.0 */
/* From a cause to the first instructions of its interrupt handler; and what happens when nothing does. */
#include "bench.h"

#include "bulkhead/platform.h"

#define SAMPLES        100
#define TIMER_AHEAD    10000
#define STEADY_TICKS   200
#define ICR_ASSERT     0x4000u
#define RECEIVER_HALTS 1u
#define RECEIVER_SPINS 2u

static volatile uint32_t receiver_mode = RECEIVER_HALTS;
static volatile uint32_t receiver_apic_id;
/* Exits of the receiver's core in the steady state; asked for by one side, answered by the other. */
static volatile uint32_t count_wanted;
static volatile int64_t count_answer;

static void wait_ticks(uint64_t ticks)
{
	uint64_t end = tsc_read() + ticks;

	while (tsc_read() < end)
		__asm__ volatile("pause");
}

static void answer_count(void)
{
	count_answer = hypercall(HYPERCALL_EXIT_COUNT);
	count_wanted = 0;
}

_Noreturn void receive_forever(void)
{
	receiver_apic_id = (uint32_t)msr_read(0x802) + 1;
	for (;;) {
		interrupts_off();
		if (count_wanted)
			answer_count();
		if (receiver_mode == RECEIVER_HALTS) {
			interrupts_on_and_halt();
			continue;
		}
		interrupts_on();
		while (receiver_mode == RECEIVER_SPINS && !count_wanted)
			__asm__ volatile("pause");
	}
}

static void send(uint8_t vector)
{
	msr_write(MSR_X2APIC_ICR, (uint64_t)(receiver_apic_id - 1) << 32 | ICR_ASSERT | vector);
}

static uint64_t ipi_latency(void)
{
	uint64_t begin;

	ipi_stamp = 0;
	begin = tsc_read();
	send(VECTOR_IPI);
	while (ipi_stamp == 0)
		__asm__ volatile("pause");
	return ipi_stamp - begin;
}

static void measure_ipi(const char *name, uint32_t mode)
{
	struct series series = {0};

	receiver_mode = mode;
	ipi_latency(); /* wakes the receiver to see its mode */
	for (unsigned i = 0; i < SAMPLES; i++) {
		wait_ticks(3000 + 7 * i);
		series_add(&series, ipi_latency());
	}
	report_series(name, &series);
}

void measure_ipis(void)
{
	measure_ipi("ipi_to_spinning", RECEIVER_SPINS);
	measure_ipi("ipi_to_halted", RECEIVER_HALTS);
}

/* Returns at the beginning of a phase in which neighbours are busy, or quiet. */
static void wait_for_phase(bool busy)
{
	uint64_t now = tsc_read() >> PHASE_SHIFT;
	uint64_t phase = now + 1 + ((now + 1) % 2 != busy);

	while (tsc_read() < phase << PHASE_SHIFT)
		__asm__ volatile("pause");
	wait_ticks(PHASE_TICKS / 16); /* until the neighbours have noticed */
}

static uint64_t timer_latency(uint64_t ahead, bool halts)
{
	uint64_t deadline = tsc_read() + ahead;

	timer_stamp = 0;
	timer_arm(deadline, VECTOR_TIMER);
	while (timer_stamp == 0) {
		if (halts)
			interrupts_on_and_halt();
		else
			interrupts_on();
		interrupts_off();
	}
	return timer_stamp - deadline;
}

static void measure_deadlines(const char *name, bool busy, bool halts)
{
	struct series series = {0};

	wait_for_phase(busy);
	for (unsigned i = 0; i < SAMPLES; i++)
		series_add(&series, timer_latency(TIMER_AHEAD + 13 * i, halts));
	report_series(name, &series);
}

void measure_timer(void)
{
	measure_deadlines("timer_halted_quiet", false, true);
	measure_deadlines("timer_halted_busy", true, true);
	measure_deadlines("timer_running_quiet", false, false);
	measure_deadlines("timer_running_busy", true, false);
}

static volatile uint64_t computed;

static int64_t receivers_exits(void)
{
	count_wanted = 1;
	send(VECTOR_WAKE);
	while (count_wanted)
		__asm__ volatile("pause");
	return count_answer;
}

/* Both cores: computing and halting between timer interrupts here, halting there. Less the questions. */
void measure_steady_state(void)
{
	int64_t own, others;

	others = receivers_exits();
	own = hypercall(HYPERCALL_EXIT_COUNT);
	for (unsigned i = 0; i < STEADY_TICKS; i++) {
		timer_latency(2000, i % 2);
		for (unsigned k = 0; k < 100; k++)
			computed += k;
	}
	own = hypercall(HYPERCALL_EXIT_COUNT) - own - 1;
	others = receivers_exits() - others - 1;
	report_number("steady_exits_first", (uint64_t)own);
	report_number("steady_exits_second", (uint64_t)others);
}
