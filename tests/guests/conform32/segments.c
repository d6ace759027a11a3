/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions of 32-bit code, and string I/O within segments. */
#include "conform32.h"

#define PORT 0x1500
#define ONES 0xA5A5A5A5u

/* clang-format off */
static const struct instruction rows[] = {
	{"cpuid-vendor", BYTES("\x0F\xA2"), {0}},
	{"in-al", BYTES("\xEC"), {.eax = ONES, .edx = PORT}},
	{"in-ax", BYTES("\x66\xED"), {.eax = ONES, .edx = PORT}},
	{"in-eax", BYTES("\xED"), {.eax = ONES, .edx = PORT}},
	{"lmsw-ts", BYTES("\x0F\x20\xC3\xB8\x09\x00\x00\x00\x0F\x01\xF0\x0F\x20\xC0\x0F\x06\x0F\x20\xC1"), {0}},
	{"lmsw-pe", BYTES("\x31\xC0\x0F\x01\xF0\x0F\x20\xC0"), {0}},
	{"smsw", BYTES("\x0F\x01\xE0"), {.eax = ONES}},
	{"mov-cr0-reserved", BYTES("\x0F\x20\xC0\x0D\x00\x00\x00\x08\x0F\x22\xC0\x0F\x20\xC0"), {0}},
	{"mov-cr4-reserved", BYTES("\x0F\x20\xE0\x0D\x00\x80\x00\x00\x0F\x22\xE0"), {0}},
	{"cr4-pcide", BYTES("\x0F\x20\xE0\x0D\x00\x00\x02\x00\x0F\x22\xE0"), {0}},
	{"cr4-vme-pvi", BYTES("\x0F\x20\xE0\x83\xC8\x03\x0F\x22\xE0\x0F\x20\xE0\x83\xE0\xFC\x0F\x22\xE0"), {0}},
	{"cr0-nw", BYTES("\x0F\x20\xC0\x0D\x00\x00\x00\x20\x0F\x22\xC0"), {0}},
	{"cr0-cd", BYTES("\x0F\x20\xC0\x89\xC1\x0D\x00\x00\x00\x40\x0F\x22\xC0\x0F\x20\xC0\x0F\x22\xC1"), {0}},
	{"bound-ok", BYTES("\x62\x03"), {.eax = 0, .ebx = (uint32_t)0}},
	{"into", BYTES("\xB0\x7F\x04\x01\xCE"), {0}},
	{"aam-0", BYTES("\xD4\x00"), {0}},
	{"salc", BYTES("\xF9\xD6"), {0}},
	{"int-90-absent", BYTES("\xCD\xF0"), {0}},
	{"load-small-over", BYTES("\x8E\xD8\x8B\x03"), {.eax = SELECTOR_SMALL, .ebx = 0xFFD}},
	{"load-small-edge", BYTES("\x8E\xD8\x8B\x03\xB9\x10\x00\x00\x00\x8E\xD9\x31\xC0"), {.eax = SELECTOR_SMALL, .ebx = 0xFFC}},
	{"load-down-under", BYTES("\x8E\xD8\x8B\x03"), {.eax = SELECTOR_DOWN, .ebx = 0x7FFC}},
	{"load-down-edge", BYTES("\x8E\xD8\x8B\x03\xB9\x10\x00\x00\x00\x8E\xD9\x31\xC0"), {.eax = SELECTOR_DOWN, .ebx = 0x8000}},
	{"store-read-only", BYTES("\x8E\xD8\x89\x03"), {.eax = SELECTOR_READ, .ebx = 0}},
	{"load-absent", BYTES("\x8E\xD8"), {.eax = SELECTOR_ABSENT}},
	{"load-ss-absent", BYTES("\x8E\xD0"), {.eax = SELECTOR_ABSENT}},
	{"load-ss-read-only", BYTES("\x8E\xD0"), {.eax = SELECTOR_READ}},
	{"load-null-use", BYTES("\x31\xC0\x8E\xC0\x26\x8B\x03"), {0}},
	{"jmp-far-data", BYTES("\xEA\x00\x00\x00\x00\x10\x00"), {0}},
	{"call-far-null", BYTES("\x9A\x00\x00\x00\x00\x00\x00"), {0}},
	{"vmcall-other", BYTES("\x0F\x01\xC2"), {0}},
	{"sysenter-off", BYTES("\x0F\x34"), {0}},
	{"syscall-32", BYTES("\x0F\x05"), {0}},
	{"rdmsr-efer", BYTES("\x0F\x32"), {.ecx = 0xC0000080}},
	{"monitor-rsm", BYTES("\x0F\xAA"), {0}},
};

/* A segment in EBX for ES or DS, flat again behind it. */
static const struct instruction strings[] = {
	{"ins-small", BYTES("\x8E\xC3\x6D\xBB\x10\x00\x00\x00\x8E\xC3"), {.ebx = SELECTOR_SMALL, .edi = 0xFFC, .edx = PORT}},
	{"ins-small-over", BYTES("\x8E\xC3\x6D"), {.ebx = SELECTOR_SMALL, .edi = 0xFFD, .edx = PORT}},
	{"rep-ins-runs-over", BYTES("\x8E\xC3\xF3\x6C"), {.ebx = SELECTOR_SMALL, .edi = 0xFFC, .edx = PORT, .ecx = 9}},
	{"ins-read-only", BYTES("\x8E\xC3\x6C"), {.ebx = SELECTOR_READ, .edi = 0x300000, .edx = PORT}},
	{"ins-null", BYTES("\x8E\xC3\x6C"), {.ebx = 0, .edi = 0x300000, .edx = PORT}},
	{"ins-down", BYTES("\x8E\xC3\x6C\xBB\x10\x00\x00\x00\x8E\xC3"), {.ebx = SELECTOR_DOWN, .edi = 0x8000, .edx = PORT}},
	{"ins-down-under", BYTES("\x8E\xC3\x6C"), {.ebx = SELECTOR_DOWN, .edi = 0x7FFF, .edx = PORT}},
	{"ins-down-top", BYTES("\x8E\xC3\x6D"), {.ebx = SELECTOR_DOWN, .edi = 0xFFFE, .edx = PORT}},
	{"outs-fs", BYTES("\x8E\xE3\x64\x6E\xBB\x10\x00\x00\x00\x8E\xE3"), {.ebx = SELECTOR_SMALL, .esi = 4, .edx = PORT}},
	{"outs-fs-over", BYTES("\x8E\xE3\x64\x66\x6F"), {.ebx = SELECTOR_SMALL, .esi = 0xFFF, .edx = PORT}},
	{"outs-ss", BYTES("\x36\x6E"), {.esi = 0x300000, .edx = PORT}},
	{"outs-code", BYTES("\x2E\x6E"), {.esi = 0x300000, .edx = PORT}},
	{"addr16-ins", BYTES("\x8E\xC3\x67\xF3\x6C\xBB\x10\x00\x00\x00\x8E\xC3"), {.ebx = SELECTOR_SMALL, .edi = 0x12340010, .edx = PORT, .ecx = 0x56780003}},
	{"addr16-outs", BYTES("\x8E\xE3\x64\x67\xF3\x6E\xBB\x10\x00\x00\x00\x8E\xE3"), {.ebx = SELECTOR_SMALL, .esi = 0x1234000E, .edx = PORT, .ecx = 0x56780002}},
	{"ins-wrap", BYTES("\x90"), {0}},
	{"rep-outsd-std", BYTES("\xFD\xF3\x6F\xFC"), {.esi = 0x300040, .edx = PORT, .ecx = 8}},
};
/* clang-format on */

void test_segments(void)
{
	group("code32");
	RUN(rows);
	group("strings32");
	RUN(strings);
}
