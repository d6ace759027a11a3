/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual-8086 mode, entered by IRET, at 0x7000; every row ends by an exception. */
#include "conform32.h"

#define CODE     ((volatile uint8_t *)fixed(0x7000))
#define FLAGS_VM 0x20002u

void enter_virtual(uint32_t ip, uint32_t flags);

static uint32_t flags;

static void enter(void)
{
	enter_virtual(0, flags);
}

/* clang-format off */
static const struct instruction rows[] = {
	{"hlt", BYTES("\xF4"), {0}},
	{"cli", BYTES("\xFA\xF4"), {0}},
	{"pushf", BYTES("\x9C\xF4"), {0}},
	{"int", BYTES("\xCD\x21"), {0}},
	{"int3", BYTES("\xCC"), {0}},
	{"ud2", BYTES("\x0F\x0B"), {0}},
	{"mov-cr", BYTES("\x0F\x20\xC0"), {0}},
	{"cpuid", BYTES("\x66\x31\xC0\x0F\xA2\xF4"), {0}},
	{"in-denied", BYTES("\xE4\x70"), {0}},
	{"in-allowed", BYTES("\xEC\xF4"), {0}},
	{"ins", BYTES("\x6C\xF4"), {0}},
	{"rep-ins", BYTES("\xB9\x05\x00\xF3\x6C\xF4"), {0}},
	{"rep-outs-edge", BYTES("\xBE\xFE\xFF\xB9\x04\x00\xF3\x6E\xF4"), {0}},
	{"outsw-over", BYTES("\xBE\xFF\xFF\x6F\xF4"), {0}},
	{"load-over", BYTES("\xBB\xFF\xFF\x8B\x07\xF4"), {0}},
	{"push-ss-over", BYTES("\xBC\x01\x00\x50\xF4"), {0}},
	{"vmcall-other", BYTES("\x0F\x01\xC2"), {0}},
	{"sldt", BYTES("\x0F\x00\xC0"), {0}},
	{"rdtsc", BYTES("\x0F\x31\xF4"), {0}},
	{"wbinvd", BYTES("\x0F\x09"), {0}},
	{"rdmsr", BYTES("\x0F\x32"), {0}},
	{"xsetbv", BYTES("\x0F\x01\xD1"), {0}},
	{"call-far", BYTES("\x9A\x10\x00\x00\x07\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\xF4"), {0}},
};
/* clang-format on */

static void run(const char *title, uint32_t with)
{
	group(title);
	flags = FLAGS_VM | with;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t vector;

		for (size_t j = 0; j < 32; j++)
			CODE[j] = j < rows[i].size ? (uint8_t)rows[i].bytes[j] : 0xF4;
		vector = probe(enter);
		observe(rows[i].name,
			(uint32_t[]){vector, caught_frame.error, caught_frame.eip, caught_frame.cs,
				     caught_frame.eflags & 0x33FFF},
			5);
	}
}

void test_virtual(void)
{
	run("virtual-iopl0", 0);
	run("virtual-iopl3", 0x3000);
}
