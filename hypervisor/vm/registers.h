/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's general registers as the VM-exit path saves them: 16 slots of 8 bytes in the order in
 * which x86 instructions number registers, so that a decoded register number is an index.
 */
#ifndef BULKHEAD_VM_REGISTERS_H
#define BULKHEAD_VM_REGISTERS_H

#include "bulkhead/types.h"

#define GUEST_REGISTER_COUNT 16

enum guest_register {
	GUEST_RAX,
	GUEST_RCX,
	GUEST_RDX,
	GUEST_RBX,
	GUEST_RSP,
	GUEST_RBP,
	GUEST_RSI,
	GUEST_RDI,
	GUEST_R8,
	GUEST_R9,
	GUEST_R10,
	GUEST_R11,
	GUEST_R12,
	GUEST_R13,
	GUEST_R14,
	GUEST_R15,
};

/*
 * The exit path's assembly relies on this order. RSP lives in the VMCS (guest-state area, SDM
 * 3.25.4.1), so its slot is only valid where the caller copied it there and back.
 */
struct guest_registers {
	union {
		struct {
			uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
			uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
		};
		uint64_t gpr[GUEST_REGISTER_COUNT];
	};
};

/*
 * As an instruction writes a register of 1, 2, 4 or 8 bytes: bytes and words leave the rest alone, doublewords clear it
 * (SDM 1.3.4.1.1).
 */
void guest_register_set(void *reg, unsigned size, uint64_t value);

/* Error lines with all of them but RSP. */
void registers_log(const struct guest_registers *r);

_Static_assert(sizeof(struct guest_registers) == 128, "the exit path saves 16 slots of 8 bytes");
_Static_assert(offsetof(struct guest_registers, r15) == GUEST_R15 * sizeof(uint64_t),
	       "named fields and numbered slots are the same registers");

#endif
