/* SPDX-License-Identifier: Apache-2.0 */
/* What a decoded instruction does to registers and flags. */
#include "vm/mmio_alu.h"
#include "vm/mmio_decode.h"

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

static uint64_t register_read(const struct mmio_instruction *instruction,
			      const struct guest_registers *registers)
{
	uint64_t value = registers->gpr[instruction->reg & (GUEST_REGISTER_COUNT - 1)];

	if (instruction->high_byte)
		value >>= 8;
	return value & size_mask(instruction->operand_size);
}

/* Bytes and words leave the rest of the register alone, doublewords clear it (SDM 1.3.4.1.1). */
static void register_write(const struct mmio_instruction *instruction,
			   struct guest_registers *registers, uint64_t value)
{
	uint64_t *reg = &registers->gpr[instruction->reg & (GUEST_REGISTER_COUNT - 1)];
	uint64_t mask = size_mask(instruction->operand_size);

	if (instruction->operand_size == 4)
		*reg = value & mask;
	else if (instruction->high_byte)
		*reg = (*reg & ~(mask << 8)) | (value & mask) << 8;
	else
		*reg = (*reg & ~mask) | (value & mask);
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
	if (instruction->has_immediate)
		return instruction->immediate & size_mask(instruction->operand_size);
	return register_read(instruction, registers);
}

/* `left` operation `right` where the product's upper half is of no use. */
static uint64_t alu(enum mmio_alu operation, unsigned size, uint64_t left, uint64_t right,
		    uint64_t *flags)
{
	uint64_t unused = 0;

	return mmio_alu(operation, size, left, &unused, right, flags);
}

void mmio_compare(uint64_t left, uint64_t right, unsigned size, uint64_t *flags)
{
	(void)alu(MMIO_ALU_CMP, size, left, right, flags);
}

/* INC and DEC: all flags but CF (SDM 2A). */
static uint64_t step(enum mmio_alu operation, unsigned size, uint64_t memory, uint64_t *flags)
{
	uint64_t carry = *flags & FLAG_CARRY;
	uint64_t result = alu(operation, size, memory, 1, flags);

	*flags = (*flags & ~FLAG_CARRY) | carry;
	return result;
}

/* BT and its kin change CF only; ZF must stay, the others may (SDM 2A, BT). */
static uint64_t test_bit(enum mmio_operation operation, unsigned size, uint64_t value,
			 uint64_t number, uint64_t *flags)
{
	uint64_t bit = UINT64_C(1) << (number & (size * 8 - 1));

	*flags = (*flags & ~FLAG_CARRY) | (value & bit ? FLAG_CARRY : 0);
	if (operation == MMIO_BTC)
		return value ^ bit;
	return operation == MMIO_BTS ? value | bit : value & ~bit;
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
static uint64_t compare_exchange(const struct mmio_instruction *instruction,
				 struct guest_registers *registers, uint64_t *flags,
				 uint64_t memory, uint64_t source)
{
	struct mmio_instruction accumulator = {.reg = GUEST_RAX,
					       .operand_size = instruction->operand_size};

	mmio_compare(registers->rax, memory, instruction->memory_size, flags);
	if (*flags & FLAG_ZERO)
		return source;
	register_write(&accumulator, registers, memory);
	return memory;
}

/* Number of bits, or place of one, in `value`, which has `bits` of them and is not 0 (but for POPCNT). */
static uint64_t count_bits(enum mmio_bit_scan variant, uint64_t value, unsigned bits)
{
	uint64_t count = 0;

	switch (variant) {
	case MMIO_POPCNT:
		for (; value; value &= value - 1)
			count++;
		return count;
	case MMIO_BSF:
	case MMIO_TZCNT:
		return (unsigned)__builtin_ctzll(value);
	case MMIO_BSR:
		return 63 - (unsigned)__builtin_clzll(value);
	default:
		return bits - 64 + (unsigned)__builtin_clzll(value);
	}
}

/* SDM 2A and 2B. Of a zero BSF and BSR leave the register alone; flags that are not named are undefined or 0. */
static void bit_scan(const struct mmio_instruction *instruction, struct guest_registers *registers,
		     uint64_t *flags, uint64_t memory)
{
	enum mmio_bit_scan variant = (enum mmio_bit_scan)instruction->variant;
	unsigned bits = 8 * instruction->operand_size;
	bool counts = variant == MMIO_TZCNT || variant == MMIO_LZCNT;
	uint64_t result =
		memory || variant == MMIO_POPCNT ? count_bits(variant, memory, bits) : bits;

	*flags &= ~MMIO_ALU_FLAGS;
	if (memory == 0 && counts)
		*flags |= FLAG_CARRY;
	if (counts ? result == 0 : memory == 0)
		*flags |= FLAG_ZERO;
	if (memory || variant & MMIO_VARIANT_F3)
		register_write(instruction, registers, result);
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

static void multiply_accumulator(const struct mmio_instruction *instruction,
				 struct guest_registers *registers, uint64_t *flags,
				 uint64_t memory)
{
	registers->rax =
		mmio_alu(instruction->variant == 5 ? MMIO_ALU_IMUL : MMIO_ALU_MUL,
			 instruction->memory_size, registers->rax, &registers->rdx, memory, flags);
}

/* The processor's instruction for what is no more than that. */
static enum mmio_alu alu_of(const struct mmio_instruction *instruction)
{
	switch (instruction->operation) {
	case MMIO_XADD:
		return MMIO_ALU_ADD;
	case MMIO_TEST: /* an AND without its result */
		return MMIO_ALU_AND;
	case MMIO_SHIFT:
		return (enum mmio_alu)instruction->variant;
	case MMIO_IMUL:
		return MMIO_ALU_IMUL;
	default: /* MMIO_ADD to MMIO_CMP */
		return MMIO_ALU_ADD + instruction->operation - MMIO_ADD;
	}
}
_Static_assert(MMIO_ALU_CMP - MMIO_ALU_ADD == MMIO_CMP - MMIO_ADD, "in the same order");

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
		break;
	case MMIO_CMPXCHG:
		return compare_exchange(instruction, registers, flags, left, right);
	case MMIO_CMPXCHG8B:
		return compare_exchange_pair(registers, flags, left);
	case MMIO_BT:
	case MMIO_BTS:
	case MMIO_BTR:
	case MMIO_BTC:
		return test_bit(operation, size, left, right, flags);
	case MMIO_NOT:
		return ~left;
	case MMIO_NEG:
		return alu(MMIO_ALU_SUB, size, 0, left, flags);
	case MMIO_INC:
	case MMIO_DEC:
		return step(operation == MMIO_INC ? MMIO_ALU_ADD : MMIO_ALU_SUB, size, left, flags);
	case MMIO_MULTIPLY:
		multiply_accumulator(instruction, registers, flags, left);
		return 0;
	case MMIO_BIT_SCAN:
		bit_scan(instruction, registers, flags, right);
		return 0;
	case MMIO_CMOV: /* with a 32-bit operand the upper half is cleared in any case (SDM 2A) */
		return condition_met(instruction->variant, *flags) ? right : left;
	case MMIO_SET:
		return condition_met(instruction->variant, *flags);
	default:
		break;
	}
	return alu(alu_of(instruction), size, left, right, flags);
}

uint64_t mmio_execute(const struct mmio_instruction *instruction, struct guest_registers *registers,
		      uint64_t *flags, uint64_t memory)
{
	uint64_t other = mmio_write_value(instruction, registers);
	uint64_t result;

	memory &= size_mask(instruction->memory_size);
	if (!instruction->to_register) {
		result = result_of(instruction, registers, flags, memory, other);
		return instruction->writes ? result & size_mask(instruction->memory_size) : 0;
	}
	result = result_of(instruction, registers, flags, other, memory);
	if (instruction->operation != MMIO_CMP && instruction->operation != MMIO_BIT_SCAN)
		register_write(instruction, registers, result);
	return 0;
}
