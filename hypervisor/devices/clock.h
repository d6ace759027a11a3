/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time of virtual devices: ticks of any clock rate, derived from the TSC as the machine counts it. A guest
 * that compares both sees them agree exactly; one that writes its TSC does not move its other clocks.
 */
#ifndef DEVICES_CLOCK_H
#define DEVICES_CLOCK_H

#include "bulkhead/types.h"

#define CLOCK_PIT_HZ      1193182 /* 14.31818 MHz / 12 */
#define CLOCK_PM_TIMER_HZ 3579545 /* 14.31818 MHz / 4 */

/* Ticks of a clock with `hz` since the machine's TSC was 0, by tsc_host(). */
uint64_t clock_ticks(uint64_t hz);
/* The same since the TSC was `tsc`. */
uint64_t clock_since(uint64_t tsc, uint64_t hz);

/* tsc_host() at which clock_ticks(hz) will have got to `ticks`; UINT64_MAX for that of them. */
uint64_t clock_due(uint64_t ticks, uint64_t hz);

/* `ticks` of a clock of `from_hz` as ticks of one of `to_hz`, rounded down. */
uint64_t clock_convert(uint64_t ticks, uint64_t from_hz, uint64_t to_hz);

#endif
