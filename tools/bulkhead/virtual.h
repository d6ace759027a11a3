/* SPDX-License-Identifier: Apache-2.0 */
/* Which virtual devices a VM has (bulkhead/virtual_devices.h). */
#ifndef BULKHEAD_TOOL_VIRTUAL_H
#define BULKHEAD_TOOL_VIRTUAL_H

#include "bulkhead/virtual_devices.h"
#include "model.h"

/* Instead of all others: the VM has none. */
#define VIRTUAL_NONE_NAME "none"

struct virtual_device_name {
	enum virtual_device device;
	const char *name; /* in virtual-devices */
	const char *what; /* for reports */
};
extern const struct virtual_device_name virtual_device_names[];
extern const size_t virtual_device_name_count;

struct virtual_port_range {
	enum virtual_device device;
	uint16_t first, last;
	const char *what; /* "the timer" */
};
extern const struct virtual_port_range virtual_port_ranges[];
extern const size_t virtual_port_range_count;

/* The device of that name; 0 if there is none, and for "none". */
uint32_t virtual_device_named(const char *name);

/*
 * OR of enum virtual_device: those that the scenario names, or those of the boot protocol but for devices
 * whose ports the VM has as real ones.
 */
uint32_t vm_virtual_devices(const struct vm *vm, const struct board *board);

#endif
