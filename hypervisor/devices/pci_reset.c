/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of a VM that begins again. */
#include "cpu/frequency.h"
#include "cpu/privileged.h"
#include "devices/pci.h"
#include "devices/pci_config.h"
#include "lib/section.h"

#define CAPABILITY_POINTER UINT32_C(0xFC)
#define CAPABILITY_ID(x)   ((x)&0xFF)
#define CAPABILITY_NEXT(x) ((x) >> 8 & CAPABILITY_POINTER)
#define CAPABILITIES_MAX   48 /* as many as fit; a list that goes in a circle ends */

/* PCI Express capability (PCIe Base 5.0, 7.5.3.3 and 7.5.3.4) */
#define EXPRESS_ID           0x10
#define EXPRESS_CAPABILITIES 4 /* device capabilities */
#define EXPRESS_CONTROL      8 /* device control, status in the upper half */
#define EXPRESS_CAN_RESET    (UINT32_C(1) << 28)
#define EXPRESS_RESET        (UINT32_C(1) << 15)
#define EXPRESS_CONTROL_MASK UINT32_C(0xFFFF)

/* Advanced features of conventional PCI (ECN "Advanced Capabilities", 2006) */
#define ADVANCED_ID        0x13
#define ADVANCED_CAN_RESET (UINT32_C(2) << 24)
#define ADVANCED_CONTROL   4
#define ADVANCED_RESET     UINT32_C(1)

#define RESET_MILLISECONDS 100 /* PCIe Base 5.0, 6.6.2 */

/* What firmware left in the registers that a guest may write. Written at the start, by the BSP. */
static const uint8_t remembered_registers[] = {PCI_COMMAND, PCI_CACHE_LINE, PCI_INTERRUPT};
#define REMEMBERED_COUNT sizeof(remembered_registers)
static uint32_t remembered[CONFIG_MAX_VMS][CONFIG_MAX_PCI_FUNCTIONS][REMEMBERED_COUNT] SEALED_ZEROS;

static uint32_t address_of(const struct pci_function_config *function)
{
	return pci_address(function->bus, function->device, function->function);
}

static uint32_t capability_find(uint32_t address, uint32_t id)
{
	uint32_t offset;

	if (!(pci_config_read(address, PCI_COMMAND) & PCI_STATUS_CAPABILITIES))
		return 0;
	offset = pci_config_read(address, PCI_CAPABILITIES) & CAPABILITY_POINTER;
	for (unsigned i = 0; i < CAPABILITIES_MAX && offset >= PCI_HEADER_END; i++) {
		uint32_t header = pci_config_read(address, offset);

		if (CAPABILITY_ID(header) == id)
			return offset;
		offset = CAPABILITY_NEXT(header);
	}
	return 0;
}

static bool express_reset(uint32_t address)
{
	uint32_t offset = capability_find(address, EXPRESS_ID);

	if (!offset ||
	    !(pci_config_read(address, offset + EXPRESS_CAPABILITIES) & EXPRESS_CAN_RESET))
		return false;
	/* status bits are cleared by writing 1, so they are written as 0 */
	pci_config_write(
		address, offset + EXPRESS_CONTROL,
		(pci_config_read(address, offset + EXPRESS_CONTROL) & EXPRESS_CONTROL_MASK) |
			EXPRESS_RESET);
	return true;
}

static bool advanced_reset(uint32_t address)
{
	uint32_t offset = capability_find(address, ADVANCED_ID);

	if (!offset || !(pci_config_read(address, offset) & ADVANCED_CAN_RESET))
		return false;
	pci_config_update(address, offset + ADVANCED_CONTROL, ADVANCED_RESET, ADVANCED_RESET);
	return true;
}

static void bars_restore(const struct pci_function_config *function)
{
	for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
		const struct pci_bar_config *bar = &function->bars[i];
		uint32_t offset = PCI_BAR0 + 4 * i;

		if (bar->kind == PCI_BAR_NONE)
			continue;
		pci_config_write(address_of(function), offset, (uint32_t)bar->base);
		if (bar->kind == PCI_BAR_MEMORY64)
			pci_config_write(address_of(function), offset + 4,
					 (uint32_t)(bar->base >> 32));
	}
}

void pci_remember(const struct vm_config *vm)
{
	for (uint32_t i = 0; i < vm->pci_function_count && i < CONFIG_MAX_PCI_FUNCTIONS; i++)
		for (unsigned j = 0; j < REMEMBERED_COUNT; j++)
			remembered[vm->id][i][j] = pci_config_read(
				address_of(&vm->pci_functions[i]), remembered_registers[j]);
}

static void registers_restore(const struct vm_config *vm, uint32_t index)
{
	uint32_t address = address_of(&vm->pci_functions[index]);

	for (unsigned j = 0; j < REMEMBERED_COUNT; j++) {
		uint32_t value = remembered[vm->id][index][j];

		if (remembered_registers[j] == PCI_COMMAND)
			value &= PCI_COMMAND_MASK & ~PCI_COMMAND_MASTER;
		pci_config_write(address, remembered_registers[j], value);
	}
}

static void wait_milliseconds(uint64_t milliseconds)
{
	uint64_t end = tsc_read() + tsc_frequency(&scenario_tables) / 1000 * milliseconds;

	while (tsc_read() < end)
		cpu_pause();
}

/*
 * Without a reset of its own the function keeps what a driver told it in its registers; it can't reach
 * memory and its interrupt is off, and the next driver resets it by means that only drivers know.
 */
void pci_reset(const struct vm_config *vm)
{
	bool any = false;

	for (uint32_t i = 0; i < vm->pci_function_count; i++) {
		uint32_t address = address_of(&vm->pci_functions[i]);

		any |= express_reset(address) || advanced_reset(address);
	}
	if (any)
		wait_milliseconds(RESET_MILLISECONDS);
	for (uint32_t i = 0; i < vm->pci_function_count && i < CONFIG_MAX_PCI_FUNCTIONS; i++) {
		bars_restore(&vm->pci_functions[i]);
		registers_restore(vm, i);
	}
}
