/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XCR0 is the guest's own: the hypervisor uses no vector register, so the value stays loaded. XSETBV
 * exits in any case (SDM 3.26.1.2), and an invalid value would fault in the hypervisor, so it is
 * checked as the processor would.
 */
#include "cpu/privileged.h"
#include "vm/cpuid_bits.h"
#include "vm/handlers.h"

#define XCR0_X87    UINT32_C(0x001)
#define XCR0_SSE    UINT32_C(0x002)
#define XCR0_AVX    UINT32_C(0x004)
#define XCR0_BOUND  UINT32_C(0x018)
#define XCR0_AVX512 UINT32_C(0x0E0)
#define XCR0_TILE   UINT32_C(0x60000)

/* Components that go together, with others that they need (SDM 1.13.3). */
static const struct {
	uint32_t group, needed;
} groups[] = {
	{XCR0_AVX, XCR0_SSE},
	{XCR0_BOUND, 0},         /* BNDREGS and BNDCSR */
	{XCR0_AVX512, XCR0_AVX}, /* opmask and both halves */
	{XCR0_TILE, 0},          /* TILECFG and TILEDATA */
};

static bool combination_valid(uint64_t value)
{
	for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		uint32_t all = groups[i].group | groups[i].needed;

		if ((value & groups[i].group) && (value & all) != all)
			return false;
	}
	return value & XCR0_X87;
}

bool vm_xsetbv(uint32_t index, uint64_t value)
{
	if (index != 0 || !combination_valid(value))
		return false;
	if (value & ~(uint64_t)(cpuid(0xD, 0).eax & CPUID_SHOWN(CPUID_BITS_XCR0)))
		return false;
	xcr_write(index, value);
	return true;
}
