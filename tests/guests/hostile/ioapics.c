/* SPDX-License-Identifier: Apache-2.0 */
/* The IOAPIC: pins of others, and the own pin (COM1's) with entries that point elsewhere. */
#include "survey.h"

#define PAGE        UINT64_C(0xFEC00000)
#define SELECT      (PAGE + 0x00)
#define WINDOW      (PAGE + 0x10)
#define END         (PAGE + 0x40)
#define PINS        24u
#define OWN_PIN     4u
#define ID_BITS     0x0F000000u
#define MASKED      0x10000u
#define LEVEL       0x8000u
#define LOGICAL     0x800u
#define TICK_VECTOR GUEST_TICK_VECTOR /* what would be a tick too many at the neighbour */

/* UART: transmitter-empty interrupts, and the gate to the interrupt line. */
#define COM1_INTERRUPT 0x3F9
#define COM1_MODEM     0x3FC

static uint32_t register_read(uint32_t index)
{
	memory_write32(SELECT, index);
	return memory_read32(WINDOW);
}

static void register_write(uint32_t index, uint32_t value)
{
	memory_write32(SELECT, index);
	memory_write32(WINDOW, value);
}

static void entry_write(uint32_t pin, uint32_t high, uint32_t low)
{
	register_write(0x11 + 2 * pin, high);
	register_write(0x10 + 2 * pin, low);
}

/* Registers that are read-only, reserved, or other VMs' pins. */
void ioapic_registers(void)
{
	uint32_t id = register_read(0), version = register_read(1);

	for (uint32_t index = 0; index < 0x100; index++) {
		if (index == 0x10 + 2 * OWN_PIN || index == 0x11 + 2 * OWN_PIN)
			continue;
		register_write(index, 0x00000040);
		register_write(index, UINT32_MAX);
		register_write(index, 0);
	}
	/* the VM's own view of the id can be written (82093AA 3.2.1), nothing else of that register */
	register_write(0, UINT32_MAX);
	expect(register_read(0) == ID_BITS, "id is now", register_read(0));
	register_write(0, id);
	expect(register_read(0) == id, "id is not put back:", register_read(0));
	expect(register_read(1) == version, "version is now", register_read(1));
	for (uint32_t pin = 0; pin < PINS; pin++)
		if (pin != OWN_PIN)
			expect(register_read(0x10 + 2 * pin) == MASKED, "pin is open:", pin);
	/* an EOI register would end interrupts of others; the rest of the page is nothing */
	for (uint32_t offset = 0x20; offset < PAGE_SIZE; offset += 4) {
		memory_write32(PAGE + offset, TICK_VECTOR);
		(void)memory_read32(PAGE + offset);
	}
	for (uint32_t vector = 0; vector < 0x100; vector++)
		memory_write32(END, vector);
}

/* Raises and drops the own line. */
static void line_pulse(void)
{
	port_write(COM1_MODEM, 0x08);
	port_write(COM1_INTERRUPT, 0x02);
	port_write(COM1_INTERRUPT, 0x00);
	port_write(COM1_MODEM, 0x00);
}

/* Every destination, mode and trigger, with the line going up and down: none may arrive elsewhere. */
void ioapic_entries(void)
{
	uint32_t nmis = nmis_taken();

	for (uint32_t destination = 0; destination < 0x10; destination++) {
		for (uint32_t mode = 0; mode < 8; mode++) {
			uint32_t low = mode << 8 | TICK_VECTOR;

			entry_write(OWN_PIN, destination << 24, low);
			line_pulse();
			entry_write(OWN_PIN, 1u << (24 + destination % 8), low | LOGICAL);
			line_pulse();
			entry_write(OWN_PIN, destination << 24, low | LEVEL);
			line_pulse();
			entry_write(OWN_PIN, UINT32_MAX, low | LOGICAL);
			line_pulse();
		}
	}
	entry_write(OWN_PIN, 0, MASKED);
	interrupts_on();
	__asm__ volatile("nop; nop");
	interrupts_off();
	expect(nmis_taken() == nmis, "NMIs:", nmis_taken() - nmis);
	expect(register_read(0x10 + 2 * OWN_PIN) == MASKED, "pin is open:", OWN_PIN);
}
