/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the operator's console looks at a stopped VM. It has nothing of any VM mapped: it asks, and the core on
 * which the VM rests copies what is asked for into a page of its own area, which the console can only read.
 * So nothing of a VM gets to where another VM's cores could read it, and no request reaches a VM that runs.
 *
 * Asking: console_request, then REQUEST_EXAMINE (release). Answering: the page, then its `serial` (release),
 * which the console waits for (acquire).
 */
#ifndef CONSOLE_EXAMINE_H
#define CONSOLE_EXAMINE_H

#include "bulkhead/error.h"
#include "bulkhead/host.h"
#include "vm/registers.h"
#include "vmx/vmcs_fields.h"

struct console;
struct vcpu;

enum console_question {
	ASK_VCPU,   /* state of the vCPU: vcpu_snapshot */
	ASK_MEMORY, /* `length` bytes of the VM's RAM at `address` */
};

/* Written by the core that serves the console. */
struct console_request {
	uint32_t serial; /* another one for each request, never 0 */
	enum console_question question;
	gpa_t address;
	uint32_t length;
};

#define ANSWER_BYTES 2048

/* A vCPU as its last exit has left it. */
struct vcpu_snapshot {
	struct guest_registers registers; /* without RSP, which is a field */
	uint64_t cr2, dr[4], dr6, xcr0;
	uint64_t apic_base; /* as the guest sees it */
	bool waits_for_sipi;
	bool field_valid[VMCS_FIELD_COUNT];
	uint64_t fields[VMCS_FIELD_COUNT]; /* in the order of vmcs_fields[] */
};

struct console_answer {
	uint32_t serial; /* of the request that it answers */
	enum error error;
	union {
		struct vcpu_snapshot vcpu;
		uint8_t bytes[ANSWER_BYTES];
	};
};
_Static_assert(sizeof(struct console_answer) <= HOST_ANSWER_SIZE, "one page in each core's area");

/* Answers the pending request, on a core on which its VM rests and that has the VM mapped. */
void examine_answer(const struct vcpu *vcpu);

/*
 * Asks the core of a vCPU (index in scenario.vcpus) whose VM is at rest. NULL, and the operator is told, if
 * the VM is not at rest, does not answer, or answers with an error.
 */
const struct console_answer *examine(struct console *console, uint32_t vcpu,
				     enum console_question question, gpa_t address,
				     uint32_t length);

#endif
