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

static void write_nothing(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
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

struct virtual_port {
	uint32_t devices; /* the VM has one of them, or 0: every VM has it */
	uint16_t first, last;
	uint32_t (*read)(struct vcpu *vcpu, uint16_t port, unsigned size);
	void (*write)(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value);
};

/* Registers that take accesses of other sizes than a byte as a whole. */
static const struct virtual_port virtual_ports[] = {
	{0, PORT_PROGRESS, PORT_PROGRESS, read_ones, write_nothing}, /* by far the most: delays */
	{0, PLATFORM_ACPI_SLEEP_CONTROL_PORT, PLATFORM_ACPI_SLEEP_CONTROL_PORT, read_zero,
	 write_sleep_control},
	{0, PLATFORM_ACPI_SLEEP_STATUS_PORT, PLATFORM_ACPI_SLEEP_STATUS_PORT, read_zero,
	 write_nothing},
	{0, PLATFORM_ACPI_RESET_PORT, PLATFORM_ACPI_RESET_PORT, read_zero, write_reset},
	{0, PLATFORM_WATCHDOG_PORT, PLATFORM_WATCHDOG_PORT, read_zero, write_watchdog},
	{VIRTUAL_PM_TIMER, PLATFORM_PM_TIMER_PORT, PLATFORM_PM_TIMER_PORT + 3, port_pm_timer_read,
	 write_nothing},
	{VIRTUAL_ACPI_PM, PLATFORM_PM1_EVENT_PORT, PLATFORM_PM1_EVENT_PORT + 3, port_pm1_event_read,
	 port_pm1_event_write},
	{VIRTUAL_ACPI_PM, PLATFORM_PM1_CONTROL_PORT, PLATFORM_PM1_CONTROL_PORT + 1,
	 port_pm1_control_read, port_pm1_control_write},
	{VIRTUAL_FW_CFG, PLATFORM_FW_CFG_PORT, PLATFORM_FW_CFG_DATA_PORT, port_fw_cfg_read,
	 port_fw_cfg_write},
	{0, PCI_PORT_FIRST, PCI_PORT_LAST, read_pci, write_pci},
};

/* The whole access has to lie in the virtual device. */
static const struct virtual_port *find(const struct vcpu *vcpu, uint16_t port, unsigned size)
{
	uint32_t devices = vcpu->vm->config->virtual_devices;

	for (unsigned i = 0; i < sizeof(virtual_ports) / sizeof(virtual_ports[0]); i++) {
		const struct virtual_port *candidate = &virtual_ports[i];

		if (port >= candidate->first && port + size - 1 <= candidate->last &&
		    (!candidate->devices || candidate->devices & devices))
			return candidate;
	}
	return NULL;
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
	const struct virtual_port *wide = find(vcpu, port, size);
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
	const struct virtual_port *wide = find(vcpu, port, size);

	if ((size == 1 || !wide) && write_bytes(vcpu, port, size, value))
		return;
	if (wide)
		wide->write(vcpu, port, size, value);
	else
		log_refused(vcpu, "writes", port);
}
