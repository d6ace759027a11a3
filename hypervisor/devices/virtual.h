/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual devices of a VM (bulkhead/virtual_devices.h): their state, and who answers which port. */
#ifndef DEVICES_VIRTUAL_H
#define DEVICES_VIRTUAL_H

#include "devices/fw_cfg.h"
#include "devices/keyboard.h"
#include "devices/pic.h"
#include "devices/pit.h"
#include "devices/rtc.h"
#include "lib/lock.h"

struct vm;

/* Used by the VM's own cores, one at a time. */
struct virtual_devices {
	struct lock lock;
	bool changed; /* what the PIC signals may have changed; for its VM to look (vm/extint.c) */
	uint64_t timed; /* PIT tick up to which the PIC has seen the timer's output */
	struct pic_pair pics;
	struct pit pit;
	struct rtc rtc;
	struct keyboard keyboard;
	struct fw_cfg fw_cfg;
	uint8_t reset_control; /* port 0xCF9 */
	uint16_t pm1_enable;   /* ACPI: atomic, as nothing but the guest changes them */
	uint16_t pm1_control;
};

/* What a write came to. */
enum virtual_write { VIRTUAL_WRITE_ABSENT, VIRTUAL_WRITE_DONE, VIRTUAL_WRITE_RESET };

/* Once, on the BSP, before any VM starts. */
void virtual_devices_init(const struct scenario *scenario);

/* Power-on state of a VM's devices; while none of its cores runs. */
void virtual_devices_reset(struct vm *vm);

/* One byte at a port. False: the VM has no virtual device there. */
bool virtual_port_read(struct vm *vm, uint16_t port, uint8_t *value);
enum virtual_write virtual_port_write(struct vm *vm, uint16_t port, uint8_t value);

/* How a device answers at its ports, with the VM's lock held. */
struct virtual_handler {
	uint8_t (*read)(struct virtual_devices *devices, uint16_t port);
	enum virtual_write (*write)(struct virtual_devices *devices, uint16_t port, uint8_t value);
};

/* That of a device that only some images have (virtual_pc.c), by its bit; NULL: its registers are not a byte wide. */
const struct virtual_handler *virtual_pc_handler(unsigned device) OPTIONAL;

/* Power-on state of PIC and PIT. */
void virtual_timer_reset(struct virtual_devices *devices) OPTIONAL;

/* What the virtual PIC has for the processor. */
struct virtual_interrupt {
	bool taken; /* `vector` is to be delivered, and in service now */
	bool waits; /* (another) one waits to be taken */
	uint8_t vector;
	uint64_t
		next; /* tsc_host() at which the timer may raise one; UINT64_MAX: it can't, as things are */
};

/* `open`: the PIC's output is wired to the processor; `can_take`: which takes interrupts now. */
struct virtual_interrupt virtual_interrupt(struct vm *vm, bool open, bool can_take) OPTIONAL;

/*
 * What the virtual PIC says of interrupts that go past it (pic_open() and the like), and that those of `begun`
 * are in service.
 */
struct virtual_pic_view {
	uint16_t open, in_service;
	uint8_t base[PIC_COUNT]; /* vectors of inputs 0 and 8 */
};
struct virtual_pic_view virtual_pic_view(struct vm *vm, uint16_t begun) OPTIONAL;

/* The power management timer, all 32 bits of it. */
uint32_t virtual_pm_timer(void) OPTIONAL;

#endif
