/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest may ask of the hypervisor, by concern. The vendor's exit code decodes an exit and calls
 * one of these; none of them knows about VMX. All run on the vCPU's own core.
 */
#ifndef VM_HANDLERS_H
#define VM_HANDLERS_H

#include "cpu/msr.h"
#include "vm/vcpu.h"

/*
 * CPUID with the guest's EAX and ECX, and its CR4: what the policy table lets through (cpuid.c), or let
 * through before (cpuid_cache.c).
 */
void vm_cpuid(struct vcpu *vcpu, struct guest_registers *registers, uint64_t cr4);

/* RDMSR and WRMSR of a register that the MSR bitmap does not pass (msr.c). False: #GP(0). */
bool vm_msr_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value);
bool vm_msr_write(struct vcpu *vcpu, uint32_t msr, uint64_t value);

/* IN and OUT of `size` (1, 2, 4) bytes at a port that is not the VM's (port.c). */
uint32_t vm_port_read(struct vcpu *vcpu, uint16_t port, unsigned size);
void vm_port_write(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value);

/* INS and OUTS at such a port, with or without REP (string_port.c). */
struct port_string {
	uint16_t port;
	unsigned size; /* 1, 2, 4 bytes per element */
	bool in;
	bool repeat;
	unsigned address_size; /* of RSI, RDI and RCX: 2, 4, 8 bytes */
	enum guest_segment_name segment;
};

enum port_string_result {
	PORT_STRING_DONE,    /* the instruction is complete */
	PORT_STRING_GOES_ON, /* it is to be executed again */
	PORT_STRING_FAULTS,  /* an exception is injected */
};

/*
 * Does a bounded part of it and updates RCX, RSI, RDI. The VM stops if the memory operand is not its
 * RAM: no exception could tell the guest.
 */
enum port_string_result vm_port_string(struct vcpu *vcpu, struct guest_registers *registers,
				       const struct port_string *string);

/*
 * Access to guest-physical memory that the EPT does not map: emulated where a virtual device is, else
 * the VM stops (mmio.c). `linear` is only for the message.
 */
struct memory_access {
	gpa_t address;
	gva_t linear;
	bool linear_valid;
	bool read, write, fetch;
};
void vm_memory_access(struct vcpu *vcpu, struct guest_registers *registers,
		      const struct memory_access *access);

/* XSETBV with the guest's ECX, EDX:EAX (xsave.c). False: #GP(0). */
bool vm_xsetbv(uint32_t index, uint64_t value);

/* Hypercall; the result goes to RAX (hypercall.c). */
void vm_hypercall(const struct vcpu *vcpu, struct guest_registers *registers);

/* A guest's write to the ICR, in its x2APIC form (ipi.c). */
void ipi_send(struct vcpu *vcpu, uint64_t icr);

/* Local APIC: registers by x2APIC MSR number (local_apic.c). False: no such register, or not allowed. */
bool local_apic_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value);
bool local_apic_write(struct vcpu *vcpu, uint32_t msr, uint64_t value);
bool local_apic_base_write(struct vcpu *vcpu, uint64_t value);
/* A register other than the ICR; bits that it does not have are refused, or ignored as on the xAPIC page. */
bool local_apic_register_write(struct vcpu *vcpu, uint32_t msr, uint64_t value, bool ignores);
/* What the vCPU remembers of its APIC, as after power-on. */
void local_apic_forget(struct vcpu *vcpu);
/* State after INIT, of the real APIC as well (SDM 3.11.4.7.3). */
void local_apic_reset(struct vcpu *vcpu);
static inline bool local_apic_is_x2apic(const struct vcpu *vcpu)
{
	return vcpu->apic_base & APIC_BASE_X2APIC;
}
/* True if the guest has its xAPIC page there, in xAPIC mode. */
bool local_apic_page_at(const struct vcpu *vcpu, gpa_t page);
/* The registers through that page; offset within it. */
uint32_t local_apic_page_read(struct vcpu *vcpu, uint32_t offset);
void local_apic_page_write(struct vcpu *vcpu, uint32_t offset, uint32_t value);

#endif
