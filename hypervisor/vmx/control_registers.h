/* SPDX-License-Identifier: Apache-2.0 */
/* Writes to CR0 and CR4 that exit because they touch a bit that the hypervisor owns. */
#ifndef VMX_CONTROL_REGISTERS_H
#define VMX_CONTROL_REGISTERS_H

#include "bulkhead/types.h"
#include "vm/vcpu.h"

/*
 * Bits of CR4 that a guest may set, if the processor has them: those of the features that CPUID offers
 * (vm/cpuid.c). Not among them: VMX, SMX, 5-level paging, key locker, CET, protection keys of supervisor
 * pages, user interrupts.
 */
#define CR4_OFFERED UINT64_C(0x00770FFF)

/* What MOV to CR0 does (SDM 3.2.5, 3.4.4.1, 3.9.8.5). False: the guest gets #GP. */
bool control_register_write_cr0(const struct vcpu *vcpu, uint64_t value);

/* What MOV to CR4 does on a processor with CR4_OFFERED only. False: the guest gets #GP. */
bool control_register_write_cr4(const struct vcpu *vcpu, uint64_t value);

#endif
