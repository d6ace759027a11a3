/* SPDX-License-Identifier: Apache-2.0 */
#include "console/words.h"

bool words_split(struct words *words, char *text)
{
	words->count = 0;
	for (;;) {
		while (*text == ' ')
			*text++ = '\0';
		if (*text == '\0')
			return true;
		if (words->count == WORDS_MAX)
			return false;
		words->word[words->count++] = text;
		while (*text != '\0' && *text != ' ')
			text++;
	}
}

/* 16 if it is none */
static uint64_t digit_of(char character)
{
	if (character >= '0' && character <= '9')
		return (uint64_t)(character - '0');
	if (character >= 'a' && character <= 'f')
		return (uint64_t)(character - 'a') + 10;
	if (character >= 'A' && character <= 'F')
		return (uint64_t)(character - 'A') + 10;
	return 16;
}

bool words_number(const char *word, uint64_t *value)
{
	uint64_t base = 10;

	if (word[0] == '0' && (word[1] == 'x' || word[1] == 'X')) {
		base = 16;
		word += 2;
	}
	*value = 0;
	if (*word == '\0')
		return false;
	for (; *word != '\0'; word++) {
		uint64_t digit = digit_of(*word);

		if (digit >= base || *value > (UINT64_MAX - digit) / base)
			return false;
		*value = *value * base + digit;
	}
	return true;
}

bool words_begins(const char *word, const char *start)
{
	while (*start != '\0')
		if (*word++ != *start++)
			return false;
	return true;
}
