/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/pci.h"
#include "devices/pci_config.h"

/*
 * The 440FX host bridge, for firmware that looks for it. Its registers are memory: the ones that say what
 * lies below 1 MiB (PAM, 0x59 to 0x5F) and 0x72 (SMRAM) show what was written, and change nothing.
 */
uint32_t i440fx_read(struct vm *vm, uint32_t offset)
{
	static const struct {
		uint32_t offset, value;
	} fixed[] = {
		{PCI_ID, 0x12378086},
		{PCI_CLASS, 0x06000002},
		{PCI_SUBSYSTEM, 0x11001AF4},
	};

	for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (fixed[i].offset == offset)
			return fixed[i].value;
	if (offset < PCI_HEADER_END)
		return 0;
	return __atomic_load_n(&vm->host_bridge[(offset - PCI_HEADER_END) / 4], __ATOMIC_RELAXED);
}

void i440fx_write(struct vm *vm, uint32_t address, unsigned size, uint32_t value)
{
	uint32_t offset = address & PCI_ADDRESS_REGISTER;
	uint32_t mask = pci_byte_mask(address, size);
	uint32_t *word;

	if (offset < PCI_HEADER_END)
		return;
	word = &vm->host_bridge[(offset - PCI_HEADER_END) / 4];
	lock_take(&vm->pci_lock); /* against another core of the VM that writes other bytes */
	__atomic_store_n(word, (*word & ~mask) | (value << 8 * (address & 3) & mask),
			 __ATOMIC_RELAXED);
	lock_release(&vm->pci_lock);
}
