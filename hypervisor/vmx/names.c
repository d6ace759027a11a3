/* SPDX-License-Identifier: Apache-2.0 */
/* Names for what VMX reports as numbers. */
#include "vmx/controls.h"
#include "vmx/exit.h"

#define EXIT_NAME(number, name, text) [number] = text,
static const char *const exit_names[VMX_EXIT_COUNT] = {VMX_EXIT_REASONS(EXIT_NAME)};
_Static_assert(EXIT_REASON_COUNT == VMX_EXIT_COUNT, "vm/ counts exits by these numbers");

/* SDM 3.31.4, table 31-1 */
static const char *const instruction_errors[] = {
	[1] = "VMCALL in VMX root operation",
	[2] = "VMCLEAR with invalid physical address",
	[3] = "VMCLEAR with VMXON pointer",
	[4] = "VMLAUNCH with non-clear VMCS",
	[5] = "VMRESUME with non-launched VMCS",
	[6] = "VMRESUME after VMXOFF",
	[7] = "VM entry with invalid control fields",
	[8] = "VM entry with invalid host-state fields",
	[9] = "VMPTRLD with invalid physical address",
	[10] = "VMPTRLD with VMXON pointer",
	[11] = "VMPTRLD with incorrect VMCS revision identifier",
	[12] = "VMREAD or VMWRITE of unsupported VMCS component",
	[13] = "VMWRITE to read-only VMCS component",
	[15] = "VMXON in VMX root operation",
	[16] = "VM entry with invalid executive-VMCS pointer",
	[17] = "VM entry with non-launched executive VMCS",
	[18] = "VM entry with executive-VMCS pointer that is not the VMXON pointer",
	[19] = "VMCALL with non-clear VMCS",
	[20] = "VMCALL with invalid VM-exit control fields",
	[22] = "VMCALL with incorrect MSEG revision identifier",
	[23] = "VMXOFF under dual-monitor treatment",
	[24] = "VMCALL with invalid SMM-monitor features",
	[25] = "VM entry with invalid VM-execution control fields in executive VMCS",
	[26] = "VM entry with events blocked by MOV SS",
	[28] = "invalid operand to INVEPT or INVVPID",
};

struct control_name {
	enum vmx_control_word word;
	uint32_t bit;
	const char *name;
};

/* SDM 3.25.6 to 3.25.8 */
static const struct control_name control_names[] = {
	{CONTROL_PIN, PIN_EXTERNAL_INTERRUPT, "external-interrupt exiting"},
	{CONTROL_PIN, PIN_NMI, "NMI exiting"},
	{CONTROL_PIN, PIN_VIRTUAL_NMI, "virtual NMIs"},
	{CONTROL_PIN, PIN_PREEMPTION_TIMER, "activate VMX-preemption timer"},
	{CONTROL_PROCESSOR, PROCESSOR_INTERRUPT_WINDOW, "interrupt-window exiting"},
	{CONTROL_PROCESSOR, PROCESSOR_TSC_OFFSETTING, "use TSC offsetting"},
	{CONTROL_PROCESSOR, PROCESSOR_HLT, "HLT exiting"},
	{CONTROL_PROCESSOR, PROCESSOR_INVLPG, "INVLPG exiting"},
	{CONTROL_PROCESSOR, PROCESSOR_MWAIT, "MWAIT exiting"},
	{CONTROL_PROCESSOR, PROCESSOR_RDPMC, "RDPMC exiting"},
	{CONTROL_PROCESSOR, PROCESSOR_RDTSC, "RDTSC exiting"},
	{CONTROL_PROCESSOR, PROCESSOR_CR3_LOAD, "CR3-load exiting"},
	{CONTROL_PROCESSOR, PROCESSOR_CR3_STORE, "CR3-store exiting"},
	{CONTROL_PROCESSOR, PROCESSOR_CR8_LOAD, "CR8-load exiting"},
	{CONTROL_PROCESSOR, PROCESSOR_CR8_STORE, "CR8-store exiting"},
	{CONTROL_PROCESSOR, PROCESSOR_NMI_WINDOW, "NMI-window exiting"},
	{CONTROL_PROCESSOR, PROCESSOR_IO_BITMAPS, "use I/O bitmaps"},
	{CONTROL_PROCESSOR, PROCESSOR_MSR_BITMAPS, "use MSR bitmaps"},
	{CONTROL_PROCESSOR, PROCESSOR_MONITOR, "MONITOR exiting"},
	{CONTROL_PROCESSOR, PROCESSOR_SECONDARY, "activate secondary controls"},
	{CONTROL_PROCESSOR2, PROCESSOR2_EPT, "enable EPT"},
	{CONTROL_PROCESSOR2, PROCESSOR2_VPID, "enable VPID"},
	{CONTROL_PROCESSOR2, PROCESSOR2_UNRESTRICTED_GUEST, "unrestricted guest"},
	{CONTROL_EXIT, EXIT_SAVE_DEBUG_CONTROLS, "save debug controls"},
	{CONTROL_EXIT, EXIT_HOST_64_BIT, "host address-space size"},
	{CONTROL_EXIT, EXIT_ACKNOWLEDGE, "acknowledge interrupt on exit"},
	{CONTROL_EXIT, EXIT_SAVE_PAT, "save IA32_PAT"},
	{CONTROL_EXIT, EXIT_LOAD_PAT, "load IA32_PAT"},
	{CONTROL_EXIT, EXIT_SAVE_EFER, "save IA32_EFER"},
	{CONTROL_EXIT, EXIT_LOAD_EFER, "load IA32_EFER"},
	{CONTROL_ENTRY, ENTRY_LOAD_DEBUG_CONTROLS, "load debug controls"},
	{CONTROL_ENTRY, ENTRY_IA32E_GUEST, "IA-32e mode guest"},
	{CONTROL_ENTRY, ENTRY_LOAD_PAT, "load IA32_PAT"},
	{CONTROL_ENTRY, ENTRY_LOAD_EFER, "load IA32_EFER"},
};

const char *vmx_control_name(enum vmx_control_word word, uint32_t bit)
{
	for (unsigned i = 0; i < sizeof(control_names) / sizeof(control_names[0]); i++)
		if (control_names[i].word == word && control_names[i].bit == bit)
			return control_names[i].name;
	return "unnamed control";
}

const char *exit_reason_name(uint32_t reason)
{
	const char *name = reason < VMX_EXIT_COUNT ? exit_names[reason] : NULL;

	return name ? name : "unknown exit reason";
}

const char *vmx_instruction_error_name(uint64_t number)
{
	const char *name = NULL;

	if (number < sizeof(instruction_errors) / sizeof(instruction_errors[0]))
		name = instruction_errors[number];
	return name ? name : "unknown VM-instruction error";
}
