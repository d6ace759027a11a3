/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's view of its local APIC. The core's APIC is the guest's own and in x2APIC mode; the MSR
 * bitmap passes what can't leave the partition. Here is the rest: IPIs, whose destinations are
 * filtered to the VM's own cores; delivery modes, reduced to what is safe; and the xAPIC page for
 * guests that do not use x2APIC.
 */
#include "bulkhead/platform.h"
#include "bulkhead/virtual_devices.h"
#include "cpu/apic.h"
#include "cpu/msr.h"
#include "cpu/privileged.h"
#include "vm/extint.h"
#include "vm/handlers.h"

/* ICR destination shorthands (SDM 3.11.6.1) */
enum shorthand { SHORTHAND_NONE, SHORTHAND_SELF, SHORTHAND_ALL, SHORTHAND_OTHERS };

struct ipi {
	enum apic_delivery mode;
	uint8_t vector;
	enum shorthand shorthand;
	bool logical;
	uint32_t destination;
};

static bool x2apic_mode(const struct vcpu *vcpu)
{
	return vcpu->apic_base & APIC_BASE_X2APIC;
}

static struct ipi ipi_decode(uint64_t icr)
{
	return (struct ipi){
		.mode = (enum apic_delivery)((icr & APIC_DELIVERY_MASK) >> APIC_DELIVERY_SHIFT),
		.vector = (uint8_t)(icr & APIC_VECTOR),
		.shorthand = (enum shorthand)(icr >> APIC_SHORTHAND_SHIFT & 3),
		.logical = icr & APIC_LOGICAL,
		.destination = (uint32_t)(icr >> 32),
	};
}

/* Logical destination in x2APIC mode: cluster in bits 31:16, one bit per member (SDM 3.11.12.10.2). */
static bool matches_x2apic_logical(const struct vcpu *target, uint32_t destination)
{
	uint32_t id = target->config->apic_id;

	return destination >> 16 == id >> 4 && (destination & UINT32_C(1) << (id & 0xF));
}

/* Logical destination in xAPIC mode: flat or cluster model by DFR (SDM 3.11.6.2.2). */
static bool matches_xapic_logical(const struct vcpu *target, uint32_t destination)
{
	uint32_t ldr = target->xapic_ldr >> 24;

	destination &= 0xFF;
	if (target->xapic_dfr >> 28 == 0xF)
		return ldr & destination;
	return (ldr >> 4 == destination >> 4 || destination >> 4 == 0xF) &&
	       (ldr & destination & 0xF);
}

static bool is_broadcast(const struct vcpu *sender, uint32_t destination)
{
	return destination == (x2apic_mode(sender) ? APIC_BROADCAST : 0xFF);
}

/* A globally disabled APIC receives nothing (SDM 3.11.4.7.2). */
static bool can_receive(const struct vcpu *target)
{
	return __atomic_load_n(&target->apic_base, __ATOMIC_RELAXED) & APIC_BASE_ENABLE;
}

static bool is_target(const struct vcpu *sender, const struct vcpu *target, const struct ipi *ipi)
{
	if (!can_receive(target))
		return false;
	switch (ipi->shorthand) {
	case SHORTHAND_SELF:
		return target == sender;
	case SHORTHAND_ALL:
		return true;
	case SHORTHAND_OTHERS:
		return target != sender;
	case SHORTHAND_NONE:
		break;
	}
	if (is_broadcast(sender, ipi->destination))
		return true;
	if (!ipi->logical)
		return target->config->apic_id == ipi->destination;
	return x2apic_mode(sender) ? matches_x2apic_logical(target, ipi->destination)
				   : matches_xapic_logical(target, ipi->destination);
}

static void deliver_fixed(struct vcpu *target, const struct ipi *ipi)
{
	apic_send_fixed(target->config->apic_id, ipi->vector);
}

static void deliver_nmi(struct vcpu *target, const struct ipi *ipi)
{
	(void)ipi;
	vcpu_post(target, REQUEST_NMI);
}

static void deliver_init(struct vcpu *target, const struct ipi *ipi)
{
	(void)ipi;
	vcpu_post(target, REQUEST_INIT);
}

static void deliver_startup(struct vcpu *target, const struct ipi *ipi)
{
	/* The page number must be there before the bit that announces it; only one IPI starts a vCPU, a
	   second with another page is the guest's own race. */
	uint32_t page = (uint32_t)ipi->vector << REQUEST_SIPI_PAGE_SHIFT;

	__atomic_and_fetch(vcpu_requests(target), ~(uint32_t)REQUEST_SIPI_PAGE, __ATOMIC_RELAXED);
	vcpu_post(target, REQUEST_SIPI | page);
}

typedef void ipi_delivery(struct vcpu *target, const struct ipi *ipi);

/* Modes that are not here would leave the partition (SMI, ExtINT) or are reserved. */
static ipi_delivery *const deliveries[8] = {
	[APIC_FIXED] = deliver_fixed,     [APIC_LOWEST_PRIORITY] = deliver_fixed,
	[APIC_NMI] = deliver_nmi,         [APIC_INIT] = deliver_init,
	[APIC_STARTUP] = deliver_startup,
};

/* INIT level de-assert changes nothing on any processor since the Pentium (SDM 3.11.6.1). */
static bool is_init_deassert(uint64_t icr)
{
	return (icr & APIC_TRIGGER_LEVEL) && !(icr & APIC_LEVEL_ASSERT) &&
	       (icr & APIC_DELIVERY_MASK) == (uint64_t)APIC_INIT << APIC_DELIVERY_SHIFT;
}

static void log_refused(struct vcpu *vcpu, uint64_t icr, const char *why)
{
	if (log_limit(&vcpu->vm->limits.ipi))
		log_warning("vCPU %u sends an IPI that is not delivered (%s): ICR 0x%lx",
			    vcpu->config->index, why, icr);
}

static void send_ipi(struct vcpu *vcpu, uint64_t icr)
{
	struct ipi ipi = ipi_decode(icr);
	unsigned reached = 0;

	vcpu->icr = icr;
	if (is_init_deassert(icr))
		return;
	if (!deliveries[ipi.mode]) {
		log_refused(vcpu, icr, "delivery mode");
		return;
	}
	for (uint32_t i = 0; i < vcpu->vm->config->vcpu_count; i++) {
		struct vcpu *target = vm_vcpu(vcpu->vm, i);

		if (!is_target(vcpu, target, &ipi))
			continue;
		/* NMI, INIT and start-up never go to oneself by shorthand (SDM 3.11.6.1, table 11-3) */
		if (ipi.mode >= APIC_SMI && target == vcpu && ipi.shorthand != SHORTHAND_NONE)
			continue;
		deliveries[ipi.mode](target, &ipi);
		reached++;
		/* One of those that are addressed. Which one has the lowest priority only their APICs know, and the
		   choice is theirs to make (SDM 3.11.6.2.4). */
		if (ipi.mode == APIC_LOWEST_PRIORITY)
			break;
	}
	if (reached == 0 && ipi.shorthand == SHORTHAND_NONE)
		log_refused(vcpu, icr, "no such core in this VM");
}

static bool is_software_disabled(void)
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

struct register_rule {
	uint16_t first, last; /* MSR numbers */
	uint32_t writable;    /* bits that may be set; others are reserved and would fault */
	bool read, write;
};

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
	{APIC_ID, APIC_VERSION, .read = true},
	{APIC_TPR, APIC_TPR, .read = true, .write = true, .writable = 0xFF},
	{APIC_PPR, APIC_PPR, .read = true},
	{APIC_EOI, APIC_EOI, .write = true, .writable = 0},
	{APIC_LDR, APIC_LDR, .read = true},
	{APIC_SPURIOUS, APIC_SPURIOUS, .read = true, .write = true, .writable = 0x1FF},
	{APIC_ISR, APIC_IRR + 7, .read = true},
	{APIC_ERROR, APIC_ERROR, .read = true, .write = true, .writable = 0},
	{APIC_LVT_TIMER, APIC_LVT_TIMER, .read = true, .write = true, .writable = LVT_TIMER_BITS},
	{APIC_LVT_THERMAL, APIC_LVT_COUNTER, .read = true, .write = true, .writable = LVT_BITS},
	{APIC_LVT_LINT0, APIC_LVT_LINT1, .read = true, .write = true, .writable = LVT_PIN_BITS},
	{APIC_LVT_ERROR, APIC_LVT_ERROR, .read = true, .write = true, .writable = LVT_ERROR_BITS},
	{APIC_TIMER_INITIAL, APIC_TIMER_INITIAL, .read = true, .write = true,
	 .writable = UINT32_MAX},
	{APIC_TIMER_CURRENT, APIC_TIMER_CURRENT, .read = true},
	{APIC_TIMER_DIVIDE, APIC_TIMER_DIVIDE, .read = true, .write = true, .writable = 0xB},
	{APIC_SELF_IPI, APIC_SELF_IPI, .write = true, .writable = 0xFF},
};

static const struct register_rule *find(uint32_t msr)
{
	for (unsigned i = 0; i < sizeof(register_rules) / sizeof(register_rules[0]); i++)
		if (msr >= register_rules[i].first && msr <= register_rules[i].last)
			return &register_rules[i];
	return NULL;
}

static uint64_t register_read(const struct vcpu *vcpu, uint32_t msr)
{
	return msr == APIC_LVT_LINT0 || msr == APIC_LVT_LINT1 ? lint_read(vcpu, msr)
							      : msr_read(msr);
}

bool local_apic_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	const struct register_rule *rule = find(msr);

	if (!x2apic_mode(vcpu))
		return false;
	if (msr == APIC_ICR) {
		*value = vcpu->icr;
		return true;
	}
	if (!rule || !rule->read || !apic_has_register(msr))
		return false;
	*value = register_read(vcpu, msr);
	return true;
}

static bool register_write(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	const struct register_rule *rule = find(msr);

	if (!rule || !rule->write || (value & ~(uint64_t)rule->writable) || !apic_has_register(msr))
		return false;
	if (msr == APIC_LVT_TIMER && (value & LVT_TIMER_MODE) == LVT_TIMER_MODE)
		return false;
	if (msr >= APIC_LVT_THERMAL && msr <= APIC_LVT_ERROR)
		lvt_write(vcpu, msr, value & ~LVT_READ_ONLY);
	else
		msr_write(msr, value);
	return true;
}

/* Reserved bits of the ICR are #GP in x2APIC mode (SDM 3.11.12.9). */
#define ICR_DEFINED UINT64_C(0xFFFFFFFF000CCFFF)

bool local_apic_write(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	if (!x2apic_mode(vcpu))
		return false;
	if (msr != APIC_ICR)
		return register_write(vcpu, msr, value);
	if (value & ~ICR_DEFINED)
		return false;
	send_ipi(vcpu, value);
	return true;
}

#define APIC_BASE_MODE (APIC_BASE_ENABLE | APIC_BASE_X2APIC)
#define MODE_DISABLED  UINT64_C(0)
#define MODE_XAPIC     APIC_BASE_ENABLE
#define MODE_X2APIC    (APIC_BASE_ENABLE | APIC_BASE_X2APIC)

/* SDM 3.11.12.5, figure 11-27: xAPIC is between the other two, and x2APIC can only be left by disabling. */
static bool transition_is_legal(uint64_t from, uint64_t to)
{
	if (from == to || to == MODE_DISABLED)
		return true;
	return (from == MODE_DISABLED && to == MODE_XAPIC) ||
	       (from == MODE_XAPIC && to == MODE_X2APIC);
}

/*
 * Where the page may lie: anywhere that the VM has nothing else, because what its EPT maps can't be hidden by
 * the page. It moves in xAPIC mode only, since otherwise nobody could see it.
 */
static bool page_may_lie_at(const struct vcpu *vcpu, gpa_t page, uint64_t mode)
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
	local_apic_forget(vcpu);
}

/* Switches the mode; what CPUID and the MSRs of x2APIC mode say follows. */
static void mode_set(struct vcpu *vcpu, uint64_t mode)
{
	if (mode == MODE_DISABLED)
		local_apic_reset(vcpu);
	guest_pass_x2apic(vcpu, mode == MODE_X2APIC);
	cpuid_forget(vcpu);
}

bool local_apic_base_write(struct vcpu *vcpu, uint64_t value)
{
	uint64_t mode = value & APIC_BASE_MODE;
	uint64_t old = vcpu->apic_base & APIC_BASE_MODE;
	gpa_t page = value & APIC_BASE_PAGE;

	if (value & ~(APIC_BASE_MODE | APIC_BASE_BSP | APIC_BASE_PAGE))
		return false;
	if (mode == APIC_BASE_X2APIC || !transition_is_legal(old, mode) ||
	    !page_may_lie_at(vcpu, page, mode))
		return false;
	/* other cores of the VM look at the mode, when they send IPIs */
	__atomic_store_n(&vcpu->apic_base, page | mode | (vcpu->apic_base & APIC_BASE_BSP),
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
	return page == (vcpu->apic_base & APIC_BASE_PAGE) &&
	       (vcpu->apic_base & APIC_BASE_MODE) == MODE_XAPIC;
}

uint32_t local_apic_page_read(struct vcpu *vcpu, uint32_t offset)
{
	const struct register_rule *rule = find(MSR_X2APIC_FIRST + (offset >> 4));

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
		return rule && rule->read && apic_has_register(MSR_X2APIC_FIRST + (offset >> 4))
			       ? (uint32_t)register_read(vcpu, MSR_X2APIC_FIRST + (offset >> 4))
			       : 0;
	}
}

void local_apic_page_write(struct vcpu *vcpu, uint32_t offset, uint32_t value)
{
	const struct register_rule *rule = find(MSR_X2APIC_FIRST + (offset >> 4));

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
		send_ipi(vcpu,
			 (vcpu->icr & UINT64_C(0xFFFFFFFF00000000)) | (value & ICR_LOW_DEFINED));
		break;
	case PAGE_ICR_HIGH:
		vcpu->icr = (vcpu->icr & UINT32_MAX) | (uint64_t)(value >> 24) << 32;
		break;
	default: /* on the page reserved bits are ignored, and so is the value of EOI and ESR */
		if (rule)
			register_write(vcpu, MSR_X2APIC_FIRST + (offset >> 4),
				       value & rule->writable);
	}
}
