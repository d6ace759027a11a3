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

static bool near(uint64_t value, uint64_t wanted)
{
	return value - wanted + 50000 < 100000;
}

/* IA32_TSC_ADJUST and the counter move together. */
static void adjust(void)
{
	uint64_t old = msr_read(0x3B), before = tsc_read();

	msr_write(0x3B, old + 100000000);
	verdict("adjust-moves-tsc", near(tsc_read(), before + 100000000), tsc_read() - before);
	verdict("adjust-reads-back", msr_read(0x3B) == old + 100000000, msr_read(0x3B));
	msr_write(0x3B, old);
	verdict("adjust-back", near(tsc_read(), before), tsc_read() - before);
	before = tsc_read();
	msr_write(0x10, before + 300000000);
	verdict("write-moves-adjust", near(msr_read(0x3B), old + 300000000), msr_read(0x3B));
	verdict("write-moves-tsc", near(tsc_read(), before + 300000000), tsc_read() - before);
	msr_write(0x3B, old);
	verdict("adjust-takes-write-back", near(tsc_read(), before), tsc_read() - before);
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
	if (cpuid_of(7, 0).ebx & 2)
		adjust();
	cr4_write(cr4_read() | 4);
	observe_one("tsd-kernel", probe(rdtscp, &aux));
	observe_one("tsd-user", probe_user(rdtscp, &aux));
	cr4_write(cr4_read() & ~UINT64_C(4));
	observe_one("user", probe_user(rdtscp, &aux));
}
