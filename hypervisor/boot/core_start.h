/* SPDX-License-Identifier: Apache-2.0 */
/* What a core finds when it has come to long mode (boot/entry.S). One core at a time starts. */
#ifndef BOOT_CORE_START_H
#define BOOT_CORE_START_H

#include "bulkhead/types.h"

struct core_start {
	uint64_t stack;        /* its end; 16-byte aligned */
	uint32_t arguments[2]; /* of the entry */
	void (*entry)(uint32_t first, uint32_t second);
};
_Static_assert(sizeof(struct core_start) == 24, "entry.S knows the offsets");

extern struct core_start core_start;

#endif
