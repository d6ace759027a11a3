/* SPDX-License-Identifier: Apache-2.0 */
/* Names for what VMX reports as numbers. */
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
