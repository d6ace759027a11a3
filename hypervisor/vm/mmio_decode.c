/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes to struct mmio_instruction. What an opcode means is in one table; the code below it only
 * knows the common shape of instructions: prefixes, opcode, ModRM, SIB, displacement, immediate
 * (SDM 2.2.1).
 */
#include "vm/mmio_decode.h"

/* How the operands of an opcode are encoded, in the SDM's letters (SDM 2.A.2). */
enum form {
	FORM_MEMORY_REGISTER,           /* E, G */
	FORM_REGISTER_MEMORY,           /* G, E */
	FORM_MEMORY_IMMEDIATE,          /* E, I: as long as the operand, but at most 4 bytes */
	FORM_MEMORY_IMMEDIATE_SHORT,    /* E, Ib: one byte */
	FORM_ACCUMULATOR_OFFSET,        /* AL/rAX, O */
	FORM_OFFSET_ACCUMULATOR,        /* O, AL/rAX */
	FORM_REGISTER_MEMORY_IMMEDIATE, /* G, E, I */
	FORM_REGISTER_MEMORY_IMMEDIATE_SHORT, /* G, E, Ib */
	FORM_MEMORY,                          /* E alone */
	FORM_MEMORY_ONE,                      /* E, 1 */
	FORM_MEMORY_CL,                       /* E, CL */
	FORM_MEMORY_STACK,                    /* E, as wide as the stack */
	FORM_IMPLICIT,                        /* string instructions: DS:rSI, ES:rDI */
};

/* Size of the memory operand. */
enum width {
	WIDTH_BYTE,
	WIDTH_WORD,
	WIDTH_DWORD,   /* or the operand size, if that is smaller */
	WIDTH_OPERAND, /* by prefixes and mode */
	WIDTH_QWORD,
};

#define TWO_BYTE      0x0F00 /* second byte of an opcode after 0F */
#define THREE_BYTE    0x3800 /* third byte after 0F 38 */
#define WITH_F3       0x8000 /* an instruction of its own with that prefix */
#define ANY_EXTENSION 0xFF   /* the reg field of ModRM is an operand, not part of the opcode */

struct opcode_row {
	uint16_t opcode;
	uint8_t extension; /* what the reg field of ModRM has to be, or ANY_EXTENSION */
	uint8_t width;     /* enum width */
	uint8_t form;      /* enum form */
	uint8_t operation; /* enum mmio_operation */
};

#define ROW(opcode, extension, width, form, operation)                          \
	{                                                                       \
		opcode, extension, WIDTH_##width, FORM_##form, MMIO_##operation \
	}

/* The eight operations that are encoded alike: number n occupies opcodes 8n to 8n + 3 and 80 to 83 /n. */
#define ROWS_ARITHMETIC(n, operation)                                               \
	ROW(8 * n + 0, ANY_EXTENSION, BYTE, MEMORY_REGISTER, operation),            \
		ROW(8 * n + 1, ANY_EXTENSION, OPERAND, MEMORY_REGISTER, operation), \
		ROW(8 * n + 2, ANY_EXTENSION, BYTE, REGISTER_MEMORY, operation),    \
		ROW(8 * n + 3, ANY_EXTENSION, OPERAND, REGISTER_MEMORY, operation), \
		ROW(0x80, n, BYTE, MEMORY_IMMEDIATE, operation),                    \
		ROW(0x81, n, OPERAND, MEMORY_IMMEDIATE, operation),                 \
		ROW(0x83, n, OPERAND, MEMORY_IMMEDIATE_SHORT, operation)

static const struct opcode_row opcodes[] = {
	ROW(0x88, ANY_EXTENSION, BYTE, MEMORY_REGISTER, MOV),
	ROW(0x89, ANY_EXTENSION, OPERAND, MEMORY_REGISTER, MOV),
	ROW(0x8A, ANY_EXTENSION, BYTE, REGISTER_MEMORY, MOV),
	ROW(0x8B, ANY_EXTENSION, OPERAND, REGISTER_MEMORY, MOV),
	ROW(0xC6, 0, BYTE, MEMORY_IMMEDIATE, MOV),
	ROW(0xC7, 0, OPERAND, MEMORY_IMMEDIATE, MOV),
	ROW(0xA0, ANY_EXTENSION, BYTE, ACCUMULATOR_OFFSET, MOV),
	ROW(0xA1, ANY_EXTENSION, OPERAND, ACCUMULATOR_OFFSET, MOV),
	ROW(0xA2, ANY_EXTENSION, BYTE, OFFSET_ACCUMULATOR, MOV),
	ROW(0xA3, ANY_EXTENSION, OPERAND, OFFSET_ACCUMULATOR, MOV),
	ROW(TWO_BYTE | 0xB6, ANY_EXTENSION, BYTE, REGISTER_MEMORY, MOVZX),
	ROW(TWO_BYTE | 0xB7, ANY_EXTENSION, WORD, REGISTER_MEMORY, MOVZX),
	ROW(TWO_BYTE | 0xBE, ANY_EXTENSION, BYTE, REGISTER_MEMORY, MOVSX),
	ROW(TWO_BYTE | 0xBF, ANY_EXTENSION, WORD, REGISTER_MEMORY, MOVSX),
	ROW(0x63, ANY_EXTENSION, DWORD, REGISTER_MEMORY, MOVSX), /* 64-bit mode only */
	ROW(0x86, ANY_EXTENSION, BYTE, MEMORY_REGISTER, XCHG),
	ROW(0x87, ANY_EXTENSION, OPERAND, MEMORY_REGISTER, XCHG),
	ROWS_ARITHMETIC(0, ADD),
	ROWS_ARITHMETIC(1, OR),
	ROWS_ARITHMETIC(2, ADC),
	ROWS_ARITHMETIC(3, SBB),
	ROWS_ARITHMETIC(4, AND),
	ROWS_ARITHMETIC(5, SUB),
	ROWS_ARITHMETIC(6, XOR),
	ROWS_ARITHMETIC(7, CMP),
	ROW(0x84, ANY_EXTENSION, BYTE, MEMORY_REGISTER, TEST),
	ROW(0x85, ANY_EXTENSION, OPERAND, MEMORY_REGISTER, TEST),
	ROW(0xF6, 0, BYTE, MEMORY_IMMEDIATE, TEST),
	ROW(0xF7, 0, OPERAND, MEMORY_IMMEDIATE, TEST),
	ROW(0xF6, 2, BYTE, MEMORY, NOT),
	ROW(0xF7, 2, OPERAND, MEMORY, NOT),
	ROW(0xF6, 3, BYTE, MEMORY, NEG),
	ROW(0xF7, 3, OPERAND, MEMORY, NEG),
	ROW(0xFE, 0, BYTE, MEMORY, INC),
	ROW(0xFF, 0, OPERAND, MEMORY, INC),
	ROW(0xFE, 1, BYTE, MEMORY, DEC),
	ROW(0xFF, 1, OPERAND, MEMORY, DEC),
	ROW(TWO_BYTE | 0xC0, ANY_EXTENSION, BYTE, MEMORY_REGISTER, XADD),
	ROW(TWO_BYTE | 0xC1, ANY_EXTENSION, OPERAND, MEMORY_REGISTER, XADD),
	ROW(TWO_BYTE | 0xB0, ANY_EXTENSION, BYTE, MEMORY_REGISTER, CMPXCHG),
	ROW(TWO_BYTE | 0xB1, ANY_EXTENSION, OPERAND, MEMORY_REGISTER, CMPXCHG),
	ROW(TWO_BYTE | 0xC3, ANY_EXTENSION, OPERAND, MEMORY_REGISTER, MOV), /* MOVNTI */
	ROW(TWO_BYTE | 0xAF, ANY_EXTENSION, OPERAND, REGISTER_MEMORY, IMUL),
	ROW(0x69, ANY_EXTENSION, OPERAND, REGISTER_MEMORY_IMMEDIATE, IMUL),
	ROW(0x6B, ANY_EXTENSION, OPERAND, REGISTER_MEMORY_IMMEDIATE_SHORT, IMUL),
	ROW(0xC0, ANY_EXTENSION, BYTE, MEMORY_IMMEDIATE_SHORT, SHIFT),
	ROW(0xC1, ANY_EXTENSION, OPERAND, MEMORY_IMMEDIATE_SHORT, SHIFT),
	ROW(0xD0, ANY_EXTENSION, BYTE, MEMORY_ONE, SHIFT),
	ROW(0xD1, ANY_EXTENSION, OPERAND, MEMORY_ONE, SHIFT),
	ROW(0xD2, ANY_EXTENSION, BYTE, MEMORY_CL, SHIFT),
	ROW(0xD3, ANY_EXTENSION, OPERAND, MEMORY_CL, SHIFT),
	ROW(0xF6, 4, BYTE, MEMORY, MULTIPLY),
	ROW(0xF7, 4, OPERAND, MEMORY, MULTIPLY),
	ROW(0xF6, 5, BYTE, MEMORY, MULTIPLY),
	ROW(0xF7, 5, OPERAND, MEMORY, MULTIPLY),
	ROW(0xFF, 6, OPERAND, MEMORY_STACK, PUSH),
	ROW(0x8F, 0, OPERAND, MEMORY_STACK, POP),
	ROW(TWO_BYTE | 0xBC, ANY_EXTENSION, OPERAND, REGISTER_MEMORY, BIT_SCAN),
	ROW(TWO_BYTE | 0xBD, ANY_EXTENSION, OPERAND, REGISTER_MEMORY, BIT_SCAN),
	ROW(WITH_F3 | TWO_BYTE | 0xBC, ANY_EXTENSION, OPERAND, REGISTER_MEMORY, BIT_SCAN),
	ROW(WITH_F3 | TWO_BYTE | 0xBD, ANY_EXTENSION, OPERAND, REGISTER_MEMORY, BIT_SCAN),
	ROW(WITH_F3 | TWO_BYTE | 0xB8, ANY_EXTENSION, OPERAND, REGISTER_MEMORY, BIT_SCAN),
	ROW(TWO_BYTE | 0xC7, 1, QWORD, MEMORY, CMPXCHG8B),
	ROW(THREE_BYTE | 0xF0, ANY_EXTENSION, OPERAND, REGISTER_MEMORY, MOVBE),
	ROW(THREE_BYTE | 0xF1, ANY_EXTENSION, OPERAND, MEMORY_REGISTER, MOVBE),
	/* the register's upper bits are in the address of the exit already */
	ROW(TWO_BYTE | 0xA3, ANY_EXTENSION, OPERAND, MEMORY_REGISTER, BT),
	ROW(TWO_BYTE | 0xAB, ANY_EXTENSION, OPERAND, MEMORY_REGISTER, BTS),
	ROW(TWO_BYTE | 0xB3, ANY_EXTENSION, OPERAND, MEMORY_REGISTER, BTR),
	ROW(TWO_BYTE | 0xBB, ANY_EXTENSION, OPERAND, MEMORY_REGISTER, BTC),
	ROW(0xA4, ANY_EXTENSION, BYTE, IMPLICIT, MOVS),
	ROW(0xA5, ANY_EXTENSION, OPERAND, IMPLICIT, MOVS),
	ROW(0xA6, ANY_EXTENSION, BYTE, IMPLICIT, CMPS),
	ROW(0xA7, ANY_EXTENSION, OPERAND, IMPLICIT, CMPS),
	ROW(0xAA, ANY_EXTENSION, BYTE, IMPLICIT, STOS),
	ROW(0xAB, ANY_EXTENSION, OPERAND, IMPLICIT, STOS),
	ROW(0xAC, ANY_EXTENSION, BYTE, IMPLICIT, LODS),
	ROW(0xAD, ANY_EXTENSION, OPERAND, IMPLICIT, LODS),
	ROW(0xAE, ANY_EXTENSION, BYTE, IMPLICIT, SCAS),
	ROW(0xAF, ANY_EXTENSION, OPERAND, IMPLICIT, SCAS),
	ROW(TWO_BYTE | 0xBA, 4, OPERAND, MEMORY_IMMEDIATE_SHORT, BT),
	ROW(TWO_BYTE | 0xBA, 5, OPERAND, MEMORY_IMMEDIATE_SHORT, BTS),
	ROW(TWO_BYTE | 0xBA, 6, OPERAND, MEMORY_IMMEDIATE_SHORT, BTR),
	ROW(TWO_BYTE | 0xBA, 7, OPERAND, MEMORY_IMMEDIATE_SHORT, BTC),
};

/* Opcodes whose low four bits are a condition. */
#define OPCODE_CMOV       (TWO_BYTE | 0x40)
#define OPCODE_SET        (TWO_BYTE | 0x90)
#define CONDITION(opcode) ((uint8_t)((opcode)&0xF))

static const struct opcode_row conditional_move =
	ROW(OPCODE_CMOV, ANY_EXTENSION, OPERAND, REGISTER_MEMORY, CMOV);
static const struct opcode_row conditional_set = ROW(OPCODE_SET, ANY_EXTENSION, BYTE, MEMORY, SET);

#define OPCODE_MOVNTI    (TWO_BYTE | 0xC3) /* 66, F2 and F3 make another, undefined one of it */
#define OPCODE_CMPXCHG8B (TWO_BYTE | 0xC7) /* with REX.W of 16 bytes */
#define OPCODE_MOVSXD    0x63              /* ARPL outside 64-bit mode */

/* What an operation does to its first operand. */
static bool operation_reads(enum mmio_operation operation)
{
	return operation != MMIO_MOV && operation != MMIO_SET && operation != MMIO_MOVBE;
}

static bool operation_writes(enum mmio_operation operation)
{
	return operation != MMIO_CMP && operation != MMIO_TEST && operation != MMIO_BT &&
	       operation != MMIO_MULTIPLY;
}

/* The bytes not yet decoded. Reading beyond the end gives zeros and is remembered. */
struct cursor {
	const uint8_t *bytes;
	size_t count;
	size_t at;
	bool overrun;
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

static uint8_t take(struct cursor *cursor)
{
	if (cursor->at >= cursor->count) {
		cursor->overrun = true;
		return 0;
	}
	return cursor->bytes[cursor->at++];
}

/* The low `size` bytes of `value`, sign-extended. */
static uint64_t sign_extend(uint64_t value, unsigned size)
{
	unsigned unused = 64 - size * 8;

	return (uint64_t)((int64_t)(value << unused) >> unused);
}

static uint64_t take_signed(struct cursor *cursor, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)take(cursor) << (8 * i);
	return sign_extend(value, size);
}

static void skip(struct cursor *cursor, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		(void)take(cursor);
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

/* Takes all prefixes and the opcode, which it returns as in struct opcode_row. */
static uint16_t take_opcode(struct cursor *cursor, struct prefixes *prefixes, unsigned code_bits)
{
	uint8_t byte;

	do
		byte = take(cursor);
	while (prefix_add(prefixes, byte, code_bits));
	if (byte != 0x0F)
		return byte;
	byte = take(cursor);
	if (byte == 0x38)
		return (uint16_t)(THREE_BYTE | take(cursor));
	if (prefixes->repeat == 0xF3 && (byte == 0xB8 || byte == 0xBC || byte == 0xBD))
		return (uint16_t)(WITH_F3 | TWO_BYTE | byte);
	return (uint16_t)(TWO_BYTE | byte);
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
		skip(cursor, displacement_16(modrm));
		return;
	}
	if (modrm.rm == 4)
		base = take(cursor) & 7;
	skip(cursor, displacement_32(modrm, base));
}

static const struct opcode_row *row_find(uint16_t opcode, uint8_t extension)
{
	if ((opcode & ~0xF) == OPCODE_CMOV)
		return &conditional_move;
	if ((opcode & ~0xF) == OPCODE_SET)
		return &conditional_set;
	for (size_t i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++) {
		const struct opcode_row *row = &opcodes[i];

		if (row->opcode == opcode &&
		    (row->extension == ANY_EXTENSION || row->extension == extension))
			return row;
	}
	return NULL;
}

static unsigned memory_size(uint8_t width, unsigned operand)
{
	switch (width) {
	case WIDTH_BYTE:
		return 1;
	case WIDTH_WORD:
		return 2;
	case WIDTH_DWORD:
		return operand < 4 ? operand : 4;
	case WIDTH_QWORD:
		return 8;
	default:
		return operand;
	}
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

static void set_direction(struct mmio_instruction *instruction, uint8_t form)
{
	enum mmio_operation operation = instruction->operation;

	instruction->string = form == FORM_IMPLICIT;
	if (instruction->string) /* each says for itself what it reads and writes (mmio_string.c) */
		return;
	instruction->stack = form == FORM_MEMORY_STACK;
	instruction->to_register =
		form == FORM_REGISTER_MEMORY || form == FORM_REGISTER_MEMORY_IMMEDIATE ||
		form == FORM_REGISTER_MEMORY_IMMEDIATE_SHORT || form == FORM_ACCUMULATOR_OFFSET;
	instruction->reads = instruction->to_register || operation_reads(operation);
	instruction->writes = !instruction->to_register && operation_writes(operation);
}

static void set_sizes(struct mmio_instruction *instruction, const struct opcode_row *row,
		      unsigned operand)
{
	bool extends = row->operation == MMIO_MOVZX || row->operation == MMIO_MOVSX;

	instruction->memory_size = (uint8_t)memory_size(row->width, operand);
	instruction->operand_size = extends ? (uint8_t)operand : instruction->memory_size;
}

static void take_operands(struct cursor *cursor, const struct opcode_row *row,
			  const struct prefixes *prefixes, struct modrm modrm,
			  unsigned address_bytes, struct mmio_instruction *instruction)
{
	unsigned size = instruction->operand_size;

	switch (row->form) {
	case FORM_IMPLICIT:
		instruction->address_size = (uint8_t)address_bytes;
		instruction->repeat = prefixes->repeat;
		instruction->segment = prefixes->segment;
		return;
	case FORM_MEMORY:
	case FORM_MEMORY_STACK:
		skip_address(cursor, modrm, address_bytes);
		return;
	case FORM_MEMORY_ONE:
		skip_address(cursor, modrm, address_bytes);
		instruction->has_immediate = true;
		instruction->immediate = 1;
		return;
	case FORM_MEMORY_CL:
		skip_address(cursor, modrm, address_bytes);
		instruction->reg = GUEST_RCX;
		return;
	case FORM_ACCUMULATOR_OFFSET:
	case FORM_OFFSET_ACCUMULATOR:
		skip(cursor, address_bytes);
		instruction->reg = GUEST_RAX;
		return;
	case FORM_REGISTER_MEMORY_IMMEDIATE:
	case FORM_REGISTER_MEMORY_IMMEDIATE_SHORT:
	case FORM_MEMORY_IMMEDIATE:
	case FORM_MEMORY_IMMEDIATE_SHORT:
		skip_address(cursor, modrm, address_bytes);
		if (instruction->to_register)
			set_register(instruction, prefixes, modrm.reg);
		if (row->form == FORM_MEMORY_IMMEDIATE_SHORT ||
		    row->form == FORM_REGISTER_MEMORY_IMMEDIATE_SHORT)
			size = 1;
		instruction->has_immediate = true;
		instruction->immediate = take_signed(cursor, size < 4 ? size : 4);
		return;
	default:
		skip_address(cursor, modrm, address_bytes);
		set_register(instruction, prefixes, modrm.reg);
	}
}

/* struct mmio_instruction's `variant` */
static uint8_t variant(uint16_t opcode, struct modrm modrm)
{
	switch (opcode) {
	case TWO_BYTE | 0xBC:
		return MMIO_BSF;
	case TWO_BYTE | 0xBD:
		return MMIO_BSR;
	case WITH_F3 | TWO_BYTE | 0xBC:
		return MMIO_TZCNT;
	case WITH_F3 | TWO_BYTE | 0xBD:
		return MMIO_LZCNT;
	case WITH_F3 | TWO_BYTE | 0xB8:
		return MMIO_POPCNT;
	default:
		return opcode >> 8 == TWO_BYTE >> 8 ? CONDITION(opcode) : modrm.reg;
	}
}

/* Pushes and pops are of 64 bits or 16 in 64-bit mode (SDM 2B PUSH). */
static unsigned stack_operand_size(const struct prefixes *prefixes, unsigned code_bits)
{
	if (code_bits == 64)
		return prefixes->operand_size && !(prefixes->rex & REX_W) ? 2 : 8;
	return operand_size(prefixes, code_bits);
}

/* Opcodes of the table without ModRM are plain offsets and string instructions. */
static bool has_modrm(uint16_t opcode)
{
	return opcode < 0xA0 || opcode > 0xAF;
}

enum error mmio_decode(const uint8_t *bytes, size_t count, unsigned code_bits,
		       struct mmio_instruction *instruction)
{
	struct cursor cursor = {bytes, count < MMIO_INSTRUCTION_MAX ? count : MMIO_INSTRUCTION_MAX,
				0, false};
	struct prefixes prefixes = {.segment = GUEST_DS};
	struct modrm modrm = {0};
	uint16_t opcode = take_opcode(&cursor, &prefixes, code_bits);
	const struct opcode_row *row;

	if (has_modrm(opcode))
		modrm = take_modrm(&cursor);
	row = row_find(opcode, modrm.reg);
	if (row == NULL || modrm.mod == MOD_REGISTER ||
	    (opcode == OPCODE_MOVSXD && code_bits != 64) ||
	    (opcode == OPCODE_MOVNTI && (prefixes.operand_size || prefixes.repeat)) ||
	    (opcode >> 8 == THREE_BYTE >> 8 && prefixes.repeat) ||
	    (opcode == OPCODE_CMPXCHG8B && (prefixes.rex & REX_W)))
		return ERROR_INSTRUCTION_UNKNOWN;
	*instruction = (struct mmio_instruction){.operation = row->operation,
						 .variant = variant(opcode, modrm)};
	set_sizes(instruction, row,
		  row->form == FORM_MEMORY_STACK ? stack_operand_size(&prefixes, code_bits)
						 : operand_size(&prefixes, code_bits));
	set_direction(instruction, row->form);
	take_operands(&cursor, row, &prefixes, modrm, address_size(&prefixes, code_bits),
		      instruction);
	instruction->length = (uint8_t)cursor.at;
	if (cursor.overrun ||
	    (prefixes.lock && (!(instruction->reads && instruction->writes) ||
			       row->operation == MMIO_SHIFT || instruction->stack)))
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
