/* SPDX-License-Identifier: Apache-2.0 */
/* Ports, interrupts and devices: what a VM owns, by reference to a device or by number. */
#ifndef BULKHEAD_TOOL_EMIT_RESOURCES_H
#define BULKHEAD_TOOL_EMIT_RESOURCES_H

#include "emit_plan.h"

/* Fills in config->ports: sorted, disjoint, ranges that touch joined. */
void plan_ports(struct plan *plan, struct vm_config *config, const struct vm *vm);

/* Fills in config->pins: sorted, each once. False with a message if no IOAPIC has an interrupt. */
bool plan_pins(struct plan *plan, struct vm_config *config, const struct vm *vm);

/* The VM got the device by reference, or it owns every port of the device by number. */
bool plan_owns_device(const struct plan *plan, unsigned vm, unsigned device);

/* The IOAPIC pin behind the global system interrupt is the VM's. */
bool plan_owns_gsi(const struct plan *plan, unsigned vm, uint64_t gsi);

/* Devices that the tool knows more about than their ports and interrupts. */
enum device_class {
	DEVICE_OTHER,
	DEVICE_UART,       /* 16450 and its successors */
	DEVICE_RTC,        /* CMOS clock */
	DEVICE_HPET,       /* high precision event timer */
	DEVICE_DEBUG_PORT, /* prints the bytes written to its port */
};

/* By its compatible string. */
enum device_class device_class(const struct board_device *device);

#endif
