/* SPDX-License-Identifier: Apache-2.0 */
/* Memory-mapped configuration space of a VM's bus, and what else of PCI is not mapped in its EPT. */
#include "devices/pci.h"
#include "devices/pci_config.h"
#include "devices/pci_msi.h"

/* Bus, device and function, then 4 KiB of registers (PCI Express 5.0, 7.2.2). */
#define ECAM_FUNCTION_SHIFT 12
#define ECAM_REGISTER       0xFFFu
#define ADDRESS_SHIFT       8

bool pci_ecam_page(const struct vm *vm, gpa_t address)
{
	const struct scenario *scenario = &scenario_tables;

	return vm->config->pci_function_count != 0 && address >= scenario->pci_ecam_base &&
	       address - scenario->pci_ecam_base < scenario->pci_ecam_size;
}

static uint32_t ecam_function(gpa_t address)
{
	uint32_t offset = (uint32_t)(address - scenario_tables.pci_ecam_base);

	return PCI_ADDRESS_ENABLE | offset >> ECAM_FUNCTION_SHIFT << ADDRESS_SHIFT;
}

static bool is_in_word(gpa_t address, unsigned size)
{
	return size <= 4 && (address & 3) + size <= 4;
}

/*
 * Extended registers are 0, which says that there is no extended capability. An access across registers is
 * none that software makes: it reads as ones.
 */
uint32_t pci_ecam_read(struct vm *vm, gpa_t address, unsigned size)
{
	uint32_t function = ecam_function(address), reg = address & ECAM_REGISTER;

	if (!is_in_word(address, size))
		return UINT32_MAX;
	if (reg < PCI_SPACE_END)
		return pci_bus_read(vm, function | reg);
	return pci_bus_read(vm, function | PCI_ID) == UINT32_MAX ? UINT32_MAX : 0;
}

void pci_ecam_write(struct vm *vm, gpa_t address, unsigned size, uint32_t value)
{
	uint32_t reg = address & ECAM_REGISTER;

	if (is_in_word(address, size) && reg < PCI_SPACE_END)
		pci_bus_write(vm, ecam_function(address) | reg, size, value);
}

bool pci_memory_at(const struct vm *vm, gpa_t address)
{
	return pci_ecam_page(vm, address) || pci_msix_page(vm, address);
}

uint64_t pci_memory_read(struct vm *vm, gpa_t address, unsigned size)
{
	return pci_ecam_page(vm, address) ? pci_ecam_read(vm, address, size)
					  : pci_msix_page_read(vm, address, size);
}

void pci_memory_write(struct vm *vm, gpa_t address, unsigned size, uint64_t value)
{
	if (pci_ecam_page(vm, address))
		pci_ecam_write(vm, address, size, (uint32_t)value);
	else
		pci_msix_page_write(vm, address, size, value);
}
