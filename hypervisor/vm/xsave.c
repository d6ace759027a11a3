/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XCR0 is the guest's own: the hypervisor uses no vector register, so the value stays loaded. XSETBV
 * exits in any case (SDM 3.26.1.2), and an invalid value would fault in the hypervisor, so it is
 * checked as the processor would.
 */
#include "cpu/privileged.h"
#include "vm/cpuid_bits.h"
#include "vm/handlers.h"

#define XCR0_X87    UINT64_C(0x001)
#define XCR0_SSE    UINT64_C(0x002)
#define XCR0_AVX    UINT64_C(0x004)
#define XCR0_BOUND  UINT64_C(0x018)   /* BNDREGS and BNDCSR go together */
#define XCR0_AVX512 UINT64_C(0x0E0)   /* opmask and both halves go together */
#define XCR0_TILE   UINT64_C(0x60000) /* TILECFG and TILEDATA go together */

static bool all_or_none(uint64_t value, uint64_t group)
{
	return (value & group) == 0 || (value & group) == group;
}

/* SDM 1.13.3 */
static bool combination_valid(uint64_t value)
{
	if (!(value & XCR0_X87))
		return false;
	if ((value & XCR0_AVX) && !(value & XCR0_SSE))
		return false;
	if ((value & XCR0_AVX512) && !(value & XCR0_AVX))
		return false;
	return all_or_none(value, XCR0_BOUND) && all_or_none(value, XCR0_AVX512) &&
	       all_or_none(value, XCR0_TILE);
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
