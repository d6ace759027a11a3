/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities of a PCI function: those on an allow-list are shown at their real offsets, linked anew,
 * and all others are not found. Of registers that belong to none, drivers may want to read what firmware has set
 * up; what writing there does only the card's maker knows.
 */
#ifndef DEVICES_PCI_CAPABILITY_H
#define DEVICES_PCI_CAPABILITY_H

#include "lib/optional.h"
#include "vm/vcpu.h"

/* Reads the real list of a function and decides what the guest sees of it. Once, on the BSP. */
void pci_capability_scan(struct vm *vm, struct pci_function *function) OPTIONAL;

/* Head of the list that the guest sees; 0: it is empty. */
uint8_t pci_capability_head(const struct pci_function *function) OPTIONAL;

/* A register from 0x40 on; what belongs to no capability that is shown is the function's own, read-only. */
uint32_t pci_capability_read(const struct pci_function *function, uint32_t offset) OPTIONAL;
void pci_capability_write(struct vm *vm, struct pci_function *function, uint32_t offset,
			  uint32_t mask, uint32_t value) OPTIONAL;

#endif
