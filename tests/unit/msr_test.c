/* SPDX-License-Identifier: Apache-2.0 */
/* MSRs that exit: what is answered, what faults, and what the counter of the core goes through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cpu/msr.h"
#include "cpu/registers.h"
#include "cpu/tsc.h"
#include "fake_cpu.h"
#include "fake_log.h"
#include "fake_vm.h"
#include "vm/handlers.h"

static struct vcpu *left, *left_ap, *right;
static uint64_t debug_control;

uint64_t guest_debug_control(void)
{
	return debug_control;
}

void guest_set_debug_control(uint64_t value)
{
	debug_control = value;
}

/* The local APIC has tests of its own. */
bool local_apic_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	(void)vcpu;
	(void)msr;
	*value = 0;
	return false;
}

bool local_apic_write(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	(void)vcpu;
	(void)msr;
	(void)value;
	return false;
}

bool local_apic_base_write(struct vcpu *vcpu, uint64_t value)
{
	(void)vcpu;
	(void)value;
	return false;
}

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	fake_vms_reset();
	fake_cpuid_set(0, (struct cpuid_result){.eax = 0x16});
	left = &vcpus[0];
	left_ap = &vcpus[1];
	right = &vcpus[2];
	left->misc_enable = MISC_ENABLE_FAST_STRINGS;
	this_cpu()->tsc_moved = 0;
	debug_control = 0;
	return 0;
}

static uint64_t read_of(uint32_t msr)
{
	uint64_t value = UINT64_C(0xDEAD);

	assert_true(vm_msr_read(left, msr, &value));
	return value;
}

static bool reads(uint32_t msr)
{
	uint64_t value;

	return vm_msr_read(left, msr, &value);
}

static bool writes(uint32_t msr, uint64_t value)
{
	return vm_msr_write(left, msr, value);
}

static void constants(void **state)
{
	(void)state;
	assert_int_equal(read_of(MSR_FEATURE_CONTROL), FEATURE_CONTROL_LOCK);
	assert_false(writes(MSR_FEATURE_CONTROL, FEATURE_CONTROL_LOCK));
	assert_int_equal(read_of(MSR_PLATFORM_ID), 0);
	assert_int_equal(read_of(MSR_PLATFORM_INFO), 0);
	assert_false(writes(MSR_PLATFORM_INFO, 0));
	assert_int_equal(read_of(MSR_MTRR_CAPABILITY), 0);
	assert_false(writes(MSR_MTRR_CAPABILITY, 0));
}

/* SDM 3.10.11.7.1: write 0, execute CPUID, read the revision from the upper half. */
static void microcode_revision(void **state)
{
	(void)state;
	assert_true(writes(MSR_MICROCODE_REVISION, 0));
	assert_int_equal(read_of(MSR_MICROCODE_REVISION) >> 32, 1);
	assert_false(writes(0x79, 0)); /* an update is the machine's */
}

/* MTRRcap says that there are no ranges; those that every real processor has can be read all the same. */
static void mtrrs_are_coherent(void **state)
{
	static const uint32_t fixed[] = {0x250, 0x258, 0x259, 0x268, 0x26B, 0x26F};

	(void)state;
	left->mtrr_default = MTRR_DEFAULT_RESET;
	for (uint32_t msr = 0x200; msr < 0x214; msr++)
		assert_false(reads(msr) || writes(msr, 0));
	for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		assert_true(read_of(fixed[i]) == MTRR_FIXED_WRITE_BACK && writes(fixed[i], 0) &&
			    read_of(fixed[i]) == MTRR_FIXED_WRITE_BACK);
	assert_false(reads(0x251) || reads(0x25A) || reads(0x267) || reads(0x270));
	assert_int_equal(read_of(MSR_MTRR_DEFAULT_TYPE), MTRR_DEFAULT_RESET);
	for (unsigned type = 0; type < 256; type++) {
		bool exists = type == 0 || type == 1 || (type >= 4 && type <= 6);

		assert_int_equal(writes(MSR_MTRR_DEFAULT_TYPE, 0x800 | type), exists);
		if (exists)
			assert_int_equal(read_of(MSR_MTRR_DEFAULT_TYPE), 0x800 | type);
	}
	assert_false(writes(MSR_MTRR_DEFAULT_TYPE, 0x1806));
	assert_false(writes(MSR_MTRR_DEFAULT_TYPE, UINT64_C(1) << 32 | 0x806));
}

static void no_machine_check_banks(void **state)
{
	(void)state;
	assert_int_equal(read_of(MSR_MACHINE_CHECK_CAPABILITY), 0);
	assert_int_equal(read_of(MSR_MACHINE_CHECK_STATUS), 0);
	assert_true(writes(MSR_MACHINE_CHECK_STATUS, 0));
	assert_false(writes(MSR_MACHINE_CHECK_STATUS, 4));
	for (uint32_t msr = 0x400; msr < 0x480; msr++)
		assert_false(reads(msr) || writes(msr, 0));
	assert_false(reads(0x17B));
}

static void misc_enable(void **state)
{
	const uint64_t unavailable = UINT64_C(1) << 11 | UINT64_C(1) << 12;

	(void)state;
	assert_int_equal(read_of(MSR_MISC_ENABLE), 1 | unavailable);
	assert_true(writes(MSR_MISC_ENABLE, 0));
	assert_int_equal(read_of(MSR_MISC_ENABLE), unavailable);
	assert_true(writes(MSR_MISC_ENABLE, UINT64_C(0x400C51889)));
	assert_int_equal(read_of(MSR_MISC_ENABLE), 1 | unavailable);
	assert_false(writes(MSR_MISC_ENABLE, UINT64_C(1) << 63));
	assert_false(writes(MSR_MISC_ENABLE, 2));
}

static void debug_control_bits(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++)
		assert_int_equal(writes(MSR_DEBUG_CONTROL, UINT64_C(1) << bit), bit < 2);
	assert_int_equal(read_of(MSR_DEBUG_CONTROL), 2);
}

/* Performance counters, power, temperature, caches, trace, VMX: CPUID offers none of them. */
static void hidden_facilities_fault(void **state)
{
	static const uint32_t msrs[] = {0xC1,  0x186, 0x38D, 0x38F, 0x345, 0xE7,      0xE8,  0x198,
					0x199, 0x19A, 0x1A2, 0x1B0, 0x1C4, 0x560,     0x570, 0x600,
					0x610, 0x680, 0x770, 0xC8F, 0xC90, 0x480,     0x48F, 0x491,
					0x9E,  0xD90, 0x122, 0x6A0, 0x6A2, 0xC0000104};

	(void)state;
	for (unsigned i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++)
		assert_false(reads(msrs[i]) || writes(msrs[i], 0));
}

static void immunities_without_promises(void **state)
{
	(void)state;
	assert_false(reads(MSR_ARCH_CAPABILITIES));
	fake_cpuid_set(7, (struct cpuid_result){.edx = CPUID_7_EDX_ARCH_CAPABILITIES});
	fake_msr_set(MSR_ARCH_CAPABILITIES, UINT64_MAX);
	assert_int_equal(read_of(MSR_ARCH_CAPABILITIES) & 0x7, 0x7);
	assert_int_equal(read_of(MSR_ARCH_CAPABILITIES) & 1 << 7, 0); /* TSX_CTRL */
	assert_int_equal(read_of(MSR_ARCH_CAPABILITIES) & 0xE00, 0);  /* MISC_PACKAGE, energy */
	assert_int_equal(read_of(MSR_ARCH_CAPABILITIES) >> 29, 0);
	assert_false(writes(MSR_ARCH_CAPABILITIES, 0));
}

static void counter_is_the_guests(void **state)
{
	(void)state;
	fake_cpuid_set(7, (struct cpuid_result){0});
	fake_cpu()->tsc = 1000;
	assert_true(writes(MSR_TSC, 50));
	assert_int_equal(fake_msr(MSR_TSC), 50);
	/* the fake's TSC makes 5 ticks with every look at it, and does not follow the MSR */
	assert_int_equal(this_cpu()->tsc_moved, UINT64_C(50) - 1005);
	fake_cpu()->tsc = 50;
	assert_int_equal(tsc_host(), 1010);
	assert_false(writes(MSR_TSC_ADJUST, 0));
	assert_false(reads(MSR_TSC_ADJUST));
	fake_cpu()->tsc = 60;
	tsc_restore();
	assert_int_equal(fake_msr(MSR_TSC), 65 - 50 + 1005);
	assert_int_equal(this_cpu()->tsc_moved, 0);
}

static void adjustment_is_put_back_to_the_tick(void **state)
{
	(void)state;
	fake_cpuid_set(7, (struct cpuid_result){.ebx = CPUID_7_EBX_TSC_ADJUST});
	fake_msr_set(MSR_TSC_ADJUST, 7); /* the firmware's */
	assert_true(writes(MSR_TSC_ADJUST, 107));
	assert_int_equal(this_cpu()->tsc_moved, 100);
	assert_true(writes(MSR_TSC_ADJUST, 57));
	assert_int_equal(this_cpu()->tsc_moved, 50);
	tsc_restore();
	assert_int_equal(fake_msr(MSR_TSC_ADJUST), 7);
	tsc_restore();
	assert_int_equal(fake_msr(MSR_TSC_ADJUST), 7);
}

static void refusals_are_told_once_each(void **state)
{
	(void)state;
	fake_log_clear();
	for (unsigned i = 0; i < 3; i++) {
		assert_false(reads(0x4E));
		assert_false(writes(0x4E, 0));
		assert_false(vm_msr_write(left_ap, 0x4E, 0));
	}
	assert_int_equal(fake_log_count(LOG_INFO), 1);
	assert_false(vm_msr_write(right, 0x4E, 0));
	assert_int_equal(fake_log_count(LOG_INFO), 2);
	for (uint32_t msr = 0x2000; msr < 0x3000; msr++)
		assert_false(reads(msr));
	assert_true(fake_log_count(LOG_INFO) <= 1 + 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(constants, setup),
		cmocka_unit_test_setup(microcode_revision, setup),
		cmocka_unit_test_setup(mtrrs_are_coherent, setup),
		cmocka_unit_test_setup(no_machine_check_banks, setup),
		cmocka_unit_test_setup(misc_enable, setup),
		cmocka_unit_test_setup(debug_control_bits, setup),
		cmocka_unit_test_setup(hidden_facilities_fault, setup),
		cmocka_unit_test_setup(immunities_without_promises, setup),
		cmocka_unit_test_setup(counter_is_the_guests, setup),
		cmocka_unit_test_setup(adjustment_is_put_back_to_the_tick, setup),
		cmocka_unit_test_setup(refusals_are_told_once_each, setup),
	};

	return cmocka_run_group_tests_name("msr", tests, NULL, NULL);
}
