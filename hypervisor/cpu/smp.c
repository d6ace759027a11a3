/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/smp.h"

#include "boot/core_start.h"
#include "boot/machine.h"
#include "cpu/apic.h"
#include "cpu/cpu.h"
#include "cpu/frequency.h"
#include "cpu/privileged.h"
#include "lib/string.h"

/* Trampoline code, copied below 1 MiB (cpu/trampoline.S). */
extern const uint8_t trampoline_start[], trampoline_end[];

/* Waiting times of the start-up protocol (SDM 3.9.4.4), in microseconds. */
#define INIT_WAIT_US    10000
#define STARTUP_WAIT_US 200
#define ANSWER_WAIT_US  100000

static void (*entry_of_cores)(void);
/* Index of the core that runs the trampoline, plus one, once it has left it. Written by that core. */
static volatile uint32_t core_arrived;

/* TSC when so many microseconds will have passed. */
static uint64_t deadline(const struct scenario *scenario, uint64_t microseconds)
{
	return tsc_read() + tsc_frequency(scenario) / 1000000 * microseconds;
}

/* First C code of a started core. */
static _Noreturn void core_main(uint32_t index, uint32_t unused)
{
	(void)unused;
	cpu_enter_area(index);
	__atomic_store_n(&core_arrived, index + 1, __ATOMIC_RELEASE);
	entry_of_cores();
	cpu_halt_forever();
}

static bool wait_for_core(uint32_t index, uint64_t end)
{
	/* acquire: pairs with the release in core_main */
	while (__atomic_load_n(&core_arrived, __ATOMIC_ACQUIRE) != index + 1) {
		if (tsc_read() >= end)
			return false;
		cpu_pause();
	}
	return true;
}

/* The second start-up IPI is for a core that has missed the first. */
static bool start_core(const struct scenario *scenario, uint32_t index)
{
	static const uint32_t waits[] = {STARTUP_WAIT_US, ANSWER_WAIT_US};
	struct cpu_area *area = &cpu_areas[index];

	core_start.stack = (uint64_t)area->stack + sizeof(area->stack);
	core_start.arguments[0] = index;
	core_start.entry = core_main;
	for (unsigned i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		apic_send_startup(area->cpu.apic_id,
				  (uint8_t)(scenario->trampoline / PAGE_SIZE_4K));
		if (wait_for_core(index, deadline(scenario, waits[i])))
			return true;
	}
	return false;
}

uint32_t smp_start(const struct scenario *scenario, void (*entry)(void))
{
	uint32_t self = this_cpu()->index;
	uint32_t started = 0;

	entry_of_cores = entry;
	memcpy((void *)scenario->trampoline, trampoline_start,
	       (size_t)(trampoline_end - trampoline_start));
	for (uint32_t i = 0; i < cpu_count; i++)
		if (i != self)
			apic_send_init(cpu_at(i)->apic_id);
	uint64_t end = deadline(scenario, INIT_WAIT_US);
	while (tsc_read() < end)
		cpu_pause();
	for (uint32_t i = 0; i < cpu_count; i++) {
		if (i == self)
			continue;
		if (start_core(scenario, i))
			started++;
		else
			machine_core_lacks(scenario, i, MACHINE_CORE_SILENT,
					   "did not answer INIT-SIPI-SIPI");
	}
	return started;
}
