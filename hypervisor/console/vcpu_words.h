/* SPDX-License-Identifier: Apache-2.0 */
/* Words for the state of a stopped vCPU; for registers.c and vmcs.c. */
#ifndef CONSOLE_VCPU_WORDS_H
#define CONSOLE_VCPU_WORDS_H

#include "bulkhead/exit_words.h"
#include "console/console.h"
#include "console/examine.h"

/* Names of bits from bit 0 on. */
struct bit_names {
	const char *const *names;
	unsigned count;
};
extern const struct bit_names no_names, rflags_names, cr0_names, cr4_names, efer_names, xcr0_names,
	interruptibility_names;

/* A field's value, 0 if it could not be read. */
uint64_t field(const struct vcpu_snapshot *vcpu, enum vmcs_field name);

/* "code, 64-bit, read, accessed, DPL 0" */
const char *rights_text(char text[EXIT_WORDS_SIZE], uint64_t rights);
const char *mode_text(const struct vcpu_snapshot *vcpu);
const char *activity_text(const struct vcpu_snapshot *vcpu);
/* "page fault (#PF), error code 0x2"; "none" */
const char *interruption_text(char text[EXIT_WORDS_SIZE], uint64_t information, uint64_t error);

/*
 * The vCPU of words VM and VCPU, with a title: "VM rt, vCPU 0 on core 2: stopped by the operator". NULL, and the
 * operator is told, if it can't be looked at.
 */
const struct vcpu_snapshot *say_vcpu_of(struct console *console, const struct words *words);
/* Reason, qualification and addresses of the exit that it stopped at, or of the entry that failed. */
void say_last_exit(struct console *console, const struct vcpu_snapshot *vcpu);

#endif
