/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/reset_registers.h"

#include "cpu/msr.h"
#include "cpu/privileged.h"
#include "cpu/registers.h"
#include "cpu/tsc.h"

#define DR6_AFTER_RESET UINT64_C(0xFFFF0FF0) /* SDM 3.10.1.1, table 10-1 */
#define MXCSR_RESET     0x1F80               /* the same */
#define FCW_RESET       0x037F               /* as FNINIT leaves it, and XRSTOR's initial state */

#define CPUID_7_EDX_SPECULATION (UINT32_C(0x8C000000)) /* IBRS, STIBP, SSBD (SDM 4, 0x48) */
#define CPUID_1_ECX_DEADLINE    (UINT32_C(1) << 24)
#define CPUID_D1_EAX_XSAVES     (UINT32_C(1) << 3)

/*
 * The image of FXRSTOR and XRSTOR (SDM 1.10.5.1, 1.13.4): an empty state. XRSTOR with XSTATE_BV = 0 puts
 * every component into its initial state and reads nothing but MXCSR and the header.
 */
struct extended_state {
	uint16_t fcw, fsw;
	uint32_t zero0[5];
	uint32_t mxcsr;
	uint8_t zero1[576 - 28];
};
_Static_assert(sizeof(struct extended_state) == 576, "legacy area of 512 bytes and XSAVE header");

static uint64_t supported_components(void)
{
	struct cpuid_result components = cpuid(0xD, 0);

	return (uint64_t)components.edx << 32 | components.eax;
}

static void extended_state_reset(void)
{
	const _Alignas(64) struct extended_state initial_state = {
		.fcw = FCW_RESET,
		.mxcsr = MXCSR_RESET,
	};

	if (!(cr4_read() & CR4_OSXSAVE)) {
		cr4_write(cr4_read() | CR4_OSFXSR); /* else the vector registers stay as they are */
		fxstate_load(&initial_state);
		cr4_write(cr4_read() & ~CR4_OSFXSR);
		return;
	}
	if (cpuid(0xD, 1).eax & CPUID_D1_EAX_XSAVES)
		msr_write(MSR_XSS, 0);
	uint64_t components = supported_components();
	xcr_write(0, components);
	xstate_load(&initial_state, components);
	xcr_write(0, 1);
}

void debug_registers_reset(void)
{
	dr0_write(0);
	dr1_write(0);
	dr2_write(0);
	dr3_write(0);
	dr6_write(DR6_AFTER_RESET);
}

static bool has_tsc_aux(void)
{
	return (cpuid(0x80000001, 0).edx & CPUID_EXT1_EDX_RDTSCP) ||
	       (cpuid(7, 0).ecx & CPUID_7_ECX_RDPID);
}

static void msrs_reset(void)
{
	static const uint32_t zeroed[] = {MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK,
					  MSR_KERNEL_GS_BASE};

	for (unsigned i = 0; i < sizeof(zeroed) / sizeof(zeroed[0]); i++)
		msr_write(zeroed[i], 0);
	if (has_tsc_aux())
		msr_write(MSR_TSC_AUX, 0);
	if (cpuid(7, 0).edx & CPUID_7_EDX_SPECULATION)
		msr_write(MSR_SPEC_CTRL, 0);
	if (cpuid(1, 0).ecx & CPUID_1_ECX_DEADLINE)
		msr_write(MSR_TSC_DEADLINE, 0);
	tsc_restore();
}

void guest_owned_registers_reset(void)
{
	msrs_reset();
	debug_registers_reset();
	cr2_write(0);
	extended_state_reset();
}
