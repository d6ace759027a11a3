/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/watchdog.h"

#include "cpu/frequency.h"
#include "cpu/tsc.h"

uint64_t watchdog_check(struct vcpu *vcpu, const struct guest_registers *registers)
{
	struct vm *vm = vcpu->vm;
	uint64_t period = vm->config->life.watchdog_seconds * tsc_frequency(&scenario_tables);
	uint64_t fed = __atomic_load_n(&vm->watchdog_fed, __ATOMIC_RELAXED);
	uint64_t now = tsc_host();
	uint64_t left;

	if (period == 0 || vcpu->config->index != 0)
		return UINT64_MAX;
	/* a feeder whose clock is a little ahead has just fed */
	if ((int64_t)(now - fed) < 0)
		now = fed;
	if (now - fed >= period)
		vm_stop(vcpu, STOP_WATCHDOG, registers);
	left = period - (now - fed);
	return left < period / WATCHDOG_LOOKS ? left : period / WATCHDOG_LOOKS;
}
