/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that dies again and again, each time in another way and with its second core in another state,
 * and looks in each life whether anything of the earlier ones is left. It damages all it can reach
 * before: its image, its memory, the registers that no VM exit switches, its APIC.
 */
#include "guest.h"

#include "bulkhead/platform.h"
#include "life.h"

#define RECORD ((volatile struct life_record *)LIFE_RECORD_GPA)

#define LIVES_PER_REPORT 50

/* RAM behind the program, filled with a pattern in each life. */
#define PATTERN_BASE  0x180000
#define PATTERN_WORDS 0x4000
#define PATTERN       UINT64_C(0x5A5AC3C3A5A53C3C)

#define AP_ENTRY 0x8000
#define AP_ALIVE 0x500

#define MSR_PAT            0x277
#define MSR_STAR           0xC0000081u
#define MSR_LSTAR          0xC0000082u
#define MSR_KERNEL_GS_BASE 0xC0000102u
#define MSR_TSC_AUX        0xC0000103u
#define MSR_DEBUG_CONTROL  0x1D9
#define MSR_MTRR_DEFAULT   0x2FF
#define MSR_X2APIC_TPR     0x808u
#define MSR_X2APIC_IRR     0x820u
#define MSR_X2APIC_ICR     0x830u
#define MSR_X2APIC_SELF    0x83Fu
#define MTRR_AFTER_RESET   0x806
#define PAT_AFTER_RESET    UINT64_C(0x0007040600070406)

#define CR4_OSFXSR (UINT64_C(1) << 9)

/* Compilers take small constant addresses for NULL with an offset. */
static volatile uint8_t *at(uintptr_t address)
{
	__asm__("" : "+r"(address));
	return (volatile uint8_t *)address;
}

/* In .data: the loader has to bring the first value back. */
static volatile uint64_t damaged = 0x50484F454E495821;
static volatile uint64_t untouched; /* .bss */

static void fail(const char *what, uint64_t value)
{
	RECORD->failures++;
	if (RECORD->reported++ > 20)
		return;
	print_text("phoenix: FAIL life ");
	print_unsigned(RECORD->lives);
	print_text(" ");
	print_text(what);
	print_text(" ");
	print_hexadecimal(value);
	print_text("\r\n");
}

static void expect(const char *what, uint64_t value, uint64_t expected)
{
	if (value != expected)
		fail(what, value);
}

/* Code that each life destroys. */
__attribute__((noinline)) static uint64_t mortal(uint64_t value)
{
	__asm__ volatile("" : "+r"(value));
	return value * 3 + 1;
}
static uint64_t (*volatile mortal_code)(uint64_t) = mortal;

/* --- Memory --- */

static void memory_check(void)
{
	volatile uint64_t *word = (void *)PATTERN_BASE;

	expect("initialised data", damaged, 0x50484F454E495821);
	expect("zeroed data", untouched, 0);
	expect("code", mortal_code(5), 16);
	expect("low memory", *at(AP_ALIVE), 0);
	for (unsigned i = 0; i < PATTERN_WORDS; i++)
		if (word[i] != 0) {
			fail("memory", word[i]);
			return;
		}
}

static void memory_damage(void)
{
	volatile uint64_t *word = (void *)PATTERN_BASE;

	damaged = 0xDEAD;
	untouched = 0xDEAD;
	*(volatile uint16_t *)(void *)mortal_code = 0x0B0F; /* UD2 */
	for (unsigned i = 0; i < PATTERN_WORDS; i++)
		word[i] = PATTERN ^ i;
}

/* --- Registers --- */

#define DEBUG_REGISTER(n)                                             \
	static uint64_t dr##n##_read(void)                            \
	{                                                             \
		uint64_t value;                                       \
		__asm__ volatile("mov %%dr" #n ", %0" : "=r"(value)); \
		return value;                                         \
	}                                                             \
	static void dr##n##_write(uint64_t value)                     \
	{                                                             \
		__asm__ volatile("mov %0, %%dr" #n : : "r"(value));   \
	}
DEBUG_REGISTER(0)
DEBUG_REGISTER(1)
DEBUG_REGISTER(2)
DEBUG_REGISTER(3)

static uint64_t cr2_read(void)
{
	uint64_t value;
	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static void vectors_on(void)
{
	uint64_t cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_OSFXSR));
}

static uint64_t xmm_read(void)
{
	uint64_t low, high;

	__asm__ volatile("movq %%xmm7, %0; movhlps %%xmm7, %%xmm7; movq %%xmm7, %1"
			 : "=r"(low), "=r"(high));
	return low | high;
}

static void xmm_write(uint64_t value)
{
	__asm__ volatile("movq %0, %%xmm7; movlhps %%xmm7, %%xmm7" : : "r"(value));
}

static const uint32_t zero_msrs[] = {MSR_STAR,    MSR_LSTAR,         MSR_KERNEL_GS_BASE,
				     MSR_TSC_AUX, MSR_DEBUG_CONTROL, MSR_X2APIC_TPR};

static void registers_check(void)
{
	for (unsigned i = 0; i < sizeof(zero_msrs) / sizeof(zero_msrs[0]); i++)
		expect("MSR", msr_read(zero_msrs[i]), 0);
	expect("PAT", msr_read(MSR_PAT), PAT_AFTER_RESET);
	expect("MTRR default type", msr_read(MSR_MTRR_DEFAULT), MTRR_AFTER_RESET);
	expect("DR0", dr0_read(), 0);
	expect("DR1", dr1_read(), 0);
	expect("DR2", dr2_read(), 0);
	expect("DR3", dr3_read(), 0);
	expect("CR2", cr2_read(), 0);
	expect("XMM7", xmm_read(), 0);
}

static void registers_damage(void)
{
	msr_write(MSR_STAR, 0x0023001000000000);
	msr_write(MSR_LSTAR, 0x123456);
	msr_write(MSR_KERNEL_GS_BASE, 0x654321);
	msr_write(MSR_TSC_AUX, 77);
	msr_write(MSR_DEBUG_CONTROL, 2);
	msr_write(MSR_PAT, UINT64_C(0x0606060606060606));
	msr_write(MSR_MTRR_DEFAULT, 0xC06);
	dr0_write(0x1111);
	dr1_write(0x2222);
	dr2_write(0x3333);
	dr3_write(0x4444);
	__asm__ volatile("mov %0, %%cr2" : : "r"(UINT64_C(0xBAD)));
	xmm_write(PATTERN);
}

/* --- APIC --- */

static void apic_check(void)
{
	for (uint32_t i = 0; i < 8; i++)
		expect("interrupt requests", msr_read(MSR_X2APIC_IRR + i), 0);
	expect("spurious vector", msr_read(MSR_X2APIC_SVR), 0xFF);
	expect("timer", msr_read(MSR_X2APIC_LVT_TIMER), 0x10000);
	expect("timer count", msr_read(MSR_X2APIC_INITIAL), 0);
}

/* Interrupts stay off, so what is sent here stays pending; vector 16 is the lowest there is. */
static void apic_damage(void)
{
	msr_write(MSR_X2APIC_SVR, 0x1FF);
	msr_write(MSR_X2APIC_SELF, 0x10);
	msr_write(MSR_X2APIC_SELF, 0x51);
	msr_write(MSR_X2APIC_SELF, 0xE0);
	msr_write(MSR_X2APIC_TPR, 0x20);
	msr_write(MSR_X2APIC_DIVIDE, 0xB);
	msr_write(MSR_X2APIC_LVT_TIMER, 0x20000 | GUEST_TICK_VECTOR);
	msr_write(MSR_X2APIC_INITIAL, 1000);
}

/* --- The second core --- */

struct ap_state {
	const char *name;
	uint8_t code[12]; /* real mode; none: it is left waiting for a start-up IPI */
	uint8_t size;
};

/* MOV BYTE [0x500], 1, then a loop. */
#define ALIVE 0xFA, 0xC6, 0x06, 0x00, 0x05, 0x01
static const struct ap_state ap_states[] = {
	{.name = "waiting for a start-up IPI"},
	{"halted with interrupts off", {ALIVE, 0xF4, 0xEB, 0xFD}, 9},
	{"spinning with interrupts off", {ALIVE, 0xEB, 0xFE}, 8},
	{"in the hypervisor", {ALIVE, 0x0F, 0xA2, 0xEB, 0xFC}, 10}, /* CPUID */
	{"in a port's emulation", {ALIVE, 0xE4, 0x80, 0xEB, 0xFC}, 10},
};
#define AP_STATES (sizeof(ap_states) / sizeof(ap_states[0]))

static void ap_start(const struct ap_state *state)
{
	volatile uint8_t *code = at(AP_ENTRY);
	const uint64_t all_others = 3 << 18;

	for (unsigned i = 0; i < state->size; i++)
		code[i] = state->code[i];
	if (!state->size)
		return;
	msr_write(MSR_X2APIC_ICR, all_others | 0x4500);
	msr_write(MSR_X2APIC_ICR, all_others | 0x4600 | AP_ENTRY >> 12);
	while (!*at(AP_ALIVE))
		__asm__ volatile("pause");
}

/* --- Ends --- */

static void by_reset_control(void)
{
	port_write(0xCF9, 0x02);
	port_write(0xCF9, 0x06);
}

static void by_reset_control_at_once(void)
{
	port_write(0xCF9, 0x0E);
}

static void by_keyboard(void)
{
	port_write(0x64, 0xFE);
}

static void by_system_control(void)
{
	port_write(0x92, (uint8_t)(port_read(0x92) | 1));
}

static void by_acpi(void)
{
	port_write(PLATFORM_ACPI_RESET_PORT, PLATFORM_ACPI_RESET_VALUE);
}

static void by_triple_fault(void)
{
	const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) nothing = {0, 0};

	__asm__ volatile("lidt %0; ud2" : : "m"(nothing));
}

/* A crash: nobody has this memory. */
static void by_stray_access(void)
{
	*(volatile uint8_t *)0x40000000 = 1;
}

static void by_init(void)
{
	msr_write(MSR_X2APIC_ICR, (msr_read(0x802) << 32) | 0x4500);
}

static void (*const ends[])(void) = {
	by_reset_control, by_reset_control_at_once, by_keyboard,     by_system_control,
	by_acpi,          by_triple_fault,          by_stray_access, by_init};
#define ENDS (sizeof(ends) / sizeof(ends[0]))

static void report(void)
{
	if (RECORD->lives % LIVES_PER_REPORT != 0 && RECORD->lives != 1)
		return;
	print_text("phoenix: lives=");
	print_unsigned(RECORD->lives);
	print_text(" failures=");
	print_unsigned(RECORD->failures);
	print_text("\r\n");
}

/* The first life has the memory that firmware and GRUB left behind. */
static void record_begin(void)
{
	volatile uint64_t *word = (void *)PATTERN_BASE;

	if (RECORD->magic == LIFE_RECORD_MAGIC)
		return;
	RECORD->lives = 0;
	RECORD->failures = 0;
	RECORD->reported = 0;
	RECORD->magic = LIFE_RECORD_MAGIC;
	*at(AP_ALIVE) = 0;
	for (unsigned i = 0; i < PATTERN_WORDS; i++)
		word[i] = 0;
}

_Noreturn void guest_main(uint32_t index, uint32_t count)
{
	uint64_t life;

	(void)index;
	console_open();
	record_begin();
	life = RECORD->lives++;
	expect("second core", count, 2);
	vectors_on();
	memory_check();
	registers_check();
	apic_check();
	report();
	memory_damage();
	registers_damage();
	apic_damage();
	/* every end meets every state, as the numbers have no common divisor */
	ap_start(&ap_states[life % AP_STATES]);
	ends[life % ENDS]();
	fail("end", life % ENDS);
	halt_forever();
}
