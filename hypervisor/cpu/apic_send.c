/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts from one core to another: what of the APIC is on the way of frequent exits. */
#include "cpu/apic.h"
#include "cpu/privileged.h"

static void icr_write(uint32_t destination, uint64_t command)
{
	/* WRMSR to the ICR does not order earlier stores in x2APIC mode (SDM 3.11.12.3); the request that
	   an IPI announces has to be visible before it arrives. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	msr_write(APIC_ICR, (uint64_t)destination << 32 | APIC_LEVEL_ASSERT | command);
}

void apic_send_init(uint32_t apic_id)
{
	icr_write(apic_id, (uint64_t)APIC_INIT << APIC_DELIVERY_SHIFT);
}

void apic_send_startup(uint32_t apic_id, uint8_t page)
{
	icr_write(apic_id, (uint64_t)APIC_STARTUP << APIC_DELIVERY_SHIFT | page);
}

void apic_send_nmi(uint32_t apic_id)
{
	icr_write(apic_id, (uint64_t)APIC_NMI << APIC_DELIVERY_SHIFT);
}

void apic_send_fixed(uint32_t apic_id, uint8_t vector)
{
	icr_write(apic_id, (uint64_t)APIC_FIXED << APIC_DELIVERY_SHIFT | vector);
}
