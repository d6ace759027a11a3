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

/* A segment descriptor in memory. */
struct descriptor {
	uint32_t low, high;
};
#define DESCRIPTOR_BUSY UINT32_C(0x200) /* of a TSS, in `high` */

/* Sets the fault; returns false, for `return task_fault(...)`. */
bool task_fault(struct task_context *task, uint8_t vector, uint16_t selector);

/* Access by the processor itself, which stops the VM where its memory ends. False: a page fault. */
bool task_memory(struct task_context *task, gva_t linear, void *buffer, unsigned size, bool write);

/* Descriptor of `selector` in the GDT or LDT. False: no such descriptor (`vector`), or a page fault. */
bool task_descriptor_read(struct task_context *task, uint16_t selector, uint8_t vector,
			  struct descriptor *descriptor, gva_t *address);

/* The hidden part as a descriptor says. */
void segment_from_descriptor(const struct descriptor *descriptor, uint16_t selector,
			     struct guest_segment *segment);

/* Selectors of the new task, 16 bits each, indexed by enum guest_segment_name; LDTR included. */
#define TASK_SELECTORS 7

/*
 * First all registers get their selectors, then descriptors are loaded one by one. False: the fault is
 * the new task's; what was not loaded yet is unusable.
 */
bool task_segments_load(struct task_context *task, const uint32_t selectors[TASK_SELECTORS],
			bool virtual_8086);

#endif
