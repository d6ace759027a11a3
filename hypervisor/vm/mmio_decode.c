/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes to struct mmio_instruction. What an opcode means is in one table; the code below it only
 * knows the common shape of instructions: prefixes, opcode, ModRM, SIB, displacement, immediate
 * (SDM 2.2.1).
 */
#include "vm/mmio_decode.h"

/* How the operands of an opcode are encoded, in the SDM's letters (SDM 2.A.2). */
#define WITH_REGISTER  0x01 /* G: the reg field of ModRM */
#define TO_REGISTER    0x02 /* which, or the accumulator, is the destination */
#define WITH_IMMEDIATE 0x04 /* I: as long as the operand, but at most 4 bytes */
#define SHORT          0x08 /* Ib: of one byte */
#define WITH_COUNT     0x10 /* 1, or CL with bit 1 of the opcode */
#define WITH_OFFSET    0x20 /* O: the other operand is AL or rAX */
#define STACK          0x40 /* as wide as the stack */
#define STRING         0x80 /* DS:rSI, ES:rDI */

#define E    0
#define E_G  WITH_REGISTER
#define G_E  (WITH_REGISTER | TO_REGISTER)
#define E_I  WITH_IMMEDIATE
#define E_IB (WITH_IMMEDIATE | SHORT)

/* Size of the memory operand in bytes, if it is not above that of the operand by prefixes and mode; or: */
#define WIDTH_OPERAND 0x10
#define WIDTH_BIT_0   0x20 /* a byte where bit 0 of the opcode is 0, else WIDTH_OPERAND */
#define WIDTH_QWORD   0x40 /* 8 in any case */

/* Where an opcode belongs. */
enum map {
	MAP_1,    /* one byte */
	MAP_0F,   /* the byte after 0F */
	MAP_0F38, /* the byte after 0F 38 */
	MAP_F3,   /* the byte after 0F, with prefix F3 an instruction of its own */
};

struct opcode_row {
	uint8_t opcode;
	uint8_t bits;       /* of the opcode that have to be so */
	uint8_t extensions; /* bit n: the reg field of ModRM may be n */
	uint8_t operands;
	uint8_t width;
	uint8_t map : 2;       /* enum map */
	uint8_t operation : 6; /* enum mmio_operation; the first of those that are numbered */
};
_Static_assert(MMIO_OPERATION_COUNT <= 64, "operations have 6 bits");

#define ANY 0xFF /* the reg field of ModRM is an operand, or nothing */

static const struct opcode_row opcodes[] = {
	/* the eight that are encoded alike: number n occupies opcodes 8n to 8n + 3 and 80 to 83 /n */
	{0x00, 0xC6, ANY, E_G, WIDTH_BIT_0, MAP_1, MMIO_ADD},
	{0x02, 0xC6, ANY, G_E, WIDTH_BIT_0, MAP_1, MMIO_ADD},
	{0x80, 0xFE, ANY, E_I, WIDTH_BIT_0, MAP_1, MMIO_ADD},
	{0x83, 0xFF, ANY, E_IB, WIDTH_OPERAND, MAP_1, MMIO_ADD},
	{0x88, 0xFE, ANY, E_G, WIDTH_BIT_0, MAP_1, MMIO_MOV},
	{0x8A, 0xFE, ANY, G_E, WIDTH_BIT_0, MAP_1, MMIO_MOV},
	{0xC6, 0xFE, 1 << 0, E_I, WIDTH_BIT_0, MAP_1, MMIO_MOV},
	{0xA0, 0xFE, ANY, WITH_OFFSET | TO_REGISTER, WIDTH_BIT_0, MAP_1, MMIO_MOV},
	{0xA2, 0xFE, ANY, WITH_OFFSET, WIDTH_BIT_0, MAP_1, MMIO_MOV},
	{0xC3, 0xFF, ANY, E_G, WIDTH_OPERAND, MAP_0F, MMIO_MOV}, /* MOVNTI */
	{0xB6, 0xFF, ANY, G_E, 1, MAP_0F, MMIO_MOVZX},
	{0xB7, 0xFF, ANY, G_E, 2, MAP_0F, MMIO_MOVZX},
	{0xBE, 0xFF, ANY, G_E, 1, MAP_0F, MMIO_MOVSX},
	{0xBF, 0xFF, ANY, G_E, 2, MAP_0F, MMIO_MOVSX},
	{0x63, 0xFF, ANY, G_E, 4, MAP_1, MMIO_MOVSX}, /* 64-bit mode only */
	{0x86, 0xFE, ANY, E_G, WIDTH_BIT_0, MAP_1, MMIO_XCHG},
	{0x84, 0xFE, ANY, E_G, WIDTH_BIT_0, MAP_1, MMIO_TEST},
	{0xF6, 0xFE, 1 << 0, E_I, WIDTH_BIT_0, MAP_1, MMIO_TEST},
	{0xF6, 0xFE, 1 << 2, E, WIDTH_BIT_0, MAP_1, MMIO_NOT},
	{0xF6, 0xFE, 1 << 3, E, WIDTH_BIT_0, MAP_1, MMIO_NEG},
	{0xF6, 0xFE, 1 << 4, E, WIDTH_BIT_0, MAP_1, MMIO_MUL},
	{0xF6, 0xFE, 1 << 5, E, WIDTH_BIT_0, MAP_1, MMIO_IMUL_WIDE},
	{0xFE, 0xFE, 1 << 0, E, WIDTH_BIT_0, MAP_1, MMIO_INC},
	{0xFE, 0xFE, 1 << 1, E, WIDTH_BIT_0, MAP_1, MMIO_DEC},
	{0xC0, 0xFE, ANY, E_G, WIDTH_BIT_0, MAP_0F, MMIO_XADD},
	{0xB0, 0xFE, ANY, E_G, WIDTH_BIT_0, MAP_0F, MMIO_CMPXCHG},
	{0xC7, 0xFF, 1 << 1, E, WIDTH_QWORD, MAP_0F, MMIO_CMPXCHG8B},
	{0xAF, 0xFF, ANY, G_E, WIDTH_OPERAND, MAP_0F, MMIO_IMUL},
	{0x69, 0xFF, ANY, G_E | WITH_IMMEDIATE, WIDTH_OPERAND, MAP_1, MMIO_IMUL},
	{0x6B, 0xFF, ANY, G_E | WITH_IMMEDIATE | SHORT, WIDTH_OPERAND, MAP_1, MMIO_IMUL},
	/* the shifts: ModRM has the number */
	{0xC0, 0xFE, ANY, E_IB, WIDTH_BIT_0, MAP_1, MMIO_ROL},
	{0xD0, 0xFC, ANY, WITH_COUNT, WIDTH_BIT_0, MAP_1, MMIO_ROL},
	{0xFF, 0xFF, 1 << 6, STACK, WIDTH_OPERAND, MAP_1, MMIO_PUSH},
	{0x8F, 0xFF, 1 << 0, STACK, WIDTH_OPERAND, MAP_1, MMIO_POP},
	{0xBC, 0xFF, ANY, G_E, WIDTH_OPERAND, MAP_0F, MMIO_BSF},
	{0xBD, 0xFF, ANY, G_E, WIDTH_OPERAND, MAP_0F, MMIO_BSR},
	{0xB8, 0xFF, ANY, G_E, WIDTH_OPERAND, MAP_F3, MMIO_POPCNT},
	{0xBC, 0xFF, ANY, G_E, WIDTH_OPERAND, MAP_F3, MMIO_TZCNT},
	{0xBD, 0xFF, ANY, G_E, WIDTH_OPERAND, MAP_F3, MMIO_LZCNT},
	{0xF0, 0xFF, ANY, G_E, WIDTH_OPERAND, MAP_0F38, MMIO_MOVBE},
	{0xF1, 0xFF, ANY, E_G, WIDTH_OPERAND, MAP_0F38, MMIO_MOVBE},
	/* four, as numbers 4 to 7; the register's upper bits are in the address of the exit already */
	{0xA3, 0xE7, ANY, E_G, WIDTH_OPERAND, MAP_0F, MMIO_BT},
	{0xBA, 0xFF, 0xF0, E_IB, WIDTH_OPERAND, MAP_0F, MMIO_BT},
	{0x40, 0xF0, ANY, G_E, WIDTH_OPERAND, MAP_0F, MMIO_CMOV},
	{0x90, 0xF0, ANY, E, 1, MAP_0F, MMIO_SET},
	{0xA4, 0xFE, ANY, STRING, WIDTH_BIT_0, MAP_1, MMIO_MOVS},
	{0xA6, 0xFE, ANY, STRING, WIDTH_BIT_0, MAP_1, MMIO_CMPS},
	{0xAA, 0xFE, ANY, STRING, WIDTH_BIT_0, MAP_1, MMIO_STOS},
	{0xAC, 0xFE, ANY, STRING, WIDTH_BIT_0, MAP_1, MMIO_LODS},
	{0xAE, 0xFE, ANY, STRING, WIDTH_BIT_0, MAP_1, MMIO_SCAS},
};

/* What an operation does to its first operand. */
static bool operation_reads(enum mmio_operation operation)
{
	return operation != MMIO_MOV && operation != MMIO_SET && operation != MMIO_MOVBE;
}

static bool operation_writes(enum mmio_operation operation)
{
	return operation != MMIO_CMP && operation != MMIO_TEST && operation != MMIO_BT &&
	       operation != MMIO_MUL && operation != MMIO_IMUL_WIDE;
}

/* The bytes to decode. Those beyond the end are zeros; `at` tells that they were needed. */
struct cursor {
	const uint8_t *bytes;
	size_t count;
	size_t at;
};

struct prefixes {
	uint8_t repeat;    /* F2, F3 or 0 */
	uint8_t segment;   /* enum guest_segment_name; DS without an override */
	bool operand_size; /* 66 */
	bool address_size; /* 67 */
	bool lock;         /* F0 */
	bool has_rex;
	uint8_t rex;
};

#define REX_W 0x8
#define REX_R 0x4

struct modrm {
	uint8_t mod, reg, rm;
};

#define MOD_REGISTER 3

struct opcode {
	uint8_t map; /* enum map */
	uint8_t byte;
};

static uint8_t take(struct cursor *cursor)
{
	size_t at = cursor->at++;

	return at < cursor->count ? cursor->bytes[at] : 0;
}

/* 1, 2 or 4 bytes, sign-extended. */
static uint64_t take_signed(struct cursor *cursor, unsigned size)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint32_t)take(cursor) << (8 * i);
	if (size == 1)
		return (uint64_t)(int8_t)value;
	return size == 2 ? (uint64_t)(int16_t)value : (uint64_t)(int32_t)value;
}

static uint8_t segment_of_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x64:
		return GUEST_FS;
	case 0x65:
		return GUEST_GS;
	default: /* 26, 2E, 36, 3E */
		return byte >> 3 & 3;
	}
}

/*
 * True if `byte` was a prefix. Segment overrides, F2 and F3 only matter to string instructions; 64-bit
 * mode ignores the first four overrides (SDM 2.2.1.1); REX only counts right before the opcode (SDM
 * 2.2.2.1).
 */
static bool prefix_add(struct prefixes *prefixes, uint8_t byte, unsigned code_bits)
{
	bool is_rex = code_bits == 64 && (byte & 0xF0) == 0x40;

	switch (byte) {
	case 0x66:
		prefixes->operand_size = true;
		break;
	case 0x67:
		prefixes->address_size = true;
		break;
	case 0xF0:
		prefixes->lock = true;
		break;
	case 0x26:
	case 0x2E:
	case 0x36:
	case 0x3E:
	case 0x64:
	case 0x65:
		if (code_bits != 64 || byte >= 0x64)
			prefixes->segment = segment_of_prefix(byte);
		break;
	case 0xF2:
	case 0xF3:
		prefixes->repeat = byte;
		break;
	default:
		if (!is_rex)
			return false;
	}
	prefixes->has_rex = is_rex;
	prefixes->rex = is_rex ? byte : 0;
	return true;
}

/* Takes all prefixes and the opcode. */
static struct opcode take_opcode(struct cursor *cursor, struct prefixes *prefixes,
				 unsigned code_bits)
{
	uint8_t byte;

	do
		byte = take(cursor);
	while (prefix_add(prefixes, byte, code_bits));
	if (byte != 0x0F)
		return (struct opcode){MAP_1, byte};
	byte = take(cursor);
	if (byte == 0x38)
		return (struct opcode){MAP_0F38, take(cursor)};
	if (prefixes->repeat == 0xF3 && (byte & 0xFA) == 0xB8) /* B8, BC and BD; B9 is none */
		return (struct opcode){MAP_F3, byte};
	return (struct opcode){MAP_0F, byte};
}

static struct modrm take_modrm(struct cursor *cursor)
{
	uint8_t byte = take(cursor);

	return (struct modrm){byte >> 6, byte >> 3 & 7, byte & 7};
}

/* Displacement in bytes with 16-bit addressing (SDM table 2-1). */
static unsigned displacement_16(struct modrm modrm)
{
	if (modrm.mod == 0)
		return modrm.rm == 6 ? 2 : 0;
	return modrm.mod;
}

/* The same with 32-bit and 64-bit addressing (SDM tables 2-2 and 2-3); `base` is rm, or that of SIB. */
static unsigned displacement_32(struct modrm modrm, uint8_t base)
{
	if (modrm.mod == 0)
		return base == 5 ? 4 : 0;
	return modrm.mod == 1 ? 1 : 4;
}

static unsigned address_size(const struct prefixes *prefixes, unsigned code_bits)
{
	if (code_bits == 64)
		return prefixes->address_size ? 4 : 8;
	return (code_bits == 32) == prefixes->address_size ? 2 : 4;
}

static unsigned operand_size(const struct prefixes *prefixes, unsigned code_bits)
{
	if (prefixes->rex & REX_W)
		return 8;
	return (code_bits == 16) == prefixes->operand_size ? 4 : 2;
}

/* Skips what follows ModRM to address memory. */
static void skip_address(struct cursor *cursor, struct modrm modrm, unsigned address_bytes)
{
	uint8_t base = modrm.rm;

	if (address_bytes == 2) {
		cursor->at += displacement_16(modrm);
		return;
	}
	if (modrm.rm == 4)
		base = take(cursor) & 7;
	cursor->at += displacement_32(modrm, base);
}

static const struct opcode_row *row_find(struct opcode opcode, uint8_t extension)
{
	for (size_t i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++) {
		const struct opcode_row *row = &opcodes[i];

		if (row->map == opcode.map && row->opcode == (opcode.byte & row->bits) &&
		    row->extensions >> extension & 1)
			return row;
	}
	return NULL;
}

static unsigned memory_size(uint8_t width, uint8_t opcode, unsigned operand)
{
	if (width == WIDTH_QWORD)
		return 8;
	if (width == WIDTH_BIT_0 && !(opcode & 1))
		return 1;
	return width < operand ? width : operand;
}

static void set_register(struct mmio_instruction *instruction, const struct prefixes *prefixes,
			 uint8_t reg)
{
	instruction->reg = (uint8_t)(reg | (prefixes->rex & REX_R) << 1);
	if (instruction->operand_size == 1 && !prefixes->has_rex && reg >= 4) {
		instruction->reg = reg - 4;
		instruction->high_byte = true;
	}
}

static void set_direction(struct mmio_instruction *instruction, uint8_t operands)
{
	instruction->string = operands & STRING;
	if (instruction->string) /* each says for itself what it reads and writes (mmio_string.c) */
		return;
	instruction->stack = operands & STACK;
	instruction->to_register = operands & TO_REGISTER;
	instruction->reads = instruction->to_register || operation_reads(instruction->operation);
	instruction->writes = !instruction->to_register && operation_writes(instruction->operation);
}

static void set_sizes(struct mmio_instruction *instruction, const struct opcode_row *row,
		      uint8_t opcode, unsigned operand)
{
	bool extends = row->operation == MMIO_MOVZX || row->operation == MMIO_MOVSX;

	instruction->memory_size = (uint8_t)memory_size(row->width, opcode, operand);
	instruction->operand_size = extends ? (uint8_t)operand : instruction->memory_size;
}

static void set_immediate(struct mmio_instruction *instruction, uint64_t value)
{
	instruction->has_immediate = true;
	instruction->immediate = value;
}

static void take_operands(struct cursor *cursor, uint8_t operands, uint8_t opcode,
			  const struct prefixes *prefixes, struct modrm modrm,
			  unsigned address_bytes, struct mmio_instruction *instruction)
{
	unsigned size = operands & SHORT ? 1 : instruction->operand_size;

	if (operands & STRING) {
		instruction->address_size = (uint8_t)address_bytes;
		instruction->repeat = prefixes->repeat;
		instruction->segment = prefixes->segment;
		return;
	}
	if (operands & WITH_OFFSET)
		cursor->at += address_bytes;
	else
		skip_address(cursor, modrm, address_bytes);
	if (operands & WITH_REGISTER)
		set_register(instruction, prefixes, modrm.reg);
	if (operands & WITH_IMMEDIATE)
		set_immediate(instruction, take_signed(cursor, size < 4 ? size : 4));
	if (operands & WITH_COUNT && opcode & 2)
		instruction->reg = GUEST_RCX;
	else if (operands & WITH_COUNT)
		set_immediate(instruction, 1);
}

/* Of operations that are numbered, the number is in the opcode, or with an immediate operand or a count in ModRM. */
static enum mmio_operation operation_of(const struct opcode_row *row, uint8_t opcode,
					struct modrm modrm)
{
	unsigned number = row->operands & (WITH_IMMEDIATE | WITH_COUNT) ? modrm.reg
									: opcode >> 3 & 7;

	if (row->operation == MMIO_BT)
		number &= 3;
	else if (row->operation != MMIO_ADD && row->operation != MMIO_ROL)
		number = 0;
	return (enum mmio_operation)(row->operation + number);
}
_Static_assert(MMIO_ROL + 7 == MMIO_SAR && MMIO_ADD + 7 == MMIO_CMP && MMIO_BT + 3 == MMIO_BTC,
	       "they are numbered");

/* Pushes and pops are of 64 bits or 16 in 64-bit mode (SDM 2B PUSH). */
static unsigned stack_operand_size(const struct prefixes *prefixes, unsigned code_bits)
{
	if (code_bits == 64)
		return prefixes->operand_size && !(prefixes->rex & REX_W) ? 2 : 8;
	return operand_size(prefixes, code_bits);
}

/* Opcodes of the table without ModRM are plain offsets and string instructions. */
static bool has_modrm(struct opcode opcode)
{
	return opcode.map != MAP_1 || (opcode.byte & 0xF0) != 0xA0;
}

/* What the table does not say: prefixes and modes in which an opcode is another instruction, or none. */
static bool is_another(struct opcode opcode, const struct prefixes *prefixes, unsigned code_bits)
{
	switch (opcode.map << 8 | opcode.byte) {
	case MAP_1 << 8 | 0x63: /* ARPL instead of MOVSXD */
		return code_bits != 64;
	case MAP_0F << 8 | 0xC3: /* MOVNTI */
		return prefixes->operand_size || prefixes->repeat;
	case MAP_0F << 8 | 0xC7: /* CMPXCHG16B */
		return prefixes->rex & REX_W;
	default: /* CRC32 */
		return opcode.map == MAP_0F38 && prefixes->repeat;
	}
}

/* A LOCK prefix is for what reads and writes memory, but for shifts and the stack's instructions. */
static bool may_lock(const struct mmio_instruction *instruction)
{
	bool shifts = instruction->operation >= MMIO_ROL && instruction->operation <= MMIO_SAR;

	return instruction->reads && instruction->writes && !shifts && !instruction->stack;
}

enum error mmio_decode(const uint8_t *bytes, size_t count, unsigned code_bits,
		       struct mmio_instruction *instruction)
{
	struct cursor cursor = {
		.bytes = bytes,
		.count = count < MMIO_INSTRUCTION_MAX ? count : MMIO_INSTRUCTION_MAX,
	};
	struct prefixes prefixes = {.segment = GUEST_DS};
	struct modrm modrm = {0};
	struct opcode opcode = take_opcode(&cursor, &prefixes, code_bits);
	const struct opcode_row *row;

	if (has_modrm(opcode))
		modrm = take_modrm(&cursor);
	row = row_find(opcode, modrm.reg);
	if (row == NULL || modrm.mod == MOD_REGISTER || is_another(opcode, &prefixes, code_bits))
		return ERROR_INSTRUCTION_UNKNOWN;
	*instruction = (struct mmio_instruction){.operation = operation_of(row, opcode.byte, modrm),
						 .condition = opcode.byte & 0xF};
	set_sizes(instruction, row, opcode.byte,
		  row->operands & STACK ? stack_operand_size(&prefixes, code_bits)
					: operand_size(&prefixes, code_bits));
	set_direction(instruction, row->operands);
	take_operands(&cursor, row->operands, opcode.byte, &prefixes, modrm,
		      address_size(&prefixes, code_bits), instruction);
	instruction->length = (uint8_t)cursor.at;
	if (cursor.at > cursor.count || (prefixes.lock && !may_lock(instruction)))
		return ERROR_INSTRUCTION_UNKNOWN;
	return ERROR_OK;
}

enum error mmio_fetch(const struct vm_config *vm, const struct guest_paging *paging, gva_t address,
		      uint8_t bytes[MMIO_INSTRUCTION_MAX], size_t *count)
{
	size_t got = 0;

	while (got < MMIO_INSTRUCTION_MAX) {
		size_t page_left = PAGE_SIZE_4K - ((address + got) & (PAGE_SIZE_4K - 1));
		size_t wanted = MMIO_INSTRUCTION_MAX - got;
		size_t length = wanted < page_left ? wanted : page_left;
		gpa_t physical = 0;
		enum error error = guest_linear_to_physical(vm, paging, address + got, &physical);

		if (error == ERROR_OK)
			error = guest_read(vm, physical, bytes + got, length);
		if (error != ERROR_OK && got == 0)
			return error;
		if (error != ERROR_OK)
			break;
		got += length;
	}
	*count = got;
	return ERROR_OK;
}
