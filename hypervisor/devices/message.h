/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupt messages: what an IOAPIC entry, MSI or MSI-X says about destination and delivery, checked for a
 * VM. The real message names cores of the VM alone: one by its APIC id, or several by the logical ids of the
 * real APICs, which are not the guest's.
 */
#ifndef DEVICES_MESSAGE_H
#define DEVICES_MESSAGE_H

#include "vm/vcpu.h"

/* Message address and data of MSI (SDM 3.11.11). */
struct message {
	uint64_t address;
	uint32_t data;
};

/* Why a message is refused; NULL: it is not. */
typedef const char *message_problem;

/* An 8-bit destination, as message or IOAPIC entry has it. */
struct message_destination {
	uint32_t id;
	bool logical;
	bool one; /* any one of those that it names (lowest priority), not all of them */
};

/*
 * Translates a guest's destination to one that reaches only cores of the VM; false: it names none. A logical
 * one is compared with the logical ids that the guest has given its APICs. Several cores are reached where
 * the real APICs' logical ids allow it (APIC ids 0 to 7), else the first of them.
 */
bool message_route(const struct vm *vm, const struct message_destination *wanted,
		   struct message_destination *real);

/*
 * Checks what a guest wrote for a function that may send `count` (power of two) messages, and translates it.
 * Refused: other addresses than that of the APICs, cores of other VMs, delivery modes but fixed and lowest
 * priority, level trigger, vectors below 16.
 */
message_problem message_check(const struct vm *vm, const struct message *written, unsigned count,
			      struct message *real);

#endif
