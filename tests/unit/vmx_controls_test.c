/* SPDX-License-Identifier: Apache-2.0 */
/* Control words from capability MSRs (SDM 3.A.2): bits 31:0 forced to 1, bits 63:32 allowed to be 1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cpu/msr.h"
#include "fake_cpu.h"
#include "vmx/controls.h"
#include "vmx/encoding.h"

static const struct vmx_control_policy policy = {
	.name = "test",
	.required = 0x01,
	.optional = 0x02,
	.available = 0x04,
	.forbidden = 0x08,
};

struct sample {
	uint32_t forced, allowed;
	uint32_t value, missing;
};

static void bits_follow_policy_and_capability(void **state)
{
	static const struct sample samples[] = {
		{0x00, 0xFF, 0x03, 0x00}, /* everything possible: required and optional */
		{0x00, 0x05, 0x01, 0x00}, /* optional one not offered */
		{0x40, 0x47, 0x43, 0x00}, /* forced bit that nobody asked for stays */
		{0x00, 0xFE, 0x02, 0x01}, /* required bit can't be 1 */
		{0x00, 0xFB, 0x03, 0x04}, /* available bit can't be 1 */
		{0x08, 0xFF, 0x0B, 0x08}, /* forbidden bit can't be 0 */
		{0x08, 0xFA, 0x0A, 0x0D}, /* all three at once */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		uint64_t capability = (uint64_t)samples[i].allowed << 32 | samples[i].forced;
		uint32_t value, missing;
		enum error error = vmx_control_compute(&policy, capability, &value, &missing);

		assert_int_equal(missing, samples[i].missing);
		assert_int_equal(error, missing ? ERROR_VMX_CONTROL_UNSUPPORTED : ERROR_OK);
		assert_int_equal(value, samples[i].value);
	}
}

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	return 0;
}

/* What Intel processors force in the TRUE words and in the secondary one. */
static void words_keep_interrupts_in_the_guest(void **state)
{
	struct vmx_controls controls;

	(void)state;
	fake_msr_set(MSR_VMX_TRUE_PIN_CONTROLS, UINT64_C(0x0000007F00000016));
	fake_msr_set(MSR_VMX_TRUE_PROCESSOR_CONTROLS, UINT64_C(0xFFF9FFFE04006172));
	assert_int_equal(vmx_controls_read(&controls), ERROR_OK);
	assert_int_equal(controls.word[CONTROL_PIN] & PIN_EXTERNAL_INTERRUPT, 0);
	assert_int_equal(controls.word[CONTROL_PIN] & PIN_PREEMPTION_TIMER, 0);
	assert_int_equal(controls.word[CONTROL_PIN] & 0x16, 0x16);
	assert_true(controls.word[CONTROL_PIN] & PIN_NMI);
	assert_int_equal(controls.word[CONTROL_PROCESSOR] &
				 (PROCESSOR_HLT | PROCESSOR_RDTSC | PROCESSOR_CR3_LOAD |
				  PROCESSOR_NMI_WINDOW),
			 0);
	assert_int_equal(controls.word[CONTROL_PROCESSOR] & 0x04006172, 0x04006172);
}

/* The words without TRUE force CR3 exits (bits 15 and 16): that has to be refused, not accepted. */
static void forced_exits_are_refused(void **state)
{
	struct vmx_controls controls;

	(void)state;
	fake_msr_set(MSR_VMX_TRUE_PROCESSOR_CONTROLS, UINT64_C(0xFFF9FFFE0401E172));
	assert_int_equal(vmx_controls_read(&controls), ERROR_VMX_CONTROL_UNSUPPORTED);
}

static void no_policy_contradicts_itself(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CONTROL_WORD_COUNT; i++) {
		const struct vmx_control_policy *p = &vmx_control_policies[i];

		assert_int_equal(p->forbidden & (p->required | p->optional | p->available), 0);
		assert_int_equal(p->required & p->optional, 0);
		assert_int_equal(p->available & (p->required | p->optional), 0);
	}
}

/* Whatever a processor may lack is reported by name. */
static void every_bit_of_a_policy_has_a_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CONTROL_WORD_COUNT; i++) {
		const struct vmx_control_policy *p = &vmx_control_policies[i];
		uint32_t reportable = p->required | p->available | p->forbidden;

		for (uint32_t bit = 1; bit != 0; bit <<= 1)
			if (reportable & bit)
				assert_string_not_equal(
					vmx_control_name((enum vmx_control_word)i, bit),
					"unnamed control");
	}
	assert_string_equal(vmx_control_name(CONTROL_PIN, 1u << 31), "unnamed control");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_follow_policy_and_capability),
		cmocka_unit_test_setup(words_keep_interrupts_in_the_guest, setup),
		cmocka_unit_test_setup(forced_exits_are_refused, setup),
		cmocka_unit_test(no_policy_contradicts_itself),
		cmocka_unit_test(every_bit_of_a_policy_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
