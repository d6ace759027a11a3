/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/inject.h"

#include "boot/times.h"
#include "cpu/cpu.h"
#include "cpu/privileged.h"
#include "lib/panic.h"

/* Whom the faults reach for. */
static const struct vm_config *victim(void)
{
	return &scenario_tables.vms[scenario_tables.vm_count - 1];
}

static struct cpu_area *victims_area(void)
{
	uint32_t core = 0;

	while (scenario_tables.cores[core].apic_id != victim()->vcpus[0].apic_id)
		core++;
	return &cpu_areas[core];
}

static void read_from(const void *address)
{
	/* cppcheck-suppress nullPointer ; NULL is one of the addresses that must fault */
	(void)*(const volatile uint8_t *)address;
}

static void write_to(const void *address)
{
	*(volatile uint8_t *)(uintptr_t)address = 0xA5;
}

static void read_vm(void)
{
	read_from(host_pointer(victim()->memory[0].host_physical));
}

static void write_vm(void)
{
	write_to(host_pointer(victim()->memory[0].host_physical));
}

static void read_state(void)
{
	read_from(&vms[victim()->id]);
}

static void read_core(void)
{
	read_from(&victims_area()->cpu);
}

static void write_core(void)
{
	write_to(victims_area()->stack);
}

/* Ends only by the guard page: a frame's value is never 0. */
static uint64_t dig(const volatile uint64_t *above)
{
	volatile uint64_t frame[32];

	frame[0] = *above + 1;
	return frame[0] ? dig(frame) + frame[0] : 0;
}

static void overflow_stack(void)
{
	uint64_t bottom = 1;

	dig(&bottom);
}

static void write_constant(void)
{
	write_to(&scenario_tables);
}

static void write_table(void)
{
	write_to(scenario_tables.cores[this_cpu()->index].host_root);
}

static void execute_data(void)
{
	void (*code)(void) = (void (*)(void))(uintptr_t)cpu_area_of(this_cpu())->vmxon_region;

	code();
}

static void read_start_data(void)
{
	read_from(&boot_times);
}

static void read_null(void)
{
	read_from(host_pointer(0));
}

static void fail_assertion(void)
{
	assert_always(scenario_tables.vm_count == 0);
}

static void call_panic(void)
{
	panic("as asked by VM \"%s\"", this_cpu()->owner);
}

/* Behind the array is the guard of this function's frame. */
static void overwrite_frame(void)
{
	uint8_t bytes[16];
	volatile uint8_t *byte = bytes;

	for (unsigned i = 0; i < 2 * sizeof(bytes); i++)
		byte[i] = 0xA5;
}

static void (*const faults[FAULT_COUNT])(void) = {
	[FAULT_READ_VM] = read_vm,
	[FAULT_WRITE_VM] = write_vm,
	[FAULT_READ_STATE] = read_state,
	[FAULT_READ_CORE] = read_core,
	[FAULT_WRITE_CORE] = write_core,
	[FAULT_STACK] = overflow_stack,
	[FAULT_WRITE_CONSTANT] = write_constant,
	[FAULT_WRITE_TABLE] = write_table,
	[FAULT_EXECUTE_DATA] = execute_data,
	[FAULT_START_DATA] = read_start_data,
	[FAULT_NULL] = read_null,
	[FAULT_ASSERTION] = fail_assertion,
	[FAULT_PANIC] = call_panic,
	[FAULT_UNDEFINED] = inject_undefined,
	[FAULT_PROTECTION] = inject_protection,
	[FAULT_DOUBLE] = inject_double,
	[FAULT_FRAME] = overwrite_frame,
	[FAULT_ENTRY_STATE] = inject_entry_state,
	[FAULT_ENTRY_CONTROLS] = inject_entry_controls,
	[FAULT_ENTRY_HOST] = inject_entry_host,
	[FAULT_NO_VMCS] = inject_no_vmcs,
	[FAULT_WRECKED_VMCS] = inject_wrecked_vmcs,
	[FAULT_FIELD] = inject_field,
	[FAULT_MACHINE_CHECK] = inject_machine_check,
	[FAULT_NMI] = inject_nmi,
	[FAULT_KICKED] = inject_kicked,
	[FAULT_REPORT] = inject_report,
	[FAULT_LOG] = inject_log,
	[FAULT_LOCK] = inject_lock,
	[FAULT_RESTART] = inject_restart,
	[FAULT_STOP] = inject_stop,
};

void inject_fault(uint64_t number)
{
	if (number >= FAULT_COUNT)
		return;
	log_info("fault %lu is injected", number);
	faults[number]();
	if (number < FAULT_ENTRY_STATE || number > FAULT_WRECKED_VMCS)
		log_error("fault %lu was not caught", number);
}
