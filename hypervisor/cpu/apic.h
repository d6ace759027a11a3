/* SPDX-License-Identifier: Apache-2.0 */
/* The real local APIC of the calling core, always in x2APIC mode (SDM 3.11.12). */
#ifndef CPU_APIC_H
#define CPU_APIC_H

#include "bulkhead/error.h"
#include "bulkhead/types.h"

/* Registers as MSR numbers (SDM 3.11.12.1.2, table 11-6); in xAPIC mode at (MSR - 0x800) << 4. */
enum apic_register {
	APIC_ID = 0x802,
	APIC_VERSION = 0x803,
	APIC_TPR = 0x808,
	APIC_PPR = 0x80A,
	APIC_EOI = 0x80B,
	APIC_LDR = 0x80D,
	APIC_SPURIOUS = 0x80F,
	APIC_ISR = 0x810, /* and seven more */
	APIC_TMR = 0x818,
	APIC_IRR = 0x820,
	APIC_ERROR = 0x828,
	APIC_LVT_CMCI = 0x82F,
	APIC_ICR = 0x830,
	APIC_LVT_TIMER = 0x832,
	APIC_LVT_THERMAL = 0x833,
	APIC_LVT_COUNTER = 0x834,
	APIC_LVT_LINT0 = 0x835,
	APIC_LVT_LINT1 = 0x836,
	APIC_LVT_ERROR = 0x837,
	APIC_TIMER_INITIAL = 0x838,
	APIC_TIMER_CURRENT = 0x839,
	APIC_TIMER_DIVIDE = 0x83E,
	APIC_SELF_IPI = 0x83F,
};

/* Delivery modes, bits 10:8 of ICR, LVT and redirection entries (SDM 3.11.6.1). */
enum apic_delivery {
	APIC_FIXED = 0,
	APIC_LOWEST_PRIORITY = 1,
	APIC_SMI = 2,
	APIC_NMI = 4,
	APIC_INIT = 5,
	APIC_STARTUP = 6,
	APIC_EXTINT = 7,
};

#define APIC_VECTOR          UINT64_C(0xFF)
#define APIC_DELIVERY_SHIFT  8
#define APIC_DELIVERY_MASK   UINT64_C(0x700)
#define APIC_LOGICAL         UINT64_C(0x800)
#define APIC_LEVEL_ASSERT    UINT64_C(0x4000)
#define APIC_TRIGGER_LEVEL   UINT64_C(0x8000)
#define APIC_LVT_MASKED      UINT64_C(0x10000)
#define APIC_SHORTHAND_SHIFT 18
#define APIC_SPURIOUS_ENABLE UINT64_C(0x100)
#define APIC_SPURIOUS_VECTOR UINT64_C(0xFF)
#define APIC_BROADCAST       UINT32_C(0xFFFFFFFF)

/* Id of the calling core by CPUID leaf 0xB, which is right in every mode. */
uint32_t apic_id_of_this_core(void);

/*
 * False for a local-vector register that this processor's APIC lacks (reading it would fault); true for
 * all others. `msr` is one of enum apic_register.
 */
bool apic_has_register(uint32_t msr);

/*
 * Switches the calling core's APIC to x2APIC mode and puts it into the state after reset: software-
 * disabled, all LVT entries masked, timer stopped. What firmware left there never reaches a guest.
 */
void apic_reset(void);

/*
 * Takes and drops every interrupt that the calling core's APIC still holds, after apic_reset() and once
 * nobody can send more. The next user of the core finds none of its predecessor's.
 */
void apic_drain(void);

/* Sends INIT, a start-up IPI (page number of the entry below 1 MiB), or an NMI to one core. */
void apic_send_init(uint32_t apic_id);
void apic_send_startup(uint32_t apic_id, uint8_t page);
void apic_send_nmi(uint32_t apic_id);

/* Sends a fixed interrupt to one core. */
void apic_send_fixed(uint32_t apic_id, uint8_t vector);

#endif
