/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks that have to be answered as a processor would answer them: all in one VM, one after another. */
#include "survey.h"

#define VECTOR_LAST      0x5F
#define EXITS_IN_FLOOD   1000000u
#define MSR_SELF_IPI     0x83Fu
#define CPUID_VENDOR_EBX 0x756E6547u /* "Genu" */

/* A million exits, as fast as they go. */
void flood(void)
{
	for (unsigned i = 0; i < EXITS_IN_FLOOD; i++)
		expect(cpuid(0).ebx == CPUID_VENDOR_EBX, "wrong answer, number", i);
}

void still_working(void)
{
	uint32_t before = interrupts_taken(VECTOR_LAST);

	msr_write(MSR_SELF_IPI, VECTOR_LAST);
	interrupts_on();
	__asm__ volatile("nop; nop");
	interrupts_off();
	expect(interrupts_taken(VECTOR_LAST) == before + 1,
	       "interrupts to itself:", interrupts_taken(VECTOR_LAST) - before);
}

const struct check survey_checks[] = {
	{"ports-read", ports_read},
	{"ports-write", ports_write},
	{"ports-dangerous", ports_dangerous},
	{"ports-edges", ports_edges},
	{"ports-pci", ports_pci},
	{"ports-string", ports_string},
	{"msrs-low", msrs_low},
	{"msrs-high", msrs_high},
	{"msrs-beyond", msrs_beyond},
	{"msrs-values", msrs_values},
	{"cpuid-features", cpuid_features},
	{"cpuid-empty", cpuid_empty},
	{"cpuid-sweep", cpuid_sweep},
	{"kernel-instr", instructions_kernel},
	{"user-instr", instructions_user},
	{"hypercalls", instructions_hypercalls},
	{"caches", instructions_caches},
	{"cr0", controls_cr0},
	{"cr4", controls_cr4},
	{"xcr", controls_xcr},
	{"registers", controls_others},
	{"high-rip", controls_high_rip},
	{"step", debug_step},
	{"shadow", debug_shadow},
	{"traps", debug_traps},
	{"ipis", apic_destinations},
	{"storms", apic_storms},
	{"local-vectors", apic_local_vectors},
	{"apic-base", apic_base},
	{"apic-page", apic_page},
	{"page-border", apic_page_border},
	{"ioapic", ioapic_registers},
	{"ioapic-entries", ioapic_entries},
	{"software-ints", red_software_interrupts},
	{"bus-locks", red_bus_locks},
	{"branch-steps", red_branch_steps},
	{"huge-strings", red_huge_strings},
	{"prefixes", red_prefixes},
	{"random-icr", red_random_icr},
	{"random-msrs", red_random_msrs},
	{"timer-storm", red_timer_storm},
	{"flood", flood},
	{"still-working", still_working},
};
const size_t survey_check_count = sizeof(survey_checks) / sizeof(survey_checks[0]);
