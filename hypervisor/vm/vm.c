/* SPDX-License-Identifier: Apache-2.0 */
/* VMs and vCPUs at run time: start, and requests between the cores of a VM. */
#include "bulkhead/platform.h"
#include "cpu/apic.h"
#include "cpu/cpu.h"
#include "cpu/msr.h"
#include "cpu/privileged.h"
#include "cpu/tsc.h"
#include "devices/ioapic.h"
#include "devices/pci.h"
#include "lib/string.h"
#include "vm/counters.h"
#include "vm/handlers.h"
#include "vm/machine_check.h"
#include "vm/monitor.h"
#include "vm/timer.h"
#include "vm/vcpu.h"

/* Where each VM's cores have them mapped (bulkhead/host.h). */
struct vcpu vcpus[CONFIG_MAX_VCPUS] __attribute__((section(".sbss.owned_vcpus")));
struct vm vms[CONFIG_MAX_VMS] __attribute__((section(".sbss.owned_vms")));

/* Whether a command line has this word. */
static bool has_word(const char *line, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = line; *at; at++)
		if ((at == line || at[-1] == ' ') && !strncmp(at, word, length) &&
		    (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

/*
 * What begins as on a bare PC, or may be a kernel of any age, finds the APIC as reset leaves it. So does a Linux that
 * is told to look for no ACPI tables: without them it believes in no x2APIC that is on already, and faults.
 */
static bool starts_in_x2apic(const struct vm_config *vm)
{
	if (vm->boot.protocol == BOOT_LINUX)
		return !has_word(vm->boot.bootargs, "acpi=off");
	return vm->boot.protocol == BOOT_ELF || vm->boot.protocol == BOOT_RAW;
}

void vcpu_reset(struct vcpu *vcpu)
{
	const struct vcpu_config *config = vcpu->config;

	vcpu->waits_for_sipi = config->start == VCPU_START_WAIT_SIPI;
	vcpu->apic_base =
		PLATFORM_LAPIC_GPA | APIC_BASE_ENABLE | (config->index == 0 ? APIC_BASE_BSP : 0);
	/* As a firmware that knows x2APIC hands it over, so that guests need not touch the APIC page. */
	if (starts_in_x2apic(vcpu->vm->config))
		vcpu->apic_base |= APIC_BASE_X2APIC;
	local_apic_forget(vcpu);
	vcpu->mtrr_default = MTRR_DEFAULT_RESET;
	/* Whether they are fast is the machine's affair: where they are not, Linux uses other instructions. */
	vcpu->misc_enable = msr_read(MSR_MISC_ENABLE) & MISC_ENABLE_FAST_STRINGS;
	cpuid_forget(vcpu);
}

void vm_reset(struct vm *vm)
{
	ioapic_forget(vm);
	pci_forget(vm);
	virtual_devices_reset(vm);
	vm->pic_pins = (struct pic_pins){0};
	vm->stop = STOP_NONE;
	vm->parked = 0;
	vm->starts++;
	vm->started = tsc_host();
	vm->watchdog_fed = vm->started;
	monitor_started(vm);
}

static void vcpu_init(struct vcpu *vcpu, const struct vcpu_config *config)
{
	vcpu->config = config;
	vcpu->vm = &vms[config->vm];
	vcpu_reset(vcpu);
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
	const struct vm_config *config = vm_config_of(vm);
	uint32_t first = (uint32_t)(config->vcpus - scenario_tables.vcpus);

	return index < config->vcpu_count ? &vcpus[first + index] : NULL;
}

static void start_by_sipi(struct vcpu *vcpu, uint32_t requests)
{
	vcpu->waits_for_sipi = false;
	guest_state_enter_sipi(
		(uint8_t)((requests & REQUEST_SIPI_PAGE) >> REQUEST_SIPI_PAGE_SHIFT));
}

static void wait_for_sipi(struct vcpu *vcpu)
{
	for (;;) {
		uint32_t requests = vcpu_take_requests(vcpu);

		if (requests & REQUEST_STOP)
			vcpu_park(vcpu);
		if (requests & REQUEST_SIPI) {
			start_by_sipi(vcpu, requests);
			return;
		}
		cpu_sleep_unless(vcpu_requests(vcpu));
	}
}

void vcpu_wait_for_sipi(struct vcpu *vcpu, struct guest_registers *registers)
{
	guest_state_reset(vcpu, registers);
	wait_for_sipi(vcpu);
}

static bool is_bsp(const struct vcpu *vcpu)
{
	return vcpu->apic_base & APIC_BASE_BSP;
}

#define RESET_VECTOR UINT64_C(0xFFFFFFF0)
#define RESET_SIZE   16

/*
 * INIT resets the vCPU's processor and its APIC (SDM 3.10.1.1). The BSP goes on at the reset vector, in the
 * firmware. A VM without firmware has nothing there: then it is a reset of the whole VM.
 */
static void take_init(struct vcpu *vcpu, struct guest_registers *registers)
{
	if (is_bsp(vcpu) &&
	    !guest_is_ram(vcpu->vm->config, RESET_VECTOR, RESET_SIZE, MEMORY_EXECUTE))
		vm_stop(vcpu, STOP_RESET, registers);
	local_apic_reset(vcpu);
	guest_state_take_init(vcpu, registers);
	if (is_bsp(vcpu)) {
		guest_state_enter_reset_vector();
		return;
	}
	vcpu->waits_for_sipi = true;
	wait_for_sipi(vcpu);
}

/* Not REQUEST_WISH_START: it runs. */
static void take_wish(struct vcpu *vcpu, uint32_t requests, struct guest_registers *registers)
{
	if (requests & REQUEST_HALT)
		vm_stop(vcpu, STOP_MACHINE, registers);
	if (requests & REQUEST_MACHINE_CHECK)
		vm_stop(vcpu, STOP_MACHINE_CHECK, registers);
	if (requests & REQUEST_WISH_STOP)
		vm_stop(vcpu, STOP_OPERATOR, registers);
	if (requests & REQUEST_WISH_RESTART)
		vm_stop(vcpu, STOP_OPERATOR_RESTART, registers);
}

void vcpu_handle_requests(struct vcpu *vcpu, struct guest_registers *registers)
{
	uint32_t requests = vcpu_take_requests(vcpu);

	/* a wish that comes along with the end of the VM is for later */
	vcpu->wish |= requests & REQUEST_STOP ? requests & REQUEST_WISHES : 0;
	if (requests & REQUEST_STOP)
		vcpu_park(vcpu);
	machine_check_look();
	take_wish(vcpu, requests, registers);
	if (requests & REQUEST_INIT) {
		/* the start-up IPI may have come along */
		__atomic_or_fetch(vcpu_requests(vcpu),
				  requests & (REQUEST_SIPI | REQUEST_SIPI_PAGE), __ATOMIC_RELAXED);
		take_init(vcpu, registers);
	} else if (requests & (REQUEST_NMI | REQUEST_NMI_MORE)) {
		guest_inject_nmi(!!(requests & REQUEST_NMI) + !!(requests & REQUEST_NMI_MORE));
	}
	if (requests & (REQUEST_EXTINT | REQUEST_INIT))
		timer_update(vcpu, registers);
}

/* As the loader of its image has decided. */
static void start_bsp(const struct boot_entry *boot, struct guest_registers *registers)
{
	if (boot->mode == ENTRY_RESET) {
		guest_state_enter_reset_vector();
		return;
	}
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
	this_cpu()->failures = 0;
	machine_check_start();
	error = guest_state_init(vcpu);
	if (error) {
		log_error("%s: %s", error_name(error), error_text(error));
		vm_stop(vcpu, STOP_ENTRY_FAILED, NULL);
	}
	if (vcpu->waits_for_sipi)
		vcpu_wait_for_sipi(vcpu, &registers);
	else
		start_at_entry(vcpu, &registers);
	timer_set(vcpu, &registers);
	/*
	 * A kick while there was no VMCS, or none with controls, has left no more than its request. From
	 * here on its handler makes the first entry exit.
	 */
	if (__atomic_load_n(vcpu_requests(vcpu), __ATOMIC_ACQUIRE))
		vcpu_exit_soon();
	guest_run(&registers);
}
