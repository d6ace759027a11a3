/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of a PC that some VMs have (devices/virtual.h), behind the ports and to each other. */
#include "bulkhead/virtual_devices.h"
#include "cpu/privileged.h"
#include "devices/clock.h"
#include "vm/vcpu.h"

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

const struct virtual_handler *virtual_pc_handler(unsigned device)
{
	static const struct {
		enum virtual_device device;
		struct virtual_handler handler;
	} rows[] = {
		{VIRTUAL_PIC, {read_pic, write_pic}},
		{VIRTUAL_PIT, {read_pit, write_pit}},
		{VIRTUAL_RTC, {read_rtc, write_rtc}},
		{VIRTUAL_KEYBOARD, {read_keyboard, write_keyboard}},
		{VIRTUAL_PM_TIMER, {read_pm_timer, write_pm_timer}},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].device == device)
			return &rows[i].handler;
	return NULL;
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

void virtual_timer_reset(struct virtual_devices *devices)
{
	devices->timed = clock_ticks(CLOCK_PIT_HZ);
	IF_PRESENT(pic_reset, &devices->pics);
	IF_PRESENT(pit_reset, &devices->pit, devices->timed);
}
