/* SPDX-License-Identifier: Apache-2.0 */
/* Work on memory, shared out among the cores of a VM. */
#ifndef VM_SHARE_OUT_H
#define VM_SHARE_OUT_H

#include "bulkhead/types.h"

struct share {
	uint64_t offset;
	uint64_t length; /* 0: nothing */
};

/* The part of `length` bytes that one of `parts` workers does: whole pages, but for the end. */
static inline struct share share_out(uint64_t length, uint32_t part, uint32_t parts)
{
	uint64_t pages = (length + PAGE_SIZE_4K - 1) / PAGE_SIZE_4K;
	uint64_t each = (pages + parts - 1) / parts * PAGE_SIZE_4K;
	uint64_t offset = each * part;

	if (offset >= length)
		return (struct share){.offset = 0, .length = 0};
	return (struct share){offset, length - offset < each ? length - offset : each};
}

#endif
