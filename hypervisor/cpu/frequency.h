/* SPDX-License-Identifier: Apache-2.0 */
/* Clock rates: from the board file, else from CPUID leaf 0x15 (SDM 3.19.7.3). Never measured. */
#ifndef CPU_FREQUENCY_H
#define CPU_FREQUENCY_H

#include "bulkhead/tables.h"
#include "lib/optional.h"

/* In Hz; 0 when neither the board file nor the processor says. */
uint64_t tsc_frequency(const struct scenario *scenario);
uint64_t apic_timer_frequency(const struct scenario *scenario);

/* What the processor says itself (crystal.c); only in images whose board does not give both. */
uint64_t crystal_tsc_frequency(void) OPTIONAL;
uint64_t crystal_frequency(void) OPTIONAL;

#endif
