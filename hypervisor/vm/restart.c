/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM begins again: its cores scrub its memory, load it from the image store, and put themselves and
 * its devices into the state of the first start. Each does its part; between the steps they meet.
 */
#include "cpu/apic.h"
#include "cpu/cpu.h"
#include "cpu/privileged.h"
#include "devices/pci.h"
#include "lib/string.h"
#include "loader/image_store.h"
#include "vm/inject.h"
#include "vm/share_out.h"
#include "vm/vcpu.h"

/* Returns when all cores of the VM have called it. They all have as much to do, so they wait awake. */
static void meet(struct vm *vm)
{
	uint32_t phase = __atomic_load_n(&vm->phase, __ATOMIC_ACQUIRE);

	if (__atomic_add_fetch(&vm->arrived, 1, __ATOMIC_ACQ_REL) == vm->config->vcpu_count) {
		__atomic_store_n(&vm->arrived, 0, __ATOMIC_RELAXED);
		/* release: what was done before is seen by those who see the new phase */
		__atomic_store_n(&vm->phase, phase + 1, __ATOMIC_RELEASE);
		return;
	}
	while (__atomic_load_n(&vm->phase, __ATOMIC_ACQUIRE) == phase) {
		if (vm_state(vm) == VM_LOST)
			cpu_halt_forever();
		cpu_pause();
	}
}

/* What is shared with other VMs stays; devices are no memory. */
static void scrub(const struct vcpu *vcpu)
{
	const struct vm_config *vm = vcpu->vm->config;

	for (uint32_t i = 0; i < vm->memory_count; i++) {
		const struct memory_region *region = &vm->memory[i];
		struct share share = share_out(region->size, vcpu->config->index, vm->vcpu_count);

		if (region->kind == MEMORY_RAM)
			memset(host_pointer(region->host_physical + share.offset), 0, share.length);
	}
}

/*
 * What was asked of the vCPU in its earlier life: nobody is left who could ask. After this, but before
 * the VM runs, only an operator can.
 */
static void requests_forget(struct vcpu *vcpu)
{
	__atomic_and_fetch(vcpu_requests(vcpu), (uint32_t)(REQUEST_WISHES | REQUEST_HALT),
			   __ATOMIC_RELAXED);
}

/* Once, while all other cores of the VM wait. */
static void vm_begin_again(struct vm *vm)
{
	vm_reset(vm);
	vm_transition(vm, EVENT_LOADED);
}

/* A wish that came while the VM could not follow it is asked again. */
static void wish_again(struct vcpu *vcpu)
{
	if (vcpu->wish & (REQUEST_WISH_STOP | REQUEST_WISH_RESTART))
		__atomic_or_fetch(vcpu_requests(vcpu), vcpu->wish, __ATOMIC_RELEASE);
	vcpu->wish = 0;
}

_Noreturn void vcpu_restart(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	const struct vm_config *config = vm->config;

	apic_drain();
	requests_forget(vcpu);
	if (vcpu->config->index == 0)
		IF_PRESENT(pci_reset, config);
	if (CONFIG_FAULT_INJECTION)
		inject_at(FAULT_RESTART);
	scrub(vcpu);
	meet(vm);
	image_store_load(config->id, vcpu->config->index, config->vcpu_count);
	vcpu_reset(vcpu);
	wish_again(vcpu);
	meet(vm);
	if (vcpu->config->index == 0)
		vm_begin_again(vm);
	meet(vm);
	if (guest_state_renew())
		vm_stop(vcpu, STOP_ENTRY_FAILED, NULL);
	vcpu_run(vcpu);
}
