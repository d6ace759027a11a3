/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPUID policy, row by row. The board has two threads a core (one bit) and four cores a package (three
 * bits in all); the VM has the threads 1, 2 and 3 of the first package, and 9 of the second.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bulkhead/platform.h"
#include "cpu/msr.h"
#include "cpu/registers.h"
#include "fake_cpu.h"
#include "vm/cpuid.h"
#include "vm/cpuid_bits.h"
#include "vm/vcpu.h"

static const struct vcpu_config vcpu_configs[] = {
	{.index = 0, .apic_id = 3},
	{.index = 1, .apic_id = 1},
	{.index = 2, .apic_id = 2},
	{.index = 3, .apic_id = 9},
};
static const struct vm_config vm_config = {.vcpus = vcpu_configs, .vcpu_count = 4};
const struct scenario scenario_tables = {
	.tsc_frequency_hz = 2000000000,
	.apic_timer_frequency_hz = 25000000,
	.thread_bits = 1,
	.package_bits = 3,
};

static struct vm vm;
static struct vcpu vcpu;
static uint64_t cr4;
static unsigned code_bits;
static uint32_t instructions;

uint64_t guest_cr4(void)
{
	return cr4;
}

uint32_t guest_instructions(void)
{
	return instructions;
}

unsigned guest_code_bits(void)
{
	return code_bits;
}

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	fake_cpuid_set(0, (struct cpuid_result){.eax = 0x20, .ebx = 0x756E6547});
	fake_cpuid_set(0x80000000, (struct cpuid_result){.eax = 0x80000021});
	vm = (struct vm){.config = &vm_config};
	vcpu = (struct vcpu){.config = &vcpu_configs[0], .vm = &vm, .apic_base = APIC_BASE_ENABLE};
	cr4 = 0;
	code_bits = 64;
	instructions = GUEST_RUNS_RDTSCP | GUEST_RUNS_INVPCID | GUEST_RUNS_XSAVES;
	return 0;
}

static struct cpuid_result ask(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_result result;

	cpuid_answer(&vcpu, leaf, subleaf, &result);
	return result;
}

static bool same(struct cpuid_result a, struct cpuid_result b)
{
	return a.eax == b.eax && a.ebx == b.ebx && a.ecx == b.ecx && a.edx == b.edx;
}

static const struct cpuid_result everything = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
static const struct cpuid_result nothing;

/* A row that is there twice, for instance once shown and once hidden, is a contradiction. */
#define COUNT_ROW(bit, name, reason) rows[bit]++;
#define EACH_BIT_ONCE(list)                                                \
	do {                                                               \
		unsigned rows[32] = {0};                                   \
                                                                           \
		{list(COUNT_ROW, COUNT_ROW, COUNT_ROW)} assert_once(rows); \
	} while (0)

static void assert_once(const unsigned *rows)
{
	for (unsigned i = 0; i < 32; i++)
		assert_true(rows[i] <= 1);
}

static void no_bit_has_two_rows(void **state)
{
	(void)state;
	EACH_BIT_ONCE(CPUID_BITS_1_ECX);
	EACH_BIT_ONCE(CPUID_BITS_1_EDX);
	EACH_BIT_ONCE(CPUID_BITS_7_EBX);
	EACH_BIT_ONCE(CPUID_BITS_7_ECX);
	EACH_BIT_ONCE(CPUID_BITS_7_EDX);
	EACH_BIT_ONCE(CPUID_BITS_7_1_EAX);
	EACH_BIT_ONCE(CPUID_BITS_7_2_EDX);
	EACH_BIT_ONCE(CPUID_BITS_D_1_EAX);
	EACH_BIT_ONCE(CPUID_BITS_80000001_ECX);
	EACH_BIT_ONCE(CPUID_BITS_80000001_EDX);
	EACH_BIT_ONCE(CPUID_BITS_80000007_EDX);
	EACH_BIT_ONCE(CPUID_BITS_XCR0);
}

/* On a processor that has every bit there is, exactly the shown and the made ones are seen. */
static void only_shown_bits_are_seen(void **state)
{
	(void)state;
	fake_cpuid_set(1, everything);
	fake_cpuid_set(7, everything);
	fake_cpuid_set(0x80000001, everything);
	assert_int_equal(ask(1, 0).ecx, CPUID_SHOWN(CPUID_BITS_1_ECX) | CPUID_1_ECX_HYPER);
	assert_int_equal(ask(1, 0).edx,
			 CPUID_SHOWN(CPUID_BITS_1_EDX) | CPUID_1_EDX_APIC | CPUID_1_EDX_HTT);
	assert_int_equal(ask(1, 0).ecx & (CPUID_1_ECX_VMX | 1 << 3 | 1 << 6), 0);
	assert_int_equal(ask(7, 0).eax, 2);
	assert_int_equal(ask(7, 0).ebx, CPUID_SHOWN(CPUID_BITS_7_EBX));
	assert_int_equal(ask(7, 0).ecx, CPUID_SHOWN(CPUID_BITS_7_ECX));
	assert_int_equal(ask(7, 0).edx, CPUID_SHOWN(CPUID_BITS_7_EDX));
	assert_true(same(ask(7, 1), (struct cpuid_result){.eax = CPUID_SHOWN(CPUID_BITS_7_1_EAX)}));
	assert_true(same(ask(7, 2), (struct cpuid_result){.edx = CPUID_SHOWN(CPUID_BITS_7_2_EDX)}));
	assert_true(same(ask(7, 3), nothing));
	assert_true(same(ask(7, UINT32_MAX), nothing));
	assert_int_equal(ask(0x80000001, 0).edx,
			 CPUID_SHOWN(CPUID_BITS_80000001_EDX) | CPUID_EXT1_EDX_SYSCALL);
}

/* A processor that has nothing makes no bit appear but those that are made. */
static void nothing_is_invented(void **state)
{
	(void)state;
	fake_cpuid_set(1, nothing);
	fake_cpuid_set(7, nothing);
	cr4 = CR4_OSXSAVE | CR4_PKE;
	assert_int_equal(ask(1, 0).ecx, CPUID_1_ECX_HYPER);
	assert_int_equal(ask(1, 0).edx, CPUID_1_EDX_APIC | CPUID_1_EDX_HTT);
	assert_true(same(ask(7, 0), nothing));
}

static void bits_follow_the_guest(void **state)
{
	(void)state;
	fake_cpuid_set(1, everything);
	fake_cpuid_set(7, everything);
	fake_cpuid_set(0x80000001, everything);
	assert_int_equal(ask(1, 0).ecx & CPUID_1_ECX_OSXSAVE, 0);
	assert_int_equal(ask(7, 0).ecx & CPUID_7_ECX_OSPKE, 0);
	cr4 = CR4_OSXSAVE | CR4_PKE;
	assert_int_not_equal(ask(1, 0).ecx & CPUID_1_ECX_OSXSAVE, 0);
	assert_int_not_equal(ask(7, 0).ecx & CPUID_7_ECX_OSPKE, 0);
	vcpu.apic_base = 0;
	assert_int_equal(ask(1, 0).edx & CPUID_1_EDX_APIC, 0);
	code_bits = 32;
	assert_int_equal(ask(0x80000001, 0).edx & CPUID_EXT1_EDX_SYSCALL, 0);
}

/* SDM 2A CPUID: a leaf beyond the highest of its range returns the data of the highest basic one. */
static void leaves_beyond_the_highest(void **state)
{
	static const uint32_t beyond[] = {0x20,       0x21,       0x3FFFFFFF, 0x50000000,
					  0x7FFFFFFF, 0x80000009, 0x8FFFFFFF, UINT32_MAX};

	(void)state;
	for (unsigned i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		assert_true(same(ask(beyond[i], 1), ask(0x1F, 1)));
	fake_cpuid_set(0, (struct cpuid_result){.eax = 0xD});
	assert_int_equal(ask(0, 0).eax, 0x16);
	for (unsigned i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		assert_true(same(ask(beyond[i], 1), ask(0x16, 1)));
	assert_true(same(ask(0x1F, 0), ask(0x16, 0)));
}

/* The processor would answer for its own highest leaf. */
static void leaves_that_the_processor_lacks(void **state)
{
	(void)state;
	fake_cpuid_set(0, (struct cpuid_result){.eax = 0xB});
	fake_cpuid_set(0xD, everything);
	assert_int_equal(ask(0xD, 0).eax, 0);
	assert_int_equal(ask(0x15, 0).ebx, 2000000);
}

static void hypervisor_leaves(void **state)
{
	(void)state;
	assert_int_equal(ask(0x40000000, 0).eax, PLATFORM_CPUID_TIMING);
	assert_int_equal(ask(0x40000010, 0).eax, 2000000);
	assert_int_equal(ask(0x40000010, 0).ebx, 25000);
	assert_true(same(ask(0x40000001, 0), nothing));
	assert_true(same(ask(0x40000100, 0), nothing));
	assert_true(same(ask(0x4FFFFFFF, 0), nothing));
}

/* Crystal times EBX / EAX is the TSC's frequency, and nothing else has to be measured. */
static void frequencies(void **state)
{
	const struct cpuid_result crystal = ask(0x15, 0);

	(void)state;
	assert_int_equal(crystal.ecx, 25000000);
	assert_int_equal((uint64_t)crystal.ecx * crystal.ebx / crystal.eax, 2000000000);
	assert_int_equal(ask(0x16, 0).eax, 2000);
}

static void levels_count_the_vms_own(void **state)
{
	(void)state;
	for (uint32_t leaf = 0xB; leaf <= 0x1F; leaf += 0x14) {
		assert_true(same(ask(leaf, 0), (struct cpuid_result){1, 2, 0x100, 3}));
		assert_true(same(ask(leaf, 1), (struct cpuid_result){3, 3, 0x201, 3}));
		assert_true(same(ask(leaf, 2), (struct cpuid_result){0, 0, 2, 3}));
		assert_true(same(ask(leaf, 0x1FF), (struct cpuid_result){0, 0, 0xFF, 3}));
	}
	vcpu.config = &vcpu_configs[1]; /* its sibling thread is another VM's, or nobody's */
	assert_true(same(ask(0xB, 0), (struct cpuid_result){1, 1, 0x100, 1}));
	vcpu.config = &vcpu_configs[3];
	assert_true(same(ask(0xB, 1), (struct cpuid_result){3, 1, 0x201, 9}));
}

static void older_topology_agrees(void **state)
{
	(void)state;
	fake_cpuid_set(1, (struct cpuid_result){.ebx = 0x00FF0800});
	assert_int_equal(ask(1, 0).ebx, 0x03080800);
	/* first level: says 4 sharers, has 2; third: says 64, has 8; second: as the first */
	fake_cpuid_set_subleaf(4, 0, (struct cpuid_result){.eax = 0xFC00C121, .ebx = 7});
	fake_cpuid_set_subleaf(4, 1, (struct cpuid_result){.eax = 0xFC00C143});
	fake_cpuid_set_subleaf(4, 2, (struct cpuid_result){.eax = 0xFC0FC163});
	assert_int_equal(ask(4, 0).eax, 3 << 26 | 1 << 14 | 0x121);
	assert_int_equal(ask(4, 0).ebx, 7);
	assert_int_equal(ask(4, 1).eax, 3 << 26 | 1 << 14 | 0x143);
	assert_int_equal(ask(4, 2).eax, 3 << 26 | 7 << 14 | 0x163);
	assert_true(same(ask(4, 3), nothing));
	/* a second level that is a module's */
	fake_cpuid_set_subleaf(4, 1, (struct cpuid_result){.eax = 0xFC01C143});
	assert_int_equal(ask(4, 1).eax, 3 << 26 | 7 << 14 | 0x143);
}

static void xsave_sizes(void **state)
{
	(void)state;
	fake_cpuid_set_subleaf(0xD, 0, (struct cpuid_result){0x602FF, 0x340, 0x2B00, 1});
	fake_cpuid_set_subleaf(0xD, 1, (struct cpuid_result){0x1F, 0xFFFF, 0x1900, 1});
	fake_cpuid_set_subleaf(0xD, 2, (struct cpuid_result){0x100, 0x240, 0, 0});
	fake_cpuid_set_subleaf(0xD, 3, (struct cpuid_result){0x40, 0x3C0, 0, 0});
	fake_cpuid_set_subleaf(0xD, 5, (struct cpuid_result){0x40, 0x440, 0, 0});
	fake_cpuid_set_subleaf(0xD, 6, (struct cpuid_result){0x200, 0x480, 0, 0});
	fake_cpuid_set_subleaf(0xD, 7, (struct cpuid_result){0x400, 0x680, 0, 0});
	fake_cpuid_set_subleaf(0xD, 8, (struct cpuid_result){0x80, 0, 1, 0});
	fake_cpuid_set_subleaf(0xD, 9, (struct cpuid_result){8, 0xA80, 0, 0});
	fake_cpuid_set_subleaf(0xD, 18, (struct cpuid_result){0x2000, 0xB00, 6, 0});
	fake_cpu()->cr4 |= CR4_OSXSAVE;
	fake_cpu()->xcr0 = 7;
	/* AMX and MPX are not offered, so the largest area ends with PKRU */
	assert_true(same(ask(0xD, 0), (struct cpuid_result){0x2E7, 0x340, 0xA88, 0}));
	assert_true(same(ask(0xD, 1), (struct cpuid_result){0xF, 0x340, 0, 0}));
	fake_cpu()->xcr0 = 0x207;
	assert_int_equal(ask(0xD, 1).ebx, 0x348);
	assert_int_equal(ask(0xD, 9).eax, 8);
	assert_true(same(ask(0xD, 3), nothing));  /* MPX */
	assert_true(same(ask(0xD, 8), nothing));  /* processor trace */
	assert_true(same(ask(0xD, 18), nothing)); /* AMX */
	assert_true(same(ask(0xD, 34), nothing));
}

/* What would be #UD in the guest is not offered, whatever the processor can do outside. */
static void instructions_need_their_controls(void **state)
{
	(void)state;
	fake_cpuid_set(7, everything);
	fake_cpuid_set(0x80000001, everything);
	fake_cpuid_set(0xD, everything);
	assert_true(ask(7, 0).ebx & CPUID_7_EBX_INVPCID);
	assert_true(ask(7, 0).ecx & CPUID_7_ECX_RDPID);
	assert_true(ask(0x80000001, 0).edx & CPUID_EXT1_EDX_RDTSCP);
	assert_true(ask(0xD, 1).eax & 8);
	instructions = 0;
	assert_false(ask(7, 0).ebx & CPUID_7_EBX_INVPCID);
	assert_false(ask(7, 0).ecx & CPUID_7_ECX_RDPID);
	assert_false(ask(0x80000001, 0).edx & CPUID_EXT1_EDX_RDTSCP);
	assert_false(ask(0xD, 1).eax & 8);
	assert_true(ask(0xD, 1).eax & 2);
}

/* Leaves with nothing in them, whatever the processor says. */
static void leaves_of_the_machine_are_empty(void **state)
{
	static const uint32_t leaves[] = {0x3,  0x5,  0x8,  0x9,  0xA,  0xC,  0xE,
					  0xF,  0x10, 0x11, 0x12, 0x13, 0x14, 0x17,
					  0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x80000005};

	(void)state;
	for (unsigned i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		setup(NULL);
		fake_cpuid_set(leaves[i], everything);
		assert_true(same(ask(leaves[i], 0), nothing));
	}
	fake_cpuid_set(6, everything);
	assert_true(same(ask(6, 0), (struct cpuid_result){.eax = CPUID_6_EAX_ARAT}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(no_bit_has_two_rows, setup),
		cmocka_unit_test_setup(only_shown_bits_are_seen, setup),
		cmocka_unit_test_setup(nothing_is_invented, setup),
		cmocka_unit_test_setup(bits_follow_the_guest, setup),
		cmocka_unit_test_setup(leaves_beyond_the_highest, setup),
		cmocka_unit_test_setup(leaves_that_the_processor_lacks, setup),
		cmocka_unit_test_setup(hypervisor_leaves, setup),
		cmocka_unit_test_setup(frequencies, setup),
		cmocka_unit_test_setup(levels_count_the_vms_own, setup),
		cmocka_unit_test_setup(older_topology_agrees, setup),
		cmocka_unit_test_setup(xsave_sizes, setup),
		cmocka_unit_test_setup(instructions_need_their_controls, setup),
		cmocka_unit_test_setup(leaves_of_the_machine_are_empty, setup),
	};

	return cmocka_run_group_tests_name("cpuid", tests, NULL, NULL);
}
