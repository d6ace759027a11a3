/* SPDX-License-Identifier: Apache-2.0 */
/* Life of VMs and vCPUs: start, requests between the cores of a VM, stop. */
#include "bulkhead/platform.h"
#include "cpu/apic.h"
#include "cpu/cpu.h"
#include "cpu/msr.h"
#include "cpu/privileged.h"
#include "devices/ioapic.h"
#include "devices/pci.h"
#include "lib/crash_record.h"
#include "lib/panic.h"
#include "vm/counters.h"
#include "vm/report.h"
#include "vm/trace.h"
#include "vm/vcpu.h"

struct vcpu vcpus[CONFIG_MAX_VCPUS];
struct vm vms[CONFIG_MAX_VMS];

static const char *const stop_texts[STOP_REASON_COUNT] = {
	[STOP_NONE] = "not stopped",
	[STOP_POWER_OFF] = "powered off by its guest",
	[STOP_RESET] = "reset requested by its guest; restart is not available",
	[STOP_TRIPLE_FAULT] = "triple fault",
	[STOP_MEMORY] = "access outside its memory",
	[STOP_INSTRUCTION] = "access that can't be emulated",
	[STOP_UNHANDLED] = "exit without a handler",
	[STOP_ENTRY_FAILED] = "VM entry failed",
	[STOP_HYPERVISOR_FAULT] = "fault inside the hypervisor on its core",
};

static void vcpu_init(struct vcpu *vcpu, const struct vcpu_config *config)
{
	vcpu->config = config;
	vcpu->vm = &vms[config->vm];
	vcpu->waits_for_sipi = config->start == VCPU_START_WAIT_SIPI;
	/* As a firmware that knows x2APIC hands it over, so that guests need not touch the APIC page. */
	vcpu->apic_base = PLATFORM_LAPIC_GPA | APIC_BASE_ENABLE | APIC_BASE_X2APIC |
			  (config->index == 0 ? APIC_BASE_BSP : 0);
	vcpu->xapic_dfr = UINT32_MAX;
	vcpu->mtrr_default = MTRR_DEFAULT_RESET;
}

static void vcpu_bind(struct vcpu *vcpu, struct cpu *cpu)
{
	cpu->vcpu = vcpu;
	vcpu->counters = &cpu_area_of(cpu)->counters;
	counters_init(vcpu->counters, cpu->apic_id);
	vcpu->counters->vm = vcpu->config->vm;
	vcpu->counters->vcpu = vcpu->config->index;
}

void vms_init(const struct scenario *scenario)
{
	for (uint32_t i = 0; i < scenario->vm_count; i++)
		vms[i].config = &scenario->vms[i];
	virtual_devices_init(scenario);
	for (uint32_t i = 0; i < scenario->vcpu_count; i++)
		vcpu_init(&vcpus[i], &scenario->vcpus[i]);
	for (uint32_t i = 0; i < scenario->core_count; i++) {
		const struct core_config *core = &scenario->cores[i];

		if (core->vcpu != VCPU_NONE)
			vcpu_bind(&vcpus[core->vcpu], cpu_at(i));
	}
}

struct vcpu *vm_vcpu(const struct vm *vm, uint32_t index)
{
	uint32_t first = (uint32_t)(vm->config->vcpus - scenario_tables.vcpus);

	return index < vm->config->vcpu_count ? &vcpus[first + index] : NULL;
}

/* The last vCPU of a VM to stop makes its devices silent; the others may still be running guests. */
static void last_vcpu_parked(const struct vm *vm)
{
	ioapic_mask_pins(vm->config);
	pci_silence(vm->config);
	log_info("VM \"%s\" has stopped: %s", vm->config->name, stop_texts[vm->stop]);
}

static bool is_orderly(enum stop_reason reason)
{
	return reason == STOP_POWER_OFF || reason == STOP_RESET;
}

static _Noreturn void vcpu_park(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	apic_reset();
	report_exits(vcpu);
	if (!is_orderly(vm->stop))
		trace_report(vcpu);
	if (__atomic_add_fetch(&vm->parked, 1, __ATOMIC_ACQ_REL) == vm->config->vcpu_count)
		last_vcpu_parked(vm);
	cpu_halt_forever();
}

static bool stop_begin(struct vm *vm, enum stop_reason reason)
{
	uint32_t none = STOP_NONE;

	return __atomic_compare_exchange_n(&vm->stop, &none, reason, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static void stop_others(const struct vcpu *self)
{
	for (uint32_t i = 0; i < self->vm->config->vcpu_count; i++)
		if (i != self->config->index)
			vcpu_post(vm_vcpu(self->vm, i), REQUEST_STOP);
}

_Noreturn void vm_stop(struct vcpu *vcpu, enum stop_reason reason,
		       const struct guest_registers *registers)
{
	if (stop_begin(vcpu->vm, reason)) {
		if (is_orderly(reason))
			log_info("vCPU %u: %s", vcpu->config->index, stop_texts[reason]);
		else
			log_error("vCPU %u stops its VM: %s", vcpu->config->index,
				  stop_texts[reason]);
		if (registers && !is_orderly(reason))
			guest_state_log(registers);
		if (!is_orderly(reason))
			crash_record_write(CRASH_VM, vcpu->vm->config->name, vcpu->config->index,
					   stop_texts[reason]);
		stop_others(vcpu);
	}
	vcpu_park(vcpu);
}

_Noreturn void vcpu_stop_after_fault(void)
{
	struct cpu *cpu = this_cpu();

	cpu->vmcs_current = false;
	if (!cpu->vcpu)
		panic("core %u has no VM to stop", cpu->index);
	vm_stop(cpu->vcpu, STOP_HYPERVISOR_FAULT, NULL);
}

static void start_by_sipi(struct vcpu *vcpu, uint32_t requests)
{
	vcpu->waits_for_sipi = false;
	guest_state_enter_sipi(
		(uint8_t)((requests & REQUEST_SIPI_PAGE) >> REQUEST_SIPI_PAGE_SHIFT));
}

void vcpu_wait_for_sipi(struct vcpu *vcpu, struct guest_registers *registers)
{
	guest_state_reset(vcpu, registers);
	for (;;) {
		uint32_t requests = vcpu_take_requests(vcpu);

		if (requests & REQUEST_STOP)
			vcpu_park(vcpu);
		if (requests & REQUEST_SIPI) {
			start_by_sipi(vcpu, requests);
			return;
		}
		cpu_sleep_unless(&vcpu->requests);
	}
}

/*
 * INIT resets the vCPU's processor and its APIC (SDM 3.10.1.1). For the BSP it would mean to run the
 * firmware again, which a VM does not have: that is a reset of the whole VM.
 */
static void take_init(struct vcpu *vcpu, struct guest_registers *registers)
{
	if (vcpu->config->index == 0)
		vm_stop(vcpu, STOP_RESET, registers);
	apic_reset();
	vcpu->waits_for_sipi = true;
	vcpu_wait_for_sipi(vcpu, registers);
}

void vcpu_handle_requests(struct vcpu *vcpu, struct guest_registers *registers)
{
	uint32_t requests = vcpu_take_requests(vcpu);

	if (requests & REQUEST_STOP)
		vcpu_park(vcpu);
	if (requests & REQUEST_INIT) {
		/* the start-up IPI may have come along */
		__atomic_or_fetch(&vcpu->requests, requests & (REQUEST_SIPI | REQUEST_SIPI_PAGE),
				  __ATOMIC_RELAXED);
		take_init(vcpu, registers);
	} else if (requests & REQUEST_NMI) {
		guest_inject_nmi();
	}
}

/* As the loader of its image has decided. */
static void start_bsp(const struct boot_entry *boot, struct guest_registers *registers)
{
	*registers = boot->registers;
	if (boot->mode == ENTRY_LONG)
		guest_state_enter_long(boot->rip, boot->page_table);
	else
		guest_state_enter_at(boot->mode, boot->rip);
	if (boot->gdt_limit)
		guest_state_set_gdt(boot->gdt_base, boot->gdt_limit);
}

static void start_at_entry(struct vcpu *vcpu, struct guest_registers *registers)
{
	const struct vcpu_config *config = vcpu->config;

	guest_state_reset(vcpu, registers);
	if (config->index == 0) {
		start_bsp(&vcpu->vm->boot, registers);
		return;
	}
	guest_state_enter_at(config->mode, config->entry);
	registers->rax = PLATFORM_START_MAGIC;
	registers->rdi = config->index;
	registers->rsi = vcpu->vm->config->vcpu_count;
}

_Noreturn void vcpu_run(struct vcpu *vcpu)
{
	struct guest_registers registers;
	enum error error;

	this_cpu()->owner = vcpu->vm->config->name;
	this_cpu()->runs_guest = true;
	error = guest_state_init(vcpu);
	if (error) {
		log_error("%s: %s", error_name(error), error_text(error));
		vm_stop(vcpu, STOP_ENTRY_FAILED, NULL);
	}
	if (vcpu->waits_for_sipi)
		vcpu_wait_for_sipi(vcpu, &registers);
	else
		start_at_entry(vcpu, &registers);
	guest_run(&registers);
}
