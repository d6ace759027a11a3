/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks that nobody asked for: corners in which hypervisors have been caught before. They answer for themselves. */
#include "survey.h"

#define MSR_DEBUG_CONTROL 0x1D9u
#define MSR_ICR           0x830u
#define DEBUG_CONTROL_BTF 2
#define LINE_SIZE         64
#define LOCKS             20000u
#define RANDOM_TRIES      3000u
#define SEED              UINT64_C(0x9E3779B97F4A7C15)
#define VECTOR_TIMER      0x51u
#define LVT_PERIODIC      0x20000u
#define LVT_MASKED        0x10000u
#define STORM_PERIOD      500u /* with less, interrupts leave no time for anything else */
#define STORM_LOOPS       20000u
#define MANY_STEPS        100000u

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* INT n of the vectors that mean something to a hypervisor: they are the guest's own. */
void red_software_interrupts(void)
{
	static const struct instruction rows[] = {
		{"INT 2", BYTES("\xCD\x02"), {0}, NO_EXCEPTION},
		{"INT 9", BYTES("\xCD\x09"), {0}, ANY_OF(9)},
		{"INT 15", BYTES("\xCD\x0F"), {0}, ANY_OF(15)},
		{"INT 18", BYTES("\xCD\x12"), {0}, ANY_OF(18)},
		{"INT 20", BYTES("\xCD\x14"), {0}, ANY_OF(20)},
	};

	run_instructions(rows, sizeof(rows) / sizeof(rows[0]), false);
}

/* Locked accesses across lines and pages stop the bus for everybody, where the processor does not split them. */
void red_bus_locks(void)
{
	volatile uint64_t *line = at((uint64_t)scratch + LINE_SIZE - 4);

	for (uint32_t i = 0; i < LOCKS; i++)
		__asm__ volatile("lock incq %0" : "+m"(*line));
	expect(*line == LOCKS, "counted", *line);
}

static void steps_with_btf(void *unused)
{
	(void)unused;
	msr_write(MSR_DEBUG_CONTROL, DEBUG_CONTROL_BTF);
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq\n\t"
			 "xorl %%eax, %%eax; cpuid\n\t"
			 "movl %%ss, %%eax; movl %%eax, %%ss; cpuid\n\t"
			 "xorl %%eax, %%eax; sti; cpuid; cli\n\t"
			 "movl %%ss, %%eax; movl %%eax, %%ss; int3\n\t"
			 :
			 :
			 : "rax", "rbx", "rcx", "rdx", "memory");
}

/* Single steps of branches only, across shadows: an inconsistent pending #DB would make the next entry fail. */
void red_branch_steps(void)
{
	struct attacker *attacker = this_attacker();
	uint32_t vector;

	attacker->step_limit = MANY_STEPS;
	vector = probe(steps_with_btf, NULL);
	attacker->step_limit = 0;
	msr_write(MSR_DEBUG_CONTROL, 0);
	expect(vector == VECTOR_BREAKPOINT, "ended by vector", vector);
}

/* Strings at foreign ports with counts and addresses that wrap: refused by the VM's own page tables. */
void red_huge_strings(void)
{
	static const uint64_t faults =
		ANY_OF(VECTOR_PAGE) | ANY_OF(VECTOR_GENERAL_PROTECTION) | ANY_OF(VECTOR_STACK);
	static const struct instruction rows[] = {
		{"REP INSB at the canonical end",
		 BYTES("\xF3\x6C"),
		 {.rcx = UINT64_MAX, .rdx = 0x1F0, .rdi = 0x00007FFFFFFFFFF8},
		 faults},
		{"REP OUTSD at the top",
		 BYTES("\xF3\x6F"),
		 {.rcx = UINT64_MAX, .rdx = 0x1F0, .rsi = UINT64_MAX - 3},
		 faults},
		{"REP INSD beyond it",
		 BYTES("\xF3\x6D"),
		 {.rcx = 1, .rdx = 0x1F0, .rdi = 0x8000000000000000},
		 faults},
		{"REP OUTSB, none",
		 BYTES("\xF3\x6E"),
		 {.rcx = 0, .rdx = 0x1F0, .rsi = 0x8000000000000000},
		 NO_EXCEPTION},
		{"REP INSB, none in 32 bits",
		 BYTES("\xF3\x67\x6C"),
		 {.rcx = 0xFFFFFFFF00000000, .rdx = 0x1F0, .rdi = 0x8000000000000000},
		 NO_EXCEPTION},
	};

	run_instructions(rows, sizeof(rows) / sizeof(rows[0]), false);
}

/* VMCALL, CPUID and others under prefixes that mean nothing, or make them undefined. */
void red_prefixes(void)
{
	static const uint64_t any = NO_EXCEPTION | ANY_OF(VECTOR_INVALID_OPCODE);
	static const struct instruction rows[] = {
		{"REP VMCALL", BYTES("\xF3\x0F\x01\xC1"), {.rax = 0x1234}, any},
		{"66 VMCALL", BYTES("\x66\x0F\x01\xC1"), {.rax = 0x1234}, any},
		{"REX VMCALL", BYTES("\x4F\x0F\x01\xC1"), {.rax = 0x1234}, any},
		{"LOCK VMCALL",
		 BYTES("\xF0\x0F\x01\xC1"),
		 {.rax = 0x1234},
		 ANY_OF(VECTOR_INVALID_OPCODE)},
		{"thirteen prefixes and CPUID",
		 BYTES("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x0F\xA2"),
		 {0},
		 NO_EXCEPTION},
		{"LOCK CPUID", BYTES("\xF0\x0F\xA2"), {0}, ANY_OF(VECTOR_INVALID_OPCODE)},
		{"REX RDMSR of nothing",
		 BYTES("\x48\x0F\x32"),
		 {.rcx = 0xFFFFFFFFDEADBEEF},
		 ANY_OF(VECTOR_GENERAL_PROTECTION)},
	};

	run_instructions(rows, sizeof(rows) / sizeof(rows[0]), false);
}

struct icr {
	uint64_t value;
};

static void write_icr(void *argument)
{
	msr_write(MSR_ICR, ((struct icr *)argument)->value);
}

/* Random commands to foreign cores, reserved bits included. */
void red_random_icr(void)
{
	uint64_t state = SEED;

	for (uint32_t i = 0; i < RANDOM_TRIES; i++) {
		struct icr icr = {next(&state)};
		uint32_t vector;

		/* physical, no shorthand, and a core of somebody else: what goes to itself is another test */
		icr.value &= ~(UINT64_C(3) << 18 | UINT64_C(1) << 11);
		icr.value = (icr.value & ~(UINT64_C(0xFFFFFFFF) << 32)) |
			    (1 + (icr.value >> 32) % 11) << 32;
		vector = probe(write_icr, &icr);
		expect(vector == VECTOR_NONE || vector == VECTOR_GENERAL_PROTECTION,
		       "answered by vector", vector);
	}
}

static void read_msr(void *argument)
{
	(void)msr_read((uint32_t)(uint64_t)argument);
}

/* RDMSR of random numbers: no more than #GP, and no more lines in the log than for few. */
void red_random_msrs(void)
{
	uint64_t state = SEED;

	for (uint32_t i = 0; i < RANDOM_TRIES; i++) {
		uint32_t vector = probe(read_msr, (void *)(next(&state) & UINT32_MAX));

		expect(vector == VECTOR_NONE || vector == VECTOR_GENERAL_PROTECTION,
		       "answered by vector", vector);
	}
}

/* The timer nearly at its fastest: interrupts without a break, and none afterwards. */
void red_timer_storm(void)
{
	uint32_t before = interrupts_taken(VECTOR_TIMER), after;

	msr_write(MSR_X2APIC_DIVIDE, 0xB);
	msr_write(MSR_X2APIC_LVT_TIMER, LVT_PERIODIC | VECTOR_TIMER);
	msr_write(MSR_X2APIC_INITIAL, STORM_PERIOD);
	interrupts_on();
	for (uint32_t i = 0; i < STORM_LOOPS; i++)
		__asm__ volatile("pause");
	msr_write(MSR_X2APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	msr_write(MSR_X2APIC_INITIAL, 0);
	__asm__ volatile("nop; nop");
	after = interrupts_taken(VECTOR_TIMER);
	__asm__ volatile("nop; nop; nop; nop");
	interrupts_off();
	expect(after > before, "interrupts:", after - before);
	expect(interrupts_taken(VECTOR_TIMER) - after <= 1,
	       "late interrupts:", interrupts_taken(VECTOR_TIMER) - after);
}
