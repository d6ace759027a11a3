/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory and string functions of C17 7.24 that the hypervisor needs. GCC and clang also emit calls
 * of the first four on their own, so they must exist under these names.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <stddef.h>

void *memcpy(void *restrict destination, const void *restrict source, size_t size);
void *memmove(void *destination, const void *source, size_t size);
void *memset(void *destination, int value, size_t size);
int memcmp(const void *left, const void *right, size_t size);
size_t strlen(const char *text);
int strcmp(const char *left, const char *right);
int strncmp(const char *left, const char *right, size_t size);

#endif
