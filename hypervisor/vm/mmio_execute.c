/* SPDX-License-Identifier: Apache-2.0 */
/* What a decoded instruction does to registers and flags. */
#include "vm/mmio_alu.h"

/* Flags in RFLAGS (SDM 1.3.4.3.1). */
#define FLAG_CARRY    UINT64_C(0x001)
#define FLAG_PARITY   UINT64_C(0x004)
#define FLAG_ZERO     UINT64_C(0x040)
#define FLAG_SIGN     UINT64_C(0x080)
#define FLAG_OVERFLOW UINT64_C(0x800)

static uint64_t size_mask(unsigned size)
{
	return UINT64_MAX >> (64 - size * 8);
}

/* AH, CH, DH and BH are the second bytes of registers. */
static void *register_bytes(const struct mmio_instruction *instruction,
			    const struct guest_registers *registers)
{
	return (uint8_t *)&registers->gpr[instruction->reg & (GUEST_REGISTER_COUNT - 1)] +
	       instruction->high_byte;
}

static void register_write(const struct mmio_instruction *instruction,
			   struct guest_registers *registers, uint64_t value)
{
	guest_register_set(register_bytes(instruction, registers), instruction->operand_size,
			   value);
}

/* What the moves do to a value of memory_size bytes. */
static uint64_t extended(const struct mmio_instruction *instruction, uint64_t value)
{
	unsigned unused = 64 - 8 * instruction->memory_size;

	value <<= unused;
	if (instruction->operation == MMIO_MOVSX)
		return (uint64_t)((int64_t)value >> unused);
	return value >> unused;
}

void mmio_complete_read(const struct mmio_instruction *instruction,
			struct guest_registers *registers, uint64_t value)
{
	register_write(instruction, registers, extended(instruction, value));
}

uint64_t mmio_write_value(const struct mmio_instruction *instruction,
			  const struct guest_registers *registers)
{
	uint64_t value = instruction->immediate;

	if (!instruction->has_immediate)
		value = registers->gpr[instruction->reg & (GUEST_REGISTER_COUNT - 1)] >>
			8 * instruction->high_byte;
	return value & size_mask(instruction->operand_size);
}

/* SDM 2A Jcc, 1.B: bit 0 negates, the others choose. */
static bool condition_met(uint8_t condition, uint64_t flags)
{
	static const uint16_t any_of[] = {
		FLAG_OVERFLOW, FLAG_CARRY,  FLAG_ZERO, FLAG_CARRY | FLAG_ZERO,
		FLAG_SIGN,     FLAG_PARITY, 0,         FLAG_ZERO};
	bool met = flags & any_of[condition >> 1];

	if (condition >= 0xC) /* less, and less or equal */
		met = met || !(flags & FLAG_SIGN) != !(flags & FLAG_OVERFLOW);
	return met != (condition & 1);
}

/* Memory is written in any case (SDM 2A CMPXCHG). */
static uint64_t compare_exchange(unsigned size, struct guest_registers *registers, uint64_t *flags,
				 uint64_t memory, uint64_t source)
{
	(void)mmio_alu(MMIO_CMP, &registers->rdx, flags, registers->rax, memory, size);
	if (*flags & FLAG_ZERO)
		return source;
	guest_register_set(&registers->rax, size, memory);
	return memory;
}

/* CMPXCHG8B: only ZF changes, and memory is written in any case (SDM 2A). */
static uint64_t compare_exchange_pair(struct guest_registers *registers, uint64_t *flags,
				      uint64_t memory)
{
	uint64_t expected = registers->rdx << 32 | (uint32_t)registers->rax;

	if (memory == expected) {
		*flags |= FLAG_ZERO;
		return registers->rcx << 32 | (uint32_t)registers->rbx;
	}
	*flags &= ~FLAG_ZERO;
	registers->rax = (uint32_t)memory;
	registers->rdx = memory >> 32;
	return memory;
}

/* SHLD and SHRD: bits come in from a register. */
static uint64_t shift_double(const struct mmio_instruction *instruction,
			     const struct guest_registers *registers, uint64_t *flags,
			     uint64_t memory)
{
	uint64_t count = instruction->has_immediate ? instruction->immediate : registers->rcx;
	uint64_t source = registers->gpr[instruction->reg & (GUEST_REGISTER_COUNT - 1)];

	return mmio_alu(instruction->operation, &source, flags, memory, count,
			instruction->memory_size);
}

/*
 * Operand `left`, where the result goes but for a few, operation `right`. What else an operation changes, it changes
 * here.
 */
static uint64_t result_of(const struct mmio_instruction *instruction,
			  struct guest_registers *registers, uint64_t *flags, uint64_t left,
			  uint64_t right)
{
	enum mmio_operation operation = instruction->operation;
	unsigned size = instruction->memory_size;

	switch (operation) {
	case MMIO_MOV:
	case MMIO_MOVZX:
	case MMIO_MOVSX:
		return extended(instruction, right);
	case MMIO_MOVBE:
		return __builtin_bswap64(right) >> (64 - 8 * size);
	case MMIO_XCHG:
		register_write(instruction, registers, left);
		return right;
	case MMIO_XADD:
		register_write(instruction, registers, left);
		operation = MMIO_ADD;
		break;
	case MMIO_TEST: /* an AND without its result */
		operation = MMIO_AND;
		break;
	case MMIO_CMPXCHG:
		return compare_exchange(size, registers, flags, left, right);
	case MMIO_CMPXCHG8B:
		return compare_exchange_pair(registers, flags, left);
	case MMIO_MUL:
	case MMIO_IMUL_WIDE:
	case MMIO_DIV: /* its caller knows that it raises no fault, as of the next */
	case MMIO_IDIV:
		registers->rax =
			mmio_alu(operation, &registers->rdx, flags, registers->rax, left, size);
		return 0;
	case MMIO_SHLD:
	case MMIO_SHRD:
		return shift_double(instruction, registers, flags, left);
	case MMIO_CMOV: /* with a 32-bit operand the upper half is cleared in any case (SDM 2A) */
		return condition_met(instruction->condition, *flags) ? right : left;
	case MMIO_SET:
		return condition_met(instruction->condition, *flags);
	default:
		break;
	}
	return mmio_alu(operation, &registers->rdx, flags, left, right, size);
}

/* Of a zero BSF and BSR leave the register alone (SDM 2A). */
static bool has_result(enum mmio_operation operation, uint64_t flags)
{
	return operation != MMIO_CMP &&
	       !((operation == MMIO_BSF || operation == MMIO_BSR) && (flags & FLAG_ZERO));
}

uint64_t mmio_execute(const struct mmio_instruction *instruction, struct guest_registers *registers,
		      uint64_t *flags, uint64_t memory)
{
	uint64_t other = mmio_write_value(instruction, registers);
	bool to_register = instruction->to_register;
	uint64_t result = result_of(instruction, registers, flags, to_register ? other : memory,
				    to_register ? memory : other);

	if (to_register && has_result(instruction->operation, *flags))
		register_write(instruction, registers, result);
	return instruction->writes ? result : 0;
}
