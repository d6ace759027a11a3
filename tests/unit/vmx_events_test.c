/* SPDX-License-Identifier: Apache-2.0 */
/* Events at VM entry: what meets what, what is delivered again, what a completed instruction reports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cpu/registers.h"
#include "fake_cpu.h"
#include "fake_vm.h"
#include "vm/guest_state.h"
#include "vmx/vmcs.h"

#define RIP UINT64_C(0x1000)

static unsigned code_bits;

unsigned guest_code_bits(void)
{
	return code_bits;
}

void vmcs_access_failed(enum vmcs_field field)
{
	fail_msg("VMCS field 0x%x", (unsigned)field);
	for (;;)
		;
}

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	fake_vms_reset();
	this_cpu()->vcpu = &vcpus[0];
	code_bits = 32;
	fake_field_set(VMCS_GUEST_CR0, CR0_PE | CR0_NE);
	fake_field_set(VMCS_GUEST_RIP, RIP);
	return 0;
}

static void being_delivered(uint32_t type, uint32_t vector)
{
	fake_field_set(VMCS_IDT_VECTORING_INFO, INTERRUPTION_VALID | type | vector);
}

static uint32_t entry(void)
{
	return (uint32_t)fake_field(VMCS_ENTRY_INTERRUPTION_INFO);
}

static void inject(uint8_t vector)
{
	guest_inject(&(struct guest_exception){.vector = vector,
					       .has_error = vector != EXCEPTION_INVALID_OPCODE,
					       .error = 0x18,
					       .address = 0xABC000});
}

/* SDM 3.6.15, table 6-5 */
static void exceptions_meet(void **state)
{
	static const struct {
		uint8_t first, second, result;
	} rows[] = {
		{0, 13, 8},  {10, 11, 8},  {11, 12, 8},  {12, 10, 8},  {13, 13, 8}, {13, 0, 8},
		{14, 14, 8}, {14, 13, 8},  {14, 0, 8},   {13, 14, 14}, {0, 14, 14}, {1, 13, 13},
		{6, 14, 14}, {17, 13, 13}, {14, 17, 17}, {13, 6, 6},   {14, 6, 6},  {8, 6, 6},
		{8, 17, 17}, {16, 14, 14}, {3, 13, 13},  {18, 11, 11},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		being_delivered(INTERRUPTION_EXCEPTION, rows[i].first);
		inject(rows[i].second);
		assert_int_equal(entry() & INTERRUPTION_VECTOR, rows[i].result);
		assert_int_equal(entry() & INTERRUPTION_TYPE, INTERRUPTION_EXCEPTION);
		if (rows[i].result == 8)
			assert_int_equal(fake_field(VMCS_ENTRY_EXCEPTION_ERROR), 0);
		else if (rows[i].result != 6)
			assert_int_equal(fake_field(VMCS_ENTRY_EXCEPTION_ERROR), 0x18);
	}
}

static void double_faults_meet_faults(void **state)
{
	static const uint8_t seconds[] = {0, 10, 11, 12, 13, 14};

	(void)state;
	being_delivered(INTERRUPTION_EXCEPTION, EXCEPTION_DOUBLE_FAULT);
	for (unsigned i = 0; i < sizeof(seconds); i++) {
		fake_stop_reason = STOP_NONE;
		fake_stop_expected = true;
		if (setjmp(fake_stop_jump) == 0)
			inject(seconds[i]);
		assert_int_equal(fake_stop_reason, STOP_TRIPLE_FAULT);
	}
}

/* INT 13 and an interrupt with that vector are no general-protection faults. */
static void only_exceptions_have_a_class(void **state)
{
	static const uint32_t types[] = {INTERRUPTION_EXTERNAL, INTERRUPTION_NMI,
					 INTERRUPTION_SOFTWARE, INTERRUPTION_SOFTWARE_EXC};

	(void)state;
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		being_delivered(types[i], 13);
		inject(13);
		assert_int_equal(entry() & INTERRUPTION_VECTOR, 13);
	}
}

static void faults_push_the_resume_flag(void **state)
{
	(void)state;
	inject(EXCEPTION_GENERAL_PROTECTION);
	assert_true(fake_field(VMCS_GUEST_RFLAGS) & RFLAGS_RF);
	fake_field_set(VMCS_GUEST_RFLAGS, 0);
	guest_inject(&(struct guest_exception){.vector = EXCEPTION_DEBUG});
	assert_false(fake_field(VMCS_GUEST_RFLAGS) & RFLAGS_RF);
	assert_false(entry() & INTERRUPTION_ERROR_VALID);
}

static void page_faults_have_their_address(void **state)
{
	(void)state;
	inject(EXCEPTION_PAGE_FAULT);
	assert_int_equal(fake_cpu()->cr2, 0xABC000);
	fake_cpu()->cr2 = 1;
	inject(EXCEPTION_GENERAL_PROTECTION);
	assert_int_equal(fake_cpu()->cr2, 1);
}

static void real_mode_has_no_error_codes(void **state)
{
	(void)state;
	fake_field_set(VMCS_GUEST_CR0, CR0_NE);
	inject(EXCEPTION_GENERAL_PROTECTION);
	assert_false(entry() & INTERRUPTION_ERROR_VALID);
}

static void interrupted_delivery_is_repeated(void **state)
{
	static const uint32_t events[] = {
		INTERRUPTION_EXTERNAL | 0x31,
		INTERRUPTION_EXCEPTION | INTERRUPTION_ERROR_VALID | 14,
		INTERRUPTION_EXCEPTION | 6,
		INTERRUPTION_SOFTWARE | 0x80,
		INTERRUPTION_PRIVILEGED | 1,
		INTERRUPTION_SOFTWARE_EXC | 3,
	};

	(void)state;
	fake_field_set(VMCS_IDT_VECTORING_ERROR, 7);
	for (unsigned i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		uint32_t type = events[i] & INTERRUPTION_TYPE;

		fake_field_set(VMCS_EXIT_INSTRUCTION_LENGTH, i + 1);
		fake_field_set(VMCS_ENTRY_INSTRUCTION_LENGTH, 0);
		being_delivered(events[i], 0);
		assert_true(guest_is_delivering());
		guest_redeliver();
		assert_int_equal(entry(), INTERRUPTION_VALID | events[i]);
		assert_int_equal(fake_field(VMCS_ENTRY_INSTRUCTION_LENGTH),
				 type >= INTERRUPTION_SOFTWARE ? i + 1 : 0);
		if (events[i] & INTERRUPTION_ERROR_VALID)
			assert_int_equal(fake_field(VMCS_ENTRY_EXCEPTION_ERROR), 7);
	}
}

static void nothing_to_repeat(void **state)
{
	(void)state;
	guest_redeliver();
	assert_int_equal(entry(), 0);
	assert_false(guest_is_delivering());
}

static void repeated_nmi_is_not_blocked(void **state)
{
	(void)state;
	fake_field_set(VMCS_GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_NMI);
	being_delivered(INTERRUPTION_NMI, 2);
	guest_redeliver();
	assert_int_equal(fake_field(VMCS_GUEST_INTERRUPTIBILITY), 0);
	assert_int_equal(entry(), INTERRUPTION_VALID | INTERRUPTION_NMI | 2);
}

static void completion_clears_and_reports(void **state)
{
	(void)state;
	fake_field_set(VMCS_GUEST_RFLAGS, RFLAGS_RF | RFLAGS_TF);
	fake_field_set(VMCS_GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_MOV_SS | INTERRUPTIBILITY_NMI);
	fake_field_set(VMCS_GUEST_PENDING_DEBUG, 2); /* held back by MOV SS */
	guest_skip_bytes(5);
	assert_int_equal(fake_field(VMCS_GUEST_RIP), RIP + 5);
	assert_int_equal(fake_field(VMCS_GUEST_RFLAGS), RFLAGS_TF);
	assert_int_equal(fake_field(VMCS_GUEST_INTERRUPTIBILITY), INTERRUPTIBILITY_NMI);
	assert_int_equal(fake_field(VMCS_GUEST_PENDING_DEBUG), PENDING_DEBUG_BS | 2);
}

static void branch_steps_do_not_count_instructions(void **state)
{
	(void)state;
	fake_field_set(VMCS_GUEST_RFLAGS, RFLAGS_TF);
	fake_field_set(VMCS_GUEST_DEBUG_CONTROL, 2);
	guest_skip_bytes(1);
	assert_int_equal(fake_field(VMCS_GUEST_PENDING_DEBUG), 0);
}

/* DR7 of one breakpoint: number, kind, length code. */
static void set_breakpoint(unsigned number, unsigned kind, unsigned length, uint64_t address)
{
	fake_field_set(VMCS_GUEST_DR7, 0x400 | UINT64_C(1) << (2 * number) |
					       (uint64_t)(length << 2 | kind) << (16 + 4 * number));
	fake_cpu()->breakpoints[number] = address;
	fake_field_set(VMCS_GUEST_PENDING_DEBUG, 0);
}

static void port_breakpoints(void **state)
{
	(void)state;
	fake_field_set(VMCS_GUEST_CR4, CR4_DE);
	set_breakpoint(2, 2, 1, 0x1F0);
	assert_true(guest_watch_access(WATCH_PORT, 0x1F0, 1));
	assert_int_equal(fake_field(VMCS_GUEST_PENDING_DEBUG), PENDING_DEBUG_ENABLED | 4);
	assert_true(guest_watch_access(WATCH_PORT, 0x1EE, 4));
	assert_false(guest_watch_access(WATCH_PORT, 0x1F2, 4));
	assert_false(guest_watch_access(WATCH_PORT, 0x1EC, 4));
	assert_false(guest_watch_access(WATCH_WRITE, 0x1F0, 1));
	fake_field_set(VMCS_GUEST_CR4, 0);
	assert_false(guest_watch_access(WATCH_PORT, 0x1F0, 1));
}

static void data_breakpoints(void **state)
{
	(void)state;
	set_breakpoint(3, 1, 3, 0x8004);
	assert_true(guest_watch_access(WATCH_WRITE, 0x8007, 1));
	assert_false(guest_watch_access(WATCH_WRITE, 0x8008, 4));
	assert_false(guest_watch_access(WATCH_READ, 0x8004, 4));
	set_breakpoint(0, 3, 2, 0x8000);
	assert_true(guest_watch_access(WATCH_READ, 0x8007, 1));
	assert_true(guest_watch_access(WATCH_WRITE, 0x7FFD, 4));
	assert_int_equal(fake_field(VMCS_GUEST_PENDING_DEBUG), PENDING_DEBUG_ENABLED | 1);
	set_breakpoint(1, 0, 0, 0x8000); /* execution */
	assert_false(guest_watch_access(WATCH_READ, 0x8000, 1));
	fake_field_set(VMCS_GUEST_DR7, 0xF0400); /* kind and length, but not enabled */
	assert_false(guest_watch_access(WATCH_WRITE, 0x8000, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(exceptions_meet, setup),
		cmocka_unit_test_setup(double_faults_meet_faults, setup),
		cmocka_unit_test_setup(only_exceptions_have_a_class, setup),
		cmocka_unit_test_setup(faults_push_the_resume_flag, setup),
		cmocka_unit_test_setup(page_faults_have_their_address, setup),
		cmocka_unit_test_setup(real_mode_has_no_error_codes, setup),
		cmocka_unit_test_setup(interrupted_delivery_is_repeated, setup),
		cmocka_unit_test_setup(nothing_to_repeat, setup),
		cmocka_unit_test_setup(repeated_nmi_is_not_blocked, setup),
		cmocka_unit_test_setup(completion_clears_and_reports, setup),
		cmocka_unit_test_setup(branch_steps_do_not_count_instructions, setup),
		cmocka_unit_test_setup(port_breakpoints, setup),
		cmocka_unit_test_setup(data_breakpoints, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
