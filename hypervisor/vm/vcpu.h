/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual processor, bound to one physical core for good, and its VM at run time.
 *
 * A vCPU is used by its own core only, except `requests`, which other cores set and which is announced
 * by an NMI. A VM's run-time state is shared by its own cores only, by atomics.
 */
#ifndef VM_VCPU_H
#define VM_VCPU_H

#include "bulkhead/counters.h"
#include "bulkhead/tables.h"
#include "devices/virtual.h"
#include "lib/log.h"
#include "loader/loader.h"
#include "vm/cpuid.h"
#include "vm/guest_state.h"

/*
 * What another core may want of this one. The sender sets the bit (release) and then sends an NMI;
 * the receiver takes all bits at once (acquire). SIPI carries its page number in bits 15:8.
 */
enum vcpu_request {
	REQUEST_STOP = 0x1,
	REQUEST_INIT = 0x2,
	REQUEST_NMI = 0x4,
	REQUEST_SIPI = 0x8,
	REQUEST_SIPI_PAGE_SHIFT = 8,
	REQUEST_SIPI_PAGE = 0xFF00,
};

/* Why a VM stopped. The text of each is in vm.c. */
enum stop_reason {
	STOP_NONE,
	STOP_POWER_OFF,
	STOP_RESET,
	STOP_TRIPLE_FAULT,
	STOP_MEMORY,       /* access outside its memory */
	STOP_INSTRUCTION,  /* access that could not be emulated */
	STOP_UNHANDLED,    /* exit that no handler is for */
	STOP_ENTRY_FAILED, /* the processor refused to enter the guest */
	STOP_HYPERVISOR_FAULT,
	STOP_REASON_COUNT,
};

/* Lines that a guest can cause at will, each limited on its own. */
struct vm_log_limits {
	struct log_limiter msr;
	struct log_limiter ipi;
	struct log_limiter interrupt;
	struct log_limiter port;
};

struct vm {
	const struct vm_config *config;
	struct boot_entry boot;                    /* initial state of the BSP */
	uint32_t stop;                             /* enum stop_reason; atomic, set once */
	uint32_t parked;                           /* vCPUs that have stopped for good; atomic */
	uint32_t ioapic_index[CONFIG_MAX_IOAPICS]; /* IOREGSEL of its virtual IOAPICs; atomic */
	uint32_t pci_address; /* CONFIG_ADDRESS of its virtual PCI bus; atomic */
	/* BARs of each of its functions that read as their size, one bit each; atomic */
	uint32_t pci_sizing[CONFIG_MAX_PCI_FUNCTIONS];
	uint32_t host_bridge[48]; /* registers from 0x40 of its virtual 440FX; atomic */
	struct vm_log_limits limits;
	struct virtual_devices devices; /* has a lock of its own */
};

struct vcpu {
	struct core_counters *counters; /* of its core; entry.S knows that this is first */
	const struct vcpu_config *config;
	struct vm *vm;
	uint32_t requests; /* OR of enum vcpu_request; atomic, set by other cores */
	bool waits_for_sipi;
	uint64_t apic_base;    /* IA32_APIC_BASE as the guest sees it */
	uint64_t icr;          /* last value written to the ICR */
	uint32_t xapic_ldr;    /* logical destination while in xAPIC mode */
	uint32_t xapic_dfr;    /* destination format while in xAPIC mode */
	uint64_t mtrr_default; /* IA32_MTRR_DEF_TYPE as the guest wrote it */
	struct cpuid_cache cpuid;
	struct guest_registers at_exit; /* for the record of the exit (trace.c) */
};

extern struct vcpu vcpus[CONFIG_MAX_VCPUS];
extern struct vm vms[CONFIG_MAX_VMS];

/* Fills vms[] and vcpus[] from the tables and binds vCPUs to cores. Once, on the BSP. */
void vms_init(const struct scenario *scenario);

/* vCPU `index` of the VM, or NULL. */
struct vcpu *vm_vcpu(const struct vm *vm, uint32_t index);
/* Runs the calling core's vCPU for good. */
_Noreturn void vcpu_run(struct vcpu *vcpu);

/*
 * Posts a request to a vCPU of the own VM and kicks its core. May be the calling vCPU itself, which
 * then handles it before its next entry.
 */
void vcpu_post(struct vcpu *vcpu, uint32_t request);

/* Takes all pending requests of the calling core's vCPU, so that none is acted on twice. */
uint32_t vcpu_take_requests(struct vcpu *vcpu);

/* Takes the pending requests of the calling core's vCPU and acts on them. May not return. */
void vcpu_handle_requests(struct vcpu *vcpu, struct guest_registers *registers);

/* Makes the next VM entry of the calling core exit at once. Safe in an NMI handler. */
void vcpu_exit_soon(void);

/* Puts the calling core's vCPU to sleep until its VM sends INIT and SIPI; sets its state then. */
void vcpu_wait_for_sipi(struct vcpu *vcpu, struct guest_registers *registers);

/*
 * Stops the calling core's VM: logs the reason with the guest's registers, makes its other cores stop,
 * and parks this one. The first reason of a VM wins. `registers` may be NULL.
 */
_Noreturn void vm_stop(struct vcpu *vcpu, enum stop_reason reason,
		       const struct guest_registers *registers);

/* The same after a fault inside the hypervisor, which has been logged: touches as little as possible. */
_Noreturn void vcpu_stop_after_fault(void);

#endif
