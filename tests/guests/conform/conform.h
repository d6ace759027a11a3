/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A conformance guest: what it sees of its processor is the same on the bare machine and in a VM. It
 * prints one line per check (README.md); what is right is said by the check itself (`verdict`) or by the
 * comparison of the two runs (`observe`).
 */
#ifndef CONFORM_H
#define CONFORM_H

#include "guest.h"

#define SELECTOR_CODE      0x08
#define SELECTOR_DATA      0x10
#define SELECTOR_USER_DATA 0x1B
#define SELECTOR_USER_CODE 0x23
#define SELECTOR_TASK      0x28

#define VECTOR_DIVIDE     0
#define VECTOR_DEBUG      1
#define VECTOR_NMI        2
#define VECTOR_BREAKPOINT 3
#define VECTOR_OVERFLOW   4
#define VECTOR_UNDEFINED  6
#define VECTOR_DOUBLE     8
#define VECTOR_PROTECTION 13
#define VECTOR_PAGE       14
#define VECTOR_NONE       0x100

/* What the processor pushed, preceded by the vector. */
struct frame {
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

/* The exception that ended the last probe, or vector VECTOR_NONE. */
struct caught {
	struct frame frame;
	uint64_t cr2, dr6;
};
extern struct caught caught;

/* hostile/probe.S */
uint32_t probe(void (*function)(void *), void *argument);
uint32_t probe_user(void (*function)(void *), void *argument);

/* A handler of one vector, instead of ending the probe; NULL takes it away. */
typedef void handler(struct frame *frame);
void handler_set(unsigned vector, handler *function);

/* One line: "ok NAME" or "not ok NAME VALUE". */
void verdict(const char *name, bool ok, uint64_t value);
/* One line: "see NAME VALUE...", to be the same in both runs. */
void observe(const char *name, const uint64_t *values, unsigned count);
void observe_one(const char *name, uint64_t value);
/* Prefix of the names that follow. */
void group(const char *name);

struct registers {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi;
};

/* Runs machine code with these registers, at CPL 0 or 3; returns the vector that ended it. */
uint32_t run_code(const void *bytes, size_t size, struct registers *registers, bool user);

struct instruction {
	const char *name;
	const char *bytes;
	size_t size;
	struct registers registers;
};
#define BYTES(text) text, sizeof(text) - 1

/* Each of them, observed: vector, error code, RIP, registers. */
void run_instructions(const struct instruction *rows, size_t count, bool user);
#define RUN(rows, user) run_instructions(rows, sizeof(rows) / sizeof((rows)[0]), user)

/* 8 KiB that instructions may read and write, page-aligned, accessible at CPL 3. */
extern uint8_t scratch[8192];
/* A page of its own, mapped by one 4 KiB entry, which tests change; and that entry. */
extern uint8_t window[4096];
extern uint64_t *window_entry;

struct descriptor_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));
extern uint64_t gdt[16];

#define CONTROL_REGISTER(name)                                                       \
	static inline uint64_t name##_read(void)                                     \
	{                                                                            \
		uint64_t value;                                                      \
		__asm__ volatile("movq %%" #name ", %0" : "=r"(value) : : "memory"); \
		return value;                                                        \
	}                                                                            \
	static inline void name##_write(uint64_t value)                              \
	{                                                                            \
		__asm__ volatile("movq %0, %%" #name : : "r"(value) : "memory");     \
	}
CONTROL_REGISTER(cr0)
CONTROL_REGISTER(cr2)
CONTROL_REGISTER(cr3)
CONTROL_REGISTER(cr4)
CONTROL_REGISTER(cr8)
CONTROL_REGISTER(dr0)
CONTROL_REGISTER(dr1)
CONTROL_REGISTER(dr6)
CONTROL_REGISTER(dr7)
#undef CONTROL_REGISTER

static inline struct cpuid cpuid_of(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid result;
	__asm__ volatile("cpuid"
			 : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
			 : "a"(leaf), "c"(subleaf));
	return result;
}

void test_instructions(void);
void test_registers(void);
void test_msrs(void);
void test_debug(void);
void test_exceptions(void);
void test_paging(void);
void test_ports(void);
void test_apic(void);
void test_apic_off(void);
void test_windows(void);
void test_compat(void);
void test_smp(void);
void test_vectors(void);
void test_xsave(void);
void test_time(void);

/* Entry of the second core, in long mode. */
void ap_main(void);

#endif
