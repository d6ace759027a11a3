/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Console on a 16550 UART at UART_PORT (given by guests.mk), 115200 8N1, polled. A character takes
 * 87 us on the line: interrupts stay on while we wait, so that no tick is missed.
 */
#include "guest.h"

#define UART_DATA         (UART_PORT + 0)
#define UART_INTERRUPT    (UART_PORT + 1)
#define UART_FIFO_CONTROL (UART_PORT + 2)
#define UART_LINE_CONTROL (UART_PORT + 3)
#define UART_LINE_STATUS  (UART_PORT + 5)

#define LINE_CONTROL_DIVISOR 0x80
#define LINE_CONTROL_8N1     0x03
#define LINE_STATUS_EMPTY    0x20

/* Longer than any character takes; a UART that is not there must not hang the guest. */
#define POLLS_MAX 1000000

void console_open(void)
{
	port_write(UART_INTERRUPT, 0);
	port_write(UART_LINE_CONTROL, LINE_CONTROL_DIVISOR | LINE_CONTROL_8N1);
	port_write(UART_DATA, 1); /* divisor 1: 115200 baud */
	port_write(UART_INTERRUPT, 0);
	port_write(UART_LINE_CONTROL, LINE_CONTROL_8N1);
	port_write(UART_FIFO_CONTROL, 0x07); /* on, both cleared */
}

void console_character(char character)
{
	for (unsigned polls = 0; polls < POLLS_MAX; polls++) {
		if (port_read(UART_LINE_STATUS) & LINE_STATUS_EMPTY)
			break;
	}
	port_write(UART_DATA, (uint8_t)character);
}
