/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sleep of a core that runs no guest and has something to look at again and again. It takes nothing from its
 * neighbours: no bus, and no share of a physical core.
 */
#ifndef CPU_WAIT_H
#define CPU_WAIT_H

/* Takes the core's APIC for it; nobody may send interrupts to the core any more. */
void cpu_wait_begin(void);
/* Sleeps for a millisecond, or until an NMI. */
void cpu_wait(void);
/* Leaves the APIC as apic_reset() does. */
void cpu_wait_end(void);

#endif
