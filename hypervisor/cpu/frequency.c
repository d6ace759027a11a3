/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/frequency.h"

#include "cpu/privileged.h"

/* Leaf 0x15: EBX / EAX is the ratio of TSC to crystal, ECX the crystal in Hz; any may be 0. */
static struct cpuid_result crystal_leaf(void)
{
	if (cpuid(0, 0).eax < 0x15)
		return (struct cpuid_result){0};
	return cpuid(0x15, 0);
}

uint64_t tsc_frequency(const struct scenario *scenario)
{
	struct cpuid_result crystal;

	if (scenario->tsc_frequency_hz)
		return scenario->tsc_frequency_hz;
	crystal = crystal_leaf();
	return crystal.eax ? (uint64_t)crystal.ecx * crystal.ebx / crystal.eax : 0;
}

uint64_t apic_timer_frequency(const struct scenario *scenario)
{
	if (scenario->apic_timer_frequency_hz)
		return scenario->apic_timer_frequency_hz;
	return crystal_leaf().ecx;
}
