/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's real PCI configuration space, through ports 0xCF8 and 0xCFC, which no VM ever gets.
 */
#ifndef DEVICES_PCI_CONFIG_H
#define DEVICES_PCI_CONFIG_H

#include "bulkhead/tables.h"

/* Ports of configuration mechanism 1 (PCI Local Bus 3.0, 3.2.2.3.2) */
#define PCI_ADDRESS_PORT 0xCF8
#define PCI_DATA_PORT    0xCFC

#define PCI_ADDRESS_ENABLE UINT32_C(0x80000000)

#define PCI_ADDRESS_FUNCTION UINT32_C(0x80FFFF00) /* all but the register */
#define PCI_ADDRESS_NUMBER   UINT32_C(0x00000700) /* of the function in its device */
#define PCI_ADDRESS_REGISTER UINT32_C(0x000000FC)

/* CONFIG_ADDRESS of a function's register 0. */
static inline uint32_t pci_address(uint8_t bus, uint8_t device, uint8_t function)
{
	return PCI_ADDRESS_ENABLE | (uint32_t)bus << 16 | (uint32_t)device << 11 |
	       (uint32_t)function << 8;
}

/* Ones for the `size` bytes at `address` of the 32-bit register that they lie in. */
static inline uint32_t pci_byte_mask(uint32_t address, unsigned size)
{
	return (UINT32_MAX >> (32 - 8 * size)) << 8 * (address & 3);
}

/* Where a VM has its host bridge, which is virtual. */
static inline bool pci_is_host_bridge(uint32_t address)
{
	return (address & PCI_ADDRESS_FUNCTION) == pci_address(0, 0, 0);
}
#define PCI_ID_GENERIC_BRIDGE UINT32_C(0x00081B36) /* no driver is for it */

/* What PCI_ID reads as. */
static inline uint32_t pci_identity(uint16_t vendor_id, uint16_t device_id)
{
	return (uint32_t)device_id << 16 | vendor_id;
}

/* Registers of a type 0 header (PCI Local Bus 3.0, 6.1), by offset of their 32-bit word. */
#define PCI_ID           0x00
#define PCI_COMMAND      0x04 /* status in the upper half */
#define PCI_CLASS        0x08
#define PCI_CACHE_LINE   0x0C
#define PCI_BAR0         0x10
#define PCI_BAR5         0x24
#define PCI_SUBSYSTEM    0x2C
#define PCI_EXPANSION    0x30
#define PCI_CAPABILITIES 0x34
#define PCI_INTERRUPT    0x3C
#define PCI_HEADER_END   0x40
#define PCI_SPACE_END    0x100

#define PCI_COMMAND_IO          UINT32_C(0x0001)
#define PCI_COMMAND_MEMORY      UINT32_C(0x0002)
#define PCI_COMMAND_MASTER      UINT32_C(0x0004)
#define PCI_COMMAND_PARITY      UINT32_C(0x0040)
#define PCI_COMMAND_NO_INTX     UINT32_C(0x0400)
#define PCI_COMMAND_MASK        UINT32_C(0xFFFF)
#define PCI_STATUS_CAPABILITIES UINT32_C(0x00100000)
#define PCI_STATUS_CLEARABLE    UINT32_C(0xF9000000) /* by writing 1 */

#define PCI_HEADER_MULTIFUNCTION UINT32_C(0x00800000) /* in the word of the cache line size */

#define PCI_CLASS_BRIDGE 0x06 /* base class */

/* Reads and writes the 32-bit register at `offset` (multiple of 4, below 256) of a function. */
uint32_t pci_config_read(uint32_t function_address, uint32_t offset);
void pci_config_write(uint32_t function_address, uint32_t offset, uint32_t value);

/*
 * Changes the bits of `mask` in a register to those of `value`, in one step for all cores. Status bits,
 * which are cleared by writing 1, stay as they are unless the mask has them.
 */
void pci_config_update(uint32_t function_address, uint32_t offset, uint32_t mask, uint32_t value);
/* The same where bits of `status` are cleared by writing 1. */
void pci_config_update_status(uint32_t function_address, uint32_t offset, uint32_t mask,
			      uint32_t value, uint32_t status);

#endif
