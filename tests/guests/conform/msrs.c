/* SPDX-License-Identifier: Apache-2.0 */
/* Architectural MSRs, and some that programs try: whether they can be read, and what they hold. */
#include "conform.h"

/* clang-format off */
static const struct {
	const char *name;
	uint32_t msr;
} list[] = {
	{"platform-id", 0x17}, {"apic-base", 0x1B}, {"feature-control", 0x3A}, {"tsc-adjust", 0x3B},
	{"spec-ctrl", 0x48}, {"pred-cmd", 0x49}, {"microcode-trigger", 0x79},
	{"microcode-revision", 0x8B}, {"smm-monitor", 0x9B}, {"pmc0", 0xC1}, {"pmc1", 0xC2},
	{"platform-info", 0xCE}, {"core-capabilities", 0xCF}, {"mperf", 0xE7}, {"aperf", 0xE8},
	{"mtrr-cap", 0xFE}, {"arch-capabilities", 0x10A}, {"flush-cmd", 0x10B}, {"tsx-ctrl", 0x122},
	{"misc-features", 0x140}, {"sysenter-cs", 0x174}, {"sysenter-esp", 0x175},
	{"sysenter-eip", 0x176}, {"mcg-cap", 0x179}, {"mcg-status", 0x17A}, {"mcg-ctl", 0x17B},
	{"perfevtsel0", 0x186}, {"perfevtsel1", 0x187}, {"perf-status", 0x198}, {"perf-ctl", 0x199},
	{"clock-modulation", 0x19A}, {"therm-interrupt", 0x19B}, {"therm-status", 0x19C},
	{"misc-enable", 0x1A0}, {"temperature-target", 0x1A2}, {"turbo-ratio", 0x1AD},
	{"energy-bias", 0x1B0}, {"package-therm", 0x1B1}, {"debugctl", 0x1D9}, {"smrr-base", 0x1F2},
	{"dca-cap", 0x1F8}, {"mtrr-base0", 0x200}, {"mtrr-mask0", 0x201}, {"mtrr-base7", 0x20E},
	{"mtrr-fix64k", 0x250}, {"mtrr-fix16k-0", 0x258}, {"mtrr-fix16k-1", 0x259},
	{"mtrr-fix4k-0", 0x268}, {"mtrr-fix4k-7", 0x26F}, {"pat", 0x277}, {"mc0-ctl2", 0x280},
	{"mtrr-def", 0x2FF}, {"fixed-ctr0", 0x309}, {"perf-capabilities", 0x345},
	{"fixed-ctr-ctrl", 0x38D}, {"global-status", 0x38E}, {"global-ctrl", 0x38F},
	{"mc0-ctl", 0x400}, {"mc0-status", 0x401}, {"vmx-basic", 0x480}, {"vmx-procbased2", 0x48B},
	{"a-pmc0", 0x4C1}, {"rtit-output", 0x560}, {"rtit-ctl", 0x570}, {"ds-area", 0x600},
	{"rapl-unit", 0x606}, {"u-cet", 0x6A0}, {"s-cet", 0x6A2}, {"tsc-deadline", 0x6E0},
	{"pkrs", 0x6E1}, {"hwp-enable", 0x770}, {"x2apic-0", 0x800}, {"debug-interface", 0xC80},
	{"pqr-assoc", 0xC8F}, {"bndcfgs", 0xD90}, {"xss", 0xDA0}, {"kvm-clock", 0x4B564D00},
	{"efer", 0xC0000080}, {"star", 0xC0000081}, {"lstar", 0xC0000082}, {"cstar", 0xC0000083},
	{"fmask", 0xC0000084}, {"fs-base", 0xC0000100}, {"kernel-gs-base", 0xC0000102},
	{"tsc-aux", 0xC0000103}, {"amd-hwcr", 0xC0010015}, {"amd-nb-cfg", 0xC001001F},
	{"amd-de-cfg", 0xC0011029},
};
/* clang-format on */

static uint64_t moved;

static void read_one(void *msr)
{
	moved = msr_read(*(uint32_t *)msr);
}

static void write_back(void *msr)
{
	msr_write(*(uint32_t *)msr, moved);
}

void test_msrs(void)
{
	group("msr-list");
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		uint32_t msr = list[i].msr, read, write = VECTOR_NONE;

		moved = 0;
		read = probe(read_one, &msr);
		if (read == VECTOR_NONE)
			write = probe(write_back, &msr);
		observe(list[i].name, (uint64_t[]){read, moved, write}, 3);
	}
}
