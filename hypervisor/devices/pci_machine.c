/* SPDX-License-Identifier: Apache-2.0 */
/* The board's PCI functions before the VMs start: compared with the machine's, and made quiet. */
#include "boot/machine.h"
#include "devices/pci.h"
#include "devices/pci_capability.h"
#include "devices/pci_config.h"
#include "devices/pci_msi.h"

static uint32_t address_of(const struct pci_function_config *function)
{
	return pci_address(function->bus, function->device, function->function);
}

static uint32_t identity(uint16_t vendor_id, uint16_t device_id)
{
	return (uint32_t)device_id << 16 | vendor_id;
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
	    identity(function->vendor_id, function->device_id))
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

static void check_function(const struct scenario *scenario, const struct pci_inventory *expected)
{
	uint32_t found = pci_config_read(
		pci_address(expected->bus, expected->device, expected->function), PCI_ID);

	if (found == identity(expected->vendor_id, expected->device_id))
		return;
	if (expected->vm == VM_NONE)
		log_warning("machine: PCI function %02x:%02x.%u is %04x:%04x, the board file says "
			    "%04x:%04x; no VM uses it",
			    expected->bus, expected->device, expected->function, found & 0xFFFF,
			    found >> 16, expected->vendor_id, expected->device_id);
	else
		machine_difference(MACHINE_PCI_FUNCTION,
				   "PCI function %02x:%02x.%u is %04x:%04x, the board file says "
				   "%04x:%04x; VM \"%s\" needs it: correct the board file",
				   expected->bus, expected->device, expected->function,
				   found & 0xFFFF, found >> 16, expected->vendor_id,
				   expected->device_id, scenario->vms[expected->vm].name);
}

static void take_bus_mastering(const struct pci_inventory *item)
{
	if (item->class_code >> 16 != PCI_CLASS_BRIDGE)
		pci_config_update(pci_address(item->bus, item->device, item->function), PCI_COMMAND,
				  PCI_COMMAND_MASTER, 0);
}

/* What a VM sees of its functions is decided while all of them are quiet. */
static void take_functions(struct vm *vm)
{
	const struct vm_config *config = vm->config;

	vm->msix_used = 0;
	for (uint32_t i = 0; i < config->pci_function_count && i < CONFIG_MAX_PCI_FUNCTIONS; i++) {
		vm->pci[i] = (struct pci_function){.config = &config->pci_functions[i]};
		check_bars(config, vm->pci[i].config);
		pci_capability_scan(vm, &vm->pci[i]);
	}
	pci_forget(vm);
	IF_PRESENT(pci_remember, config);
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

void pci_init(const struct scenario *scenario)
{
	for (uint32_t i = 0; i < scenario->pci_count; i++) {
		check_function(scenario, &scenario->pci[i]);
		take_bus_mastering(&scenario->pci[i]);
	}
	for (uint32_t i = 0; i < scenario->vm_count; i++) {
		take_functions(&vms[i]);
		warn_of_dma(&scenario->vms[i]);
	}
}

void pci_forget(struct vm *vm)
{
	vm->pci_address = 0;
	vm->pci_lock.holder = LOCK_FREE;
	for (unsigned i = 0; i < CONFIG_MAX_PCI_FUNCTIONS && vm->pci[i].config; i++) {
		struct pci_function *function = &vm->pci[i];

		for (unsigned bar = 0; bar < PCI_BAR_COUNT; bar++)
			function->bars[bar] = pci_bar_value(function->config, bar);
		pci_messages_reset(function);
	}
}

void pci_silence(const struct vm_config *vm)
{
	for (uint32_t i = 0; i < vm->pci_function_count; i++)
		pci_config_update(address_of(&vm->pci_functions[i]), PCI_COMMAND,
				  PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX, PCI_COMMAND_NO_INTX);
}
