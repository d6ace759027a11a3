/* SPDX-License-Identifier: Apache-2.0 */
/* The life of every core of a test guest: set up, then halt between ticks and report. */
#include "guest.h"

#include "bulkhead/platform.h"

_Static_assert(PLATFORM_START_MAGIC == 0x42484B44, "start.S");
_Static_assert(GUEST_MAX_CORES == 8 && GUEST_STACK_SIZE == 8192, "start.S");

static struct core cores[GUEST_MAX_CORES];

static struct core *core_setup(uint32_t index)
{
	struct core *core = &cores[index];

	core->self = core;
	core->index = index;
	msr_write(MSR_GS_BASE, (uint64_t)core);
	interrupts_setup(core);
	return core;
}

static void print_start(uint32_t count, const struct frequencies *frequencies)
{
	print_text(program.name);
	print_text(": start cores=");
	print_unsigned(count);
	print_text(" tsc_khz=");
	print_unsigned(frequencies->tsc_khz);
	print_text(" apic_khz=");
	print_unsigned(frequencies->apic_khz);
	print_text("\r\n");
}

static _Noreturn void stop_without_frequency(uint32_t index)
{
	if (index == 0) {
		print_text(program.name);
		print_text(": stop: nothing tells the TSC and APIC timer frequencies\r\n");
	}
	halt_forever();
}

/* Returns with interrupts on, after the next interrupt unless a window is complete already. */
static void wait_for_interrupt(const struct core *core)
{
	interrupts_off();
	if (core->completed_count == core->reported_count)
		interrupts_on_and_halt();
	else
		interrupts_on();
}

_Noreturn void guest_main(uint32_t index, uint32_t count)
{
	struct core *core = core_setup(index);
	struct frequencies frequencies;

	if (index == 0)
		console_open();
	if (!frequencies_read(&frequencies))
		stop_without_frequency(index);
	if (index == 0)
		print_start(count, &frequencies);
	tick_start(core, &frequencies);
	report_setup(core);
	for (;;) {
		wait_for_interrupt(core);
		if (core->completed_count != core->reported_count)
			report_publish(core);
		if (index == 0)
			report_print_new(cores, count);
	}
}
