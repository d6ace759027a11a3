/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of virtual devices that are wider than a byte; rows of port.c. An image has them if a VM has the device. */
#ifndef VM_PORT_WIDE_H
#define VM_PORT_WIDE_H

#include "lib/optional.h"
#include "vm/vcpu.h"

uint32_t port_pm_timer_read(struct vcpu *vcpu, uint16_t port, unsigned size) OPTIONAL;

/* ACPI fixed hardware. */
uint32_t port_pm1_event_read(struct vcpu *vcpu, uint16_t port, unsigned size) OPTIONAL;
void port_pm1_event_write(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value) OPTIONAL;
uint32_t port_pm1_control_read(struct vcpu *vcpu, uint16_t port, unsigned size) OPTIONAL;
void port_pm1_control_write(struct vcpu *vcpu, uint16_t port, unsigned size,
			    uint32_t value) OPTIONAL;

uint32_t port_fw_cfg_read(struct vcpu *vcpu, uint16_t port, unsigned size) OPTIONAL;
void port_fw_cfg_write(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value) OPTIONAL;

#endif
