/* SPDX-License-Identifier: Apache-2.0 */
/* The board's PCI functions before the VMs start: compared with the machine's, and made quiet. */
#include "boot/machine.h"
#include "devices/pci.h"
#include "devices/pci_config.h"
#include "lib/format.h"
#include "lib/log.h"

static void check_function(const struct scenario *scenario, const struct pci_inventory *expected,
			   uint32_t address)
{
	uint32_t found = pci_config_read(address, PCI_ID);
	static char what[96]; /* only the BSP comes here */

	if (found == pci_identity(expected->vendor_id, expected->device_id))
		return;
	format_text(what, sizeof(what),
		    "PCI function %02x:%02x.%u is %04x:%04x, the board file says %04x:%04x",
		    expected->bus, expected->device, expected->function, found & 0xFFFF,
		    found >> 16, expected->vendor_id, expected->device_id);
	if (expected->vm == VM_NONE)
		log_warning("machine: %s; no VM uses it", what);
	else
		machine_difference(MACHINE_PCI_FUNCTION,
				   "%s; VM \"%s\" needs it: correct the board file", what,
				   scenario->vms[expected->vm].name);
}

void pci_init(const struct scenario *scenario)
{
	for (uint32_t i = 0; i < scenario->pci_count; i++) {
		const struct pci_inventory *item = &scenario->pci[i];
		uint32_t address = pci_address(item->bus, item->device, item->function);

		check_function(scenario, item, address);
		if (item->class_code >> 16 != PCI_CLASS_BRIDGE)
			pci_config_update(address, PCI_COMMAND, PCI_COMMAND_MASTER, 0);
	}
	for (uint32_t i = 0; i < scenario->vm_count; i++)
		IF_PRESENT(pci_functions_take, &vms[i]);
}

void pci_forget(struct vm *vm)
{
	vm->pci_address = 0;
	vm->pci_lock.holder = LOCK_FREE;
	IF_PRESENT(pci_functions_forget, vm);
}
