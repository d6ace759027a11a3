/* SPDX-License-Identifier: Apache-2.0 */
/* IN, OUT, INS and OUTS at ports without a device: widths, partial registers, addresses, faults. */
#include "conform.h"

#define PORT  0x1500
#define ONES  UINT64_C(0xA5A5A5A5A5A5A5A5)
#define SPACE ((uint64_t)scratch)

/* clang-format off */
static const struct instruction rows[] = {
	{"in-al", BYTES("\xEC"), {.rax = ONES, .rdx = PORT}},
	{"in-ax", BYTES("\x66\xED"), {.rax = ONES, .rdx = PORT}},
	{"in-eax", BYTES("\xED"), {.rax = ONES, .rdx = PORT}},
	{"in-rex-w", BYTES("\x48\xED"), {.rax = ONES, .rdx = PORT}},
	{"in-imm8-al", BYTES("\xE4\xF7"), {.rax = ONES}},
	{"in-imm8-eax", BYTES("\xE5\xF4"), {.rax = ONES}},
	{"in-rdx-upper", BYTES("\xEC"), {.rax = ONES, .rdx = 0xFFFFFFFFFFFF0000 | PORT}},
	{"in-top", BYTES("\xED"), {.rax = ONES, .rdx = 0xFFFC}},
	{"in-beyond", BYTES("\xED"), {.rax = ONES, .rdx = 0xFFFE}},
	{"out-al", BYTES("\xEE"), {.rax = ONES, .rdx = PORT}},
	{"out-ax", BYTES("\x66\xEF"), {.rax = ONES, .rdx = PORT}},
	{"out-eax", BYTES("\xEF"), {.rax = ONES, .rdx = PORT}},
	{"out-imm8", BYTES("\xE6\xF7"), {.rax = ONES}},
	{"insb", BYTES("\x6C\x48\x89\xF8\x2D\x00\x00\x00\x00"), {.rdi = SPACE, .rdx = PORT, .rcx = ONES}},
	{"insw", BYTES("\x66\x6D\x48\x89\xF8"), {.rdi = SPACE, .rdx = PORT, .rcx = ONES}},
	{"insd", BYTES("\x6D\x48\x89\xF8"), {.rdi = SPACE, .rdx = PORT, .rcx = ONES}},
	{"insb-std", BYTES("\xFD\x6C\xFC\x48\x89\xF8"), {.rdi = SPACE + 8, .rdx = PORT, .rcx = ONES}},
	{"outsw-std", BYTES("\xFD\x66\x6F\xFC\x48\x89\xF0"), {.rsi = SPACE + 8, .rdx = PORT}},
	{"rep-insb", BYTES("\xF3\x6C\x48\x89\xF8"), {.rdi = SPACE, .rdx = PORT, .rcx = 300}},
	{"rep-insd-std", BYTES("\xFD\xF3\x6D\xFC\x48\x89\xF8"), {.rdi = SPACE + 400, .rdx = PORT, .rcx = 100}},
	{"repne-insb", BYTES("\xF2\x6C\x48\x89\xF8"), {.rdi = SPACE, .rdx = PORT, .rcx = 5}},
	{"rep-outsd", BYTES("\xF3\x6F\x48\x89\xF0"), {.rsi = SPACE, .rdx = PORT, .rcx = 200}},
	{"rep-outsb-zero", BYTES("\xF3\x6E\x48\x89\xF0"), {.rsi = UINT64_C(1) << 50, .rdx = PORT, .rcx = 0}},
	{"addr32-insb", BYTES("\x67\x6C\x48\x89\xF8"), {.rdi = 0xFFFFFFFF00000000 + SPACE, .rdx = PORT, .rcx = ONES}},
	{"addr32-rep-insb", BYTES("\x67\xF3\x6C\x48\x89\xF8"), {.rdi = 0xFFFFFFFF00000000 + SPACE, .rdx = PORT, .rcx = UINT64_C(5) << 32 | 2}},
	{"addr32-rep-outsb", BYTES("\x67\xF3\x6E\x48\x89\xF0"), {.rsi = 0x1100000000 + SPACE, .rdx = PORT, .rcx = UINT64_C(5) << 32 | 2}},
	{"ins-noncanonical", BYTES("\x6C"), {.rdi = UINT64_C(1) << 50, .rdx = PORT}},
	{"outs-noncanonical", BYTES("\x6E"), {.rsi = UINT64_C(1) << 50, .rdx = PORT}},
	{"outs-ss-noncanonical", BYTES("\x36\x6E"), {.rsi = UINT64_C(1) << 50, .rdx = PORT}},
	{"outs-gs", BYTES("\x65\x6E\x48\x89\xF0"), {.rsi = 0, .rdx = PORT}},
	{"lock-in", BYTES("\xF0\xEC"), {.rdx = PORT}},
	{"lock-out", BYTES("\xF0\xEE"), {.rdx = PORT}},
	{"in-80", BYTES("\x31\xC0\xE4\xF3"), {.rax = ONES}},
};
/* clang-format on */

static uint64_t sum(void)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < sizeof(scratch); i++)
		total = total * 31 + scratch[i];
	return total;
}

void test_ports(void)
{
	group("ports");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned j = 0; j < sizeof(scratch); j++)
			scratch[j] = (uint8_t)j;
		run_instructions(&rows[i], 1, false);
		observe_one(rows[i].name, sum());
	}
	group("ports-user"); /* neither IOPL nor a bitmap */
	run_instructions(rows, 3, true);
	run_instructions(&rows[13], 3, true);
}
