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
#define WIDTH_QWORD   0x40 /* 8 in any case; with REX.W it is another instruction */
/* Added to a width: */
#define UNREPEATED 0x80 /* with F2 or F3 it is another instruction */

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
	{0xC3, 0xFF, ANY, E_G, WIDTH_OPERAND | UNREPEATED, MAP_0F, MMIO_MOV}, /* MOVNTI */
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
	{0xF6, 0xFE, 1 << 6, E, WIDTH_BIT_0, MAP_1, MMIO_DIV},
	{0xF6, 0xFE, 1 << 7, E, WIDTH_BIT_0, MAP_1, MMIO_IDIV},
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
	{0xA4, 0xFF, ANY, E_G | WITH_IMMEDIATE | SHORT, WIDTH_OPERAND, MAP_0F, MMIO_SHLD},
	{0xA5, 0xFF, ANY, E_G, WIDTH_OPERAND, MAP_0F, MMIO_SHLD},
	{0xAC, 0xFF, ANY, E_G | WITH_IMMEDIATE | SHORT, WIDTH_OPERAND, MAP_0F, MMIO_SHRD},
	{0xAD, 0xFF, ANY, E_G, WIDTH_OPERAND, MAP_0F, MMIO_SHRD},
	{0xFF, 0xFF, 1 << 2, STACK, WIDTH_OPERAND, MAP_1, MMIO_CALL},
	{0xFF, 0xFF, 1 << 4, STACK, WIDTH_OPERAND, MAP_1, MMIO_JMP},
	{0xFF, 0xFF, 1 << 6, STACK, WIDTH_OPERAND, MAP_1, MMIO_PUSH},
	{0x8F, 0xFF, 1 << 0, STACK, WIDTH_OPERAND, MAP_1, MMIO_POP},
	{0xBC, 0xFF, ANY, G_E, WIDTH_OPERAND, MAP_0F, MMIO_BSF},
	{0xBD, 0xFF, ANY, G_E, WIDTH_OPERAND, MAP_0F, MMIO_BSR},
	{0xB8, 0xFF, ANY, G_E, WIDTH_OPERAND, MAP_F3, MMIO_POPCNT},
	{0xBC, 0xFF, ANY, G_E, WIDTH_OPERAND, MAP_F3, MMIO_TZCNT},
	{0xBD, 0xFF, ANY, G_E, WIDTH_OPERAND, MAP_F3, MMIO_LZCNT},
	{0xF0, 0xFF, ANY, G_E, WIDTH_OPERAND | UNREPEATED, MAP_0F38, MMIO_MOVBE},
	{0xF1, 0xFF, ANY, E_G, WIDTH_OPERAND | UNREPEATED, MAP_0F38, MMIO_MOVBE},
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

/* Operations, by their numbers, that do not read their first operand, and that do not write it. */
#define BIT(operation) (UINT64_C(1) << (operation))
#define NOT_READING    (BIT(MMIO_MOV) | BIT(MMIO_SET) | BIT(MMIO_MOVBE))
#define NOT_WRITING                                                                            \
	(BIT(MMIO_CMP) | BIT(MMIO_TEST) | BIT(MMIO_BT) | BIT(MMIO_MUL) | BIT(MMIO_IMUL_WIDE) | \
	 BIT(MMIO_DIV) | BIT(MMIO_IDIV))

/* What a prefix says. */
enum prefix_kind {
	PREFIX_REPEAT,       /* F2, F3 or 0 */
	PREFIX_SEGMENT,      /* enum guest_segment_name; DS without an override */
	PREFIX_OPERAND_SIZE, /* true with 66 */
	PREFIX_ADDRESS_SIZE, /* true with 67 */
	PREFIX_LOCK,         /* true with F0 */
	PREFIX_REX,          /* the prefix itself, or 0 */
	PREFIX_KINDS,
};

static const struct prefix_row {
	uint8_t byte, kind, value;
} prefix_rows[] = {
	{0x66, PREFIX_OPERAND_SIZE, true}, {0x67, PREFIX_ADDRESS_SIZE, true},
	{0xF0, PREFIX_LOCK, true},         {0xF2, PREFIX_REPEAT, 0xF2},
	{0xF3, PREFIX_REPEAT, 0xF3},       {0x26, PREFIX_SEGMENT, GUEST_ES},
	{0x2E, PREFIX_SEGMENT, GUEST_CS},  {0x36, PREFIX_SEGMENT, GUEST_SS},
	{0x3E, PREFIX_SEGMENT, GUEST_DS},  {0x64, PREFIX_SEGMENT, GUEST_FS},
	{0x65, PREFIX_SEGMENT, GUEST_GS},
};

#define REX_W 0x8
#define REX_R 0x4

/* An instruction on its way. */
struct decoder {
	const struct mmio_code *code;
	const uint8_t *at; /* the next byte */
	uint8_t prefixes[PREFIX_KINDS];
	uint8_t map; /* enum map */
	uint8_t opcode;
	uint8_t mod, reg, rm; /* of ModRM */
};

#define MOD_REGISTER 3

static uint8_t take(struct decoder *decoder)
{
	return *decoder->at++;
}

static size_t taken(const struct decoder *decoder)
{
	return (size_t)(decoder->at - decoder->code->bytes);
}

/*
 * True if `byte` was a prefix. Segment overrides, F2 and F3 only matter to string instructions; 64-bit
 * mode ignores the first four overrides (SDM 2.2.1.1); REX only counts right before the opcode (SDM
 * 2.2.2.1).
 */
static bool prefix_add(struct decoder *decoder, uint8_t byte)
{
	bool is_64bit = decoder->code->bits == 64;
	const struct prefix_row *row = prefix_rows;

	if (is_64bit && (byte & 0xF0) == 0x40) {
		decoder->prefixes[PREFIX_REX] = byte;
		return true;
	}
	while (row->byte != byte)
		if (++row == prefix_rows + sizeof(prefix_rows) / sizeof(prefix_rows[0]))
			return false;
	decoder->prefixes[PREFIX_REX] = 0;
	if (!is_64bit || byte >= 0x64)
		decoder->prefixes[row->kind] = row->value;
	return true;
}

/* Takes all prefixes and the opcode. */
static void take_opcode(struct decoder *decoder)
{
	uint8_t byte;

	do
		byte = take(decoder);
	while (prefix_add(decoder, byte) && taken(decoder) < decoder->code->count);
	decoder->map = MAP_1;
	if (byte == 0x0F) {
		byte = take(decoder);
		decoder->map = MAP_0F;
		if (byte == 0x38) {
			byte = take(decoder);
			decoder->map = MAP_0F38;
		} else if (decoder->prefixes[PREFIX_REPEAT] == 0xF3 && (byte & 0xFA) == 0xB8) {
			decoder->map = MAP_F3; /* B8, BC and BD; B9 is none */
		}
	}
	decoder->opcode = byte;
}

/* Opcodes of the table without ModRM are plain offsets and string instructions. */
static void take_modrm(struct decoder *decoder)
{
	uint8_t byte = 0;

	if (decoder->map != MAP_1 || (decoder->opcode & 0xF0) != 0xA0)
		byte = take(decoder);
	decoder->mod = byte >> 6;
	decoder->reg = byte >> 3 & 7;
	decoder->rm = byte & 7;
}

/* 1, 2 or 4 bytes, sign-extended. */
static uint64_t take_signed(struct decoder *decoder, unsigned size)
{
	unsigned unused = 64 - 8 * size;
	uint64_t value;

	__builtin_memcpy(&value, decoder->at, sizeof(value));
	decoder->at += size;
	return (uint64_t)((int64_t)(value << unused) >> unused);
}

/*
 * Sizes in bytes without and with a prefix, in modes of 16, 32 and 64 bits. Pushes and pops are of 64 bits or 16 in
 * 64-bit mode (SDM 2B PUSH).
 */
enum size { SIZE_ADDRESS, SIZE_OPERAND, SIZE_STACK };
static unsigned size_of(const struct decoder *decoder, enum size size, enum prefix_kind prefix)
{
	static const uint8_t sizes[][2][3] = {
		[SIZE_ADDRESS] = {{2, 4, 8}, {4, 2, 4}},
		[SIZE_OPERAND] = {{2, 4, 4}, {4, 2, 2}},
		[SIZE_STACK] = {{2, 4, 8}, {4, 2, 2}},
	};

	return sizes[size][decoder->prefixes[prefix]][decoder->code->bits / 32];
}

static unsigned operand_size(const struct decoder *decoder, bool stack)
{
	if (decoder->prefixes[PREFIX_REX] & REX_W)
		return 8;
	return size_of(decoder, stack ? SIZE_STACK : SIZE_OPERAND, PREFIX_OPERAND_SIZE);
}

/* Skips what follows ModRM to address memory (SDM tables 2-1 to 2-3). */
static void skip_address(struct decoder *decoder, unsigned address_bytes)
{
	bool narrow = address_bytes == 2;
	unsigned displacement = decoder->mod;
	uint8_t base = decoder->rm;

	if (!narrow && base == 4)
		base = take(decoder) & 7; /* of SIB */
	if (displacement == 0 && base == 5 + narrow)
		displacement = 2;
	if (displacement == 2 && !narrow)
		displacement = 4;
	decoder->at += displacement;
}

static const struct opcode_row *row_find(const struct decoder *decoder)
{
	const struct opcode_row *end = opcodes + sizeof(opcodes) / sizeof(opcodes[0]);

	for (const struct opcode_row *row = opcodes; row < end; row++)
		if (row->map == decoder->map && row->opcode == (decoder->opcode & row->bits) &&
		    row->extensions >> decoder->reg & 1)
			return row;
	return NULL;
}

static unsigned memory_size(uint8_t width, uint8_t opcode, unsigned operand)
{
	width &= (uint8_t)~UNREPEATED;
	if (width == WIDTH_QWORD)
		return 8;
	if (width == WIDTH_BIT_0 && !(opcode & 1))
		return 1;
	return width < operand ? width : operand;
}

static void set_register(struct mmio_instruction *instruction, const struct decoder *decoder)
{
	uint8_t rex = decoder->prefixes[PREFIX_REX];

	instruction->reg = (uint8_t)(decoder->reg | (rex & REX_R) << 1);
	instruction->high_byte = instruction->operand_size == 1 && !rex && decoder->reg >= 4;
	if (instruction->high_byte)
		instruction->reg -= 4;
}

static void set_direction(struct mmio_instruction *instruction, uint8_t operands)
{
	bool to_register = operands & TO_REGISTER;
	bool reads = !(NOT_READING >> instruction->operation & 1);
	bool writes = !(NOT_WRITING >> instruction->operation & 1);

	instruction->to_register = to_register;
	instruction->reads = reads | to_register;
	instruction->writes = writes && !to_register;
}

static void set_sizes(struct mmio_instruction *instruction, const struct opcode_row *row,
		      const struct decoder *decoder)
{
	unsigned operand = operand_size(decoder, row->operands & STACK);
	bool extends = row->operation == MMIO_MOVZX || row->operation == MMIO_MOVSX;

	instruction->memory_size = (uint8_t)memory_size(row->width, decoder->opcode, operand);
	instruction->operand_size = extends ? (uint8_t)operand : instruction->memory_size;
}

static void set_immediate(struct mmio_instruction *instruction, uint64_t value)
{
	instruction->has_immediate = true;
	instruction->immediate = value;
}

static void take_operands(struct decoder *decoder, uint8_t operands,
			  struct mmio_instruction *instruction)
{
	unsigned size = operands & SHORT ? 1 : instruction->operand_size;
	unsigned address_bytes = size_of(decoder, SIZE_ADDRESS, PREFIX_ADDRESS_SIZE);

	if (operands & STRING) {
		instruction->address_size = (uint8_t)address_bytes;
		instruction->repeat = decoder->prefixes[PREFIX_REPEAT];
		instruction->segment = decoder->prefixes[PREFIX_SEGMENT];
		return;
	}
	if (operands & WITH_OFFSET)
		decoder->at += address_bytes;
	else
		skip_address(decoder, address_bytes);
	if (operands & WITH_REGISTER)
		set_register(instruction, decoder);
	if (operands & WITH_IMMEDIATE)
		set_immediate(instruction, take_signed(decoder, size < 4 ? size : 4));
	if (operands & WITH_COUNT && decoder->opcode & 2)
		instruction->reg = GUEST_RCX;
	else if (operands & WITH_COUNT)
		set_immediate(instruction, 1);
}

/* Of operations that are numbered, the number is in the opcode, or with an immediate operand or a count in ModRM. */
static enum mmio_operation operation_of(const struct opcode_row *row, const struct decoder *decoder)
{
	unsigned number = row->operands & (WITH_IMMEDIATE | WITH_COUNT) ? decoder->reg
									: decoder->opcode >> 3 & 7;

	if (row->operation == MMIO_BT)
		number &= 3;
	else if (row->operation != MMIO_ADD && row->operation != MMIO_ROL)
		number = 0;
	return (enum mmio_operation)(row->operation + number);
}
_Static_assert(MMIO_ROL + 7 == MMIO_SAR && MMIO_ADD + 7 == MMIO_CMP && MMIO_BT + 3 == MMIO_BTC,
	       "they are numbered");

/* Prefixes and modes in which an opcode is another instruction, or none. */
static bool is_another(const struct opcode_row *row, const struct decoder *decoder)
{
	const uint8_t *prefixes = decoder->prefixes;

	if (row->width & UNREPEATED && prefixes[PREFIX_REPEAT])
		return true;
	switch (row->operation) {
	case MMIO_MOVSX: /* ARPL instead of MOVSXD */
		return row->map == MAP_1 && decoder->code->bits != 64;
	case MMIO_MOV: /* MOVNTI */
		return row->map == MAP_0F && prefixes[PREFIX_OPERAND_SIZE];
	case MMIO_CMPXCHG8B: /* CMPXCHG16B */
		return prefixes[PREFIX_REX] & REX_W;
	case MMIO_CALL: /* processors differ in what the prefix does in 64-bit mode (SDM 2A CALL) */
	case MMIO_JMP:
		return prefixes[PREFIX_OPERAND_SIZE] && decoder->code->bits == 64;
	default:
		return false;
	}
}

/* A LOCK prefix is for what reads and writes memory, but for shifts and the stack's instructions. */
static bool may_lock(const struct mmio_instruction *instruction)
{
	enum mmio_operation operation = instruction->operation;
	bool shifts = operation >= MMIO_SHLD && operation <= MMIO_SAR;

	return instruction->reads && instruction->writes && !shifts && operation < MMIO_PUSH;
}

enum error mmio_decode(const struct mmio_code *code, struct mmio_instruction *instruction)
{
	struct decoder decoder = {
		.code = code, .at = code->bytes, .prefixes = {[PREFIX_SEGMENT] = GUEST_DS}};
	const struct opcode_row *row;

	take_opcode(&decoder);
	take_modrm(&decoder);
	row = row_find(&decoder);
	if (!row || decoder.mod == MOD_REGISTER || is_another(row, &decoder))
		return ERROR_INSTRUCTION_UNKNOWN;
	*instruction = (struct mmio_instruction){.operation = operation_of(row, &decoder),
						 .condition = decoder.opcode & 0xF};
	set_sizes(instruction, row, &decoder);
	set_direction(instruction, row->operands);
	take_operands(&decoder, row->operands, instruction);
	instruction->length = (uint8_t)taken(&decoder);
	if (taken(&decoder) > code->count ||
	    (decoder.prefixes[PREFIX_LOCK] && !may_lock(instruction)))
		return ERROR_INSTRUCTION_UNKNOWN;
	return ERROR_OK;
}

enum error mmio_fetch(const struct vm_config *vm, const struct guest_paging *paging,
		      struct mmio_code *code)
{
	code->count = 0;
	while (code->count < MMIO_INSTRUCTION_MAX) {
		gva_t address = code->address + code->count;
		size_t page_left = PAGE_SIZE_4K - (address & (PAGE_SIZE_4K - 1));
		size_t wanted = MMIO_INSTRUCTION_MAX - code->count;
		size_t length = wanted < page_left ? wanted : page_left;
		gpa_t physical = 0;
		enum error error = guest_linear_to_physical(vm, paging, address, &physical);

		if (error == ERROR_OK)
			error = guest_read(vm, physical, code->bytes + code->count, length);
		if (error)
			return code->count ? ERROR_OK : error;
		code->count += length;
	}
	return ERROR_OK;
}
