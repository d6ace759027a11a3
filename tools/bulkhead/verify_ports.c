/* SPDX-License-Identifier: Apache-2.0 */
/* BHB3xx: I/O bitmaps (SDM 3.25.6.4), in which 1 exits and 0 lets the guest reach the real port. */
#include "bulkhead/platform.h"
#include "bulkhead/virtual_devices.h"
#include "verify_internal.h"

#define CONSOLE_FIRST (CONFIG_CONSOLE_SERIAL ? CONFIG_SERIAL_PORT : 0xE9)
#define CONSOLE_COUNT (CONFIG_CONSOLE_SERIAL ? 8 : 1)

struct ports {
	uint16_t first, last;
	const char *what;
	bool by_device;
};

/*
 * What no guest may reach on any machine, because it acts on the whole machine. A list of its own: the
 * checker's says what a scenario may ask for, this one what an image may hold. by_device: the board's
 * author may have listed a device with such ports and the scenario's may have given it to a VM; that can
 * only be seen in the scenario, so an image alone is refused.
 */
static const struct ports dangerous[] = {
	{0x00, 0x0F, "the ISA DMA controller, which writes to any memory", false},
	{0x20, 0x21, "the first interrupt controller", false},
	{0x40, 0x43, "the interval timer, whose interrupt every VM would see", true},
	{0x61, 0x61, "the NMI status and control register", true},
	{0x64, 0x64, "the keyboard controller's command port, which resets the machine", true},
	{0x80, 0x8F, "the ISA DMA page registers", false},
	{0x92, 0x92, "system control port A, which resets the machine", false},
	{0xA0, 0xA1, "the second interrupt controller", false},
	{0xB2, 0xB3, "the SMI command port, which runs firmware code", false},
	{0xC0, 0xDF, "the second ISA DMA controller, which writes to any memory", false},
	{0x4D0, 0x4D1, "the edge/level control registers", false},
	{0xCF8, 0xCFF, "PCI configuration space and the reset register", false},
};

static const struct ports virtual_ports[] = {
	{PLATFORM_ACPI_SLEEP_CONTROL_PORT, PLATFORM_ACPI_SLEEP_CONTROL_PORT,
	 "the sleep control register", false},
	{PLATFORM_ACPI_SLEEP_STATUS_PORT, PLATFORM_ACPI_SLEEP_STATUS_PORT,
	 "the sleep status register", false},
	{PLATFORM_ACPI_RESET_PORT, PLATFORM_ACPI_RESET_PORT, "the reset register", false},
};

/* --- One owner ---------------------------------------------------------------------------------- */

/* Of each port: the VM that has it open, plus 1. */
static void take_ports(struct verify *verify, const struct verify_vm *vm, uint32_t first,
		       uint32_t last, uint32_t *owners)
{
	const uint32_t own = (uint32_t)(vm - verify->vms) + 1;

	for (uint32_t port = first; port <= last;) {
		uint32_t other = owners[port], from = port;

		while (port <= last && owners[port] == other)
			port++;
		if (other)
			verify_report(verify, VERIFY_PORT_TWO_VMS,
				      "%s: port %s is open, and so it is for %s", vm->label,
				      verify_numbers(verify, from, port - 1),
				      verify->vms[other - 1].label);
	}
	for (uint32_t port = first; port <= last; port++)
		owners[port] = own;
}

void verify_port_two_vms(struct verify *verify)
{
	uint32_t *owners = arena_alloc(verify->arena, PORT_COUNT * sizeof(*owners));

	FOR_EACH_VM(verify, vm) {
		uint32_t first, last = 0, from = 0;

		if (!vm->io_bitmap)
			continue;
		verify->statistics.port_bits += PORT_COUNT;
		verify->statistics.pairs += PORT_COUNT;
		while (verify_bit_run(vm->io_bitmap, from, PORT_COUNT, false, &first, &last)) {
			take_ports(verify, vm, first, last, owners);
			from = last + 1;
		}
	}
}

/* --- As declared -------------------------------------------------------------------------------- */

uint8_t *verify_port_bitmap(struct verify *verify, const struct verify_vm *vm)
{
	uint8_t *bitmap = arena_alloc(verify->arena, IO_BITMAP_BYTES);

	memset(bitmap, 0xFF, IO_BITMAP_BYTES);
	for (uint32_t i = 0; i < vm->config.port_count; i++)
		for (uint32_t port = vm->ports[i].first; port <= vm->ports[i].last; port++)
			bitmap[port / 8] &= (uint8_t) ~(1u << port % 8);
	return bitmap;
}

static void compare_ports(struct verify *verify, const struct verify_vm *vm)
{
	const uint8_t *declared = verify_port_bitmap(verify, vm);
	uint8_t *differ = arena_alloc(verify->arena, IO_BITMAP_BYTES);
	uint32_t first, last;

	for (unsigned i = 0; i < IO_BITMAP_BYTES; i++)
		differ[i] = vm->io_bitmap[i] & (uint8_t)~declared[i];
	for (uint32_t from = 0; verify_bit_run(differ, from, PORT_COUNT, true, &first, &last);
	     from = last + 1)
		verify_report(verify, VERIFY_PORT_DIFFERS,
			      "%s: port %s is declared, but its I/O bitmap does not open it",
			      vm->label, verify_numbers(verify, first, last));
	for (unsigned i = 0; i < IO_BITMAP_BYTES; i++)
		differ[i] = declared[i] & (uint8_t)~vm->io_bitmap[i];
	for (uint32_t from = 0; verify_bit_run(differ, from, PORT_COUNT, true, &first, &last);
	     from = last + 1)
		verify_report(verify, VERIFY_PORT_DIFFERS,
			      "%s: its I/O bitmap opens port %s, which is not declared", vm->label,
			      verify_numbers(verify, first, last));
	verify->statistics.pairs += PORT_COUNT;
}

void verify_port_differs(struct verify *verify)
{
	FOR_EACH_VM(verify, vm)
		if (vm->io_bitmap)
			compare_ports(verify, vm);
}

void verify_port_list(struct verify *verify)
{
	FOR_EACH_VM(verify, vm) {
		for (uint32_t i = 0; i < vm->config.port_count; i++) {
			const struct port_range *ports = &vm->ports[i];
			const char *problem = NULL;

			if (ports->first > ports->last)
				problem = "ends before it begins";
			else if (i && ports->first <= vm->ports[i - 1].last)
				problem = "overlaps the one before, or is out of order";
			if (problem)
				verify_report(verify, VERIFY_PORT_LIST,
					      "%s: ports[%" PRIu32 "], 0x%x to 0x%x, %s", vm->label,
					      i, ports->first, ports->last, problem);
			verify->statistics.pairs++;
		}
	}
}

/* --- Never open --------------------------------------------------------------------------------- */

/* The scenario gives the VM a device with this port; a scenario that only names the number is none. */
static bool comes_with_device(const struct verify *verify, const struct verify_vm *vm,
			      uint32_t port)
{
	uint32_t index = (uint32_t)(vm - verify->vms);
	const struct vm *declared;

	if (!verify->model || index >= verify->model->vm_count)
		return false;
	declared = &verify->model->vms[index];
	for (unsigned i = 0; i < declared->device_count; i++) {
		uint32_t target = declared->devices[i].target;

		if (target < verify->model->board.device_count &&
		    verify_device_has_port(&verify->model->board.devices[target], port))
			return true;
	}
	return false;
}

static void keep_closed(struct verify *verify, enum verify_rule_id rule, const struct ports *ports)
{
	FOR_EACH_VM(verify, vm) {
		uint32_t first, last = 0, from = ports->first;

		if (!vm->io_bitmap)
			continue;
		verify->statistics.pairs++;
		while (verify_bit_run(vm->io_bitmap, from, ports->last + 1u, false, &first,
				      &last)) {
			while (ports->by_device && first <= last &&
			       comes_with_device(verify, vm, first))
				first++;
			if (first <= last)
				verify_report(verify, rule,
					      "%s: its I/O bitmap opens port %s: this is %s",
					      vm->label, verify_numbers(verify, first, last),
					      ports->what);
			from = last + 1;
		}
	}
}

void verify_port_dangerous(struct verify *verify)
{
	for (size_t i = 0; i < ELEMENTS(dangerous); i++)
		keep_closed(verify, VERIFY_PORT_DANGEROUS, &dangerous[i]);
}

void verify_port_console(struct verify *verify)
{
	const struct ports console = {CONSOLE_FIRST, CONSOLE_FIRST + CONSOLE_COUNT - 1,
				      "the hypervisor's console", false};

	keep_closed(verify, VERIFY_PORT_CONSOLE, &console);
}

/* Ports of the virtual devices that a VM may have or not. */
static const struct {
	uint32_t device;
	uint16_t first, last;
	const char *what;
} device_ports[] = {
	{VIRTUAL_PIC, 0x20, 0x21, "the first interrupt controller"},
	{VIRTUAL_PIC, 0xA0, 0xA1, "the second interrupt controller"},
	{VIRTUAL_PIC, 0x4D0, 0x4D1, "the edge/level control registers"},
	{VIRTUAL_PIT, 0x40, 0x43, "the timer"},
	{VIRTUAL_PIT, 0x61, 0x61, "the timer's gate"},
	{VIRTUAL_RTC, 0x70, 0x71, "the clock"},
	{VIRTUAL_KEYBOARD, 0x60, 0x60, "the keyboard controller"},
	{VIRTUAL_KEYBOARD, 0x64, 0x64, "the keyboard controller"},
	{VIRTUAL_KEYBOARD_RESET, 0x64, 0x64, "the keyboard controller's reset"},
	{VIRTUAL_RESET, 0x92, 0x92, "system control port A"},
	{VIRTUAL_RESET, 0xCF9, 0xCF9, "the reset control register"},
	{VIRTUAL_PM_TIMER, 0x608, 0x60B, "the power management timer"},
	{VIRTUAL_ACPI_PM, 0x604, 0x607, "the PM1 event registers"},
	{VIRTUAL_ACPI_PM, 0x60C, 0x60D, "the PM1 control register"},
	{VIRTUAL_FW_CFG, 0x510, 0x511, "the firmware configuration"},
};

static void check_devices(struct verify *verify, const struct verify_vm *vm)
{
	uint32_t devices = vm->config.virtual_devices;

	verify->statistics.pairs++;
	if (devices & ~(uint32_t)VIRTUAL_ALL)
		verify_report(verify, VERIFY_PORT_VIRTUAL,
			      "%s: virtual_devices is 0x%" PRIx32 ", with unknown bits", vm->label,
			      devices);
	for (size_t i = 0; i < ELEMENTS(device_ports); i++) {
		uint32_t first, last;

		if ((devices & device_ports[i].device) && vm->io_bitmap &&
		    verify_bit_run(vm->io_bitmap, device_ports[i].first, device_ports[i].last + 1u,
				   false, &first, &last))
			verify_report(
				verify, VERIFY_PORT_VIRTUAL,
				"%s: its I/O bitmap opens port %s: it has %s there, a virtual "
				"one",
				vm->label, verify_numbers(verify, first, last),
				device_ports[i].what);
	}
}

void verify_port_virtual(struct verify *verify)
{
	for (size_t i = 0; i < ELEMENTS(virtual_ports); i++)
		keep_closed(verify, VERIFY_PORT_VIRTUAL, &virtual_ports[i]);
	FOR_EACH_VM(verify, vm)
		check_devices(verify, vm);
}
