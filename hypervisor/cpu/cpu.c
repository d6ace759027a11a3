/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/cpu.h"

#include "cpu/exceptions.h"
#include "cpu/msr.h"
#include "cpu/privileged.h"
#include "cpu/registers.h"
#include "lib/section.h"

uint32_t cpu_count SEALED_ZEROS;

/* 64-bit code and flat data, accessed bit set so that the processor never writes it (SDM 3.3.4.5). */
#define GDT_CODE UINT64_C(0x00AF9B000000FFFF)
#define GDT_DATA UINT64_C(0x00CF93000000FFFF)

#define TASK_PRESENT_AVAILABLE UINT64_C(0x89) /* 64-bit TSS, not busy (SDM 3.8.2.3) */

struct cpu *this_cpu(void)
{
	return cpu_area_pointer();
}

struct cpu *cpu_at(uint32_t index)
{
	return &cpu_areas[index].cpu;
}

struct cpu_area *cpu_area_of(struct cpu *cpu)
{
	return &cpu_areas[cpu->index];
}

/* The last bytes of the stack are where the exit path keeps the guest's registers (vmx/entry.S). */
#define KEPT_FOR_EXITS 256

_Noreturn void cpu_call_on_empty_stack(void (*function)(void))
{
	struct cpu_area *area = cpu_area_of(this_cpu());

	cpu_switch_stack(area->stack + sizeof(area->stack) - KEPT_FOR_EXITS, function);
}

static void task_descriptor_set(struct cpu *cpu)
{
	uint64_t base = (uint64_t)&cpu->task;
	uint64_t limit = sizeof(cpu->task) - 1;

	cpu->gdt[SELECTOR_TASK / 8] = limit | (base & 0xFFFFFF) << 16 |
				      TASK_PRESENT_AVAILABLE << 40 | (base >> 24 & 0xFF) << 56;
	cpu->gdt[SELECTOR_TASK / 8 + 1] = base >> 32;
}

static void area_init(struct cpu_area *area, uint32_t index, uint32_t apic_id)
{
	struct cpu *cpu = &area->cpu;

	cpu->self = cpu;
	cpu->index = index;
	cpu->apic_id = apic_id;
	cpu->owner = "hv";
	cpu->gdt[SELECTOR_CODE / 8] = GDT_CODE;
	cpu->gdt[SELECTOR_DATA / 8] = GDT_DATA;
	for (unsigned i = 0; i < INTERRUPT_STACK_COUNT; i++)
		cpu->task.interrupt_stack[i] =
			(uint64_t)area->interrupt_stacks[i].stack + HOST_INTERRUPT_STACK_SIZE;
	cpu->task.io_map = sizeof(cpu->task);
}

void cpu_areas_init(const struct scenario *scenario)
{
	cpu_count =
		scenario->core_count < CONFIG_MAX_CORES ? scenario->core_count : CONFIG_MAX_CORES;
	for (uint32_t i = 0; i < cpu_count; i++)
		area_init(&cpu_areas[i], i, scenario->cores[i].apic_id);
}

/*
 * The hypervisor's own protection: read-only pages hold against supervisor writes (WP), user pages
 * can't be executed or touched (SMEP, SMAP; there are none), and descriptor-table instructions are refused below CPL 0 (UMIP).
 */
static uint64_t cr4_for_hypervisor(void)
{
	struct cpuid_result features = cpuid(7, 0);
	uint64_t cr4 = CR4_PAE | CR4_MCE;

	if (cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE)
		cr4 |= CR4_OSXSAVE;
	if (features.ebx & CPUID_7_EBX_SMEP)
		cr4 |= CR4_SMEP;
	if (features.ebx & CPUID_7_EBX_SMAP)
		cr4 |= CR4_SMAP;
	if (features.ecx & CPUID_7_ECX_UMIP)
		cr4 |= CR4_UMIP;
	return cr4;
}

void cpu_enter_area(uint32_t index)
{
	struct cpu *cpu = &cpu_areas[index].cpu;
	struct descriptor_pointer gdt = {.limit = sizeof(cpu->gdt) - 1, .base = (uint64_t)cpu->gdt};

	task_descriptor_set(
		cpu); /* LTR marks it busy; an area may be entered again after a restart */
	cpu_load_descriptors(cpu, &gdt, SELECTOR_TASK);
	exceptions_load();
	cr0_write(CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
	cr4_write(cr4_for_hypervisor());
	msr_write(MSR_EFER, EFER_LME | EFER_LMA | EFER_NXE);
	msr_write(MSR_PAT, PAT_RESET);
}
