/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults inside the hypervisor on request, to show that they stop one VM and harm no other. Only in a build
 * with CONFIG_FAULT_INJECTION, in which any guest may ask for them.
 */
#ifndef VM_INJECT_H
#define VM_INJECT_H

#include "bulkhead/faults.h"
#include "vm/vcpu.h"

/* Makes one of FAULT_*; does not return if the fault is caught. Other numbers do nothing. */
void inject_fault(uint64_t number);

/*
 * Where the hypervisor can be told to fail later: does so if the calling core's vCPU has been told. Callers ask
 * for CONFIG_FAULT_INJECTION first.
 */
void inject_at(uint32_t place);

/* The faults that concern VMX (vmx/inject.c). */
void inject_entry_state(void);
void inject_entry_controls(void);
void inject_entry_host(void);
void inject_no_vmcs(void);
void inject_wrecked_vmcs(void);
void inject_field(void);

/* Those of the processor, and those that happen later (vm/inject_later.c). */
void inject_undefined(void);
void inject_protection(void);
void inject_double(void);
void inject_machine_check(void);
void inject_nmi(void);
void inject_kicked(void);
void inject_report(void);
void inject_log(void);
void inject_lock(void);
void inject_restart(void);
void inject_stop(void);

#endif
