/* SPDX-License-Identifier: Apache-2.0 */
/* A periodic local APIC timer in x2APIC mode, and the statistics of its interrupts. */
#include "guest.h"

#define APIC_BASE_X2APIC_ENABLE 0xC00u
#define SVR_ENABLE_SPURIOUS_FF  0x1FFu
#define LVT_PERIODIC            0x20000u
#define DIVIDE_BY_1             0xBu

static void window_clear(struct tick_window *window)
{
	*window = (struct tick_window){.jitter_min = INT64_MAX, .jitter_max = INT64_MIN};
}

/* Natively the firmware's 8259s may still be armed, through LINT0. */
static void legacy_interrupts_off(void)
{
	port_write(0x21, 0xFF);
	port_write(0xA1, 0xFF);
}

static void x2apic_enable(void)
{
	uint64_t base = msr_read(MSR_APIC_BASE);

	if ((base & APIC_BASE_X2APIC_ENABLE) != APIC_BASE_X2APIC_ENABLE)
		msr_write(MSR_APIC_BASE, base | APIC_BASE_X2APIC_ENABLE);
	msr_write(MSR_X2APIC_SVR, SVR_ENABLE_SPURIOUS_FF);
}

void tick_start(struct core *core, const struct frequencies *frequencies)
{
	core->period = (uint64_t)frequencies->tsc_khz * 1000 / GUEST_TICK_HZ;
	window_clear(&core->current);
	if (multiboot_information != 0)
		legacy_interrupts_off();
	x2apic_enable();
	msr_write(MSR_X2APIC_DIVIDE, DIVIDE_BY_1);
	msr_write(MSR_X2APIC_LVT_TIMER, LVT_PERIODIC | GUEST_TICK_VECTOR);
	msr_write(MSR_X2APIC_INITIAL, (uint64_t)frequencies->apic_khz * 1000 / GUEST_TICK_HZ);
}

static void window_add(struct tick_window *window, uint64_t interval, uint64_t period)
{
	int64_t jitter = (int64_t)(interval - period);

	window->ticks++;
	if (interval > period + period / 2)
		window->missed += (uint32_t)((interval + period / 2) / period - 1);
	if (jitter < window->jitter_min)
		window->jitter_min = jitter;
	if (jitter > window->jitter_max)
		window->jitter_max = jitter;
}

static void tick_record(struct core *core, uint64_t now)
{
	/* The first tick only starts the clock: nothing says when the one before would have been. */
	if (core->last_tick != 0)
		window_add(&core->current, now - core->last_tick, core->period);
	core->last_tick = now;
	if (core->current.ticks + core->current.missed < program.window_ticks)
		return;
	core->completed = core->current;
	core->completed_count++;
	window_clear(&core->current);
}

/* From vectors.S, interrupts off. */
void tick_interrupt(void)
{
	uint64_t now = tsc_read();
	struct core *core;

	__asm__("movq %%gs:0, %0" : "=r"(core));
	tick_record(core, now);
	msr_write(MSR_X2APIC_EOI, 0);
}
