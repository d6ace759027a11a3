/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may ask for, from any core. The VM's BSP sees it at its kick and does it. */
#include "lib/section.h"
#include "vm/life.h"
#include "vm/vcpu.h"

static uint32_t halted SHARED_DATA;

static bool is_at_rest(enum vm_state state)
{
	return state == VM_STOPPED || state == VM_CRASHED;
}

/* In place of a wish that has not been seen yet: the operator has changed his mind. */
static void wish(const struct vm *vm, uint32_t request)
{
	struct vcpu *bsp = vm_vcpu(vm, 0);

	__atomic_and_fetch(vcpu_requests(bsp), ~(uint32_t)REQUEST_WISHES, __ATOMIC_RELAXED);
	vcpu_post(bsp, request);
}

enum error vm_request_stop(struct vm *vm)
{
	enum vm_state state = vm_state(vm);

	if (is_at_rest(state) || state == VM_LOST || state == VM_PREPARED)
		return ERROR_VM_STATE;
	wish(vm, REQUEST_WISH_STOP);
	return ERROR_OK;
}

enum error vm_request_start(struct vm *vm)
{
	enum vm_state state = vm_state(vm);

	if (!vm_config_of(vm)->life.restartable)
		return ERROR_VM_NOT_RESTARTABLE;
	if ((!is_at_rest(state) && state != VM_STOPPING) || machine_is_halted())
		return ERROR_VM_STATE;
	wish(vm, REQUEST_WISH_START);
	return ERROR_OK;
}

enum error vm_request_restart(struct vm *vm)
{
	enum vm_state state = vm_state(vm);

	if (!vm_config_of(vm)->life.restartable)
		return ERROR_VM_NOT_RESTARTABLE;
	if (state == VM_LOST || state == VM_PREPARED || machine_is_halted())
		return ERROR_VM_STATE;
	wish(vm, REQUEST_WISH_RESTART);
	return ERROR_OK;
}

bool machine_is_halted(void)
{
	return __atomic_load_n(&halted, __ATOMIC_ACQUIRE);
}

void machine_request_halt(void)
{
	if (__atomic_exchange_n(&halted, 1, __ATOMIC_ACQ_REL))
		return;
	for (uint32_t i = 0; i < scenario_tables.vm_count; i++)
		vcpu_post(vm_vcpu(&vms[i], 0), REQUEST_HALT);
}
