/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/mmio_string.h"

#include "cpu/registers.h"
#include "vm/mmio_alu.h"

#define REPEAT_NOT_EQUAL 0xF2
#define FLAG_ZERO        UINT64_C(0x40)

static void begin(struct mmio_step *step, unsigned address_size)
{
	step->mask = guest_index_mask(address_size);
	guest_access_begin(&step->access, step->vcpu->vm->config);
	step->access.size = step->instruction->memory_size;
}

/* Between *value and a memory operand, be that RAM or a device register. */
static enum mmio_string_result transfer(struct mmio_step *step, enum guest_segment_name segment,
					uint64_t offset, bool write, uint64_t *value)
{
	struct guest_access *access = &step->access;
	enum error error;

	access->write = write;
	error = guest_access_locate(access, segment, offset & step->mask);
	if (error)
		return error == ERROR_GUEST_PROTECTED ? MMIO_STRING_FAULTS : MMIO_STRING_OUTSIDE;
	if (!mmio_device_transfer(step->vcpu, access->piece[0].address, access->size, write,
				  value) &&
	    guest_access_copy(access, value))
		return MMIO_STRING_OUTSIDE;
	(void)guest_watch_access(write ? WATCH_WRITE : WATCH_READ, access->address, access->size);
	return MMIO_STRING_DONE;
}

static bool has_source(enum mmio_operation operation)
{
	return operation == MMIO_MOVS || operation == MMIO_CMPS || operation == MMIO_LODS;
}

static bool compares(enum mmio_operation operation)
{
	return operation == MMIO_CMPS || operation == MMIO_SCAS;
}

static enum mmio_string_result operate(struct mmio_step *step)
{
	struct guest_registers *registers = step->registers;
	enum mmio_operation operation = step->instruction->operation;
	unsigned size = step->instruction->memory_size;
	uint64_t value = registers->rax, target = 0;
	enum mmio_string_result result = MMIO_STRING_DONE;

	if (has_source(operation))
		result = transfer(step, step->instruction->segment, registers->rsi, false, &value);
	if (result != MMIO_STRING_DONE)
		return result;
	if (operation == MMIO_LODS) {
		guest_register_set(&registers->rax, size, value);
		return MMIO_STRING_DONE;
	}
	if (!compares(operation))
		return transfer(step, GUEST_ES, registers->rdi, true, &value);
	result = transfer(step, GUEST_ES, registers->rdi, false, &target);
	if (result == MMIO_STRING_DONE)
		(void)mmio_alu(MMIO_CMP, &registers->rdx, &step->flags, value, target, size);
	return result;
}

static void add(uint64_t *index, const struct mmio_instruction *instruction, uint64_t change)
{
	guest_register_set(index, instruction->address_size, *index + change);
}

static void advance(struct mmio_step *step)
{
	const struct mmio_instruction *instruction = step->instruction;
	uint64_t change = instruction->memory_size;

	if (step->flags & RFLAGS_DF)
		change = 0 - change;
	if (has_source(instruction->operation))
		add(&step->registers->rsi, instruction, change);
	if (instruction->operation != MMIO_LODS)
		add(&step->registers->rdi, instruction, change);
}

/* After an element: whether there is another (SDM 2B REP, table 4-22). */
static bool repeats(struct mmio_step *step)
{
	const struct mmio_instruction *instruction = step->instruction;

	if (!instruction->repeat)
		return false;
	add(&step->registers->rcx, instruction, UINT64_MAX);
	if (compares(instruction->operation) &&
	    !(step->flags & FLAG_ZERO) == (instruction->repeat != REPEAT_NOT_EQUAL))
		return false;
	return step->registers->rcx & step->mask;
}

enum mmio_string_result mmio_string(struct mmio_step *step)
{
	enum mmio_string_result result;

	begin(step, step->instruction->address_size);
	result = operate(step);
	if (result != MMIO_STRING_DONE)
		return result;
	advance(step);
	return repeats(step) ? MMIO_STRING_GOES_ON : MMIO_STRING_DONE;
}

/* Bytes of RSP that the stack segment uses (SDM 3.6.2.3). */
static unsigned stack_address_size(void)
{
	struct guest_segment stack;

	if (guest_code_bits() == 64)
		return 8;
	guest_segment_read(GUEST_SS, &stack);
	return stack.rights & SEGMENT_DEFAULT ? 4 : 2;
}

/* PUSH or POP of *value. RSP alone changes in the bytes that the stack segment uses. */
static enum mmio_string_result stack_transfer(struct mmio_step *step, bool push, uint64_t *value)
{
	uint64_t *rsp = &step->registers->rsp, pointer = *rsp;
	unsigned size = step->instruction->memory_size;
	enum mmio_string_result result;

	begin(step, stack_address_size());
	if (push)
		pointer -= size;
	result = transfer(step, GUEST_SS, pointer, push, value);
	if (!push)
		pointer += size;
	if (result == MMIO_STRING_DONE)
		*rsp = (*rsp & ~step->mask) | (pointer & step->mask);
	return result;
}

/* CALL or JMP to `target`, of which the bytes that the instruction takes count. */
static enum mmio_string_result branch(struct mmio_step *step, uint64_t target)
{
	uint64_t back = guest_instruction_pointer() + step->instruction->length;
	enum mmio_string_result result = MMIO_STRING_DONE;

	target &= guest_index_mask(step->instruction->memory_size);
	if (guest_code_bits() == 64 && !guest_is_canonical(target, GUEST_LEVELS)) {
		step->access.fault = (struct guest_exception){
			.vector = EXCEPTION_GENERAL_PROTECTION, .has_error = true};
		return MMIO_STRING_FAULTS;
	}
	if (step->instruction->operation == MMIO_CALL)
		result = stack_transfer(step, true, &back);
	if (result != MMIO_STRING_DONE)
		return result;
	guest_set_instruction_pointer(target);
	return MMIO_STRING_GOES_ON;
}

enum mmio_string_result mmio_stack(struct mmio_step *step)
{
	enum mmio_operation operation = step->instruction->operation;
	unsigned size = step->instruction->memory_size;
	enum mmio_string_result result;
	uint64_t value = 0;

	if (operation == MMIO_POP) {
		result = stack_transfer(step, false, &value);
		if (result == MMIO_STRING_DONE)
			(void)mmio_device_transfer(step->vcpu, step->address, size, true, &value);
		return result;
	}
	(void)mmio_device_transfer(step->vcpu, step->address, size, false, &value);
	return operation == MMIO_PUSH ? stack_transfer(step, true, &value) : branch(step, value);
}
