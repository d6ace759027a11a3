/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/life.h"

#include "vm/monitor.h"
#include "vm/vcpu.h"

static const char *const state_names[VM_STATE_COUNT] = {
	[VM_PREPARED] = "prepared", [VM_RUNNING] = "running", [VM_STOPPING] = "stopping",
	[VM_STOPPED] = "stopped",   [VM_CRASHED] = "crashed", [VM_RESTARTING] = "restarting",
	[VM_LOST] = "lost",
};

/* A target that is not here is VM_PREPARED, which nothing leads to. */
static const uint8_t transitions[VM_STATE_COUNT][VM_EVENT_COUNT] = {
	[VM_PREPARED] = {[EVENT_BEGIN] = VM_RUNNING, [EVENT_LOSE] = VM_LOST},
	[VM_RUNNING] = {[EVENT_END] = VM_STOPPING, [EVENT_LOSE] = VM_LOST},
	[VM_STOPPING] = {[EVENT_STOP] = VM_STOPPED,
			 [EVENT_CRASH] = VM_CRASHED,
			 [EVENT_RESTART] = VM_RESTARTING,
			 [EVENT_LOSE] = VM_LOST},
	[VM_STOPPED] = {[EVENT_RESTART] = VM_RESTARTING, [EVENT_LOSE] = VM_LOST},
	[VM_CRASHED] = {[EVENT_RESTART] = VM_RESTARTING, [EVENT_LOSE] = VM_LOST},
	[VM_RESTARTING] = {[EVENT_LOADED] = VM_RUNNING, [EVENT_LOSE] = VM_LOST},
	[VM_LOST] = {0},
};

const char *vm_state_name(enum vm_state state)
{
	return (unsigned)state < VM_STATE_COUNT ? state_names[state] : "?";
}

enum vm_state vm_state(const struct vm *vm)
{
	return (enum vm_state)__atomic_load_n(monitor_state((uint32_t)(vm - vms)),
					      __ATOMIC_ACQUIRE);
}

bool vm_transition(struct vm *vm, enum vm_event event)
{
	uint32_t old = __atomic_load_n(monitor_state((uint32_t)(vm - vms)), __ATOMIC_ACQUIRE);
	uint32_t new;

	/* again if another core, losing the VM, was faster */
	do {
		new = transitions[old][event];
		if (new == VM_PREPARED)
			return false;
	} while (!__atomic_compare_exchange_n(monitor_state((uint32_t)(vm - vms)), &old, new, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	return true;
}
