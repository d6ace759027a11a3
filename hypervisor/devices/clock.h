/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time of virtual devices: ticks of any clock rate, derived from the TSC. Guests read the TSC as it is,
 * and so a guest that compares both sees them agree exactly.
 */
#ifndef DEVICES_CLOCK_H
#define DEVICES_CLOCK_H

#include "bulkhead/types.h"

#define CLOCK_PIT_HZ      1193182 /* 14.31818 MHz / 12 */
#define CLOCK_PM_TIMER_HZ 3579545 /* 14.31818 MHz / 4 */

/* Ticks of a clock with `hz` since the TSC was 0. */
uint64_t clock_ticks(uint64_t hz);
/* The same since the TSC was `tsc`. */
uint64_t clock_since(uint64_t tsc, uint64_t hz);

/* `ticks` of a clock of `from_hz` as ticks of one of `to_hz`, rounded down. */
uint64_t clock_convert(uint64_t ticks, uint64_t from_hz, uint64_t to_hz);

#endif
