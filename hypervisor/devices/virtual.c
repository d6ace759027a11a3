/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/virtual.h"

#include "bulkhead/virtual_devices.h"
#include "cpu/privileged.h"
#include "devices/clock.h"
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

#define TIMER_INPUT 0 /* of the PIC; counter 0 is wired to it */

static void timer_edge(struct virtual_devices *devices)
{
	pic_set_line(&devices->pics, TIMER_INPUT, false);
	pic_set_line(&devices->pics, TIMER_INPUT, true);
}

/* Nothing runs when the timer's output rises: the PIC is told of it before anybody looks. */
static uint64_t catch_up(struct virtual_devices *devices)
{
	uint64_t now = clock_ticks(CLOCK_PIT_HZ);

	/* a reading on another core may be a little behind */
	if (now <= devices->timed)
		return devices->timed;
	if (pit_next_rise(&devices->pit, devices->timed) <= now)
		timer_edge(devices);
	devices->timed = now;
	return now;
}

static uint8_t read_pic(struct virtual_devices *devices, uint16_t port)
{
	uint8_t value;

	catch_up(devices);
	value = pic_read(&devices->pics, port);
	devices->changed = true; /* a poll acknowledges */
	return value;
}

static enum virtual_write write_pic(struct virtual_devices *devices, uint16_t port, uint8_t value)
{
	catch_up(devices);
	pic_write(&devices->pics, port, value);
	devices->changed = true;
	return VIRTUAL_WRITE_DONE;
}

static uint8_t read_pit(struct virtual_devices *devices, uint16_t port)
{
	return pit_read(&devices->pit, port, catch_up(devices));
}

/* A new mode or count may take the output down, and with it a request that nobody has taken. */
static enum virtual_write write_pit(struct virtual_devices *devices, uint16_t port, uint8_t value)
{
	uint64_t now = catch_up(devices);

	pit_write(&devices->pit, port, value, now);
	if (!pit_output(&devices->pit.counters[0], now))
		pic_set_line(&devices->pics, TIMER_INPUT, false);
	devices->changed = true;
	return VIRTUAL_WRITE_DONE;
}

static uint8_t read_rtc(struct virtual_devices *devices, uint16_t port)
{
	return rtc_read(&devices->rtc, port);
}

static enum virtual_write write_rtc(struct virtual_devices *devices, uint16_t port, uint8_t value)
{
	rtc_write(&devices->rtc, port, value);
	return VIRTUAL_WRITE_DONE;
}

static uint8_t read_keyboard(struct virtual_devices *devices, uint16_t port)
{
	return keyboard_read(&devices->keyboard, port);
}

static enum virtual_write write_keyboard(struct virtual_devices *devices, uint16_t port,
					 uint8_t value)
{
	return keyboard_write(&devices->keyboard, port, value) ? VIRTUAL_WRITE_RESET
							       : VIRTUAL_WRITE_DONE;
}

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

static uint8_t read_pm_timer(struct virtual_devices *devices, uint16_t port)
{
	(void)devices;
	return (uint8_t)(virtual_pm_timer() >> 8 * (port & 3));
}

static enum virtual_write write_pm_timer(struct virtual_devices *devices, uint16_t port,
					 uint8_t value)
{
	(void)devices;
	(void)port;
	(void)value;
	return VIRTUAL_WRITE_DONE; /* read-only (ACPI 6.4, 4.8.3.3) */
}

struct handler {
	enum virtual_device device;
	uint8_t (*read)(struct virtual_devices *devices, uint16_t port);
	enum virtual_write (*write)(struct virtual_devices *devices, uint16_t port, uint8_t value);
};

/* clang-format off */
static const struct handler handlers[] = {
	{VIRTUAL_PIC, read_pic, write_pic},
	{VIRTUAL_PIT, read_pit, write_pit},
	{VIRTUAL_RTC, read_rtc, write_rtc},
	{VIRTUAL_KEYBOARD, read_keyboard, write_keyboard},
	{VIRTUAL_RESET, read_reset, write_reset},
	{VIRTUAL_KEYBOARD_RESET, read_absent, write_reset_command},
	{VIRTUAL_PM_TIMER, read_pm_timer, write_pm_timer},
};
/* clang-format on */

struct ports {
	enum virtual_device device;
	uint16_t first, last;
};

/* A keyboard controller comes before the reset command alone. */
#define PORT_ROW(device, first, last, what) {device, first, last},
static const struct ports ports[] = {VIRTUAL_DEVICE_PORTS(PORT_ROW)};

/* The device that answers for the VM at a port; 0: none. */
static unsigned device_at(const struct vm *vm, uint16_t port)
{
	for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (port >= ports[i].first && port <= ports[i].last &&
		    (vm->config->virtual_devices & ports[i].device))
			return ports[i].device;
	return 0;
}

static const struct handler *handler_at(const struct vm *vm, uint16_t port)
{
	unsigned device = vm->config->virtual_devices ? device_at(vm, port) : 0;

	if (!device)
		return NULL;
	for (unsigned i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (handlers[i].device == device)
			return &handlers[i];
	return NULL;
}

bool virtual_port_read(struct vm *vm, uint16_t port, uint8_t *value)
{
	const struct handler *handler = handler_at(vm, port);

	if (!handler)
		return false;
	lock_take(&vm->devices.lock);
	*value = handler->read(&vm->devices, port);
	lock_release(&vm->devices.lock);
	return true;
}

enum virtual_write virtual_port_write(struct vm *vm, uint16_t port, uint8_t value)
{
	const struct handler *handler = handler_at(vm, port);
	enum virtual_write result;

	if (!handler)
		return VIRTUAL_WRITE_ABSENT;
	lock_take(&vm->devices.lock);
	result = handler->write(&vm->devices, port, value);
	lock_release(&vm->devices.lock);
	return result;
}

uint32_t virtual_fw_cfg_read(struct vm *vm, uint16_t port, unsigned size)
{
	uint32_t value;

	lock_take(&vm->devices.lock);
	value = fw_cfg_read(&vm->devices.fw_cfg, vm->config, port, size);
	lock_release(&vm->devices.lock);
	return value;
}

void virtual_fw_cfg_write(struct vm *vm, uint16_t port, unsigned size, uint32_t value)
{
	lock_take(&vm->devices.lock);
	fw_cfg_write(&vm->devices.fw_cfg, port, size, value);
	lock_release(&vm->devices.lock);
}

static uint64_t next_edge(const struct virtual_devices *devices)
{
	if (!pic_would_signal(&devices->pics, TIMER_INPUT))
		return UINT64_MAX;
	return clock_due(pit_next_rise(&devices->pit, devices->timed), CLOCK_PIT_HZ);
}

struct virtual_interrupt virtual_interrupt(struct vm *vm, bool open, bool can_take)
{
	struct virtual_devices *devices = &vm->devices;
	struct virtual_interrupt interrupt = {.next = UINT64_MAX};
	bool timer = vm->config->virtual_devices & VIRTUAL_PIT;

	lock_take(&devices->lock);
	if (timer)
		catch_up(devices);
	if (open && can_take && pic_pending(&devices->pics)) {
		interrupt.taken = true;
		interrupt.vector = pic_acknowledge(&devices->pics);
	}
	interrupt.waits = open && pic_pending(&devices->pics);
	if (timer && open)
		interrupt.next = next_edge(devices);
	lock_release(&devices->lock);
	return interrupt;
}

struct virtual_pic_view virtual_pic_view(struct vm *vm, uint16_t begun)
{
	struct pic_pair *pair = &vm->devices.pics;
	struct virtual_pic_view view;

	lock_take(&vm->devices.lock);
	pic_serve(pair, begun);
	view = (struct virtual_pic_view){
		.open = pic_open(pair),
		.in_service = pic_in_service(pair),
		.base = {pic_vector(pair, 0), pic_vector(pair, PIC_INPUTS)},
	};
	lock_release(&vm->devices.lock);
	return view;
}

uint32_t virtual_pm_timer(void)
{
	return (uint32_t)clock_ticks(CLOCK_PM_TIMER_HZ);
}

void virtual_devices_reset(struct vm *vm)
{
	struct virtual_devices *devices = &vm->devices;

	devices->lock.holder = LOCK_FREE;
	devices->changed = false;
	devices->timed = clock_ticks(CLOCK_PIT_HZ);
	IF_PRESENT(pic_reset, &devices->pics);
	IF_PRESENT(pit_reset, &devices->pit, devices->timed);
	IF_PRESENT(rtc_reset, &devices->rtc, vm->config);
	IF_PRESENT(keyboard_reset, &devices->keyboard);
	devices->fw_cfg = (struct fw_cfg){0};
	devices->reset_control = 0;
	devices->pm1_enable = 0;
	devices->pm1_control = 0;
	for (unsigned i = 0; i < sizeof(vm->host_bridge) / sizeof(vm->host_bridge[0]); i++)
		vm->host_bridge[i] = 0;
}

void virtual_devices_init(const struct scenario *scenario)
{
	bool clock = false;

	for (uint32_t i = 0; i < scenario->vm_count; i++)
		clock = clock || scenario->vms[i].virtual_devices & VIRTUAL_RTC;
	if (clock)
		rtc_init();
	for (uint32_t i = 0; i < scenario->vm_count; i++)
		virtual_devices_reset(&vms[i]);
}
