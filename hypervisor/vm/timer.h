/* SPDX-License-Identifier: Apache-2.0 */
/* What the preemption timer of a BSP's core is for: the VM's watchdog, and the next edge of its virtual PIT. */
#ifndef VM_TIMER_H
#define VM_TIMER_H

#include "vm/vcpu.h"

/*
 * On the vCPU's core, before the first entry and when the timer has ended a run: serves both, and sets the timer for
 * what comes first, or switches it off. May stop the VM. `registers` may be NULL. A kick may have set the timer, which is
 * lost: the caller looks for requests afterwards.
 */
void timer_set(struct vcpu *vcpu, const struct guest_registers *registers);

/* The same when its users' needs have changed; the next entry exits if there are requests. */
void timer_update(struct vcpu *vcpu, const struct guest_registers *registers);

#endif
