/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a core on which the hypervisor fails: an exception, a panic, a failed assertion, a VMCS
 * that can't be accessed.
 *
 *   while it runs its guest       its VM is stopped with a report; an operator may start it again
 *   otherwise, or a second time   its VM is lost: its other cores come to rest, this one halts
 *   a third time                  it halts at once
 *   during the start              it halts; nothing has been started that could suffer
 *
 * Other VMs run on in any case. What they share with this core it lets go of first: locks, and the printer.
 */
#ifndef VM_CONTAIN_H
#define VM_CONTAIN_H

#include "vm/life.h"

/* First of all at each failure, before anything is said: what is said may fail, too. May not return. */
void contain_begin(void);

/* Last, when it has been told: `why` in one line. `stack` is where the failing code's stack pointer was. */
_Noreturn void contain_end(const char *why, const void *stack);

/* The same for a failure that is not the hypervisor's own. */
_Noreturn void contain_end_as(enum stop_reason reason, const char *why, const void *stack);

#endif
