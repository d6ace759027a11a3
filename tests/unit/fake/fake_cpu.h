/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A processor for unit tests: several cores with their own control registers, MSRs, VMX state and
 * VMCS, behind the functions of cpu/privileged.h. It follows the SDM where the code under test depends
 * on it (VMXON and VMPTRLD fail as they do in hardware) and records what it was told.
 */
#ifndef FAKE_CPU_H
#define FAKE_CPU_H

#include "cpu/cpu.h"
#include "cpu/privileged.h"

#define FAKE_CORES     4
#define FAKE_MSR_COUNT 128
#define FAKE_IPI_MAX   64

struct fake_register {
	uint64_t key;
	uint64_t value;
};

struct fake_core {
	uint64_t cr0, cr2, cr4, tsc;
	uint64_t breakpoints[4], dr6;
	struct fake_register msrs[FAKE_MSR_COUNT];
	unsigned msr_count;
	struct fake_register fields[FAKE_MSR_COUNT]; /* of the VMCS */
	unsigned field_count;
	bool vmx_on;
	hpa_t vmxon_region;
	hpa_t current_vmcs;
	bool fail_vmxon, fail_vmclear, fail_vmptrld;
	unsigned vmxon_calls, vmxoff_calls;
	uint64_t ipis[FAKE_IPI_MAX]; /* values written to the ICR */
	unsigned ipi_count;
	unsigned invept_calls, invvpid_calls;
	uint64_t xcr0;
	uint64_t xstate_loaded, xstate_xcr0; /* mask of the last load, and XCR0 at that moment */
	unsigned fxstate_loads;
};

extern struct fake_core fake_cores[FAKE_CORES];

/* All cores as after reset, with the VMX capabilities of a processor that has all that is needed. */
void fake_cpu_reset(void);
/* The core that the following calls run on. */
void fake_cpu_select(unsigned core);
struct fake_core *fake_cpu(void);

void fake_msr_set(uint32_t msr, uint64_t value);
uint64_t fake_msr(uint32_t msr);
/* Overrides CPUID for one leaf, on all cores and for all subleaves. */
void fake_cpuid_set(uint32_t leaf, struct cpuid_result result);
/* The same for one subleaf; it counts where fake_cpuid_set() was not called for the leaf. */
void fake_cpuid_set_subleaf(uint32_t leaf, uint32_t subleaf, struct cpuid_result result);
/* Value of a VMCS field of the selected core, 0 if never written. */
uint64_t fake_field(uint64_t field);
void fake_field_set(uint64_t field, uint64_t value);

/* I/O ports: last value written, and what reads return. */
extern uint8_t fake_ports[0x10000];

/* Configuration space of the one PCI function, 00:02.0, and how often any data was accessed. */
extern uint32_t fake_pci_registers[64];
extern unsigned fake_pci_accesses;

#endif
