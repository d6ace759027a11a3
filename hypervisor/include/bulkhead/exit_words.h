/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a VM exit says, in words: its qualification (SDM 3.28.2.1) and where the guest went on. Shared by the
 * hypervisor, where Kconfig's EXIT_WORDS picks the file, and the tool.
 */
#ifndef BULKHEAD_EXIT_WORDS_H
#define BULKHEAD_EXIT_WORDS_H

#include <stddef.h>
#include <stdint.h>

#define EXIT_WORDS_SIZE 96 /* enough for any of them, with the NUL */

/*
 * "write, not mapped" for basic exit reason 48 and qualification 0x182. Empty for a
 * qualification of 0 that says nothing; "qualification 0x55" where it has no words. Always NUL-terminated; returns the length.
 */
size_t exit_words(char text[EXIT_WORDS_SIZE], uint32_t reason, uint64_t qualification);

/* "+2": behind the instruction; "again"; "at 0x1000"; "not yet" for a next_rip of 0. */
size_t next_rip_words(char text[EXIT_WORDS_SIZE], uint64_t rip, uint64_t next_rip);

/* "breakpoint 0, single step" for the qualification of a debug exception, or a value of DR6. */
size_t debug_words(char text[EXIT_WORDS_SIZE], uint64_t qualification);

/* "x2APIC" for a value of IA32_APIC_BASE; never NULL. */
const char *apic_mode_words(uint64_t apic_base);

#endif
