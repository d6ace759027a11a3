/* SPDX-License-Identifier: Apache-2.0 */
/* The time-stamp counter. */
#include "conform.h"

static void rdtscp(void *aux)
{
	uint32_t low, high;

	__asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(*(uint32_t *)aux));
}

static void write_tsc(void *value)
{
	msr_write(0x10, *(uint64_t *)value);
}

void test_time(void)
{
	uint64_t before = tsc_read(), after, last = before, to = 0;
	uint32_t aux = 0;
	bool backwards = false;

	group("time");
	for (unsigned i = 0; i < 1000; i++) {
		after = tsc_read();
		backwards |= after < last;
		last = after;
	}
	verdict("monotonic", !backwards && after > before, after - before);
	before = tsc_read();
	(void)cpuid_of(0, 0);
	verdict("advances-over-exit", tsc_read() > before, 0);
	verdict("msr-is-counter", msr_read(0x10) - tsc_read() + 100000 < 200000, msr_read(0x10));
	msr_write(0xC0000103, 0x77);
	observe_one("rdtscp", probe(rdtscp, &aux));
	verdict("aux", aux == 0x77, aux);
	to = tsc_read() + 1;
	observe_one("write", probe(write_tsc, &to));
	cr4_write(cr4_read() | 4);
	observe_one("tsd-kernel", probe(rdtscp, &aux));
	observe_one("tsd-user", probe_user(rdtscp, &aux));
	cr4_write(cr4_read() & ~UINT64_C(4));
	observe_one("user", probe_user(rdtscp, &aux));
}
