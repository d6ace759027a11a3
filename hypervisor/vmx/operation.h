/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMX operation of one core: what it offers, and switching it on and off (SDM 3.24.6 to 3.24.8).
 * Everything here is per logical processor; cores know nothing of each other.
 */
#ifndef VMX_OPERATION_H
#define VMX_OPERATION_H

#include "bulkhead/error.h"
#include "cpu/cpu.h"

/*
 * Checks that the calling core has VMX, that firmware lets it be used, and that it offers every
 * control and EPT feature that Bulkhead needs. Each thing missing is handed to `report` with one
 * sentence; returns the number of reports. Changes nothing.
 */
typedef void vmx_report(enum error error, const char *what);
unsigned vmx_check(vmx_report *report);

/*
 * Brings the calling core into VMX operation. On any error the core is as it was before: CR4 restored,
 * nothing enabled, and the error returned.
 */
enum error vmx_enable(struct cpu *cpu);

/* Leaves VMX operation: VMCS cleared, VMXOFF, CR4 as it was. ERROR_VMX_NOT_ON if it is not on. */
enum error vmx_disable(struct cpu *cpu);

#endif
