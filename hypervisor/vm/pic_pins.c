/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/pic_pins.h"

#include "bulkhead/virtual_devices.h"
#include "cpu/apic.h"
#include "cpu/msr.h"
#include "cpu/privileged.h"
#include "devices/ioapic.h"

/* Inputs that no real pin drives: the virtual timer, the cascade. */
#define INPUTS_ABSENT UINT16_C(0x0005)

#define LEAST_VECTOR 16

static uint16_t bit(unsigned input)
{
	return (uint16_t)(1u << input);
}

static bool apic_serves(uint8_t vector)
{
	return msr_read(APIC_ISR + vector / 32u) >> vector % 32 & 1;
}

/* Inputs whose interrupt the APIC has in service. */
static uint16_t in_service(const struct pic_pins *pins)
{
	uint16_t served = 0;

	for (unsigned i = 0; i < PIC_PINS; i++)
		if (pins->vector[i] && apic_serves(pins->vector[i]))
			served |= bit(i);
	return served;
}

void pic_pins_begin(struct vcpu *vcpu)
{
	struct pic_pins *pins = &vcpu->vm->pic_pins;
	uint16_t begun;

	if (!pins->opened || vcpu->config->index != 0)
		return;
	begun = in_service(pins) & (uint16_t)~pins->served;
	if (!begun)
		return;
	virtual_pic_view(vcpu->vm, begun);
	pins->served |= begun;
}

static unsigned highest_served(const struct pic_pins *pins)
{
	unsigned highest = PIC_PINS;

	for (unsigned i = 0; i < PIC_PINS; i++)
		if ((pins->served & bit(i)) &&
		    (highest == PIC_PINS || pins->vector[i] > pins->vector[highest]))
			highest = i;
	return highest;
}

/* The APIC's command ends the one with the highest vector, whichever that is (SDM 3.11.8.5). */
static bool is_next_to_end(uint8_t vector)
{
	for (unsigned word = 8; word-- > vector / 32u + 1;)
		if (msr_read(APIC_ISR + word))
			return false;
	return (uint32_t)msr_read(APIC_ISR + vector / 32u) >> vector % 32 == 1;
}

/*
 * An input that the guest has masked while it was in service is ended when it is open again: until then the APIC keeps
 * an edge, as the PIC would.
 */
static void end_served(struct pic_pins *pins, const struct virtual_pic_view *view)
{
	for (;;) {
		unsigned input = highest_served(pins);

		if (input == PIC_PINS || (view->in_service & bit(input)) ||
		    !(view->open & bit(input)) || !is_next_to_end(pins->vector[input]))
			return;
		msr_write(APIC_EOI, 0);
		pins->served &= (uint16_t)~bit(input);
	}
}

/* A guest without use for the APIC has not enabled it. */
static void enable_apic(void)
{
	uint64_t spurious = msr_read(APIC_SPURIOUS);

	if (!(spurious & APIC_SPURIOUS_ENABLE))
		msr_write(APIC_SPURIOUS, spurious | APIC_SPURIOUS_ENABLE);
}

static void route(struct vcpu *bsp, unsigned input, uint8_t vector)
{
	struct pic_pins *pins = &bsp->vm->pic_pins;

	if (pins->vector[input] == vector || (pins->served & bit(input)))
		return;
	if (vector)
		enable_apic();
	pins->vector[input] = vector;
	pins->opened =
		(vector ? pins->opened | bit(input) : pins->opened & ~bit(input)) & UINT16_MAX;
	ioapic_route(bsp->vm, input);
}

void pic_pins_update(struct vcpu *vcpu, bool wired)
{
	struct pic_pins *pins = &vcpu->vm->pic_pins;
	struct virtual_pic_view view = virtual_pic_view(vcpu->vm, 0);
	uint16_t open = wired ? view.open & (uint16_t)~INPUTS_ABSENT : 0;

	if (!open && !pins->opened)
		return;
	end_served(pins, &view);
	for (unsigned i = 0; i < PIC_PINS; i++) {
		uint8_t vector = (uint8_t)(view.base[i / PIC_INPUTS] + i % PIC_INPUTS);

		if (ioapic_owns_gsi(vcpu->vm, i))
			route(vcpu, i, (open & bit(i)) && vector >= LEAST_VECTOR ? vector : 0);
	}
}

uint64_t pic_pins_entry(const struct vm *vm, uint32_t gsi)
{
	uint8_t vector =
		gsi < PIC_PINS ? __atomic_load_n(&vm->pic_pins.vector[gsi], __ATOMIC_RELAXED) : 0;

	if (!vector)
		return 0;
	return vector | (uint64_t)vm->config->vcpus[0].apic_id << IOAPIC_DESTINATION_SHIFT;
}
