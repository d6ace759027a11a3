/* SPDX-License-Identifier: Apache-2.0 */
/* Faults on request that concern VMX (vm/inject.h). Most show at the next VM entry. */
#include "vm/inject.h"

#include "cpu/cpu.h"
#include "lib/string.h"
#include "vmx/vmcs.h"

#define ACTIVITY_UNDEFINED 7
#define FIELD_UNDEFINED    0x7FFE

void inject_entry_state(void)
{
	vmcs_write(VMCS_GUEST_ACTIVITY, ACTIVITY_UNDEFINED);
}

void inject_entry_controls(void)
{
	vmcs_write(VMCS_PIN_CONTROLS, 0);
}

void inject_entry_host(void)
{
	vmcs_write(VMCS_HOST_CS_SELECTOR, 0);
}

void inject_no_vmcs(void)
{
	vmx_clear((hpa_t)cpu_area_of(this_cpu())->vmcs);
}

void inject_wrecked_vmcs(void)
{
	struct cpu_area *area = cpu_area_of(this_cpu());

	/* what the processor has of it is in memory then */
	vmx_clear((hpa_t)area->vmcs);
	memset(area->vmcs, 0xA5, sizeof(area->vmcs));
	vmx_pointer_load((hpa_t)area->vmcs);
}

void inject_field(void)
{
	vmcs_read((enum vmcs_field)FIELD_UNDEFINED);
}
