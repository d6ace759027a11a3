/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/mmio_string.h"

#include "cpu/registers.h"
#include "vm/guest_access.h"

#define REPEAT_NOT_EQUAL 0xF2
#define FLAG_ZERO        UINT64_C(0x40)

/* What is needed to do one element. */
struct element {
	struct vcpu *vcpu;
	const struct mmio_instruction *instruction;
	struct guest_paging paging;
	struct guest_exception *fault;
};

static uint64_t mask_of(unsigned size)
{
	return UINT64_MAX >> (64 - 8 * size);
}

/* As an instruction with this address size writes RCX, RSI or RDI (SDM 1.3.4.1.1). */
static void index_set(uint64_t *target, unsigned address_size, uint64_t value)
{
	uint64_t mask = mask_of(address_size);

	*target = address_size == 2 ? (*target & ~mask) | (value & mask) : value & mask;
}

static enum mmio_string_result locate(const struct element *element,
				      enum guest_segment_name segment, uint64_t offset, bool write,
				      struct guest_span *span, gva_t *linear)
{
	struct guest_access access = {.size = element->instruction->memory_size, .write = write};
	enum error error;

	offset &= mask_of(element->instruction->address_size);
	if (!guest_segment_address(segment, offset, access.size, write, &access.address,
				   element->fault))
		return MMIO_STRING_FAULTS;
	*linear = access.address;
	error = guest_access_translate(element->vcpu->vm->config, &element->paging, &access, span,
				       element->fault);
	if (error == ERROR_GUEST_PROTECTED)
		return MMIO_STRING_FAULTS;
	return error == ERROR_OK ? MMIO_STRING_DONE : MMIO_STRING_OUTSIDE;
}

static enum mmio_string_result load(const struct element *element, enum guest_segment_name segment,
				    uint64_t offset, uint64_t *value)
{
	unsigned size = element->instruction->memory_size;
	struct guest_span span;
	gva_t linear;
	enum mmio_string_result result = locate(element, segment, offset, false, &span, &linear);

	if (result != MMIO_STRING_DONE)
		return result;
	*value = 0;
	if (!mmio_device_read(element->vcpu, span.piece[0].address, size, value) &&
	    guest_span_read(element->vcpu->vm->config, &span, value) != ERROR_OK)
		return MMIO_STRING_OUTSIDE;
	(void)guest_watch_access(WATCH_READ, linear, size);
	return MMIO_STRING_DONE;
}

static enum mmio_string_result store(const struct element *element, enum guest_segment_name segment,
				     uint64_t offset, uint64_t value)
{
	unsigned size = element->instruction->memory_size;
	struct guest_span span;
	gva_t linear;
	enum mmio_string_result result = locate(element, segment, offset, true, &span, &linear);

	if (result != MMIO_STRING_DONE)
		return result;
	if (!mmio_device_write(element->vcpu, span.piece[0].address, size, value) &&
	    guest_span_write(element->vcpu->vm->config, &span, &value) != ERROR_OK)
		return MMIO_STRING_OUTSIDE;
	(void)guest_watch_access(WATCH_WRITE, linear, size);
	return MMIO_STRING_DONE;
}

static void set_accumulator(const struct mmio_instruction *instruction,
			    struct guest_registers *registers, uint64_t value)
{
	uint64_t mask = mask_of(instruction->memory_size);

	registers->rax = instruction->memory_size == 4 ? value & mask
						       : (registers->rax & ~mask) | (value & mask);
}

static enum mmio_string_result operate(const struct element *element,
				       struct guest_registers *registers, uint64_t *flags)
{
	const struct mmio_instruction *instruction = element->instruction;
	bool has_source = instruction->operation == MMIO_MOVS ||
			  instruction->operation == MMIO_CMPS ||
			  instruction->operation == MMIO_LODS;
	uint64_t source = registers->rax, target = 0;
	enum mmio_string_result result = MMIO_STRING_DONE;

	if (has_source)
		result = load(element, instruction->segment, registers->rsi, &source);
	if (result != MMIO_STRING_DONE)
		return result;
	switch (instruction->operation) {
	case MMIO_MOVS:
	case MMIO_STOS:
		return store(element, GUEST_ES, registers->rdi, source);
	case MMIO_LODS:
		set_accumulator(instruction, registers, source);
		return MMIO_STRING_DONE;
	default: /* CMPS, SCAS */
		result = load(element, GUEST_ES, registers->rdi, &target);
		if (result == MMIO_STRING_DONE)
			mmio_compare(source, target, instruction->memory_size, flags);
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
		index_set(&registers->rsi, instruction->address_size, registers->rsi + step);
	if (operation != MMIO_LODS)
		index_set(&registers->rdi, instruction->address_size, registers->rdi + step);
}

/* After an element: whether there is another (SDM 2B REP, table 4-22). */
static bool repeats(const struct mmio_instruction *instruction, struct guest_registers *registers,
		    uint64_t flags)
{
	enum mmio_operation operation = instruction->operation;

	if (!instruction->repeat)
		return false;
	index_set(&registers->rcx, instruction->address_size, registers->rcx - 1);
	if ((operation == MMIO_CMPS || operation == MMIO_SCAS) &&
	    ((flags & FLAG_ZERO) != 0) == (instruction->repeat == REPEAT_NOT_EQUAL))
		return false;
	return (registers->rcx & mask_of(instruction->address_size)) != 0;
}

enum mmio_string_result mmio_string(struct vcpu *vcpu, const struct mmio_instruction *instruction,
				    struct guest_registers *registers, uint64_t *flags,
				    struct guest_exception *fault)
{
	struct element element = {.vcpu = vcpu, .instruction = instruction, .fault = fault};
	enum mmio_string_result result;

	guest_paging_read(&element.paging);
	result = operate(&element, registers, flags);
	if (result != MMIO_STRING_DONE)
		return result;
	advance(instruction, registers, *flags);
	return repeats(instruction, registers, *flags) ? MMIO_STRING_GOES_ON : MMIO_STRING_DONE;
}

/* Bytes of RSP that the stack segment uses (SDM 3.6.2.3). */
static uint8_t stack_address_size(void)
{
	struct guest_segment stack;

	if (guest_code_bits() == 64)
		return 8;
	guest_segment_read(GUEST_SS, &stack);
	return stack.rights & SEGMENT_DEFAULT ? 4 : 2;
}

/* RSP alone changes in the bytes that the stack segment uses. */
static void stack_pointer_set(const struct mmio_instruction *instruction,
			      struct guest_registers *registers, uint64_t value)
{
	uint64_t mask = mask_of(instruction->address_size);

	registers->rsp = (registers->rsp & ~mask) | (value & mask);
}

enum mmio_string_result mmio_stack(struct vcpu *vcpu, const struct mmio_instruction *instruction,
				   struct guest_registers *registers, gpa_t address,
				   struct guest_exception *fault)
{
	struct mmio_instruction sized = *instruction;
	struct element element = {.vcpu = vcpu, .instruction = &sized, .fault = fault};
	unsigned size = sized.memory_size;
	enum mmio_string_result result;
	uint64_t value = 0;

	sized.address_size = stack_address_size();
	guest_paging_read(&element.paging);
	if (sized.operation == MMIO_PUSH) {
		(void)mmio_device_read(vcpu, address, size, &value);
		result = store(&element, GUEST_SS, registers->rsp - size, value);
		if (result == MMIO_STRING_DONE)
			stack_pointer_set(&sized, registers, registers->rsp - size);
		return result;
	}
	result = load(&element, GUEST_SS, registers->rsp, &value);
	if (result != MMIO_STRING_DONE)
		return result;
	stack_pointer_set(&sized, registers, registers->rsp + size);
	(void)mmio_device_write(vcpu, address, size, value);
	return MMIO_STRING_DONE;
}
