/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scenario for unit tests of vm/ and devices/: "left" on APIC ids 0 and 1 with IOAPIC pin 4, "right"
 * on 2 and 3 with pin 3. Defines scenario_tables, vms[] and vcpus[] as vm/vm.c does, without its life
 * cycle: stopping a VM ends the test unless fake_stop_expected is set.
 */
#ifndef FAKE_VM_H
#define FAKE_VM_H

#include <setjmp.h>

#include "vm/vcpu.h"

void fake_vms_reset(void);

/* How often the APIC forgot what was requested (cpu/apic_drain.c). */
extern unsigned fake_drains;

/* Reason of the last vm_stop(), which jumps here instead of not returning. */
extern enum stop_reason fake_stop_reason;
extern jmp_buf fake_stop_jump;
extern bool fake_stop_expected;

#endif
