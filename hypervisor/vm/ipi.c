/* SPDX-License-Identifier: Apache-2.0 */
/* IPIs of guests: destinations are filtered to the VM's own cores, and delivery modes to what is safe. */
#include "cpu/apic.h"
#include "cpu/msr.h"
#include "vm/handlers.h"

/* ICR destination shorthands (SDM 3.11.6.1) */
enum shorthand { SHORTHAND_NONE, SHORTHAND_SELF, SHORTHAND_ALL, SHORTHAND_OTHERS };

/* Fields of the ICR. */
static enum apic_delivery mode_of(uint64_t icr)
{
	return (enum apic_delivery)((icr & APIC_DELIVERY_MASK) >> APIC_DELIVERY_SHIFT);
}

static uint8_t vector_of(uint64_t icr)
{
	return (uint8_t)(icr & APIC_VECTOR);
}

static enum shorthand shorthand_of(uint64_t icr)
{
	return (enum shorthand)(icr >> APIC_SHORTHAND_SHIFT & 3);
}

static uint32_t destination_of(uint64_t icr)
{
	return (uint32_t)(icr >> 32);
}

/* Logical destination in x2APIC mode: cluster in bits 31:16, one bit per member (SDM 3.11.12.10.2). */
static bool matches_x2apic_logical(const struct vcpu *target, uint32_t destination)
{
	uint32_t id = target->config->apic_id;

	return destination >> 16 == id >> 4 && (destination & UINT32_C(1) << (id & 0xF));
}

/* Logical destination in xAPIC mode: flat or cluster model by DFR (SDM 3.11.6.2.2). */
static bool matches_xapic_logical(const struct vcpu *target, uint32_t destination)
{
	uint32_t ldr = target->xapic_ldr >> 24;

	destination &= 0xFF;
	if (target->xapic_dfr >> 28 == 0xF)
		return ldr & destination;
	return (ldr >> 4 == destination >> 4 || destination >> 4 == 0xF) &&
	       (ldr & destination & 0xF);
}

static bool is_broadcast(const struct vcpu *sender, uint32_t destination)
{
	return destination == (local_apic_is_x2apic(sender) ? APIC_BROADCAST : 0xFF);
}

/* A globally disabled APIC receives nothing (SDM 3.11.4.7.2). */
static bool can_receive(const struct vcpu *target)
{
	return __atomic_load_n(&target->apic_base, __ATOMIC_RELAXED) & APIC_BASE_ENABLE;
}

static bool is_addressed(const struct vcpu *sender, const struct vcpu *target, uint64_t icr)
{
	uint32_t destination = destination_of(icr);

	if (is_broadcast(sender, destination))
		return true;
	if (!(icr & APIC_LOGICAL))
		return target->config->apic_id == destination;
	return local_apic_is_x2apic(sender) ? matches_x2apic_logical(target, destination)
					    : matches_xapic_logical(target, destination);
}

static bool is_target(const struct vcpu *sender, const struct vcpu *target, uint64_t icr)
{
	if (!can_receive(target))
		return false;
	switch (shorthand_of(icr)) {
	case SHORTHAND_SELF:
		return target == sender;
	case SHORTHAND_ALL:
		return true;
	case SHORTHAND_OTHERS:
		return target != sender;
	default:
		return is_addressed(sender, target, icr);
	}
}

/* Modes that are not here would leave the partition (SMI, ExtINT) or are reserved. */
#define MODES_DELIVERED                                                                     \
	(1U << APIC_FIXED | 1U << APIC_LOWEST_PRIORITY | 1U << APIC_NMI | 1U << APIC_INIT | \
	 1U << APIC_STARTUP)

static void deliver(struct vcpu *target, uint64_t icr)
{
	if (mode_of(icr) <= APIC_LOWEST_PRIORITY) {
		apic_send_fixed(target->config->apic_id, vector_of(icr));
		return;
	}
	switch (mode_of(icr)) {
	case APIC_NMI:
		vcpu_post(target, REQUEST_NMI);
		break;
	case APIC_INIT:
		vcpu_post(target, REQUEST_INIT);
		break;
	case APIC_STARTUP:
		/* The page number must be there before the bit that announces it; only one IPI starts a vCPU,
		   a second with another page is the guest's own race. */
		__atomic_and_fetch(vcpu_requests(target), ~(uint32_t)REQUEST_SIPI_PAGE,
				   __ATOMIC_RELAXED);
		vcpu_post(target, REQUEST_SIPI | (uint32_t)vector_of(icr)
							 << REQUEST_SIPI_PAGE_SHIFT);
		break;
	default:
		break;
	}
}

/* INIT level de-assert changes nothing on any processor since the Pentium (SDM 3.11.6.1). */
static bool is_init_deassert(uint64_t icr)
{
	return (icr & APIC_TRIGGER_LEVEL) && !(icr & APIC_LEVEL_ASSERT) &&
	       (icr & APIC_DELIVERY_MASK) == (uint64_t)APIC_INIT << APIC_DELIVERY_SHIFT;
}

static void log_refused(struct vcpu *vcpu, uint64_t icr, const char *why)
{
	if (log_limit(&vcpu->vm->limits.ipi))
		log_warning("vCPU %u sends an IPI that is not delivered (%s): ICR 0x%lx",
			    vcpu->config->index, why, icr);
}

void ipi_send(struct vcpu *vcpu, uint64_t icr)
{
	enum apic_delivery mode = mode_of(icr);
	struct vcpu *first = vm_vcpu(vcpu->vm, 0);
	unsigned reached = 0;

	vcpu->icr = icr;
	if (is_init_deassert(icr))
		return;
	if (!(MODES_DELIVERED >> mode & 1)) {
		log_refused(vcpu, icr, "delivery mode");
		return;
	}
	for (uint32_t i = 0; i < vcpu->vm->config->vcpu_count; i++) {
		struct vcpu *target = first + i;

		if (!is_target(vcpu, target, icr))
			continue;
		/* NMI, INIT and start-up never go to oneself by shorthand (SDM 3.11.6.1, table 11-3) */
		if (mode >= APIC_SMI && target == vcpu && shorthand_of(icr) != SHORTHAND_NONE)
			continue;
		deliver(target, icr);
		reached++;
		/* One of those that are addressed. Which one has the lowest priority only their APICs know, and the
		   choice is theirs to make (SDM 3.11.6.2.4). */
		if (mode == APIC_LOWEST_PRIORITY)
			break;
	}
	if (reached == 0 && shorthand_of(icr) == SHORTHAND_NONE)
		log_refused(vcpu, icr, "no such core in this VM");
}

/* Reserved bits of the ICR are #GP in x2APIC mode (SDM 3.11.12.9). */
#define ICR_DEFINED UINT64_C(0xFFFFFFFF000CCFFF)

/* Here, because the ICR is what a guest writes all the time. */
bool local_apic_write(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	if (!local_apic_is_x2apic(vcpu))
		return false;
	if (msr != APIC_ICR)
		return local_apic_register_write(vcpu, msr, value, false);
	if (value & ~ICR_DEFINED)
		return false;
	ipi_send(vcpu, value);
	return true;
}
