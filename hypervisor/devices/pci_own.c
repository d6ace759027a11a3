/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's PCI functions as a whole: taken before the VMs start, forgotten at a restart, silenced at the end. */
#include "boot/machine.h"
#include "devices/pci.h"
#include "devices/pci_capability.h"
#include "devices/pci_config.h"
#include "devices/pci_msi.h"

static uint32_t address_of(const struct pci_function_config *function)
{
	return pci_address(function->bus, function->device, function->function);
}

static bool bar_agrees(const struct pci_function_config *function, unsigned index)
{
	uint32_t real = pci_config_read(address_of(function), PCI_BAR0 + 4 * index);

	return real == pci_bar_value(function, index);
}

static void check_bars(const struct vm_config *vm, const struct pci_function_config *function)
{
	/* another device in its place, or none, is one difference and not seven */
	if (pci_config_read(address_of(function), PCI_ID) !=
	    pci_identity(function->vendor_id, function->device_id))
		return;
	for (unsigned i = 0; i < PCI_BAR_COUNT; i++)
		if (!bar_agrees(function, i))
			machine_difference(
				MACHINE_PCI_BAR,
				"BAR %u of %s (%02x:%02x.%u) of VM \"%s\" is 0x%x, the board "
				"file says 0x%x: correct the board file",
				i, function->name, function->bus, function->device,
				function->function, vm->name,
				pci_config_read(address_of(function), PCI_BAR0 + 4 * i),
				pci_bar_value(function, i));
}

static void warn_of_dma(const struct vm_config *vm)
{
	for (uint32_t i = 0; i < vm->pci_function_count; i++) {
		if (!vm->pci_functions[i].dma_unprotected)
			continue;
		log_warning(
			"VM \"%s\" HAS UNPROTECTED DMA: no IOMMU guards %s%s, which can reach all "
			"memory of the machine, other VMs' and this hypervisor's",
			vm->name, vm->pci_functions[i].name,
			vm->pci_function_count > 1 ? " and others" : "");
		return;
	}
}

void pci_functions_forget(struct vm *vm)
{
	for (unsigned i = 0; i < CONFIG_MAX_PCI_FUNCTIONS && vm->pci[i].config; i++) {
		struct pci_function *function = &vm->pci[i];

		for (unsigned bar = 0; bar < PCI_BAR_COUNT; bar++)
			function->bars[bar] = pci_bar_value(function->config, bar);
		pci_messages_reset(function);
	}
}

/* What a VM sees of its functions is decided while all of them are quiet. */
void pci_functions_take(struct vm *vm)
{
	const struct vm_config *config = vm->config;

	vm->msix_used = 0;
	for (uint32_t i = 0; i < config->pci_function_count && i < CONFIG_MAX_PCI_FUNCTIONS; i++) {
		vm->pci[i] = (struct pci_function){.config = &config->pci_functions[i]};
		check_bars(config, vm->pci[i].config);
		pci_capability_scan(vm, &vm->pci[i]);
	}
	pci_forget(vm);
	pci_remember(config);
	warn_of_dma(config);
}

void pci_silence(const struct vm_config *vm)
{
	for (uint32_t i = 0; i < vm->pci_function_count; i++)
		pci_config_update(address_of(&vm->pci_functions[i]), PCI_COMMAND,
				  PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX, PCI_COMMAND_NO_INTX);
}
