/* SPDX-License-Identifier: Apache-2.0 */
/* What a decoded instruction does to registers and flags. */
#include "vm/mmio_alu.h"
#include "vm/mmio_decode.h"

/* Arithmetic flags in RFLAGS (SDM 1.3.4.3.1). */
#define FLAG_CARRY     UINT64_C(0x001)
#define FLAG_PARITY    UINT64_C(0x004)
#define FLAG_AUXILIARY UINT64_C(0x010)
#define FLAG_ZERO      UINT64_C(0x040)
#define FLAG_SIGN      UINT64_C(0x080)
#define FLAG_OVERFLOW  UINT64_C(0x800)
#define FLAGS_ALL \
	(FLAG_CARRY | FLAG_PARITY | FLAG_AUXILIARY | FLAG_ZERO | FLAG_SIGN | FLAG_OVERFLOW)

static uint64_t size_mask(unsigned size)
{
	return UINT64_MAX >> (64 - size * 8);
}

static uint64_t sign_extend(uint64_t value, unsigned size)
{
	unsigned unused = 64 - size * 8;

	return (uint64_t)((int64_t)(value << unused) >> unused);
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

void mmio_complete_read(const struct mmio_instruction *instruction,
			struct guest_registers *registers, uint64_t value)
{
	if (instruction->operation == MMIO_MOVSX)
		value = sign_extend(value, instruction->memory_size);
	else
		value &= size_mask(instruction->memory_size);
	register_write(instruction, registers, value);
}

static uint64_t other_operand(const struct mmio_instruction *instruction,
			      const struct guest_registers *registers)
{
	if (instruction->has_immediate)
		return instruction->immediate & size_mask(instruction->operand_size);
	return register_read(instruction, registers);
}

uint64_t mmio_write_value(const struct mmio_instruction *instruction,
			  const struct guest_registers *registers)
{
	return other_operand(instruction, registers);
}

/* Even number of ones in the low byte. */
static bool parity(uint64_t value)
{
	return __builtin_parity((unsigned)(value & 0xFF)) == 0;
}

/*
 * Replaces the arithmetic flags. Bit `size * 8 - 1` of `carries` and `overflows` gives those two flags;
 * `left ^ right ^ result` has in bit 4 what was carried into it.
 */
static void set_flags(uint64_t *flags, unsigned size, uint64_t result, uint64_t carries,
		      uint64_t overflows, uint64_t halves)
{
	unsigned top = size * 8 - 1;

	*flags &= ~FLAGS_ALL;
	if (carries >> top & 1)
		*flags |= FLAG_CARRY;
	if (overflows >> top & 1)
		*flags |= FLAG_OVERFLOW;
	if (halves >> 4 & 1)
		*flags |= FLAG_AUXILIARY;
	if (result >> top & 1)
		*flags |= FLAG_SIGN;
	if (result == 0)
		*flags |= FLAG_ZERO;
	if (parity(result))
		*flags |= FLAG_PARITY;
}

static uint64_t add(uint64_t left, uint64_t right, uint64_t carry, unsigned size, uint64_t *flags)
{
	uint64_t result = (left + right + carry) & size_mask(size);

	set_flags(flags, size, result, (left & right) | ((left | right) & ~result),
		  (left ^ result) & (right ^ result), left ^ right ^ result);
	return result;
}

static uint64_t subtract(uint64_t left, uint64_t right, uint64_t borrow, unsigned size,
			 uint64_t *flags)
{
	uint64_t result = (left - right - borrow) & size_mask(size);

	set_flags(flags, size, result, (~left & right) | ((~left | right) & result),
		  (left ^ right) & (left ^ result), left ^ right ^ result);
	return result;
}

/* AF is undefined after these (SDM 2A, AND); clear as on Intel's processors. */
static uint64_t logic(uint64_t result, unsigned size, uint64_t *flags)
{
	set_flags(flags, size, result, 0, 0, 0);
	return result;
}

/* BT and its kin change CF only; ZF must stay, the others may (SDM 2A, BT). */
static void test_bit(uint64_t value, uint64_t mask, uint64_t *flags)
{
	*flags &= ~FLAG_CARRY;
	if (value & mask)
		*flags |= FLAG_CARRY;
}

/* Result of `left operation right`; both are no longer than `size` bytes. */
static uint64_t compute(enum mmio_operation operation, uint64_t left, uint64_t right, unsigned size,
			uint64_t *flags)
{
	uint64_t carry = *flags & FLAG_CARRY;
	uint64_t bit = UINT64_C(1) << (right & (size * 8 - 1));

	switch (operation) {
	case MMIO_ADD:
		return add(left, right, 0, size, flags);
	case MMIO_ADC:
		return add(left, right, carry, size, flags);
	case MMIO_SUB:
	case MMIO_CMP:
		return subtract(left, right, 0, size, flags);
	case MMIO_SBB:
		return subtract(left, right, carry, size, flags);
	case MMIO_AND:
	case MMIO_TEST:
		return logic(left & right, size, flags);
	case MMIO_OR:
		return logic(left | right, size, flags);
	case MMIO_XOR:
		return logic(left ^ right, size, flags);
	case MMIO_BT:
		test_bit(left, bit, flags);
		return left;
	case MMIO_BTS:
		test_bit(left, bit, flags);
		return left | bit;
	case MMIO_BTR:
		test_bit(left, bit, flags);
		return left & ~bit;
	case MMIO_BTC:
		test_bit(left, bit, flags);
		return left ^ bit;
	default:
		return left;
	}
}

/* Not and the like: one operand. INC and DEC leave CF alone (SDM 2A). */
static uint64_t compute_one(enum mmio_operation operation, uint64_t memory, unsigned size,
			    uint64_t *flags)
{
	uint64_t carry = *flags & FLAG_CARRY;
	uint64_t result;

	if (operation == MMIO_NOT)
		return ~memory & size_mask(size);
	if (operation == MMIO_NEG)
		return subtract(0, memory, 0, size, flags);
	result = operation == MMIO_INC ? add(memory, 1, 0, size, flags)
				       : subtract(memory, 1, 0, size, flags);
	*flags = (*flags & ~FLAG_CARRY) | carry;
	return result;
}

/* SDM 2A Jcc, 1.B: bit 0 negates, the others choose. */
static bool condition_met(uint8_t condition, uint64_t flags)
{
	bool sign_differs = !(flags & FLAG_SIGN) != !(flags & FLAG_OVERFLOW);
	bool met;

	switch (condition >> 1) {
	case 0:
		met = flags & FLAG_OVERFLOW;
		break;
	case 1:
		met = flags & FLAG_CARRY;
		break;
	case 2:
		met = flags & FLAG_ZERO;
		break;
	case 3:
		met = flags & (FLAG_CARRY | FLAG_ZERO);
		break;
	case 4:
		met = flags & FLAG_SIGN;
		break;
	case 5:
		met = flags & FLAG_PARITY;
		break;
	case 6:
		met = sign_differs;
		break;
	default:
		met = sign_differs || (flags & FLAG_ZERO);
	}
	return met != (condition & 1);
}

/* Reads in any case, and with a 32-bit operand clears the upper half in any case (SDM 2A CMOVcc). */
static void conditional_move(const struct mmio_instruction *instruction,
			     struct guest_registers *registers, uint64_t flags, uint64_t memory)
{
	bool met = condition_met(instruction->variant, flags);

	register_write(instruction, registers,
		       met ? memory : register_read(instruction, registers));
}

/* The product's upper half is lost, and CF and OF say whether it mattered; other flags are undefined. */
static void multiply(const struct mmio_instruction *instruction, struct guest_registers *registers,
		     uint64_t *flags, uint64_t memory)
{
	unsigned size = instruction->operand_size;
	__int128 product = (__int128)(int64_t)sign_extend(memory, size) *
			   (int64_t)sign_extend(other_operand(instruction, registers), size);
	uint64_t result = (uint64_t)product & size_mask(size);

	*flags &= ~(FLAG_CARRY | FLAG_OVERFLOW);
	if (product != (int64_t)sign_extend(result, size))
		*flags |= FLAG_CARRY | FLAG_OVERFLOW;
	register_write(instruction, registers, result);
}

static uint64_t exchange_add(const struct mmio_instruction *instruction,
			     struct guest_registers *registers, uint64_t *flags, uint64_t memory)
{
	uint64_t sum = add(memory, register_read(instruction, registers), 0,
			   instruction->memory_size, flags);

	register_write(instruction, registers, memory);
	return sum;
}

/* Memory is written in any case (SDM 2A CMPXCHG). */
static uint64_t compare_exchange(const struct mmio_instruction *instruction,
				 struct guest_registers *registers, uint64_t *flags,
				 uint64_t memory)
{
	struct mmio_instruction accumulator = {.reg = GUEST_RAX,
					       .operand_size = instruction->operand_size};
	uint64_t source = register_read(instruction, registers);
	uint64_t expected = register_read(&accumulator, registers);

	mmio_compare(expected, memory, instruction->memory_size, flags);
	if (expected == memory)
		return source;
	register_write(&accumulator, registers, memory);
	return memory;
}

void mmio_compare(uint64_t left, uint64_t right, unsigned size, uint64_t *flags)
{
	subtract(left & size_mask(size), right & size_mask(size), 0, size, flags);
}

static uint64_t shift(const struct mmio_instruction *instruction,
		      const struct guest_registers *registers, uint64_t *flags, uint64_t memory)
{
	uint64_t status = *flags & FLAGS_ALL, unused = 0;
	uint64_t count = instruction->has_immediate ? instruction->immediate : registers->rcx;
	uint64_t result = mmio_alu((enum mmio_alu)instruction->variant, instruction->memory_size,
				   memory, &unused, count, &status);

	*flags = (*flags & ~FLAGS_ALL) | (status & FLAGS_ALL);
	return result & size_mask(instruction->memory_size);
}

static void multiply_accumulator(const struct mmio_instruction *instruction,
				 struct guest_registers *registers, uint64_t *flags,
				 uint64_t memory)
{
	uint64_t status = *flags & FLAGS_ALL;

	registers->rax = mmio_alu(instruction->variant == 5 ? MMIO_ALU_IMUL : MMIO_ALU_MUL,
				  instruction->memory_size, registers->rax, &registers->rdx, memory,
				  &status);
	*flags = (*flags & ~FLAGS_ALL) | (status & FLAGS_ALL);
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

	*flags &= ~FLAGS_ALL;
	if (memory == 0 && counts)
		*flags |= FLAG_CARRY;
	if (counts ? result == 0 : memory == 0)
		*flags |= FLAG_ZERO;
	if (memory || counts || variant == MMIO_POPCNT)
		register_write(instruction, registers, result);
}

static uint64_t reverse(const struct mmio_instruction *instruction,
			struct guest_registers *registers, uint64_t memory)
{
	unsigned unused = 64 - 8 * instruction->memory_size;

	if (instruction->writes)
		return __builtin_bswap64(register_read(instruction, registers)) >> unused;
	register_write(instruction, registers, __builtin_bswap64(memory) >> unused);
	return 0;
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

static uint64_t exchange(const struct mmio_instruction *instruction,
			 struct guest_registers *registers, uint64_t memory)
{
	uint64_t value = register_read(instruction, registers);

	register_write(instruction, registers, memory);
	return value;
}

static uint64_t arithmetic(const struct mmio_instruction *instruction,
			   struct guest_registers *registers, uint64_t *flags, uint64_t memory)
{
	uint64_t other = other_operand(instruction, registers);
	uint64_t left = instruction->to_register ? other : memory;
	uint64_t right = instruction->to_register ? memory : other;
	uint64_t result =
		compute(instruction->operation, left, right, instruction->memory_size, flags);

	if (instruction->writes)
		return result;
	if (instruction->to_register && instruction->operation != MMIO_CMP)
		register_write(instruction, registers, result);
	return 0;
}

uint64_t mmio_execute(const struct mmio_instruction *instruction, struct guest_registers *registers,
		      uint64_t *flags, uint64_t memory)
{
	memory &= size_mask(instruction->memory_size);
	switch (instruction->operation) {
	case MMIO_MOV:
	case MMIO_MOVZX:
	case MMIO_MOVSX:
		if (instruction->writes)
			return mmio_write_value(instruction, registers);
		mmio_complete_read(instruction, registers, memory);
		return 0;
	case MMIO_XCHG:
		return exchange(instruction, registers, memory);
	case MMIO_XADD:
		return exchange_add(instruction, registers, flags, memory);
	case MMIO_CMPXCHG:
		return compare_exchange(instruction, registers, flags, memory);
	case MMIO_NOT:
	case MMIO_NEG:
	case MMIO_INC:
	case MMIO_DEC:
		return compute_one(instruction->operation, memory, instruction->memory_size, flags);
	case MMIO_SET:
		return condition_met(instruction->variant, *flags);
	case MMIO_CMOV:
		conditional_move(instruction, registers, *flags, memory);
		return 0;
	case MMIO_IMUL:
		multiply(instruction, registers, flags, memory);
		return 0;
	case MMIO_SHIFT:
		return shift(instruction, registers, flags, memory);
	case MMIO_MULTIPLY:
		multiply_accumulator(instruction, registers, flags, memory);
		return 0;
	case MMIO_BIT_SCAN:
		bit_scan(instruction, registers, flags, memory);
		return 0;
	case MMIO_MOVBE:
		return reverse(instruction, registers, memory);
	case MMIO_CMPXCHG8B:
		return compare_exchange_pair(registers, flags, memory);
	default:
		return arithmetic(instruction, registers, flags, memory);
	}
}
