/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/pci.h"

#define ADDRESS_PORT 0xCF8
#define DATA_PORT    0xCFC

/* CONFIG_ADDRESS: enable bit, bus, device and function, register */
#define ADDRESS_ENABLE   UINT32_C(0x80000000)
#define ADDRESS_WRITABLE UINT32_C(0x80FFFFFC)
#define ADDRESS_FUNCTION UINT32_C(0x00FFFF00)
#define ADDRESS_REGISTER UINT32_C(0x000000FC)

struct pci_register {
	uint32_t offset;
	uint32_t value;
};

/* The host bridge at 00:00.0, read-only; registers that are not here read as 0. */
static const struct pci_register host_bridge[] = {
	{0x00,
	 0x00081B36}, /* device and vendor: a generic host bridge, for which no driver exists */
	{0x08, 0x06000000}, /* class: host bridge */
};

static uint32_t host_bridge_read(uint32_t offset)
{
	for (unsigned i = 0; i < sizeof(host_bridge) / sizeof(host_bridge[0]); i++)
		if (host_bridge[i].offset == offset)
			return host_bridge[i].value;
	return 0;
}

static uint32_t data_read(const struct vm *vm)
{
	uint32_t address = __atomic_load_n(&vm->pci_address, __ATOMIC_RELAXED);

	if (!(address & ADDRESS_ENABLE) || (address & ADDRESS_FUNCTION))
		return UINT32_MAX;
	return host_bridge_read(address & ADDRESS_REGISTER);
}

uint32_t pci_port_read(const struct vm *vm, uint16_t port, unsigned size)
{
	/* CONFIG_ADDRESS is only there for 32-bit accesses */
	if (port == ADDRESS_PORT && size == 4)
		return __atomic_load_n(&vm->pci_address, __ATOMIC_RELAXED);
	if (port < DATA_PORT)
		return UINT32_MAX;
	return data_read(vm) >> (8 * (port - DATA_PORT));
}

void pci_port_write(struct vm *vm, uint16_t port, unsigned size, uint32_t value)
{
	if (port == ADDRESS_PORT && size == 4)
		__atomic_store_n(&vm->pci_address, value & ADDRESS_WRITABLE, __ATOMIC_RELAXED);
}
