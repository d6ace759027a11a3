/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operating system does at each switch of threads: save the vector registers, load another's, load the
 * first ones again. All instructions that do so, for all that XCR0 can select of x87, SSE, AVX and AVX-512.
 * Bochs 2.7 fails with XSAVEC and XSAVES on the bare machine; its board file hides them.
 */
#include "conform.h"

#define CR0_EM_TS     UINT64_C(0xC)
#define CR0_MP        UINT64_C(0x2)
#define CR4_FPU_XSAVE UINT64_C(0x40600)
#define XCR0_AVX      UINT64_C(0x07)
#define XCR0_AVX512   UINT64_C(0xE7)

enum way { WAY_XSAVE, WAY_XSAVEOPT, WAY_XSAVEC, WAY_XSAVES, WAY_COUNT };

/* Room for the standard format with all components that are used here: 2,688 bytes. */
static uint8_t area[WAY_COUNT][4096] __attribute__((aligned(64)));
static uint8_t wanted[8][64] __attribute__((aligned(64)));
static uint8_t found[8][64] __attribute__((aligned(64)));
static const uint64_t masks[1] = {0x123456789ABCDEF};

static void save(enum way way, uint64_t mask)
{
	uint8_t *to = area[way];
	uint32_t low = (uint32_t)mask;

	switch (way) {
	case WAY_XSAVE:
		__asm__ volatile("xsave64 (%0)" : : "r"(to), "a"(low), "d"(0) : "memory");
		break;
	case WAY_XSAVEOPT:
		__asm__ volatile("xsaveopt64 (%0)" : : "r"(to), "a"(low), "d"(0) : "memory");
		break;
	case WAY_XSAVEC:
		__asm__ volatile("xsavec64 (%0)" : : "r"(to), "a"(low), "d"(0) : "memory");
		break;
	case WAY_XSAVES:
	case WAY_COUNT:
		__asm__ volatile("xsaves64 (%0)" : : "r"(to), "a"(low), "d"(0) : "memory");
		break;
	}
}

static void load(enum way way, uint64_t mask)
{
	const uint8_t *from = area[way];
	uint32_t low = (uint32_t)mask;

	if (way == WAY_XSAVES)
		__asm__ volatile("xrstors64 (%0)" : : "r"(from), "a"(low), "d"(0) : "memory");
	else
		__asm__ volatile("xrstor64 (%0)" : : "r"(from), "a"(low), "d"(0) : "memory");
}

static void fill_avx(void)
{
	__asm__ volatile("vmovdqu (%0), %%ymm0; vmovdqu 64(%0), %%ymm7; vmovdqu 128(%0), %%ymm15"
			 :
			 : "r"(wanted)
			 : "memory");
}

static void read_avx(void)
{
	__asm__ volatile("vmovdqu %%ymm0, (%0); vmovdqu %%ymm7, 64(%0); vmovdqu %%ymm15, 128(%0)"
			 :
			 : "r"(found)
			 : "memory");
}

static void fill_avx512(void)
{
	__asm__ volatile(
		"vmovdqu64 (%0), %%zmm0; vmovdqu64 64(%0), %%zmm7; vmovdqu64 128(%0), %%zmm15;"
		"vmovdqu64 192(%0), %%zmm16; vmovdqu64 256(%0), %%zmm17;"
		"vmovdqu64 320(%0), %%zmm31; kmovq (%1), %%k1"
		:
		: "r"(wanted), "r"(masks)
		: "memory");
}

static void read_avx512(void)
{
	__asm__ volatile(
		"vmovdqu64 %%zmm0, (%0); vmovdqu64 %%zmm7, 64(%0); vmovdqu64 %%zmm15, 128(%0);"
		"vmovdqu64 %%zmm16, 192(%0); vmovdqu64 %%zmm17, 256(%0);"
		"vmovdqu64 %%zmm31, 320(%0); kmovq %%k1, 384(%0)"
		:
		: "r"(found)
		: "memory");
}

static void forget(uint64_t features)
{
	if (features == XCR0_AVX512)
		__asm__ volatile(
			"vpxorq %%zmm16, %%zmm16, %%zmm16; vpxorq %%zmm17, %%zmm17, %%zmm17;"
			"vpxorq %%zmm31, %%zmm31, %%zmm31; kxorq %%k1, %%k1, %%k1"
			:
			:
			: "memory");
	__asm__ volatile("vzeroall" : : : "memory");
}

static bool same(uint64_t features)
{
	unsigned size = features == XCR0_AVX512 ? 64 : 32, count = features == XCR0_AVX512 ? 6 : 3;
	bool equal = true;

	for (unsigned r = 0; r < count; r++)
		for (unsigned i = 0; i < size; i++)
			equal &= wanted[r][i] == found[r][i];
	if (features == XCR0_AVX512)
		for (unsigned i = 0; i < 8; i++)
			equal &= found[6][i] == ((const uint8_t *)masks)[i];
	return equal;
}

struct attempt {
	enum way way;
	uint64_t features;
};

static void save_and_load(void *argument)
{
	const struct attempt *attempt = argument;

	if (attempt->features == XCR0_AVX512)
		fill_avx512();
	else
		fill_avx();
	save(attempt->way, attempt->features);
	forget(attempt->features);
	(void)cpuid_of(1, 0);
	load(attempt->way, attempt->features);
	if (attempt->features == XCR0_AVX512)
		read_avx512();
	else
		read_avx();
}

static void once(enum way way, uint64_t features, const char *name)
{
	struct attempt attempt = {way, features};
	uint32_t vector;

	for (unsigned i = 0; i < 64; i++)
		for (unsigned r = 0; r < 8; r++)
			found[r][i] = 0;
	for (unsigned i = 0; i < sizeof(area[0]); i++)
		area[way][i] = 0;
	vector = probe(save_and_load, &attempt);
	verdict(name, vector == VECTOR_NONE && same(features), vector);
}

static void all_ways(uint64_t features)
{
	static const char *const names[WAY_COUNT] = {"xsave", "xsaveopt", "xsavec", "xsaves"};
	uint32_t offered = cpuid_of(0xD, 1).eax;

	__asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)features), "d"(0));
	for (enum way way = WAY_XSAVE; way < WAY_COUNT; way++) {
		static const uint32_t bits[WAY_COUNT] = {0, 1, 2, 8};

		if ((offered & bits[way]) == bits[way])
			once(way, features, names[way]);
	}
}

void test_xsave(void)
{
	uint64_t old0 = cr0_read(), old4 = cr4_read();

	for (unsigned r = 0; r < 8; r++)
		for (unsigned i = 0; i < 64; i++)
			wanted[r][i] = (uint8_t)(r * 31 + i + 1);
	cr0_write((old0 & ~CR0_EM_TS) | CR0_MP);
	cr4_write(old4 | CR4_FPU_XSAVE);
	group("switch-avx");
	all_ways(XCR0_AVX);
	if ((cpuid_of(0xD, 0).eax & XCR0_AVX512) == XCR0_AVX512) {
		group("switch-avx512");
		all_ways(XCR0_AVX512);
	}
	__asm__ volatile("xsetbv" : : "c"(0), "a"(1), "d"(0));
	cr0_write(old0);
	cr4_write(old4);
}
