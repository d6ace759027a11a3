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

#endif
