/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance suite's 32-bit half: protected mode, tasks, VM86, 32-bit paging. As conform/conform.h. */
#ifndef CONFORM32_H
#define CONFORM32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SELECTOR_CODE   0x08
#define SELECTOR_DATA   0x10
#define SELECTOR_SMALL  0x18 /* data, 4 KiB */
#define SELECTOR_DOWN   0x20 /* data, grows down from 64 KiB to 32 KiB */
#define SELECTOR_MAIN   0x28 /* TSS */
#define SELECTOR_TASK   0x30 /* TSS of the second task */
#define SELECTOR_TASK16 0x38 /* its 16-bit TSS */
#define SELECTOR_GATE   0x40 /* task gate to SELECTOR_TASK */
#define SELECTOR_LDT    0x48
#define SELECTOR_CALL   0x50 /* call gate */
#define SELECTOR_ABSENT 0x58 /* data, not present */
#define SELECTOR_READ   0x60 /* data, read-only */
#define SELECTOR_CODE16 0x68
#define GDT_ENTRIES     16

#define VECTOR_NONE 0x100
#define VECTOR_TASK 0x90 /* a task gate in the IDT, as for some exceptions for a while */

struct frame {
	uint32_t vector, error, eip, cs, eflags;
};
extern struct frame caught_frame;
extern uint32_t caught_cr2, caught_dr6;

uint32_t probe(void (*function)(void));

struct registers {
	uint32_t eax, ebx, ecx, edx, esi, edi;
};
extern struct registers code_registers;
extern uint8_t code_page[64];
void call_code(void);

struct instruction {
	const char *name;
	const char *bytes;
	size_t size;
	struct registers registers;
};
#define BYTES(text) text, sizeof(text) - 1

void group(const char *name);
void observe(const char *name, const uint32_t *values, unsigned count);
void run_instructions(const struct instruction *rows, size_t count);
#define RUN(rows) run_instructions(rows, sizeof(rows) / sizeof((rows)[0]))

struct gate {
	uint16_t offset_low, selector, type, offset_high;
};
extern struct gate idt[256];
extern uint64_t gdt[GDT_ENTRIES];
uint64_t descriptor(uint32_t base, uint32_t limit, uint32_t rights);

struct task_state {
	uint32_t link, stacks[6], cr3, eip, eflags;
	uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
	uint32_t es, cs, ss, ds, fs, gs, ldt;
	uint16_t trap, io_map;
	uint8_t ports[0x2A0 + 2]; /* to port 0x1500, and the byte of ones behind it */
};
extern struct task_state main_task;

extern uint8_t scratch[4096];

/* Memory at a fixed address, of which the compiler knows nothing. */
static inline volatile void *fixed(uint32_t address)
{
	__asm__("" : "+r"(address));
	return (volatile void *)address;
}

void test_tasks(void);
void test_virtual(void);
void test_paging32(void);
void test_segments(void);
void test_real(void);
void test_apic_page(void);

#endif
