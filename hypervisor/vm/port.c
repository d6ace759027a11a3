/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports that the I/O bitmap does not open. A few belong to the virtual platform; all others answer as
 * a bus without a device: reads are all ones, writes are lost. Operating systems probe for legacy
 * devices this way, so that is no fault.
 */
#include "bulkhead/platform.h"
#include "vm/handlers.h"

/* Sleep control register (ACPI 6.4, 4.8.3.7, table 4.19) */
#define SLEEP_TYPE(value) ((value) >> 2 & 7)
#define SLEEP_ENABLE      0x20

typedef void port_write(struct vcpu *vcpu, uint32_t value, const struct guest_registers *registers);

static void sleep_control(struct vcpu *vcpu, uint32_t value,
			  const struct guest_registers *registers)
{
	if ((value & SLEEP_ENABLE) && SLEEP_TYPE(value) == PLATFORM_ACPI_S5_SLEEP_TYPE)
		vm_stop(vcpu, STOP_POWER_OFF, registers);
}

static void reset_control(struct vcpu *vcpu, uint32_t value,
			  const struct guest_registers *registers)
{
	if (value == PLATFORM_ACPI_RESET_VALUE)
		vm_stop(vcpu, STOP_RESET, registers);
}

static void ignore(struct vcpu *vcpu, uint32_t value, const struct guest_registers *registers)
{
	(void)vcpu;
	(void)value;
	(void)registers;
}

struct virtual_port {
	uint16_t port;
	uint32_t read_value;
	port_write *write;
};

/* One byte each. */
static const struct virtual_port virtual_ports[] = {
	{.port = PLATFORM_ACPI_SLEEP_CONTROL_PORT, .read_value = 0, .write = sleep_control},
	{.port = PLATFORM_ACPI_SLEEP_STATUS_PORT, .read_value = 0, .write = ignore},
	{.port = PLATFORM_ACPI_RESET_PORT, .read_value = 0, .write = reset_control},
};

static const struct virtual_port *find(uint16_t port, unsigned size)
{
	if (size != 1)
		return NULL;
	for (unsigned i = 0; i < sizeof(virtual_ports) / sizeof(virtual_ports[0]); i++)
		if (virtual_ports[i].port == port)
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
		return virtual_port->read_value;
	log_refused(vcpu, "reads", port);
	return UINT32_MAX;
}

void vm_port_write(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value,
		   const struct guest_registers *registers)
{
	const struct virtual_port *virtual_port = find(port, size);

	if (virtual_port)
		virtual_port->write(vcpu, value, registers);
	else
		log_refused(vcpu, "writes", port);
}
