/* SPDX-License-Identifier: Apache-2.0 */
/* Commands vms, cores and crashes. */
#include "bulkhead/crash_record.h"
#include "console/console.h"
#include "cpu/tsc.h"
#include "lib/crash_record.h"
#include "lib/format.h"
#include "lib/string.h"
#include "vm/counters.h"
#include "vm/monitor.h"

#define CORES_SIZE 20

/* "0-1,4"; what does not fit is cut off. */
static const char *cores_text(char text[CORES_SIZE], uint32_t vm)
{
	size_t length = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < scenario_tables.vms[vm].vcpu_count; i++) {
		uint32_t first = core_of_vcpu(first_vcpu(vm) + i), last = first;

		while (i + 1 < scenario_tables.vms[vm].vcpu_count &&
		       core_of_vcpu(first_vcpu(vm) + i + 1) == last + 1) {
			last++;
			i++;
		}
		length += format_text(text + length, CORES_SIZE - length, "%s%u",
				      length == 0 ? "" : ",", first);
		if (last > first)
			length += format_text(text + length, CORES_SIZE - length, "-%u", last);
	}
	return text;
}

static void say_vm(struct console *console, uint32_t vm)
{
	const struct monitor_vm *entry = &monitor_header.vms[vm];
	char cores[CORES_SIZE], uptime[TIME_SIZE];
	bool runs = state_of(vm) == VM_RUNNING;

	say(console, "%-15s %-10s %5u  %-9s %6u  %-12s %s", scenario_tables.vms[vm].name,
	    vm_state_name(state_of(vm)), scenario_tables.vms[vm].vcpu_count, cores_text(cores, vm),
	    entry->starts, runs ? time_text(uptime, tsc_host() - entry->started) : "-",
	    entry->stop_reason == STOP_NONE
		    ? "-"
		    : stop_reason_text((enum stop_reason)entry->stop_reason));
}

void command_vms(struct console *console, const struct words *words)
{
	(void)words;
	say(console, "%-15s %-10s %5s  %-9s %6s  %-12s %s", "VM", "state", "vCPUs", "cores",
	    "starts", "uptime", "last end");
	for (uint32_t i = 0; i < scenario_tables.vm_count; i++)
		say_vm(console, i);
}

static void say_core(struct console *console, uint32_t core)
{
	const struct core_config *config = &scenario_tables.cores[core];
	const struct vcpu_config *vcpu;
	char owner[16];

	if (config->vcpu == VCPU_NONE) {
		say(console, "%4u  %7u  %-15s", core, config->apic_id,
		    core == scenario_tables.console_core ? "(console)" : "(nobody)");
		return;
	}
	vcpu = &scenario_tables.vcpus[config->vcpu];
	format_text(owner, sizeof(owner), "%s", scenario_tables.vms[vcpu->vm].name);
	say(console, "%4u  %7u  %-15s %4u  %-10s %12lu  %s", core, config->apic_id, owner,
	    vcpu->index, vm_state_name(state_of(vcpu->vm)),
	    counters_exits(&cpu_areas[core].counters),
	    core == this_cpu()->index ? "serves this console" : "");
}

void command_cores(struct console *console, const struct words *words)
{
	(void)words;
	say(console, "%4s  %7s  %-15s %4s  %-10s %12s", "core", "APIC id", "VM", "vCPU", "state",
	    "exits");
	for (uint32_t i = 0; i < scenario_tables.core_count; i++)
		say_core(console, i);
}

static void say_record(struct console *console, uint32_t core, const struct crash_record *record)
{
	uint64_t frequency = record->tsc_frequency_hz ? record->tsc_frequency_hz : 1;
	uint32_t start = 0;

	say(console, "core %u, %s, %lu.%03lu s after power-on: %s%.*s: %.*s", core,
	    record->boots ? "an earlier run" : "this run", record->tsc / frequency,
	    record->tsc % frequency * 1000 / frequency,
	    record->kind == CRASH_VM ? "VM " : "the hypervisor", CRASH_NAME_SIZE, record->vm,
	    CRASH_REASON_SIZE, record->reason);
	for (uint32_t i = 0; i < record->log_length; i++) {
		if (record->log[i] != '\n')
			continue;
		say(console, "  %.*s", (int)(i - start), record->log + start);
		start = i + 1;
	}
}

void command_crashes(struct console *console, const struct words *words)
{
	bool any = false;

	(void)words;
	if (scenario_tables.crash_record_size == 0) {
		say(console,
		    "the board keeps no crash records (no reserved memory bulkhead,crash-record)");
		return;
	}
	for (uint32_t i = 0; i < scenario_tables.core_count; i++) {
		const struct crash_record *record = crash_record_of(i);

		if (record)
			say_record(console, i, record);
		any |= record != NULL;
	}
	if (!any)
		say(console, "no crash is recorded");
}
