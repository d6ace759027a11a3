/* SPDX-License-Identifier: Apache-2.0 */
/* Code of the ending attacks that is not C (modes.S). */
#ifndef HOSTILE_ENDINGS_H
#define HOSTILE_ENDINGS_H

#include "hostile.h"

/* Leaves long mode and jumps to the low address with 32-bit flat segments, paging off. */
_Noreturn void leave_long_mode(uint32_t address);

/* Programs that run at LOW_CODE: the first two begin in 32-bit mode. */
extern const char low_real_mode[], low_real_mode_end[];
extern const char low_task_switch[], low_task_switch_end[];
extern const char low_task_fault[], low_task_fault_end[];
extern const char low_pdpte[], low_pdpte_end[];
extern const char low_alignment[], low_alignment_end[];

/* reaches.c */
ending xsave_outside, cmpxchg16b_outside, sgdt_outside, iret_outside, ldt_outside, ist_outside,
	string_in_device, both_end, timer_hog, exit_hog;

/* Handlers that never end what they handle. */
extern const char again_ud[], again_db[], again_irq[];

#endif
