/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Console on a 16550 UART at uart_port (comN.c), 115200 8N1, polled. A character takes 87 us on the
 * line: interrupts stay on while we wait, so that no tick is missed.
 */
#include "guest.h"

/* Registers, from uart_port on. */
enum uart_register {
	UART_DATA = 0,      /* divisor, low byte, while LINE_CONTROL_DIVISOR is set */
	UART_INTERRUPT = 1, /* divisor, high byte */
	UART_FIFO_CONTROL = 2,
	UART_LINE_CONTROL = 3,
	UART_LINE_STATUS = 5,
};

#define LINE_CONTROL_DIVISOR 0x80
#define LINE_CONTROL_8N1     0x03
#define LINE_STATUS_EMPTY    0x20

/* Longer than any character takes; a UART that is not there must not hang the guest. */
#define POLLS_MAX 1000000

static uint8_t uart_read(enum uart_register reg)
{
	return port_read((uint16_t)(uart_port + reg));
}

static void uart_write(enum uart_register reg, uint8_t value)
{
	port_write((uint16_t)(uart_port + reg), value);
}

void console_open(void)
{
	uart_write(UART_INTERRUPT, 0);
	uart_write(UART_LINE_CONTROL, LINE_CONTROL_DIVISOR | LINE_CONTROL_8N1);
	uart_write(UART_DATA, 1); /* divisor 1: 115200 baud */
	uart_write(UART_INTERRUPT, 0);
	uart_write(UART_LINE_CONTROL, LINE_CONTROL_8N1);
	uart_write(UART_FIFO_CONTROL, 0x07); /* on, both cleared */
}

void console_character(char character)
{
	for (unsigned polls = 0; polls < POLLS_MAX; polls++) {
		if (uart_read(UART_LINE_STATUS) & LINE_STATUS_EMPTY)
			break;
	}
	uart_write(UART_DATA, (uint8_t)character);
}
