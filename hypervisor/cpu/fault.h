/* SPDX-License-Identifier: Apache-2.0 */
/* What a page fault of the hypervisor hit, in words. */
#ifndef CPU_FAULT_H
#define CPU_FAULT_H

#include "bulkhead/types.h"

/* Logs one line: what was tried (error code of the fault, SDM 3.4.7), and what lies at the address. */
void fault_log(hpa_t address, uint64_t error);

/*
 * Logs what looks like return addresses on the calling core's own stack from `stack` on; nothing if that is
 * not on it. Some of them may be left over from calls that have returned.
 */
void fault_log_stack(const void *stack);

#endif
