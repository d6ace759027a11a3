/* SPDX-License-Identifier: Apache-2.0 */
/* VMX operation of several cores: enabling, its failures, and what they leave behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cpu/msr.h"
#include "cpu/registers.h"
#include "fake_cpu.h"
#include "vmx/encoding.h"
#include "vmx/operation.h"

static enum error last_report;
static unsigned reports;

static void count_report(enum error error, const char *what)
{
	(void)what;
	last_report = error;
	reports++;
}

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	reports = 0;
	return 0;
}

static void cores_are_independent(void **state)
{
	(void)state;
	fake_cpu_select(0);
	assert_int_equal(vmx_enable(this_cpu()), ERROR_OK);
	assert_true(fake_cores[0].vmx_on);
	assert_false(fake_cores[1].vmx_on);
	assert_false(cpu_at(1)->vmx_enabled);

	fake_cpu_select(1);
	assert_int_equal(vmx_enable(this_cpu()), ERROR_OK);
	assert_true(fake_cores[0].vmx_on);
	assert_true(fake_cores[1].vmx_on);
	assert_int_not_equal(fake_cores[0].vmxon_region, fake_cores[1].vmxon_region);
	assert_int_not_equal(fake_cores[0].current_vmcs, fake_cores[1].current_vmcs);

	assert_int_equal(vmx_disable(this_cpu()), ERROR_OK);
	assert_true(fake_cores[0].vmx_on);
	assert_false(fake_cores[1].vmx_on);
	assert_true(cpu_at(0)->vmx_enabled);
}

static void enabling_twice_is_refused(void **state)
{
	(void)state;
	assert_int_equal(vmx_enable(this_cpu()), ERROR_OK);
	assert_int_equal(vmx_enable(this_cpu()), ERROR_VMX_ALREADY_ON);
	assert_int_equal(fake_cpu()->vmxon_calls, 1);
	assert_true(fake_cpu()->vmx_on);
}

static void disabling_without_enabling_is_refused(void **state)
{
	(void)state;
	assert_int_equal(vmx_disable(this_cpu()), ERROR_VMX_NOT_ON);
	assert_int_equal(fake_cpu()->vmxoff_calls, 0);
}

static void cr4_alone_does_not_count_as_enabled(void **state)
{
	(void)state;
	fake_cpu()->cr4 |= CR4_VMXE;
	assert_int_equal(vmx_enable(this_cpu()), ERROR_OK);
	assert_int_equal(vmx_disable(this_cpu()), ERROR_OK);
	assert_true(fake_cpu()->cr4 & CR4_VMXE);
}

static void failing_vmxon_leaves_cr4(void **state)
{
	uint64_t before = fake_cpu()->cr4;

	(void)state;
	fake_cpu()->fail_vmxon = true;
	assert_int_equal(vmx_enable(this_cpu()), ERROR_VMXON_FAILED);
	assert_int_equal(fake_cpu()->cr4, before);
	assert_false(this_cpu()->vmx_enabled);
	assert_false(this_cpu()->vmcs_current);
}

static void failing_vmcs_is_undone(void **state)
{
	uint64_t before = fake_cpu()->cr4;

	(void)state;
	fake_cpu()->fail_vmclear = true;
	assert_int_equal(vmx_enable(this_cpu()), ERROR_VMCLEAR_FAILED);
	assert_false(fake_cpu()->vmx_on);
	assert_int_equal(fake_cpu()->cr4, before);
	assert_false(this_cpu()->vmx_enabled);

	fake_cpu()->fail_vmclear = false;
	fake_cpu()->fail_vmptrld = true;
	assert_int_equal(vmx_enable(this_cpu()), ERROR_VMPTRLD_FAILED);
	assert_false(fake_cpu()->vmx_on);
	assert_int_equal(fake_cpu()->cr4, before);

	fake_cpu()->fail_vmptrld = false;
	assert_int_equal(vmx_enable(this_cpu()), ERROR_OK);
}

static void fixed_bits_are_checked(void **state)
{
	(void)state;
	fake_cpu()->cr0 &= ~CR0_NE;
	assert_int_equal(vmx_enable(this_cpu()), ERROR_VMX_CR0_FIXED);
	fake_cpu()->cr0 |= CR0_NE | UINT64_C(1) << 33; /* not in fixed1 */
	assert_int_equal(vmx_enable(this_cpu()), ERROR_VMX_CR0_FIXED);
	fake_cpu()->cr0 &= UINT32_MAX;
	fake_cpu()->cr4 |= UINT64_C(1) << 30; /* not in fixed1 */
	assert_int_equal(vmx_enable(this_cpu()), ERROR_VMX_CR4_FIXED);
	assert_int_equal(fake_cpu()->vmxon_calls, 0);
}

static void firmware_lock_is_respected(void **state)
{
	(void)state;
	fake_msr_set(MSR_FEATURE_CONTROL, FEATURE_CONTROL_LOCK);
	assert_int_equal(vmx_enable(this_cpu()), ERROR_VMX_LOCKED_OFF);
	assert_int_equal(vmx_check(count_report), 1);
	assert_int_equal(last_report, ERROR_VMX_LOCKED_OFF);
	assert_int_equal(fake_cpu()->vmxon_calls, 0);
}

static void open_lock_is_closed(void **state)
{
	(void)state;
	fake_msr_set(MSR_FEATURE_CONTROL, 0);
	assert_int_equal(vmx_enable(this_cpu()), ERROR_OK);
	assert_int_equal(fake_msr(MSR_FEATURE_CONTROL),
			 FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX_OUTSIDE_SMX);
}

static void missing_vmx_is_reported(void **state)
{
	(void)state;
	fake_cpuid_set(1, (struct cpuid_result){.ecx = CPUID_1_ECX_X2APIC});
	assert_int_equal(vmx_check(count_report), 1);
	assert_int_equal(last_report, ERROR_VMX_NOT_SUPPORTED);
	assert_int_equal(vmx_enable(this_cpu()), ERROR_VMX_NOT_SUPPORTED);
}

static void every_missing_capability_is_reported(void **state)
{
	(void)state;
	assert_int_equal(vmx_check(count_report), 0);
	fake_msr_set(MSR_VMX_TRUE_PIN_CONTROLS, (uint64_t)~PIN_VIRTUAL_NMI << 32);
	fake_msr_set(MSR_VMX_PROCESSOR_CONTROLS2, (uint64_t)~PROCESSOR2_UNRESTRICTED_GUEST << 32);
	fake_msr_set(MSR_VMX_EPT_VPID_CAPABILITY, ~(EPT_CAPABILITY_1G | EPT_CAPABILITY_INVVPID));
	assert_int_equal(vmx_check(count_report), 4);
	assert_int_equal(reports, 4);
}

static void nmi_between_load_and_clear_sees_no_vmcs(void **state)
{
	(void)state;
	assert_int_equal(vmx_enable(this_cpu()), ERROR_OK);
	assert_true(this_cpu()->vmcs_current);
	assert_int_equal(vmx_disable(this_cpu()), ERROR_OK);
	assert_false(this_cpu()->vmcs_current);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(cores_are_independent, setup),
		cmocka_unit_test_setup(enabling_twice_is_refused, setup),
		cmocka_unit_test_setup(disabling_without_enabling_is_refused, setup),
		cmocka_unit_test_setup(cr4_alone_does_not_count_as_enabled, setup),
		cmocka_unit_test_setup(failing_vmxon_leaves_cr4, setup),
		cmocka_unit_test_setup(failing_vmcs_is_undone, setup),
		cmocka_unit_test_setup(fixed_bits_are_checked, setup),
		cmocka_unit_test_setup(firmware_lock_is_respected, setup),
		cmocka_unit_test_setup(open_lock_is_closed, setup),
		cmocka_unit_test_setup(missing_vmx_is_reported, setup),
		cmocka_unit_test_setup(every_missing_capability_is_reported, setup),
		cmocka_unit_test_setup(nmi_between_load_and_clear_sees_no_vmcs, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
