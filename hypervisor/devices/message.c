/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/message.h"

#include "cpu/apic.h"
#include "cpu/msr.h"
#include "lib/texts.h"

/* Message address register, figure 3.11-14 */
#define ADDRESS_BASE        UINT64_C(0xFEE00000)
#define ADDRESS_BASE_BITS   (~UINT64_C(0xFFFFF))
#define ADDRESS_DESTINATION 12 /* shift, 8 bits */
#define ADDRESS_LOGICAL     UINT64_C(0x4)
#define ADDRESS_REDIRECTION UINT64_C(0x8) /* to one of those named */

/* Message data register, figure 3.11-15 */
#define DATA_VECTOR  UINT32_C(0xFF)
#define DATA_TRIGGER UINT32_C(0x8000)

#define DESTINATION_ALL 0xFF
#define VECTOR_LEAST    16 /* those below are reserved (SDM 3.11.5.2) */

/* Cluster model of the logical destination register in xAPIC mode (SDM 3.11.6.2.2) */
#define FORMAT_FLAT UINT32_C(0xFFFFFFFF)

static bool matches_logical(const struct vcpu *vcpu, uint32_t destination)
{
	uint32_t id = vcpu->config->apic_id, logical = vcpu->xapic_ldr >> 24;

	/* an x2APIC's logical id has its APIC id's low bits; 8 bits reach cluster 0 only */
	if (vcpu->apic_base & APIC_BASE_X2APIC)
		return id < 8 && (destination & UINT32_C(1) << id);
	if (vcpu->xapic_dfr == FORMAT_FLAT)
		return logical & destination;
	return (logical >> 4 == destination >> 4 || destination >> 4 == 0xF) &&
	       (logical & destination & 0xF);
}

static bool matches(const struct vcpu *vcpu, const struct message_destination *wanted)
{
	uint32_t id = vcpu->config->apic_id;

	/* without interrupt remapping a message can't name a core beyond 8 bits */
	if (id >= DESTINATION_ALL)
		return false;
	return wanted->logical ? matches_logical(vcpu, wanted->id)
			       : wanted->id == id || wanted->id == DESTINATION_ALL;
}

/*
 * Real APICs are in x2APIC mode: eight bits of a logical destination are the cores with the APIC ids 0 to 7.
 * All eight of them would be everybody (SDM 3.11.12.9), whoever owns the other cores.
 */
bool message_route(const struct vm *vm, const struct message_destination *wanted,
		   struct message_destination *real)
{
	uint32_t count = 0, set = 0;

	for (uint32_t i = 0; i < vm->config->vcpu_count; i++) {
		uint32_t id = vm_vcpu(vm, i)->config->apic_id;

		if (!matches(vm_vcpu(vm, i), wanted))
			continue;
		if (count++ == 0)
			*real = (struct message_destination){.id = id, .one = true};
		set |= id < 8 ? UINT32_C(1) << id : DESTINATION_ALL;
	}
	if (count > 1 && !wanted->one && set != DESTINATION_ALL)
		*real = (struct message_destination){.id = set, .logical = true};
	return count != 0;
}

static message_problem data_problem(uint32_t data, unsigned count)
{
	uint64_t mode = (data & APIC_DELIVERY_MASK) >> APIC_DELIVERY_SHIFT;

	if (mode != APIC_FIXED && mode != APIC_LOWEST_PRIORITY)
		return TEXT("has a delivery mode that is not allowed");
	if (data & DATA_TRIGGER)
		return TEXT("is level-triggered");
	if ((data & DATA_VECTOR & ~(count - 1)) < VECTOR_LEAST)
		return TEXT("has a reserved vector");
	return NULL;
}

message_problem message_check(const struct vm *vm, const struct message *written, unsigned count,
			      struct message *real)
{
	struct message_destination wanted = {
		.id = (uint32_t)(written->address >> ADDRESS_DESTINATION) & 0xFF,
		.logical = written->address & ADDRESS_LOGICAL,
		.one = (written->address & ADDRESS_REDIRECTION) ||
		       (written->data & APIC_DELIVERY_MASK) >> APIC_DELIVERY_SHIFT != APIC_FIXED,
	};
	message_problem problem = data_problem(written->data, count);
	struct message_destination found;

	if ((written->address & ADDRESS_BASE_BITS) != ADDRESS_BASE)
		return TEXT("is not addressed to an APIC");
	if (problem)
		return problem;
	if (!message_route(vm, &wanted, &found))
		return TEXT("names no core of this VM");
	real->address = ADDRESS_BASE | (uint64_t)found.id << ADDRESS_DESTINATION |
			(found.logical ? ADDRESS_LOGICAL : 0);
	real->data = written->data & DATA_VECTOR & ~(count - 1);
	return NULL;
}
