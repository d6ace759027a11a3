/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest images of tens of MiB go through here, hence the string instructions: they are the fastest way
 * without vector registers, on processors (SDM 1.7.3.9.3, fast-string operation) and in emulators.
 *
 * Loops that a compiler could recognise and turn into a call of the very function that contains them
 * carry an empty asm statement, which no such pattern allows.
 */
#include "lib/string.h"

#include <stdint.h>

#define NOT_A_PATTERN() __asm__ volatile("")

/* Right for destinations below an overlapping source, too: bytes are read before they are replaced. */
static void copy_upwards(void *destination, const void *source, size_t size)
{
	size_t words = size / 8;
	size_t rest = size % 8;

	__asm__ volatile("rep movsq" : "+D"(destination), "+S"(source), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(destination), "+S"(source), "+c"(rest) : : "memory");
}

void *memcpy(void *restrict destination, const void *restrict source, size_t size)
{
	copy_upwards(destination, source, size);
	return destination;
}

/*
 * A destination inside the source is filled from its end, in pieces no longer than the distance, each
 * of which does not overlap itself. That needs no direction flag, which an NMI handler would have to
 * expect, and is as fast as memcpy unless the distance is tiny.
 */
static void copy_downwards(uint8_t *destination, const uint8_t *source, size_t size)
{
	size_t distance = (size_t)(destination - source);

	while (size > 0) {
		size_t piece = size < distance ? size : distance;
		size -= piece;
		copy_upwards(destination + size, source + size, piece);
	}
}

void *memmove(void *destination, const void *source, size_t size)
{
	uintptr_t distance = (uintptr_t)destination - (uintptr_t)source;

	if (distance == 0 || size == 0)
		return destination;
	/* The difference wraps to a large number if the destination is below the source. */
	if (distance >= size)
		copy_upwards(destination, source, size);
	else
		copy_downwards(destination, source, size);
	return destination;
}

void *memset(void *destination, int value, size_t size)
{
	void *position = destination;
	uint64_t pattern = UINT64_C(0x0101010101010101) * (uint8_t)value;
	size_t words = size / 8;
	size_t rest = size % 8;

	__asm__ volatile("rep stosq" : "+D"(position), "+c"(words) : "a"(pattern) : "memory");
	__asm__ volatile("rep stosb" : "+D"(position), "+c"(rest) : "a"(pattern) : "memory");
	return destination;
}

int memcmp(const void *left, const void *right, size_t size)
{
	const uint8_t *a = left;
	const uint8_t *b = right;

	for (size_t i = 0; i < size; i++) {
		NOT_A_PATTERN();
		if (a[i] != b[i])
			return a[i] - b[i];
	}
	return 0;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0') {
		NOT_A_PATTERN();
		length++;
	}
	return length;
}

int strcmp(const char *left, const char *right)
{
	return strncmp(left, right, SIZE_MAX);
}

int strncmp(const char *left, const char *right, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		NOT_A_PATTERN();
		if (left[i] != right[i] || left[i] == '\0')
			return (uint8_t)left[i] - (uint8_t)right[i];
	}
	return 0;
}
