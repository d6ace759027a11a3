/* SPDX-License-Identifier: Apache-2.0 */
#include "bulkhead/exit_words.h"

/* Bits 11 and 10 of IA32_APIC_BASE (SDM 3.11.12.1, table 11-5) */
const char *apic_mode_words(uint64_t apic_base)
{
	static const char *const modes[] = {"off", "invalid", "xAPIC", "x2APIC"};

	return modes[apic_base >> 10 & 3];
}
