/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/extint.h"

#include "bulkhead/virtual_devices.h"
#include "cpu/apic.h"
#include "cpu/msr.h"
#include "cpu/tsc.h"
#include "vm/pic_pins.h"
#include "vm/timer.h"

/*
 * The PIC's output is wired to LINT0 of the BSP, and an APIC that is globally disabled passes it on (SDM 3.11.4.3,
 * 3.11.5.1).
 */
static bool is_wired(const struct vcpu *bsp)
{
	const uint64_t extint = (uint64_t)APIC_EXTINT << APIC_DELIVERY_SHIFT;

	return !(bsp->apic_base & APIC_BASE_ENABLE) ||
	       (bsp->lint[0] & (APIC_DELIVERY_MASK | APIC_LVT_MASKED)) == extint;
}

uint64_t extint_update(struct vcpu *vcpu)
{
	struct virtual_interrupt interrupt;
	uint64_t now;
	bool wired;

	if (!(vcpu->vm->config->virtual_devices & VIRTUAL_PIC) || vcpu->config->index != 0)
		return UINT64_MAX;
	wired = is_wired(vcpu);
	pic_pins_update(vcpu, wired);
	interrupt = virtual_interrupt(vcpu->vm, wired, guest_can_take_interrupt());
	if (interrupt.taken)
		guest_inject_interrupt(interrupt.vector);
	guest_interrupt_window(interrupt.waits);
	now = tsc_host();
	if (interrupt.next == UINT64_MAX)
		return UINT64_MAX;
	return interrupt.next > now ? interrupt.next - now : 0;
}

void extint_changed(struct vcpu *vcpu)
{
	if (vcpu->config->index == 0)
		timer_update(vcpu, NULL);
	else if (vcpu->vm->config->virtual_devices & VIRTUAL_PIC)
		vcpu_post(vm_vcpu(vcpu->vm, 0), REQUEST_EXTINT);
}

void extint_look(struct vcpu *vcpu)
{
	if (__atomic_exchange_n(&vcpu->vm->devices.changed, false, __ATOMIC_ACQ_REL))
		extint_changed(vcpu);
}
