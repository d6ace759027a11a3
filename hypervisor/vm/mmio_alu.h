/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VM_MMIO_ALU_H
#define VM_MMIO_ALU_H

#include "vm/mmio_decode.h"

/* Arithmetic flags in RFLAGS (SDM 1.3.4.3.1): CF, PF, AF, ZF, SF, OF */
#define MMIO_ALU_FLAGS UINT64_C(0x8D5)

/*
 * `left` operation `right`, MMIO_SHLD to MMIO_LZCNT, as an instruction with operands of `size` bytes (1, 2, 4, 8) that has
 * them in RAX and in RCX leaves RAX, and *rdx, which is RDX. Of *flags only the arithmetic ones are looked at and changed.
 */
uint64_t mmio_alu(enum mmio_operation operation, uint64_t *rdx, uint64_t *flags, uint64_t left,
		  uint64_t right, unsigned size);

/*
 * Whether the instruction is a DIV or IDIV that raises #DE: the quotient does not fit, or `divisor` is 0. The processor
 * may not be asked.
 */
bool mmio_division_faults(const struct mmio_instruction *instruction,
			  const struct guest_registers *registers, uint64_t divisor);

#endif
