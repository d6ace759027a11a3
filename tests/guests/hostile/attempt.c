/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts of single instructions, results, and markers. */
#include "hostile.h"

#define RETURN_INSTRUCTION 0xC3
#define INSTRUCTION_MAX    15

struct call {
	const void *code;
	struct registers registers;
};
_Static_assert(offsetof(struct call, registers) == 8, "call_with_registers in probe.S");

void call_with_registers(struct call *call);

static uint8_t code[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

/* First complaint of the running check. */
static const char *complaint;
static uint64_t complaint_value;
static const char *complaint_row;
static const char *current_row;

static void call(void *argument)
{
	call_with_registers(argument);
}

uint32_t run_bytes(const void *bytes, size_t count, struct registers *registers, bool user)
{
	struct call arguments = {code, *registers};
	uint32_t vector;

	for (size_t i = 0; i < count && i < INSTRUCTION_MAX; i++)
		code[i] = ((const uint8_t *)bytes)[i];
	code[count] = RETURN_INSTRUCTION;
	vector = user ? probe_user(call, &arguments) : probe(call, &arguments);
	*registers = arguments.registers;
	return vector;
}

void expect(bool as_it_should_be, const char *what, uint64_t value)
{
	if (as_it_should_be || complaint)
		return;
	complaint = what;
	complaint_value = value;
	complaint_row = current_row;
}

static uint64_t answer_bit(uint32_t vector)
{
	return vector == VECTOR_NONE ? NO_EXCEPTION : ANY_OF(vector);
}

void run_instructions(const struct instruction *rows, size_t count, bool user)
{
	for (size_t i = 0; i < count; i++) {
		struct registers registers = rows[i].registers;
		uint32_t vector;

		current_row = rows[i].name;
		vector = run_bytes(rows[i].bytes, rows[i].count, &registers, user);
		expect(rows[i].expected & answer_bit(vector), "answered by vector", vector);
	}
	current_row = NULL;
}

static void print_result(const char *name)
{
	print_text("hostile: ");
	print_text(name);
	print_text(complaint ? " FAIL " : " ok");
	if (complaint_row) {
		print_text(complaint_row);
		print_text(": ");
	}
	if (complaint) {
		print_text(complaint);
		print_text(" ");
		print_hexadecimal(complaint_value);
	}
	print_text("\r\n");
}

void run_checks(const struct check *checks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		complaint = complaint_row = current_row = NULL;
		checks[i].run();
		print_result(checks[i].name);
	}
}

static void read_msr(void *argument)
{
	(void)msr_read((uint32_t)(uint64_t)argument);
}

void mark(uint32_t msr)
{
	(void)probe(read_msr, (void *)(uint64_t)msr);
}
