/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions and NMIs that the next VM entry delivers, and those whose delivery an exit interrupted. */
#include "cpu/cpu.h"
#include "cpu/registers.h"
#include "vm/guest_state.h"
#include "vm/vcpu.h"
#include "vmx/vmcs.h"

#define SHADOWS ((uint64_t)(INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS))

/* How exceptions meet (SDM 3.6.15, tables 6-4 and 6-5). */
enum exception_class { CLASS_BENIGN, CLASS_CONTRIBUTORY, CLASS_PAGE_FAULT, CLASS_DOUBLE_FAULT };

static enum exception_class class_of(uint32_t vector)
{
	switch (vector) {
	case EXCEPTION_DIVIDE_ERROR:
	case EXCEPTION_INVALID_TSS:
	case EXCEPTION_NOT_PRESENT:
	case EXCEPTION_STACK_FAULT:
	case EXCEPTION_GENERAL_PROTECTION:
		return CLASS_CONTRIBUTORY;
	case EXCEPTION_PAGE_FAULT:
		return CLASS_PAGE_FAULT;
	case EXCEPTION_DOUBLE_FAULT:
		return CLASS_DOUBLE_FAULT;
	default:
		return CLASS_BENIGN;
	}
}

/* Interrupts, NMIs and INT n are benign, whatever their vector. */
static enum exception_class class_being_delivered(uint32_t vectoring)
{
	if (!(vectoring & INTERRUPTION_VALID) ||
	    (vectoring & INTERRUPTION_TYPE) != INTERRUPTION_EXCEPTION)
		return CLASS_BENIGN;
	return class_of(vectoring & INTERRUPTION_VECTOR);
}

static bool makes_double_fault(enum exception_class first, enum exception_class second)
{
	if (first == CLASS_CONTRIBUTORY)
		return second == CLASS_CONTRIBUTORY;
	return first == CLASS_PAGE_FAULT &&
	       (second == CLASS_CONTRIBUTORY || second == CLASS_PAGE_FAULT);
}

/* Delivery ends shadows, and with TF one would make the entry fail (SDM 3.27.3.1.5). */
void guest_end_shadows(void)
{
	vmcs_change(VMCS_GUEST_INTERRUPTIBILITY, SHADOWS, 0);
}

/* Saved flags of a fault have RF set; an injected event does not do that (SDM 3.27.6.1.1). */
static void set_resume_flag(void)
{
	vmcs_change(VMCS_GUEST_RFLAGS, 0, RFLAGS_RF);
}

static void deliver(uint32_t information, uint32_t error)
{
	/* real mode pushes no error codes, and the entry checks that (SDM 3.27.2.1.3) */
	if (!(vmcs_read(VMCS_GUEST_CR0) & CR0_PE))
		information &= ~INTERRUPTION_ERROR_VALID;
	if (information & INTERRUPTION_ERROR_VALID)
		vmcs_write(VMCS_ENTRY_EXCEPTION_ERROR, error);
	guest_end_shadows();
	vmcs_write(VMCS_ENTRY_INTERRUPTION_INFO, INTERRUPTION_VALID | information);
}

void guest_inject(const struct guest_exception *exception)
{
	enum exception_class first = class_being_delivered(vmcs_read32(VMCS_IDT_VECTORING_INFO));
	enum exception_class second = class_of(exception->vector);

	if (exception->vector == EXCEPTION_PAGE_FAULT)
		cr2_write(exception->address);
	if (first == CLASS_DOUBLE_FAULT && second != CLASS_BENIGN)
		vm_stop(this_cpu()->vcpu, STOP_TRIPLE_FAULT, NULL);
	if (exception->vector != EXCEPTION_DEBUG)
		set_resume_flag();
	if (makes_double_fault(first, second))
		deliver(INTERRUPTION_ERROR_VALID | INTERRUPTION_EXCEPTION | EXCEPTION_DOUBLE_FAULT,
			0);
	else
		deliver((exception->has_error ? INTERRUPTION_ERROR_VALID : 0) |
				INTERRUPTION_EXCEPTION | exception->vector,
			exception->error);
}

void guest_inject_invalid_opcode(void)
{
	guest_inject(&(struct guest_exception){.vector = EXCEPTION_INVALID_OPCODE});
}

void guest_inject_general_protection(void)
{
	guest_inject(&(struct guest_exception){.vector = EXCEPTION_GENERAL_PROTECTION,
					       .has_error = true});
}

bool guest_is_delivering(void)
{
	return vmcs_read(VMCS_IDT_VECTORING_INFO) & INTERRUPTION_VALID;
}

static bool has_length(uint32_t type)
{
	return type == INTERRUPTION_SOFTWARE || type == INTERRUPTION_PRIVILEGED ||
	       type == INTERRUPTION_SOFTWARE_EXC;
}

/* SDM 3.28.2.4 and 3.27.6: the vectoring fields have the format of the entry's. */
void guest_redeliver(void)
{
	uint32_t vectoring = vmcs_read32(VMCS_IDT_VECTORING_INFO);
	uint32_t type = vectoring & INTERRUPTION_TYPE;

	if (!(vectoring & INTERRUPTION_VALID))
		return;
	if (has_length(type))
		vmcs_write(VMCS_ENTRY_INSTRUCTION_LENGTH, vmcs_read(VMCS_EXIT_INSTRUCTION_LENGTH));
	/* its delivery has begun to block NMIs, which would make the entry fail (SDM 3.27.3.1.5) */
	if (type == INTERRUPTION_NMI)
		vmcs_change(VMCS_GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_NMI, 0);
	deliver(vectoring & (INTERRUPTION_ERROR_VALID | INTERRUPTION_TYPE | INTERRUPTION_VECTOR),
		vmcs_read32(VMCS_IDT_VECTORING_ERROR));
}

static bool can_take_nmi(void)
{
	uint64_t blocked = SHADOWS | INTERRUPTIBILITY_NMI;

	return !(vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & blocked) &&
	       !(vmcs_read(VMCS_ENTRY_INTERRUPTION_INFO) & INTERRUPTION_VALID);
}

static void window_set(uint32_t window, bool open)
{
	vmcs_change(VMCS_PROCESSOR_CONTROLS, window, open ? window : 0);
}

static void raise_nmis(struct vcpu *vcpu, unsigned more)
{
	bool handled = vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & INTERRUPTIBILITY_NMI;
	unsigned most = handled ? 1 : 2;

	vcpu->nmis += more;
	if (vcpu->nmis > most)
		vcpu->nmis = most;
}

void guest_inject_nmi(unsigned more)
{
	struct vcpu *vcpu = this_cpu()->vcpu;

	raise_nmis(vcpu, more);
	if (vcpu->nmis && can_take_nmi()) {
		vcpu->nmis--;
		vmcs_write(VMCS_ENTRY_INTERRUPTION_INFO,
			   INTERRUPTION_VALID | INTERRUPTION_NMI | EXCEPTION_NMI);
		vmcs_write(VMCS_GUEST_ACTIVITY, ACTIVITY_ACTIVE);
	}
	window_set(PROCESSOR_NMI_WINDOW, vcpu->nmis != 0);
}

/* What the entry checks of an external interrupt, and that it takes the place of no other event (SDM 3.27.3.1.5). */
bool guest_can_take_interrupt(void)
{
	return (vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_IF) &&
	       !(vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & SHADOWS) &&
	       !(vmcs_read(VMCS_ENTRY_INTERRUPTION_INFO) & INTERRUPTION_VALID);
}

void guest_inject_interrupt(uint8_t vector)
{
	vmcs_write(VMCS_ENTRY_INTERRUPTION_INFO,
		   INTERRUPTION_VALID | INTERRUPTION_EXTERNAL | vector);
	vmcs_write(VMCS_GUEST_ACTIVITY, ACTIVITY_ACTIVE); /* ends HLT */
}

void guest_interrupt_window(bool open)
{
	window_set(PROCESSOR_INTERRUPT_WINDOW, open);
}
