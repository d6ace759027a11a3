/* SPDX-License-Identifier: Apache-2.0 */
/* Ports whose registers are not all a byte wide: how a VM's accesses are answered. */
#ifndef VM_PORT_WIDE_H
#define VM_PORT_WIDE_H

#include "lib/optional.h"
#include "vm/vcpu.h"

struct port_wide {
	uint16_t devices; /* the VM has one of these virtual devices, or 0: every VM has it */
	uint16_t first, last;
	uint32_t (*read)(struct vcpu *vcpu, uint16_t port, unsigned size);
	void (*write)(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value);
};

/* The row that answers the whole access, or NULL. */
const struct port_wide *port_wide_find(const struct vcpu *vcpu, const struct port_wide *rows,
				       unsigned count, uint16_t port, unsigned size);

/* The same among devices that only some images have (port_wide.c). */
const struct port_wide *port_wide_device(const struct vcpu *vcpu, uint16_t port,
					 unsigned size) OPTIONAL;

void port_write_nothing(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value);

#endif
