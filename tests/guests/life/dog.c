/* SPDX-License-Identifier: Apache-2.0 */
/* A guest that feeds its watchdog for longer than that waits, in both ways, and then hangs. */
#include "guest.h"

#include "bulkhead/platform.h"

#define FEED_MILLISECONDS 200
#define FEEDINGS          6

static void wait(const struct frequencies *frequencies)
{
	uint64_t end = tsc_read() + (uint64_t)frequencies->tsc_khz * FEED_MILLISECONDS;

	while (tsc_read() < end)
		__asm__ volatile("pause");
}

_Noreturn void guest_main(uint32_t index, uint32_t count)
{
	struct frequencies frequencies;

	(void)index;
	(void)count;
	console_open();
	frequencies_read(&frequencies);
	print_text("dog: begins\r\n");
	for (unsigned i = 0; i < FEEDINGS; i++) {
		wait(&frequencies);
		if (i % 2)
			hypercall(HYPERCALL_WATCHDOG);
		else
			port_write(PLATFORM_WATCHDOG_PORT, 0);
	}
	print_text("dog: hangs\r\n");
	interrupts_off();
	for (;;)
		__asm__ volatile("pause");
}
