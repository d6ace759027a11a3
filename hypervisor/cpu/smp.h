/* SPDX-License-Identifier: Apache-2.0 */
/* Starting the other cores (SDM 3.9.4). */
#ifndef CPU_SMP_H
#define CPU_SMP_H

#include "bulkhead/tables.h"

/*
 * Starts every core of the scenario but the calling one by INIT-SIPI-SIPI through the trampoline page.
 * Each runs `entry` on its own stack, in its own area, and counts as started once it is there.
 * Returns the number of cores that have started. A core that does not answer is a difference of the
 * machine if a vCPU needs it (boot/machine.h), else a warning.
 */
uint32_t smp_start(const struct scenario *scenario, void (*entry)(void));

#endif
