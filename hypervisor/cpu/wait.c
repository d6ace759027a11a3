/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/wait.h"

#include "bulkhead/tables.h"
#include "cpu/apic.h"
#include "cpu/exceptions.h"
#include "cpu/frequency.h"
#include "cpu/privileged.h"

#define WAIT_VECTOR      UINT64_C(0x20)
#define WAITS_PER_SECOND 1000
#define DIVIDE_BY_1      UINT64_C(0xB) /* SDM 3.11.5.4, figure 11-10 */

void cpu_wait_begin(void)
{
	/* what a guest has left behind may have vectors of exceptions */
	apic_drain();
	exceptions_load_wait();
	msr_write(APIC_SPURIOUS, APIC_SPURIOUS_ENABLE | APIC_SPURIOUS_VECTOR);
	msr_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	msr_write(APIC_LVT_TIMER, WAIT_VECTOR);
}

void cpu_wait(void)
{
	uint64_t ticks = apic_timer_frequency(&scenario_tables) / WAITS_PER_SECOND;

	msr_write(APIC_TIMER_INITIAL, ticks < UINT32_MAX ? ticks : UINT32_MAX);
	/* an interrupt that has come already ends it at once: STI takes effect behind HLT (SDM 2B STI) */
	interrupt_wait();
}

void cpu_wait_end(void)
{
	msr_write(APIC_TIMER_INITIAL, 0);
	msr_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	exceptions_load();
	apic_reset();
}
