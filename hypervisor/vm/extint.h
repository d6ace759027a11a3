/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts of the virtual PIC, which the BSP's core injects: the VMX preemption timer ends the guest's run when
 * the virtual PIT's output rises, the interrupt window when the guest can take what waits. A VM without PIC, and one
 * that has masked it, makes no exit for this. An image has this part if a VM has a PIC.
 */
#ifndef VM_EXTINT_H
#define VM_EXTINT_H

#include "lib/optional.h"
#include "vm/vcpu.h"

/*
 * On the vCPU's core, between two of its runs: delivers what the PIC has for it, or opens the window. Returns in how
 * many ticks of the TSC to look again; UINT64_MAX: only when something changes. Does nothing but on a BSP.
 */
uint64_t extint_update(struct vcpu *vcpu) OPTIONAL;

/* Something has changed at the PIC, the PIT or the BSP's LINT0. From any vCPU of the VM. */
void extint_changed(struct vcpu *vcpu) OPTIONAL;

/*
 * After an access to a device: the same, if something has. A core of the VM that looks in vain has been forestalled by
 * another one, which then tells the BSP.
 */
void extint_look(struct vcpu *vcpu) OPTIONAL;

#endif
