/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSI and MSI-X of a VM's function. What the guest writes is kept; what the function gets is a message that
 * reaches cores of the VM alone, or it stays disabled or masked.
 */
#ifndef DEVICES_PCI_MSI_H
#define DEVICES_PCI_MSI_H

#include "lib/optional.h"
#include "vm/vcpu.h"

/* Takes the capability at `offset` for the guest and disables it; its size, or 0: not to be shown. */
uint8_t pci_msi_take(struct pci_function *function, uint8_t offset);
uint8_t pci_msix_take(struct vm *vm, struct pci_function *function, uint8_t offset);

/* 32-bit registers of the capabilities; `mask` has ones for the bytes that are written. */
uint32_t pci_msi_read(const struct pci_function *function, uint32_t offset);
void pci_msi_write(struct vm *vm, struct pci_function *function, uint32_t offset, uint32_t mask,
		   uint32_t value);
uint32_t pci_msix_read(const struct pci_function *function, uint32_t offset);
void pci_msix_write(const struct pci_function *function, uint32_t offset, uint32_t mask,
		    uint32_t value);

/* Disables both and forgets what the guest has written. */
void pci_messages_reset(struct pci_function *function) OPTIONAL;

/*
 * A page that is not mapped because it holds an MSI-X table of the VM: the guest accesses `size` (1, 2, 4 or 8)
 * bytes at `address`. False: there is none.
 */
bool pci_msix_page(const struct vm *vm, gpa_t address);
uint64_t pci_msix_page_read(struct vm *vm, gpa_t address, unsigned size);
void pci_msix_page_write(struct vm *vm, gpa_t address, unsigned size, uint64_t value);

#endif
