/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions of 32-bit code on the local APIC's page, all on a register that can be written: the timer's count. */
#include "conform32.h"

#define APIC_COUNT 0xFEE00380u
#define APIC_TIMER 0xFEE00320u
#define MASKED     0x10000u
#define START      0x7FFFFFF0u
#define APIC_BASE  0x1B

/* clang-format off */
static const struct instruction rows[] = {
#define COUNT {.ebx = APIC_COUNT, .eax = 0x11223344, .ecx = 0x7, .edx = 0x55667788}
	{"push", BYTES("\xFF\x33\x58"), COUNT},
	{"push-word", BYTES("\x66\xFF\x33\x66\x58"), COUNT},
	{"pop", BYTES("\x68\x78\x56\x34\x12\x8F\x03\x8B\x0B"), COUNT},
	{"push-esp", BYTES("\x54\xFF\x33\x59\x58\x29\xE0"), COUNT},
	{"shl", BYTES("\xD1\x23\x9C\x59\x8B\x03"), COUNT},
	{"shr-4", BYTES("\xC1\x2B\x04\x9C\x59\x8B\x03"), COUNT},
	{"rol-cl", BYTES("\xD3\x03\x9C\x59\x8B\x03"), COUNT},
	{"rcr", BYTES("\xF9\xD1\x1B\x9C\x59\x8B\x03"), COUNT},
	{"sar-cl", BYTES("\xD3\x3B\x9C\x59\x8B\x03"), COUNT},
	{"shl-0", BYTES("\xF9\xC1\x23\x00\x9C\x59\x8B\x03"), COUNT},
	{"mul", BYTES("\xF7\x23\x9C\x59"), COUNT},
	{"imul-1", BYTES("\xF7\x2B\x9C\x59"), COUNT},
	{"mul-byte", BYTES("\xF6\x23"), COUNT},
	{"mul-word", BYTES("\x66\xF7\x23"), COUNT},
	{"imul-imm8", BYTES("\x6B\x03\x05"), COUNT},
	{"imul-imm", BYTES("\x69\x03\x45\x23\x01\x00"), COUNT},
	{"bsf", BYTES("\x0F\xBC\x03"), COUNT},
	{"bsr", BYTES("\x0F\xBD\x03"), COUNT},
	{"tzcnt", BYTES("\xF3\x0F\xBC\x03"), COUNT},
	{"lzcnt", BYTES("\xF3\x0F\xBD\x03"), COUNT},
	{"popcnt", BYTES("\xF3\x0F\xB8\x03"), COUNT},
	{"bsf-zero", BYTES("\xC7\x03\x00\x00\x00\x00\x0F\xBC\x03\x0F\x94\xC1"), COUNT},
	{"movbe-load", BYTES("\x0F\x38\xF0\x03"), COUNT},
	{"movbe-store", BYTES("\x0F\x38\xF1\x03\x8B\x0B"), COUNT},
	{"movnti", BYTES("\x0F\xC3\x03\x8B\x0B"), COUNT},
	{"lock-inc", BYTES("\xF0\xFF\x03\x8B\x0B"), COUNT},
	{"lock-btc", BYTES("\xF0\x0F\xBA\x3B\x02\x8B\x0B"), COUNT},
	{"sub", BYTES("\x29\x03\x9C\x59\x8B\x03"), COUNT},
	{"cmp-imm", BYTES("\x81\x3B\xF0\xFF\xFF\x7F\x9C\x59"), COUNT},
	{"test-imm", BYTES("\xF7\x03\x00\x00\x00\x80\x9C\x59"), COUNT},
	{"or-imm8", BYTES("\x83\x0B\x0F\x8B\x0B"), COUNT},
	{"xchg", BYTES("\x87\x03\x8B\x0B"), COUNT},
	{"cmov", BYTES("\x31\xC9\x0F\x44\x03"), COUNT},
	{"moffs", BYTES("\xA1\x80\x03\xE0\xFE"), COUNT},
	{"moffs-store", BYTES("\xA3\x80\x03\xE0\xFE\x8B\x0B"), COUNT},
	{"addr16-none", BYTES("\x8B\x04\x23"), COUNT},
	{"es", BYTES("\x26\x8B\x03"), COUNT},
	{"movzx", BYTES("\x0F\xB7\x03"), COUNT},
	{"movsx", BYTES("\x0F\xBE\x03"), COUNT},
};
/* clang-format on */

/* A boot loader that knows x2APIC mode may have switched it on. */
static void to_xapic(void)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(APIC_BASE));
	if (!(low & 0x400))
		return;
	__asm__ volatile("wrmsr" : : "c"(APIC_BASE), "a"(low & ~0xC00u), "d"(high));
	__asm__ volatile("wrmsr" : : "c"(APIC_BASE), "a"((low & ~0x400u) | 0x800), "d"(high));
}

void test_apic_page(void)
{
	volatile uint32_t *count = fixed(APIC_COUNT), *timer = fixed(APIC_TIMER);

	to_xapic();
	group("apic-page32");
	*timer = MASKED;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		*count = START;
		run_instructions(&rows[i], 1);
	}
	*count = 0;
}
