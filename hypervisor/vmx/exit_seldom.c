/* SPDX-License-Identifier: Apache-2.0 */
/* Exits that are seldom, and entries that fail. */
#include "bulkhead/exit_words.h"
#include "cpu/cpu.h"
#include "cpu/exceptions.h"
#include "lib/format.h"
#include "vm/contain.h"
#include "vm/handlers.h"
#include "vm/machine_check.h"
#include "vm/task_switch.h"
#include "vm/timer.h"
#include "vmx/exit.h"
#include "vmx/vmcs.h"

/* Instruction information of INS and OUTS: 0 is 16, 1 is 32, 2 is 64 bits (SDM 3.28.2.5, table 28-8) */
#define STRING_ADDRESS_SIZE(information) (UINT32_C(2) << ((information) >> 7 & 3))
/* The segment of OUTS, in the order of enum guest_segment_name; that of INS is always ES */
#define STRING_SEGMENT(information) ((information) >> 15 & 7)

void vmx_handle_port_string(struct vcpu *vcpu, struct guest_registers *registers, uint64_t q)
{
	uint32_t information = vmcs_read32(VMCS_EXIT_INSTRUCTION_INFO);
	struct port_string string = {
		.port = PORT_NUMBER(q),
		.size = PORT_SIZE(q),
		.in = PORT_IN(q),
		.repeat = PORT_REPEAT(q),
		.address_size = STRING_ADDRESS_SIZE(information),
		.segment = PORT_IN(q) ? GUEST_ES : STRING_SEGMENT(information),
	};
	enum port_string_result result = vm_port_string(vcpu, registers, &string);

	if (result == PORT_STRING_DONE)
		guest_skip_instruction();
	else if (result == PORT_STRING_GOES_ON)
		guest_skip_bytes(0);
}

void vmx_handle_xsetbv(struct vcpu *vcpu, struct guest_registers *registers)
{
	bool done = vm_xsetbv((uint32_t)registers->rcx, get_edx_eax(registers));

	if (done)
		cpuid_forget(vcpu);
	vmx_complete(done);
}

/* Qualification of task switches (SDM 3.28.2.1, table 28-2) */
#define TASK_SELECTOR(q) ((uint16_t)(q))
#define TASK_SOURCE(q)   ((q) >> 30 & 3)

static bool is_software(uint32_t type)
{
	return type == INTERRUPTION_SOFTWARE || type == INTERRUPTION_PRIVILEGED ||
	       type == INTERRUPTION_SOFTWARE_EXC;
}

void vmx_handle_task_switch(struct vcpu *vcpu, struct guest_registers *registers)
{
	uint64_t qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);
	uint32_t vectoring = vmcs_read32(VMCS_IDT_VECTORING_INFO);
	uint32_t type = vectoring & INTERRUPTION_TYPE;
	struct task_switch request = {
		.selector = TASK_SELECTOR(qualification),
		.source = (enum task_switch_source)TASK_SOURCE(qualification),
	};

	if (request.source != TASK_SWITCH_GATE) {
		request.length = vmcs_read32(VMCS_EXIT_INSTRUCTION_LENGTH);
	} else if (vectoring & INTERRUPTION_VALID) {
		if (is_software(type))
			request.length = vmcs_read32(VMCS_EXIT_INSTRUCTION_LENGTH);
		request.external = !is_software(type);
		request.has_error = vectoring & INTERRUPTION_ERROR_VALID;
		request.error = vmcs_read32(VMCS_IDT_VECTORING_ERROR);
	}
	/* an NMI that starts a task blocks others, and the IRET that ends one lets them in (SDM 3.6.7.1) */
	if (request.source == TASK_SWITCH_IRET)
		vmcs_change(VMCS_GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_NMI, 0);
	else if ((vectoring & INTERRUPTION_VALID) && type == INTERRUPTION_NMI)
		vmcs_change(VMCS_GUEST_INTERRUPTIBILITY, 0, INTERRUPTIBILITY_NMI);
	guest_end_shadows();
	vmcs_write(VMCS_GUEST_PENDING_DEBUG, 0);
	vm_task_switch(vcpu, registers, &request);
}

void vmx_handle_exception(struct vcpu *vcpu, struct guest_registers *registers)
{
	uint64_t information = vmcs_read(VMCS_EXIT_INTERRUPTION_INFO);

	if ((information & INTERRUPTION_TYPE) == INTERRUPTION_NMI) {
		this_cpu()->alarms++; /* while no other NMI can do the same */
		cpu_unblock_nmi();
		vcpu_handle_requests(vcpu, registers);
		return;
	}
	/* an IRET that faults has unblocked NMIs too early (SDM 3.28.2.3) */
	if ((information & NMI_UNBLOCKED_BY_IRET) && !guest_is_delivering())
		vmcs_change(VMCS_GUEST_INTERRUPTIBILITY, 0, INTERRUPTIBILITY_NMI);
	if ((information & INTERRUPTION_VECTOR) == EXCEPTION_MACHINE_CHECK) {
		vm_machine_check(vcpu, registers);
		return;
	}
	if ((information & INTERRUPTION_VECTOR) == EXCEPTION_ALIGNMENT_CHECK) {
		guest_inject(&(struct guest_exception){
			.vector = EXCEPTION_ALIGNMENT_CHECK,
			.has_error = true,
			.error = vmcs_read32(VMCS_EXIT_INTERRUPTION_ERROR)});
		return;
	}
	log_end(vcpu->vm, "%s while the guest ran",
		exception_name(information & INTERRUPTION_VECTOR));
	vm_stop(vcpu, STOP_UNHANDLED, registers);
}

void vcpu_exit_soon(void)
{
	/* may interrupt a read-modify-write below: whoever clears the control looks for requests after it */
	vmcs_write(VMCS_PREEMPTION_TIMER, 0);
	vmcs_change(VMCS_PIN_CONTROLS, 0, PIN_PREEMPTION_TIMER);
}

void vmx_handle_preemption_timer(struct vcpu *vcpu, struct guest_registers *registers)
{
	timer_set(vcpu, registers);
	vcpu_handle_requests(vcpu, registers);
}

void vmx_handle_interrupt_window(struct vcpu *vcpu, struct guest_registers *registers)
{
	timer_update(vcpu, registers);
}

void vmx_handle_nmi_window(struct vcpu *vcpu, struct guest_registers *registers)
{
	(void)vcpu;
	(void)registers;
	guest_inject_nmi(0);
}

void vmx_handle_triple_fault(struct vcpu *vcpu, struct guest_registers *registers)
{
	vm_stop(vcpu, STOP_TRIPLE_FAULT, registers);
}

_Noreturn void vmx_unhandled_exit(struct guest_registers *registers)
{
	struct vcpu *vcpu = this_cpu()->vcpu;
	uint32_t reason = vmcs_read32(VMCS_EXIT_REASON);
	char words[EXIT_WORDS_SIZE];

	exit_words(words, reason & 0xFFFF, vmcs_read(VMCS_EXIT_QUALIFICATION));
	if (reason < EXIT_REASON_COUNT)
		vcpu->counters->exits[reason].count++;
	log_end(vcpu->vm, "%s exit %u (%s), %s, guest-physical 0x%lx",
		reason & VMX_EXIT_ENTRY_FAILURE ? "VM entry ended by" : "no handler for",
		reason & 0xFFFF, exit_reason_name(reason & 0xFFFF),
		words[0] ? words : "qualification 0", vmcs_read(VMCS_GUEST_PHYSICAL_ADDRESS));
	if ((reason & 0xFFFF) == VMX_EXIT_MACHINE_CHECK_ENTRY) {
		vm_machine_check(vcpu, registers);
		vm_stop(vcpu, STOP_MACHINE_CHECK, registers);
	}
	vm_stop(vcpu, reason & VMX_EXIT_ENTRY_FAILURE ? STOP_ENTRY_FAILED : STOP_UNHANDLED,
		registers);
}

void vmx_entry_failed(struct guest_registers *registers)
{
	uint64_t error = vmcs_read(VMCS_INSTRUCTION_ERROR);

	log_error("VM entry refused: error %lu (%s)", error, vmx_instruction_error_name(error));
	vm_stop(this_cpu()->vcpu, STOP_ENTRY_FAILED, registers);
}

void vmcs_access_failed(enum vmcs_field field)
{
	char text[64];

	contain_begin();
	format_text(text, sizeof(text), "VMCS field 0x%x can't be accessed", (unsigned)field);
	log_error("%s", text);
	contain_end(text, __builtin_frame_address(0));
}
