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
#include "bulkhead/host.h"
#include "bulkhead/tables.h"
#include "devices/pci_function.h"
#include "devices/virtual.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "loader/loader.h"
#include "vm/cpuid.h"
#include "vm/guest_state.h"
#include "vm/life.h"
#include "vm/mmio_cache.h"

/*
 * What another core may want of this one. The sender sets the bit (release) and then sends an NMI;
 * the receiver takes all bits at once (acquire). SIPI carries its page number in bits 15:8.
 */
enum vcpu_request {
	REQUEST_STOP = 0x1,
	REQUEST_INIT = 0x2,
	REQUEST_NMI = 0x4,
	REQUEST_SIPI = 0x8,
	REQUEST_RESTART = 0x10,  /* only while at rest: all cores of the VM restart it together */
	REQUEST_RESTED = 0x20,   /* to the BSP: the last core has come to rest */
	REQUEST_NMI_MORE = 0x40, /* a second one, or more */
	REQUEST_EXTINT = 0x80,   /* to the BSP: what the virtual PIC has for it may have changed */
	/* Wishes of an operator, to the BSP; at most one of them at a time, HALT aside. None without a console. */
	REQUEST_WISH_STOP = CONFIG_OPERATOR_CONSOLE ? 0x10000 : 0,
	REQUEST_WISH_START = CONFIG_OPERATOR_CONSOLE ? 0x20000 : 0,
	REQUEST_WISH_RESTART = CONFIG_OPERATOR_CONSOLE ? 0x40000 : 0,
	REQUEST_WISHES = REQUEST_WISH_STOP | REQUEST_WISH_START | REQUEST_WISH_RESTART,
	REQUEST_HALT = 0x80000, /* the machine is to be halted */
	REQUEST_MACHINE_CHECK =
		0x100000, /* to the BSP: another core has found memory of the VM broken */
	/* Only while at rest: the operator's console asks for what console_request says (console/examine.h). */
	REQUEST_EXAMINE = 0x200000,
	REQUEST_SIPI_PAGE_SHIFT = 8,
	REQUEST_SIPI_PAGE = 0xFF00,
};

/* Lines that a guest can cause at will, each limited on its own. */
struct vm_log_limits {
	struct log_limiter msr;
	struct log_limiter ipi;
	struct log_limiter interrupt;
	struct log_limiter port;
};

/* Pins of each IOAPIC of which a VM reads back what it wrote, whether they are its own or not. */
#define VM_UNUSED_PINS 24

/* MSRs that were refused to a VM and are told of, once each. */
#define VM_MSRS_REFUSED 16

/* Real pins that go by the virtual PIC (vm/pic_pins.h), by its inputs; for the BSP's core. */
#define PIC_PINS (PIC_COUNT * PIC_INPUTS)
struct pic_pins {
	uint16_t opened;          /* those with a vector */
	uint16_t served;          /* in service at the APIC, and known to the virtual PIC */
	uint8_t vector[PIC_PINS]; /* of the real IOAPIC entry; 0: none; atomic */
};

/*
 * On pages of its own, which its VM's cores have mapped and no others. Small members come first, within reach of short
 * instructions.
 */
struct vm {
	const struct vm_config *config;
	uint32_t stop;                        /* enum stop_reason of the last end; atomic */
	uint32_t parked;                      /* vCPUs that have come to rest; atomic */
	uint32_t arrived, phase;              /* of its cores at a meeting (restart.c); atomic */
	bool tells;                           /* this end is reported in full */
	uint32_t starts;                      /* how often it was started */
	uint64_t started;                     /* TSC when it was started last; 0: never */
	uint64_t restart_window, told_window; /* TSC when they began (life_policy.c) */
	uint32_t restarts_in_window, told, untold;
	uint64_t watchdog_fed; /* TSC; atomic */
	struct vm_log_limits limits;
	uint32_t pci_address;   /* CONFIG_ADDRESS of its virtual PCI bus; atomic */
	struct boot_entry boot; /* initial state of the BSP */
	uint32_t ioapic_index[CONFIG_MAX_IOAPICS]; /* IOREGSEL of its virtual IOAPICs; atomic */
	uint8_t ioapic_id[CONFIG_MAX_IOAPICS];     /* as the guest has written them; atomic */
	/* entries of pins that are not its own: bits 31:24 the destination, bits 15:0 as in the lower half */
	uint32_t ioapic_unused[CONFIG_MAX_IOAPICS][VM_UNUSED_PINS];
	struct lock pci_lock; /* for what follows; held for a few accesses to configuration space */
	struct pci_function pci[CONFIG_MAX_PCI_FUNCTIONS]; /* as config->pci_functions */
	uint32_t host_bridge[48]; /* registers from 0x40 of its virtual 440FX; atomic */
	uint64_t msrs_refused[VM_MSRS_REFUSED]; /* MSR + 1 of each that was told of; atomic */
	struct virtual_devices devices;         /* has a lock of its own */
	struct pic_pins pic_pins;
	uint32_t msix_used; /* elements of the next */
	/* MSI-X tables of its functions as the guest has written them */
	_Alignas(4096) struct pci_msix_entry msix[CONFIG_MAX_MSIX_VECTORS];
	/* The VM's own with all x2APIC MSRs exiting, for cores that are not in x2APIC mode. */
	_Alignas(4096) uint8_t narrow_msr_bitmap[4096];
} __attribute__((aligned(4096)));
_Static_assert(sizeof(struct vm) == HOST_VM_SIZE, "change HOST_VM_SIZE in bulkhead/host.h");

/* On pages of its own, which its VM's cores have mapped and no others. */
struct vcpu {
	struct core_counters *counters; /* of its core; entry.S knows that this is first */
	const struct vcpu_config *config;
	struct vm *vm;
	uint32_t inject; /* FAULT_* at which place this core is to fail, 0: none (vm/inject.h) */
	uint32_t wish;   /* of an operator, seen by the BSP while its VM was on its way to rest */
	bool waits_for_sipi;
	uint32_t
		nmis; /* raised and not delivered yet: at most two, as one may be in the handler's hands */
	uint64_t apic_base;    /* IA32_APIC_BASE as the guest sees it */
	uint64_t icr;          /* last value written to the ICR */
	uint32_t lint[2];      /* LVT entries LINT0 and LINT1 as the guest has written them */
	uint32_t xapic_ldr;    /* logical destination while in xAPIC mode */
	uint32_t xapic_dfr;    /* destination format while in xAPIC mode */
	uint64_t mtrr_default; /* IA32_MTRR_DEF_TYPE as the guest wrote it */
	uint64_t misc_enable;  /* of IA32_MISC_ENABLE, what the guest can change */
	_Alignas(64) struct cpuid_cache cpuid; /* entry.S knows where it is */
	struct mmio_cache mmio;
	struct guest_registers at_exit; /* for the record of the exit (trace.c) */
} __attribute__((aligned(4096)));
_Static_assert(sizeof(struct vcpu) == HOST_VCPU_SIZE, "change HOST_VCPU_SIZE in bulkhead/host.h");

extern struct vcpu vcpus[CONFIG_MAX_VCPUS];
extern struct vm vms[CONFIG_MAX_VMS];

/*
 * What cores of other VMs, an operator's, may use of a vCPU and a VM: OR of enum vcpu_request, and enum
 * vm_state. Atomics, shared by all cores. Of the structures themselves they may use no more than the address.
 */
extern uint32_t vcpu_request_words[CONFIG_MAX_VCPUS];

static inline uint32_t *vcpu_requests(const struct vcpu *vcpu)
{
	return &vcpu_request_words[vcpu - vcpus];
}

static inline const struct vcpu_config *vcpu_config_of(const struct vcpu *vcpu)
{
	return &scenario_tables.vcpus[vcpu - vcpus];
}

static inline const struct vm_config *vm_config_of(const struct vm *vm)
{
	return &scenario_tables.vms[vm - vms];
}

/* Fills vms[] and vcpus[] from the tables and binds vCPUs to cores. Once, on the BSP. */
void vms_init(const struct scenario *scenario);

/* vCPU `index` of the VM, or NULL. Those of a VM lie one behind the other. */
struct vcpu *vm_vcpu(const struct vm *vm, uint32_t index);
/* Runs the calling core's vCPU for good. */
_Noreturn void vcpu_run(struct vcpu *vcpu);

/*
 * Posts a request to a vCPU, of another VM only what an operator may want, and kicks its core. May be the calling vCPU itself, which
 * then handles it before its next entry.
 */
void vcpu_post(struct vcpu *vcpu, uint32_t request);

/* The same to all vCPUs of the calling core's VM but one, which may be NULL. */
void vm_post(const struct vm *vm, const struct vcpu *but, uint32_t request);

/* Takes all pending requests of the calling core's vCPU, so that none is acted on twice. */
uint32_t vcpu_take_requests(struct vcpu *vcpu);

/* Takes the pending requests of the calling core's vCPU and acts on them. May not return. */
void vcpu_handle_requests(struct vcpu *vcpu, struct guest_registers *registers);

/* Makes the next VM entry of the calling core exit at once. Safe in an NMI handler. */
void vcpu_exit_soon(void);

/* Puts the calling core's vCPU to sleep until its VM sends INIT and SIPI; sets its state then. */
void vcpu_wait_for_sipi(struct vcpu *vcpu, struct guest_registers *registers);

/*
 * Ends the calling core's VM: logs the reason with the guest's registers, calls its other cores, and
 * comes to rest. The first reason of a VM wins. `registers` may be NULL.
 */
_Noreturn void vm_stop(struct vcpu *vcpu, enum stop_reason reason,
		       const struct guest_registers *registers);

/* Where a core of a VM that has ended waits, on an otherwise empty stack, for it to be started again. */
_Noreturn void vcpu_rest(void);

/* REQUEST_STOP: another core of the VM has found an end. */
_Noreturn void vcpu_park(struct vcpu *vcpu);

/* Everything at run time that an earlier life of the VM, or of the vCPU, may have changed. */
void vm_reset(struct vm *vm);
void vcpu_reset(struct vcpu *vcpu);

#endif
