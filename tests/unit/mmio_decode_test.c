/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder against what gas encoded (mmio_decode_cases.h), and decoder and executor together
 * against the processor that runs this test.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "cpu/registers.h"
#include "decode_bytes.h"
#include "fake/fake_memory.h"
#include "vm/mmio_alu.h"
#include "vm/mmio_decode.h"

struct decode_case {
	unsigned bits;
	const char *text;
	uint8_t bytes[MMIO_INSTRUCTION_MAX];
	uint8_t length;
	enum mmio_operation operation;
	uint8_t memory_size, operand_size;
	bool reads, writes, to_register, has_immediate;
	uint8_t reg;
	bool high_byte;
	int64_t immediate;
};

struct rejected_case {
	unsigned bits;
	const char *text;
	uint8_t bytes[MMIO_INSTRUCTION_MAX + 2];
	uint8_t length;
};

#include "mmio_decode_cases.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- Decoder ------------------------------------------------------------------------------------- */

static void assert_field(const char *text, const char *field, int64_t got, int64_t wanted)
{
	if (got != wanted)
		fail_msg("%s: %s is %ld, not %ld", text, field, got, wanted);
}

static void check_case(const struct decode_case *c)
{
	struct mmio_instruction got;

	if (decode_bytes(c->bytes, c->length, c->bits, &got) != ERROR_OK)
		fail_msg("%s (%u bit): refused", c->text, c->bits);
	assert_field(c->text, "length", got.length, c->length);
	assert_field(c->text, "operation", got.operation, c->operation);
	assert_field(c->text, "memory_size", got.memory_size, c->memory_size);
	assert_field(c->text, "operand_size", got.operand_size, c->operand_size);
	assert_field(c->text, "reads", got.reads, c->reads);
	assert_field(c->text, "writes", got.writes, c->writes);
	assert_field(c->text, "to_register", got.to_register, c->to_register);
	assert_field(c->text, "has_immediate", got.has_immediate, c->has_immediate);
	assert_field(c->text, "reg", got.reg, c->reg);
	assert_field(c->text, "high_byte", got.high_byte, c->high_byte);
	assert_field(c->text, "immediate", (int64_t)got.immediate, c->immediate);
}

static void test_decodes_what_gas_encodes(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(decode_cases); i++)
		check_case(&decode_cases[i]);
}

static void test_bytes_behind_the_instruction_do_not_matter(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(decode_cases); i++) {
		const struct decode_case *c = &decode_cases[i];
		uint8_t bytes[MMIO_INSTRUCTION_MAX + 1];
		struct mmio_instruction got;

		memset(bytes, 0xF0, sizeof(bytes));
		memcpy(bytes, c->bytes, c->length);
		assert_int_equal(decode_bytes(bytes, sizeof(bytes), c->bits, &got), ERROR_OK);
		assert_field(c->text, "length", got.length, c->length);
	}
}

static void test_truncated_instructions_are_refused(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(decode_cases); i++) {
		const struct decode_case *c = &decode_cases[i];

		for (size_t length = 0; length < c->length; length++) {
			/* Exactly as long as it is, so that the sanitizer sees a read behind it. */
			uint8_t *bytes = malloc(length + (length == 0));
			struct mmio_instruction got;

			memcpy(bytes, c->bytes, length);
			if (decode_bytes(bytes, length, c->bits, &got) != ERROR_INSTRUCTION_UNKNOWN)
				fail_msg("%s: accepted with %zu bytes", c->text, length);
			free(bytes);
		}
	}
}

static void test_other_instructions_are_refused(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(rejected_cases); i++) {
		const struct rejected_case *c = &rejected_cases[i];
		struct mmio_instruction got;

		if (decode_bytes(c->bytes, c->length, c->bits, &got) != ERROR_INSTRUCTION_UNKNOWN)
			fail_msg("%s (%u bit): accepted", c->text, c->bits);
	}
}

/* --- Executor, against the processor ------------------------------------------------------------- */

#define FLAG_CARRY     UINT64_C(0x001)
#define FLAG_PARITY    UINT64_C(0x004)
#define FLAG_AUXILIARY UINT64_C(0x010)
#define FLAG_ZERO      UINT64_C(0x040)
#define FLAG_SIGN      UINT64_C(0x080)
#define FLAG_OVERFLOW  UINT64_C(0x800)
#define FLAGS_ARITHMETIC \
	(FLAG_CARRY | FLAG_PARITY | FLAG_AUXILIARY | FLAG_ZERO | FLAG_SIGN | FLAG_OVERFLOW)

/*
 * Loads flags and all registers but RSP, calls native_code, and stores them again. All in globals
 * addressed by RIP, so that no register is needed for it.
 */
struct guest_registers native_registers;
uint64_t native_flags;
const void *native_code;
void native_run(void);
__asm__(".text\n"
	"native_run:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	pushq native_flags(%rip); popfq\n"
	"	mov native_registers+0(%rip), %rax; mov native_registers+8(%rip), %rcx\n"
	"	mov native_registers+16(%rip), %rdx; mov native_registers+24(%rip), %rbx\n"
	"	mov native_registers+40(%rip), %rbp; mov native_registers+48(%rip), %rsi\n"
	"	mov native_registers+56(%rip), %rdi; mov native_registers+64(%rip), %r8\n"
	"	mov native_registers+72(%rip), %r9; mov native_registers+80(%rip), %r10\n"
	"	mov native_registers+88(%rip), %r11; mov native_registers+96(%rip), %r12\n"
	"	mov native_registers+104(%rip), %r13; mov native_registers+112(%rip), %r14\n"
	"	mov native_registers+120(%rip), %r15\n"
	"	call *native_code(%rip)\n"
	"	mov %rax, native_registers+0(%rip); mov %rcx, native_registers+8(%rip)\n"
	"	mov %rdx, native_registers+16(%rip); mov %rbx, native_registers+24(%rip)\n"
	"	mov %rbp, native_registers+40(%rip); mov %rsi, native_registers+48(%rip)\n"
	"	mov %rdi, native_registers+56(%rip); mov %r8, native_registers+64(%rip)\n"
	"	mov %r9, native_registers+72(%rip); mov %r10, native_registers+80(%rip)\n"
	"	mov %r11, native_registers+88(%rip); mov %r12, native_registers+96(%rip)\n"
	"	mov %r13, native_registers+104(%rip); mov %r14, native_registers+112(%rip)\n"
	"	mov %r15, native_registers+120(%rip)\n"
	"	pushfq; popq native_flags(%rip); cld\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n");

static uint64_t random_state = 1;

/* xorshift64: the same numbers in every run. */
static uint64_t random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Often near a border, where carries and signs are decided. */
static uint64_t random_value(void)
{
	static const uint64_t borders[] = {0,
					   1,
					   0x7F,
					   0x80,
					   0xFF,
					   0x7FFF,
					   0x8000,
					   0xFFFF,
					   0x7FFFFFFF,
					   0x80000000,
					   0xFFFFFFFF,
					   INT64_MAX,
					   UINT64_C(1) << 63,
					   UINT64_MAX};
	uint64_t value = random64();

	return value % 3 == 0 ? borders[value / 3 % COUNT(borders)] : value;
}

/* Flags that the processor leaves undefined (SDM 2A). */
static uint64_t undefined_flags(enum mmio_operation operation)
{
	switch (operation) {
	case MMIO_AND:
	case MMIO_OR:
	case MMIO_XOR:
	case MMIO_TEST:
		return FLAG_AUXILIARY;
	case MMIO_IMUL:
		return FLAGS_ARITHMETIC & ~(FLAG_CARRY | FLAG_OVERFLOW);
	case MMIO_BSF:
	case MMIO_BSR:
	case MMIO_TZCNT:
	case MMIO_LZCNT:
	case MMIO_POPCNT:
		return FLAGS_ARITHMETIC & ~FLAG_ZERO;
	case MMIO_BT:
	case MMIO_BTS:
	case MMIO_BTR:
	case MMIO_BTC:
		return FLAGS_ARITHMETIC & ~(FLAG_CARRY | FLAG_ZERO);
	default:
		return 0;
	}
}

static void execute_emulated(const struct mmio_instruction *instruction,
			     struct guest_registers *registers, uint64_t *flags, uint64_t *memory)
{
	uint64_t mask = UINT64_MAX >> (64 - instruction->memory_size * 8);
	/* A device returns what it likes in the bytes that were not asked for. */
	uint64_t read = (*memory & mask) | (random64() & ~mask);
	uint64_t value =
		mmio_execute(instruction, registers, flags, instruction->reads ? read : random64());

	if (instruction->writes)
		*memory = (*memory & ~mask) | (value & mask);
	else
		assert_int_equal(value, 0);
}

static void fail_instruction(const char *what, const uint8_t *code, size_t length)
{
	char text[64] = "";

	for (size_t i = 0; i < length; i++)
		sprintf(text + strlen(text), " %02x", code[i]);
	fail_msg("%s differs after%s", what, text);
}

/* BT and its relatives with a register move the address by it; in a VM the exit says where to. */
static bool addresses_bits(const struct mmio_instruction *instruction)
{
	return instruction->operation >= MMIO_BT && instruction->operation <= MMIO_BTC &&
	       !instruction->has_immediate;
}

static bool divides(const struct mmio_instruction *instruction)
{
	return instruction->operation == MMIO_DIV || instruction->operation == MMIO_IDIV;
}

static sigjmp_buf division_ends;
static unsigned divisions[2]; /* that ended well, and that did not */

static void on_division_fault(int number)
{
	(void)number;
	siglongjmp(division_ends, 1);
}

/* Whether the instruction raises #DE on this processor; true for no other exception. */
static bool native_run_faults(void)
{
	struct sigaction old, action = {.sa_handler = on_division_fault};
	bool faults;

	sigaction(SIGFPE, &action, &old);
	faults = sigsetjmp(division_ends, 1) != 0;
	if (!faults)
		native_run();
	sigaction(SIGFPE, &old, NULL);
	return faults;
}

/* A division, and whether #DE was expected rightly; false if it was raised. */
static bool run_division(const struct mmio_instruction *instruction,
			 struct guest_registers *registers, uint64_t memory, const uint8_t *code)
{
	bool faults;

	/* dividends that are not much larger than the divisor, or nearly all would fault */
	if (random64() % 4)
		registers->rdx = 0 - (random64() & 1);
	if (random64() % 2)
		registers->rax = (uint64_t)(int16_t)registers->rax;
	native_registers = *registers;
	faults = native_run_faults();
	if (faults != mmio_division_faults(instruction, registers, memory))
		fail_instruction("a fault", code, instruction->length);
	divisions[faults]++;
	return !faults;
}

/* `code` is the instruction and a RET; it addresses `cell`, to which RDI points. */
static void compare_once(const struct mmio_instruction *instruction, const uint8_t *code,
			 uint64_t *cell)
{
	uint64_t defined = FLAGS_ARITHMETIC & ~undefined_flags(instruction->operation);
	uint64_t memory = random_value();
	struct guest_registers registers;
	uint64_t flags = 0x202 | (random64() & FLAGS_ARITHMETIC);

	for (unsigned i = 0; i < GUEST_REGISTER_COUNT; i++)
		registers.gpr[i] = random_value();
	if (addresses_bits(instruction)) /* within the cell */
		registers.gpr[instruction->reg] &= instruction->memory_size * 8 - 1;
	registers.rdi = (uint64_t)cell;
	native_registers = registers;
	native_flags = flags;
	native_code = code;
	*cell = memory;
	if (!divides(instruction))
		native_run();
	else if (!run_division(instruction, &registers, memory, code))
		return;
	execute_emulated(instruction, &registers, &flags, &memory);
	if (memcmp(&registers, &native_registers, sizeof(registers)) != 0)
		fail_instruction("a register", code, instruction->length);
	if ((flags ^ native_flags) & defined)
		fail_instruction("a flag", code, instruction->length);
	if (memory != *cell)
		fail_instruction("memory", code, instruction->length);
}

static bool uses_rsp(const struct mmio_instruction *instruction)
{
	bool shifts = instruction->operation == MMIO_SHLD || instruction->operation == MMIO_SHRD;

	return (!instruction->has_immediate || instruction->to_register || shifts) &&
	       !instruction->high_byte && instruction->reg == GUEST_RSP;
}

/* After these bytes the real opcode would come, and address something else than (%rdi). */
static bool is_prefix_or_escape(unsigned opcode)
{
	return (opcode & ~0xFu) == 0x40 ||
	       (opcode < 0x100 && memchr("\x0F\x26\x2E\x36\x3E\x64\x65\x66\x67"
					 "\xF0\xF2\xF3",
					 (int)opcode, 12) != NULL);
}

/* Tries prefixes + opcode with the operand at (%rdi); false if the decoder does not take it. */
static bool compare_encoding(const uint8_t *prefixes, size_t prefix_count, unsigned opcode,
			     unsigned reg, uint8_t *code, uint64_t *cell)
{
	uint64_t tail = opcode >= 0xA0 && opcode <= 0xA3 ? (uint64_t)cell : random64();
	struct mmio_instruction instruction;
	size_t at = prefix_count;

	if (is_prefix_or_escape(opcode))
		return false;
	memset(code, 0xCC, 32);
	memcpy(code, prefixes, prefix_count);
	if (opcode >= 0x100)
		code[at++] = 0x0F;
	code[at++] = (uint8_t)opcode;
	if (opcode < 0xA0 || opcode > 0xAF)
		code[at++] = (uint8_t)(reg << 3 | 7);
	memcpy(code + at, &tail, sizeof(tail));
	if (decode_bytes(code, MMIO_INSTRUCTION_MAX, 64, &instruction) != ERROR_OK)
		return false;
	if (instruction.operation >= MMIO_PUSH) /* mmio_string_test.c */
		return false;
	if (uses_rsp(&instruction) ||
	    (addresses_bits(&instruction) && instruction.reg == GUEST_RDI))
		return true;
	code[instruction.length] = 0xC3;
	for (unsigned i = 0; i < 30; i++)
		compare_once(&instruction, code, cell);
	return true;
}

static void test_executes_as_the_processor_does(void **state)
{
	static const struct {
		uint8_t bytes[3];
		size_t count;
	} prefixes[] = {
		{{0}, 0},          {{0x66}, 1},       {{0x40}, 1},       {{0x44}, 1},
		{{0x48}, 1},       {{0x4C}, 1},       {{0x66, 0x44}, 2}, {{0x66, 0x48}, 2},
		{{0x48, 0x66}, 2}, {{0xF0}, 1},       {{0xF0, 0x48}, 2}, {{0xF2, 0x66, 0x40}, 3},
		{{0xF3}, 1},       {{0x3E, 0x44}, 2},
	};
	uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static uint64_t cell;
	unsigned compared = 0;
	(void)state;

	assert_ptr_not_equal(code, MAP_FAILED);
	for (size_t p = 0; p < COUNT(prefixes); p++) {
		for (unsigned opcode = 0; opcode < 0x200; opcode++) {
			for (unsigned reg = 0; reg < 8; reg++)
				compared += compare_encoding(prefixes[p].bytes, prefixes[p].count,
							     opcode, reg, code, &cell);
		}
	}
	munmap(code, 4096);
	assert_in_range(divisions[false], 200, 100000);
	assert_in_range(divisions[true], 200, 100000);
	/* 8 x 4 arithmetic opcodes and 11 moves, exchanges and tests, with 8 registers each. */
	assert_true(compared > 12 * (8 * 4 + 60) * 8);
}

static bool idiv_faults(unsigned size, uint64_t rdx, uint64_t rax, uint64_t divisor)
{
	const struct mmio_instruction idiv = {.operation = MMIO_IDIV, .memory_size = (uint8_t)size};
	const struct guest_registers registers = {.rax = rax, .rdx = rdx};

	return mmio_division_faults(&idiv, &registers, divisor);
}

/* All of them against the compiler's arithmetic. */
static void test_divisions_of_words_by_bytes(void **state)
{
	(void)state;
	for (int dividend = INT16_MIN; dividend <= INT16_MAX; dividend++) {
		for (int divisor = INT8_MIN; divisor <= INT8_MAX; divisor++) {
			int quotient = divisor ? dividend / divisor : INT16_MAX;
			bool faults = quotient < INT8_MIN || quotient > INT8_MAX;

			if (idiv_faults(1, 0, (uint16_t)dividend, (uint8_t)divisor) != faults)
				fail_msg("%d / %d", dividend, divisor);
		}
	}
}

/* Where quotients of 64 bits begin not to fit, on both sides of 0, and the least dividend of all. */
static void test_divisions_near_the_limit(void **state)
{
	static const int64_t divisors[] = {1, -1, 2, -2, 3, -7, 0x7FFFFFFF, INT64_MAX, INT64_MIN};
	const __int128 least = (__int128)((unsigned __int128)1 << 127);
	(void)state;

	for (size_t i = 0; i < COUNT(divisors); i++) {
		int64_t divisor = divisors[i];

		for (__int128 quotient = INT64_MIN - (__int128)1; quotient <= INT64_MIN;
		     quotient++) {
			for (int rest = -1; rest <= 1; rest++) {
				/* also of the opposite sign, of which there is one quotient less */
				for (int sign = -1; sign <= 1; sign += 2) {
					__int128 dividend = sign * quotient * divisor + rest;
					__int128 real = dividend / divisor;

					assert_int_equal(idiv_faults(8, (uint64_t)(dividend >> 64),
								     (uint64_t)dividend,
								     (uint64_t)divisor),
							 real < INT64_MIN || real > INT64_MAX);
				}
			}
		}
		assert_true(idiv_faults(8, (uint64_t)(least >> 64), 0, (uint64_t)divisor));
	}
}

/* The two that a caller may use alone for plain loads and stores. */
static void test_complete_read_and_write_value(void **state)
{
	const struct mmio_instruction load = {.operation = MMIO_MOVSX,
					      .memory_size = 1,
					      .operand_size = 2,
					      .reads = true,
					      .to_register = true,
					      .reg = GUEST_RBX};
	const struct mmio_instruction store = {.operation = MMIO_MOV,
					       .memory_size = 1,
					       .operand_size = 1,
					       .writes = true,
					       .high_byte = true,
					       .reg = GUEST_RBX};
	struct guest_registers registers = {.rbx = UINT64_C(0x1122334455667788)};
	(void)state;

	mmio_complete_read(&load, &registers, 0x12345680);
	assert_int_equal(registers.rbx, UINT64_C(0x112233445566FF80));
	assert_int_equal(mmio_write_value(&store, &registers), 0xFF);
}

/* --- Fetch --------------------------------------------------------------------------------------- */

static const struct memory_region regions[] = {
	{0x0, FAKE_MEMORY_BASE, 0x10000, 7, MEMORY_RAM},
};
static const struct vm_config vm = {.name = "test", .memory = regions, .memory_count = 1};

static void poke(gpa_t address, uint64_t value)
{
	assert_int_equal(guest_write(&vm, address, &value, sizeof(value)), ERROR_OK);
}

/* 32-bit paging: linear 0x400000 is page 0x5000, 0x401000 is page 0x4000, 0x402000 is not mapped. */
static struct guest_paging fetch_paging(void)
{
	fake_memory_fill(0);
	poke(0x1000 + 4, 0x2003);
	poke(0x2000, UINT64_C(0x400300005003));
	for (unsigned i = 0; i < 0x1000; i += 8) {
		poke(0x4000 + i, UINT64_C(0x4444444444444444));
		poke(0x5000 + i, UINT64_C(0x5555555555555555));
	}
	return (struct guest_paging){.cr0 = CR0_PE | CR0_PG, .cr3 = 0x1000};
}

static enum error fetch(const struct guest_paging *paging, gva_t address, struct mmio_code *code)
{
	code->address = address;
	return mmio_fetch(&vm, paging, code);
}

static void test_fetch_crosses_pages(void **state)
{
	const struct guest_paging paging = fetch_paging();
	struct mmio_code code = {0};
	(void)state;

	assert_int_equal(fetch(&paging, 0x400FFB, &code), ERROR_OK);
	assert_int_equal(code.count, MMIO_INSTRUCTION_MAX);
	assert_memory_equal(code.bytes,
			    "\x55\x55\x55\x55\x55\x44\x44\x44\x44\x44\x44\x44\x44\x44\x44",
			    MMIO_INSTRUCTION_MAX);
}

static void test_fetch_ends_where_mapping_ends(void **state)
{
	const struct guest_paging paging = fetch_paging();
	struct mmio_code code = {0};
	(void)state;

	assert_int_equal(fetch(&paging, 0x401FFD, &code), ERROR_OK);
	assert_int_equal(code.count, 3);
	assert_int_equal(code.bytes[2], 0x44);
	assert_int_equal(code.bytes[3], 0);
}

static void test_fetch_needs_the_first_byte(void **state)
{
	struct guest_paging paging = fetch_paging();
	struct mmio_code code = {0};
	(void)state;

	assert_int_equal(fetch(&paging, 0x402000, &code), ERROR_GUEST_NOT_MAPPED);
	paging.cr0 = CR0_PE;
	assert_int_equal(fetch(&paging, 0x10000, &code), ERROR_GUEST_ADDRESS);
	assert_int_equal(fetch(&paging, 0xFFFE, &code), ERROR_OK);
	assert_int_equal(code.count, 2);
	/* Behind the last linear address comes the first. */
	paging.cr0 = CR0_PE | CR0_PG;
	poke(0x1000 + 0xFF8, UINT64_C(0x600300000000));
	poke(0x6000 + 0xFF8, UINT64_C(0x500300000000));
	poke(0x1000, 0x7003 | UINT64_C(0x200300000000));
	poke(0x7000, 0x4003);
	assert_int_equal(fetch(&paging, 0xFFFFFFFF, &code), ERROR_OK);
	assert_int_equal(code.count, MMIO_INSTRUCTION_MAX);
	assert_memory_equal(code.bytes, "\x55\x44", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decodes_what_gas_encodes),
		cmocka_unit_test(test_bytes_behind_the_instruction_do_not_matter),
		cmocka_unit_test(test_truncated_instructions_are_refused),
		cmocka_unit_test(test_other_instructions_are_refused),
		cmocka_unit_test(test_executes_as_the_processor_does),
		cmocka_unit_test(test_divisions_of_words_by_bytes),
		cmocka_unit_test(test_divisions_near_the_limit),
		cmocka_unit_test(test_complete_read_and_write_value),
		cmocka_unit_test(test_fetch_crosses_pages),
		cmocka_unit_test(test_fetch_ends_where_mapping_ends),
		cmocka_unit_test(test_fetch_needs_the_first_byte),
	};

	return cmocka_run_group_tests_name("mmio_decode", tests, NULL, NULL);
}
