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
#include "vm/watchdog.h"

/* Sleep control register (ACPI 6.4, 4.8.3.7, table 4.19) */
#define SLEEP_TYPE(value) ((value) >> 2 & 7)
#define SLEEP_ENABLE      0x20

/* PM1 control register (4.8.3.2.1): ACPI mode is always on. */
#define PM1_SCI_ENABLED       0x0001
#define PM1_SLEEP_TYPE(value) ((value) >> 10 & 7)
#define PM1_SLEEP_ENABLE      0x2000

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

static uint32_t read_pm_timer(struct vcpu *vcpu, uint16_t port, unsigned size)
{
	(void)vcpu;
	(void)size;
	return virtual_pm_timer() >> 8 * (port - PLATFORM_PM_TIMER_PORT);
}

static void replace_bytes(uint16_t *reg, unsigned shift, unsigned size, uint32_t value)
{
	uint32_t mask = (size == 4 ? UINT32_MAX : (UINT32_C(1) << 8 * size) - 1) << shift;
	uint16_t old = __atomic_load_n(reg, __ATOMIC_RELAXED);

	__atomic_store_n(reg, (uint16_t)((old & ~mask) | (value << shift & mask)),
			 __ATOMIC_RELAXED);
}

/* No event ever happens, so that the status register in the lower half is 0. */
static uint32_t read_pm1_event(struct vcpu *vcpu, uint16_t port, unsigned size)
{
	uint32_t enable = __atomic_load_n(&vcpu->vm->devices.pm1_enable, __ATOMIC_RELAXED);

	(void)size;
	return enable << 16 >> 8 * (port - PLATFORM_PM1_EVENT_PORT);
}

static void write_pm1_event(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
	uint16_t *enable = &vcpu->vm->devices.pm1_enable;

	if (port >= PLATFORM_PM1_EVENT_PORT + 2)
		replace_bytes(enable, 8 * (port & 1u), size, value);
	else if (size == 4)
		replace_bytes(enable, 0, 2, value >> 16);
}

static uint32_t read_pm1_control(struct vcpu *vcpu, uint16_t port, unsigned size)
{
	uint32_t control = __atomic_load_n(&vcpu->vm->devices.pm1_control, __ATOMIC_RELAXED);

	(void)size;
	return (control | PM1_SCI_ENABLED) >> 8 * (port - PLATFORM_PM1_CONTROL_PORT);
}

static void write_pm1_control(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
	uint16_t *control = &vcpu->vm->devices.pm1_control;
	bool sleeps = value << 8 * (port & 1u) & PM1_SLEEP_ENABLE;

	replace_bytes(control, 8 * (port & 1u), size, value);
	*control &= (uint16_t)~PM1_SLEEP_ENABLE; /* write-only */
	if (sleeps && PM1_SLEEP_TYPE(*control) == PLATFORM_ACPI_S5_SLEEP_TYPE)
		vm_stop(vcpu, STOP_POWER_OFF, NULL);
}

static uint32_t read_fw_cfg(struct vcpu *vcpu, uint16_t port, unsigned size)
{
	return virtual_fw_cfg_read(vcpu->vm, port, size);
}

static void write_fw_cfg(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
	virtual_fw_cfg_write(vcpu->vm, port, size, value);
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
	{VIRTUAL_PM_TIMER, PLATFORM_PM_TIMER_PORT, PLATFORM_PM_TIMER_PORT + 3, read_pm_timer,
	 write_nothing},
	{VIRTUAL_ACPI_PM, PLATFORM_PM1_EVENT_PORT, PLATFORM_PM1_EVENT_PORT + 3, read_pm1_event,
	 write_pm1_event},
	{VIRTUAL_ACPI_PM, PLATFORM_PM1_CONTROL_PORT, PLATFORM_PM1_CONTROL_PORT + 1,
	 read_pm1_control, write_pm1_control},
	{VIRTUAL_FW_CFG, PLATFORM_FW_CFG_PORT, PLATFORM_FW_CFG_DATA_PORT, read_fw_cfg,
	 write_fw_cfg},
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

/* A core of the VM that looks in vain has been forestalled by another one, which then tells the BSP. */
static void look_at_changes(struct vcpu *vcpu)
{
	if (__atomic_exchange_n(&vcpu->vm->devices.changed, false, __ATOMIC_ACQ_REL))
		extint_changed(vcpu);
}

/*
 * Devices on the ISA bus are 8 bits wide: a wider access comes to them byte by byte, at one port after the
 * other. False: no byte of it met a device.
 */
static bool read_bytes(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t *value)
{
	bool found = false;

	pic_pins_begin(vcpu);
	*value = UINT32_MAX;
	for (unsigned i = 0; i < size; i++) {
		uint8_t byte;

		if (!virtual_port_read(vcpu->vm, (uint16_t)(port + i), &byte))
			continue;
		found = true;
		*value &= ~(UINT32_C(0xFF) << 8 * i);
		*value |= (uint32_t)byte << 8 * i;
	}
	look_at_changes(vcpu);
	return found;
}

static bool write_bytes(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
	bool found = false;

	pic_pins_begin(vcpu);
	for (unsigned i = 0; i < size; i++) {
		enum virtual_write result = virtual_port_write(vcpu->vm, (uint16_t)(port + i),
							       (uint8_t)(value >> 8 * i));

		if (result == VIRTUAL_WRITE_RESET)
			vm_stop(vcpu, STOP_RESET, NULL);
		found = found || result == VIRTUAL_WRITE_DONE;
	}
	look_at_changes(vcpu);
	return found;
}

/* Byte by byte first: the reset control register lies among the ports of PCI configuration. */
uint32_t vm_port_read(struct vcpu *vcpu, uint16_t port, unsigned size)
{
	const struct virtual_port *virtual_port = find(vcpu, port, size);
	uint32_t value;

	if (size == 1 && read_bytes(vcpu, port, size, &value))
		return value;
	if (virtual_port)
		return virtual_port->read(vcpu, port, size);
	if (read_bytes(vcpu, port, size, &value))
		return value;
	log_refused(vcpu, "reads", port);
	return UINT32_MAX;
}

void vm_port_write(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
	const struct virtual_port *virtual_port = find(vcpu, port, size);

	if (size == 1 && write_bytes(vcpu, port, size, value))
		return;
	if (virtual_port)
		virtual_port->write(vcpu, port, size, value);
	else if (!write_bytes(vcpu, port, size, value))
		log_refused(vcpu, "writes", port);
}
