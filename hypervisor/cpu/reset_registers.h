/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPU_RESET_REGISTERS_H
#define CPU_RESET_REGISTERS_H

/*
 * Puts the registers that VM entry and exit do not switch, because a guest owns them for good, into the
 * state after reset: system-call and speculation MSRs, debug registers, CR2, x87 and vector state, XCR0,
 * XSS. Nothing of a guest that ran on the core before is left in them.
 */
void guest_owned_registers_reset(void);

/* Breakpoint addresses and debug status as after RESET and INIT (SDM 3.10.1.1, table 10-1). */
void debug_registers_reset(void);

#endif
