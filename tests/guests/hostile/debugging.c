/* SPDX-License-Identifier: Apache-2.0 */
/* Debug exceptions across instructions that the hypervisor completes. */
#include "survey.h"

/* debug.S */
void step_emulated(void *unused);
void step_shadow(void *unused);
void fault_in_shadow(void *unused);
void fault_behind_sti(void *unused);
void step_string(void *unused);
extern const char step_emulated_end[], step_shadow_end[], step_string_end[];

/* Steps through the sequence until `limit` traps came. */
static void check_steps(void (*sequence)(void *), uint64_t limit, const char *end)
{
	struct attacker *attacker = this_attacker();
	uint32_t vector;

	attacker->steps = 0;
	attacker->step_limit = limit;
	vector = probe(sequence, NULL);
	attacker->step_limit = 0;
	expect(vector == VECTOR_NONE, "sequence ended by vector", vector);
	expect(attacker->steps == limit, "traps:", attacker->steps);
	expect(attacker->step_rip == (uint64_t)end, "last trap at", attacker->step_rip);
}

void debug_step(void)
{
	check_steps(step_emulated, 7, step_emulated_end);
	/* the instruction is repeated: RIP stays at it until the last byte */
	check_steps(step_string, 3, step_string_end);
}

void debug_shadow(void)
{
	uint32_t vector;

	check_steps(step_shadow, 2, step_shadow_end);
	vector = probe(fault_in_shadow, NULL);
	expect(vector == VECTOR_INVALID_OPCODE, "behind MOV SS: vector", vector);
	vector = probe(fault_behind_sti, NULL);
	expect(vector == VECTOR_GENERAL_PROTECTION, "behind STI: vector", vector);
}

#define DR7_WRITE_SCRATCH 0xD0402u /* global breakpoint 0: writes of 4 bytes; exact */

static void write_watched(void *unused)
{
	(void)unused;
	__asm__ volatile("movq %0, %%dr0; movq %1, %%dr7"
			 :
			 : "r"((uint64_t)scratch), "r"((uint64_t)DR7_WRITE_SCRATCH)
			 : "memory");
	memory_write32((uint64_t)scratch, 1);
	(void)cpuid(0);
}

static void clear_dr7(void *unused)
{
	(void)unused;
	__asm__ volatile("movq %0, %%dr7" : : "r"((uint64_t)0x400) : "memory");
}

void debug_traps(void)
{
	static const struct instruction rows[] = {
		{"int3", BYTES("\xCC"), {0}, ANY_OF(VECTOR_BREAKPOINT)},
		{"icebp", BYTES("\xF1"), {0}, ANY_OF(VECTOR_DEBUG)},
		{"int 3", BYTES("\xCD\x03"), {0}, ANY_OF(VECTOR_BREAKPOINT)},
		{"int 1", BYTES("\xCD\x01"), {0}, ANY_OF(VECTOR_DEBUG)},
		{"dr access under GD", BYTES("\x0F\x21\xC0"), {0}, ANY_OF(VECTOR_DEBUG)},
	};
	struct registers registers = {.rax = 0x2400};
	uint32_t vector;

	run_instructions(rows, 4, false);
	vector = probe(write_watched, NULL);
	expect(vector == VECTOR_DEBUG, "write to watched memory: vector", vector);
	(void)probe(clear_dr7, NULL);
	expect(run_bytes("\x0F\x23\xF8", 3, &registers, false) == VECTOR_NONE, "DR7.GD", 0);
	run_instructions(&rows[4], 1, false);
	(void)probe(clear_dr7, NULL);
}
