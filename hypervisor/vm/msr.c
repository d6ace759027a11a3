/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSRs that exit. Those that the MSR bitmap passes never come here (tools/bulkhead/msr_policy.c);
 * those of this table are answered; all others are #GP, as on a processor without them.
 */
#include "cpu/msr.h"
#include "cpu/apic.h"
#include "cpu/privileged.h"
#include "vm/handlers.h"

typedef bool msr_reader(struct vcpu *vcpu, uint32_t msr, uint64_t *value);
typedef bool msr_writer(struct vcpu *vcpu, uint32_t msr, uint64_t value);

struct msr_rule {
	uint32_t first, last;
	msr_reader *read;  /* NULL: `constant` */
	msr_writer *write; /* NULL: #GP */
	uint64_t constant;
	const char *reason;
};

/* Microcode revision 1, as Linux expects it of a hypervisor that has nothing to update. */
#define MICROCODE_REVISION_1 (UINT64_C(1) << 32)
/* Fast strings on; no branch trace store, no precise event sampling (SDM 4.2.1). */
#define MISC_ENABLE_VALUE (UINT64_C(1) | UINT64_C(1) << 11 | UINT64_C(1) << 12)
/* IA32_DEBUGCTL: LBR and BTF; the rest concerns SMM, buses and tracing (SDM 3.18.4.1). */
#define DEBUG_CONTROL_ALLOWED UINT64_C(0x3)

static bool write_ignored(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	(void)vcpu;
	(void)msr;
	(void)value;
	return true;
}

static bool read_apic_base(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	(void)msr;
	*value = vcpu->apic_base;
	return true;
}

static bool write_apic_base(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	(void)msr;
	return local_apic_base_write(vcpu, value);
}

static bool read_mtrr_default(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	(void)msr;
	*value = vcpu->mtrr_default;
	return true;
}

/* Memory types come from the EPT and the guest's PAT; the guest's MTRR value is only remembered. */
static bool write_mtrr_default(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	(void)msr;
	if (value & ~UINT64_C(0xCFF))
		return false;
	vcpu->mtrr_default = value;
	return true;
}

static bool read_debug_control(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	(void)vcpu;
	(void)msr;
	*value = guest_debug_control();
	return true;
}

static bool write_debug_control(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	(void)vcpu;
	(void)msr;
	if (value & ~DEBUG_CONTROL_ALLOWED)
		return false;
	guest_set_debug_control(value);
	return true;
}

static bool write_zero_only(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	(void)vcpu;
	(void)msr;
	return value == 0;
}

/* clang-format off */
static const struct msr_rule rules[] = {
        {MSR_PLATFORM_ID, MSR_PLATFORM_ID, .reason = "selects microcode; none is offered"},
        {MSR_APIC_BASE, MSR_APIC_BASE, read_apic_base, write_apic_base,
         .reason = "mode changes are the guest's, the real APIC stays in x2APIC mode"},
        {MSR_FEATURE_CONTROL, MSR_FEATURE_CONTROL, .constant = FEATURE_CONTROL_LOCK,
         .reason = "locked, no VMX, no SMX"},
        {MSR_MICROCODE_REVISION, MSR_MICROCODE_REVISION, .write = write_ignored,
         .constant = MICROCODE_REVISION_1, .reason = "read after writing 0 and CPUID"},
        {MSR_PLATFORM_INFO, MSR_PLATFORM_INFO, .reason = "no ratios, no CPUID faulting"},
        {MSR_MTRR_CAPABILITY, MSR_MTRR_CAPABILITY, .reason = "no MTRR ranges"},
        {MSR_MISC_FEATURES, MSR_MISC_FEATURES, .write = write_zero_only,
         .reason = "no CPUID faulting, no ring-3 MONITOR"},
        {MSR_MACHINE_CHECK_CAPABILITY, MSR_MACHINE_CHECK_CAPABILITY,
         .reason = "no machine-check banks"},
        {MSR_MACHINE_CHECK_STATUS, MSR_MACHINE_CHECK_STATUS, .write = write_zero_only,
         .reason = "no machine check in progress"},
        {MSR_MISC_ENABLE, MSR_MISC_ENABLE, .write = write_ignored, .constant = MISC_ENABLE_VALUE,
         .reason = "what operating systems test at start"},
        {MSR_DEBUG_CONTROL, MSR_DEBUG_CONTROL, read_debug_control, write_debug_control,
         .reason = "single-stepping on branches"},
        /*
         * XRSTORS loads what XSS selects, and that may be IA32_RTIT_OUTPUT_BASE, with which processor
         * trace writes to host-physical memory, or a power request (SDM 1.13.1). CPUID offers none.
         */
        {MSR_XSS, MSR_XSS, .write = write_zero_only, .reason = "no supervisor states"},
        {MSR_MTRR_DEFAULT_TYPE, MSR_MTRR_DEFAULT_TYPE, read_mtrr_default, write_mtrr_default,
         .reason = "write-back everywhere"},
        {MSR_X2APIC_FIRST, MSR_X2APIC_LAST, local_apic_read, local_apic_write,
         .reason = "filtered: IPIs and delivery modes"},
};
/* clang-format on */

static const struct msr_rule *find(uint32_t msr)
{
	for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (msr >= rules[i].first && msr <= rules[i].last)
			return &rules[i];
	return NULL;
}

static void log_refused(struct vcpu *vcpu, const char *what, uint32_t msr)
{
	if (log_limit(&vcpu->vm->limits.msr))
		log_info("vCPU %u %s MSR 0x%x: #GP", vcpu->config->index, what, msr);
}

bool vm_msr_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	const struct msr_rule *rule = find(msr);
	bool done = rule != NULL;

	if (rule) {
		*value = rule->constant;
		if (rule->read)
			done = rule->read(vcpu, msr, value);
	}
	if (!done)
		log_refused(vcpu, "reads", msr);
	return done;
}

bool vm_msr_write(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	const struct msr_rule *rule = find(msr);
	bool done = rule && rule->write && rule->write(vcpu, msr, value);

	if (!done)
		log_refused(vcpu, "writes", msr);
	return done;
}
