/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a hardware error concerns, and what follows.
 *
 *   corrected, or not used        counted and told, a limited number of times
 *   in memory of VMs              these VMs are stopped
 *   in the hypervisor's memory    the machine is halted: all VMs come to rest
 *   elsewhere, or without place   the VM of the core that reports it is stopped, if it can't go on
 *
 * A processor may report an error to all cores (SDM 3B.16.10.4.1); those that it does not concern go on.
 */
#ifndef VM_MACHINE_CHECK_H
#define VM_MACHINE_CHECK_H

#include "vm/vcpu.h"

struct exception_frame;

/* A machine check while the guest ran, or on the way into it. Does not return if its VM has to stop. */
void vm_machine_check(struct vcpu *vcpu, struct guest_registers *registers);

/* One while the hypervisor ran, in its handler. Returns only if what was interrupted may go on. */
void machine_check_in_hypervisor(const struct exception_frame *frame);

/* The calling core begins to report errors. What its banks still hold, from before a reset perhaps, is told. */
void machine_check_start(void);

/*
 * Looks for errors that no exception reported, most of them corrected, when the VM comes to rest. Not in an
 * NMI's handler.
 */
void machine_check_poll(void);

/*
 * The same at kicks, with the watchdog and the virtual timer; in between nothing of the hypervisor runs on the core. An
 * NMI may be the platform's word for an error, as well as a kick: each is looked after. Without one it looks ten times
 * a second at most.
 */
void machine_check_look(void);

#endif
