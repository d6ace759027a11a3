/* SPDX-License-Identifier: Apache-2.0 */
/* The serial console against a fake 16550 that checks what a real one would suffer from. */
#include "lib/console.h"

#include "cpu/privileged.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct {
	bool present;
	bool stuck;      /* never sends */
	bool fifo_works; /* false: a 16450 */
	uint8_t ier, lcr, fcr, mcr;
	uint8_t divisor_low, divisor_high;
	unsigned waiting; /* bytes that are not sent yet */
	char sent[1024];
	size_t sent_count;
} uart;
static unsigned reads;

static bool dlab(void)
{
	return uart.lcr & 0x80;
}

static unsigned depth(void)
{
	return uart.fifo_works && (uart.fcr & 1) ? 16 : 1;
}

/* Every other read finds the transmitter empty. */
static uint8_t line_status(void)
{
	if (uart.waiting > 0 && !uart.stuck && reads % 2 == 0)
		uart.waiting = 0;
	return uart.waiting == 0 ? 0x60 : 0x00;
}

uint8_t io_read8(uint16_t port)
{
	reads++;
	if (!uart.present)
		return 0xFF;
	switch (port - CONFIG_SERIAL_PORT) {
	case 2:
		return depth() == 16 ? 0xC1 : 0x01;
	case 5:
		return line_status();
	default:
		fail_msg("read of port 0x%x", port);
		return 0;
	}
}

static void transmit(uint8_t value)
{
	assert_true(uart.waiting < depth()); /* else the byte is lost */
	assert_true(uart.sent_count + 1 < sizeof(uart.sent));
	uart.waiting++;
	uart.sent[uart.sent_count++] = (char)value;
}

void io_write8(uint16_t port, uint8_t value)
{
	if (!uart.present)
		return;
	switch (port - CONFIG_SERIAL_PORT) {
	case 0:
		if (dlab())
			uart.divisor_low = value;
		else
			transmit(value);
		break;
	case 1:
		*(dlab() ? &uart.divisor_high : &uart.ier) = value;
		break;
	case 2:
		uart.fcr = value;
		break;
	case 3:
		uart.lcr = value;
		break;
	case 4:
		uart.mcr = value;
		break;
	default:
		fail_msg("write of port 0x%x", port);
	}
}

void cpu_pause(void)
{
}

static int setup(void **state)
{
	(void)state;
	memset(&uart, 0, sizeof(uart));
	uart.present = true;
	uart.fifo_works = true;
	uart.ier = 0x0F;
	reads = 0;
	return 0;
}

static void write_text(const char *text)
{
	console_write(text, strlen(text));
}

static void init_sets_the_line_up(void **state)
{
	(void)state;
	console_init();
	assert_int_equal(uart.divisor_high << 8 | uart.divisor_low, 115200 / CONFIG_SERIAL_SPEED);
	assert_int_equal(uart.lcr, 0x03); /* 8n1, DLAB off */
	assert_int_equal(uart.ier, 0);    /* polled */
	assert_int_equal(uart.fcr & 1, 1);
	assert_int_equal(uart.mcr & 0x03, 0x03);
}

static void text_is_sent_with_carriage_returns(void **state)
{
	(void)state;
	console_init();
	write_text("ab\ncd\n");
	assert_string_equal(uart.sent, "ab\r\ncd\r\n");
}

static void long_text_is_sent_whole(void **state)
{
	char text[500];

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		text[i] = (char)('a' + i % 26);
	console_init();
	console_write(text, 500);
	assert_int_equal(uart.sent_count, 500);
	assert_memory_equal(uart.sent, text, 500);
	assert_true(reads < 100); /* the status is read once per 16 bytes */
}

static void uart_without_fifo_gets_byte_by_byte(void **state)
{
	(void)state;
	uart.fifo_works = false;
	console_init();
	write_text("byte by byte");
	assert_string_equal(uart.sent, "byte by byte");
}

static void missing_uart_costs_nothing(void **state)
{
	(void)state;
	uart.present = false;
	console_init();
	reads = 0;
	write_text("into the void");
	console_flush();
	assert_int_equal(reads, 0);
}

static void stuck_uart_is_given_up(void **state)
{
	(void)state;
	console_init();
	uart.stuck = true;
	write_text("twenty characters...");
	assert_true(reads > 1000); /* it has been waited for, */
	reads = 0;
	write_text("more"); /* but never again */
	console_flush();
	assert_int_equal(reads, 0);
}

static void flush_waits_until_all_is_sent(void **state)
{
	(void)state;
	console_init();
	write_text("x");
	console_flush();
	assert_int_equal(uart.waiting, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(init_sets_the_line_up, setup),
		cmocka_unit_test_setup(text_is_sent_with_carriage_returns, setup),
		cmocka_unit_test_setup(long_text_is_sent_whole, setup),
		cmocka_unit_test_setup(uart_without_fifo_gets_byte_by_byte, setup),
		cmocka_unit_test_setup(missing_uart_costs_nothing, setup),
		cmocka_unit_test_setup(stuck_uart_is_given_up, setup),
		cmocka_unit_test_setup(flush_waits_until_all_is_sent, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
