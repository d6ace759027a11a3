/* SPDX-License-Identifier: Apache-2.0 */
/* String instructions of which an operand, or both, are device registers. */
#ifndef VM_MMIO_STRING_H
#define VM_MMIO_STRING_H

#include "vm/guest_access.h"
#include "vm/mmio_decode.h"
#include "vm/vcpu.h"

enum mmio_string_result {
	MMIO_STRING_DONE,
	MMIO_STRING_GOES_ON, /* from RIP on: there is more to repeat, or it was a branch */
	MMIO_STRING_FAULTS,  /* access.fault is to be injected */
	MMIO_STRING_OUTSIDE, /* an operand is neither the VM's RAM nor a device register */
};

/*
 * Access of `size` bytes to a device register, to or from *value, of which a write takes the low bytes; false if there
 * is none at that address.
 */
bool mmio_device_transfer(struct vcpu *vcpu, gpa_t address, unsigned size, bool write,
			  uint64_t *value);

/* An instruction with an operand that its registers say: one element of it, or one of the stack. */
struct mmio_step {
	struct vcpu *vcpu;
	const struct mmio_instruction *instruction;
	struct guest_registers *registers;
	uint64_t flags;
	gpa_t address; /* of the operand that the instruction itself says, of mmio_stack() */
	uint64_t mask; /* of the registers, what is an address; set by the two functions */
	struct guest_access access; /* set by them, too; `fault` is what is to be injected */
};

/* Does one element, with all that this does to registers and flags. */
enum mmio_string_result mmio_string(struct mmio_step *step);

/* PUSH, POP, CALL and JMP of the device register at `address`. A fault may be what the stack access raises. */
enum mmio_string_result mmio_stack(struct mmio_step *step);

#endif
