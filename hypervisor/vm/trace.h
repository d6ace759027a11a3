/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last exits of each vCPU, for the report when its VM stops. Kconfig's EXIT_TRACE picks the file:
 * trace.c keeps CONFIG_EXIT_TRACE_DEPTH of them, trace_none.c none.
 */
#ifndef VM_TRACE_H
#define VM_TRACE_H

#include "vm/vcpu.h"

/*
 * Notes an exit of the calling core's vCPU before it is handled, and what has become of it afterwards.
 * Called by entry.S. A handler that stops the VM never gets to the second.
 */
void trace_begin(struct vcpu *vcpu, const struct guest_registers *registers);
void trace_end(struct vcpu *vcpu, const struct guest_registers *registers);

/* Logs the last exits of the calling core's vCPU, oldest first. */
void trace_report(const struct vcpu *vcpu);

#endif
