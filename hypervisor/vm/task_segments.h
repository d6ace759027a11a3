/* SPDX-License-Identifier: Apache-2.0 */
/* Segment registers of a new task (SDM 3.8.3, table 8-1). */
#ifndef VM_TASK_SEGMENTS_H
#define VM_TASK_SEGMENTS_H

#include "vm/guest_access.h"
#include "vm/task_switch.h"

/* A task's dynamic state in the order of a TSS, whatever its width. */
enum task_word {
	TASK_IP,
	TASK_FLAGS,
	TASK_REGISTERS, /* eight, in the order in which instructions number them */
	TASK_SELECTORS = TASK_REGISTERS + 8, /* indexed by enum guest_segment_name; LDTR included */
	TASK_WORDS = TASK_SELECTORS + 7,
};

#define TASK_TSS_MAX 0x68

/* A task switch on its way: whose it is, and what went wrong. */
struct task_context {
	struct vcpu *vcpu;
	struct guest_registers *registers;
	const struct task_switch *request;
	gva_t descriptor;              /* of the segment that was read last: where it is */
	struct guest_segment old, new; /* TSSs */
	uint32_t words[TASK_WORDS];    /* of the old task, then of the new one */
	struct guest_access access;
	uint8_t tss[TASK_TSS_MAX]; /* as it lies in memory */
};

/* Sets the fault; returns false, for `return task_fault(...)`. */
bool task_fault(struct task_context *task, uint8_t vector, uint32_t selector);

/* Access by the processor itself, which stops the VM where its memory ends. False: a page fault. */
bool task_memory(struct task_context *task, gva_t linear, void *buffer, unsigned size, bool write);

/*
 * What the descriptor of `selector` in the GDT or LDT says. False: no such descriptor (`vector`), or a page
 * fault.
 */
bool task_segment_read(struct task_context *task, uint32_t selector, uint8_t vector,
		       struct guest_segment *segment);

/* Writes type, S, DPL and P of the descriptor that was read last, a byte, as they are in `rights`. False: a page fault. */
bool task_type_write(struct task_context *task, uint32_t rights);

/*
 * First all registers get their selectors, then descriptors are loaded one by one. False: the fault is
 * the new task's; what was not loaded yet is unusable.
 */
bool task_segments_load(struct task_context *task);

#endif
