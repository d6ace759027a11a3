/* SPDX-License-Identifier: Apache-2.0 */
/* CPUID: what must not be offered, and leaves that must be empty. */
#include "survey.h"

static struct cpuid leaf(uint32_t number, uint32_t subleaf)
{
	struct cpuid result;
	__asm__ volatile("cpuid"
			 : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
			 : "a"(number), "c"(subleaf));
	return result;
}

/* DTES64, MONITOR, DS-CPL, VMX, SMX, EIST, TM2, CNXT-ID, SDBG, xTPR, PDCM, DCA */
#define LEAF1_ECX_HIDDEN 0x0004CDFCu
/* DS, ACPI, TM, PBE */
#define LEAF1_EDX_HIDDEN 0xA0600000u
/* SGX, PQM, PQE, PT. TSC_ADJUST is shown: what the VM does to its core's TSC is taken back behind it. */
#define LEAF7_EBX_HIDDEN 0x02009004u
/* WAITPKG, CET, TME, LA57, key locker, bus-lock detection, ENQCMD, SGX_LC */
#define LEAF7_ECX_HIDDEN 0x618120A0u
/* UINTR, PCONFIG, architectural LBR, CET, CORE_CAPABILITIES; the MSR of ARCH_CAPABILITIES can't be written */
#define LEAF7_EDX_HIDDEN 0x401C0020u
/* SVM */
#define EXTENDED1_ECX_HIDDEN 0x4u

void cpuid_features(void)
{
	expect((leaf(1, 0).ecx & LEAF1_ECX_HIDDEN) == 0, "leaf 1 ECX:", leaf(1, 0).ecx);
	expect(leaf(1, 0).ecx & 1u << 31, "no hypervisor in leaf 1 ECX:", leaf(1, 0).ecx);
	expect((leaf(1, 0).edx & LEAF1_EDX_HIDDEN) == 0, "leaf 1 EDX:", leaf(1, 0).edx);
	expect((leaf(7, 0).ebx & LEAF7_EBX_HIDDEN) == 0, "leaf 7 EBX:", leaf(7, 0).ebx);
	expect((leaf(7, 0).ecx & LEAF7_ECX_HIDDEN) == 0, "leaf 7 ECX:", leaf(7, 0).ecx);
	expect((leaf(7, 0).edx & LEAF7_EDX_HIDDEN) == 0, "leaf 7 EDX:", leaf(7, 0).edx);
	expect((leaf(0x80000001, 0).ecx & EXTENDED1_ECX_HIDDEN) == 0,
	       "leaf 80000001 ECX:", leaf(0x80000001, 0).ecx);
	expect(leaf(1, 0).ebx >> 24 == (uint32_t)msr_read(0x802),
	       "initial APIC id:", leaf(1, 0).ebx >> 24);
	expect(leaf(0xB, 0).edx == (uint32_t)msr_read(0x802), "x2APIC id:", leaf(0xB, 0).edx);
	/* supervisor states that would let XRSTORS write MSRs */
	expect(leaf(0xD, 1).ecx == 0 && leaf(0xD, 1).edx == 0, "leaf D.1 ECX:", leaf(0xD, 1).ecx);
}

static bool is_zero(struct cpuid result)
{
	return (result.eax | result.ebx | result.ecx | result.edx) == 0;
}

static bool is_same(struct cpuid one, struct cpuid other)
{
	return ((one.eax ^ other.eax) | (one.ebx ^ other.ebx) | (one.ecx ^ other.ecx) |
		(one.edx ^ other.edx)) == 0;
}

/* Beyond the highest leaf of its range, where the highest basic leaf answers (SDM 2A, CPUID). */
static bool is_beyond(uint32_t number)
{
	if (number >> 28 == 4) /* the hypervisor's range, which no processor has */
		return false;
	return number > leaf(number < 0x80000000 ? 0 : 0x80000000, 0).eax;
}

/* Power, monitoring, cache allocation, SGX, tracing, and the like. 0x18 tells of the core's own TLBs. */
void cpuid_empty(void)
{
	static const uint32_t empty[] = {
		0x3,        0x5,        0x9,        0xA,        0xF,        0x10,       0x12,
		0x14,       0x17,       0x19,       0x1A,       0x1B,       0x1C,       0x1D,
		0x1E,       0x20,       0x40000001, 0x40000002, 0x40000003, 0x40000100, 0x4FFFFFFF,
		0x80000005, 0x80000009, 0x8000000A, 0x8000001F, 0xC0000000, 0xFFFFFFFF};

	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		for (uint32_t subleaf = 0; subleaf < 8; subleaf++)
			expect(is_beyond(empty[i]) ? is_same(leaf(empty[i], subleaf),
							     leaf(leaf(0, 0).eax, subleaf))
						   : is_zero(leaf(empty[i], subleaf)),
			       "leaf", empty[i]);
}

/* Every leaf and many subleaves: an answer comes, whatever it is. */
void cpuid_sweep(void)
{
	static const uint32_t bases[] = {0,          0x20000000, 0x40000000,
					 0x80000000, 0x8FFF0000, 0xC0000000};

	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		for (uint32_t number = 0; number < 0x100; number++)
			for (uint32_t subleaf = 0; subleaf < 4; subleaf++)
				(void)leaf(bases[i] + number, subleaf * 0x15555555);
	for (uint32_t subleaf = 0; subleaf < 0x100; subleaf++)
		(void)leaf(0xD, subleaf);
	expect(leaf(0, 0).eax >= 0x16, "highest leaf:", leaf(0, 0).eax);
}
