/* SPDX-License-Identifier: Apache-2.0 */
/* Segment registers of a new task (SDM 3.8.3, table 8-1). */
#ifndef VM_TASK_SEGMENTS_H
#define VM_TASK_SEGMENTS_H

#include "vm/guest_access.h"
#include "vm/vcpu.h"

/* A task switch on its way: whose it is, and what went wrong. */
struct task_context {
	struct vcpu *vcpu;
	const struct guest_registers *registers;
	struct guest_access access;
	uint32_t external; /* EXT bit of error codes */
};

/* Sets the fault; returns false, for `return task_fault(...)`. */
bool task_fault(struct task_context *task, uint8_t vector, uint16_t selector);

/* Access by the processor itself, which stops the VM where its memory ends. False: a page fault. */
bool task_memory(struct task_context *task, gva_t linear, void *buffer, unsigned size, bool write);

/*
 * What the descriptor of `selector` in the GDT or LDT says, and its linear address. False: no such descriptor
 * (`vector`), or a page fault.
 */
bool task_segment_read(struct task_context *task, uint16_t selector, uint8_t vector,
		       struct guest_segment *segment, gva_t *descriptor);

/* Writes type, S, DPL and P of the descriptor, a byte, as they are in `rights`. False: a page fault. */
bool task_type_write(struct task_context *task, gva_t descriptor, uint32_t rights);

/* Selectors of the new task, 16 bits each, indexed by enum guest_segment_name; LDTR included. */
#define TASK_SELECTORS 7

/*
 * First all registers get their selectors, then descriptors are loaded one by one. False: the fault is
 * the new task's; what was not loaded yet is unusable.
 */
bool task_segments_load(struct task_context *task, const uint32_t selectors[TASK_SELECTORS],
			bool virtual_8086);

#endif
