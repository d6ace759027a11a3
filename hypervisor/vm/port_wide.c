/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/port_wide.h"

#include "bulkhead/platform.h"
#include "bulkhead/virtual_devices.h"

/* PM1 control register (ACPI 6.4, 4.8.3.2.1): ACPI mode is always on. */
#define PM1_SCI_ENABLED       0x0001
#define PM1_SLEEP_TYPE(value) ((value) >> 10 & 7)
#define PM1_SLEEP_ENABLE      0x2000

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
	struct virtual_devices *devices = &vcpu->vm->devices;
	uint32_t value;

	lock_take(&devices->lock);
	value = fw_cfg_read(&devices->fw_cfg, vcpu->vm->config, port, size);
	lock_release(&devices->lock);
	return value;
}

static void write_fw_cfg(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
	struct virtual_devices *devices = &vcpu->vm->devices;

	lock_take(&devices->lock);
	fw_cfg_write(&devices->fw_cfg, port, size, value);
	lock_release(&devices->lock);
}

const struct port_wide *port_wide_device(const struct vcpu *vcpu, uint16_t port, unsigned size)
{
	static const struct port_wide rows[] = {
		{VIRTUAL_PM_TIMER, PLATFORM_PM_TIMER_PORT, PLATFORM_PM_TIMER_PORT + 3,
		 read_pm_timer, port_write_nothing},
		{VIRTUAL_ACPI_PM, PLATFORM_PM1_EVENT_PORT, PLATFORM_PM1_EVENT_PORT + 3,
		 read_pm1_event, write_pm1_event},
		{VIRTUAL_ACPI_PM, PLATFORM_PM1_CONTROL_PORT, PLATFORM_PM1_CONTROL_PORT + 1,
		 read_pm1_control, write_pm1_control},
		{VIRTUAL_FW_CFG, PLATFORM_FW_CFG_PORT, PLATFORM_FW_CFG_DATA_PORT, read_fw_cfg,
		 write_fw_cfg},
	};

	return port_wide_find(vcpu, rows, sizeof(rows) / sizeof(rows[0]), port, size);
}
