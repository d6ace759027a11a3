/* SPDX-License-Identifier: Apache-2.0 */
/* What commands of the operator's console work with; for hypervisor/console/ only. */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include "console/line.h"
#include "console/words.h"
#include "vm/vcpu.h"

#define CONSOLE_KEYS 64

/* On the stack of the core that serves. */
struct console {
	struct line_editor line;
	uint8_t keys[CONSOLE_KEYS]; /* typed and not looked at yet */
	uint32_t key_count;
	bool prompted;    /* somebody has typed something: there is a line on the screen */
	bool interrupted; /* Ctrl-C: what is being printed is no longer wanted */
};

/* Prints a line, which may be up to SAY_SIZE long. Nothing after Ctrl-C. */
#define SAY_SIZE 160
void say(struct console *console, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Takes what was typed. */
void console_poll(struct console *console);
/* The next key, -1 if there is none. */
int console_key(struct console *console);
/* Makes this core the one that prints. */
void console_take_printer(void);

/* --- What commands have in common (common.c) --- */

/* False, and the operator is told, if there is no such VM. */
bool console_vm(struct console *console, const char *name, uint32_t *vm);
/*
 * The vCPU of words VM and VCPU at `first`, 0 without the second: its index in scenario.vcpus. False, and the
 * operator is told, if there is none.
 */
bool console_vcpu(struct console *console, const struct words *words, uint32_t first,
		  uint32_t *vcpu);
/* A number from `least` to `most`, or the operator is told. */
bool console_number(struct console *console, const char *what, const char *word, uint64_t least,
		    uint64_t most, uint64_t *value);

/* Index into scenario.cores of the vCPU's core. */
uint32_t core_of_vcpu(uint32_t vcpu);
/* Index into scenario.vcpus of a VM's first vCPU. */
uint32_t first_vcpu(uint32_t vm);
enum vm_state state_of(uint32_t vm);
bool is_at_rest(uint32_t vm);

/* "12.345 s", "5 min 03 s", "2 h 05 min", "3 d 04 h" */
#define TIME_SIZE 24
const char *time_text(char text[TIME_SIZE], uint64_t ticks);

/* "I/O instruction: OUT port 0x80, 1 byte" */
const char *exit_text(char text[SAY_SIZE], uint32_t reason, uint64_t qualification);

/* "PG PE" for the names of set bits, from bit 0 on; NULL: bits without a name are left out. */
const char *bits_text(char *text, size_t size, uint64_t value, const char *const *names,
		      unsigned count);

/* --- Commands, each in the file that says it --- */

typedef void console_command(struct console *console, const struct words *words);
console_command command_help;                                /* commands.c */
console_command command_vms, command_cores, command_crashes; /* list.c */
console_command command_exits, command_last;                 /* exits.c */
console_command command_regs;                                /* registers.c */
console_command command_vmcs;                                /* vmcs.c */
console_command command_mem;                                 /* memory.c */
console_command command_log;                                 /* log_command.c */
console_command command_stop, command_start, command_restart, command_halt,
	command_reboot; /* life_command.c */

/* Runs a line; `text` is changed. */
void commands_run(struct console *console, char *text);
/* Completes the word before the cursor. */
void commands_complete(struct console *console);

#endif
