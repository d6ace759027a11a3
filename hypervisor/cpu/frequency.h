/* SPDX-License-Identifier: Apache-2.0 */
/* Clock rates: from the board file, else from CPUID leaf 0x15 (SDM 3.19.7.3). Never measured. */
#ifndef CPU_FREQUENCY_H
#define CPU_FREQUENCY_H

#include "bulkhead/tables.h"

/* In Hz; 0 when neither the board file nor the processor says. */
uint64_t tsc_frequency(const struct scenario *scenario);
uint64_t apic_timer_frequency(const struct scenario *scenario);

#endif
