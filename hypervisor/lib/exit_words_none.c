/* SPDX-License-Identifier: Apache-2.0 */
/* In place of exit_words.c, for the smallest image: numbers as they are. */
#include "bulkhead/exit_words.h"
#include "lib/format.h"

size_t exit_words(char text[EXIT_WORDS_SIZE], uint32_t reason, uint64_t qualification)
{
	(void)reason;
	return format_text(text, EXIT_WORDS_SIZE, "0x%lx", qualification);
}

size_t next_rip_words(char text[EXIT_WORDS_SIZE], uint64_t rip, uint64_t next_rip)
{
	(void)rip;
	return format_text(text, EXIT_WORDS_SIZE, "at 0x%lx", next_rip);
}
