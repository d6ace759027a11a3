/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time-stamp counter of the calling core. It is its guest's: a guest may write it, as it may on the bare
 * machine. What the hypervisor times itself goes by tsc_host(), which such writes do not move, and a core
 * gets its counter back before the next guest starts there.
 */
#ifndef CPU_TSC_H
#define CPU_TSC_H

#include "cpu/cpu.h"
#include "cpu/privileged.h"

/* The counter as if no guest had written it, to a few ticks. */
static inline uint64_t tsc_host(void)
{
	return tsc_read() - this_cpu()->tsc_moved;
}

/* The processor has IA32_TSC_ADJUST (SDM 3.18.17.3). */
bool tsc_has_adjust(void);

/* WRMSR of IA32_TIME_STAMP_COUNTER and of IA32_TSC_ADJUST, which must be there, on behalf of the guest. */
void tsc_set(uint64_t value);
void tsc_set_adjust(uint64_t value);

/* Takes back what guests have written. */
void tsc_restore(void);

#endif
