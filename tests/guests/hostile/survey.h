/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of the survey, by file; survey.c lists them with their names. */
#ifndef HOSTILE_SURVEY_H
#define HOSTILE_SURVEY_H

#include "hostile.h"

/* ports.c */
void ports_read(void);
void ports_write(void);
void ports_dangerous(void);
void ports_edges(void);
void ports_pci(void);
void ports_string(void);

/* msrs.c */
void msrs_low(void);
void msrs_high(void);
void msrs_beyond(void);
void msrs_values(void);

/* leaves.c */
void cpuid_features(void);
void cpuid_empty(void);
void cpuid_sweep(void);

/* instructions.c */
void instructions_kernel(void);
void instructions_user(void);
void instructions_hypercalls(void);
void instructions_caches(void);

/* controls.c */
void controls_cr0(void);
void controls_cr4(void);
void controls_xcr(void);
void controls_others(void);
void controls_high_rip(void);

/* debugging.c */
void debug_step(void);
void debug_shadow(void);
void debug_traps(void);

/* apics.c */
void apic_destinations(void);
void apic_storms(void);
void apic_local_vectors(void);
void apic_base(void);
void apic_page(void);
void apic_page_border(void);

/* ioapics.c */
void ioapic_registers(void);
void ioapic_entries(void);

/* redteam.c */
void red_software_interrupts(void);
void red_bus_locks(void);
void red_branch_steps(void);
void red_huge_strings(void);
void red_prefixes(void);
void red_random_icr(void);
void red_random_msrs(void);
void red_timer_storm(void);

/* After all of it: the VM still works. */
void flood(void);
void still_working(void);

#endif
