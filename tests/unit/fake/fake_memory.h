/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host memory for unit tests: host_pointer() gives pointers into one buffer that stands for
 * [FAKE_MEMORY_BASE, FAKE_MEMORY_BASE + FAKE_MEMORY_SIZE). Any other address ends the test as failed.
 */
#ifndef FAKE_MEMORY_H
#define FAKE_MEMORY_H

#include "bulkhead/types.h"

#define FAKE_MEMORY_BASE UINT64_C(0x40000000)
#define FAKE_MEMORY_SIZE UINT64_C(0x2000000)

/* Fills all of it with one byte. */
void fake_memory_fill(uint8_t byte);

#endif
