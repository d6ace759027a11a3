/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual devices of a VM (bulkhead/virtual_devices.h): their state, and who answers which port. */
#ifndef DEVICES_VIRTUAL_H
#define DEVICES_VIRTUAL_H

#include "devices/keyboard.h"
#include "devices/pic.h"
#include "devices/pit.h"
#include "devices/rtc.h"
#include "lib/lock.h"

struct vm;

/* Used by the VM's own cores, one at a time. */
struct virtual_devices {
	struct lock lock;
	struct pic_pair pics;
	struct pit pit;
	struct rtc rtc;
	struct keyboard keyboard;
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

/* The power management timer, all 32 bits of it. */
uint32_t virtual_pm_timer(void);

#endif
