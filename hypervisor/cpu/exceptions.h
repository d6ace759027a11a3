/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions inside the hypervisor. The only expected one is the NMI, which is the kick from another
 * core; all others are a defect of the hypervisor or of the machine and stop this core's VM alone.
 */
#ifndef CPU_EXCEPTIONS_H
#define CPU_EXCEPTIONS_H

#include "vm/registers.h"

/* What the stubs in exceptions.S push: registers, vector, error code (0 where there is none), frame. */
struct exception_frame {
	struct guest_registers general; /* without RSP */
	uint64_t vector;
	uint64_t error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* Builds the interrupt-descriptor table. Once, on the BSP. */
void exceptions_init(void);

/* Loads it on the calling core. */
void exceptions_load(void);

/*
 * Loads the table that drops interrupts (cpu/apic.c). Vectors 16 to 31 are interrupts there as well,
 * because an APIC accepts them: a machine check in these few instructions is lost.
 */
void exceptions_load_drain(void);

/* Loads the one in which exceptions are exceptions and interrupts are dropped. */
void exceptions_load_wait(void);

/* Address of the table, for the VMCS. */
uint64_t exceptions_table(void);

/* "page fault (#PF)"; never NULL. */
const char *exception_name(uint64_t vector);

/* Called by the stubs. Returns only for an NMI, or a machine check that concerns others. */
void exception_dispatch(struct exception_frame *frame);

/* Ends the blocking of NMIs that an NMI exit leaves behind (exceptions.S). */
void cpu_unblock_nmi(void);

#endif
