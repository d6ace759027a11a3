/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/apic.h"

#include "cpu/msr.h"
#include "cpu/privileged.h"

static const uint32_t lvt_registers[] = {
	APIC_LVT_TIMER, APIC_LVT_THERMAL, APIC_LVT_COUNTER,
	APIC_LVT_LINT0, APIC_LVT_LINT1,   APIC_LVT_ERROR,
};
#define LVT_COUNT (sizeof(lvt_registers) / sizeof(lvt_registers[0]))

uint32_t apic_id_of_this_core(void)
{
	return cpuid(0xB, 0).edx;
}

/* Entries that this APIC has: bits 23:16 of the version, plus one (SDM 3.11.4.8). */
bool apic_has_register(uint32_t msr)
{
	unsigned entries = (unsigned)(msr_read(APIC_VERSION) >> 16 & 0xFF) + 1;

	/* in the order in which they were added to the architecture */
	switch (msr) {
	case APIC_LVT_COUNTER:
		return entries >= 5;
	case APIC_LVT_THERMAL:
		return entries >= 6;
	case APIC_LVT_CMCI:
		return entries >= 7;
	default:
		return true;
	}
}

static bool in_service(void)
{
	for (uint32_t i = 0; i < 8; i++)
		if (msr_read(APIC_ISR + i))
			return true;
	return false;
}

/* An interrupt that nobody will end would hold back all of lower priority for good. At most one per vector. */
static void end_interrupts(void)
{
	for (unsigned vector = 0; vector <= APIC_VECTOR && in_service(); vector++)
		msr_write(APIC_EOI, 0);
}

void apic_reset(void)
{
	uint64_t base = msr_read(MSR_APIC_BASE);

	msr_write(MSR_APIC_BASE, base | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
	msr_write(APIC_SPURIOUS, APIC_SPURIOUS_ENABLE | APIC_SPURIOUS_VECTOR);
	for (unsigned i = 0; i < LVT_COUNT; i++)
		if (apic_has_register(lvt_registers[i]))
			msr_write(lvt_registers[i], APIC_LVT_MASKED);
	msr_write(APIC_TIMER_INITIAL, 0);
	msr_write(APIC_TIMER_DIVIDE, 0);
	msr_write(APIC_ERROR, 0);
	msr_write(APIC_TPR, 0);
	end_interrupts();
	msr_write(APIC_SPURIOUS, APIC_SPURIOUS_VECTOR);
}
