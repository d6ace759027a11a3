/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSRs that exit. Those that the MSR bitmap passes never come here (tools/bulkhead/msr_policy.c);
 * those of this table are answered; all others are #GP, as on a processor without them.
 */
#include "cpu/msr.h"
#include "cpu/apic.h"
#include "cpu/privileged.h"
#include "cpu/registers.h"
#include "cpu/tsc.h"
#include "lib/reason.h"
#include "vm/handlers.h"

typedef bool msr_reader(struct vcpu *vcpu, uint32_t msr, uint64_t *value);
typedef bool msr_writer(struct vcpu *vcpu, uint32_t msr, uint64_t value);

struct msr_rule {
	uint32_t first;
	uint8_t more; /* MSRs after it with the same rule */
	reason_given reason;
	msr_reader *read;  /* NULL: 0 */
	msr_writer *write; /* NULL: #GP */
};

/* Microcode revision 1, as Linux expects it of a hypervisor that has nothing to update. */
#define MICROCODE_REVISION_1 (UINT64_C(1) << 32)
/*
 * IA32_MISC_ENABLE (SDM 4.2.1). A guest may switch fast strings off and read that back. The bits that say what
 * is not there are read-only; the others that are defined concern what CPUID does not offer (frequency,
 * temperature, MONITOR) or take away (CPUID leaves, NX): they stay 0. The rest is reserved.
 */
#define MISC_ENABLE_UNAVAILABLE (UINT64_C(1) << 11 | UINT64_C(1) << 12) /* BTS and PEBS */
#define MISC_ENABLE_KEPT        UINT64_C(0x1)
#define MISC_ENABLE_DEFINED     UINT64_C(0x4400C51889)

/* IA32_ARCH_CAPABILITIES: what the processor is immune to, and no bit that promises another MSR. */
#define ARCH_CAPABILITIES_SHOWN UINT64_C(0x1D1AE17F)

/* Memory types that exist (SDM 3.12.11.2.1): UC, WC, WT, WP, WB */
#define MTRR_TYPES UINT32_C(0x73)
#define MTRR_TYPE  UINT64_C(0xFF)
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
	if ((value & ~UINT64_C(0xCFF)) || (value & MTRR_TYPE) > 7 ||
	    !(MTRR_TYPES >> (value & MTRR_TYPE) & 1))
		return false;
	vcpu->mtrr_default = value;
	return true;
}

/* The core's counter is the guest's (cpu/tsc.h). Writes are rare, and the hypervisor has to know of them. */
static bool read_tsc(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	(void)vcpu;
	(void)msr;
	*value = tsc_read();
	return true;
}

static bool write_tsc(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	(void)vcpu;
	(void)msr;
	tsc_set(value);
	return true;
}

static bool write_tsc_adjust(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	(void)vcpu;
	(void)msr;
	if (!tsc_has_adjust())
		return false;
	tsc_set_adjust(value);
	return true;
}

static bool read_misc_enable(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	(void)msr;
	*value = vcpu->misc_enable | MISC_ENABLE_UNAVAILABLE;
	return true;
}

static bool write_misc_enable(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	(void)msr;
	if (value & ~MISC_ENABLE_DEFINED)
		return false;
	vcpu->misc_enable = value & MISC_ENABLE_KEPT;
	return true;
}

static bool read_arch_capabilities(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	(void)vcpu;
	if (cpuid(0, 0).eax < 7 || !(cpuid(7, 0).edx & CPUID_7_EDX_ARCH_CAPABILITIES))
		return false;
	*value = msr_read(msr) & ARCH_CAPABILITIES_SHOWN;
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

/* Reading passes the bitmap and never comes here but for a register that the processor lacks. */
static bool read_refused(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	(void)vcpu;
	(void)msr;
	(void)value;
	return false;
}

static bool read_feature_control(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	(void)vcpu;
	(void)msr;
	*value = FEATURE_CONTROL_LOCK;
	return true;
}

static bool read_microcode_revision(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	(void)vcpu;
	(void)msr;
	*value = MICROCODE_REVISION_1;
	return true;
}

static bool read_mtrr_fixed(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	(void)vcpu;
	(void)msr;
	*value = MTRR_FIXED_WRITE_BACK;
	return true;
}

/* Looked up from the first on: those that a guest uses while it runs come before those of its start. */
/* clang-format off */
static const struct msr_rule rules[] = {
        {MSR_X2APIC_FIRST, .more = MSR_X2APIC_LAST - MSR_X2APIC_FIRST, .read = local_apic_read, .write = local_apic_write,
         .reason = REASON("filtered: IPIs and delivery modes")},
        {MSR_APIC_BASE, .read = read_apic_base, .write = write_apic_base,
         .reason = REASON("mode changes are the guest's, the real APIC stays in x2APIC mode")},
        {MSR_TSC, .read = read_tsc, .write = write_tsc, .reason = REASON("the core's counter is the guest's")},
        {MSR_TSC_ADJUST, .read = read_refused, .write = write_tsc_adjust,
         .reason = REASON("the same; reading passes the bitmap")},
        {MSR_ARCH_CAPABILITIES, .read = read_arch_capabilities, .reason = REASON("what needs no mitigation")},
        {MSR_PLATFORM_ID, .reason = REASON("selects microcode; none is offered")},
        {MSR_FEATURE_CONTROL, .read = read_feature_control, .reason = REASON("locked, no VMX, no SMX")},
        {MSR_MICROCODE_REVISION, .read = read_microcode_revision, .write = write_ignored,
         .reason = REASON("read after writing 0 and CPUID")},
        {MSR_PLATFORM_INFO, .reason = REASON("no ratios, no CPUID faulting")},
        {MSR_MTRR_CAPABILITY, .reason = REASON("no MTRR ranges")},
        {MSR_MISC_FEATURES, .write = write_zero_only, .reason = REASON("no CPUID faulting, no ring-3 MONITOR")},
        {MSR_MACHINE_CHECK_CAPABILITY, .reason = REASON("no machine-check banks")},
        {MSR_MACHINE_CHECK_STATUS, .write = write_zero_only, .reason = REASON("no machine check in progress")},
        {MSR_MISC_ENABLE, .read = read_misc_enable, .write = write_misc_enable,
         .reason = REASON("what operating systems test at start")},
        {MSR_DEBUG_CONTROL, .read = read_debug_control, .write = write_debug_control,
         .reason = REASON("single-stepping on branches")},
        /*
         * XRSTORS loads what XSS selects, and that may be IA32_RTIT_OUTPUT_BASE, with which processor
         * trace writes to host-physical memory, or a power request (SDM 1.13.1). CPUID offers none.
         */
        {MSR_XSS, .write = write_zero_only, .reason = REASON("no supervisor states")},
        {MSR_MTRR_FIXED_64K, .read = read_mtrr_fixed, .write = write_ignored,
         .reason = REASON("not announced; U-Boot reads them all the same, as each real processor has them")},
        {MSR_MTRR_FIXED_16K, .more = 1, .read = read_mtrr_fixed, .write = write_ignored, .reason = REASON("the same")},
        {MSR_MTRR_FIXED_4K, .more = 7, .read = read_mtrr_fixed, .write = write_ignored, .reason = REASON("the same")},
        {MSR_MTRR_DEFAULT_TYPE, .read = read_mtrr_default, .write = write_mtrr_default,
         .reason = REASON("write-back everywhere")},
};
/* clang-format on */

static const struct msr_rule *find(uint32_t msr)
{
	const struct msr_rule *end = rules + sizeof(rules) / sizeof(rules[0]);

	for (const struct msr_rule *rule = rules; rule < end; rule++)
		if (msr - rule->first <= rule->more)
			return rule;
	return NULL;
}

/*
 * True the first time that the VM asks for this MSR. Cores that ask at once agree through the atomic exchange;
 * when the list is full, nothing is new any more.
 */
static bool is_news(struct vm *vm, uint32_t msr)
{
	const uint64_t key = (uint64_t)msr + 1; /* 0 is an empty place */

	for (unsigned i = 0; i < VM_MSRS_REFUSED; i++) {
		uint64_t found = 0;

		if (__atomic_compare_exchange_n(&vm->msrs_refused[i], &found, key, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
		if (found == key)
			return false;
	}
	return false;
}

static void log_refused(struct vcpu *vcpu, const char *what, uint32_t msr)
{
	if (is_news(vcpu->vm, msr) && log_limit(&vcpu->vm->limits.msr))
		log_info("vCPU %u %s MSR 0x%x: #GP", vcpu->config->index, what, msr);
}

bool vm_msr_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	const struct msr_rule *rule = find(msr);

	*value = 0;
	if (rule && (!rule->read || rule->read(vcpu, msr, value)))
		return true;
	log_refused(vcpu, "reads", msr);
	return false;
}

bool vm_msr_write(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	const struct msr_rule *rule = find(msr);

	if (rule && rule->write && rule->write(vcpu, msr, value))
		return true;
	log_refused(vcpu, "writes", msr);
	return false;
}
