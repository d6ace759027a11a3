/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/smp.h"

#include "boot/machine.h"
#include "cpu/apic.h"
#include "cpu/cpu.h"
#include "cpu/frequency.h"
#include "cpu/privileged.h"
#include "lib/string.h"

/* Trampoline code, copied below 1 MiB; parameters at its end (cpu/trampoline.S). */
extern const uint8_t trampoline_start[], trampoline_end[];

struct trampoline_parameters {
	uint64_t stack;
	uint64_t area;
	uint64_t entry;
};

/* Waiting times of the start-up protocol (SDM 3.9.4.4), in microseconds. */
#define INIT_WAIT_US    10000
#define STARTUP_WAIT_US 200
#define ANSWER_WAIT_US  100000

static void (*entry_of_cores)(void);
/* Index of the core that runs the trampoline, plus one, once it has left it. Written by that core. */
static volatile uint32_t core_arrived;

static void wait_microseconds(uint64_t tsc_frequency, uint64_t microseconds)
{
	uint64_t end = tsc_read() + tsc_frequency / 1000000 * microseconds;

	while (tsc_read() < end)
		cpu_pause();
}

/* First C code of a started core; the trampoline passes the core's index. */
static _Noreturn void core_main(uint64_t index)
{
	cpu_enter_area((uint32_t)index);
	__atomic_store_n(&core_arrived, (uint32_t)index + 1, __ATOMIC_RELEASE);
	entry_of_cores();
	cpu_halt_forever();
}

static bool wait_for_core(uint64_t frequency, uint32_t index, uint64_t microseconds)
{
	uint64_t end = tsc_read() + frequency / 1000000 * microseconds;

	/* acquire: pairs with the release in core_main */
	while (__atomic_load_n(&core_arrived, __ATOMIC_ACQUIRE) != index + 1) {
		if (tsc_read() >= end)
			return false;
		cpu_pause();
	}
	return true;
}

static bool start_core(const struct scenario *scenario, uint32_t index)
{
	struct trampoline_parameters *parameters =
		(void *)(scenario->trampoline + (uint64_t)(trampoline_end - trampoline_start) -
			 sizeof(*parameters));
	struct cpu_area *area = &cpu_areas[index];
	uint8_t page = (uint8_t)(scenario->trampoline / PAGE_SIZE_4K);
	uint64_t frequency = tsc_frequency(scenario);

	parameters->stack = (uint64_t)area->stack + sizeof(area->stack);
	parameters->area = index;
	parameters->entry = (uint64_t)core_main;
	apic_send_startup(area->cpu.apic_id, page);
	if (wait_for_core(frequency, index, STARTUP_WAIT_US))
		return true;
	apic_send_startup(area->cpu.apic_id, page);
	return wait_for_core(frequency, index, ANSWER_WAIT_US);
}

static void report_silent_core(const struct scenario *scenario, uint32_t index)
{
	const struct core_config *core = &scenario->cores[index];
	const struct vcpu_config *vcpu;

	if (core->vcpu == VCPU_NONE) {
		log_warning("core with APIC id %u did not start; no VM needs it", core->apic_id);
		return;
	}
	vcpu = &scenario->vcpus[core->vcpu];
	machine_difference(
		MACHINE_CORE_SILENT,
		"core with APIC id %u did not answer INIT-SIPI-SIPI; vCPU %u of VM \"%s\" needs it: "
		"enable the core in the firmware or give the VM another",
		core->apic_id, vcpu->index, scenario->vms[vcpu->vm].name);
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
	wait_microseconds(tsc_frequency(scenario), INIT_WAIT_US);
	for (uint32_t i = 0; i < cpu_count; i++) {
		if (i == self)
			continue;
		if (start_core(scenario, i))
			started++;
		else
			report_silent_core(scenario, i);
	}
	return started;
}
