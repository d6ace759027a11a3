/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting the other cores: a fake one answers the start-up IPI that it listens to, by running what the
 * trampoline would run with what it finds in core_start.
 */
#include "cpu/smp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/core_start.h"
#include "boot/machine.h"
#include "cpu/apic.h"
#include "cpu/cpu.h"
#include "cpu/paging.h"
#include "cpu/privileged.h"
#include "fake_log.h"

#define CORES 3
#define NEVER 99 /* a core that listens to none of its start-up IPIs */

/* Stand-in for cpu/trampoline.S. */
__asm__(".pushsection .rodata\n"
	".balign 8\n"
	".globl trampoline_start, trampoline_end\n"
	"trampoline_start: .fill 64, 1, 0x90\n"
	"trampoline_end:\n"
	".popsection\n");

struct core_start core_start;
struct cpu_area cpu_areas[CONFIG_MAX_CORES];
uint32_t cpu_count = CORES;

static _Alignas(4096) uint8_t trampoline[4096];
static struct core_config cores[CORES];
static struct vcpu_config vcpus[1];
static struct vm_config test_vms[1];
static struct scenario scenario;

static uint64_t now;
static unsigned inits[CORES], startups[CORES]; /* IPIs that each core got */
static unsigned listens_to[CORES];             /* the start-up IPI that each answers */
static unsigned entered[CORES];
static uint32_t running;
static jmp_buf core_is_done;

uint64_t tsc_read(void)
{
	return now += 1000;
}

void cpu_pause(void)
{
}

void cpu_halt_forever(void)
{
	fail_msg("a core halts");
	abort();
}

struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
	(void)leaf;
	(void)subleaf;
	return (struct cpuid_result){0};
}

hpa_t paging_end(void)
{
	return UINT64_MAX;
}

uint32_t apic_id_of_this_core(void)
{
	return 0;
}

struct cpu *this_cpu(void)
{
	return &cpu_areas[0].cpu;
}

struct cpu *cpu_at(uint32_t index)
{
	return &cpu_areas[index].cpu;
}

void cpu_enter_area(uint32_t index)
{
	running = index;
}

void apic_send_init(uint32_t apic_id)
{
	inits[apic_id / 2]++;
}

static void core_entry(void)
{
	entered[running]++;
	longjmp(core_is_done, 1);
}

void apic_send_startup(uint32_t apic_id, uint8_t page)
{
	uint32_t core = apic_id / 2;
	struct cpu_area *area = &cpu_areas[core];

	assert_int_equal(page, (uint8_t)((uintptr_t)trampoline / sizeof(trampoline)));
	assert_int_equal(trampoline[0], 0x90);
	assert_int_equal(core_start.stack, (uintptr_t)area->stack + sizeof(area->stack));
	if (++startups[core] == listens_to[core] && !setjmp(core_is_done))
		core_start.entry(core_start.arguments[0], core_start.arguments[1]);
}

static int setup(void **state)
{
	(void)state;
	memset(trampoline, 0, sizeof(trampoline));
	memset(inits, 0, sizeof(inits));
	memset(startups, 0, sizeof(startups));
	memset(entered, 0, sizeof(entered));
	for (uint32_t i = 0; i < CORES; i++) {
		cores[i] = (struct core_config){.apic_id = 2 * i, .vcpu = VCPU_NONE};
		cpu_areas[i].cpu.index = i;
		cpu_areas[i].cpu.apic_id = 2 * i;
		listens_to[i] = 1;
	}
	cores[1].vcpu = 0;
	vcpus[0] = (struct vcpu_config){.vm = 0, .index = 0, .apic_id = 2};
	test_vms[0] = (struct vm_config){.name = "rt", .vcpus = vcpus, .vcpu_count = 1};
	scenario = (struct scenario){
		.name = "smp",
		.board = "test",
		.vms = test_vms,
		.vm_count = 1,
		.vcpus = vcpus,
		.vcpu_count = 1,
		.cores = cores,
		.core_count = CORES,
		.trampoline = (uintptr_t)trampoline,
		.tsc_frequency_hz = 1000000000,
	};
	fake_log_clear();
	return 0;
}

static void all_others_are_started_once(void **state)
{
	uint32_t before = machine_difference_count();

	(void)state;
	assert_int_equal(smp_start(&scenario, core_entry), CORES - 1);
	assert_int_equal(inits[0] + startups[0] + entered[0], 0);
	for (uint32_t i = 1; i < CORES; i++) {
		assert_int_equal(inits[i], 1);
		assert_int_equal(startups[i], 1);
		assert_int_equal(entered[i], 1);
	}
	assert_int_equal(machine_difference_count(), before);
}

static void second_startup_is_for_those_that_missed_the_first(void **state)
{
	(void)state;
	listens_to[2] = 2;
	assert_int_equal(smp_start(&scenario, core_entry), CORES - 1);
	assert_int_equal(startups[1], 1);
	assert_int_equal(startups[2], 2);
	assert_int_equal(entered[2], 1);
}

static void silent_core_of_a_vm_is_a_difference(void **state)
{
	uint32_t before = machine_difference_count();

	(void)state;
	listens_to[1] = NEVER;
	assert_int_equal(smp_start(&scenario, core_entry), CORES - 2);
	assert_int_equal(startups[1], 2);
	assert_int_equal(entered[2], 1); /* the others are started all the same */
	assert_int_equal(machine_difference_count(), before + 1);
	assert_true(fake_log_has(LOG_ERROR, "machine[BHC104]: core with APIC id 2 did not answer "
					    "INIT-SIPI-SIPI; vCPU 0 of VM \"rt\" needs it"));
}

static void silent_core_without_vm_is_a_warning(void **state)
{
	uint32_t before = machine_difference_count();

	(void)state;
	listens_to[2] = NEVER;
	assert_int_equal(smp_start(&scenario, core_entry), CORES - 2);
	assert_int_equal(machine_difference_count(), before);
	if (LOG_WARNING <= CONFIG_LOG_LEVEL)
		assert_true(fake_log_has(LOG_WARNING,
					 "core with APIC id 4 of board \"test\" did not answer "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_others_are_started_once, setup),
		cmocka_unit_test_setup(second_startup_is_for_those_that_missed_the_first, setup),
		cmocka_unit_test_setup(silent_core_of_a_vm_is_a_difference, setup),
		cmocka_unit_test_setup(silent_core_without_vm_is_a_warning, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
