/* SPDX-License-Identifier: Apache-2.0 */
/* x87, SSE and AVX state stays what it is across exits; CR0.TS and EM. */
#include "conform.h"

static uint8_t before[1024] __attribute__((aligned(64)));
static uint8_t after[1024] __attribute__((aligned(64)));

/* clang-format off */
static const struct instruction rows[] = {
	{"fninit", BYTES("\xDB\xE3\xDF\xE0\x0F\xB7\xC0"), {0}},
	{"movaps", BYTES("\x0F\x28\x03"), {.rbx = (uint64_t)scratch}},
	{"movaps-unaligned", BYTES("\x0F\x28\x03"), {.rbx = (uint64_t)scratch + 4}},
	{"ldmxcsr-bad", BYTES("\x0F\xAE\x13"), {.rbx = (uint64_t)scratch + 64}},
	{"vmovaps", BYTES("\xC5\xFC\x28\x03"), {.rbx = (uint64_t)scratch}},
	{"fwait", BYTES("\x9B"), {0}},
	{"emms", BYTES("\x0F\x77"), {0}},
};
/* clang-format on */

static void with_cr(const char *title, uint64_t cr0, uint64_t cr4)
{
	uint64_t old0 = cr0_read(), old4 = cr4_read();

	cr0_write((old0 & ~UINT64_C(0xE)) | cr0);
	cr4_write((old4 & ~UINT64_C(0x40600)) | cr4);
	group(title);
	RUN(rows, false);
	cr0_write(old0);
	cr4_write(old4);
}

static void many_exits(void)
{
	for (unsigned i = 0; i < 50; i++) {
		(void)cpuid_of(0xD, 0);
		(void)port_read(0x1500);
		(void)msr_read(0x1B);
		__asm__ volatile("wbinvd" : : : "memory");
	}
}

static void state_stays(void)
{
	uint64_t old0 = cr0_read(), old4 = cr4_read();
	bool same = true;

	cr0_write((old0 & ~UINT64_C(0xC)) | 2);
	cr4_write(old4 | 0x40600);
	__asm__ volatile("xsetbv" : : "c"(0), "a"(7), "d"(0));
	__asm__ volatile("fninit; fldpi; fld1" : : : "memory");
	__asm__ volatile("vmovdqu %0, %%ymm0; vmovdqu %1, %%ymm7; vmovdqu %2, %%ymm15"
			 :
			 : "m"(scratch), "m"(scratch[40]), "m"(scratch[99]));
	__asm__ volatile("xsave %0" : "=m"(before) : "a"(7), "d"(0));
	many_exits();
	__asm__ volatile("xsave %0" : "=m"(after) : "a"(7), "d"(0));
	for (unsigned i = 0; i < 512 + 64 + 256; i++)
		same &= before[i] == after[i];
	group("vectors");
	verdict("state-stays", same, 0);
	__asm__ volatile("xsetbv" : : "c"(0), "a"(1), "d"(0));
	cr0_write(old0);
	cr4_write(old4);
}

void test_vectors(void)
{
	for (unsigned i = 0; i < 160; i++)
		scratch[i] = (uint8_t)(i * 7);
	scratch[64] = scratch[65] = scratch[66] = scratch[67] = 0xFF;
	with_cr("fpu-off", 0, 0);
	with_cr("fpu-em", 4, 0x200);
	with_cr("fpu-ts", 8, 0x600);
	with_cr("fpu-mp-ts", 0xA, 0x600);
	with_cr("fpu-sse", 2, 0x600);
	with_cr("fpu-no-osfxsr", 2, 0x40000);
	state_stays();
}
