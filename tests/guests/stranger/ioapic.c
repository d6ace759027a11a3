/* SPDX-License-Identifier: Apache-2.0 */
/* The IOAPIC, with the line of COM1, which its transmitter raises whenever it is empty and asked to. */
#include "stranger.h"

#define PIN           4u
#define VECTOR        0x66u
#define INDEX_ID      0u
#define INDEX_VERSION 1u
#define INDEX_ARB     2u
#define INDEX_ENTRY   (0x10u + 2 * PIN)
#define LEVEL         0x8000u
#define REMOTE_IRR    0x4000u
#define LOGICAL       0x0800u
#define LOWEST        0x0100u
#define MASKED        0x10000u
#define APIC_TMR      (0x180u + VECTOR / 32 * 16)

#define UART_INTERRUPT 0x3F9
#define UART_IDENTITY  0x3FA
#define UART_MODEM     0x3FC
#define UART_STATUS    0x3FD

static volatile uint32_t taken, remote, trigger, stubborn, taker;

static uint32_t ioapic_read(uint32_t index)
{
	*(volatile uint32_t *)fixed(0xFEC00000) = index;
	return *(volatile uint32_t *)fixed(0xFEC00010);
}

static void ioapic_write(uint32_t index, uint32_t value)
{
	*(volatile uint32_t *)fixed(0xFEC00000) = index;
	*(volatile uint32_t *)fixed(0xFEC00010) = value;
}

static void entry_write(uint32_t destination, uint32_t low)
{
	ioapic_write(INDEX_ENTRY, low | MASKED);
	ioapic_write(INDEX_ENTRY + 1, destination << 24);
	ioapic_write(INDEX_ENTRY, low);
}

/* Serves the line unless it is to be stubborn for so many times. */
static void on_line(struct frame *frame)
{
	(void)frame;
	taken++;
	taker = *apic(APIC_ID) >> 24;
	remote = ioapic_read(INDEX_ENTRY) & REMOTE_IRR;
	trigger = *apic(APIC_TMR) >> VECTOR % 32 & 1;
	if (stubborn > 0)
		stubborn--;
	else
		(void)port_read(UART_IDENTITY);
	*apic(APIC_EOI) = 0;
}

/* At once, so not before everything is sent that was printed. */
static void raise_line(void)
{
	while (!(port_read(UART_STATUS) & 0x40))
		;
	port_write(UART_INTERRUPT, 2);
}

static void lower_line(void)
{
	port_write(UART_INTERRUPT, 0);
	(void)port_read(UART_IDENTITY);
}

/* An entry, the line up, some time, the line down: how often, and what the handler saw. */
static void try_entry(const char *name, uint32_t destination, uint32_t low, uint32_t deaf)
{
	taken = remote = trigger = 0;
	stubborn = deaf;
	entry_write(destination, low | VECTOR);
	interrupts_on();
	raise_line();
	spin(5000);
	interrupts_off();
	lower_line();
	entry_write(destination, MASKED | VECTOR);
	spin(5000);
	observe(name, taken | (remote ? 0x100 : 0) | trigger << 12 | (taken ? taker << 16 : 0));
}

static void registers(void)
{
	uint32_t id = ioapic_read(INDEX_ID), version = ioapic_read(INDEX_VERSION);

	observe("version", version & 0xFF);
	ioapic_write(INDEX_VERSION, ~version);
	verdict("version-stays", ioapic_read(INDEX_VERSION) == version, version);
	ioapic_write(INDEX_ID, ~id);
	observe("id-bits", ioapic_read(INDEX_ID) ^ id);
	verdict("arbitration-follows", (ioapic_read(INDEX_ARB) & 0x0F000000) == (~id & 0x0F000000),
		ioapic_read(INDEX_ARB));
	ioapic_write(INDEX_ID, id);
	entry_write(0x03, MASKED | LEVEL | LOGICAL | 0x2000 | VECTOR);
	observe("entry", ioapic_read(INDEX_ENTRY));
	observe("entry-high", ioapic_read(INDEX_ENTRY + 1));
	ioapic_write(0x10, MASKED | 0xA9B7);
	ioapic_write(0x11, 0x5A000000);
	observe("another-entry", ioapic_read(0x10));
	observe("another-entry-high", ioapic_read(0x11));
	ioapic_write(0x10, MASKED);
	observe("byte", *(volatile uint8_t *)fixed(0xFEC00000));
}

/* A line that comes up while it is masked. */
static void masked(const char *name, uint32_t trigger_mode)
{
	taken = 0;
	entry_write(*apic(APIC_ID) >> 24, MASKED | trigger_mode | VECTOR);
	raise_line();
	spin(1000);
	interrupts_on();
	ioapic_write(INDEX_ENTRY, trigger_mode | VECTOR);
	spin(5000);
	interrupts_off();
	lower_line();
	entry_write(0, MASKED | VECTOR);
	observe(name, taken);
}

void test_ioapic(uint32_t other)
{
	uint32_t self = *apic(APIC_ID) >> 24;

	group("ioapic");
	handler_set(VECTOR, on_line);
	port_write(UART_MODEM, 0x0B);
	registers();
	try_entry("edge", self, 0, 0);
	try_entry("edge-not-served", self, 0, 3);
	try_entry("level", self, LEVEL, 0);
	try_entry("level-not-served", self, LEVEL, 3);
	try_entry("other-core", other, 0, 0);
	try_entry("other-core-level", other, LEVEL, 2);
	try_entry("logical", 0x02, LOGICAL, 0);
	try_entry("lowest", 0x02, LOGICAL | LOWEST, 0);
	masked("masked-edge", 0);
	masked("masked-level", LEVEL);
	*apic(APIC_TPR) = 0x70;
	try_entry("held-back", self, 0, 0);
	interrupts_on();
	*apic(APIC_TPR) = 0;
	spin(1000);
	interrupts_off();
	observe("let-in", taken);
	try_entry("nobody", 0x70, 0, 0);
	port_write(UART_MODEM, 0x03);
}
