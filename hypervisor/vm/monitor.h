/* SPDX-License-Identifier: Apache-2.0 */
/* What monitor VMs read (bulkhead/monitor.h), and this core's part in keeping it up to date. */
#ifndef VM_MONITOR_H
#define VM_MONITOR_H

#include "bulkhead/monitor.h"
#include "lib/optional.h"

struct vm;

extern struct monitor_header monitor_header;

/* Fills in what never changes. Once, on the BSP, after the cores' areas and vms[]. */
void monitor_init(const struct scenario *scenario) OPTIONAL;

/* Tells that the VM was started, or ends; on a core of the VM. Its state is kept in the header itself. */
void monitor_started(const struct vm *vm);
void monitor_ends(const struct vm *vm, uint32_t stop_reason);

/* The word that holds a VM's enum vm_state; atomic. */
static inline uint32_t *monitor_state(uint32_t vm)
{
	return &monitor_header.vms[vm].state;
}

#endif
