/* SPDX-License-Identifier: Apache-2.0 */
/* A command line as words, and words as numbers. */
#ifndef CONSOLE_WORDS_H
#define CONSOLE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORDS_MAX 8 /* more than any command takes */

struct words {
	char *word[WORDS_MAX];
	uint32_t count;
};

/* Splits at blanks, in place: words point into `text`. False if there are too many. */
bool words_split(struct words *words, char *text);

/* Decimal, or hexadecimal with 0x. False if it is something else, or does not fit. */
bool words_number(const char *word, uint64_t *value);

/* Whether `word` begins with `start`. */
bool words_begins(const char *word, const char *start);

#endif
