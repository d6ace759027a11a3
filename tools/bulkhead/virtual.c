/* SPDX-License-Identifier: Apache-2.0 */
#include "virtual.h"

#include <string.h>

#define NAME_ROW(device, name, what) {device, name, what},
const struct virtual_device_name virtual_device_names[] = {VIRTUAL_DEVICES(NAME_ROW)};
const size_t virtual_device_name_count =
	sizeof(virtual_device_names) / sizeof(*virtual_device_names);

#define PORT_ROW(device, first, last, what) {device, first, last, what},
const struct virtual_port_range virtual_port_ranges[] = {VIRTUAL_DEVICE_PORTS(PORT_ROW)};
const size_t virtual_port_range_count = sizeof(virtual_port_ranges) / sizeof(*virtual_port_ranges);

#define RESETS (VIRTUAL_RESET | VIRTUAL_KEYBOARD_RESET)

/*
 * What a protocol's guests expect to find. A bare-metal program knows its devices and asks for them; that it
 * can reset itself is what every PC offers. Linux without ACPI probes the PIC and calibrates by the PIT; it waits a
 * second for an RTC that does not tick.
 */
static const uint32_t protocol_devices[] = {
	[BOOT_RAW] = RESETS,
	[BOOT_ELF] = RESETS,
	[BOOT_LINUX] = RESETS | VIRTUAL_PIC | VIRTUAL_PIT | VIRTUAL_RTC,
	[BOOT_MULTIBOOT] = RESETS | VIRTUAL_PIC | VIRTUAL_PIT,
	[BOOT_MULTIBOOT2] = RESETS | VIRTUAL_PIC | VIRTUAL_PIT,
	[BOOT_ROM] = VIRTUAL_PIC | VIRTUAL_PIT | VIRTUAL_RTC | VIRTUAL_KEYBOARD | VIRTUAL_RESET |
		     VIRTUAL_PM_TIMER | VIRTUAL_HOST_BRIDGE | VIRTUAL_FW_CFG,
};

uint32_t virtual_device_named(const char *name)
{
	for (size_t i = 0; i < virtual_device_name_count; i++)
		if (!strcmp(virtual_device_names[i].name, name))
			return virtual_device_names[i].device;
	return 0;
}

static bool meets(const struct range *ports, const struct virtual_port_range *range)
{
	return ports->base.value <= range->last && ports->size.value != 0 &&
	       ports->base.value + (ports->size.value - 1) >= range->first;
}

static bool any_meets(const struct range *ports, unsigned count,
		      const struct virtual_port_range *range)
{
	for (unsigned i = 0; i < count; i++)
		if (meets(&ports[i], range))
			return true;
	return false;
}

static bool is_real(const struct vm *vm, const struct board *board,
		    const struct virtual_port_range *range)
{
	if (any_meets(vm->ports, vm->port_count, range))
		return true;
	for (unsigned i = 0; i < vm->device_count; i++) {
		uint32_t target = vm->devices[i].target;
		if (target < board->device_count &&
		    any_meets(board->devices[target].ports, board->devices[target].port_count,
			      range))
			return true;
	}
	return false;
}

uint32_t vm_virtual_devices(const struct vm *vm, const struct board *board)
{
	uint32_t devices = 0;

	for (unsigned i = 0; i < vm->virtual_device_count; i++)
		devices |= virtual_device_named(vm->virtual_devices[i].value);
	if (vm->virtual_device_count != 0)
		return devices;
	devices = protocol_devices[vm->protocol];
	for (size_t i = 0; i < virtual_port_range_count; i++)
		if (is_real(vm, board, &virtual_port_ranges[i]))
			devices &= ~(uint32_t)virtual_port_ranges[i].device;
	return devices;
}
