/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a VM. The core that finds a reason calls the VM's others; each makes its own part silent
 * and comes to rest on an empty stack. The last one makes the devices silent and decides what follows.
 */
#include "console/examine.h"
#include "console/serve.h"
#include "cpu/apic.h"
#include "cpu/cpu.h"
#include "cpu/exceptions.h"
#include "devices/ioapic.h"
#include "devices/pci.h"
#include "lib/crash_record.h"
#include "vm/inject.h"
#include "vm/machine_check.h"
#include "vm/monitor.h"
#include "vm/report.h"
#include "vm/trace.h"
#include "vm/vcpu.h"

/* All cores of the VM are at rest, so nobody else changes anything of it. */
static void begin_restart(struct vm *vm)
{
	if (vm_transition(vm, EVENT_RESTART))
		vm_post(vm, NULL, REQUEST_RESTART);
}

static void come_to_rest(struct vm *vm, enum stop_reason reason)
{
	log_info("VM \"%s\" has stopped: %s", vm->config->name, stop_reason_text(reason));
	vm_transition(vm, stop_is_orderly(reason) ? EVENT_STOP : EVENT_CRASH);
	vcpu_post(vm_vcpu(vm, 0), REQUEST_RESTED);
}

static void make_silent(const struct vm *vm)
{
	ioapic_mask_pins(vm->config);
	IF_PRESENT(pci_silence, vm->config);
}

static void last_vcpu_parked(struct vm *vm)
{
	enum stop_reason reason = (enum stop_reason)vm->stop;

	if (CONFIG_FAULT_INJECTION)
		inject_at(FAULT_STOP);
	make_silent(vm);
	switch (life_action_of(vm, reason)) {
	case LIFE_RESTART:
		if (vm->tells)
			log_info("VM \"%s\" restarts: %s", vm->config->name,
				 stop_reason_text(reason));
		begin_restart(vm);
		break;
	case LIFE_HALT_MACHINE:
		log_error("VM \"%s\" halts the machine, as its policy says: %s", vm->config->name,
			  stop_reason_text(reason));
		machine_request_halt();
		come_to_rest(vm, reason);
		break;
	case LIFE_STOP:
		come_to_rest(vm, reason);
		break;
	}
}

/* The wish of an operator, for a VM at rest. A stop it has already. */
static void rest_and_wish(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	enum vm_state state = vm_state(vm);

	if (!(vcpu->wish & REQUEST_WISHES) || (state != VM_STOPPED && state != VM_CRASHED))
		return;
	if ((vcpu->wish & (REQUEST_WISH_START | REQUEST_WISH_RESTART)) && !machine_is_halted()) {
		vm->restart_window = 0;
		begin_restart(vm);
	}
	vcpu->wish = 0;
}

/* Where a core waits, on an otherwise empty stack, for its VM to be started again. */
_Noreturn void vcpu_rest(void)
{
	struct vcpu *vcpu = this_cpu()->vcpu;

	for (;;) {
		uint32_t requests = vcpu_take_requests(vcpu);

		if (requests & REQUEST_WISHES)
			vcpu->wish = requests & REQUEST_WISHES;
		if (requests & REQUEST_RESTART)
			IF_PRESENT(vcpu_restart, vcpu);
		rest_and_wish(vcpu);
		if (CONFIG_OPERATOR_CONSOLE && (requests & REQUEST_EXAMINE))
			examine_answer(vcpu);
		if (CONFIG_OPERATOR_CONSOLE && console_try(vcpu))
			console_serve(vcpu_requests(vcpu));
		else
			cpu_sleep_unless(vcpu_requests(vcpu));
	}
}

/* NMIs are blocked if a kick's handler failed; its stack is no longer in use here. */
static _Noreturn void vcpu_come_to_rest(void)
{
	struct vcpu *vcpu = this_cpu()->vcpu;
	struct vm *vm = vcpu->vm;

	cpu_unblock_nmi();
	apic_reset();
	machine_check_poll();
	if (vm->tells) {
		report_exits(vcpu);
		if (CONFIG_OPERATOR_CONSOLE)
			log_settle();
		if (!stop_is_orderly((enum stop_reason)vm->stop))
			trace_report(vcpu);
		if (CONFIG_OPERATOR_CONSOLE)
			log_settle();
	}
	/* from here on a failure of this core could not be made good by coming to rest once more */
	this_cpu()->runs_guest = false;
	if (vm_state(vm) == VM_LOST) {
		make_silent(vm);
		vcpu_rest();
	}
	if (__atomic_add_fetch(&vm->parked, 1, __ATOMIC_ACQ_REL) == vm->config->vcpu_count)
		last_vcpu_parked(vm);
	vcpu_rest();
}

_Noreturn void vcpu_park(struct vcpu *vcpu)
{
	(void)vcpu;
	cpu_call_on_empty_stack(vcpu_come_to_rest);
}

static bool stop_begin(struct vm *vm, enum stop_reason reason)
{
	uint32_t none = STOP_NONE;

	return __atomic_compare_exchange_n(&vm->stop, &none, reason, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static void tell_end(const struct vcpu *vcpu, enum stop_reason reason,
		     const struct guest_registers *registers)
{
	if (stop_is_orderly(reason)) {
		log_info("vCPU %u: %s", vcpu->config->index, stop_reason_text(reason));
		return;
	}
	log_error("vCPU %u stops its VM: %s", vcpu->config->index, stop_reason_text(reason));
	if (registers)
		guest_state_log(registers);
	/* that of a fault has been written, in more words */
	if (reason != STOP_HYPERVISOR_FAULT)
		crash_record_write(CRASH_VM, vcpu->vm->config->name, vcpu->config->index,
				   stop_reason_text(reason));
}

_Noreturn void vm_stop(struct vcpu *vcpu, enum stop_reason reason,
		       const struct guest_registers *registers)
{
	struct vm *vm = vcpu->vm;

	if (stop_begin(vm, reason)) {
		monitor_ends(vm, reason);
		vm_transition(vm, EVENT_END);
		vm->tells = life_tell(vm);
		/* before anything is told: they stop at once, and also if the hypervisor fails here */
		vm_post(vm, vcpu, REQUEST_STOP);
		if (vm->tells)
			tell_end(vcpu, reason, registers);
	}
	vcpu_park(vcpu);
}
