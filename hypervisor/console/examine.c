/* SPDX-License-Identifier: Apache-2.0 */
#include "console/examine.h"

#include "console/console.h"
#include "console/serve.h"
#include "cpu/cpu.h"
#include "cpu/frequency.h"
#include "cpu/privileged.h"
#include "lib/section.h"
#include "vm/guest_memory.h"
#include "vmx/saved_registers.h"

_Static_assert(offsetof(struct cpu_area, answer) % 4096 == 0, "it can be mapped alone");

static struct console_request request SHARED_DATA;

/* --- On the core that is asked ------------------------------------------------------------------ */

/* Fields that exist where the processor has what they are for (SDM 3.25.6.20, 3.25.6.21). */
static bool is_there(enum vmcs_field name)
{
	uint64_t controls = 0;

	if (vmx_read(VMCS_PROCESSOR_CONTROLS2, &controls))
		return false;
	switch (name) {
	case VMCS_XSS_EXITING_BITMAP:
		return controls & PROCESSOR2_XSAVES;
	case VMCS_ENCLS_EXITING_BITMAP:
		return controls & PROCESSOR2_ENCLS;
	default:
		return true;
	}
}

/* By vmx_read(), because vmcs_read() stops the core if there is no VMCS, as after a fault. */
static void take_fields(struct vcpu_snapshot *snapshot)
{
	for (unsigned i = 0; i < VMCS_FIELD_COUNT; i++) {
		enum vmcs_field name = vmcs_fields[i].field;

		snapshot->fields[i] = 0;
		snapshot->field_valid[i] = is_there(name) && !vmx_read(name, &snapshot->fields[i]);
	}
}

static void take_vcpu(const struct vcpu *vcpu, struct vcpu_snapshot *snapshot)
{
	snapshot->registers = *saved_registers(cpu_area_of(this_cpu()));
	snapshot->cr2 = cr2_read();
	snapshot->dr[0] = dr0_read();
	snapshot->dr[1] = dr1_read();
	snapshot->dr[2] = dr2_read();
	snapshot->dr[3] = dr3_read();
	snapshot->dr6 = dr6_read();
	snapshot->xcr0 = xcr_read(0);
	snapshot->apic_base = vcpu->apic_base;
	snapshot->waits_for_sipi = vcpu->waits_for_sipi;
	take_fields(snapshot);
}

void examine_answer(const struct vcpu *vcpu)
{
	struct console_answer *answer = (void *)cpu_area_of(this_cpu())->answer;
	uint32_t serial = request.serial;

	answer->error = ERROR_OK;
	if (request.question == ASK_VCPU)
		take_vcpu(vcpu, &answer->vcpu);
	else if (request.length <= ANSWER_BYTES)
		answer->error = guest_read(vcpu->vm->config, request.address, answer->bytes,
					   request.length);
	else
		answer->error = ERROR_CAPACITY;
	__atomic_store_n(&answer->serial, serial, __ATOMIC_RELEASE);
}

/* --- On the console's core ---------------------------------------------------------------------- */

#define PATIENCE_SECONDS 1

static bool wait_for(const struct console_answer *answer)
{
	uint64_t start = tsc_read();
	uint64_t end = tsc_frequency(&scenario_tables) * PATIENCE_SECONDS;

	while (__atomic_load_n(&answer->serial, __ATOMIC_ACQUIRE) != request.serial) {
		if (tsc_read() - start > end)
			return false;
		cpu_pause();
	}
	return true;
}

/* The console's own core may be the one to be asked: then it answers itself, where it has its VM mapped. */
static void ask(uint32_t vcpu, uint32_t core)
{
	if (core != this_cpu()->index) {
		vcpu_post(&vcpus[vcpu], REQUEST_EXAMINE);
		return;
	}
	console_space(false);
	examine_answer(&vcpus[vcpu]);
	console_space(true);
}

static const char *advice(uint32_t vm)
{
	switch (state_of(vm)) {
	case VM_LOST:
		return "one of its cores can't be used any more; only a reboot helps";
	case VM_RUNNING:
		return "\"stop\" it first";
	default:
		return "wait until it is at rest";
	}
}

const struct console_answer *examine(struct console *console, uint32_t vcpu,
				     enum console_question question, gpa_t address, uint32_t length)
{
	uint32_t core = core_of_vcpu(vcpu), vm = scenario_tables.vcpus[vcpu].vm;
	const struct console_answer *answer = (const void *)cpu_areas[core].answer;

	if (!is_at_rest(vm)) {
		say(console, "VM \"%s\" is %s: %s", scenario_tables.vms[vm].name,
		    vm_state_name(state_of(vm)), advice(vm));
		return NULL;
	}
	request = (struct console_request){
		.serial = request.serial + 1 ? request.serial + 1 : 1,
		.question = question,
		.address = address,
		.length = length,
	};
	ask(vcpu, core);
	if (!wait_for(answer)) {
		say(console, "core %u of VM \"%s\" does not answer", core,
		    scenario_tables.vms[vm].name);
		return NULL;
	}
	if (answer->error) {
		say(console, "%s: %s", error_name(answer->error), error_text(answer->error));
		return NULL;
	}
	return answer;
}
