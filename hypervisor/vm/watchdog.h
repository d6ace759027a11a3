/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watchdog of a VM, on the core of its BSP: its guest feeds it by a hypercall or a port, and the VMX
 * preemption timer looks now and then whether it has been long ago. No exit in between.
 *
 * The timer counts only while the guest runs (SDM 3.26.5.1), so it is set to a part of the period. A guest that
 * spends most of its time in exits is found by their number.
 */
#define WATCHDOG_LOOKS 16   /* in a period */
#define WATCHDOG_EXITS 4096 /* of one reason, between two looks; a power of two */

#ifndef VM_WATCHDOG_H
#define VM_WATCHDOG_H

#include "cpu/tsc.h"
#include "lib/optional.h"
#include "vm/vcpu.h"

/* The guest is alive. From any vCPU of the VM. */
static inline void watchdog_feed(struct vm *vm)
{
	/* another core of the VM may read it; nothing else depends on it */
	__atomic_store_n(&vm->watchdog_fed, tsc_host(), __ATOMIC_RELAXED);
}

/*
 * For timer_update(), on the vCPU's core: stops the VM if it was not fed in time, else says in how many ticks of
 * the TSC to look again. UINT64_MAX if the vCPU carries no watchdog. Only in an image with one.
 */
uint64_t watchdog_check(struct vcpu *vcpu, const struct guest_registers *registers) OPTIONAL;

#endif
