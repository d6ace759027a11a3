/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI configuration space through ports 0xCF8 and 0xCFC (PCI Local Bus 3.0, 3.2.2.3). The real ports
 * belong to no VM. A guest finds a bus with nothing on it but a host bridge without registers, which
 * is what operating systems look for before they believe that there is a bus.
 */
#ifndef DEVICES_PCI_H
#define DEVICES_PCI_H

#include "vm/vcpu.h"

#define PCI_PORT_FIRST 0xCF8
#define PCI_PORT_LAST  0xCFF

/* Access of `size` bytes at a port from PCI_PORT_FIRST to PCI_PORT_LAST. */
uint32_t pci_port_read(const struct vm *vm, uint16_t port, unsigned size);
void pci_port_write(struct vm *vm, uint16_t port, unsigned size, uint32_t value);

#endif
