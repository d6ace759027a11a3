/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/machine.h"
#include "cpu/frequency.h"

static void check_frequency(const struct scenario *scenario, uint64_t hertz, const char *clock,
			    const char *property)
{
	if (hertz == 0)
		machine_difference(
			MACHINE_FREQUENCY,
			"frequency of the %s is unknown (no CPUID leaf 0x15); all VMs need it: set %s "
			"in board \"%s\"",
			clock, property, scenario->board);
}

void machine_check_clocks(const struct scenario *scenario)
{
	check_frequency(scenario, tsc_frequency(scenario), "TSC", "tsc-frequency");
	check_frequency(scenario, apic_timer_frequency(scenario), "APIC timer",
			"apic-timer-frequency");
}
