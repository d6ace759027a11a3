/* SPDX-License-Identifier: Apache-2.0 */
/*
 * String instructions between RAM and a device. The device is a fake of this file: 4 KiB at 0xFEC00000
 * that remembers what is written. RAM is [0, 0x10000).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cpu/privileged.h"
#include "cpu/registers.h"
#include "decode_bytes.h"
#include "fake_memory.h"
#include "fake_vm.h"
#include "vm/mmio_string.h"

#define DEVICE    UINT64_C(0xFEC00000)
#define FLAG_ZERO UINT64_C(0x40)
#define FLAG_SIGN UINT64_C(0x80)

static struct guest_registers registers;
static struct guest_segment segments[8];
static uint64_t flags;
static uint8_t device[4096];
static unsigned device_reads, device_writes;
static struct guest_exception fault;

void guest_paging_read(struct guest_paging *paging)
{
	*paging = (struct guest_paging){.cr0 = CR0_PE};
}

uint64_t guest_flags(void)
{
	return flags;
}

unsigned guest_privilege_level(void)
{
	return 0;
}

uint32_t guest_protection_keys(void)
{
	return 0;
}

static unsigned code_bits;
static uint64_t rip;

unsigned guest_code_bits(void)
{
	return code_bits;
}

uint64_t guest_instruction_pointer(void)
{
	return rip;
}

void guest_set_instruction_pointer(uint64_t value)
{
	rip = value;
}

void guest_segment_read(enum guest_segment_name name, struct guest_segment *segment)
{
	*segment = segments[name];
}

bool guest_watch_access(enum guest_watch kind, uint64_t address, unsigned size)
{
	(void)kind;
	(void)address;
	(void)size;
	return false;
}

bool mmio_device_transfer(struct vcpu *vcpu, gpa_t address, unsigned size, bool write,
			  uint64_t *value)
{
	uint8_t *at;
	(void)vcpu;

	if (address < DEVICE || address + size > DEVICE + sizeof(device))
		return false;
	at = device + (address - DEVICE);
	if (write) {
		device_writes++;
		memcpy(at, value, size);
	} else {
		device_reads++;
		memcpy(value, at, size);
	}
	return true;
}

static uint8_t *memory(gpa_t address)
{
	return (uint8_t *)host_pointer(FAKE_MEMORY_BASE) + address;
}

static int setup(void **state)
{
	static const struct memory_region region = {.host_physical = FAKE_MEMORY_BASE,
						    .size = 0x10000,
						    .permissions = MEMORY_READ | MEMORY_WRITE};
	static struct vm_config config;

	(void)state;
	fake_vms_reset();
	fake_memory_fill(0);
	config = *vms[0].config;
	config.memory = &region;
	config.memory_count = 1;
	vms[0].config = &config;
	registers = (struct guest_registers){.rax = UINT64_C(0x1122334455667788)};
	for (unsigned i = 0; i < 8; i++)
		segments[i] = (struct guest_segment){.limit = UINT32_MAX, .rights = 0xC093};
	flags = RFLAGS_FIXED;
	code_bits = 32;
	rip = 0x1000;
	device_reads = device_writes = 0;
	for (unsigned i = 0; i < sizeof(device); i++)
		device[i] = (uint8_t)i;
	return 0;
}

static enum mmio_string_result run_step(enum mmio_string_result (*function)(struct mmio_step *),
					const struct mmio_instruction *instruction, gpa_t address)
{
	struct mmio_step step = {
		.vcpu = &vcpus[0],
		.instruction = instruction,
		.registers = &registers,
		.flags = flags,
		.address = address,
	};
	enum mmio_string_result result = function(&step);

	flags = step.flags;
	fault = step.access.fault;
	return result;
}

/* Decodes and does elements until the instruction is complete or stops; returns how it ended. */
static enum mmio_string_result run(const char *bytes, size_t size, unsigned elements)
{
	struct mmio_instruction instruction;
	enum mmio_string_result result = MMIO_STRING_GOES_ON;

	assert_int_equal(decode_bytes((const uint8_t *)bytes, size, 32, &instruction), ERROR_OK);
	assert_true(instruction.operation >= MMIO_MOVS);
	assert_int_equal(instruction.length, size);
	for (unsigned i = 0; i < elements; i++) {
		assert_int_equal(result, MMIO_STRING_GOES_ON);
		result = run_step(mmio_string, &instruction, 0);
	}
	return result;
}

static void moves_from_the_device(void **state)
{
	(void)state;
	registers.rsi = DEVICE + 4;
	registers.rdi = 0x200;
	registers.rcx = 2;
	assert_int_equal(run("\xF3\xA5", 2, 2), MMIO_STRING_DONE);
	assert_memory_equal(memory(0x200), device + 4, 8);
	assert_int_equal(memory(0x208)[0], 0);
	assert_int_equal(registers.rsi, DEVICE + 12);
	assert_int_equal(registers.rdi, 0x208);
	assert_int_equal(registers.rcx, 0);
	assert_int_equal(device_reads, 2);
}

static void moves_to_the_device_and_down(void **state)
{
	(void)state;
	flags |= RFLAGS_DF;
	memcpy(memory(0x300), "abcd", 4);
	registers.rsi = 0x303;
	registers.rdi = DEVICE + 0x13;
	registers.rcx = 4;
	assert_int_equal(run("\xF3\xA4", 2, 4), MMIO_STRING_DONE);
	assert_memory_equal(device + 0x10, "abcd", 4);
	assert_int_equal(registers.rdi, DEVICE + 0xF);
}

static void moves_within_the_device(void **state)
{
	(void)state;
	registers.rsi = DEVICE;
	registers.rdi = DEVICE + 0x800;
	assert_int_equal(run("\x66\xA5", 2, 1), MMIO_STRING_DONE);
	assert_memory_equal(device + 0x800, device, 2);
	assert_int_equal(device_reads + device_writes, 2);
}

static void overrides_concern_the_source(void **state)
{
	(void)state;
	segments[GUEST_FS].base = DEVICE;
	registers.rsi = 0x20;
	registers.rdi = 0x400;
	assert_int_equal(run("\x64\xA5", 2, 1), MMIO_STRING_DONE);
	assert_memory_equal(memory(0x400), device + 0x20, 4);
}

static void stores_and_loads(void **state)
{
	(void)state;
	registers.rdi = DEVICE + 0x40;
	assert_int_equal(run("\xAB", 1, 1), MMIO_STRING_DONE);
	assert_memory_equal(device + 0x40, "\x88\x77\x66\x55\x44", 5);
	registers.rsi = DEVICE + 0x41;
	assert_int_equal(run("\xAC", 1, 1), MMIO_STRING_DONE);
	assert_int_equal(registers.rax, UINT64_C(0x1122334455667777));
	assert_int_equal(run("\xAD", 1, 1), MMIO_STRING_DONE);
	assert_int_equal(registers.rax, 0x45445566 & 0xFFFFFFFF);
}

static void comparisons_end_repetition(void **state)
{
	(void)state;
	memcpy(memory(0x500), "\x10\x11\x12\xFF", 4);
	registers.rsi = 0x500;
	registers.rdi = DEVICE + 0x10;
	registers.rcx = 10;
	assert_int_equal(run("\xF3\xA6", 2, 4), MMIO_STRING_DONE);
	assert_int_equal(registers.rcx, 6);
	assert_false(flags & FLAG_ZERO);
	assert_true(flags & FLAG_SIGN); /* FF - 13 */
	registers.rax = 0x32;
	registers.rdi = DEVICE + 0x30;
	registers.rcx = 10;
	assert_int_equal(run("\xF2\xAE", 2, 3), MMIO_STRING_DONE);
	assert_int_equal(registers.rdi, DEVICE + 0x33);
	assert_true(flags & FLAG_ZERO);
}

static void sixteen_bit_addresses_wrap(void **state)
{
	(void)state;
	segments[GUEST_ES].base = DEVICE - 0xFFFF;
	registers.rdi = 0x1234FFFF;
	registers.rcx = 0x56780001;
	assert_int_equal(run("\x67\xF3\xAA", 3, 1), MMIO_STRING_DONE);
	assert_int_equal(registers.rdi, 0x12340000);
	assert_int_equal(registers.rcx, 0x56780000);
	assert_int_equal(device[0], 0x88);
}

static void pushes_and_pops(void **state)
{
	struct mmio_instruction instruction = {
		.operation = MMIO_PUSH, .memory_size = 4, .operand_size = 4};
	uint32_t value = 0;
	(void)state;

	*(uint32_t *)(void *)(device + 0x20) = 0x12345678;
	registers.rsp = UINT64_C(0xABCD00008000);
	assert_int_equal(run_step(mmio_stack, &instruction, DEVICE + 0x20), MMIO_STRING_DONE);
	assert_int_equal(registers.rsp, UINT64_C(0xABCD00007FFC));
	memcpy(&value, memory(0x7FFC), 4);
	assert_int_equal(value, 0x12345678);
	instruction.operation = MMIO_POP;
	assert_int_equal(run_step(mmio_stack, &instruction, DEVICE + 0x40), MMIO_STRING_DONE);
	assert_int_equal(registers.rsp, UINT64_C(0xABCD00008000));
	assert_int_equal(*(uint32_t *)(void *)(device + 0x40), 0x12345678);
}

static void calls_push_where_they_came_from(void **state)
{
	struct mmio_instruction instruction = {
		.operation = MMIO_CALL, .memory_size = 4, .operand_size = 4, .length = 6};
	uint64_t value = UINT64_MAX;
	(void)state;

	*(uint32_t *)(void *)(device + 0x20) = 0x87654321;
	registers.rsp = 0x8000;
	assert_int_equal(run_step(mmio_stack, &instruction, DEVICE + 0x20), MMIO_STRING_GOES_ON);
	assert_int_equal(rip, 0x87654321);
	assert_int_equal(registers.rsp, 0x7FFC);
	memcpy(&value, memory(0x7FFC), 4);
	assert_int_equal(value, UINT64_C(0xFFFFFFFF00001006));
	instruction.operation = MMIO_JMP;
	instruction.memory_size = 2;
	assert_int_equal(run_step(mmio_stack, &instruction, DEVICE + 0x22), MMIO_STRING_GOES_ON);
	assert_int_equal(rip, 0x8765);
	assert_int_equal(registers.rsp, 0x7FFC);
}

static void branches_go_to_canonical_addresses_only(void **state)
{
	struct mmio_instruction instruction = {
		.operation = MMIO_CALL, .memory_size = 8, .operand_size = 8, .length = 2};
	uint64_t *target = (uint64_t *)(void *)(device + 0x20);
	(void)state;

	code_bits = 64;
	registers.rsp = 0x8000;
	*target = UINT64_C(0x800000000000);
	assert_int_equal(run_step(mmio_stack, &instruction, DEVICE + 0x20), MMIO_STRING_FAULTS);
	assert_int_equal(fault.vector, EXCEPTION_GENERAL_PROTECTION);
	assert_int_equal(rip, 0x1000);
	assert_int_equal(registers.rsp, 0x8000);
	*target = UINT64_C(0xFFFF800000000000);
	assert_int_equal(run_step(mmio_stack, &instruction, DEVICE + 0x20), MMIO_STRING_GOES_ON);
	assert_int_equal(rip, UINT64_C(0xFFFF800000000000));
	assert_int_equal(registers.rsp, 0x7FF8);
}

static void a_call_whose_stack_faults_goes_nowhere(void **state)
{
	struct mmio_instruction instruction = {
		.operation = MMIO_CALL, .memory_size = 4, .operand_size = 4, .length = 2};
	(void)state;

	segments[GUEST_SS].limit = 0xFFF;
	registers.rsp = 0x8000;
	assert_int_equal(run_step(mmio_stack, &instruction, DEVICE + 0x20), MMIO_STRING_FAULTS);
	assert_int_equal(fault.vector, 12);
	assert_int_equal(rip, 0x1000);
}

static void a_stack_that_faults_changes_nothing(void **state)
{
	struct mmio_instruction instruction = {
		.operation = MMIO_PUSH, .memory_size = 4, .operand_size = 4};
	(void)state;

	segments[GUEST_SS].limit = 0xFFF;
	registers.rsp = 0x8000;
	assert_int_equal(run_step(mmio_stack, &instruction, DEVICE + 0x20), MMIO_STRING_FAULTS);
	assert_int_equal(registers.rsp, 0x8000);
	assert_int_equal(fault.vector, 12);
}

static void faults_leave_registers_alone(void **state)
{
	(void)state;
	segments[GUEST_ES].limit = 0xFF;
	registers.rsi = DEVICE;
	registers.rdi = 0x100;
	assert_int_equal(run("\xA4", 1, 1), MMIO_STRING_FAULTS);
	assert_int_equal(fault.vector, EXCEPTION_GENERAL_PROTECTION);
	assert_int_equal(registers.rsi, DEVICE);
	segments[GUEST_ES].limit = UINT32_MAX;
	registers.rdi = 0x20000;
	assert_int_equal(run("\xA4", 1, 1), MMIO_STRING_OUTSIDE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(moves_from_the_device, setup),
		cmocka_unit_test_setup(moves_to_the_device_and_down, setup),
		cmocka_unit_test_setup(moves_within_the_device, setup),
		cmocka_unit_test_setup(overrides_concern_the_source, setup),
		cmocka_unit_test_setup(stores_and_loads, setup),
		cmocka_unit_test_setup(comparisons_end_repetition, setup),
		cmocka_unit_test_setup(sixteen_bit_addresses_wrap, setup),
		cmocka_unit_test_setup(pushes_and_pops, setup),
		cmocka_unit_test_setup(calls_push_where_they_came_from, setup),
		cmocka_unit_test_setup(branches_go_to_canonical_addresses_only, setup),
		cmocka_unit_test_setup(a_call_whose_stack_faults_goes_nowhere, setup),
		cmocka_unit_test_setup(a_stack_that_faults_changes_nothing, setup),
		cmocka_unit_test_setup(faults_leave_registers_alone, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
