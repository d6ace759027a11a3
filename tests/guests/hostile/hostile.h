/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hostile guests share: attempts whose exceptions are caught, one result line per attack, and
 * markers in the hypervisor's log for those that own no console. README.md says what each attack does.
 */
#ifndef HOSTILE_HOSTILE_H
#define HOSTILE_HOSTILE_H

#include "guest.h"

#include "attacks.h"
#include "bulkhead/platform.h"

#define PAGE_SIZE 0x1000u

/* Selectors of the attackers' own GDT (runtime.c). */
#define SELECTOR_CODE      0x08
#define SELECTOR_DATA      0x10
#define SELECTOR_USER_DATA 0x1B
#define SELECTOR_USER_CODE 0x23
#define SELECTOR_CODE_32   0x28
#define SELECTOR_TASK      0x30 /* two slots */

enum vector {
	VECTOR_DEBUG = 1,
	VECTOR_NMI = 2,
	VECTOR_BREAKPOINT = 3,
	VECTOR_INVALID_OPCODE = 6,
	VECTOR_DEVICE_NOT_AVAILABLE = 7,
	VECTOR_STACK = 12,
	VECTOR_GENERAL_PROTECTION = 13,
	VECTOR_PAGE = 14,
	VECTOR_ALIGNMENT = 17,
	VECTOR_FIRST_INTERRUPT = 32,
	VECTOR_USER_DONE = 0x80, /* INT that ends what runs at CPL 3 */
	VECTOR_SPURIOUS = 0xFF,
	VECTOR_NONE = 0x100, /* no exception: the attempt came to its end */
};

#define ANY_OF(vector) (UINT64_C(1) << (vector))
#define NO_EXCEPTION   (UINT64_C(1) << 63)

/* Per core, at GS:0; probe.S knows the first three offsets. */
struct attacker {
	struct attacker *self;
	uint64_t catch_rsp;  /* where to go on after an exception; 0: none is expected */
	uint64_t step_limit; /* #DB traps still to be counted before TF is cleared */
	uint32_t index;
	uint64_t error_code, rip, cr2; /* of the last exception */
	uint64_t step_rip;             /* of the last #DB that was counted */
	volatile uint32_t steps;       /* #DB traps counted */
	volatile uint32_t nmis;
	volatile uint32_t nmis_to_send; /* by the NMI's handler, to the core itself */
	volatile uint32_t interrupts[GUEST_VECTORS];
	volatile bool hangs; /* interrupt handlers do not end */
};

extern uint32_t attack_number;

/* Of the calling core. */
struct attacker *this_attacker(void);
void runtime_setup(uint32_t index);
uint32_t nmis_taken(void);
uint32_t interrupts_taken(uint32_t vector);

/*
 * Calls function(argument) with interrupts off; returns the vector of the exception that ended it, or
 * VECTOR_NONE. Registers and stack are as before in any case. Not to be nested.
 */
uint32_t probe(void (*function)(void *), void *argument);
/* The same at CPL 3, on a stack of its own. */
uint32_t probe_user(void (*function)(void *), void *argument);

/* Sleeps with interrupts off until an NMI comes, unless *counter has the value already. */
void sleep_until(const volatile uint32_t *counter, uint32_t value);
extern const char sleep_end[]; /* sleep_until()'s instruction behind HLT */

/* Registers that an instruction is run with. */
struct registers {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi;
};

/* One instruction out of bytes, its registers before and after; `user` at CPL 3. As probe(). */
uint32_t run_bytes(const void *bytes, size_t count, struct registers *registers, bool user);

/* A row of a table of instructions: what it may be answered with. */
struct instruction {
	const char *name;
	const char *bytes;
	size_t count;
	struct registers registers;
	uint64_t expected; /* OR of ANY_OF() and NO_EXCEPTION */
};
#define BYTES(text) .bytes = (text), .count = sizeof(text) - 1

/* Runs all rows at the CPL and expects what they say. */
void run_instructions(const struct instruction *rows, size_t count, bool user);

/* Memory that instructions may point to, 4 KiB. */
extern uint8_t scratch[PAGE_SIZE];

/*
 * Inside an attack that answers for itself: notes the first thing that is not as it should be. `value`
 * is printed with it.
 */
void expect(bool as_it_should_be, const char *what, uint64_t value);

struct check {
	const char *name;
	void (*run)(void);
};

/* Runs the checks and prints `hostile: NAME ok` or `hostile: NAME FAIL what value` for each. */
void run_checks(const struct check *checks, size_t count);

/*
 * A line in the hypervisor's log, by way of an MSR that no VM has: "vCPU 0 reads MSR 0x...: #GP". It
 * prints the first sixteen of a VM.
 */
#define MARK_BEGIN     0x48410000u /* + number of the attack */
#define MARK_EXCEPTION 0x48420000u /* + vector that ended it, which should not have */
#define MARK_SURVIVED  0x48430000u /* + number of the attack */
void mark(uint32_t msr);

/* Maps a 2 MiB page of the identity map elsewhere: `linear` and `physical` are multiples of 2 MiB. */
void map_large(uint64_t linear, uint64_t physical);
/* Replaces the identity map's 2 MiB page around `linear` by one of 4 KiB pages; returns its entries. */
uint64_t *split_large(uint64_t linear);
#define ENTRY_PRESENT UINT64_C(0x01)
#define ENTRY_WRITE   UINT64_C(0x02)
#define ENTRY_USER    UINT64_C(0x04)
#define ENTRY_LARGE   UINT64_C(0x80)
#define ENTRY_ALL     (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER)
void translations_flush(void);

/* What the attacks are made of. */
extern const struct check survey_checks[];
extern const size_t survey_check_count;
void pair_main(uint32_t index);
_Noreturn void fuzz_main(uint32_t index);

/* An attack that should not come back. */
typedef void ending(void *unused);
extern ending *const endings[ATTACK_COUNT];

static inline uint64_t cr0_read(void)
{
	uint64_t value;
	__asm__ volatile("movq %%cr0, %0" : "=r"(value));
	return value;
}

static inline void cr0_write(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr0" : : "r"(value) : "memory");
}

static inline uint64_t cr3_read(void)
{
	uint64_t value;
	__asm__ volatile("movq %%cr3, %0" : "=r"(value));
	return value;
}

static inline void cr3_write(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr3" : : "r"(value) : "memory");
}

static inline uint64_t cr4_read(void)
{
	uint64_t value;
	__asm__ volatile("movq %%cr4, %0" : "=r"(value));
	return value;
}

static inline void cr4_write(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr4" : : "r"(value) : "memory");
}

/* A pointer of which the compiler knows nothing: what lies there is no object of the program. */
static inline volatile void *at(uint64_t address)
{
	__asm__("" : "+r"(address));
	return (volatile void *)address;
}

static inline uint32_t memory_read32(uint64_t address)
{
	return *(volatile uint32_t *)at(address);
}

static inline void memory_write32(uint64_t address, uint32_t value)
{
	*(volatile uint32_t *)at(address) = value;
}

#endif
