/* SPDX-License-Identifier: Apache-2.0 */
/* Real mode: instructions and the vectors that they end with; INT 0x60 is the end of all others. */
#include "conform32.h"

#define BASE 0x7000u
#define ROW  0x400u

void enter_real(void);
extern const char real_begin[], real_end[], real_handler[], real_cs_offset[];

/* clang-format off */
static const struct instruction rows[] = {
	{"nothing", BYTES("\x90"), {0}},
	{"cpuid", BYTES("\x0F\xA2"), {0}},
	{"in", BYTES("\xB8\x34\x12\xEC"), {0}},
	{"in-eax", BYTES("\x66\xB8\x78\x56\x34\x12\x66\xED"), {0}},
	{"in-ax", BYTES("\x66\xB8\x78\x56\x34\x12\xED"), {0}},
	{"ins", BYTES("\x6D"), {0}},
	{"rep-ins", BYTES("\xB9\x07\x00\xF3\x6C"), {0}},
	{"ins-over", BYTES("\xB8\x00\x20\x8E\xC0\xBF\xFF\xFF\x6D"), {0}},
	{"rep-ins-wraps", BYTES("\xB8\x00\x20\x8E\xC0\xBF\xFE\xFF\xB9\x04\x00\xF3\x6C"), {0}},
	{"addr32-ins-over", BYTES("\x66\xBF\x00\x00\x01\x00\x67\x6C"), {0}},
	{"addr32-ins", BYTES("\x67\x6C"), {0}},
	{"outs-cs", BYTES("\x2E\x6E"), {0}},
	{"outs-ss-over", BYTES("\xBE\xFF\xFF\x36\x6F"), {0}},
	{"out", BYTES("\xEE"), {0}},
	{"int", BYTES("\xCD\x21"), {0}},
	{"int3", BYTES("\xCC"), {0}},
	{"int1", BYTES("\xF1"), {0}},
	{"into", BYTES("\xB0\x7F\x04\x01\xCE"), {0}},
	{"divide", BYTES("\x31\xC9\xF7\xF1"), {0}},
	{"bound", BYTES("\xB8\x05\x00\x62\x05"), {0}},
	{"ud2", BYTES("\x0F\x0B"), {0}},
	{"vmxoff", BYTES("\x0F\x01\xC4"), {0}},
	{"vmread", BYTES("\x0F\x78\xC0"), {0}},
	{"rsm", BYTES("\x0F\xAA"), {0}},
	{"lock", BYTES("\xF0\x90"), {0}},
	{"load-over", BYTES("\xBB\xFF\xFF\x8B\x07"), {0}},
	{"cr4-reserved", BYTES("\x66\xB8\x00\x80\x00\x00\x0F\x22\xE0"), {0}},
	{"cr0-pg", BYTES("\x0F\x20\xC0\x66\x0D\x00\x00\x00\x80\x0F\x22\xC0"), {0}},
	{"cr0-cd", BYTES("\x0F\x20\xC0\x66\x89\xC3\x66\x0D\x00\x00\x00\x40\x0F\x22\xC0\x0F\x20\xC1\x0F\x22\xC3"), {0}},
	{"wbinvd", BYTES("\x0F\x09"), {0}},
	{"invd", BYTES("\x0F\x08"), {0}},
	{"smsw", BYTES("\x0F\x01\xE0"), {0}},
	{"lmsw-ts", BYTES("\xB8\x08\x00\x0F\x01\xF0\x0F\x20\xC0\x0F\x06"), {0}},
	{"sldt", BYTES("\x0F\x00\xC0"), {0}},
	{"lar", BYTES("\x0F\x02\xC0"), {0}},
	{"arpl", BYTES("\x63\xC0"), {0}},
	{"verr", BYTES("\x0F\x00\xE0"), {0}},
	{"rdmsr-efer", BYTES("\x66\xB9\x80\x00\x00\xC0\x0F\x32"), {0}},
	{"xsetbv", BYTES("\x0F\x01\xD1"), {0}},
	{"sysenter", BYTES("\x0F\x34"), {0}},
	{"clts", BYTES("\x0F\x06"), {0}},
	{"step", BYTES("\x9C\x58\x80\xCC\x01\x50\x9D\x0F\x09\x90"), {0}},
	{"step-in", BYTES("\x9C\x58\x80\xCC\x01\x50\x9D\xEC\x90"), {0}},
	{"popf", BYTES("\x68\xD7\x7E\x9D\x9C\x58"), {0}},
	{"far-call", BYTES("\x9A\x09\x04\x00\x07\x90\x90\x90\x90\x8C\xCB"), {0}},
};
/* clang-format on */

static void copy(uint32_t to, const char *from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((volatile uint8_t *)fixed(to))[i] = (uint8_t)from[i];
}

static uint16_t word(uint32_t address)
{
	return *(volatile uint16_t *)fixed(address);
}

/* Vector i goes to the handler's linear address by the code segment that is i paragraphs lower. */
static void vectors(void)
{
	uint32_t handler = BASE + (uint32_t)(real_handler - real_begin);

	for (uint32_t i = 0; i < 256; i++) {
		*(volatile uint16_t *)fixed(4 * i) = (uint16_t)(16 * i);
		*(volatile uint16_t *)fixed(4 * i + 2) = (uint16_t)(handler / 16 - i);
	}
}

static void run(const struct instruction *row)
{
	uint32_t handler = BASE + (uint32_t)(real_handler - real_begin);
	uint32_t stack;

	copy(BASE + ROW, row->bytes, row->size);
	copy(BASE + ROW + row->size, "\xCD\x60", 2);
	enter_real();
	stack = BASE + word(BASE + (uint32_t)real_cs_offset + 2);
	observe(row->name,
		(uint32_t[]){handler / 16 - word(BASE + (uint32_t)real_cs_offset),
			     word(stack + 32) - ROW, word(stack + 34), word(stack + 36),
			     *(volatile uint32_t *)fixed(stack + 28),
			     *(volatile uint32_t *)fixed(stack + 16),
			     *(volatile uint32_t *)fixed(stack + 24),
			     *(volatile uint32_t *)fixed(stack),
			     *(volatile uint32_t *)fixed(stack + 4)},
		9);
}

void test_real(void)
{
	group("real");
	gdt[0x70 / 8] = descriptor(0, 0xFFFF, 0x0093);
	vectors();
	copy(BASE, real_begin, (size_t)(real_end - real_begin));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run(&rows[i]);
}
