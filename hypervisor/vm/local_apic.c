/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's view of its local APIC. The core's APIC is the guest's own and in x2APIC mode; the MSR
 * bitmap passes what can't leave the partition. Here is the rest: delivery modes, reduced to what is safe, and
 * the xAPIC page for guests that do not use x2APIC. IPIs are in ipi.c.
 */
#include "bulkhead/platform.h"
#include "bulkhead/virtual_devices.h"
#include "cpu/apic.h"
#include "cpu/msr.h"
#include "cpu/privileged.h"
#include "vm/extint.h"
#include "vm/handlers.h"

/* Out of line: it has two callers. */
static __attribute__((noinline)) bool is_software_disabled(void)
{
	return !(msr_read(APIC_SPURIOUS) & APIC_SPURIOUS_ENABLE);
}

/* While the APIC is software-disabled, the masks are 1 (SDM 3.11.4.7.2). */
static uint64_t lint_read(const struct vcpu *vcpu, uint32_t msr)
{
	return vcpu->lint[msr - APIC_LVT_LINT0] | (is_software_disabled() ? APIC_LVT_MASKED : 0);
}

static void lint_remember(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	vcpu->lint[msr - APIC_LVT_LINT0] =
		(uint32_t)(value | (is_software_disabled() ? APIC_LVT_MASKED : 0));
	if (msr == APIC_LVT_LINT0)
		IF_PRESENT(extint_changed, vcpu);
}

/*
 * Local vector table: fixed interrupts of the core's own sources are the guest's. NMI, SMI, INIT and
 * ExtINT come from outside the core (LINT0, LINT1, thermal), so such an entry stays masked. ExtINT of LINT0 is
 * the way of the virtual PIC's interrupts.
 */
static void lvt_write(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	uint64_t mode = (value & APIC_DELIVERY_MASK) >> APIC_DELIVERY_SHIFT;

	if (msr == APIC_LVT_LINT0 || msr == APIC_LVT_LINT1)
		lint_remember(vcpu, msr, value);
	if (mode != APIC_FIXED && !(value & APIC_LVT_MASKED)) {
		if (log_limit(&vcpu->vm->limits.ipi))
			log_debug("vCPU %u: LVT entry 0x%x with delivery mode %lu stays masked",
				  vcpu->config->index, msr, mode);
		value |= APIC_LVT_MASKED;
	}
	msr_write(msr, value);
}

/* For registers by their number less MSR_X2APIC_FIRST. */
struct register_rule {
	uint8_t first, last;
	bool read, write;
	uint32_t writable; /* bits that may be set; others are reserved and would fault */
};
#define RANGE(from, to) (from) - MSR_X2APIC_FIRST, (to)-MSR_X2APIC_FIRST

/*
 * Local vectors differ in what is reserved (SDM 3.11.5.1, figure 11-8), and writing such a bit in x2APIC
 * mode faults, here in the hypervisor. LINT0 and LINT1 have polarity and trigger, error has no mode.
 * Read-only bits are taken and lost.
 */
#define LVT_READ_ONLY  UINT64_C(0x05000)
#define LVT_BITS       UINT32_C(0x117FF)
#define LVT_PIN_BITS   UINT32_C(0x1F7FF)
#define LVT_ERROR_BITS UINT32_C(0x110FF)
#define LVT_TIMER_BITS UINT32_C(0x700FF)
#define LVT_TIMER_MODE UINT64_C(0x60000) /* 3 is reserved */

/* What the real APIC may be asked for on behalf of a guest. */
static const struct register_rule register_rules[] = {
	{RANGE(APIC_ID, APIC_VERSION), .read = true},
	{RANGE(APIC_TPR, APIC_TPR), .read = true, .write = true, .writable = 0xFF},
	{RANGE(APIC_PPR, APIC_PPR), .read = true},
	{RANGE(APIC_EOI, APIC_EOI), .write = true, .writable = 0},
	{RANGE(APIC_LDR, APIC_LDR), .read = true},
	{RANGE(APIC_SPURIOUS, APIC_SPURIOUS), .read = true, .write = true, .writable = 0x1FF},
	{RANGE(APIC_ISR, APIC_IRR + 7), .read = true},
	{RANGE(APIC_ERROR, APIC_ERROR), .read = true, .write = true, .writable = 0},
	{RANGE(APIC_LVT_TIMER, APIC_LVT_TIMER), .read = true, .write = true,
	 .writable = LVT_TIMER_BITS},
	{RANGE(APIC_LVT_THERMAL, APIC_LVT_COUNTER), .read = true, .write = true,
	 .writable = LVT_BITS},
	{RANGE(APIC_LVT_LINT0, APIC_LVT_LINT1), .read = true, .write = true,
	 .writable = LVT_PIN_BITS},
	{RANGE(APIC_LVT_ERROR, APIC_LVT_ERROR), .read = true, .write = true,
	 .writable = LVT_ERROR_BITS},
	{RANGE(APIC_TIMER_INITIAL, APIC_TIMER_INITIAL), .read = true, .write = true,
	 .writable = UINT32_MAX},
	{RANGE(APIC_TIMER_CURRENT, APIC_TIMER_CURRENT), .read = true},
	{RANGE(APIC_TIMER_DIVIDE, APIC_TIMER_DIVIDE), .read = true, .write = true, .writable = 0xB},
	{RANGE(APIC_SELF_IPI, APIC_SELF_IPI), .write = true, .writable = 0xFF},
};

static const struct register_rule *find(uint32_t msr)
{
	uint32_t number = msr - MSR_X2APIC_FIRST;

	for (unsigned i = 0; i < sizeof(register_rules) / sizeof(register_rules[0]); i++)
		if (number >= register_rules[i].first && number <= register_rules[i].last)
			return &register_rules[i];
	return NULL;
}

static uint64_t register_read(const struct vcpu *vcpu, uint32_t msr)
{
	return msr == APIC_LVT_LINT0 || msr == APIC_LVT_LINT1 ? lint_read(vcpu, msr)
							      : msr_read(msr);
}

static bool is_readable(uint32_t msr)
{
	const struct register_rule *rule = find(msr);

	return rule && rule->read && apic_has_register(msr);
}

bool local_apic_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	if (!local_apic_is_x2apic(vcpu))
		return false;
	if (msr == APIC_ICR) {
		*value = vcpu->icr;
		return true;
	}
	if (!is_readable(msr))
		return false;
	*value = register_read(vcpu, msr);
	return true;
}

bool local_apic_register_write(struct vcpu *vcpu, uint32_t msr, uint64_t value, bool ignores)
{
	const struct register_rule *rule = find(msr);

	if (!rule || !rule->write || !apic_has_register(msr))
		return false;
	if (ignores)
		value &= rule->writable;
	if ((value & ~(uint64_t)rule->writable) ||
	    (msr == APIC_LVT_TIMER && (value & LVT_TIMER_MODE) == LVT_TIMER_MODE))
		return false;
	if (msr >= APIC_LVT_THERMAL && msr <= APIC_LVT_ERROR)
		lvt_write(vcpu, msr, value & ~LVT_READ_ONLY);
	else
		msr_write(msr, value);
	return true;
}

/* Bits 11:10 of IA32_APIC_BASE; 1 is none. */
enum apic_mode { MODE_DISABLED = 0, MODE_XAPIC = 2, MODE_X2APIC = 3 };

#define APIC_BASE_MODE (APIC_BASE_ENABLE | APIC_BASE_X2APIC)

static enum apic_mode mode_of(uint64_t apic_base)
{
	return (enum apic_mode)((apic_base & APIC_BASE_MODE) / APIC_BASE_X2APIC);
}

/* SDM 3.11.12.5, figure 11-27: xAPIC is between the other two, and x2APIC can only be left by disabling. */
static bool transition_is_legal(enum apic_mode from, enum apic_mode to)
{
	static const uint8_t targets[] = {
		[MODE_DISABLED] = 1 << MODE_DISABLED | 1 << MODE_XAPIC,
		[MODE_XAPIC] = 1 << MODE_DISABLED | 1 << MODE_XAPIC | 1 << MODE_X2APIC,
		[MODE_X2APIC] = 1 << MODE_DISABLED | 1 << MODE_X2APIC,
	};

	return targets[from] >> to & 1;
}

/*
 * Where the page may lie: anywhere that the VM has nothing else, because what its EPT maps can't be hidden by
 * the page. It moves in xAPIC mode only, since otherwise nobody could see it.
 */
static bool page_may_lie_at(const struct vcpu *vcpu, gpa_t page, enum apic_mode mode)
{
	const struct vm_config *vm = vcpu->vm->config;

	if (page == PLATFORM_LAPIC_GPA || page == (vcpu->apic_base & APIC_BASE_PAGE))
		return true;
	if (mode != MODE_XAPIC || page >> scenario_tables.physical_address_bits)
		return false;
	for (uint32_t i = 0; i < vm->memory_count; i++)
		if (page - vm->memory[i].guest_physical < vm->memory[i].size)
			return false;
	return true;
}

/*
 * A PC's firmware hands the BSP over with LINT0 open to the PIC (MultiProcessor Specification 1.4, 3.6.2.2), and without
 * an APIC in the way a firmware itself finds it so: a guest need not know the APIC.
 */
void local_apic_forget(struct vcpu *vcpu)
{
	bool pic = vcpu->vm->config->virtual_devices & VIRTUAL_PIC && vcpu->config->index == 0;

	vcpu->icr = 0;
	vcpu->lint[0] = pic ? APIC_EXTINT << APIC_DELIVERY_SHIFT : (uint32_t)APIC_LVT_MASKED;
	vcpu->lint[1] = (uint32_t)APIC_LVT_MASKED;
	vcpu->xapic_ldr = 0;
	vcpu->xapic_dfr = UINT32_MAX;
}

void local_apic_reset(struct vcpu *vcpu)
{
	apic_reset();
	apic_drain();
	local_apic_forget(vcpu);
}

/* Switches the mode; what CPUID and the MSRs of x2APIC mode say follows. */
static void mode_set(struct vcpu *vcpu, enum apic_mode mode)
{
	if (mode == MODE_DISABLED)
		local_apic_reset(vcpu);
	guest_pass_x2apic(vcpu, mode == MODE_X2APIC);
	cpuid_forget(vcpu);
}

bool local_apic_base_write(struct vcpu *vcpu, uint64_t value)
{
	enum apic_mode mode = mode_of(value);
	enum apic_mode old = mode_of(vcpu->apic_base);
	gpa_t page = value & APIC_BASE_PAGE;

	if ((value & ~(APIC_BASE_MODE | APIC_BASE_BSP | APIC_BASE_PAGE)) ||
	    !transition_is_legal(old, mode) || !page_may_lie_at(vcpu, page, mode))
		return false;
	/* other cores of the VM look at the mode, when they send IPIs */
	__atomic_store_n(&vcpu->apic_base,
			 page | (value & APIC_BASE_MODE) | (vcpu->apic_base & APIC_BASE_BSP),
			 __ATOMIC_RELAXED);
	if (mode != old) {
		mode_set(vcpu, mode);
		IF_PRESENT(extint_changed, vcpu);
	}
	return true;
}

/* Registers of the xAPIC page that differ from their x2APIC counterparts (SDM 3.11.4.1). */
enum page_register {
	PAGE_ID = 0x020,
	PAGE_LDR = 0x0D0,
	PAGE_DFR = 0x0E0,
	PAGE_ICR_LOW = 0x300,
	PAGE_ICR_HIGH = 0x310,
	PAGE_SELF_IPI = 0x3F0,
};

#define ICR_LOW_DEFINED UINT32_C(0x000CCFFF)

bool local_apic_page_at(const struct vcpu *vcpu, gpa_t page)
{
	return page == (vcpu->apic_base & APIC_BASE_PAGE) && mode_of(vcpu->apic_base) == MODE_XAPIC;
}

uint32_t local_apic_page_read(struct vcpu *vcpu, uint32_t offset)
{
	uint32_t msr = MSR_X2APIC_FIRST + (offset >> 4);

	if (offset & 0xF)
		return UINT32_MAX;
	switch (offset) {
	case PAGE_ID:
		return vcpu->config->apic_id << 24;
	case PAGE_LDR:
		return vcpu->xapic_ldr;
	case PAGE_DFR:
		return vcpu->xapic_dfr;
	case PAGE_ICR_LOW:
		return (uint32_t)vcpu->icr;
	case PAGE_ICR_HIGH:
		return (uint32_t)(vcpu->icr >> 32) << 24;
	default:
		return is_readable(msr) ? (uint32_t)register_read(vcpu, msr) : 0;
	}
}

void local_apic_page_write(struct vcpu *vcpu, uint32_t offset, uint32_t value)
{
	if ((offset & 0xF) || offset == PAGE_SELF_IPI)
		return;
	switch (offset) {
	case PAGE_LDR:
		vcpu->xapic_ldr = value & UINT32_C(0xFF000000);
		break;
	case PAGE_DFR:
		vcpu->xapic_dfr = value | UINT32_C(0x0FFFFFFF);
		break;
	case PAGE_ICR_LOW:
		ipi_send(vcpu,
			 (vcpu->icr & UINT64_C(0xFFFFFFFF00000000)) | (value & ICR_LOW_DEFINED));
		break;
	case PAGE_ICR_HIGH:
		vcpu->icr = (vcpu->icr & UINT32_MAX) | (uint64_t)(value >> 24) << 32;
		break;
	default: /* reserved bits are ignored, and so is the value of EOI and ESR */
		local_apic_register_write(vcpu, MSR_X2APIC_FIRST + (offset >> 4), value, true);
	}
}
