/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/apic.h"
#include "cpu/msr.h"
#include "cpu/registers.h"
#include "vmx/encoding.h"

struct fake_core fake_cores[FAKE_CORES];
uint8_t fake_ports[0x10000];
struct cpu_area cpu_areas[CONFIG_MAX_CORES];
uint32_t cpu_count = FAKE_CORES;

static unsigned selected;
static struct {
	uint32_t leaf;
	uint32_t subleaf; /* or ANY_SUBLEAF */
	struct cpuid_result result;
} leaves[32];
#define ANY_SUBLEAF UINT32_MAX
static unsigned leaf_count;

#define REVISION      UINT64_C(0x12345678)
#define TRUE_CONTROLS (UINT64_C(1) << 55)
/* Nothing forced to 1, everything allowed. */
#define ANY_CONTROLS UINT64_C(0xFFFFFFFF00000000)

struct fake_core *fake_cpu(void)
{
	return &fake_cores[selected];
}

void fake_cpu_select(unsigned core)
{
	selected = core;
}

static struct fake_register *find(struct fake_register *list, unsigned *count, uint64_t key,
				  bool create)
{
	for (unsigned i = 0; i < *count; i++)
		if (list[i].key == key)
			return &list[i];
	if (!create)
		return NULL;
	if (*count == FAKE_MSR_COUNT)
		abort();
	list[*count].key = key;
	return &list[(*count)++];
}

void fake_msr_set(uint32_t msr, uint64_t value)
{
	find(fake_cpu()->msrs, &fake_cpu()->msr_count, msr, true)->value = value;
}

uint64_t fake_msr(uint32_t msr)
{
	struct fake_register *reg = find(fake_cpu()->msrs, &fake_cpu()->msr_count, msr, false);

	return reg ? reg->value : 0;
}

uint64_t fake_field(uint64_t field)
{
	struct fake_register *reg =
		find(fake_cpu()->fields, &fake_cpu()->field_count, field, false);

	return reg ? reg->value : 0;
}

void fake_field_set(uint64_t field, uint64_t value)
{
	find(fake_cpu()->fields, &fake_cpu()->field_count, field, true)->value = value;
}

void fake_cpuid_set_subleaf(uint32_t leaf, uint32_t subleaf, struct cpuid_result result)
{
	for (unsigned i = 0; i < leaf_count; i++) {
		if (leaves[i].leaf == leaf && leaves[i].subleaf == subleaf) {
			leaves[i].result = result;
			return;
		}
	}
	leaves[leaf_count].leaf = leaf;
	leaves[leaf_count].subleaf = subleaf;
	leaves[leaf_count++].result = result;
}

void fake_cpuid_set(uint32_t leaf, struct cpuid_result result)
{
	fake_cpuid_set_subleaf(leaf, ANY_SUBLEAF, result);
}

static void core_reset(unsigned index)
{
	fake_cpu_select(index);
	*fake_cpu() = (struct fake_core){
		.cr0 = CR0_PE | CR0_NE | CR0_PG,
		.cr4 = CR4_PAE,
	};
	fake_msr_set(MSR_FEATURE_CONTROL, FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX_OUTSIDE_SMX);
	fake_msr_set(MSR_VMX_BASIC, REVISION | TRUE_CONTROLS);
	fake_msr_set(MSR_VMX_TRUE_PIN_CONTROLS, ANY_CONTROLS);
	fake_msr_set(MSR_VMX_TRUE_PROCESSOR_CONTROLS, ANY_CONTROLS);
	fake_msr_set(MSR_VMX_PROCESSOR_CONTROLS2, ANY_CONTROLS);
	fake_msr_set(MSR_VMX_TRUE_EXIT_CONTROLS, ANY_CONTROLS);
	fake_msr_set(MSR_VMX_TRUE_ENTRY_CONTROLS, ANY_CONTROLS);
	fake_msr_set(MSR_VMX_EPT_VPID_CAPABILITY, UINT64_MAX);
	fake_msr_set(MSR_VMX_CR0_FIXED0, CR0_PE | CR0_NE | CR0_PG);
	fake_msr_set(MSR_VMX_CR0_FIXED1, UINT32_MAX);
	fake_msr_set(MSR_VMX_CR4_FIXED0, CR4_VMXE);
	fake_msr_set(MSR_VMX_CR4_FIXED1, 0x7FFFFF);
	fake_msr_set(APIC_VERSION, 6 << 16);
	memset(&cpu_areas[index].cpu, 0, sizeof(cpu_areas[index].cpu));
	cpu_areas[index].cpu.self = &cpu_areas[index].cpu;
	cpu_areas[index].cpu.index = index;
	cpu_areas[index].cpu.apic_id = index;
	cpu_areas[index].cpu.owner = "hv";
}

void fake_cpu_reset(void)
{
	leaf_count = 0;
	fake_cpuid_set(0, (struct cpuid_result){.eax = 0x16});
	fake_cpuid_set(1, (struct cpuid_result){.ecx = CPUID_1_ECX_VMX | CPUID_1_ECX_X2APIC});
	for (unsigned i = FAKE_CORES; i > 0; i--)
		core_reset(i - 1);
}

struct cpu *this_cpu(void)
{
	return &cpu_areas[selected].cpu;
}

struct cpu *cpu_at(uint32_t index)
{
	return &cpu_areas[index].cpu;
}

struct cpu_area *cpu_area_of(struct cpu *cpu)
{
	return &cpu_areas[cpu->index];
}

void *cpu_area_pointer(void)
{
	return this_cpu();
}

uint8_t io_read8(uint16_t port)
{
	return fake_ports[port];
}

void io_write8(uint16_t port, uint8_t value)
{
	fake_ports[port] = value;
}

/* Configuration mechanism 1 of PCI, for one function at 00:02.0; other ports hold 32 bits at most. */
uint32_t fake_pci_registers[64];
unsigned fake_pci_accesses;
static uint32_t fake_pci_address;

uint32_t io_read32(uint16_t port)
{
	if (port != 0xCFC)
		return fake_pci_address;
	fake_pci_accesses++;
	return (fake_pci_address & 0xFFFF00) == 0x1000
		       ? fake_pci_registers[(fake_pci_address & 0xFF) / 4]
		       : UINT32_MAX;
}

void io_write32(uint16_t port, uint32_t value)
{
	if (port == 0xCF8) {
		fake_pci_address = value;
	} else if (port == 0xCFC) {
		fake_pci_accesses++;
		if ((fake_pci_address & 0xFFFF00) == 0x1000)
			fake_pci_registers[(fake_pci_address & 0xFF) / 4] = value;
	}
}

uint64_t msr_read(uint32_t msr)
{
	return fake_msr(msr);
}

void msr_write(uint32_t msr, uint64_t value)
{
	if (msr == APIC_ICR && fake_cpu()->ipi_count < FAKE_IPI_MAX)
		fake_cpu()->ipis[fake_cpu()->ipi_count++] = value;
	fake_msr_set(msr, value);
}

struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
	for (unsigned i = 0; i < leaf_count; i++)
		if (leaves[i].leaf == leaf &&
		    (leaves[i].subleaf == ANY_SUBLEAF || leaves[i].subleaf == subleaf))
			return leaves[i].result;
	return (struct cpuid_result){0};
}

uint64_t tsc_read(void)
{
	return fake_cpu()->tsc += 5;
}

uint64_t cr0_read(void)
{
	return fake_cpu()->cr0;
}

void cr0_write(uint64_t value)
{
	fake_cpu()->cr0 = value;
}

uint64_t cr2_read(void)
{
	return fake_cpu()->cr2;
}

void cr2_write(uint64_t value)
{
	fake_cpu()->cr2 = value;
}

uint64_t dr0_read(void)
{
	return fake_cpu()->breakpoints[0];
}

uint64_t dr1_read(void)
{
	return fake_cpu()->breakpoints[1];
}

uint64_t dr2_read(void)
{
	return fake_cpu()->breakpoints[2];
}

uint64_t dr3_read(void)
{
	return fake_cpu()->breakpoints[3];
}

uint64_t dr6_read(void)
{
	return fake_cpu()->dr6;
}

void dr6_write(uint64_t value)
{
	fake_cpu()->dr6 = value;
}

#define FAKE_DEBUG_REGISTER(n)                      \
	void dr##n##_write(uint64_t value)          \
	{                                           \
		fake_cpu()->breakpoints[n] = value; \
	}
FAKE_DEBUG_REGISTER(0)
FAKE_DEBUG_REGISTER(1)
FAKE_DEBUG_REGISTER(2)
FAKE_DEBUG_REGISTER(3)

void fxstate_load(const void *state)
{
	(void)state;
	fake_cpu()->fxstate_loads++;
}

/* With XCR0 as it is: a component that it does not have would fault. */
void xstate_load(const void *state, uint64_t mask)
{
	(void)state;
	fake_cpu()->xstate_loaded = mask;
	fake_cpu()->xstate_xcr0 = fake_cpu()->xcr0;
}

void interrupts_take(void)
{
}

uint64_t cr3_read(void)
{
	return 0x1000;
}

void cr3_write(uint64_t value)
{
	(void)value;
}

uint64_t cr4_read(void)
{
	return fake_cpu()->cr4;
}

void cr4_write(uint64_t value)
{
	fake_cpu()->cr4 = value;
}

uint32_t pkru_read(void)
{
	return 0;
}

uint64_t xcr_read(uint32_t index)
{
	(void)index;
	return fake_cpu()->xcr0;
}

void xcr_write(uint32_t index, uint64_t value)
{
	(void)index;
	fake_cpu()->xcr0 = value;
}

void gdt_load(const struct descriptor_pointer *pointer)
{
	(void)pointer;
}

void idt_load(const struct descriptor_pointer *pointer)
{
	(void)pointer;
}

void task_register_load(uint16_t selector)
{
	(void)selector;
}

void tlb_flush_page(const void *address)
{
	(void)address;
}

void cpu_pause(void)
{
}

/* A test may have one that it survives. */
__attribute__((weak)) void cpu_halt_forever(void)
{
	fprintf(stderr, "fake core %u halts\n", selected);
	abort();
}

/* SDM 3.31.3 VMXON: #UD without CR4.VMXE is a defect of the caller; a second VMXON is VMfail. */
enum vmx_result vmx_on(hpa_t region)
{
	struct fake_core *core = fake_cpu();

	core->vmxon_calls++;
	if (!(core->cr4 & CR4_VMXE))
		abort();
	if (core->fail_vmxon || core->vmx_on ||
	    (*(const uint32_t *)(uintptr_t)region & 0x7FFFFFFF) != REVISION)
		return VMX_FAIL_INVALID;
	core->vmx_on = true;
	core->vmxon_region = region;
	return VMX_SUCCEED;
}

enum vmx_result vmx_off(void)
{
	struct fake_core *core = fake_cpu();

	core->vmxoff_calls++;
	if (!core->vmx_on)
		abort();
	core->vmx_on = false;
	core->current_vmcs = 0;
	return VMX_SUCCEED;
}

enum vmx_result vmx_clear(hpa_t vmcs)
{
	struct fake_core *core = fake_cpu();

	if (!core->vmx_on)
		abort();
	if (core->fail_vmclear || vmcs == core->vmxon_region)
		return VMX_FAIL_INVALID;
	if (core->current_vmcs == vmcs)
		core->current_vmcs = 0;
	return VMX_SUCCEED;
}

enum vmx_result vmx_pointer_load(hpa_t vmcs)
{
	struct fake_core *core = fake_cpu();

	if (core->fail_vmptrld || (*(const uint32_t *)(uintptr_t)vmcs & 0x7FFFFFFF) != REVISION)
		return VMX_FAIL_INVALID;
	core->current_vmcs = vmcs;
	return VMX_SUCCEED;
}

bool vmx_read(uint64_t field, uint64_t *value)
{
	*value = fake_field(field);
	return false;
}

bool vmx_write(uint64_t field, uint64_t value)
{
	fake_field_set(field, value);
	return false;
}

enum vmx_result vmx_invalidate_ept(uint64_t type, struct invalidate_descriptor what)
{
	(void)type;
	(void)what;
	fake_cpu()->invept_calls++;
	return VMX_SUCCEED;
}

enum vmx_result vmx_invalidate_vpid(uint64_t type, struct invalidate_descriptor what)
{
	(void)type;
	(void)what;
	fake_cpu()->invvpid_calls++;
	return VMX_SUCCEED;
}
