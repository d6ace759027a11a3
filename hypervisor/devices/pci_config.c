/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/pci_config.h"

#include "cpu/privileged.h"
#include "lib/lock.h"
#include "lib/section.h"

/*
 * Address and data are two accesses that belong together, whichever VM makes them. Held for a few port
 * accesses, never while waiting for anything, so that another VM's core waits for a bounded time.
 */
static struct lock lock SHARED_DATA;

uint32_t pci_config_read(uint32_t function_address, uint32_t offset)
{
	uint32_t value;

	lock_take(&lock);
	io_write32(PCI_ADDRESS_PORT, function_address | offset);
	value = io_read32(PCI_DATA_PORT);
	lock_release(&lock);
	return value;
}

void pci_config_write(uint32_t function_address, uint32_t offset, uint32_t value)
{
	pci_config_update(function_address, offset, UINT32_MAX, value);
}

void pci_config_update(uint32_t function_address, uint32_t offset, uint32_t mask, uint32_t value)
{
	pci_config_update_status(function_address, offset, mask, value,
				 offset == PCI_COMMAND ? ~PCI_COMMAND_MASK : 0);
}

void pci_config_update_status(uint32_t function_address, uint32_t offset, uint32_t mask,
			      uint32_t value, uint32_t status)
{
	uint32_t old = 0;

	lock_take(&lock);
	io_write32(PCI_ADDRESS_PORT, function_address | offset);
	if (mask != UINT32_MAX)
		old = io_read32(PCI_DATA_PORT) & ~status;
	io_write32(PCI_DATA_PORT, (old & ~mask) | (value & mask));
	lock_release(&lock);
}
