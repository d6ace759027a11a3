/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 16550 UART. Register names and bits are those of the PC16550D data sheet, section 8.
 */
#include "cpu/privileged.h"
#include "lib/console.h"
#include "lib/section.h"

#define UART_THR 0 /* write: transmitter holding; with DLAB: divisor low */
#define UART_RBR 0 /* read: receiver buffer */
#define UART_IER 1 /* interrupt enable; with DLAB: divisor high */
#define UART_IIR 2 /* read: interrupt identification */
#define UART_FCR 2 /* write: FIFO control */
#define UART_LCR 3
#define UART_MCR 4
#define UART_LSR 5

#define FCR_ENABLE_AND_CLEAR 0x07
#define IIR_FIFO_WORKS       0xC0
#define LCR_8_BITS_NO_PARITY 0x03
#define LCR_DLAB             0x80
#define MCR_DTR_RTS          0x03
#define LSR_DR               0x01 /* a byte has been received */
#define LSR_THRE             0x20 /* holding register, or FIFO, is empty */
#define LSR_TEMT             0x40 /* the shift register is empty, too */

#define FIFO_DEPTH 16
#define BASE_SPEED 115200

_Static_assert(BASE_SPEED % CONFIG_SERIAL_SPEED == 0, "CONFIG_SERIAL_SPEED must divide 115200");
_Static_assert(CONFIG_SERIAL_PORT + 7 <= 0xFFFF, "CONFIG_SERIAL_PORT needs eight ports");

/*
 * Reads of LSR before the UART is given up. A full FIFO takes 16 * 10 bit times to send; a read takes
 * between 20 ns (emulator) and 1 us (LPC bus), so this is between 20 and 1000 times as long.
 */
#define PATIENCE (UINT32_C(160000000) / CONFIG_SERIAL_SPEED * 1000)

/* Of the core that prints. */
static bool uart_works SHARED_DATA;
static uint32_t uart_depth SHARED_DATA;
static uint32_t uart_room
	SHARED_DATA; /* bytes that the UART certainly takes without being asked again */

static uint8_t uart_read(uint16_t reg)
{
	return io_read8((uint16_t)(CONFIG_SERIAL_PORT + reg));
}

static void uart_write(uint16_t reg, uint8_t value)
{
	io_write8((uint16_t)(CONFIG_SERIAL_PORT + reg), value);
}

void console_init(void)
{
	const uint16_t divisor = BASE_SPEED / CONFIG_SERIAL_SPEED;

	uart_write(UART_IER, 0);
	uart_write(UART_LCR, LCR_DLAB);
	uart_write(UART_THR, divisor & 0xFF);
	uart_write(UART_IER, divisor >> 8);
	uart_write(UART_LCR, LCR_8_BITS_NO_PARITY);
	uart_write(UART_FCR, FCR_ENABLE_AND_CLEAR);
	uart_write(UART_MCR, MCR_DTR_RTS);
	uart_room = 0;
	uart_depth = (uart_read(UART_IIR) & IIR_FIFO_WORKS) == IIR_FIFO_WORKS ? FIFO_DEPTH : 1;
	/* An absent UART reads as all ones; so many line errors at once a present one never has. */
	uart_works = uart_read(UART_LSR) != 0xFF;
}

/* A UART that does not get ready in time is given up for good: no core may ever hang on it. */
static bool uart_wait(uint8_t lsr_bit)
{
	for (uint32_t i = 0; uart_works && i < PATIENCE; i++) {
		if (uart_read(UART_LSR) & lsr_bit)
			return true;
		cpu_pause();
	}
	uart_works = false;
	return false;
}

static void uart_put(uint8_t byte)
{
	if (uart_room == 0) {
		if (!uart_wait(LSR_THRE))
			return;
		uart_room = uart_depth;
	}
	uart_room--;
	uart_write(UART_THR, byte);
}

void console_write(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n')
			uart_put('\r');
		uart_put((uint8_t)text[i]);
	}
}

int console_read(void)
{
	uint8_t status = uart_works ? uart_read(UART_LSR) : 0;

	return (status & LSR_DR) && status != 0xFF ? uart_read(UART_RBR) : -1;
}

void console_flush(void)
{
	uart_wait(LSR_TEMT);
}
