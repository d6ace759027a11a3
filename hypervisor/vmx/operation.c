/* SPDX-License-Identifier: Apache-2.0 */
#include "vmx/operation.h"

#include "cpu/msr.h"
#include "cpu/privileged.h"
#include "cpu/registers.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/texts.h"
#include "vm/guest_state.h"
#include "vmx/controls.h"
#include "vmx/encoding.h"

/* IA32_VMX_BASIC (SDM 3.A.1) */
#define VMX_BASIC_REVISION      UINT64_C(0x7FFFFFFF)
#define VMX_BASIC_TRUE_CONTROLS (UINT64_C(1) << 55)

struct ept_requirement {
	uint64_t bits;
	const char *what;
};

static const struct ept_requirement ept_requirements[] = {
	{EPT_CAPABILITY_4_LEVEL, TEXT("EPT page walk of four levels")},
	{EPT_CAPABILITY_WRITE_BACK, TEXT("write-back EPT tables")},
	{EPT_CAPABILITY_2M, TEXT("2 MiB EPT pages")},
	{EPT_CAPABILITY_1G, TEXT("1 GiB EPT pages")},
	{EPT_CAPABILITY_INVEPT | EPT_CAPABILITY_INVEPT_SINGLE, TEXT("single-context INVEPT")},
	{EPT_CAPABILITY_INVVPID | EPT_CAPABILITY_INVVPID_SINGLE, TEXT("single-context INVVPID")},
};
#define EPT_REQUIREMENT_COUNT (sizeof(ept_requirements) / sizeof(ept_requirements[0]))

static bool firmware_permits(void)
{
	uint64_t control = msr_read(MSR_FEATURE_CONTROL);

	return !(control & FEATURE_CONTROL_LOCK) || (control & FEATURE_CONTROL_VMX_OUTSIDE_SMX);
}

static uint32_t allowed_to_be_one(uint32_t capability_msr)
{
	return (uint32_t)(msr_read(capability_msr) >> 32);
}

/* The MSRs of features that a processor lacks do not exist: reading them would fault (SDM 3.A.3.3). */
static bool has_capability_msr(enum vmx_control_word word)
{
	return word != CONTROL_PROCESSOR2 ||
	       (allowed_to_be_one(MSR_VMX_TRUE_PROCESSOR_CONTROLS) & PROCESSOR_SECONDARY);
}

/* One report for each bit that is wrong. */
static unsigned report_controls(vmx_report *report, enum vmx_control_word word, uint32_t wrong)
{
	const struct vmx_control_policy *policy = &vmx_control_policies[word];
	unsigned problems = 0;
	char text[96];

	for (uint32_t bit = 1; bit != 0; bit <<= 1) {
		if (!(wrong & bit))
			continue;
		format_text(text, sizeof(text), "%s control \"%s\" can't be %u (MSR 0x%x)",
			    policy->name, vmx_control_name(word, bit),
			    policy->forbidden & bit ? 0 : 1, policy->capability_msr);
		report(ERROR_VMX_CONTROL_UNSUPPORTED, text);
		problems++;
	}
	return problems;
}

static unsigned check_controls(vmx_report *report)
{
	unsigned problems = 0;

	for (unsigned i = 0; i < CONTROL_WORD_COUNT; i++) {
		const struct vmx_control_policy *policy = &vmx_control_policies[i];
		enum vmx_control_word word = (enum vmx_control_word)i;
		uint32_t value, wrong;

		if (!has_capability_msr(word))
			continue; /* the missing secondary controls are a problem of the primary ones */
		if (vmx_control_compute(policy, msr_read(policy->capability_msr), &value, &wrong))
			problems += report_controls(report, word, wrong);
	}
	return problems;
}

static unsigned check_ept(vmx_report *report)
{
	uint64_t capability;
	unsigned problems = 0;

	/* without EPT and VPID the MSR does not exist; check_controls() has said so */
	if (!has_capability_msr(CONTROL_PROCESSOR2) ||
	    !(allowed_to_be_one(MSR_VMX_PROCESSOR_CONTROLS2) & (PROCESSOR2_EPT | PROCESSOR2_VPID)))
		return 0;
	capability = msr_read(MSR_VMX_EPT_VPID_CAPABILITY);
	for (unsigned i = 0; i < EPT_REQUIREMENT_COUNT; i++) {
		if ((capability & ept_requirements[i].bits) == ept_requirements[i].bits)
			continue;
		report(ERROR_EPT_UNSUPPORTED, ept_requirements[i].what);
		problems++;
	}
	return problems;
}

static unsigned check_vmx(vmx_report *report)
{
	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_VMX)) {
		report(ERROR_VMX_NOT_SUPPORTED, TEXT("CPUID.1:ECX.VMX is 0"));
		return 1;
	}
	if (!firmware_permits()) {
		report(ERROR_VMX_LOCKED_OFF,
		       TEXT("switch virtualization on in the firmware setup"));
		return 1;
	}
	if (!(msr_read(MSR_VMX_BASIC) & VMX_BASIC_TRUE_CONTROLS)) {
		report(ERROR_VMX_CONTROL_UNSUPPORTED, TEXT("TRUE control capability MSRs"));
		return 1;
	}
	return check_controls(report) + check_ept(report);
}

unsigned vmx_check(vmx_report *report)
{
	unsigned problems = check_vmx(report);

	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_X2APIC)) {
		report(ERROR_X2APIC_NOT_SUPPORTED, TEXT("CPUID.1:ECX.x2APIC is 0"));
		problems++;
	}
	return problems;
}

/* SDM 3.A.7 and 3.A.8: bits set in fixed0 must be 1, bits clear in fixed1, the MSR behind it, must be 0. */
static __attribute__((noinline)) bool fixed_bits_hold(uint64_t value, uint32_t fixed0_msr)
{
	uint64_t fixed0 = msr_read(fixed0_msr);
	uint64_t fixed1 = msr_read(fixed0_msr + 1);

	return (value & fixed0) == fixed0 && (value & ~fixed1) == 0;
}

static enum error check_before_vmxon(const struct cpu *cpu)
{
	if (cpu->vmx_enabled)
		return ERROR_VMX_ALREADY_ON;
	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_VMX))
		return ERROR_VMX_NOT_SUPPORTED;
	if (!firmware_permits())
		return ERROR_VMX_LOCKED_OFF;
	if (!fixed_bits_hold(cr0_read(), MSR_VMX_CR0_FIXED0))
		return ERROR_VMX_CR0_FIXED;
	if (!fixed_bits_hold(cr4_read() | CR4_VMXE, MSR_VMX_CR4_FIXED0))
		return ERROR_VMX_CR4_FIXED;
	return ERROR_OK;
}

/* The lock is write-once until reset, so it is written only where firmware left it open. */
static void unlock_vmx(void)
{
	uint64_t control = msr_read(MSR_FEATURE_CONTROL);

	if (!(control & FEATURE_CONTROL_LOCK))
		msr_write(MSR_FEATURE_CONTROL,
			  control | FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX_OUTSIDE_SMX);
}

/* First word of the VMXON region and of every VMCS (SDM 3.25.2). */
static void revision_write(uint8_t *region)
{
	*(uint32_t *)(void *)region = (uint32_t)(msr_read(MSR_VMX_BASIC) & VMX_BASIC_REVISION);
}

static enum error load_vmcs(struct cpu *cpu)
{
	uint8_t *region = cpu_area_of(cpu)->vmcs;
	hpa_t vmcs = (hpa_t)region;

	/* first, so that an NMI in between does not touch a VMCS that is no longer current */
	cpu->vmcs_current = false;
	/* the first one writes what the processor still holds of it, or nothing */
	if (vmx_clear(vmcs) != VMX_SUCCEED)
		return ERROR_VMCLEAR_FAILED;
	memset(region, 0, sizeof(cpu_area_of(cpu)->vmcs));
	revision_write(region);
	if (vmx_clear(vmcs) != VMX_SUCCEED)
		return ERROR_VMCLEAR_FAILED;
	if (vmx_pointer_load(vmcs) != VMX_SUCCEED)
		return ERROR_VMPTRLD_FAILED;
	cpu->vmcs_current = true;
	return ERROR_OK;
}

enum error guest_state_renew(void)
{
	return load_vmcs(this_cpu());
}

enum error vmx_enable(struct cpu *cpu)
{
	uint8_t *region = cpu_area_of(cpu)->vmxon_region;
	enum error error = check_before_vmxon(cpu);

	if (error)
		return error;
	unlock_vmx();
	cpu->cr4_before_vmx = cr4_read();
	cr4_write(cpu->cr4_before_vmx | CR4_VMXE);
	revision_write(region);
	if (vmx_on((hpa_t)region) != VMX_SUCCEED) {
		cr4_write(cpu->cr4_before_vmx);
		return ERROR_VMXON_FAILED;
	}
	cpu->vmx_enabled = true;
	error = load_vmcs(cpu);
	if (error)
		vmx_disable(cpu);
	return error;
}

enum error vmx_disable(struct cpu *cpu)
{
	if (!cpu->vmx_enabled)
		return ERROR_VMX_NOT_ON;
	/* first, so that an NMI in between does not touch a VMCS that is no longer current */
	cpu->vmcs_current = false;
	vmx_clear((hpa_t)cpu_area_of(cpu)->vmcs);
	vmx_off();
	cr4_write(cpu->cr4_before_vmx);
	cpu->vmx_enabled = false;
	return ERROR_OK;
}
