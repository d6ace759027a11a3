/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/pci.h"

#include "bulkhead/virtual_devices.h"
#include "devices/pci_config.h"

#define ADDRESS_WRITABLE UINT32_C(0x80FFFFFC) /* of CONFIG_ADDRESS */

/* A generic host bridge at 00:00.0, for which no driver exists; read-only. */
static uint32_t host_bridge_read(uint32_t offset)
{
	if (offset == PCI_ID)
		return PCI_ID_GENERIC_BRIDGE;
	return offset == PCI_CLASS ? (uint32_t)PCI_CLASS_BRIDGE << 24 : 0;
}

static bool has_i440fx(const struct vm *vm)
{
	return vm->config->virtual_devices & VIRTUAL_HOST_BRIDGE;
}

uint32_t pci_bus_read(struct vm *vm, uint32_t address)
{
	uint32_t offset = address & PCI_ADDRESS_REGISTER;
	uint32_t value = UINT32_MAX;

	if (!(pci_function_read && pci_function_read(vm, address & ~UINT32_C(3), &value)) &&
	    pci_is_host_bridge(address))
		value = has_i440fx(vm) ? i440fx_read(vm, offset) : host_bridge_read(offset);
	return value >> 8 * (address & 3);
}

void pci_bus_write(struct vm *vm, uint32_t address, unsigned size, uint32_t value)
{
	if (pci_function_write && pci_function_write(vm, address, size, value))
		return;
	if (has_i440fx(vm) && pci_is_host_bridge(address))
		i440fx_write(vm, address, size, value);
}

uint32_t pci_port_read(struct vm *vm, uint16_t port, unsigned size)
{
	uint32_t address = __atomic_load_n(&vm->pci_address, __ATOMIC_RELAXED);

	/* CONFIG_ADDRESS is only there for 32-bit accesses */
	if (port == PCI_ADDRESS_PORT && size == 4)
		return address;
	if (port < PCI_DATA_PORT)
		return UINT32_MAX;
	return pci_bus_read(vm, address | (port & 3u));
}

void pci_port_write(struct vm *vm, uint16_t port, unsigned size, uint32_t value)
{
	uint32_t address = __atomic_load_n(&vm->pci_address, __ATOMIC_RELAXED);

	if (port == PCI_ADDRESS_PORT && size == 4)
		__atomic_store_n(&vm->pci_address, value & ADDRESS_WRITABLE, __ATOMIC_RELAXED);
	else if (port >= PCI_DATA_PORT)
		pci_bus_write(vm, address | (port & 3u), size, value);
}
