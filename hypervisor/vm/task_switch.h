/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardware task switches, which no processor makes in VMX non-root operation: they exit, and are done
 * here (SDM 3.8.3, 3.26.4.2).
 */
#ifndef VM_TASK_SWITCH_H
#define VM_TASK_SWITCH_H

#include "vm/vcpu.h"

/* As in the exit qualification (SDM 3.28.2.1, table 28-2). */
enum task_switch_source {
	TASK_SWITCH_CALL,
	TASK_SWITCH_IRET,
	TASK_SWITCH_JUMP,
	TASK_SWITCH_GATE, /* an exception or interrupt by way of a task gate in the IDT */
};

struct task_switch {
	uint16_t selector; /* of the new task's TSS */
	enum task_switch_source source;
	unsigned
		length; /* of the instruction that the old task does not execute again; 0 for none */
	bool external;  /* caused by an event that is not the program's: EXT in error codes */
	bool has_error; /* the event's error code is pushed on the new stack */
	uint32_t error;
};

/*
 * Switches, or injects the exception that prevents it. Stops the VM if a TSS or the GDT is not in its
 * memory.
 */
void vm_task_switch(struct vcpu *vcpu, struct guest_registers *registers,
		    const struct task_switch *request);

#endif
