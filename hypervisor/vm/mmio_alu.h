/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VM_MMIO_ALU_H
#define VM_MMIO_ALU_H

#include "vm/mmio_decode.h"

/* Arithmetic flags in RFLAGS (SDM 1.3.4.3.1): CF, PF, AF, ZF, SF, OF */
#define MMIO_ALU_FLAGS UINT64_C(0x8D5)

/*
 * `left` operation `right`, MMIO_ROL to MMIO_LZCNT, as an instruction with operands of `size` bytes (1, 2, 4, 8) that has
 * them in RAX and in RCX leaves RAX, and RDX in `registers`. Of *flags only the arithmetic ones are looked at and changed.
 */
uint64_t mmio_alu(enum mmio_operation operation, struct guest_registers *registers, uint64_t *flags,
		  uint64_t left, uint64_t right, unsigned size);

#endif
