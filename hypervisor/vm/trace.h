/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last exits of each vCPU, for the report when its VM stops. Kconfig's EXIT_TRACE picks the file:
 * trace.c keeps CONFIG_EXIT_TRACE_DEPTH of them, trace_none.c none.
 */
#ifndef VM_TRACE_H
#define VM_TRACE_H

#include "vm/vcpu.h"

/* Notes an exit of the calling core's vCPU, before it is handled. */
void trace_exit(const struct vcpu *vcpu, uint32_t reason, uint64_t qualification, uint64_t rip);

/* Logs the last exits of a vCPU, oldest first. */
void trace_report(const struct vcpu *vcpu);

#endif
