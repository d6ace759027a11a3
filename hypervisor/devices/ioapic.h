/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IOAPICs. Each VM sees all of the board's at their own addresses, but only its own pins work: the
 * others read as masked and ignore writes. An entry of an own pin is checked and written through to
 * the real IOAPIC, so that interrupts need no help from then on.
 */
#ifndef DEVICES_IOAPIC_H
#define DEVICES_IOAPIC_H

#include "bulkhead/tables.h"
#include "vm/vcpu.h"

#define IOAPIC_DESTINATION_SHIFT 56 /* of an APIC id in a redirection entry (82093AA 3.2.4) */

/* Masks every pin of every IOAPIC of the board. Once, on the BSP. */
void ioapic_init(const struct scenario *scenario);

/* Index and id registers of a VM's IOAPICs as at power-on; while none of its cores runs. */
void ioapic_forget(struct vm *vm);

/* Masks the pins of one VM. */
void ioapic_mask_pins(const struct vm_config *vm);

/* The guest accesses the register page of IOAPIC `index`, 32 bits at `offset`. */
uint32_t ioapic_read(struct vm *vm, uint32_t index, uint32_t offset);
void ioapic_write(struct vm *vm, uint32_t index, uint32_t offset, uint32_t value);

/* Whether the VM owns the pin of a global system interrupt. */
bool ioapic_owns_gsi(const struct vm *vm, uint32_t gsi);

/* What the virtual PIC says of an own pin has changed (vm/pic_pins.h); `gsi` is its input. */
void ioapic_route(struct vm *vm, uint32_t gsi);

#endif
