/* SPDX-License-Identifier: Apache-2.0 */
#include "fake/fake_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/privileged.h"

static uint8_t memory[FAKE_MEMORY_SIZE] __attribute__((aligned(4096)));

void fake_memory_fill(uint8_t byte)
{
	memset(memory, byte, sizeof(memory));
}

/* One byte behind the end is fine: an end pointer is never followed. */
void *host_pointer(hpa_t address)
{
	if (address < FAKE_MEMORY_BASE || address > FAKE_MEMORY_BASE + FAKE_MEMORY_SIZE) {
		fprintf(stderr, "host_pointer(0x%lx): not in the fake memory\n", address);
		abort();
	}
	return memory + (address - FAKE_MEMORY_BASE);
}
