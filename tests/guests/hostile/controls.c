/* SPDX-License-Identifier: Apache-2.0 */
/* Control registers with values that they must not get, and with some that only look so. */
#include "survey.h"

#define CR0_PE UINT64_C(0x00000001)
#define CR0_MP UINT64_C(0x00000002)
#define CR0_TS UINT64_C(0x00000008)
#define CR0_NE UINT64_C(0x00000020)
#define CR0_NW UINT64_C(0x20000000)
#define CR0_CD UINT64_C(0x40000000)
#define CR0_PG UINT64_C(0x80000000)

#define CR4_PAE       UINT64_C(0x000020)
#define CR4_LA57      UINT64_C(0x001000)
#define CR4_VMXE      UINT64_C(0x002000)
#define CR4_SMXE      UINT64_C(0x004000)
#define CR4_OSXSAVE   UINT64_C(0x040000)
#define CPUID_XSAVE   (1u << 26)
#define CPUID_OSXSAVE (1u << 27)

#define TO_CR0 "\x0F\x22\xC0"
#define TO_CR3 "\x0F\x22\xD8"
#define TO_CR4 "\x0F\x22\xE0"
#define TO_CR8 "\x44\x0F\x22\xC0"
#define TO_DR6 "\x0F\x23\xF0"
#define TO_DR7 "\x0F\x23\xF8"
#define XSETBV "\x0F\x01\xD1"
#define LMSW   "\x0F\x01\xF0"
#define CLTS   "\x0F\x06"

/* Runs an instruction out of text with RAX; the vector that it was answered with. */
#define TRY(text, value) try_value(text, sizeof(text) - 1, value)
static uint32_t try_value(const char *bytes, size_t count, uint64_t value)
{
	struct registers registers = {.rax = value};

	return run_bytes(bytes, count, &registers, false);
}

void controls_cr0(void)
{
	uint64_t good = cr0_read();
	const uint64_t bad[] = {good & ~CR0_PE,
				good & ~CR0_PG,
				good | CR0_NW,
				(good & ~CR0_PE) | CR0_CD,
				(good & ~CR0_PG) | CR0_CD,
				good | UINT64_C(1) << 32,
				good | UINT64_C(1) << 63,
				(good | CR0_CD) | UINT64_C(1) << 40,
				(good | CR0_NW) & ~CR0_NE};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect(TRY(TO_CR0, bad[i]) == VECTOR_GENERAL_PROTECTION, "CR0 took", bad[i]);
		expect(cr0_read() == good, "CR0 is now", cr0_read());
	}
	/* caches off is accepted and shown; the core runs with caches all the same */
	expect(TRY(TO_CR0, good | CR0_CD | CR0_NW) == VECTOR_NONE, "CD and NW refused", 0);
	expect(cr0_read() == (good | CR0_CD | CR0_NW), "CR0 with CD and NW reads", cr0_read());
	expect(TRY(TO_CR0, good & ~CR0_NE) == VECTOR_NONE, "NE refused", 0);
	expect(cr0_read() == (good & ~CR0_NE), "CR0 without NE reads", cr0_read());
	expect(TRY(LMSW, CR0_TS | CR0_PE | CR0_MP) == VECTOR_NONE, "LMSW", 0);
	expect(cr0_read() & CR0_TS, "TS not set by LMSW:", cr0_read());
	expect(TRY(LMSW, 0) == VECTOR_NONE, "LMSW with 0", 0);
	expect(cr0_read() & CR0_PE, "PE cleared by LMSW:", cr0_read());
	expect(TRY(TO_CR0, good | CR0_TS) == VECTOR_NONE, "TS refused", 0);
	expect(TRY(CLTS, 0) == VECTOR_NONE && !(cr0_read() & CR0_TS), "CLTS:", cr0_read());
	cr0_write(good);
	expect(cr0_read() == good, "CR0 in the end:", cr0_read());
}

void controls_cr4(void)
{
	uint64_t good = cr4_read();
	const uint64_t bad[] = {good | CR4_VMXE,
				good | CR4_SMXE,
				good ^ CR4_LA57,
				good & ~CR4_PAE,
				good | CR4_VMXE | CR4_SMXE,
				good | UINT64_C(1) << 31,
				good | UINT64_C(1) << 32,
				good | UINT64_C(1) << 63,
				(good & ~CR4_PAE) | CR4_VMXE,
				UINT64_MAX};

	expect(!(good & (CR4_VMXE | CR4_SMXE)), "CR4 shows", good);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect(TRY(TO_CR4, bad[i]) == VECTOR_GENERAL_PROTECTION, "CR4 took", bad[i]);
		expect(cr4_read() == good, "CR4 is now", cr4_read());
	}
}

static uint32_t xsetbv(uint32_t index, uint64_t value)
{
	struct registers registers = {.rax = (uint32_t)value, .rcx = index, .rdx = value >> 32};

	return run_bytes(XSETBV, 3, &registers, false);
}

/* Components that do not go together, or are not there, or never can be. */
static void check_xcr0(void)
{
	static const uint64_t bad[] = {0,
				       2,
				       4,
				       5,
				       6,
				       8 | 1,
				       0x11,
				       0x21,
				       0x27,
				       0x47,
				       0x87,
				       0x67,
				       0x101,
				       0x801,
				       0x1001,
				       0x20001,
				       0x40001,
				       UINT64_C(1) << 62 | 1,
				       UINT64_C(1) << 63 | 1,
				       UINT64_MAX};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(xsetbv(0, bad[i]) == VECTOR_GENERAL_PROTECTION, "XCR0 took", bad[i]);
	expect(xsetbv(1, 1) == VECTOR_GENERAL_PROTECTION, "XCR1 taken", 1);
	expect(xsetbv(UINT32_MAX, 1) == VECTOR_GENERAL_PROTECTION, "XCR taken", UINT32_MAX);
	expect(xsetbv(0, 3) == VECTOR_NONE, "XCR0 refused", 3);
	expect(xsetbv(0, 1) == VECTOR_NONE, "XCR0 refused", 1);
}

void controls_xcr(void)
{
	uint64_t good = cr4_read();

	if (!(cpuid(1).ecx & CPUID_XSAVE))
		return;
	expect(!(cpuid(1).ecx & CPUID_OSXSAVE), "OSXSAVE before CR4 has it", 0);
	cr4_write(good | CR4_OSXSAVE);
	expect(cpuid(1).ecx & CPUID_OSXSAVE, "OSXSAVE does not follow CR4", 0);
	check_xcr0();
	cr4_write(good);
}

void controls_others(void)
{
	expect(TRY(TO_CR3, cr3_read() | UINT64_C(1) << 52) == VECTOR_GENERAL_PROTECTION,
	       "reserved bit of CR3", 0);
	expect(TRY(TO_CR3, cr3_read() | UINT64_C(1) << 62) == VECTOR_GENERAL_PROTECTION,
	       "reserved bit of CR3", 0);
	expect(TRY(TO_CR8, 0x10) == VECTOR_GENERAL_PROTECTION, "CR8 with 5 bits", 0);
	expect(TRY(TO_CR8, 15) == VECTOR_NONE && TRY(TO_CR8, 0) == VECTOR_NONE, "CR8", 0);
	expect(TRY(TO_DR6, UINT64_C(1) << 32) == VECTOR_GENERAL_PROTECTION, "DR6, 33 bits", 0);
	expect(TRY(TO_DR7, UINT64_C(1) << 32) == VECTOR_GENERAL_PROTECTION, "DR7, 33 bits", 0);
	expect(TRY("\x44\x0F\x22\xC8", 0) == VECTOR_INVALID_OPCODE, "CR9", 0);
	expect(TRY("\x0F\x22\xC8", 0) == VECTOR_INVALID_OPCODE, "CR1", 0);
	expect(TRY("\x0F\x00\xD8", 0xFFF8) == VECTOR_GENERAL_PROTECTION, "LTR beyond the GDT", 0);
	expect(TRY("\x0F\x00\xD0", 0xFFF8) == VECTOR_GENERAL_PROTECTION, "LLDT beyond the GDT", 0);
}

/* The last 2 MiB of the lower half of linear addresses, and the bytes that are mapped at their end. */
#define LOW_HALF_END UINT64_C(0x800000000000)
#define LAST_LARGE   (LOW_HALF_END - 0x200000)
#define LAST_BYTES   (HOSTILE_MAIN + HOSTILE_MAIN_SIZE - 2)

static void call_at(void *argument)
{
	((void (*)(void))argument)();
}

/* An emulated instruction in the last two bytes: what follows is no canonical address. */
void controls_high_rip(void)
{
	static const uint8_t instructions[][2] = {
		{0x0F, 0xA2}, /* CPUID */
		{0x0F, 0x32}, /* RDMSR */
		{0xE4, 0x64}, /* IN */
		{0x0F, 0x08}, /* INVD */
	};

	map_large(LAST_LARGE, 0);
	for (size_t i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
		uint32_t vector;

		((volatile uint8_t *)LAST_BYTES)[0] = instructions[i][0];
		((volatile uint8_t *)LAST_BYTES)[1] = instructions[i][1];
		vector = probe(call_at, (void *)(LOW_HALF_END - 2));
		expect(vector == VECTOR_GENERAL_PROTECTION, "answered by vector", vector);
	}
}
