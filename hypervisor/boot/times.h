/* SPDX-License-Identifier: Apache-2.0 */
/* When the start went how far, for the counters of every core. TSC ticks. */
#ifndef BOOT_TIMES_H
#define BOOT_TIMES_H

#include "bulkhead/types.h"

struct boot_times {
	uint64_t entered; /* GRUB handed over; written by entry.S, which knows that it is first */
	uint64_t placing; /* how long copying the guests' images took */
};

extern struct boot_times boot_times;

#endif
