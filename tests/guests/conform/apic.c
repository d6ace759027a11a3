/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC in both modes: registers, interrupts to itself, timer, and the ways between the modes. */
#include "conform.h"

#define APIC_BASE    0x1Bu
#define BASE_ENABLE  0x800u
#define BASE_X2APIC  0x400u
#define PAGE         UINT64_C(0xFEE00000)
#define MOVED_PAGE   UINT64_C(0xFED40000)
#define VECTOR_LOW   0x51u
#define VECTOR_TIMER 0x61u
#define VECTOR_HIGH  0x71u
#define SPIN         200000u

static bool x2apic;
static volatile struct {
	unsigned count;
	uint32_t isr, tpr;
	uint8_t order[8];
} taken;

static uint32_t apic_read(uint32_t reg)
{
	if (x2apic)
		return (uint32_t)msr_read(0x800 + reg / 16);
	return *(volatile uint32_t *)(PAGE + reg);
}

static void apic_write(uint32_t reg, uint32_t value)
{
	if (x2apic)
		msr_write(0x800 + reg / 16, value);
	else
		*(volatile uint32_t *)(PAGE + reg) = value;
}

static void on_interrupt(struct frame *frame)
{
	uint32_t vector = (uint32_t)frame->vector;

	if (taken.count < 8)
		taken.order[taken.count] = (uint8_t)vector;
	taken.count++;
	taken.isr = apic_read(0x100 + vector / 32 * 16) >> vector % 32 & 1;
	taken.tpr = apic_read(0x80);
	apic_write(0xB0, 0);
}

static void self_ipi(uint32_t vector)
{
	if (x2apic)
		msr_write(0x830, 0x40000 | vector);
	else
		apic_write(0x300, 0x40000 | vector);
}

static void open_for(unsigned spins)
{
	interrupts_on();
	for (unsigned i = 0; i < spins; i++)
		__asm__ volatile("pause");
	interrupts_off();
}

static void see_register(const char *name, uint32_t reg, uint32_t value)
{
	uint32_t old = apic_read(reg), now;

	apic_write(reg, value);
	now = apic_read(reg);
	apic_write(reg, old);
	observe_one(name, now);
}

static void interrupts(void)
{
	taken.count = 0;
	self_ipi(VECTOR_LOW);
	observe_one("irr-while-off", apic_read(0x200 + 0x20) >> 17 & 1);
	open_for(100);
	observe("self-ipi", (uint64_t[]){taken.count, taken.isr, apic_read(0x120)}, 3);
	taken.count = 0;
	self_ipi(VECTOR_LOW);
	self_ipi(VECTOR_HIGH);
	self_ipi(VECTOR_LOW);
	open_for(100);
	observe("priority", (uint64_t[]){taken.count, taken.order[0], taken.order[1]}, 3);
	taken.count = 0;
	cr8_write(5);
	observe_one("tpr-of-cr8", apic_read(0x80));
	self_ipi(VECTOR_LOW);
	self_ipi(VECTOR_HIGH);
	open_for(100);
	observe("tpr-holds-back", (uint64_t[]){taken.count, taken.order[0]}, 2);
	cr8_write(0);
	open_for(100);
	observe_one("tpr-lets-in", taken.count);
	apic_write(0x80, 0x60);
	observe_one("cr8-of-tpr", cr8_read());
	apic_write(0x80, 0);
	taken.count = 0;
	self_ipi(VECTOR_LOW);
	__asm__ volatile("sti; nop; cli; nop");
	observe_one("sti-one-instruction", taken.count);
	taken.count = 0;
	self_ipi(VECTOR_LOW);
	__asm__ volatile("sti; cli; nop");
	observe_one("sti-cli", taken.count);
	__asm__ volatile("sti; hlt; cli");
	observe_one("sti-hlt", taken.count);
	taken.count = 0;
	self_ipi(VECTOR_LOW);
	__asm__ volatile("sti; movw %%ss, %%ax; movw %%ax, %%ss; nop; nop; cli" : : : "rax");
	observe_one("mov-ss", taken.count);
	open_for(10);
}

static void nmi_count(struct frame *frame)
{
	(void)frame;
	taken.count++;
}

static void nmis(void)
{
	handler_set(VECTOR_NMI, nmi_count);
	taken.count = 0;
	if (x2apic)
		msr_write(0x830, UINT64_C(0) | 0x00400 | (msr_read(0x802) << 32));
	else {
		apic_write(0x310, apic_read(0x20));
		apic_write(0x300, 0x00400);
	}
	for (unsigned i = 0; i < 1000; i++)
		__asm__ volatile("pause");
	observe_one("nmi-to-itself", taken.count);
}

static void timer(void)
{
	uint32_t first, second;
	uint64_t start;

	apic_write(0x3E0, 0xB); /* by 1 */
	apic_write(0x320, 0x10000 | VECTOR_TIMER);
	apic_write(0x380, 1000000);
	first = apic_read(0x390);
	(void)cpuid_of(0, 0);
	(void)apic_read(0x30);
	for (unsigned i = 0; i < 1000; i++)
		__asm__ volatile("pause");
	second = apic_read(0x390);
	verdict("counts-down", first > second && second > 0, second);
	apic_write(0x380, 0);
	observe_one("stopped", apic_read(0x390));
	taken.count = 0;
	apic_write(0x320, VECTOR_TIMER);
	apic_write(0x380, 50000);
	open_for(SPIN / 10);
	observe_one("one-shot", taken.count);
	taken.count = 0;
	apic_write(0x320, 0x20000 | VECTOR_TIMER);
	apic_write(0x380, 100000);
	open_for(SPIN);
	verdict("periodic", taken.count > 3, taken.count);
	apic_write(0x320, 0x10000 | VECTOR_TIMER);
	apic_write(0x380, 0);
	taken.count = 0;
	open_for(1000);
	observe_one("masked", taken.count);
	if (!(cpuid_of(1, 0).ecx & 1u << 24))
		return;
	apic_write(0x320, 0x40000 | VECTOR_TIMER);
	taken.count = 0;
	start = tsc_read();
	msr_write(0x6E0, start + 200000);
	verdict("deadline-armed", msr_read(0x6E0) == start + 200000, msr_read(0x6E0));
	interrupts_on_and_halt();
	interrupts_off();
	verdict("deadline-comes", taken.count == 1 && tsc_read() - start >= 199000, taken.count);
	verdict("deadline-disarmed", msr_read(0x6E0) == 0, msr_read(0x6E0));
	taken.count = 0;
	msr_write(0x6E0, 1);
	open_for(100);
	observe_one("deadline-past", taken.count);
	apic_write(0x320, 0x10000);
}

static void registers_seen(void)
{
	observe_one("version", apic_read(0x30));
	see_register("tpr", 0x80, 0xFF);
	see_register("svr", 0xF0, 0x1FF);
	apic_write(0x280, 0);
	apic_write(0x280, 0); /* the first one latches what firmware and boot loader left */
	observe_one("esr", apic_read(0x280));
	see_register("lvt-timer", 0x320, 0x30045);
	see_register("lvt-lint0", 0x350, 0x10045);
	see_register("lvt-lint1", 0x360, 0x10046);
	see_register("lvt-error", 0x370, 0x10047);
	see_register("lvt-thermal", 0x330, 0x10048);
	see_register("lvt-perf", 0x340, 0x10049);
	see_register("divide", 0x3E0, 0xB);
	observe_one("ppr", apic_read(0xA0));
}

/* clang-format off */
static const struct instruction page[] = {
#define AT(offset) {.rbx = PAGE + (offset), .rax = 0x1122334455667788, .rcx = 0x12345, .rdx = 0xFEDCBA9876543210}
	{"mov-load", BYTES("\x8B\x03"), AT(0x380)},
	{"mov-store", BYTES("\x89\x03\x8B\x0B"), AT(0x380)},
	{"mov-imm", BYTES("\xC7\x03\x78\x56\x34\x12\x8B\x0B"), AT(0x380)},
	{"mov-r8d", BYTES("\x44\x8B\x03\x44\x89\xC0"), AT(0x380)},
	{"add", BYTES("\x01\x13\x8B\x0B"), AT(0x380)},
	{"or-imm8", BYTES("\x83\x0B\x70\x8B\x0B"), AT(0x380)},
	{"and", BYTES("\x21\x03\x8B\x0B"), AT(0x380)},
	{"xor-load", BYTES("\x33\x03"), AT(0x380)},
	{"sub-imm", BYTES("\x81\x2B\x01\x00\x00\x00\x8B\x0B"), AT(0x380)},
	{"sbb", BYTES("\xF9\x19\x13\x8B\x0B"), AT(0x380)},
	{"adc", BYTES("\xF9\x11\x13\x8B\x0B"), AT(0x380)},
	{"cmp", BYTES("\x3B\x03\x9C\x59"), AT(0x380)},
	{"test", BYTES("\x85\x13\x9C\x59"), AT(0x380)},
	{"not", BYTES("\xF7\x13\x8B\x0B"), AT(0x380)},
	{"neg", BYTES("\xF7\x1B\x8B\x0B"), AT(0x380)},
	{"inc", BYTES("\xFF\x03\x8B\x0B"), AT(0x380)},
	{"dec", BYTES("\xFF\x0B\x8B\x0B"), AT(0x380)},
	{"xchg", BYTES("\x87\x13\x8B\x0B"), AT(0x380)},
	{"xadd", BYTES("\x0F\xC1\x13\x8B\x0B"), AT(0x380)},
	{"cmpxchg-differs", BYTES("\x0F\xB1\x13\x8B\x0B"), AT(0x380)},
	{"cmpxchg-equals", BYTES("\x8B\x03\x0F\xB1\x13\x8B\x0B"), AT(0x380)},
	{"lock-or", BYTES("\xF0\x09\x13\x8B\x0B"), AT(0x380)},
	{"bts-imm", BYTES("\x0F\xBA\x2B\x1F\x9C\x59"), AT(0x380)},
	{"btr-reg", BYTES("\xB8\x03\x00\x00\x00\x0F\xB3\x03\x8B\x0B"), AT(0x380)},
	{"bt-reg", BYTES("\xB8\x1F\x00\x00\x00\x0F\xA3\x03\x9C\x59"), AT(0x380)},
	{"btc-imm", BYTES("\x0F\xBA\x3B\x05\x8B\x0B"), AT(0x380)},
	{"movs-from", BYTES("\x48\x89\xDE\x48\xC7\xC7\x00\x00\x30\x00\xA5\x48\x89\xF0\x48\x89\xF9"), AT(0x380)},
	{"stos", BYTES("\x48\x89\xDF\xAB\x8B\x0B\x48\x89\xF8"), AT(0x380)},
	{"lods", BYTES("\x48\x89\xDE\xAD\x48\x89\xF1"), AT(0x380)},
	{"scas", BYTES("\x48\x89\xDF\xAF\x9C\x59\x48\x89\xF8"), AT(0x380)},
	{"moffs", BYTES("\xA1\x80\x03\xE0\xFE\x00\x00\x00\x00"), AT(0x380)},
	{"sib", BYTES("\x31\xC9\x8B\x84\x8B\x80\x03\x00\x00"), AT(0)},
	{"gs-free", BYTES("\x3E\x8B\x03"), AT(0x380)},
	{"addr32", BYTES("\x67\x8B\x03"), AT(0x380)},
	{"movsxd", BYTES("\x48\x63\x03"), AT(0x380)},
	{"cmov", BYTES("\x31\xC9\x0F\x44\x03"), AT(0x380)},
	{"imul", BYTES("\x0F\xAF\x03"), AT(0x380)},
	{"shl", BYTES("\xD1\x23\x8B\x0B"), AT(0x380)},
	{"ror-imm", BYTES("\xC1\x0B\x08\x8B\x0B"), AT(0x380)},
	{"sar-cl", BYTES("\xB9\x05\x00\x00\x00\xD3\x3B\x9C\x59\x8B\x03"), AT(0x380)},
	{"rcl", BYTES("\xF9\xD1\x13\x9C\x59\x8B\x03"), AT(0x380)},
	{"mul", BYTES("\xF7\x23"), AT(0x380)},
	{"imul-1", BYTES("\xF7\x2B\x9C\x59"), AT(0x380)},
	{"imul-imm8", BYTES("\x6B\x03\xFB"), AT(0x380)},
	{"imul-imm", BYTES("\x69\x03\x45\x23\x01\x00"), AT(0x380)},
	{"div", BYTES("\x31\xD2\xF7\x33"), AT(0x380)},
	{"div-overflow", BYTES("\xF7\x33"), AT(0x380)},
	{"div-zero", BYTES("\x31\xD2\x89\x13\xF7\x33"), AT(0x380)},
	{"idiv", BYTES("\x99\xF7\x3B"), AT(0x380)},
	{"idiv-negative", BYTES("\xF7\xD8\x99\xF7\x3B"), AT(0x380)},
	{"shld-imm", BYTES("\x0F\xA4\x13\x05\x9C\x59\x8B\x03"), AT(0x380)},
	{"shrd-cl", BYTES("\x0F\xAD\x13\x9C\x59\x8B\x03"), AT(0x380)},
	{"bsf", BYTES("\x0F\xBC\x03"), AT(0x380)},
	{"bsr", BYTES("\x0F\xBD\x03"), AT(0x380)},
	{"tzcnt", BYTES("\xF3\x0F\xBC\x03"), AT(0x380)},
	{"lzcnt", BYTES("\xF3\x0F\xBD\x03"), AT(0x380)},
	{"popcnt", BYTES("\xF3\x0F\xB8\x03"), AT(0x380)},
	{"movbe", BYTES("\x0F\x38\xF0\x03"), AT(0x380)},
	{"movbe-store", BYTES("\x0F\x38\xF1\x03\x8B\x0B"), AT(0x380)},
	{"movnti", BYTES("\x0F\xC3\x03\x8B\x0B"), AT(0x380)},
	{"push-word", BYTES("\x66\xFF\x33\x66\x58"), AT(0x380)},
	{"scas-repne", BYTES("\x48\x89\xDF\xB9\x01\x00\x00\x00\xF2\xAF\x9C\x58"), AT(0x380)},
	{"setc", BYTES("\xF9\x0F\x92\xC0\x0F\xB6\x03"), AT(0x380)},
	{"cmps", BYTES("\x48\x89\xDE\x48\x89\xDF\xA7\x9C\x58"), AT(0x380)},
	{"lock-xadd", BYTES("\xF0\x0F\xC1\x13\x8B\x0B"), AT(0x380)},
	{"lock-cmpxchg", BYTES("\x8B\x03\xF0\x0F\xB1\x13\x8B\x0B"), AT(0x380)},
	{"rip-relative-none", BYTES("\x44\x8B\x0B\x44\x89\xC9"), AT(0x380)},
	{"xchg-lock", BYTES("\xF0\x87\x13\x8B\x0B"), AT(0x380)},
	{"version-byte", BYTES("\x0F\xB6\x03"), AT(0x30)},
	{"version-word", BYTES("\x0F\xB7\x03"), AT(0x32)},
	{"version-al", BYTES("\x8A\x03"), AT(0x32)},
	{"lock-bts", BYTES("\xF0\x0F\xBA\x2B\x02\x8B\x0B"), AT(0x380)},
	{"lock-not", BYTES("\xF0\xF7\x13\x8B\x0B"), AT(0x380)},
	{"lock-load", BYTES("\xF0\x8B\x03"), AT(0x380)},
	{"lock-store", BYTES("\xF0\x89\x03"), AT(0x380)},
	{"lock-cmp", BYTES("\xF0\x39\x03"), AT(0x380)},
	{"lock-test", BYTES("\xF0\x85\x03"), AT(0x380)},
};
/* clang-format on */

static void page_instructions(void)
{
	group("apic-page");
	apic_write(0x320, 0x10000);
	for (size_t i = 0; i < sizeof(page) / sizeof(page[0]); i++) {
		apic_write(0x380, 0x7FFFFFF0);
		run_instructions(&page[i], 1, false);
	}
	apic_write(0x380, 0);
}

static uint64_t base_value;
static void write_base(void *unused)
{
	(void)unused;
	msr_write(APIC_BASE, base_value);
}

static void try_base(const char *name, uint64_t value)
{
	base_value = value;
	observe_one(name, probe(write_base, NULL));
}

static void x2apic_only(void)
{
	/* clang-format off */
	static const struct instruction rows[] = {
		{"write-id", BYTES("\x0F\x30"), {.rcx = 0x802}},
		{"write-version", BYTES("\x0F\x30"), {.rcx = 0x803}},
		{"write-isr", BYTES("\x0F\x30"), {.rcx = 0x810}},
		{"write-ldr", BYTES("\x0F\x30"), {.rcx = 0x80D}},
		{"write-current", BYTES("\x0F\x30"), {.rcx = 0x839}},
		{"read-eoi", BYTES("\x0F\x32"), {.rcx = 0x80B}},
		{"eoi-1", BYTES("\x0F\x30"), {.rax = 1, .rcx = 0x80B}},
		{"read-self", BYTES("\x0F\x32"), {.rcx = 0x83F}},
		{"self-reserved", BYTES("\x0F\x30"), {.rax = 0x100, .rcx = 0x83F}},
		{"read-icr-high", BYTES("\x0F\x32"), {.rcx = 0x831}},
		{"read-dfr", BYTES("\x0F\x32"), {.rcx = 0x80E}},
		{"tpr-reserved", BYTES("\x0F\x30"), {.rax = 0x100, .rcx = 0x808}},
		{"svr-reserved", BYTES("\x0F\x30"), {.rax = 0x101FF, .rcx = 0x80F}},
		{"lvt-reserved", BYTES("\x0F\x30"), {.rax = 0x80000000, .rcx = 0x832}},
		{"upper-half", BYTES("\x0F\x30"), {.rdx = 1, .rcx = 0x808}},
		{"icr-reserved", BYTES("\x0F\x30"), {.rax = 0x100000, .rcx = 0x830}},
		{"beyond", BYTES("\x0F\x32"), {.rcx = 0x840}},
		{"esr-1", BYTES("\x0F\x30"), {.rax = 1, .rcx = 0x828}},
		{"id", BYTES("\x0F\x32"), {.rcx = 0x802}},
		{"ldr", BYTES("\x0F\x32"), {.rcx = 0x80D}},
	};
	/* clang-format on */

	group("x2apic-msr");
	RUN(rows, false);
	taken.count = 0;
	msr_write(0x83F, VECTOR_LOW);
	open_for(100);
	observe_one("self-ipi-register", taken.count);
	verdict("page-is-memory-like", true, 0);
}

static void clear_errors(void)
{
	apic_write(0x280, 0);
	apic_write(0x280, 0);
}

/* What an APIC refuses to send or to take. */
static void errors(void)
{
	clear_errors();
	self_ipi(5);
	apic_write(0x280, 0);
	observe_one("illegal-vector", apic_read(0x280) & 0x60);
	observe_one("illegal-vector-irr", apic_read(0x200));
	clear_errors();
	apic_write(0x320, 0x10005);
	apic_write(0x280, 0);
	observe_one("illegal-lvt", apic_read(0x280) & 0x60);
	clear_errors();
	apic_write(0x320, 0x10000);
}

/* Switched off by software: local interrupts are masked, and what is sent is not taken. */
static void software_disabled(void)
{
	apic_write(0x320, 0x20000 | VECTOR_TIMER);
	apic_write(0xF0, 0xFF);
	observe_one("off-masks-timer", apic_read(0x320));
	apic_write(0x320, 0x20000 | VECTOR_TIMER);
	observe_one("off-keeps-masked", apic_read(0x320));
	taken.count = 0;
	self_ipi(VECTOR_LOW);
	open_for(100);
	observe("off-takes-nothing", (uint64_t[]){taken.count, apic_read(0x220)}, 2);
	apic_write(0xF0, 0x1FF);
	observe_one("on-stays-masked", apic_read(0x320));
	open_for(100);
	observe_one("on-again", taken.count);
	apic_write(0x320, 0x10000);
}

static struct {
	uint32_t isr, ppr, taken;
} outer;

/* A handler that lets others in. */
static void on_nesting(struct frame *frame)
{
	(void)frame;
	outer.ppr = apic_read(0xA0);
	self_ipi(VECTOR_HIGH);
	interrupts_on();
	for (unsigned i = 0; i < 100; i++)
		__asm__ volatile("pause");
	interrupts_off();
	outer.taken = taken.count;
	outer.isr = apic_read(0x120);
	apic_write(0xB0, 0);
}

static void nesting(void)
{
	taken.count = 0;
	handler_set(VECTOR_LOW, on_nesting);
	self_ipi(VECTOR_LOW);
	open_for(100);
	handler_set(VECTOR_LOW, on_interrupt);
	observe("nested", (uint64_t[]){outer.ppr, outer.taken, outer.isr, apic_read(0x120)}, 4);
	apic_write(0x80, 0x45);
	observe_one("ppr-of-tpr", apic_read(0xA0));
	apic_write(0x80, 0);
	apic_write(0xB0, 0);
	observe_one("eoi-of-nothing", apic_read(0xA0));
}

/* Ticks of the TSC that 1000 counts take, in eighths of what they took undivided. */
static void dividers(void)
{
	static const uint8_t codes[] = {0xB, 0x0, 0x1, 0x2, 0x3, 0x8, 0x9, 0xA};
	static const char *const names[] = {"by-1",  "by-2",  "by-4",  "by-8",
					    "by-16", "by-32", "by-64", "by-128"};

	apic_write(0x320, 0x10000 | VECTOR_TIMER);
	for (unsigned i = 0; i < sizeof(codes); i++) {
		uint64_t ticks = tsc_read();
		uint32_t counts;

		apic_write(0x3E0, codes[i]);
		apic_write(0x380, 1000000);
		for (unsigned j = 0; j < 20000; j++)
			__asm__ volatile("pause");
		counts = 1000000 - apic_read(0x390);
		ticks = tsc_read() - ticks;
		apic_write(0x380, 0);
		verdict(names[i],
			(uint64_t)counts << i < ticks + 1000 && (uint64_t)counts << i > ticks / 2,
			counts);
	}
	apic_write(0x3E0, 0xB);
}

/* From one mode of the timer to another. */
static void timer_modes(void)
{
	bool deadline = cpuid_of(1, 0).ecx & 1u << 24;

	apic_write(0x320, 0x10000 | VECTOR_TIMER);
	apic_write(0x380, 0x7FFFFFFF);
	apic_write(0x320, 0x30000 | VECTOR_TIMER);
	verdict("goes-on-periodic", apic_read(0x390) > 0x70000000, apic_read(0x390));
	observe_one("initial-stays", apic_read(0x380));
	apic_write(0x320, 0x10000 | VECTOR_TIMER);
	verdict("goes-on-one-shot", apic_read(0x390) > 0x70000000, apic_read(0x390));
	apic_write(0x380, 0);
	if (!deadline)
		return;
	apic_write(0x320, 0x50000 | VECTOR_TIMER);
	apic_write(0x380, 1000);
	observe_one("no-count-with-deadline", apic_read(0x390));
	msr_write(0x6E0, tsc_read() + 100000000);
	verdict("deadline-kept", msr_read(0x6E0) != 0, 0);
	msr_write(0x6E0, 0);
	observe_one("deadline-zero", msr_read(0x6E0));
	taken.count = 0;
	apic_write(0x320, 0x40000 | VECTOR_TIMER);
	msr_write(0x6E0, tsc_read() + 20000);
	msr_write(0x6E0, 0);
	open_for(20000);
	observe_one("deadline-withdrawn", taken.count);
	apic_write(0x320, 0x10000 | VECTOR_TIMER);
	observe_one("deadline-elsewhere", msr_read(0x6E0));
}

static bool base_taken(uint64_t value)
{
	base_value = value;
	return probe(write_base, NULL) == VECTOR_NONE;
}

static uint32_t word_at(uint64_t address)
{
	return *(volatile uint32_t *)address;
}

/*
 * Off by the MSR, which resets the APIC; and its page elsewhere. Last of all: the emulator's does not come back, so
 * that only a VM can pass.
 */
void test_apic_off(void)
{
	uint64_t base = (msr_read(APIC_BASE) & 0x100) | PAGE | BASE_ENABLE;
	uint64_t off = base & ~(uint64_t)BASE_ENABLE;

	group("apic-off");
	self_ipi(VECTOR_LOW);
	verdict("off", base_taken(off), 0);
	verdict("not-offered", !(cpuid_of(1, 0).edx & 1u << 9), 0);
	verdict("off-to-x2apic", !base_taken(base | BASE_X2APIC), 0);
	verdict("off-to-neither", !base_taken(off | BASE_X2APIC), 0);
	cr8_write(5);
	verdict("cr8", cr8_read() == 5, cr8_read());
	cr8_write(0);
	verdict("page-is-gone", word_at(PAGE + 0x30) == UINT32_MAX, word_at(PAGE + 0x30));
	x2apic = false;
	verdict("to-xapic", base_taken(base), 0);
	verdict("is-reset",
		apic_read(0x80) == 0 && apic_read(0xF0) == 0xFF && apic_read(0x320) == 0x10000,
		apic_read(0xF0));
	apic_write(0xF0, 0x1FF);
	taken.count = 0;
	open_for(100);
	verdict("request-is-gone", taken.count == 0, taken.count);
	verdict("moved", base_taken((base & 0xFFF) | MOVED_PAGE), 0);
	verdict("moved-version", word_at(MOVED_PAGE + 0x30) != UINT32_MAX, 0);
	verdict("nothing-left-behind", word_at(PAGE + 0x30) == UINT32_MAX, word_at(PAGE + 0x30));
	verdict("moved-back", base_taken(base) && apic_read(0x30) != UINT32_MAX, 0);
	self_ipi(VECTOR_LOW);
	open_for(100);
	verdict("works-again", taken.count == 1, taken.count);
	verdict("to-x2apic", base_taken(base | BASE_X2APIC) && msr_read(0x80F) == 0x1FF, 0);
}

static void all(const char *title)
{
	group(title);
	apic_write(0xF0, 0x1FF);
	apic_write(0x350, 0x10000);
	apic_write(0x360, 0x10000);
	registers_seen();
	interrupts();
	nmis();
	timer();
	errors();
	software_disabled();
	nesting();
	dividers();
	timer_modes();
}

void test_apic(void)
{
	uint64_t base = msr_read(APIC_BASE);

	handler_set(VECTOR_LOW, on_interrupt);
	handler_set(VECTOR_HIGH, on_interrupt);
	handler_set(VECTOR_TIMER, on_interrupt);
	group("apic-base");
	verdict("enabled-bsp", (base & 0x900) == 0x900, base);
	if (base & BASE_X2APIC) { /* as firmware leaves it that knows x2APIC */
		msr_write(APIC_BASE, base & ~(uint64_t)(BASE_ENABLE | BASE_X2APIC));
		msr_write(APIC_BASE, base & ~(uint64_t)BASE_X2APIC);
	}
	base = msr_read(APIC_BASE);
	observe_one("value", base);
	try_base("reserved-bit", base | 1);
	try_base("beyond-width", base | UINT64_C(1) << 45);
	try_base("x2apic-without-enable", (base & ~(uint64_t)BASE_ENABLE) | BASE_X2APIC);
	all("xapic");
	see_register("ldr", 0xD0, 0x12345678);
	see_register("dfr", 0xE0, 0x0FFFFFFF);
	page_instructions();
	group("apic-base");
	try_base("to-x2apic", base | BASE_X2APIC);
	x2apic = true;
	try_base("back-to-xapic", base);
	all("x2apic");
	x2apic_only();
}
