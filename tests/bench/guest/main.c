/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the other cores, measures one thing after the other, and says what came out. */
#include "bench.h"
#include "guest.h"

#include "bulkhead/platform.h"

_Static_assert(PLATFORM_START_MAGIC == 0x42484B44, "start.S, entries.S");

#define AP_PAGE     UINT64_C(0x9000) /* entries.S knows it */
#define ICR_INIT    0xC4500u         /* to all others; assert */
#define ICR_STARTUP 0xC4600u
#define START_TICKS 2000000 /* until every core has started */
#define INIT_TICKS  500000  /* 10 ms at 50 MHz */
#define SIGNATURE   0x40000000

enum environment environment;
volatile uint32_t cores_started = 1; /* entries.S counts */

extern const char ap_start[], ap_end[];

static enum environment environment_find(void)
{
	if (!hypervisor_present())
		return NATIVE;
	return cpuid(SIGNATURE).eax >= PLATFORM_CPUID_TIMING ? BULKHEAD : KVM;
}

static void wait(uint64_t ticks)
{
	uint64_t end = tsc_read() + ticks;

	while (tsc_read() < end)
		__asm__ volatile("pause");
}

static void start_others(void)
{
	volatile char *page = (volatile char *)AP_PAGE;

	for (const char *from = ap_start; from < ap_end; from++)
		*page++ = *from;
	msr_write(MSR_X2APIC_ICR, ICR_INIT);
	wait(INIT_TICKS);
	msr_write(MSR_X2APIC_ICR, ICR_STARTUP | AP_PAGE >> 12);
	wait(START_TICKS);
}

static void print_environment(void)
{
	static const char *const names[] = {"native", "bulkhead", "kvm"};

	print_text("bench: begin environment=");
	print_text(names[environment]);
	print_text(" cores=");
	print_unsigned(cores_started);
	print_text("\r\n");
}

static void measure(void)
{
	print_environment();
	measure_exits();
	measure_context_switch();
	measure_page_faults();
	measure_timer();
	if (cores_started > 1)
		measure_ipis();
	if (environment == BULKHEAD)
		measure_steady_state();
	if (environment == NATIVE)
		measure_floor();
	print_text("bench: done\r\n");
}

/* Natively the cores from the third on play the neighbours that a VM has in other VMs. */
_Noreturn void guest_main(uint32_t index, uint32_t count)
{
	(void)count;
	apic_setup();
	if (index > 0 && (index > 1 || only_neighbour))
		be_neighbour();
	if (index == 1)
		receive_forever();
	environment = environment_find();
	start_others();
	if (only_neighbour)
		be_neighbour();
	console_open();
	measure();
	halt_forever();
}
