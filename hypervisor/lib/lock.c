/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/lock.h"

#include "cpu/cpu.h"
#include "cpu/privileged.h"

void lock_take(struct lock *lock)
{
	struct cpu *cpu = this_cpu();
	uint32_t expected = LOCK_FREE;

	/* remembered first: it is let go of only if this core really has it */
	cpu->locks[cpu->lock_count++ % CPU_LOCKS] = lock;
	while (!__atomic_compare_exchange_n(&lock->holder, &expected, cpu->index + 1, false,
					    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		expected = LOCK_FREE;
		cpu_pause();
	}
}

void lock_release(struct lock *lock)
{
	__atomic_store_n(&lock->holder, LOCK_FREE, __ATOMIC_RELEASE);
	this_cpu()->lock_count--;
}

void locks_abandon(void)
{
	struct cpu *cpu = this_cpu();

	for (unsigned i = 0; i < CPU_LOCKS && i < cpu->lock_count; i++) {
		uint32_t self = cpu->index + 1;

		__atomic_compare_exchange_n(&cpu->locks[i]->holder, &self, LOCK_FREE, false,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED);
	}
	cpu->lock_count = 0;
}
