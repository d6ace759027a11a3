/* SPDX-License-Identifier: Apache-2.0 */
/* Clock rates out of CPUID, for boards that do not give them. */
#include "cpu/frequency.h"
#include "cpu/privileged.h"

/* Leaf 0x15: EBX / EAX is the ratio of TSC to crystal, ECX the crystal in Hz; any may be 0. */
static struct cpuid_result crystal_leaf(void)
{
	if (cpuid(0, 0).eax < 0x15)
		return (struct cpuid_result){0};
	return cpuid(0x15, 0);
}

uint64_t crystal_tsc_frequency(void)
{
	struct cpuid_result crystal = crystal_leaf();

	return crystal.eax ? (uint64_t)crystal.ecx * crystal.ebx / crystal.eax : 0;
}

uint64_t crystal_frequency(void)
{
	return crystal_leaf().ecx;
}
