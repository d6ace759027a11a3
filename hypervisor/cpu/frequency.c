/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/frequency.h"

uint64_t tsc_frequency(const struct scenario *scenario)
{
	if (scenario->tsc_frequency_hz || !crystal_tsc_frequency)
		return scenario->tsc_frequency_hz;
	return crystal_tsc_frequency();
}

uint64_t apic_timer_frequency(const struct scenario *scenario)
{
	if (scenario->apic_timer_frequency_hz || !crystal_frequency)
		return scenario->apic_timer_frequency_hz;
	return crystal_frequency();
}
