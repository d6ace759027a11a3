/* SPDX-License-Identifier: Apache-2.0 */
#include "vmx/controls.h"

#include "cpu/msr.h"
#include "cpu/privileged.h"
#include "vmx/encoding.h"

/*
 * Steady state without exits: interrupts, HLT, TSC, CR3, CR8 and page-table changes stay in the guest.
 * RDPMC and MONITOR/MWAIT exit because CPUID does not offer them to guests; ENCLS likewise.
 */
const struct vmx_control_policy vmx_control_policies[CONTROL_WORD_COUNT] = {
	[CONTROL_PIN] =
		{
			.name = "pin-based",
			.capability_msr = MSR_VMX_TRUE_PIN_CONTROLS,
			.required = PIN_NMI | PIN_VIRTUAL_NMI,
			.available = PIN_PREEMPTION_TIMER,
			.forbidden = PIN_EXTERNAL_INTERRUPT,
		},
	[CONTROL_PROCESSOR] =
		{
			.name = "processor-based",
			.capability_msr = MSR_VMX_TRUE_PROCESSOR_CONTROLS,
			.required = PROCESSOR_IO_BITMAPS | PROCESSOR_MSR_BITMAPS |
				    PROCESSOR_SECONDARY | PROCESSOR_RDPMC | PROCESSOR_MWAIT |
				    PROCESSOR_MONITOR,
			.available = PROCESSOR_NMI_WINDOW | PROCESSOR_INTERRUPT_WINDOW,
			.forbidden = PROCESSOR_TSC_OFFSETTING | PROCESSOR_HLT | PROCESSOR_INVLPG |
				     PROCESSOR_RDTSC | PROCESSOR_CR3_LOAD | PROCESSOR_CR3_STORE |
				     PROCESSOR_CR8_LOAD | PROCESSOR_CR8_STORE,
		},
	[CONTROL_PROCESSOR2] =
		{
			.name = "secondary processor-based",
			.capability_msr = MSR_VMX_PROCESSOR_CONTROLS2,
			.required =
				PROCESSOR2_EPT | PROCESSOR2_VPID | PROCESSOR2_UNRESTRICTED_GUEST,
			.optional = PROCESSOR2_RDTSCP | PROCESSOR2_WBINVD | PROCESSOR2_INVPCID |
				    PROCESSOR2_XSAVES | PROCESSOR2_ENCLS,
		},
	[CONTROL_EXIT] =
		{
			.name = "exit",
			.capability_msr = MSR_VMX_TRUE_EXIT_CONTROLS,
			.required = EXIT_HOST_64_BIT | EXIT_SAVE_DEBUG_CONTROLS | EXIT_SAVE_PAT |
				    EXIT_LOAD_PAT | EXIT_SAVE_EFER | EXIT_LOAD_EFER,
			.forbidden = EXIT_ACKNOWLEDGE,
		},
	[CONTROL_ENTRY] =
		{
			.name = "entry",
			.capability_msr = MSR_VMX_TRUE_ENTRY_CONTROLS,
			.required = ENTRY_LOAD_DEBUG_CONTROLS | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER,
			.forbidden = ENTRY_IA32E_GUEST,
		},
};

enum error vmx_control_compute(const struct vmx_control_policy *policy, uint64_t capability,
			       uint32_t *value, uint32_t *missing)
{
	uint32_t forced = (uint32_t)capability;
	uint32_t allowed = (uint32_t)(capability >> 32);

	*missing =
		((policy->required | policy->available) & ~allowed) | (policy->forbidden & forced);
	*value = (policy->required | policy->optional | forced) & allowed;
	return *missing ? ERROR_VMX_CONTROL_UNSUPPORTED : ERROR_OK;
}

enum error vmx_controls_read(struct vmx_controls *controls)
{
	uint32_t missing;

	for (unsigned i = 0; i < CONTROL_WORD_COUNT; i++) {
		const struct vmx_control_policy *policy = &vmx_control_policies[i];
		enum error error = vmx_control_compute(policy, msr_read(policy->capability_msr),
						       &controls->word[i], &missing);

		if (error)
			return error;
	}
	return ERROR_OK;
}
