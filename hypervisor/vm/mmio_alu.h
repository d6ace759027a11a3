/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VM_MMIO_ALU_H
#define VM_MMIO_ALU_H

#include "bulkhead/types.h"

/* The first eight in the order of the reg field of their opcodes. */
enum mmio_alu {
	MMIO_ALU_ROL,
	MMIO_ALU_ROR,
	MMIO_ALU_RCL,
	MMIO_ALU_RCR,
	MMIO_ALU_SHL,
	MMIO_ALU_SHR,
	MMIO_ALU_SAL,
	MMIO_ALU_SAR,
	MMIO_ALU_MUL,
	MMIO_ALU_IMUL,
};

/*
 * RAX shifted or rotated by `operand`, or RDX:RAX = RAX * `operand`, as an instruction with operands of `size` bytes
 * (1, 2, 4, 8) leaves the registers. *flags are arithmetic flags only.
 */
uint64_t mmio_alu(enum mmio_alu operation, unsigned size, uint64_t rax, uint64_t *rdx,
		  uint64_t operand, uint64_t *flags);

#endif
