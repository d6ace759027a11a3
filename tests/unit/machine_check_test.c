/* SPDX-License-Identifier: Apache-2.0 */
/* Machine checks: banks in words, whose they are, and what follows. The emulator has no banks; these are fakes. */
#include "vm/machine_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpu/exceptions.h"
#include "cpu/machine_check.h"
#include "cpu/msr.h"
#include "fake_cpu.h"
#include "fake_log.h"
#include "vm/contain.h"

#define BANKS 4

/* IA32_MCi_STATUS, by names that the code under test does not have */
#define VAL   (UINT64_C(1) << 63)
#define OVER  (UINT64_C(1) << 62)
#define UC    (UINT64_C(1) << 61)
#define MISCV (UINT64_C(1) << 59)
#define ADDRV (UINT64_C(1) << 58)
#define PCC   (UINT64_C(1) << 57)
#define S     (UINT64_C(1) << 56)
#define AR    (UINT64_C(1) << 55)

#define SER_P    (UINT64_C(1) << 24)
#define RIPV     UINT64_C(1)
#define MCIP     UINT64_C(4)
#define PHYSICAL (UINT64_C(2) << 6)

#define HYPERVISOR UINT64_C(0x200000)
#define LEFT       UINT64_C(0x10000000)
#define RIGHT      UINT64_C(0x20000000)
#define SHARED     UINT64_C(0x30000000)
#define NOBODY     UINT64_C(0x3FF00000)

#define TSC_FREQUENCY UINT64_C(1000000000)

static const struct memory_region left_memory[] = {{.host_physical = LEFT, .size = 0x100000},
						   {.host_physical = SHARED, .size = 0x1000}};
static const struct memory_region right_memory[] = {{.host_physical = RIGHT, .size = 0x100000},
						    {.host_physical = SHARED, .size = 0x1000}};
static const struct vm_config vm_configs[] = {
	{.name = "left", .memory = left_memory, .memory_count = 2, .vcpu_count = 1},
	{.name = "right", .memory = right_memory, .memory_count = 2, .vcpu_count = 1},
};
const struct scenario scenario_tables = {
	.vms = vm_configs,
	.vm_count = 2,
	.hypervisor_base = HYPERVISOR,
	.hypervisor_size = 0x100000,
	.trampoline = 0x8000,
	.tsc_frequency_hz = TSC_FREQUENCY,
};
struct vm vms[CONFIG_MAX_VMS];
static struct vcpu vcpu_pair[2];
static const struct vcpu_config vcpu_configs[] = {{.vm = 0}, {.vm = 1}};

static bool halted, contained;
static uint32_t posted[2];
static jmp_buf stopped;

struct vcpu *vm_vcpu(const struct vm *vm, uint32_t index)
{
	assert_int_equal(index, 0);
	return &vcpu_pair[vm - vms];
}

void vcpu_post(struct vcpu *vcpu, uint32_t request)
{
	posted[vcpu - vcpu_pair] |= request;
}

void machine_request_halt(void)
{
	halted = true;
}

void vm_stop(struct vcpu *vcpu, enum stop_reason reason, const struct guest_registers *registers)
{
	(void)registers;
	assert_ptr_equal(vcpu, &vcpu_pair[0]);
	assert_int_equal(reason, STOP_MACHINE_CHECK);
	longjmp(stopped, 1);
}

void contain_begin(void)
{
	assert_int_equal(fake_log_count(LOG_WARNING), 0);
	contained = true;
}

void contain_end_as(enum stop_reason reason, const char *why, const void *stack)
{
	(void)why;
	(void)stack;
	assert_true(contained);
	vm_stop(&vcpu_pair[0], reason, NULL);
	abort();
}

static void bank_set(unsigned bank, uint64_t status, uint64_t address, uint64_t misc)
{
	fake_msr_set(0x401 + 4 * bank, status);
	fake_msr_set(0x402 + 4 * bank, address);
	fake_msr_set(0x403 + 4 * bank, misc);
}

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	fake_log_clear();
	fake_cpuid_set(1, (struct cpuid_result){.edx = 1 << 7 | 1 << 14});
	fake_msr_set(MSR_MACHINE_CHECK_CAPABILITY, SER_P | 0x100 | BANKS);
	fake_msr_set(MSR_MACHINE_CHECK_STATUS, RIPV | MCIP);
	fake_msr_set(0x17B, 0);
	for (unsigned bank = 0; bank < BANKS; bank++) {
		fake_msr_set(0x400 + 4 * bank, 0);
		bank_set(bank, 0, 0, 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		vms[i].config = &vm_configs[i];
		vcpu_pair[i] = (struct vcpu){.config = &vcpu_configs[i], .vm = &vms[i]};
	}
	this_cpu()->vcpu = &vcpu_pair[0];
	memset(&this_cpu()->corrected, 0, sizeof(this_cpu()->corrected));
	this_cpu()->alarms = this_cpu()->alarms_heard = 0;
	this_cpu()->polled = 0;
	memset(posted, 0, sizeof(posted));
	halted = contained = false;
	return 0;
}

/* Whether the VM of the core, "left", stops. */
static bool guest_stops(void)
{
	struct guest_registers registers = {0};

	if (setjmp(stopped))
		return true;
	vm_machine_check(&vcpu_pair[0], &registers);
	return false;
}

static bool hypervisor_stops(void)
{
	struct exception_frame frame = {.rip = 0x1234};

	if (setjmp(stopped))
		return true;
	machine_check_in_hypervisor(&frame);
	return false;
}

/* --- Words --- */

struct words_case {
	uint16_t code;
	const char *words;
};

/* SDM 3B, tables 16-8, 16-9 and those of its fields */
static const struct words_case words_cases[] = {
	{0x0000, "no error"},
	{0x0001, "unclassified"},
	{0x0002, "microcode parity"},
	{0x0003, "external"},
	{0x0004, "redundancy check"},
	{0x0005, "internal parity"},
	{0x0006, "SMM code access"},
	{0x0400, "internal timer"},
	{0x0E0B, "I/O controller"},
	{0x0401, "internal"},
	{0x000E, "cache: level 2"},
	{0x000F, "cache: unknown level"},
	{0x0010, "TLB: instruction, level 0"},
	{0x0015, "TLB: data, level 1"},
	{0x001A, "TLB: generic, level 2"},
	{0x0080, "memory controller: request, channel 0"},
	{0x0091, "memory controller: read, channel 1"},
	{0x00A2, "memory controller: write, channel 2"},
	{0x00B3, "memory controller: command, channel 3"},
	{0x00CF, "memory controller: scrub, unknown channel"},
	{0x0293, "memory used as cache: read, channel 3"},
	{0x0135, "cache: data data read, level 1"},
	{0x0151, "cache: instruction instruction fetch, level 1"},
	{0x017A, "cache: generic eviction, level 2"},
	{0x0189, "cache: generic snoop, level 1"},
	{0x019A, "cache: generic reserved, level 2"},
	{0x0800, "bus: error, memory, as requester, level 0"},
	{0x0A1B, "bus: read, I/O, as responder, unknown level"},
	{0x0D25, "bus: write, reserved, as observer, level 1, timed out"},
	{0x0E0F, "bus: error, other, generic, unknown level"},
	{0x1135, "cache: data data read, level 1"}, /* filtered */
	{0x0020, "unknown code 0x20"},
	{0x0008, "unknown code 0x8"},
	{0x0200, "unknown code 0x200"},
};

static void error_codes_in_words(void **state)
{
	char words[80];

	(void)state;
	for (unsigned i = 0; i < sizeof(words_cases) / sizeof(words_cases[0]); i++) {
		struct machine_check_error error = {.status =
							    VAL | 0xABCD0000 | words_cases[i].code};

		machine_check_describe(&error, words, sizeof(words));
		assert_string_equal(words, words_cases[i].words);
	}
}

/* Any code has words, whatever a processor may come up with, and they fit. */
static void every_code_has_words(void **state)
{
	char words[80];

	(void)state;
	for (uint32_t code = 0; code <= UINT16_MAX; code++) {
		struct machine_check_error error = {.status = code};

		machine_check_describe(&error, words, sizeof(words));
		assert_in_range(strlen(words), 1, sizeof(words) - 2);
	}
}

/* --- Severity: SDM 3B, table 16-6 --- */

static void severities(void **state)
{
	static const struct {
		uint64_t status;
		enum machine_check_severity severity;
	} cases[] = {
		{0, MACHINE_CHECK_CORRECTED},
		{OVER, MACHINE_CHECK_CORRECTED},
		{UC | PCC, MACHINE_CHECK_FATAL},
		{UC | PCC | S | AR, MACHINE_CHECK_FATAL},
		{UC, MACHINE_CHECK_NO_ACTION},
		{UC | OVER, MACHINE_CHECK_NO_ACTION},
		{UC | S, MACHINE_CHECK_ACTION_OPTIONAL},
		{UC | S | AR, MACHINE_CHECK_ACTION_REQUIRED},
		{UC | S | AR | OVER, MACHINE_CHECK_FATAL},
		{UC | AR, MACHINE_CHECK_FATAL},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct machine_check_error error = {.status = VAL | cases[i].status};

		assert_int_equal(machine_check_severity(&error), cases[i].severity);
		assert_true(strlen(machine_check_severity_name(cases[i].severity)) > 4);
	}
	/* a processor that can't recover: every uncorrected error is the end */
	fake_msr_set(MSR_MACHINE_CHECK_CAPABILITY, BANKS);
	assert_int_equal(machine_check_severity(&(struct machine_check_error){.status = VAL | UC}),
			 MACHINE_CHECK_FATAL);
}

static void addresses(void **state)
{
	struct machine_check_error error = {.address = 0x12345FFF};
	uint64_t size;
	hpa_t base;

	(void)state;
	assert_false(machine_check_address(&error, &base, &size));
	error.status = ADDRV;
	assert_true(machine_check_address(&error, &base, &size));
	assert_true(base == 0x12345FFF && size == 1);
	error.status = ADDRV | MISCV;
	error.misc = PHYSICAL | 12; /* a page */
	assert_true(machine_check_address(&error, &base, &size));
	assert_true(base == 0x12345000 && size == 4096);
	error.misc = 1 << 6 | 6; /* linear */
	assert_false(machine_check_address(&error, &base, &size));
}

/* --- Whom it concerns --- */

static void corrected_errors_stop_nobody(void **state)
{
	(void)state;
	bank_set(2, VAL | ADDRV | 0x0091, HYPERVISOR, 0);
	assert_false(guest_stops());
	assert_true(fake_log_has(LOG_WARNING,
				 "bank 2: corrected: memory controller: read, channel 1; in: the "
				 "hypervisor's memory"));
	assert_int_equal(fake_msr(0x409), 0);
	assert_int_equal(fake_msr(MSR_MACHINE_CHECK_STATUS), 0);
	assert_false(halted);
	assert_int_equal(posted[0] | posted[1], 0);
}

static void corrected_errors_are_told_a_limited_number_of_times(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		bank_set(0, VAL | 0x0091, 0, 0);
		machine_check_poll();
		assert_int_equal(fake_msr(0x401), 0);
	}
	assert_int_equal(fake_log_count(LOG_WARNING), 2 * LOG_LIMIT);
	assert_int_equal(log_limit_hidden(&this_cpu()->corrected), 1000 - LOG_LIMIT);
}

static void used_data_stops_the_vm_that_used_it(void **state)
{
	(void)state;
	fake_msr_set(MSR_MACHINE_CHECK_STATUS, MCIP);
	bank_set(1, VAL | UC | S | AR | ADDRV | MISCV | 0x0134, LEFT + 0x2000, PHYSICAL | 6);
	assert_true(guest_stops());
	assert_int_equal(posted[1], 0);
	assert_false(halted);
	assert_true(fake_log_has(LOG_WARNING,
				 "uncorrected, used: cache: data data read, level 0; in: left"));
}

static void broken_memory_stops_its_owner_and_not_the_reporter(void **state)
{
	(void)state;
	bank_set(3, VAL | UC | S | ADDRV | MISCV | 0x00C0, RIGHT + 0x3000, PHYSICAL | 12);
	assert_false(guest_stops());
	assert_int_equal(posted[1], REQUEST_MACHINE_CHECK);
	assert_int_equal(posted[0], 0);
}

static void shared_memory_stops_all_who_have_it(void **state)
{
	(void)state;
	bank_set(3, VAL | UC | S | ADDRV | 0x00C0, SHARED + 8, 0);
	assert_true(guest_stops());
	assert_int_equal(posted[1], REQUEST_MACHINE_CHECK);
}

static void hypervisors_memory_halts_the_machine(void **state)
{
	static const hpa_t places[] = {HYPERVISOR, HYPERVISOR + 0xFFFFF, 0x8FFF};

	(void)state;
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		setup(NULL);
		bank_set(0, VAL | UC | S | ADDRV | 0x00C0, places[i], 0);
		assert_true(guest_stops());
		assert_true(halted);
	}
}

static void nobodys_memory_stops_the_reporter(void **state)
{
	(void)state;
	bank_set(0, VAL | UC | S | ADDRV | 0x00C0, NOBODY, 0);
	assert_true(guest_stops());
	assert_false(halted);
	assert_true(fake_log_has(LOG_WARNING, "in: nobody's memory"));
}

static void corrupt_context_stops_the_reporter_too(void **state)
{
	(void)state;
	bank_set(0, VAL | UC | PCC | ADDRV | 0x0135, RIGHT, 0);
	assert_true(guest_stops());
	assert_int_equal(posted[1], REQUEST_MACHINE_CHECK);
}

/* All cores get an error that concerns one of them. */
static void broadcast_does_not_stop_bystanders(void **state)
{
	(void)state;
	assert_false(guest_stops());
	fake_msr_set(MSR_MACHINE_CHECK_STATUS, RIPV | MCIP);
	assert_false(hypervisor_stops());
	assert_int_equal(fake_msr(MSR_MACHINE_CHECK_STATUS), 0);
	assert_false(contained);
}

static void what_cant_resume_stops(void **state)
{
	(void)state;
	fake_msr_set(MSR_MACHINE_CHECK_STATUS, MCIP);
	assert_true(guest_stops());
	assert_true(fake_log_has(LOG_ERROR, "no bank holds an error"));
}

/* The handler may have interrupted the log's writer. */
static void hypervisor_goes_on_without_a_word(void **state)
{
	(void)state;
	bank_set(3, VAL | UC | S | ADDRV | 0x00C0, RIGHT, 0);
	assert_false(hypervisor_stops());
	assert_int_equal(posted[1], REQUEST_MACHINE_CHECK);
	assert_int_equal(fake_log_count(LOG_WARNING), 0);
	assert_true(fake_msr(0x40D) & VAL); /* for the next one who may speak */
	machine_check_poll();
	assert_int_equal(fake_log_count(LOG_WARNING), 2);
	assert_int_equal(fake_msr(0x40D), 0);
}

static void hypervisor_that_cant_go_on_is_contained(void **state)
{
	(void)state;
	fake_msr_set(MSR_MACHINE_CHECK_STATUS, MCIP);
	bank_set(3, VAL | UC | PCC | 0x0135, 0, 0);
	assert_true(hypervisor_stops());
	assert_true(contained);
	assert_true(fake_log_has(LOG_WARNING, "fatal"));
	assert_int_equal(fake_msr(MSR_MACHINE_CHECK_STATUS), 0);
}

/* Found by looking, with no exception: the VM is asked, because the caller may be on its way into the guest. */
static void poll_asks_its_own_vm(void **state)
{
	(void)state;
	bank_set(0, VAL | UC | S | ADDRV | 0x00C0, LEFT, 0);
	machine_check_poll();
	assert_int_equal(posted[0], REQUEST_MACHINE_CHECK);
}

/* Whether a corrected error is found by who comes by just now. */
static bool is_looked_after(void)
{
	bank_set(2, VAL | 0x0091, 0, 0);
	machine_check_look();
	return fake_msr(0x409) == 0;
}

/* A VM with a virtual timer comes by every millisecond. */
static void looks_are_few(void **state)
{
	unsigned looks = 0;

	(void)state;
	for (unsigned milliseconds = 0; milliseconds < 1000; milliseconds++) {
		fake_cpu()->tsc += TSC_FREQUENCY / 1000;
		looks += is_looked_after();
	}
	assert_in_range(looks, 9, 10);
}

/* It may be the platform's word for an error, whether anybody of the VM has sent one as well or not. */
static void each_nmi_is_looked_after(void **state)
{
	(void)state;
	fake_cpu()->tsc += TSC_FREQUENCY;
	assert_true(is_looked_after());
	assert_false(is_looked_after());
	for (unsigned i = 0; i < 3; i++) {
		this_cpu()->alarms++;
		assert_true(is_looked_after());
		assert_false(is_looked_after());
	}
}

/* The handler tells nothing and leaves the bank as it is: the next one who comes by must not wait. */
static void what_interrupted_the_hypervisor_is_looked_after(void **state)
{
	(void)state;
	fake_cpu()->tsc += TSC_FREQUENCY;
	machine_check_look();
	bank_set(3, VAL | UC | S | ADDRV | 0x00C0, RIGHT, 0);
	assert_false(hypervisor_stops());
	machine_check_look();
	assert_int_equal(fake_log_count(LOG_WARNING), 2);
	assert_int_equal(fake_msr(0x40D), 0);
}

/* A guest that sets its clock neither gets more looks, nor ends them. */
static void looks_do_not_go_by_the_guests_clock(void **state)
{
	(void)state;
	fake_cpu()->tsc += TSC_FREQUENCY;
	assert_true(is_looked_after());
	fake_cpu()->tsc -= TSC_FREQUENCY / 2;
	this_cpu()->tsc_moved -= TSC_FREQUENCY / 2;
	assert_false(is_looked_after());
	fake_cpu()->tsc += TSC_FREQUENCY / 10;
	assert_true(is_looked_after());
}

static void start_enables_and_tells_but_does_not_judge(void **state)
{
	(void)state;
	bank_set(0, VAL | UC | PCC | ADDRV | 0x00C0, HYPERVISOR, 0);
	machine_check_start();
	assert_true(fake_msr(0x17B) == UINT64_MAX);
	for (unsigned bank = 0; bank < BANKS; bank++)
		assert_true(fake_msr(0x400 + 4 * bank) == UINT64_MAX);
	assert_int_equal(fake_log_count(LOG_WARNING), 2);
	assert_false(halted);
	assert_int_equal(fake_msr(0x401), 0);
}

/* As in the emulator; no MSR of a bank is touched, which the fake would refuse. */
static void processor_without_banks(void **state)
{
	(void)state;
	fake_cpuid_set(1, (struct cpuid_result){0});
	machine_check_start();
	machine_check_poll();
	assert_int_equal(machine_check_banks(), 0);
	assert_true(guest_stops());
	assert_true(hypervisor_stops());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(error_codes_in_words, setup),
		cmocka_unit_test_setup(every_code_has_words, setup),
		cmocka_unit_test_setup(severities, setup),
		cmocka_unit_test_setup(addresses, setup),
		cmocka_unit_test_setup(corrected_errors_stop_nobody, setup),
		cmocka_unit_test_setup(corrected_errors_are_told_a_limited_number_of_times, setup),
		cmocka_unit_test_setup(used_data_stops_the_vm_that_used_it, setup),
		cmocka_unit_test_setup(broken_memory_stops_its_owner_and_not_the_reporter, setup),
		cmocka_unit_test_setup(shared_memory_stops_all_who_have_it, setup),
		cmocka_unit_test_setup(hypervisors_memory_halts_the_machine, setup),
		cmocka_unit_test_setup(nobodys_memory_stops_the_reporter, setup),
		cmocka_unit_test_setup(corrupt_context_stops_the_reporter_too, setup),
		cmocka_unit_test_setup(broadcast_does_not_stop_bystanders, setup),
		cmocka_unit_test_setup(what_cant_resume_stops, setup),
		cmocka_unit_test_setup(hypervisor_goes_on_without_a_word, setup),
		cmocka_unit_test_setup(hypervisor_that_cant_go_on_is_contained, setup),
		cmocka_unit_test_setup(poll_asks_its_own_vm, setup),
		cmocka_unit_test_setup(looks_are_few, setup),
		cmocka_unit_test_setup(each_nmi_is_looked_after, setup),
		cmocka_unit_test_setup(what_interrupted_the_hypervisor_is_looked_after, setup),
		cmocka_unit_test_setup(looks_do_not_go_by_the_guests_clock, setup),
		cmocka_unit_test_setup(start_enables_and_tells_but_does_not_judge, setup),
		cmocka_unit_test_setup(processor_without_banks, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
