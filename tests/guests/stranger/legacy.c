/* SPDX-License-Identifier: Apache-2.0 */
/* The old interrupt controllers with the old timer: acknowledging, triggers, and counts that change on the way. */
#include "stranger.h"

#define MASTER     0x20
#define SLAVE      0xA0
#define ELCR       0x4D0
#define VECTOR     0x30u
#define ICW4       0x01
#define AUTO_EOI   0x02
#define EOI        0x20
#define READ_ISR   0x0B
#define READ_IRR   0x0A
#define EXTINT     0x700u
#define MASKED     0x10000u
#define PERIOD     2000u /* 1.7 ms */
#define RATE       0x34
#define SQUARE     0x36
#define ONCE       0x30
#define LATCH      0x00
#define TAKE_TURNS 4000u
#define UART_INPUT 4

#define UART_INTERRUPT 0x3F9
#define UART_IDENTITY  0x3FA
#define UART_MODEM     0x3FC
#define UART_STATUS    0x3FD

static volatile uint32_t taken, in_service;
static bool acknowledges;

static void initialise(uint8_t icw4)
{
	port_write(MASTER, 0x11);
	port_write(SLAVE, 0x11);
	port_write(MASTER + 1, VECTOR);
	port_write(SLAVE + 1, VECTOR + 8);
	port_write(MASTER + 1, 4);
	port_write(SLAVE + 1, 2);
	port_write(MASTER + 1, icw4);
	port_write(SLAVE + 1, ICW4);
	port_write(MASTER + 1, 0xFE);
	port_write(SLAVE + 1, 0xFF);
}

static void on_timer(struct frame *frame)
{
	(void)frame;
	taken++;
	port_write(MASTER, READ_ISR);
	in_service = port_read(MASTER);
	if (acknowledges)
		port_write(MASTER, EOI);
}

static void start_counter(uint8_t mode, uint32_t count)
{
	port_write(0x43, mode);
	port_write(0x40, (uint8_t)count);
	port_write(0x40, (uint8_t)(count >> 8));
}

static uint32_t count_now(void)
{
	uint32_t low;

	port_write(0x43, LATCH);
	low = port_read(0x40);
	return low | (uint32_t)port_read(0x40) << 8;
}

/* Some periods long: none, one, or as many as there are. */
static uint32_t take(uint8_t icw4, bool acknowledge)
{
	initialise(icw4);
	acknowledges = acknowledge;
	taken = in_service = 0;
	start_counter(RATE, PERIOD);
	interrupts_on();
	for (unsigned i = 0; i < 100 && taken < 8; i++)
		spin(TAKE_TURNS);
	interrupts_off();
	port_write(MASTER + 1, 0xFF);
	port_write(MASTER, EOI);
	return taken;
}

static void controller(void)
{
	handler_set(VECTOR, on_timer);
	*apic(APIC_LINT0) = EXTINT;
	verdict("acknowledged", take(ICW4, true) == 8, taken);
	observe("in-service", in_service);
	verdict("not-acknowledged", take(ICW4, false) == 1, taken);
	verdict("automatic", take(ICW4 | AUTO_EOI, false) == 8, taken);
	observe("automatic-in-service", in_service);
	*apic(APIC_LINT0) = MASKED | EXTINT;
	verdict("lint0-masked", take(ICW4, true) == 0, taken);
	*apic(APIC_LINT0) = EXTINT;
	port_write(MASTER, READ_IRR);
	observe("requested-while-masked", port_read(MASTER) & 1);
	*apic(APIC_LINT0) = MASKED;
}

/* A real device's line: COM1's, whose transmitter raises it whenever it is empty and asked to. */
static void on_line(struct frame *frame)
{
	(void)frame;
	taken++;
	(void)port_read(UART_IDENTITY);
	if (acknowledges)
		port_write(MASTER, EOI);
}

static void line(const char *name, uint8_t icw4, uint8_t level)
{
	uint8_t old = port_read(ELCR);

	initialise(icw4);
	port_write(ELCR, level);
	port_write(MASTER + 1, (uint8_t) ~(1u << UART_INPUT));
	acknowledges = !(icw4 & AUTO_EOI);
	taken = 0;
	while (!(port_read(UART_STATUS) & 0x40))
		;
	port_write(UART_MODEM, 0x0B);
	port_write(UART_INTERRUPT, 2);
	interrupts_on();
	spin(TAKE_TURNS);
	interrupts_off();
	port_write(UART_INTERRUPT, 0);
	port_write(UART_MODEM, 0x03);
	port_write(MASTER + 1, 0xFF);
	port_write(ELCR, old);
	observe(name, taken);
}

static void lines(void)
{
	handler_set(VECTOR + UART_INPUT, on_line);
	*apic(APIC_LINT0) = EXTINT;
	line("line-edge", ICW4, 0);
	line("line-level", ICW4, 1u << UART_INPUT);
	line("line-automatic", ICW4 | AUTO_EOI, 0);
	*apic(APIC_LINT0) = MASKED;
}

/* Triggers: what can be chosen. */
static void triggers(void)
{
	uint8_t low = port_read(ELCR), high = port_read(ELCR + 1);

	port_write(ELCR, 0xFF);
	port_write(ELCR + 1, 0xFF);
	observe("elcr-ones", (uint64_t)port_read(ELCR) << 8 | port_read(ELCR + 1));
	port_write(ELCR, 0);
	port_write(ELCR + 1, 0);
	observe("elcr-zeros", (uint64_t)port_read(ELCR) << 8 | port_read(ELCR + 1));
	port_write(ELCR, low);
	port_write(ELCR + 1, high);
}

/* A new count for one that repeats, without setting its mode again. */
static void new_count(const char *name, uint8_t mode)
{
	start_counter(mode, 50000);
	spin(10);
	port_write(0x40, 0xE8);
	port_write(0x40, 0x03); /* 1000 */
	observe(name, count_now() <= 1000);
}

static void counts(void)
{
	uint32_t first, second;

	new_count("rate-new-count", RATE);
	new_count("square-new-count", SQUARE);
	start_counter(ONCE, 50000);
	spin(10);
	start_counter(ONCE, 1000);
	first = count_now();
	verdict("once-at-once", first <= 1000, first);
	start_counter(RATE, 0);
	spin(10);
	first = count_now();
	spin(10);
	second = count_now();
	verdict("counts-down", second < first, (uint64_t)first << 32 | second);
	port_write(0x43, 0xE2); /* status of counter 0 */
	observe("status", port_read(0x40) & 0x3F);
}

void test_legacy(void)
{
	group("legacy");
	controller();
	lines();
	triggers();
	counts();
	initialise(ICW4);
	port_write(MASTER + 1, 0xFF);
}
