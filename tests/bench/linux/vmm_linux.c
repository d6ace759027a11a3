/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux in a VM of KVM, entered as Bulkhead enters it: the 32-bit boot protocol. No firmware, one vCPU, KVM's
 * interrupt controllers and timer, a UART with its transmitter's interrupt, an RTC that stands still.
 */
#include "bench.h"
#include "vmm.h"

#include <asm/bootparam.h>
#include <linux/serial_reg.h>
#include <string.h>

#define MEMORY_SIZE  (256u << 20)
#define ZERO_PAGE    0x10000u
#define COMMAND_LINE 0x20000u
#define LOW_END      0x9F000u
#define KERNEL       0x100000u
#define INITRD       (128u << 20)
#define SECTOR       512u
#define SECTORS_OLD  4u /* if setup_sects is 0 */
#define E820_RAM     1
#define LOADER_OTHER 0xFF

#define UART        0x3F8u
#define UART_PORTS  8
#define UART_IRQ    4
#define RTC_DATA    0x71
#define FIFO_ON     0xC0
#define MODEM_LINES (UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS)

static const char *kernel_path, *initrd_path, *options;

static struct {
	uint8_t ier, lcr, mcr, scratch, divisor[2];
	bool fifo;
	bool empty_pending; /* the transmitter has become empty, and nobody has read that */
} uart;

static void describe_memory(struct boot_params *parameters, uint32_t memory_size)
{
	parameters->e820_entries = 2;
	parameters->e820_table[0] = (struct boot_e820_entry){0, LOW_END, E820_RAM};
	parameters->e820_table[1] =
		(struct boot_e820_entry){KERNEL, memory_size - KERNEL, E820_RAM};
}

/* The file's setup code is left out, and the rest, as it is, lies at 1 MiB. */
static struct vmm_entry load(uint8_t *memory, uint32_t memory_size)
{
	struct boot_params *parameters = (void *)(memory + ZERO_PAGE);
	uint32_t size = vmm_read_file(kernel_path, memory + KERNEL, INITRD - KERNEL);
	const struct setup_header *header = (const void *)(memory + KERNEL + 0x1F1);
	uint32_t setup = (1 + (header->setup_sects ? header->setup_sects : SECTORS_OLD)) * SECTOR;

	parameters->hdr = *header;
	memmove(memory + KERNEL, memory + KERNEL + setup, size - setup);
	parameters->hdr.type_of_loader = LOADER_OTHER;
	parameters->hdr.cmd_line_ptr = COMMAND_LINE;
	parameters->hdr.ramdisk_image = INITRD;
	parameters->hdr.ramdisk_size =
		vmm_read_file(initrd_path, memory + INITRD, memory_size - INITRD);
	strcpy((char *)memory + COMMAND_LINE, options);
	describe_memory(parameters, memory_size);
	return (struct vmm_entry){.rip = KERNEL, .rsi = ZERO_PAGE};
}

static void uart_set_line(void)
{
	vmm_irq(UART_IRQ, uart.empty_pending && uart.ier & UART_IER_THRI);
}

static uint8_t uart_identification(void)
{
	bool empty = uart.empty_pending && uart.ier & UART_IER_THRI;

	if (empty)
		uart.empty_pending = false;
	uart_set_line();
	return (uint8_t)((empty ? UART_IIR_THRI : UART_IIR_NO_INT) | (uart.fifo ? FIFO_ON : 0));
}

/* In loopback the inputs are the outputs: CTS is RTS, DSR is DTR, RI is OUT1, DCD is OUT2. */
static uint8_t uart_modem_status(void)
{
	unsigned out = uart.mcr;

	if (!(out & UART_MCR_LOOP))
		return MODEM_LINES;
	return (uint8_t)((out & UART_MCR_RTS) << 3 | (out & UART_MCR_DTR) << 5 |
			 (out & (UART_MCR_OUT1 | UART_MCR_OUT2)) << 4);
}

static uint8_t uart_read(unsigned number)
{
	if (number <= UART_DLM && uart.lcr & UART_LCR_DLAB)
		return uart.divisor[number];
	switch (number) {
	case UART_IER:
		return uart.ier;
	case UART_IIR:
		return uart_identification();
	case UART_LCR:
		return uart.lcr;
	case UART_MCR:
		return uart.mcr;
	case UART_LSR:
		return UART_LSR_TEMT | UART_LSR_THRE;
	case UART_MSR:
		return uart_modem_status();
	case UART_SCR:
		return uart.scratch;
	default:
		return 0;
	}
}

static void uart_enable(uint8_t value)
{
	if (value & ~uart.ier & UART_IER_THRI)
		uart.empty_pending = true;
	uart.ier = value & 0xF;
	uart_set_line();
}

static void uart_send(uint8_t value)
{
	if (!(uart.mcr & UART_MCR_LOOP))
		vmm_console_put((char)value, "work: end");
	uart.empty_pending = true;
	uart_set_line();
}

static void uart_write(unsigned number, uint8_t value)
{
	if (number <= UART_DLM && uart.lcr & UART_LCR_DLAB)
		uart.divisor[number] = value;
	else if (number == UART_TX)
		uart_send(value);
	else if (number == UART_IER)
		uart_enable(value);
	else if (number == UART_FCR)
		uart.fifo = value & UART_FCR_ENABLE_FIFO;
	else if (number == UART_LCR)
		uart.lcr = value;
	else if (number == UART_MCR)
		uart.mcr = value;
	else if (number == UART_SCR)
		uart.scratch = value;
}

static void port_read(uint16_t port, uint8_t *data, unsigned size)
{
	if (size == 1 && port - UART < UART_PORTS)
		*data = uart_read(port - UART);
	else if (port == RTC_DATA)
		*data = 0; /* no update in progress, or Linux waits for its end */
}

static void port_write(uint16_t port, const uint8_t *data, unsigned size)
{
	if (size == 1 && port - UART < UART_PORTS)
		uart_write(port - UART, *data);
}

void vmm_run_linux(const char *kernel, const char *initrd, const char *command_line)
{
	static const struct vmm_guest guest = {
		.memory_size = MEMORY_SIZE,
		.vcpu_count = 1,
		.timer = true,
		.load = load,
		.port_read = port_read,
		.port_write = port_write,
	};

	kernel_path = kernel;
	initrd_path = initrd;
	options = command_line;
	vmm_run(&guest);
}
