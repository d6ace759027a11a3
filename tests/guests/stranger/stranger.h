/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program as somebody would write it who has never heard of Bulkhead: booted by multiboot 1, it looks what
 * machine it is on, and must not hang or end where something is not there. Lines as conform's.
 */
#ifndef STRANGER_H
#define STRANGER_H

#include "guest.h"

/* What the processor pushed, preceded by the vector (hostile/probe.S). */
struct frame {
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

typedef void handler(struct frame *frame);
void handler_set(unsigned vector, handler *function);

void group(const char *name);
void verdict(const char *name, bool ok, uint64_t value);
void observe(const char *name, uint64_t value);

/* True once *what has the value; false when patience ends. */
bool wait_for(const volatile uint32_t *what, uint32_t value);
void spin(unsigned turns);

/* The local APIC by its page. */
#define APIC_ID      0x020u
#define APIC_VERSION 0x030u
#define APIC_TPR     0x080u
#define APIC_EOI     0x0B0u
#define APIC_LDR     0x0D0u
#define APIC_DFR     0x0E0u
#define APIC_SVR     0x0F0u
#define APIC_ICR_LOW 0x300u
#define APIC_ICR     0x310u
#define APIC_LINT0   0x350u

static inline volatile uint32_t *apic(uint32_t reg)
{
	uint64_t address = UINT64_C(0xFEE00000) + reg;

	__asm__("" : "+r"(address));
	return (volatile uint32_t *)address;
}

/* Memory at a fixed address, of which the compiler knows nothing. */
static inline volatile void *fixed(uint64_t address)
{
	__asm__("" : "+r"(address));
	return (volatile void *)address;
}

extern uint32_t multiboot_magic, multiboot_info, next_core;

void test_machine(void);
void test_tables(void);
void test_legacy(void);
void test_cores(void);
/* With the id of another core, on which interrupts are on. */
void test_ioapic(uint32_t other);

/* The other cores, from start.S; never returns. */
_Noreturn void core_main(uint32_t number);
_Noreturn void stranger_main(uint32_t number);

#endif
