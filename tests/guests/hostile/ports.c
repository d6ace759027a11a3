/* SPDX-License-Identifier: Apache-2.0 */
/* Ports: all of them but COM1's belong to others, or to nobody. */
#include "survey.h"

#define PORTS          0x10000u
#define OWN_FIRST      0x3F8u
#define OWN_LAST       0x3FFu
#define PCI_ADDRESS    0xCF8u
#define PCI_DATA       0xCFCu
#define VICTIM_CONSOLE 0x2F8u
#define LOG_CONSOLE    0x3E8u
#define STRING_BYTES   0x800u

static uint16_t port_read16(uint16_t port)
{
	uint16_t value;
	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static uint32_t port_read32(uint16_t port)
{
	uint32_t value;
	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static void port_write16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static void port_write32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static bool is_own(uint32_t port, uint32_t size)
{
	return port + size > OWN_FIRST && port <= OWN_LAST;
}

/* ACPI's sleep and reset registers and the VM's own watchdog, which read as 0. */
static bool is_virtual(uint32_t port)
{
	return port >= PLATFORM_ACPI_SLEEP_CONTROL_PORT && port <= PLATFORM_WATCHDOG_PORT;
}

/* Wider accesses are made to all ports that mean something on some machine, and to a few others. */
static bool is_tried_wide(uint32_t port)
{
	return port < 0x1100 || port % 61 == 0;
}

/* Nothing may answer: all ones in every width. CONFIG_ADDRESS answers, with what was written last. */
void ports_read(void)
{
	port_write32(PCI_ADDRESS, 0);
	for (uint32_t port = 0; port < PORTS; port++) {
		uint8_t expected = is_virtual(port) ? 0 : 0xFF;

		if (!is_own(port, 1))
			expect(port_read((uint16_t)port) == expected, "a byte answers at", port);
		if (!is_tried_wide(port))
			continue;
		if (!is_own(port, 2))
			expect(port_read16((uint16_t)port) == UINT16_MAX, "a word answers at",
			       port);
		if (!is_own(port, 4) && port != PCI_ADDRESS)
			expect(port_read32((uint16_t)port) == UINT32_MAX, "four bytes answer at",
			       port);
	}
}

/* Nothing may happen. Bytes that consoles would show, and no value that ends the VM. */
void ports_write(void)
{
	for (uint32_t port = 0; port < PORTS; port++) {
		if (!is_own(port, 1))
			port_write((uint16_t)port, 'X');
		if (!is_tried_wide(port))
			continue;
		if (!is_own(port, 2))
			port_write16((uint16_t)port, 0x5858);
		if (!is_own(port, 4))
			port_write32((uint16_t)port, 0x58585858);
	}
}

struct command {
	uint16_t port;
	uint8_t size;
	uint32_t value;
};

/* Each of these would do harm if it arrived. */
static const struct command commands[] = {
	{0x64, 1, 0xFE},     /* keyboard controller: reset */
	{0x92, 1, 0x01},     /* fast reset, A20 off */
	{0xCF9, 1, 0x0E},    /* reset control: full reset */
	{0xCF9, 1, 0x06},    /* hard reset */
	{0xB2, 1, 0x00},     /* SMI */
	{0xB004, 2, 0x2000}, /* ACPI power management of the board: off */
	{0x604, 2, 0x2000},  /* that of another emulator */
	{0x20, 1, 0x11},     /* interrupt controllers: initialise, and open all inputs */
	{0x21, 1, 0x00},     /* */
	{0xA1, 1, 0x00},     /* */
	{0x43, 1, 0x36},     /* timer chip: mode 3, shortest period */
	{0x40, 1, 0x02},     /* */
	{0x40, 1, 0x00},     /* */
	{0x61, 1, 0x03},     /* timer chip: gate */
	{0x70, 1, 0x8B},     /* real-time clock: NMI off, register B */
	{0x71, 1, 0x70},     /* its interrupts on */
	{0x3F6, 1, 0x04},    /* disk: reset */
	{0x1F7, 1, 0xE7},    /* disk: flush */
	{0x2FB, 1, 0x80},    /* the neighbour's UART: divisor */
	{0x2F8, 1, 0x60},    /* */
	{0x2FC, 1, 0x10},    /* loopback */
	{0x3EB, 1, 0x80},    /* the hypervisor's UART */
	{0x3E8, 1, 0x60},    /* */
	{0x3EC, 1, 0x10},    /* */
	{0x4D0, 1, 0xFF},    /* level-triggered interrupts */
	{0x00, 1, 0xFF},     /* DMA controller: address */
	{0x0B, 1, 0x44},     /* write mode */
	{0x0A, 1, 0x00},     /* on */
};

/* The emulator ends when it gets this. */
static const char shutdown[] = "Shutdown";

void ports_dangerous(void)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].size == 1)
			port_write(commands[i].port, (uint8_t)commands[i].value);
		else
			port_write16(commands[i].port, (uint16_t)commands[i].value);
	}
	for (size_t i = 0; i < sizeof(shutdown) - 1; i++)
		port_write(0x8900, (uint8_t)shutdown[i]);
	port_write16(PLATFORM_ACPI_RESET_PORT, PLATFORM_ACPI_RESET_VALUE);
	port_write(PLATFORM_ACPI_SLEEP_STATUS_PORT, 0xFF);
}

/* Accesses that begin or end in what the VM owns, and the one that wraps. */
void ports_edges(void)
{
	expect(port_read16(OWN_FIRST - 1) == UINT16_MAX, "a word before COM1 reads", 0);
	expect(port_read32(OWN_FIRST - 3) == UINT32_MAX, "four bytes before COM1 read", 0);
	expect(port_read16(OWN_LAST) == UINT16_MAX, "a word at its end reads", 0);
	expect(port_read32(OWN_LAST - 1) == UINT32_MAX, "four bytes at its end read", 0);
	expect(port_read16(0xFFFF) == UINT16_MAX, "a word at the last port reads", 0);
	expect(port_read32(0xFFFE) == UINT32_MAX, "four bytes at the last ports read", 0);
	expect(port_read16(PLATFORM_ACPI_RESET_PORT) == UINT16_MAX, "a word at reset reads", 0);
	port_write16(OWN_FIRST - 1, 0x5858);
	port_write32(OWN_LAST - 1, 0x58585858);
	port_write32(0xFFFD, UINT32_MAX);
}

static uint32_t pci_read(uint32_t address)
{
	port_write32(PCI_ADDRESS, 0x80000000u | address);
	return port_read32(PCI_DATA);
}

/* Writes to command and BARs of everything; only the virtual host bridge is there. */
void ports_pci(void)
{
	/* all of bus 0, and some of all others */
	for (uint32_t function = 0; function < 0x10000; function += function < 0x100 ? 1 : 0x101) {
		uint32_t address = function << 8;

		port_write32(PCI_ADDRESS, 0x80000000u | address | 0x04);
		port_write32(PCI_DATA, 0x7);
		port_write32(PCI_ADDRESS, 0x80000000u | address | 0x10);
		port_write32(PCI_DATA, UINT32_MAX);
		if (function != 0)
			expect(pci_read(address) == UINT32_MAX, "a function answers:", function);
	}
	expect(pci_read(0) == 0x00081B36, "host bridge:", pci_read(0));
	expect(pci_read(0x10) == 0, "its BAR:", pci_read(0x10));
}

/* REP INS fills with ones whatever the width is; RCX and RDI end where they should. */
static void check_ins(const struct instruction *row, uint32_t count, int32_t step)
{
	struct registers registers = {
		.rcx = count, .rdx = 0x1F0, .rdi = (uint64_t)scratch + (step < 0 ? 0xFFC : 0)};
	uint32_t vector;

	for (size_t i = 0; i < PAGE_SIZE; i++)
		scratch[i] = 0;
	vector = run_bytes(row->bytes, row->count, &registers, false);
	expect(vector == VECTOR_NONE, "INS answered by vector", vector);
	expect(registers.rcx == 0, "RCX after REP INS:", registers.rcx);
	expect(registers.rdi == (uint64_t)scratch + (step < 0 ? 0xFFC : 0) +
					(uint64_t)((int64_t)step * (int64_t)count),
	       "RDI after REP INS:", registers.rdi - (uint64_t)scratch);
	if (step > 0 && count > 0) {
		size_t end = (size_t)count * (size_t)step;

		expect(scratch[end - 1] == 0xFF, "last byte:", scratch[end - 1]);
		expect(scratch[end] == 0, "byte behind it:", scratch[end]);
	}
}

static void check_outs(void)
{
	static const uint16_t foreign[] = {VICTIM_CONSOLE, LOG_CONSOLE, 0x8900, 0xCF9, 0x64};

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		struct registers registers = {
			.rcx = STRING_BYTES, .rdx = foreign[i], .rsi = (uint64_t)scratch};
		uint32_t vector;

		for (size_t j = 0; j < PAGE_SIZE; j++)
			scratch[j] = (uint8_t)shutdown[j % (sizeof(shutdown) - 1)];
		vector = run_bytes("\xF3\x6E", 2, &registers, false);
		expect(vector == VECTOR_NONE, "OUTS answered by vector", vector);
		expect(registers.rcx == 0, "RCX after REP OUTS:", registers.rcx);
		expect(registers.rsi == (uint64_t)scratch + STRING_BYTES,
		       "RSI after REP OUTS:", registers.rsi - (uint64_t)scratch);
	}
}

void ports_string(void)
{
	static const struct instruction rep_insb = {.name = "rep insb", BYTES("\xF3\x6C")};
	static const struct instruction rep_insw = {.name = "rep insw", BYTES("\x66\xF3\x6D")};
	static const struct instruction rep_insl = {.name = "rep insl", BYTES("\xF3\x6D")};
	static const struct instruction insb = {.name = "insb", BYTES("\x6C")};
	static const struct instruction down = {.name = "std", BYTES("\xFD\xF3\x6D\xFC")};
	struct registers registers = {.rcx = 7, .rdx = 0x1F0, .rdi = (uint64_t)scratch};

	check_ins(&rep_insb, STRING_BYTES, 1);
	check_ins(&rep_insw, STRING_BYTES / 2, 2);
	check_ins(&rep_insl, STRING_BYTES / 4, 4);
	check_ins(&rep_insl, 0, 4);
	check_ins(&down, STRING_BYTES / 4, -4);
	expect(run_bytes(insb.bytes, insb.count, &registers, false) == VECTOR_NONE, "INSB", 0);
	expect(registers.rcx == 7 && registers.rdi == (uint64_t)scratch + 1,
	       "RCX after INSB:", registers.rcx);
	check_outs();
}
