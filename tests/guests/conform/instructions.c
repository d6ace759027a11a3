/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions that exit, or may, one by one. */
#include "conform.h"

#define ONES UINT64_MAX

/* clang-format off */
static const struct instruction both[] = {
	{"ud2", BYTES("\x0F\x0B"), {0}},
	{"ud1", BYTES("\x0F\xB9\xC0"), {0}},
	{"rsm", BYTES("\x0F\xAA"), {0}},
	{"vmxon", BYTES("\xF3\x0F\xC7\x33"), {.rbx = (uint64_t)scratch}},
	{"vmclear", BYTES("\x66\x0F\xC7\x33"), {.rbx = (uint64_t)scratch}},
	{"vmptrld", BYTES("\x0F\xC7\x33"), {.rbx = (uint64_t)scratch}},
	{"vmlaunch", BYTES("\x0F\x01\xC2"), {0}},
	{"vmresume", BYTES("\x0F\x01\xC3"), {0}},
	{"vmxoff", BYTES("\x0F\x01\xC4"), {0}},
	{"vmread", BYTES("\x0F\x78\xC0"), {0}},
	{"vmwrite", BYTES("\x0F\x79\xC0"), {0}},
	{"invept", BYTES("\x66\x0F\x38\x80\x03"), {.rbx = (uint64_t)scratch}},
	{"invvpid", BYTES("\x66\x0F\x38\x81\x03"), {.rbx = (uint64_t)scratch}},
	{"vmfunc", BYTES("\x0F\x01\xD4"), {0}},
	{"getsec", BYTES("\x0F\x37"), {0}},
	{"clac-cpl", BYTES("\x0F\x01\xCA"), {0}},
	{"hlt-cpl", BYTES("\x90"), {0}},
	{"pause", BYTES("\xF3\x90"), {.rax = ONES}},
	{"rdpmc-bad", BYTES("\x0F\x33"), {.rcx = 0x12345}},
	{"cli-sti", BYTES("\xFA\xFB\xFA"), {0}},
	{"wbinvd", BYTES("\x0F\x09"), {.rax = ONES}},
	{"invd", BYTES("\x0F\x08"), {.rax = ONES}},
	{"clts", BYTES("\x0F\x06"), {0}},
	{"invlpg", BYTES("\x0F\x01\x3B"), {.rbx = (uint64_t)scratch}},
	{"invlpg-noncanonical", BYTES("\x0F\x01\x3B"), {.rbx = UINT64_C(1) << 60}},
	{"lock-mov", BYTES("\xF0\x89\x03"), {.rbx = (uint64_t)scratch}},
	{"lock-add", BYTES("\xF0\x01\x03"), {.rbx = (uint64_t)scratch}},
	{"too-long", BYTES("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90"), {0}},
	{"int-0x90", BYTES("\xCD\x90"), {0}},
	{"int-13", BYTES("\xCD\x0D"), {0}},
	{"int1", BYTES("\xF1"), {0}},
	{"int3", BYTES("\xCC"), {0}},
	{"swapgs-twice", BYTES("\x0F\x01\xF8\x0F\x01\xF8"), {0}},
	{"sgdt-user", BYTES("\x90"), {0}},
	{"str", BYTES("\x0F\x00\xC8"), {.rax = ONES}},
	{"sldt", BYTES("\x0F\x00\xC0"), {.rax = ONES}},
	{"smsw32", BYTES("\x0F\x01\xE0"), {.rax = ONES}},
	{"smsw16", BYTES("\x66\x0F\x01\xE0"), {.rax = ONES}},
	{"lar-code", BYTES("\x0F\x02\xC1"), {.rax = ONES, .rcx = SELECTOR_CODE}},
	{"lsl-data", BYTES("\x0F\x03\xC1"), {.rax = ONES, .rcx = SELECTOR_USER_DATA}},
	{"lsl-bad", BYTES("\x0F\x03\xC1"), {.rax = ONES, .rcx = 0x1238}},
	{"verr", BYTES("\x0F\x00\xE1\x0F\x94\xC0"), {.rcx = SELECTOR_USER_CODE}},
	{"verw", BYTES("\x0F\x00\xE9\x0F\x94\xC0"), {.rcx = SELECTOR_USER_CODE}},
	{"load-es-bad", BYTES("\x8E\xC1"), {.rcx = 0x1238}},
	{"load-es-system", BYTES("\x8E\xC1"), {.rcx = SELECTOR_TASK}},
	{"load-ss-null-3", BYTES("\x8E\xD1"), {.rcx = 3}},
	{"load-cs-ud", BYTES("\x8E\xC9"), {.rcx = 8}},
	{"ltr-null", BYTES("\x0F\x00\xD9"), {.rcx = 0}},
	{"ltr-busy", BYTES("\x0F\x00\xD9"), {.rcx = SELECTOR_TASK}},
	{"lldt-bad", BYTES("\x0F\x00\xD1"), {.rcx = SELECTOR_CODE}},
	{"lldt-null", BYTES("\x0F\x00\xD1"), {.rcx = 0}},
	{"mov-noncanonical", BYTES("\x8B\x03"), {.rbx = UINT64_C(1) << 47}},
	{"mov-ss-noncanonical", BYTES("\x36\x48\x8B\x04\x24\x55\x48\xBD\x00\x00\x00\x00\x00\x80\x00\x00\x8B\x45\x00"), {0}},
	{"jmp-noncanonical", BYTES("\xFF\xE3"), {.rbx = UINT64_C(1) << 47}},
	{"div-zero", BYTES("\xF7\xF1"), {.rax = 1}},
	{"div-overflow", BYTES("\x48\xF7\xF1"), {.rax = 0, .rdx = 1, .rcx = 1}},
	{"cmpxchg16b-unaligned", BYTES("\x48\x0F\xC7\x0B"), {.rbx = (uint64_t)scratch + 8}},
	{"rdfsbase-off", BYTES("\xF3\x48\x0F\xAE\xC0"), {0}},
	{"rdpkru-off", BYTES("\x0F\x01\xEE"), {0}},
	{"xgetbv-off", BYTES("\x0F\x01\xD0"), {0}},
	{"xsetbv-off", BYTES("\x0F\x01\xD1"), {.rax = 1}},
	{"mov-cr1", BYTES("\x0F\x20\xC8"), {0}},
	{"mov-cr5", BYTES("\x0F\x20\xE8"), {0}},
	{"mov-to-cr9", BYTES("\x44\x0F\x22\xC8"), {0}},
	{"mov-dr4", BYTES("\x0F\x21\xE0"), {0}},
	{"mov-dr8", BYTES("\x44\x0F\x21\xC0"), {0}},
	{"mov-dr7-upper", BYTES("\x0F\x23\xF8"), {.rax = UINT64_C(1) << 32 | 0x400}},
	{"mov-dr6-upper", BYTES("\x0F\x23\xF0"), {.rax = UINT64_C(1) << 32}},
	{"serialize", BYTES("\x0F\x01\xE8"), {0}},
	{"sysret-ud", BYTES("\x90"), {0}},
};
/* clang-format on */

static void fill_scratch(void)
{
	for (unsigned i = 0; i < sizeof(scratch); i++)
		scratch[i] = 0;
}

/* clang-format off */
static const struct instruction cpuids[] = {
	{"upper-halves", BYTES("\x0F\xA2\x48\xC1\xE8\x20\x48\xC1\xEB\x20\x48\xC1\xE9\x20\x48\xC1\xEA\x20"),
	 {.rax = 0xFFFFFFFF00000000, .rcx = ONES, .rbx = ONES, .rdx = ONES}},
	{"vendor", BYTES("\x0F\xA2\xB8\x00\x00\x00\x00"), {0}},
	{"name", BYTES("\x0F\xA2"), {.rax = 0x80000002}},
	{"prefixes", BYTES("\x66\xF3\x48\x0F\xA2\x31\xC0"), {0}},
	{"lock", BYTES("\xF0\x0F\xA2"), {0}},
};
/* clang-format on */

/* Where a PC has nothing: between option ROMs, and above the last device below 4 GiB. */
/* clang-format off */
static const struct instruction absent[] = {
	{"rom-area", BYTES("\x8B\x03"), {.rbx = 0xD0000}},
	{"rom-area-write", BYTES("\x89\x03\x8B\x0B"), {.rbx = 0xD0010}},
	{"rom-area-quadword", BYTES("\x48\x8B\x03"), {.rbx = 0xD0008}},
	{"high", BYTES("\x8B\x03"), {.rbx = 0xFF000000}},
	{"high-write-byte", BYTES("\x88\x03\x8A\x0B"), {.rbx = 0xFF000020}},
	{"high-jmp", BYTES("\xFF\x23"), {.rbx = 0xFF000020}},
	{"high-call", BYTES("\xFF\x13"), {.rbx = 0xFF000020}},
	{"high-div", BYTES("\x48\xF7\x33"), {.rbx = 0xFF000020, .rax = 1000, .rdx = 7}},
	{"high-idiv", BYTES("\xF7\x3B"), {.rbx = 0xFF000020, .rax = 1000}},
	{"high-idiv-overflow", BYTES("\xF7\x3B"), {.rbx = 0xFF000020, .rax = 0x80000000, .rdx = 0xFFFFFFFF}},
	{"high-idiv-byte", BYTES("\xF6\x3B"), {.rbx = 0xFF000021, .rax = 0xFF88}},
	{"high-shld", BYTES("\x48\x0F\xA4\x13\x05\x9C\x59\x48\x8B\x03"), {.rbx = 0xFF000020, .rdx = 5}},
};
/* clang-format on */

static void cpuid_facts(void)
{
	struct cpuid features = cpuid_of(1, 0), topology = cpuid_of(0xB, 0);
	uint64_t cr4 = cr4_read();

	group("cpuid");
	RUN(cpuids, false);
	observe_one("signature", features.eax);
	observe_one("fpu-tsc-msr-pae-apic", features.edx & 0x178BFBFF);
	verdict("x2apic-id", topology.edx == features.ebx >> 24, topology.edx);
	verdict("beyond-basic", cpuid_of(0, 0).eax >= 0xD, cpuid_of(0, 0).eax);
	verdict("osxsave-off", !(features.ecx & 1u << 27), features.ecx);
	cr4_write(cr4 | 1u << 18);
	verdict("osxsave-on", cpuid_of(1, 0).ecx & 1u << 27, cpuid_of(1, 0).ecx);
	observe_one("xsave-size-x87", cpuid_of(0xD, 0).ebx);
	cr4_write(cr4);
	verdict("osxsave-off-again", !(cpuid_of(1, 0).ecx & 1u << 27), 0);
	observe_one("address-widths", cpuid_of(0x80000008, 0).eax & 0xFFFF);
	observe_one("long-nx-1g-syscall-rdtscp", cpuid_of(0x80000001, 0).edx);
	observe_one("lahf-lzcnt-prefetchw", cpuid_of(0x80000001, 0).ecx & 0x121);
	observe_one("cache-1", cpuid_of(4, 1).ebx);
	observe_one("no-subleaf-7.5", cpuid_of(7, 5).ebx);
}

void test_instructions(void)
{
	fill_scratch();
	group("kernel");
	RUN(both, false);
	group("user");
	RUN(both, true);
	dr7_write(0x400);
	group("absent-memory");
	RUN(absent, false);
	cpuid_facts();
}
