/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/virtual.h"

#include "bulkhead/virtual_devices.h"
#include "lib/string.h"
#include "vm/vcpu.h"

/* Keyboard controller: pulses the line that resets the processor. */
#define RESET_COMMAND 0xFE

/* System control port A: bit 0 resets; the A20 line is always on. */
#define CONTROL_A_PORT  0x92
#define CONTROL_A_RESET 0x01
#define CONTROL_A_A20   0x02

/* Reset control register at 0xCF9: going to 1, bit 2 resets; bit 1 says how thoroughly. */
#define RESET_CONTROL_BITS 0x0E
#define RESET_CONTROL_NOW  0x04

static uint8_t read_reset(struct virtual_devices *devices, uint16_t port)
{
	return port == CONTROL_A_PORT ? CONTROL_A_A20 : devices->reset_control;
}

static enum virtual_write write_reset_control(struct virtual_devices *devices, uint8_t value)
{
	bool resets = value & RESET_CONTROL_NOW & ~devices->reset_control;

	devices->reset_control = value & RESET_CONTROL_BITS;
	return resets ? VIRTUAL_WRITE_RESET : VIRTUAL_WRITE_DONE;
}

static enum virtual_write write_reset(struct virtual_devices *devices, uint16_t port, uint8_t value)
{
	if (port != CONTROL_A_PORT)
		return write_reset_control(devices, value);
	return value & CONTROL_A_RESET ? VIRTUAL_WRITE_RESET : VIRTUAL_WRITE_DONE;
}

static uint8_t read_absent(struct virtual_devices *devices, uint16_t port)
{
	(void)devices;
	(void)port;
	return UINT8_MAX;
}

static enum virtual_write write_reset_command(struct virtual_devices *devices, uint16_t port,
					      uint8_t value)
{
	(void)devices;
	(void)port;
	return value == RESET_COMMAND ? VIRTUAL_WRITE_RESET : VIRTUAL_WRITE_DONE;
}

/* The devices that every image has. */
static const struct virtual_handler reset_handler = {read_reset, write_reset};
static const struct virtual_handler reset_command_handler = {read_absent, write_reset_command};

static const struct virtual_handler *handler_of(unsigned device)
{
	if (device == VIRTUAL_RESET)
		return &reset_handler;
	if (device == VIRTUAL_KEYBOARD_RESET)
		return &reset_command_handler;
	return virtual_pc_handler ? virtual_pc_handler(device) : NULL;
}

struct ports {
	uint16_t first, last;
	uint16_t device;
};

/* A keyboard controller comes before the reset command alone. */
#define PORT_ROW(device, first, last, what) {first, last, device},
static const struct ports ports[] = {VIRTUAL_DEVICE_PORTS(PORT_ROW)};

/* What answers for the VM at a port; NULL: nothing. */
static const struct virtual_handler *handler_at(const struct vm *vm, uint16_t port)
{
	for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		unsigned device = vm->config->virtual_devices & ports[i].device;

		if (device && port >= ports[i].first && port <= ports[i].last)
			return handler_of(device);
	}
	return NULL;
}

bool virtual_port_read(struct vm *vm, uint16_t port, uint8_t *value)
{
	const struct virtual_handler *handler = handler_at(vm, port);

	if (!handler)
		return false;
	lock_take(&vm->devices.lock);
	*value = handler->read(&vm->devices, port);
	lock_release(&vm->devices.lock);
	return true;
}

enum virtual_write virtual_port_write(struct vm *vm, uint16_t port, uint8_t value)
{
	const struct virtual_handler *handler = handler_at(vm, port);
	enum virtual_write result;

	if (!handler)
		return VIRTUAL_WRITE_ABSENT;
	lock_take(&vm->devices.lock);
	result = handler->write(&vm->devices, port, value);
	lock_release(&vm->devices.lock);
	return result;
}

void virtual_devices_reset(struct vm *vm)
{
	struct virtual_devices *devices = &vm->devices;

	memset(devices, 0, sizeof(*devices));
	devices->lock.holder = LOCK_FREE;
	IF_PRESENT(virtual_timer_reset, devices);
	IF_PRESENT(rtc_reset, &devices->rtc, vm->config);
	IF_PRESENT(keyboard_reset, &devices->keyboard);
	memset(vm->host_bridge, 0, sizeof(vm->host_bridge));
}

void virtual_devices_init(const struct scenario *scenario)
{
	IF_PRESENT(rtc_init);
	for (uint32_t i = 0; i < scenario->vm_count; i++)
		virtual_devices_reset(&vms[i]);
}
