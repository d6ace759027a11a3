/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VM_MMIO_ALU_H
#define VM_MMIO_ALU_H

#include "bulkhead/types.h"

/* Shifts in the order of the reg field of their opcodes, arithmetic in that of their numbers in theirs. */
enum mmio_alu {
	MMIO_ALU_ROL,
	MMIO_ALU_ROR,
	MMIO_ALU_RCL,
	MMIO_ALU_RCR,
	MMIO_ALU_SHL,
	MMIO_ALU_SHR,
	MMIO_ALU_SAL,
	MMIO_ALU_SAR,
	MMIO_ALU_ADD,
	MMIO_ALU_OR,
	MMIO_ALU_ADC,
	MMIO_ALU_SBB,
	MMIO_ALU_AND,
	MMIO_ALU_SUB,
	MMIO_ALU_XOR,
	MMIO_ALU_CMP,
	MMIO_ALU_MUL,
	MMIO_ALU_IMUL,
};

/* Arithmetic flags in RFLAGS (SDM 1.3.4.3.1): CF, PF, AF, ZF, SF, OF */
#define MMIO_ALU_FLAGS UINT64_C(0x8D5)

/*
 * RAX operation `operand`, or RDX:RAX = RAX * `operand`, as an instruction with operands of `size` bytes (1, 2, 4, 8)
 * leaves the registers. Of *flags only the arithmetic ones are looked at and changed.
 */
uint64_t mmio_alu(enum mmio_alu operation, unsigned size, uint64_t rax, uint64_t *rdx,
		  uint64_t operand, uint64_t *flags);

#endif
