/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/mmio_string.h"

#include "cpu/registers.h"
#include "vm/guest_access.h"
#include "vm/mmio_alu.h"

#define REPEAT_NOT_EQUAL 0xF2
#define FLAG_ZERO        UINT64_C(0x40)

/* What is needed to do one element. */
struct element {
	struct vcpu *vcpu;
	const struct mmio_instruction *instruction;
	unsigned address_size;
	struct guest_access access;
};

static void element_begin(struct element *element, struct vcpu *vcpu,
			  const struct mmio_instruction *instruction, unsigned address_size)
{
	element->vcpu = vcpu;
	element->instruction = instruction;
	element->address_size = address_size;
	guest_access_begin(&element->access, vcpu->vm->config);
	element->access.size = instruction->memory_size;
}

/* Between *value and a memory operand, be that RAM or a device register. */
static enum mmio_string_result transfer(struct element *element, enum guest_segment_name segment,
					uint64_t offset, bool write, uint64_t *value)
{
	struct guest_access *access = &element->access;
	enum error error;

	access->write = write;
	error = guest_access_locate(access, segment,
				    offset & guest_index_mask(element->address_size));
	if (error)
		return error == ERROR_GUEST_PROTECTED ? MMIO_STRING_FAULTS : MMIO_STRING_OUTSIDE;
	if (!mmio_device_transfer(element->vcpu, access->piece[0].address, access->size, write,
				  value) &&
	    guest_access_copy(access, value))
		return MMIO_STRING_OUTSIDE;
	(void)guest_watch_access(write ? WATCH_WRITE : WATCH_READ, access->address, access->size);
	return MMIO_STRING_DONE;
}

static enum mmio_string_result operate(struct element *element, struct guest_registers *registers,
				       uint64_t *flags)
{
	const struct mmio_instruction *instruction = element->instruction;
	bool has_source = instruction->operation == MMIO_MOVS ||
			  instruction->operation == MMIO_CMPS ||
			  instruction->operation == MMIO_LODS;
	uint64_t source = has_source ? 0 : registers->rax, target = 0;
	enum mmio_string_result result = MMIO_STRING_DONE;

	if (has_source)
		result = transfer(element, instruction->segment, registers->rsi, false, &source);
	if (result != MMIO_STRING_DONE)
		return result;
	switch (instruction->operation) {
	case MMIO_MOVS:
	case MMIO_STOS:
		return transfer(element, GUEST_ES, registers->rdi, true, &source);
	case MMIO_LODS:
		guest_register_set(&registers->rax, instruction->memory_size, source);
		return MMIO_STRING_DONE;
	default: /* CMPS, SCAS */
		result = transfer(element, GUEST_ES, registers->rdi, false, &target);
		if (result == MMIO_STRING_DONE)
			(void)mmio_alu(MMIO_CMP, registers, flags, source, target,
				       instruction->memory_size);
		return result;
	}
}

static void advance(const struct mmio_instruction *instruction, struct guest_registers *registers,
		    uint64_t flags)
{
	uint64_t step = flags & RFLAGS_DF ? 0 - (uint64_t)instruction->memory_size
					  : instruction->memory_size;
	enum mmio_operation operation = instruction->operation;

	if (operation != MMIO_STOS && operation != MMIO_SCAS)
		guest_register_set(&registers->rsi, instruction->address_size, registers->rsi + step);
	if (operation != MMIO_LODS)
		guest_register_set(&registers->rdi, instruction->address_size, registers->rdi + step);
}

/* After an element: whether there is another (SDM 2B REP, table 4-22). */
static bool repeats(const struct mmio_instruction *instruction, struct guest_registers *registers,
		    uint64_t flags)
{
	enum mmio_operation operation = instruction->operation;

	if (!instruction->repeat)
		return false;
	guest_register_set(&registers->rcx, instruction->address_size, registers->rcx - 1);
	if ((operation == MMIO_CMPS || operation == MMIO_SCAS) &&
	    ((flags & FLAG_ZERO) != 0) == (instruction->repeat == REPEAT_NOT_EQUAL))
		return false;
	return (registers->rcx & guest_index_mask(instruction->address_size)) != 0;
}

enum mmio_string_result mmio_string(struct vcpu *vcpu, const struct mmio_instruction *instruction,
				    struct guest_registers *registers, uint64_t *flags,
				    struct guest_exception *fault)
{
	struct element element;
	enum mmio_string_result result;

	element_begin(&element, vcpu, instruction, instruction->address_size);
	result = operate(&element, registers, flags);
	*fault = element.access.fault;
	if (result != MMIO_STRING_DONE)
		return result;
	advance(instruction, registers, *flags);
	return repeats(instruction, registers, *flags) ? MMIO_STRING_GOES_ON : MMIO_STRING_DONE;
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

enum mmio_string_result mmio_stack(struct vcpu *vcpu, const struct mmio_instruction *instruction,
				   struct guest_registers *registers, gpa_t address,
				   struct guest_exception *fault)
{
	struct element element;
	unsigned size = instruction->memory_size;
	enum mmio_string_result result;
	uint64_t pointer = registers->rsp, value = 0, mask;
	bool push = instruction->operation == MMIO_PUSH;

	element_begin(&element, vcpu, instruction, stack_address_size());
	if (push) {
		pointer -= size;
		(void)mmio_device_transfer(vcpu, address, size, false, &value);
	}
	result = transfer(&element, GUEST_SS, pointer, push, &value);
	*fault = element.access.fault;
	if (result != MMIO_STRING_DONE)
		return result;
	/* RSP alone changes in the bytes that the stack segment uses */
	mask = guest_index_mask(element.address_size);
	pointer = push ? pointer : pointer + size;
	registers->rsp = (registers->rsp & ~mask) | (pointer & mask);
	if (!push)
		(void)mmio_device_transfer(vcpu, address, size, true, &value);
	return MMIO_STRING_DONE;
}
