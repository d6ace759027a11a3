/* SPDX-License-Identifier: Apache-2.0 */
/* Where entry.S keeps the guest's registers: the top of the stack, which the exit path begins below. */
#ifndef VMX_SAVED_REGISTERS_H
#define VMX_SAVED_REGISTERS_H

#include "cpu/cpu.h"
#include "vm/registers.h"

static inline struct guest_registers *saved_registers(struct cpu_area *area)
{
	_Static_assert(sizeof(struct guest_registers) % 16 == 0,
		       "the stack stays aligned for calls");
	return (void *)(area->stack + sizeof(area->stack) - sizeof(struct guest_registers));
}

#endif
