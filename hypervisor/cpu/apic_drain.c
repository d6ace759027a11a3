/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/apic.h"
#include "cpu/exceptions.h"
#include "cpu/privileged.h"

static bool any_requested(void)
{
	for (uint32_t i = 0; i < 8; i++)
		if (msr_read(APIC_IRR + i))
			return true;
	return false;
}

void apic_drain(void)
{
	msr_write(APIC_SPURIOUS, APIC_SPURIOUS_ENABLE | APIC_SPURIOUS_VECTOR);
	exceptions_load_drain();
	/* one pass takes all; vectors below 16, which an APIC does not accept, would never go */
	for (unsigned i = 0; i < 16 && any_requested(); i++)
		interrupts_take();
	exceptions_load();
	msr_write(APIC_SPURIOUS, APIC_SPURIOUS_VECTOR);
}
