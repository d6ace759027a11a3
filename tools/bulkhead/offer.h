/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is free, for help lines: a core, a place in memory, a device, an interrupt that a VM could have
 * instead of what it cannot have. Text that ends a sentence ("; cpu2 is free"), or "" if nothing is free.
 */
#ifndef BULKHEAD_TOOL_OFFER_H
#define BULKHEAD_TOOL_OFFER_H

#include "rules.h"

/* "; cpu2 and cpu3 are free": cores that no VM has and that share no physical core with another VM. */
const char *offer_cores(struct check *check, const struct vm *vm);
/* The label of the first of them; NULL if there is none. */
const char *offer_core(struct check *check, const struct vm *vm);

/* "; host = <0x0 0x30100000> has room for its 16 MiB", such that large pages can map it. */
const char *offer_memory(struct check *check, const struct vm_memory *memory);
/*
 * The same for what `host` at this place is of: memory of a VM, or (owners behind the last VM) what VMs
 * share, which need not agree with anybody's guest address.
 */
const char *offer_memory_at(struct check *check, uint32_t owner, struct place host);

/* "; com4 is free": a device of the same kind that no VM has and that collides with nothing. */
const char *offer_device(struct check *check, uint32_t index);

/* "; interrupt 10 is free": one that no VM has and no device of the board raises. */
const char *offer_interrupt(struct check *check);

#endif
