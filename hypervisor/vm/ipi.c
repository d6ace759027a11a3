/* SPDX-License-Identifier: Apache-2.0 */
/* IPIs of guests: destinations are filtered to the VM's own cores, and delivery modes to what is safe. */
#include "cpu/apic.h"
#include "cpu/msr.h"
#include "vm/handlers.h"

/* ICR destination shorthands (SDM 3.11.6.1) */
enum shorthand { SHORTHAND_NONE, SHORTHAND_SELF, SHORTHAND_ALL, SHORTHAND_OTHERS };

struct ipi {
	enum apic_delivery mode;
	uint8_t vector;
	enum shorthand shorthand;
	bool logical;
	uint32_t destination;
};

static struct ipi ipi_decode(uint64_t icr)
{
	return (struct ipi){
		.mode = (enum apic_delivery)((icr & APIC_DELIVERY_MASK) >> APIC_DELIVERY_SHIFT),
		.vector = (uint8_t)(icr & APIC_VECTOR),
		.shorthand = (enum shorthand)(icr >> APIC_SHORTHAND_SHIFT & 3),
		.logical = icr & APIC_LOGICAL,
		.destination = (uint32_t)(icr >> 32),
	};
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

static bool is_target(const struct vcpu *sender, const struct vcpu *target, const struct ipi *ipi)
{
	if (!can_receive(target))
		return false;
	switch (ipi->shorthand) {
	case SHORTHAND_SELF:
		return target == sender;
	case SHORTHAND_ALL:
		return true;
	case SHORTHAND_OTHERS:
		return target != sender;
	case SHORTHAND_NONE:
		break;
	}
	if (is_broadcast(sender, ipi->destination))
		return true;
	if (!ipi->logical)
		return target->config->apic_id == ipi->destination;
	return local_apic_is_x2apic(sender) ? matches_x2apic_logical(target, ipi->destination)
					    : matches_xapic_logical(target, ipi->destination);
}

/* Modes that are not here would leave the partition (SMI, ExtINT) or are reserved. */
#define MODES_DELIVERED                                                                     \
	(1U << APIC_FIXED | 1U << APIC_LOWEST_PRIORITY | 1U << APIC_NMI | 1U << APIC_INIT | \
	 1U << APIC_STARTUP)

static void deliver(struct vcpu *target, const struct ipi *ipi)
{
	if (ipi->mode <= APIC_LOWEST_PRIORITY) {
		apic_send_fixed(target->config->apic_id, ipi->vector);
		return;
	}
	switch (ipi->mode) {
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
		vcpu_post(target, REQUEST_SIPI | (uint32_t)ipi->vector << REQUEST_SIPI_PAGE_SHIFT);
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
	struct ipi ipi = ipi_decode(icr);
	struct vcpu *first = vm_vcpu(vcpu->vm, 0);
	unsigned reached = 0;

	vcpu->icr = icr;
	if (is_init_deassert(icr))
		return;
	if (!(MODES_DELIVERED >> ipi.mode & 1)) {
		log_refused(vcpu, icr, "delivery mode");
		return;
	}
	for (uint32_t i = 0; i < vcpu->vm->config->vcpu_count; i++) {
		struct vcpu *target = first + i;

		if (!is_target(vcpu, target, &ipi))
			continue;
		/* NMI, INIT and start-up never go to oneself by shorthand (SDM 3.11.6.1, table 11-3) */
		if (ipi.mode >= APIC_SMI && target == vcpu && ipi.shorthand != SHORTHAND_NONE)
			continue;
		deliver(target, &ipi);
		reached++;
		/* One of those that are addressed. Which one has the lowest priority only their APICs know, and the
		   choice is theirs to make (SDM 3.11.6.2.4). */
		if (ipi.mode == APIC_LOWEST_PRIORITY)
			break;
	}
	if (reached == 0 && ipi.shorthand == SHORTHAND_NONE)
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
