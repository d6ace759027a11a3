/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spin locks, for the few places where cores meet. They are held for a few dozen instructions, never while
 * waiting for anything, so whoever waits does so for a bounded time. That also holds if the hypervisor fails on
 * the core that has a lock: the core remembers what it holds and lets go of it (vm/contain.c).
 */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include "bulkhead/types.h"

#define LOCK_FREE 0

/* Index + 1 of the core that holds it; begins as zeros. */
struct lock {
	uint32_t holder;
};

void lock_take(struct lock *lock);

/* Innermost first, as they were taken. */
void lock_release(struct lock *lock);

/* Lets go of all that the calling core holds. What they guard may be half done. */
void locks_abandon(void);

#endif
