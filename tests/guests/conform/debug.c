/* SPDX-License-Identifier: Apache-2.0 */
/* Single steps, breakpoints and the flags around them, across instructions that exit. */
#include "conform.h"

#define FLAG_TRAP 0x100u
#define DEVICE    0xFEC00000u /* the IOAPIC's index register */

static struct {
	uint64_t rip[16], dr6[16];
	unsigned count;
} traps;
static uint64_t base;

static void on_debug(struct frame *frame)
{
	if (traps.count < 16) {
		traps.rip[traps.count] = frame->rip - base;
		traps.dr6[traps.count] = dr6_read() & 0xFFFF;
	}
	traps.count++;
	dr6_write(0xFFFF0FF0);
	if (traps.count >= 16)
		frame->rflags &= ~(uint64_t)FLAG_TRAP;
	if (!(frame->rflags & FLAG_TRAP) && (dr7_read() & 0xFF) && traps.count > 8)
		dr7_write(0x400);
}

struct step_row {
	const char *name;
	const char *bytes;
	size_t size;
	uint64_t rax, rbx, rcx, rdx;
};

static struct registers registers;
static const struct step_row *current;
static bool stepping;

/* At most 40 bytes of the row, behind POPF of the flags with TF, before clearing TF again. */
static uint8_t code[96] __attribute__((aligned(64)));

static void put(const void *bytes, size_t size, size_t *at)
{
	for (size_t i = 0; i < size; i++)
		code[(*at)++] = ((const uint8_t *)bytes)[i];
}

static size_t assemble(const struct step_row *row)
{
	size_t at = 0;

	/* pushfq; or $0x100, (%rsp); popfq */
	if (stepping)
		put("\x9C\x81\x0C\x24\x00\x01\x00\x00\x9D", 9, &at);
	base = (uint64_t)code + at;
	put(row->bytes, row->size, &at);
	/* pushfq; and $~0x100, (%rsp); popfq; ret */
	put("\x9C\x81\x24\x24\xFF\xFE\xFF\xFF\x9D\xC3", 10, &at);
	return at;
}

static void run_row(void *unused)
{
	struct registers r = registers;

	(void)unused;
	__asm__ volatile("call *%5"
			 : "+a"(r.rax), "+b"(r.rbx), "+c"(r.rcx), "+d"(r.rdx), "+D"(r.rdi)
			 : "S"(code)
			 : "memory", "cc");
}

static void see_traps(const char *name, uint32_t vector)
{
	uint64_t values[34];
	unsigned n = 0;

	values[n++] = vector;
	values[n++] = traps.count;
	for (unsigned i = 0; i < traps.count && i < 16; i++) {
		values[n++] = traps.rip[i];
		values[n++] = traps.dr6[i];
	}
	observe(name, values, n);
}

static void run_steps(const struct step_row *row)
{
	uint32_t vector;

	current = row;
	(void)assemble(row);
	registers = (struct registers){.rax = row->rax,
				       .rbx = row->rbx,
				       .rcx = row->rcx,
				       .rdx = row->rdx,
				       .rdi = (uint64_t)scratch};
	traps.count = 0;
	dr6_write(0xFFFF0FF0);
	vector = probe(run_row, NULL);
	see_traps(row->name, vector);
}

/* clang-format off */
static const struct step_row steps[] = {
	{"nops", BYTES("\x90\x90"), 0, 0, 0, 0},
	{"cpuid", BYTES("\x0F\xA2\x90"), 0, 0, 0, 0},
	{"rdmsr", BYTES("\x0F\x32\x90"), 0, 0, 0x10, 0},
	{"wrmsr", BYTES("\x0F\x30\x90"), 0, 0, 0x8B, 0},
	{"in", BYTES("\xEC\x90"), 0, 0, 0, 0x1500},
	{"out", BYTES("\xEE\x90"), 0, 0, 0, 0x1500},
	{"rep-outs", BYTES("\xF3\x6E\x90"), 0, 0, 3, 0x1500},
	{"rep-ins", BYTES("\xF3\x6C\x90"), 0, 0, 3, 0x1500},
	{"ins-none", BYTES("\xF3\x6C\x90"), 0, 0, 0, 0x1500},
	{"wbinvd", BYTES("\x0F\x09\x90"), 0, 0, 0, 0},
	{"mov-cr0", BYTES("\x0F\x20\xC0\x0F\x22\xC0\x90"), 0, 0, 0, 0},
	{"mov-cr4", BYTES("\x0F\x20\xE0\x0F\x22\xE0\x90"), 0, 0, 0, 0},
	{"mov-ss-cpuid", BYTES("\x8E\xD0\x0F\xA2\x90"), SELECTOR_DATA, 0, 0, 0},
	{"mov-ss-nop", BYTES("\x8E\xD0\x90\x90"), SELECTOR_DATA, 0, 0, 0},
	{"mov-ss-mov-ss", BYTES("\x8E\xD0\x8E\xD0\x0F\xA2"), SELECTOR_DATA, 0, 0, 0},
	{"pop-ss-out", BYTES("\x50\x58\x8E\xD0\xEE\x90"), SELECTOR_DATA, 0, 0, 0x1500},
	{"ud-exiting", BYTES("\x0F\x01\xC4"), 0, 0, 0, 0},
	{"gp-exiting", BYTES("\x0F\x22\xE0"), 0x8020, 0, 0, 0},
	{"mov-ss-ud", BYTES("\x8E\xD0\x0F\x0B"), SELECTOR_DATA, 0, 0, 0},
	{"mov-ss-gp", BYTES("\x8E\xD0\x0F\x22\xE1"), SELECTOR_DATA, 0, 0x8020, 0},
	{"int3", BYTES("\xCC"), 0, 0, 0, 0},
	{"syscall-off", BYTES("\x0F\x05"), 0, 0, 0, 0},
	{"pushf-popf", BYTES("\x9C\x9D\x90"), 0, 0, 0, 0},
	{"icebp", BYTES("\xF1\x90"), 0, 0, 0, 0},
	{"device-read", BYTES("\x8B\x03\x90"), 0, DEVICE, 0, 0},
	{"device-write", BYTES("\x89\x03\x90"), 0, DEVICE, 0, 0},
	{"device-and", BYTES("\x21\x03\x90"), 0, DEVICE, 0, 0},
	{"device-stos", BYTES("\x48\x89\xDF\xAB\x90"), 0, DEVICE, 0, 0},
	{"device-rep-lods", BYTES("\x48\x89\xDE\xF3\xAD\x90"), 0, DEVICE, 1, 0},
	{"mov-ss-device-read", BYTES("\x8E\xD0\x8B\x03\x90"), SELECTOR_DATA, DEVICE, 0, 0},
	{"xsetbv-ud", BYTES("\x0F\x01\xD1\x90"), 1, 0, 0, 0},
	{"mov-cr8", BYTES("\x44\x0F\x20\xC0\x90"), 0, 0, 0, 0},
	{"invd", BYTES("\x0F\x08\x90"), 0, 0, 0, 0},
	{"pause", BYTES("\xF3\x90\x90"), 0, 0, 0, 0},
	{"sti-cpuid", BYTES("\xFB\x0F\xA2\xFA\x90"), 0, 0, 0, 0},
	{"in-fault-user", BYTES("\x0F\x30\x90"), 1, 0, 0x1B, 0},
};

static const struct step_row watched[] = {
	{"write", BYTES("\x89\x07\x90"), 0, 0, 0, 0},
	{"read", BYTES("\x8B\x07\x90"), 0, 0, 0, 0},
	{"write-beside", BYTES("\x89\x47\x08\x90"), 0, 0, 0, 0},
	{"write-across", BYTES("\x89\x47\xFD\x90"), 0, 0, 0, 0},
	{"rep-stos", BYTES("\xF3\xAA\x90"), 0, 0, 3, 0},
	{"ins", BYTES("\x6C\x90"), 0, 0, 0, 0x1500},
	{"rep-ins", BYTES("\xF3\x6C\x90"), 0, 0, 6, 0x1500},
	{"cpuid-after", BYTES("\x89\x07\x0F\xA2\x90"), 0, 0, 0, 0},
	{"in", BYTES("\xEC\x90"), 0, 0, 0, 0x1500},
	{"in-wide", BYTES("\xED\x90"), 0, 0, 0, 0x14FE},
	{"in-beside", BYTES("\xEC\x90"), 0, 0, 0, 0x1502},
	{"out", BYTES("\xEE\x90"), 0, 0, 0, 0x1501},
	{"out-word", BYTES("\x66\xEF\x90"), 0, 0, 0, 0x1501},
	{"outs", BYTES("\xF3\x6E\x90"), 0, 0, 3, 0x1501},
	{"mov-ss-write", BYTES("\x8E\xD0\x90\x89\x07\x90"), SELECTOR_DATA, 0, 0, 0},
};
/* clang-format on */

/* Loading SS from watched memory: the trap waits for the end of the next instruction, which may exit. */
static const struct step_row watched_stack[] = {
	{"nop", BYTES("\x8E\x17\x90\x90"), 0, 0, 0, 0},
	{"cpuid", BYTES("\x8E\x17\x0F\xA2\x90"), 0, 0, 0, 0},
	{"rdmsr", BYTES("\x8E\x17\x0F\x32\x90"), 0, 0, 0x10, 0},
	{"out", BYTES("\x8E\x17\xEE\x90"), 0, 0, 0, 0x1500},
	{"in", BYTES("\x8E\x17\xEC\x90"), 0, 0, 0, 0x1500},
	{"outs", BYTES("\x8E\x17\x6E\x90"), 0, 0, 0, 0x1500},
	{"wbinvd", BYTES("\x8E\x17\x0F\x09\x90"), 0, 0, 0, 0},
	{"device-read", BYTES("\x8E\x17\x8B\x03\x90"), 0, DEVICE, 0, 0},
	{"icebp", BYTES("\x8E\x17\xF1\x90"), 0, 0, 0, 0},
	{"ud-exiting", BYTES("\x8E\x17\x0F\x01\xC4"), 0, 0, 0, 0},
	{"gp-exiting", BYTES("\x8E\x17\x0F\x22\xE1"), 0, 0, 0x8020, 0},
};

/* Data breakpoints on a register that is emulated: DR0 lies on it. */
static const struct step_row watched_device[] = {
	{"read", BYTES("\x8B\x03\x90"), 0, DEVICE, 0, 0},
	{"write", BYTES("\x89\x03\x90"), 0, DEVICE, 0, 0},
	{"or", BYTES("\x09\x03\x90"), 0, DEVICE, 0, 0},
	{"stos", BYTES("\x48\x89\xDF\xAB\x90"), 0, DEVICE, 0, 0},
	{"lods", BYTES("\x48\x89\xDE\xAD\x90"), 0, DEVICE, 0, 0},
	{"beside", BYTES("\x8B\x03\x90"), 0, DEVICE + 0x10, 0, 0},
};

static void rows(const char *title, const struct step_row *list, size_t count)
{
	group(title);
	for (size_t i = 0; i < count; i++)
		run_steps(&list[i]);
}
#define ROWS(title, list) rows(title, list, sizeof(list) / sizeof((list)[0]))

static void breakpoints(void)
{
	uint64_t cr4 = cr4_read();

	dr0_write(DEVICE);
	dr7_write(0x402 | 0xDu << 16);
	ROWS("watch-device-write", watched_device);
	dr7_write(0x402 | 0xFu << 16);
	ROWS("watch-device-access", watched_device);
	dr0_write((uint64_t)scratch);
	dr1_write(0x1500);
	dr7_write(0x402 | 0xDu << 16); /* 4 bytes, writes */
	ROWS("watch-write", watched);
	dr7_write(0x402 | 0xFu << 16); /* 4 bytes, reads and writes */
	ROWS("watch-access", watched);
	scratch[0] = SELECTOR_DATA;
	scratch[1] = 0;
	ROWS("watch-stack", watched_stack);
	cr4_write(cr4 | 8);
	dr7_write(0x408 | 0x6u << 20); /* 2 ports */
	ROWS("watch-port", watched);
	stepping = true;
	ROWS("watch-port-step", watched);
	stepping = false;
	cr4_write(cr4);
	dr7_write(0x400);
}

/* Execution breakpoint on an instruction that exits: once before it, RF lets it through. */
static void execution(void)
{
	static const struct step_row list[] = {
		{"cpuid", BYTES("\x0F\xA2\x90"), 0, 0, 0, 0},
		{"cr4-gp", BYTES("\x0F\x22\xE0\x90"), 0x8020, 0, 0, 0},
		{"in", BYTES("\xEC\x90"), 0, 0, 0, 0x1500},
		{"rep-ins", BYTES("\xF3\x6C\x90"), 0, 0, 3, 0x1500},
		{"two-cpuids", BYTES("\x0F\xA2\x0F\xA2\x90"), 0, 0, 0, 0},
		{"nop", BYTES("\x90\x90"), 0, 0, 0, 0},
	};

	group("execute");
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		dr0_write((uint64_t)code);
		dr7_write(0x402);
		run_steps(&list[i]);
		dr7_write(0x400);
	}
}

static void resume_once(struct frame *frame)
{
	frame->rflags |= 0x10000;
	on_debug(frame);
}

/* clang-format off */
static const struct instruction registers_rows[] = {
	{"dr6-reset", BYTES("\xB8\xF0\x0F\xFF\xFF\x0F\x23\xF0\x0F\x21\xF0"), {0}},
	{"dr6-ones", BYTES("\xB8\xFF\xFF\xFF\xFF\x0F\x23\xF0\x0F\x21\xF0"), {0}},
	{"dr6-zero", BYTES("\x31\xC0\x0F\x23\xF0\x0F\x21\xF0"), {0}},
	{"dr7-fixed", BYTES("\x31\xC0\x0F\x23\xF8\x0F\x21\xF8"), {0}},
	{"dr7-upper16", BYTES("\xB8\x00\xD4\x00\x00\x0F\x23\xF8\x0F\x21\xF8"), {0}},
	{"dr6-upper", BYTES("\x48\xB8\x00\x00\x00\x00\x01\x00\x00\x00\x0F\x23\xF0"), {0}},
	{"dr7-upper", BYTES("\x48\xB8\x00\x00\x00\x00\x01\x00\x00\x00\x0F\x23\xF8"), {0}},
	{"dr6-rtm", BYTES("\xB8\xF0\x0F\xFE\xFF\x0F\x23\xF0\x0F\x21\xF0"), {0}},
	{"dr7-rtm", BYTES("\xB8\x00\x0C\x00\x00\x0F\x23\xF8\x0F\x21\xF8"), {0}},
	{"dr4-alias", BYTES("\x0F\x21\xE0"), {0}},
	{"dr5-alias", BYTES("\x0F\x21\xE8"), {0}},
};
/* clang-format on */

void test_debug(void)
{
	uint64_t cr4 = cr4_read();

	handler_set(VECTOR_DEBUG, on_debug);
	stepping = true;
	ROWS("step", steps);
	stepping = false;
	breakpoints();
	handler_set(VECTOR_DEBUG, resume_once);
	execution();
	handler_set(VECTOR_DEBUG, NULL);
	group("debug-registers");
	RUN(registers_rows, false);
	dr7_write(0x400);
	cr4_write(cr4 | 8);
	group("debug-extensions");
	RUN(registers_rows, false);
	cr4_write(cr4);
	dr7_write(0x400);
}
