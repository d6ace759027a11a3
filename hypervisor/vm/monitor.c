/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/monitor.h"

#include "vm/vcpu.h"

void monitor_started(const struct vm *vm)
{
	struct monitor_vm *entry = &monitor_header.vms[vm->config->id];

	__atomic_store_n(&entry->started, vm->started, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->starts, vm->starts, __ATOMIC_RELAXED);
}

void monitor_ends(const struct vm *vm, uint32_t stop_reason)
{
	__atomic_store_n(&monitor_header.vms[vm->config->id].stop_reason, stop_reason,
			 __ATOMIC_RELAXED);
}
