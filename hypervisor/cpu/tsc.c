/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/tsc.h"

#include "cpu/msr.h"
#include "cpu/registers.h"

bool tsc_has_adjust(void)
{
	return cpuid(0, 0).eax >= 7 && (cpuid(7, 0).ebx & CPUID_7_EBX_TSC_ADJUST);
}

/* The adjustment follows every write of the counter, so it knows to the tick by how much that moved it. */
static void set_with_adjust(uint32_t msr, uint64_t value)
{
	uint64_t before = msr_read(MSR_TSC_ADJUST);

	msr_write(msr, value);
	this_cpu()->tsc_moved += msr_read(MSR_TSC_ADJUST) - before;
}

void tsc_set(uint64_t value)
{
	if (tsc_has_adjust()) {
		set_with_adjust(MSR_TSC, value);
		return;
	}
	this_cpu()->tsc_moved += value - tsc_read();
	msr_write(MSR_TSC, value);
}

void tsc_set_adjust(uint64_t value)
{
	set_with_adjust(MSR_TSC_ADJUST, value);
}

void tsc_restore(void)
{
	uint64_t moved = this_cpu()->tsc_moved;

	if (!moved)
		return;
	if (tsc_has_adjust())
		msr_write(MSR_TSC_ADJUST, msr_read(MSR_TSC_ADJUST) - moved);
	else
		msr_write(MSR_TSC, tsc_read() - moved);
	this_cpu()->tsc_moved = 0;
}
