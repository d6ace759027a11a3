/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random instructions with random registers, until something ends the VM, which then begins again with other
 * ones. A page that a restart leaves alone holds how far it has come. What is random leans towards what leaves
 * the guest: privileged instructions, ports, MSRs, and device pages by every kind of memory operand.
 */
#include "hostile.h"

#define CORES        2
#define CODE_SIZE    32
#define RANDOM_BYTES 12
#define ATTEMPTS     64 /* between two looks at tables and watchdog */
#define LIVES        5  /* between two lines of a VM that does not come that far */
#define REPORTS      4  /* such looks between two lines */
#define BREAKPOINT   0xCC
#define TIMER_COUNT  20000
#define RECORD_MAGIC UINT64_C(0x5A5A465546555A5A)
#define LIFE_STEP    UINT64_C(0x9E3779B97F4A7C15)
#define SEED_DEFAULT UINT64_C(0x2545F4914F6CDD1D)
#define IOAPIC_PAGE  UINT64_C(0xFEC00000)
#define LARGE_PAGE   UINT64_C(0x200000)
#define CPL3_IN      4 /* one of so many attempts is made at CPL 3 */

/* In memory that nobody scrubs. */
struct record {
	uint64_t magic, lives, attempts, exceptions;
};
#define RECORD ((volatile struct record *)HOSTILE_RECORD)

static uint8_t codes[CORES][CODE_SIZE] __attribute__((aligned(PAGE_SIZE)));

struct call {
	const void *code;
	struct registers registers;
};
void call_with_registers(struct call *call); /* probe.S */

struct machine {
	uint64_t cr0, cr3, cr4;
};

/* Two cores have the same page tables, so that the page stays mapped for both. */
static volatile bool shared;

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static const uint8_t prefixes[] = {0x66, 0x67, 0xF0, 0xF2, 0xF3, 0x2E, 0x36, 0x3E, 0x26,
				   0x64, 0x65, 0x40, 0x41, 0x44, 0x48, 0x49, 0x4C, 0x4F};

/* Opcodes that exit, or may: those of one byte, and those behind 0F. */
static const uint8_t leaving[] = {0x6C, 0x6D, 0x6E, 0x6F, 0xE4, 0xE5, 0xE6, 0xE7,
				  0xEC, 0xED, 0xEE, 0xEF, 0x8E, 0x0F, 0xCC, 0xCD,
				  0xCE, 0xCF, 0x9B, 0xFA, 0xFB, 0x9D, 0xF1};
static const uint8_t leaving_0f[] = {0x00, 0x01, 0x05, 0x06, 0x08, 0x09, 0x0B, 0x20,
				     0x21, 0x22, 0x23, 0x30, 0x31, 0x32, 0x33, 0x34,
				     0x35, 0x37, 0xA2, 0xAA, 0xAE, 0xC7, 0x78, 0x79};
/* Opcodes with a memory operand, or a string. */
static const uint8_t operand[] = {
	0x00, 0x01, 0x02, 0x03, 0x08, 0x09, 0x0A, 0x10, 0x11, 0x18, 0x20, 0x21, 0x28, 0x29,
	0x30, 0x31, 0x33, 0x38, 0x39, 0x3B, 0x62, 0x63, 0x69, 0x6B, 0x80, 0x81, 0x83, 0x84,
	0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8B, 0x8C, 0x8F, 0xA0, 0xA1, 0xA2, 0xA3, 0xA4,
	0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF, 0xC0, 0xC1, 0xC4, 0xC5, 0xC6,
	0xC7, 0xC8, 0xD0, 0xD1, 0xD2, 0xD3, 0xD8, 0xD9, 0xDD, 0xDF, 0xF6, 0xF7, 0xFE, 0xFF};
static const uint8_t operand_0f[] = {0x10, 0x11, 0x18, 0x1F, 0x28, 0x29, 0x2B, 0x38, 0x3A, 0x40,
				     0x6E, 0x6F, 0x7E, 0x7F, 0x90, 0x9F, 0xA3, 0xA4, 0xA5, 0xAB,
				     0xAF, 0xB0, 0xB1, 0xB3, 0xB6, 0xB7, 0xBA, 0xBB, 0xBC, 0xBD,
				     0xBE, 0xBF, 0xC0, 0xC1, 0xC3, 0xD6, 0xE7, 0xFF};
/* Addressing by RBX, RSI, RDI, RCX, with no displacement or one of a byte. */
static const uint8_t operand_rm[] = {0x03, 0x06, 0x07, 0x01, 0x43, 0x46, 0x47, 0x41};

#define PICK(array, random) ((array)[(random) % sizeof(array)])

static uint8_t *put_prefixes(uint8_t *code, uint64_t *state)
{
	for (uint64_t count = next(state) % 4; count > 0; count--)
		*code++ = PICK(prefixes, next(state));
	return code;
}

static void generate(uint8_t *code, uint64_t *state)
{
	uint8_t *to = code;

	for (unsigned i = 0; i < CODE_SIZE; i++)
		code[i] = BREAKPOINT;
	to = put_prefixes(to, state);
	switch (next(state) % 5) {
	case 0:
		break;
	case 1:
		*to++ = PICK(leaving, next(state));
		break;
	case 2:
		*to++ = 0x0F;
		*to++ = PICK(leaving_0f, next(state));
		break;
	case 3:
		*to++ = PICK(operand, next(state));
		*to++ = (uint8_t)(PICK(operand_rm, next(state)) | (next(state) % 8) << 3);
		break;
	case 4:
		*to++ = 0x0F;
		*to++ = PICK(operand_0f, next(state));
		*to++ = (uint8_t)(PICK(operand_rm, next(state)) | (next(state) % 8) << 3);
		break;
	}
	for (unsigned i = 0; i < RANDOM_BYTES; i++)
		*to++ = (uint8_t)next(state);
}

/* Values that matter: device pages, ends of memory, foreign memory, MSRs, nothing, all ones. */
static uint64_t some_value(uint64_t *state)
{
	static const uint64_t bases[] = {0,
					 1,
					 UINT64_MAX,
					 UINT32_MAX,
					 PLATFORM_LAPIC_GPA,
					 PLATFORM_LAPIC_GPA + 0x300,
					 IOAPIC_PAGE,
					 IOAPIC_PAGE + 0xFFC,
					 (uint64_t)scratch,
					 (uint64_t)scratch + PAGE_SIZE - 4,
					 HOSTILE_MAIN + HOSTILE_MAIN_SIZE - 8,
					 UINT64_C(0x8000000000000000),
					 UINT64_C(0x00007FFFFFFFFFF8),
					 0x800,
					 0xC0000080,
					 0x1B,
					 0xCF8,
					 3};
	uint64_t random = next(state);

	/* scratch more often than anything else: what only reaches for nobody's memory ends the VM */
	if (random % 4 == 0)
		return (uint64_t)scratch + (random >> 32) % (PAGE_SIZE / 2);
	if (random % 64 == 1)
		return HOSTILE_VICTIM_HOST + (random >> 32) % HOSTILE_VICTIM_SIZE;
	if (random % 64 == 3)
		return (random >> 32) % 2 ? HOSTILE_READ_ONLY : HOSTILE_NO_EXECUTE;
	if (random % 16 == 2)
		return random;
	return bases[(random >> 8) % (sizeof(bases) / sizeof(bases[0]))] + (random >> 40) % 8 * 4;
}

static void run(void *argument)
{
	interrupts_on();
	call_with_registers(argument);
}

static void run_user(void *argument)
{
	call_with_registers(argument);
}

/* Ends an instruction that halts, or jumps to itself, as long as interrupts are on. */
static void timer_start(void)
{
	msr_write(MSR_X2APIC_DIVIDE, 0xB);
	msr_write(MSR_X2APIC_LVT_TIMER, HOSTILE_FUZZ_VECTOR);
	msr_write(MSR_X2APIC_INITIAL, TIMER_COUNT);
}

static uint32_t attempt(uint32_t index, uint64_t *state)
{
	struct call call = {.code = codes[index]};

	generate(codes[index], state);
	call.registers.rax = some_value(state);
	call.registers.rbx = some_value(state);
	/* a count is small in most cases, or every string would run to the end of memory */
	call.registers.rcx = next(state) % 4 ? next(state) % 16 : some_value(state);
	call.registers.rdx = some_value(state);
	call.registers.rsi = some_value(state);
	call.registers.rdi = some_value(state);
	timer_start();
	return next(state) % CPL3_IN ? probe(run, &call) : probe_user(run_user, &call);
}

static void restore(uint32_t index, const struct machine *machine)
{
	if (cr4_read() != machine->cr4)
		cr4_write(machine->cr4);
	if (cr3_read() != machine->cr3)
		cr3_write(machine->cr3);
	if (cr0_read() != machine->cr0)
		cr0_write(machine->cr0);
	__asm__ volatile("movq %0, %%dr7" : : "r"(UINT64_C(0x400)));
	runtime_setup(index);
	hypercall(HYPERCALL_WATCHDOG);
}

/* Mapped only while it is used, because what is random writes everywhere. */
static void record_map(bool map)
{
	uint64_t *level4 = (uint64_t *)cr3_read();
	uint64_t *level3 = (uint64_t *)(level4[0] & ~(uint64_t)(PAGE_SIZE - 1));
	uint64_t *level2 = (uint64_t *)(level3[HOSTILE_RECORD >> 30] & ~(uint64_t)(PAGE_SIZE - 1));

	if (!map && shared)
		return;
	level2[HOSTILE_RECORD / LARGE_PAGE % 512] =
		map ? HOSTILE_RECORD | ENTRY_ALL | ENTRY_LARGE : 0;
	translations_flush();
}

static void add_to_record(uint64_t attempts, uint64_t exceptions)
{
	record_map(true);
	__atomic_add_fetch(&RECORD->attempts, attempts, __ATOMIC_RELAXED);
	__atomic_add_fetch(&RECORD->exceptions, exceptions, __ATOMIC_RELAXED);
	record_map(false);
}

static void report(void)
{
	record_map(true);
	print_text("hostile: fuzz lives=");
	print_unsigned(RECORD->lives);
	print_text(" attempts=");
	print_unsigned(RECORD->attempts);
	print_text(" exceptions=");
	print_unsigned(RECORD->exceptions);
	print_text("\r\n");
	record_map(false);
}

static bool is_mapped(uint64_t linear)
{
	static const uint64_t kept[] = {0, HOSTILE_READ_ONLY, HOSTILE_VICTIM_HOST, IOAPIC_PAGE,
					PLATFORM_LAPIC_GPA};

	for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (linear / LARGE_PAGE == kept[i] / LARGE_PAGE)
			return true;
	return false;
}

/* Most of what the VM does not have is a page fault of its own, or no life would last. */
static void holes_unmap(void)
{
	uint64_t *level4 = (uint64_t *)cr3_read();
	uint64_t *level3 = (uint64_t *)(level4[0] & ~(uint64_t)(PAGE_SIZE - 1));

	for (uint64_t linear = 0; linear <= UINT32_MAX; linear += LARGE_PAGE) {
		uint64_t *level2 = (uint64_t *)(level3[linear >> 30] & ~(uint64_t)(PAGE_SIZE - 1));

		if (!is_mapped(linear))
			level2[linear / LARGE_PAGE % 512] = 0;
	}
	translations_flush();
}

static uint64_t begin(uint32_t index)
{
	uint64_t lives;

	shared |= index != 0;
	record_map(true);
	if (RECORD->magic != RECORD_MAGIC) {
		RECORD->lives = 0;
		RECORD->attempts = 0;
		RECORD->exceptions = 0;
		RECORD->magic = RECORD_MAGIC;
	}
	if (index == 0) {
		console_open();
		if (++RECORD->lives % LIVES == 1)
			report();
	}
	holes_unmap();
	record_map(true);
	lives = RECORD->lives;
	record_map(false);
	return SEED_DEFAULT ^ (lives * 2 + index) * LIFE_STEP;
}

_Noreturn void fuzz_main(uint32_t index)
{
	struct machine machine = {cr0_read(), cr3_read(), cr4_read()};
	uint64_t state = begin(index);
	unsigned told = 0;

	for (;;) {
		for (unsigned i = 0; i < ATTEMPTS; i++) {
			bool exception = attempt(index % CORES, &state) != VECTOR_NONE;

			add_to_record(1, exception);
		}
		restore(index % CORES, &machine);
		if (index == 0 && ++told % REPORTS == 0)
			report();
	}
}
