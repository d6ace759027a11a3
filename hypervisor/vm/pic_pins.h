/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real interrupts for a guest that knows only the PIC. The real PIC is nobody's: its masks concern every VM. So
 * each pin of the VM whose IOAPIC entry its guest has left masked, and whose input of the virtual PIC it has
 * opened, gets an IOAPIC entry with the vector that the PIC would give, and the interrupt goes straight to the
 * guest, without an exit. The guest ends it at the PIC, and the hypervisor then at the APIC, which till then
 * holds back what comes after.
 *
 * Not served: vectors below 16 (an APIC has none), automatic end of interrupt (nobody would tell the APIC), inputs
 * 0 and 2 (timer and cascade).
 */
#ifndef VM_PIC_PINS_H
#define VM_PIC_PINS_H

#include "lib/optional.h"
#include "vm/vcpu.h"

/* On the BSP, before an access to the PIC: it shows what is in service. */
void pic_pins_begin(struct vcpu *vcpu) OPTIONAL;

/*
 * On the BSP, afterwards, and when LINT0 has changed: ends what the guest has ended, and opens and closes pins.
 * `wired`: the PIC's output reaches the processor.
 */
void pic_pins_update(struct vcpu *vcpu, bool wired);

/*
 * IOAPIC entry of global system interrupt `gsi` as an input of the virtual PIC, while that is to get it: on the ISA bus
 * active high edges. 0: it is not to.
 */
uint64_t pic_pins_entry(const struct vm *vm, uint32_t gsi) OPTIONAL;

#endif
