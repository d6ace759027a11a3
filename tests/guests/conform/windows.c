/* SPDX-License-Identifier: Apache-2.0 */
/* Where exactly pending interrupts and NMIs come: behind shadows, and behind instructions that exit. */
#include "conform.h"

#define VECTOR_PENDING 0x52u
#define ICR            0x830u
#define SELF           0x40000u
#define IOAPIC         0xFEC00000u

static uint8_t code[64] __attribute__((aligned(64)));
static uint64_t ioapic = IOAPIC;
static struct {
	uint32_t count, nested;
	uint64_t rip[4], flags;
} seen;

static void note(const struct frame *frame)
{
	if (seen.count < 4)
		seen.rip[seen.count] = frame->rip - (uint64_t)code;
	seen.flags = frame->rflags & 0x10300;
	seen.count++;
}

static void on_interrupt(struct frame *frame)
{
	note(frame);
	msr_write(0x80B, 0);
}

static void on_nmi(struct frame *frame)
{
	note(frame);
}

/* Others wait until the handler has returned, whatever it does meanwhile. */
static void on_nmi_again(struct frame *frame)
{
	uint32_t before = seen.count;

	note(frame);
	if (before > 0)
		return;
	msr_write(ICR, 0x400);
	msr_write(ICR, 0x400);
	(void)cpuid_of(0, 0);
	(void)port_read(0x1500);
	(void)*(volatile uint32_t *)ioapic;
	seen.nested = seen.count - 1;
}

struct window {
	const char *name;
	const char *bytes;
	size_t size;
	uint64_t rax, rbx, rcx, rdx;
};

static const struct window *row;

static void run_row(void *unused)
{
	uint64_t rax = row->rax, rbx = row->rbx, rcx = row->rcx, rdx = row->rdx;

	(void)unused;
	__asm__ volatile("call *%4"
			 : "+a"(rax), "+b"(rbx), "+c"(rcx), "+d"(rdx)
			 : "S"(code)
			 : "memory", "cc", "rdi");
}

static void try_row(const struct window *with, bool pending)
{
	static const uint8_t end[] = {0x90, 0x90, 0xFA, 0x90, 0xC3}; /* nop; nop; cli; nop; ret */
	uint32_t vector;

	row = with;
	for (size_t i = 0; i < with->size; i++)
		code[i] = (uint8_t)with->bytes[i];
	for (size_t i = 0; i < sizeof(end); i++)
		code[with->size + i] = end[i];
	seen.count = seen.nested = 0;
	seen.rip[0] = seen.rip[1] = seen.flags = 0;
	if (pending)
		msr_write(ICR, SELF | VECTOR_PENDING);
	vector = probe(run_row, NULL);
	observe(with->name,
		(uint64_t[]){vector, seen.count, seen.rip[0], seen.rip[1], seen.flags, seen.nested},
		6);
}

/* clang-format off */
static const struct window interrupts[] = {
	{"sti-nop", BYTES("\xFB\x90\x90"), 0, 0, 0, 0},
	{"sti-cpuid", BYTES("\xFB\x0F\xA2"), 0, 0, 0, 0},
	{"sti-in", BYTES("\xFB\xEC"), 0, 0, 0, 0x1500},
	{"sti-out", BYTES("\xFB\xEE"), 0, 0, 0, 0x1500},
	{"sti-rdmsr", BYTES("\xFB\x0F\x32"), 0, 0, 0x1B, 0},
	{"sti-wrmsr", BYTES("\xFB\x0F\x30"), 0, 0, 0x8B, 0},
	{"sti-wbinvd", BYTES("\xFB\x0F\x09"), 0, 0, 0, 0},
	{"sti-read", BYTES("\xFB\x8B\x03"), 0, IOAPIC, 0, 0},
	{"sti-write", BYTES("\xFB\x89\x03"), 0, IOAPIC, 0, 0},
	{"sti-sti-cpuid", BYTES("\xFB\xFB\x0F\xA2"), 0, 0, 0, 0},
	{"sti-mov-ss-cpuid", BYTES("\xFB\x8E\xD3\x0F\xA2"), 0, SELECTOR_DATA, 0, 0},
	{"sti-nop-mov-ss-cpuid", BYTES("\xFB\x8E\xD3\x8E\xD3\x0F\xA2"), 0, SELECTOR_DATA, 0, 0},
	{"sti-hlt", BYTES("\xFB\xF4"), 0, 0, 0, 0},
	{"sti-cli-cpuid", BYTES("\xFB\xFA\x0F\xA2"), 0, 0, 0, 0},
	{"popf-cpuid", BYTES("\x68\x02\x02\x00\x00\x9D\x0F\xA2"), 0, 0, 0, 0},
	{"sti-ud-exiting", BYTES("\xFB\x0F\x01\xC4"), 0, 0, 0, 0},
	{"sti-gp-exiting", BYTES("\xFB\x0F\x22\xE0"), 0x8020, 0, 0, 0},
	{"sti-lsw-cr8", BYTES("\xFB\x44\x0F\x20\xC0\x44\x0F\x22\xC0"), 0, 0, 0, 0},
};

static const struct window nmis[] = {
	{"wrmsr", BYTES("\x0F\x30"), 0x400, 0, ICR, 0},
	{"sti-wrmsr", BYTES("\xFB\x0F\x30"), 0x400, 0, ICR, 0},
	{"mov-ss-wrmsr", BYTES("\x8E\xD3\x0F\x30"), 0x400, SELECTOR_DATA, ICR, 0},
	{"wrmsr-mov-ss", BYTES("\x0F\x30\x8E\xD3\x90"), 0x400, SELECTOR_DATA, ICR, 0},
	{"wrmsr-cpuid", BYTES("\x0F\x30\x0F\xA2"), 0x400, 0, ICR, 0},
	{"wrmsr-hlt", BYTES("\x0F\x30\x31\xC0"), 0x400, 0, ICR, 0},
	{"twice", BYTES("\x0F\x30\x0F\x30"), 0x400, 0, ICR, 0},
};
/* clang-format on */

void test_windows(void)
{
	handler_set(VECTOR_PENDING, on_interrupt);
	group("interrupt-window");
	for (size_t i = 0; i < sizeof(interrupts) / sizeof(interrupts[0]); i++) {
		try_row(&interrupts[i], true);
		interrupts_on();
		__asm__ volatile("nop; nop");
		interrupts_off();
	}
	handler_set(VECTOR_NMI, on_nmi);
	group("nmi-window");
	for (size_t i = 0; i < sizeof(nmis) / sizeof(nmis[0]); i++)
		try_row(&nmis[i], false);
	handler_set(VECTOR_NMI, on_nmi_again);
	group("nmi-within");
	for (size_t i = 0; i < 2; i++)
		try_row(&nmis[i], false);
	handler_set(VECTOR_NMI, NULL);
}
