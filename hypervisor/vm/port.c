/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports that the I/O bitmap does not open. A few belong to the virtual platform; all others answer as
 * a bus without a device: reads are all ones, writes are lost. Operating systems probe for legacy
 * devices this way, so that is no fault.
 */
#include "bulkhead/platform.h"
#include "devices/pci.h"
#include "vm/handlers.h"

/* Sleep control register (ACPI 6.4, 4.8.3.7, table 4.19) */
#define SLEEP_TYPE(value) ((value) >> 2 & 7)
#define SLEEP_ENABLE      0x20

static uint32_t read_zero(struct vcpu *vcpu, uint16_t port, unsigned size)
{
	(void)vcpu;
	(void)port;
	(void)size;
	return 0;
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

struct virtual_port {
	uint16_t first, last;
	uint32_t (*read)(struct vcpu *vcpu, uint16_t port, unsigned size);
	void (*write)(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value);
};

static const struct virtual_port virtual_ports[] = {
	{PLATFORM_ACPI_SLEEP_CONTROL_PORT, PLATFORM_ACPI_SLEEP_CONTROL_PORT, read_zero,
	 write_sleep_control},
	{PLATFORM_ACPI_SLEEP_STATUS_PORT, PLATFORM_ACPI_SLEEP_STATUS_PORT, read_zero,
	 write_nothing},
	{PLATFORM_ACPI_RESET_PORT, PLATFORM_ACPI_RESET_PORT, read_zero, write_reset},
	{PCI_PORT_FIRST, PCI_PORT_LAST, read_pci, write_pci},
};

/* The whole access has to lie in the virtual device. */
static const struct virtual_port *find(uint16_t port, unsigned size)
{
	for (unsigned i = 0; i < sizeof(virtual_ports) / sizeof(virtual_ports[0]); i++)
		if (port >= virtual_ports[i].first && port + size - 1 <= virtual_ports[i].last)
			return &virtual_ports[i];
	return NULL;
}

static void log_refused(struct vcpu *vcpu, const char *what, uint16_t port)
{
	if (log_limit(&vcpu->vm->limits.port))
		log_debug("vCPU %u %s port 0x%x, which is not the VM's", vcpu->config->index, what,
			  port);
}

uint32_t vm_port_read(struct vcpu *vcpu, uint16_t port, unsigned size)
{
	const struct virtual_port *virtual_port = find(port, size);

	if (virtual_port)
		return virtual_port->read(vcpu, port, size);
	log_refused(vcpu, "reads", port);
	return UINT32_MAX;
}

void vm_port_write(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
	const struct virtual_port *virtual_port = find(port, size);

	if (virtual_port)
		virtual_port->write(vcpu, port, size, value);
	else
		log_refused(vcpu, "writes", port);
}
