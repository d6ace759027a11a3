/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/contain.h"

#include "console/serve.h"
#include "cpu/apic.h"
#include "cpu/cpu.h"
#include "cpu/fault.h"
#include "cpu/privileged.h"
#include "devices/ioapic.h"
#include "devices/pci.h"
#include "lib/crash_record.h"
#include "lib/lock.h"
#include "vm/inject.h"
#include "vm/monitor.h"
#include "vm/vcpu.h"

/* The second failure is one in the handling of the first. */
#define FAILURES_MAX 2

/* Before its VMs begin, cores may not even be there that could be called. */
static bool has_started(const struct cpu *cpu)
{
	return cpu->vcpu && vm_state(cpu->vcpu->vm) != VM_PREPARED;
}

/* Its cores that wait for this one in a meeting see the state; those in the guest get the request. */
static void lose(struct vcpu *vcpu)
{
	if (!vm_transition(vcpu->vm, EVENT_LOSE))
		return;
	monitor_ends(vcpu->vm, STOP_HYPERVISOR_FAULT);
	vm_post(vcpu->vm, vcpu, REQUEST_STOP);
}

void contain_begin(void)
{
	struct cpu *cpu = this_cpu();

	/* there its VM is not mapped, and not concerned */
	if (CONFIG_OPERATOR_CONSOLE && console_is_served_here())
		console_recover();
	cpu->failures++;
	/* first, so that an NMI does not touch a VMCS that may not be there any more */
	cpu->vmcs_current = false;
	locks_abandon();
	if (cpu->failures > FAILURES_MAX) {
		log_abandon();
		cpu_halt_forever();
	}
	if (has_started(cpu) && (cpu->failures == FAILURES_MAX || !cpu->runs_guest))
		lose(cpu->vcpu);
}

/* A core that takes no interrupt for ever must not be who gets them. */
static _Noreturn void end_lost(struct vcpu *vcpu, const char *why)
{
	log_error("VM \"%s\" is lost, and this core with it: %s", vcpu->vm->config->name, why);
	log_flush();
	ioapic_mask_pins(vcpu->vm->config);
	IF_PRESENT(pci_silence, vcpu->vm->config);
	apic_reset();
	cpu_halt_forever();
}

static _Noreturn void end_core(const char *why)
{
	/* what led to it is printed first: that makes room in the ring for the reason */
	log_flush();
	log_error("core %u is lost: %s", this_cpu()->index, why);
	log_flush();
	cpu_halt_forever();
}

_Noreturn void contain_end_as(enum stop_reason reason, const char *why, const void *stack)
{
	struct cpu *cpu = this_cpu();

	if (CONFIG_FAULT_INJECTION) {
		inject_at(FAULT_KICKED);
		inject_at(FAULT_REPORT);
	}
	fault_log_stack(stack);
	crash_record_write(CRASH_HYPERVISOR, "", 0, why);
	if (!has_started(cpu))
		end_core(why);
	if (cpu->failures == FAILURES_MAX || !cpu->runs_guest)
		end_lost(cpu->vcpu, why);
	if (!guest_state_log_if_there())
		log_error("the guest's state can't be read");
	vm_stop(cpu->vcpu, reason, NULL);
}

_Noreturn void contain_end(const char *why, const void *stack)
{
	contain_end_as(STOP_HYPERVISOR_FAULT, why, stack);
}
