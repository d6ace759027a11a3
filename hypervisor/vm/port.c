/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports that the I/O bitmap does not open. A few belong to the virtual platform or to virtual devices of
 * the VM; all others answer as a bus without a device: reads are all ones, writes are lost. Operating
 * systems probe for legacy devices this way, so that is no fault.
 */
#include "bulkhead/platform.h"
#include "bulkhead/virtual_devices.h"
#include "devices/pci.h"
#include "devices/virtual.h"
#include "vm/extint.h"
#include "vm/handlers.h"
#include "vm/pic_pins.h"
#include "vm/port_wide.h"
#include "vm/watchdog.h"

/* Sleep control register (ACPI 6.4, 4.8.3.7, table 4.19) */
#define SLEEP_TYPE(value) ((value) >> 2 & 7)
#define SLEEP_ENABLE      0x20

/* Firmware shows its progress there, and operating systems write to it to wait for a moment. */
#define PORT_PROGRESS 0x80

static uint32_t read_zero(struct vcpu *vcpu, uint16_t port, unsigned size)
{
	(void)vcpu;
	(void)port;
	(void)size;
	return 0;
}

static uint32_t read_ones(struct vcpu *vcpu, uint16_t port, unsigned size)
{
	(void)vcpu;
	(void)port;
	(void)size;
	return UINT32_MAX;
}

static uint32_t read_pci(struct vcpu *vcpu, uint16_t port, unsigned size)
{
	return pci_port_read(vcpu->vm, port, size);
}

static void write_pci(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
	pci_port_write(vcpu->vm, port, size, value);
}

void port_write_nothing(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
	(void)vcpu;
	(void)port;
	(void)size;
	(void)value;
}

static void write_sleep_control(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
	(void)port;
	if (size == 1 && (value & SLEEP_ENABLE) && SLEEP_TYPE(value) == PLATFORM_ACPI_S5_SLEEP_TYPE)
		vm_stop(vcpu, STOP_POWER_OFF, NULL);
}

static void write_reset(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
	(void)port;
	if (size == 1 && value == PLATFORM_ACPI_RESET_VALUE)
		vm_stop(vcpu, STOP_RESET, NULL);
}

static void write_watchdog(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
	(void)port;
	(void)size;
	(void)value;
	watchdog_feed(vcpu->vm);
}

/* Registers that take accesses of other sizes than a byte as a whole. */
static const struct port_wide every_vm[] = {
	{0, PORT_PROGRESS, PORT_PROGRESS, read_ones,
	 port_write_nothing}, /* by far the most: delays */
	{0, PLATFORM_ACPI_SLEEP_CONTROL_PORT, PLATFORM_ACPI_SLEEP_CONTROL_PORT, read_zero,
	 write_sleep_control},
	{0, PLATFORM_ACPI_SLEEP_STATUS_PORT, PLATFORM_ACPI_SLEEP_STATUS_PORT, read_zero,
	 port_write_nothing},
	{0, PLATFORM_ACPI_RESET_PORT, PLATFORM_ACPI_RESET_PORT, read_zero, write_reset},
	{0, PLATFORM_WATCHDOG_PORT, PLATFORM_WATCHDOG_PORT, read_zero, write_watchdog},
	{0, PCI_PORT_FIRST, PCI_PORT_LAST, read_pci, write_pci},
};

const struct port_wide *port_wide_find(const struct vcpu *vcpu, const struct port_wide *rows,
				       unsigned count, uint16_t port, unsigned size)
{
	uint32_t devices = vcpu->vm->config->virtual_devices;

	for (const struct port_wide *row = rows; row < rows + count; row++)
		if (port >= row->first && port + size - 1 <= row->last &&
		    (!row->devices || row->devices & devices))
			return row;
	return NULL;
}

/* Out of line: two callers would get two copies of the loop. */
static __attribute__((noinline)) const struct port_wide *find(const struct vcpu *vcpu,
							      uint16_t port, unsigned size)
{
	const struct port_wide *row =
		port_wide_find(vcpu, every_vm, sizeof(every_vm) / sizeof(every_vm[0]), port, size);

	if (row || !port_wide_device)
		return row;
	return port_wide_device(vcpu, port, size);
}

static void log_refused(struct vcpu *vcpu, const char *what, uint16_t port)
{
	if (log_limit(&vcpu->vm->limits.port))
		log_debug("vCPU %u %s port 0x%x, which is not the VM's", vcpu->config->index, what,
			  port);
}

/*
 * Devices on the ISA bus are 8 bits wide: a wider access comes to them byte by byte, at one port after the
 * other. False: no byte of it met a device.
 */
static bool read_bytes(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t *value)
{
	bool found = false;

	IF_PRESENT(pic_pins_begin, vcpu);
	*value = UINT32_MAX;
	for (unsigned i = 0; i < size; i++) {
		uint8_t byte;

		if (!virtual_port_read(vcpu->vm, (uint16_t)(port + i), &byte))
			continue;
		found = true;
		*value &= ~(UINT32_C(0xFF) << 8 * i);
		*value |= (uint32_t)byte << 8 * i;
	}
	IF_PRESENT(extint_look, vcpu);
	return found;
}

static bool write_bytes(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
	bool found = false;

	IF_PRESENT(pic_pins_begin, vcpu);
	for (unsigned i = 0; i < size; i++) {
		enum virtual_write result = virtual_port_write(vcpu->vm, (uint16_t)(port + i),
							       (uint8_t)(value >> 8 * i));

		if (result == VIRTUAL_WRITE_RESET)
			vm_stop(vcpu, STOP_RESET, NULL);
		found = found || result == VIRTUAL_WRITE_DONE;
	}
	IF_PRESENT(extint_look, vcpu);
	return found;
}

/* Byte by byte first: the reset control register lies among the ports of PCI configuration. */
uint32_t vm_port_read(struct vcpu *vcpu, uint16_t port, unsigned size)
{
	const struct port_wide *wide = find(vcpu, port, size);
	uint32_t value;

	if ((size == 1 || !wide) && read_bytes(vcpu, port, size, &value))
		return value;
	if (wide)
		return wide->read(vcpu, port, size);
	log_refused(vcpu, "reads", port);
	return UINT32_MAX;
}

void vm_port_write(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
	const struct port_wide *wide = find(vcpu, port, size);

	if ((size == 1 || !wide) && write_bytes(vcpu, port, size, value))
		return;
	if (wide)
		wide->write(vcpu, port, size, value);
	else
		log_refused(vcpu, "writes", port);
}
