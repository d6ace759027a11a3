/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/timer.h"

#include "vm/extint.h"
#include "vm/watchdog.h"

void timer_set(struct vcpu *vcpu, const struct guest_registers *registers)
{
	uint64_t watchdog = watchdog_check ? watchdog_check(vcpu, registers) : UINT64_MAX;
	uint64_t extint = extint_update ? extint_update(vcpu) : UINT64_MAX;
	uint64_t ticks = watchdog < extint ? watchdog : extint;

	if (ticks == UINT64_MAX)
		guest_exit_never();
	else
		guest_exit_after(ticks);
}

void timer_update(struct vcpu *vcpu, const struct guest_registers *registers)
{
	timer_set(vcpu, registers);
	if (__atomic_load_n(vcpu_requests(vcpu), __ATOMIC_ACQUIRE))
		vcpu_exit_soon();
}
