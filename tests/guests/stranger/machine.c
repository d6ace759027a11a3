/* SPDX-License-Identifier: Apache-2.0 */
/* Looks what there is: boot information, memory, devices of a PC, by the ways that programs use. */
#include "stranger.h"

#define MULTIBOOT_MAGIC 0x2BADB002u
#define POLLS           100000u

struct information {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4];
	uint32_t mmap_length, mmap_addr;
};

static uint32_t port_read32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void port_write16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %w1" : : "a"(value), "Nd"(port));
}

static void port_write32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port));
}

static bool map_has_ram_at(const struct information *information, uint64_t address)
{
	for (uint32_t done = 0; done < information->mmap_length;) {
		const volatile uint32_t *entry = fixed(information->mmap_addr + done);
		uint64_t base = entry[1] | (uint64_t)entry[2] << 32;
		uint64_t size = entry[3] | (uint64_t)entry[4] << 32;

		if (entry[5] == 1 && address - base < size)
			return true;
		done += entry[0] + 4;
	}
	return false;
}

/* The header asks for nothing, and every boot loader tells all the same. */
static void boot_information(void)
{
	const struct information *information =
		(const struct information *)(uintptr_t)multiboot_info;
	const char *text = (const char *)(uintptr_t)information->cmdline;

	group("multiboot");
	observe("magic", multiboot_magic);
	verdict("memory", (information->flags & 1) && information->mem_upper >= 8192,
		information->mem_upper);
	verdict("map", (information->flags & 0x40) && map_has_ram_at(information, 0x100000),
		information->flags);
	verdict("map-has-this-program", map_has_ram_at(information, (uint64_t)&multiboot_magic), 0);
	verdict("command-line", (information->flags & 4) && text[0], information->flags);
	verdict("module", (information->flags & 8) && information->mods_count == 1,
		information->mods_count);
}

static void local_apic(void)
{
	struct cpuid features = cpuid(1);

	group("apic");
	verdict("offered", features.edx & 1u << 9, features.edx);
	verdict("version",
		(*apic(APIC_VERSION) & 0xFF) >= 0x10 && (*apic(APIC_VERSION) & 0xFF) <= 0x15,
		*apic(APIC_VERSION));
	verdict("id", *apic(APIC_ID) >> 24 == features.ebx >> 24, *apic(APIC_ID));
	verdict("base", (msr_read(MSR_APIC_BASE) & 0xFFFFFD00) == 0xFEE00900,
		msr_read(MSR_APIC_BASE));
}

/* Both controllers: masks can be read back, initialisation is taken, nothing is requested. */
static void interrupt_controllers(void)
{
	group("pic");
	port_write(0x20, 0x11);
	port_write(0xA0, 0x11);
	port_write(0x21, 0x20);
	port_write(0xA1, 0x28);
	port_write(0x21, 0x04);
	port_write(0xA1, 0x02);
	port_write(0x21, 0x01);
	port_write(0xA1, 0x01);
	port_write(0x21, 0xFB);
	port_write(0xA1, 0xFF);
	observe("masks", (uint64_t)port_read(0x21) << 8 | port_read(0xA1));
	port_write(0x21, 0xFF);
	observe("all-masked", (uint64_t)port_read(0x21) << 8 | port_read(0xA1));
}

/* Counter 2 with its gate open: the way to measure the TSC's frequency that everybody knows. */
static void timer(void)
{
	unsigned polls = 0;
	uint64_t begin, ticks;

	group("pit");
	port_write(0x61, (uint8_t)((port_read(0x61) & 0xFC) | 1));
	port_write(0x43, 0xB0); /* counter 2, both bytes, mode 0 */
	port_write(0x42, 0x9C);
	begin = tsc_read();
	port_write(0x42, 0x2E); /* 10 ms */
	while (!(port_read(0x61) & 0x20) && polls < POLLS)
		polls++;
	ticks = tsc_read() - begin;
	verdict("counter-2-ends", polls > 0 && polls < POLLS, polls);
	verdict("ten-milliseconds", ticks > 400000 && ticks < 600000, ticks);
	port_write(0x43, 0x80); /* latch */
	(void)port_read(0x42);
	(void)port_read(0x42);
}

static void clock(void)
{
	unsigned polls = 0;

	group("cmos");
	do
		port_write(0x70, 0x8A);
	while ((port_read(0x71) & 0x80) && ++polls < POLLS);
	port_write(0x70, 0x00);
	(void)port_read(0x71);
	verdict("no-hang", true, 0);
}

/* Type 1 configuration: the first function is a host bridge, and each that exists has an identity. */
static void pci(void)
{
	unsigned found = 0;

	group("pci");
	port_write32(0xCF8, 0x80000000);
	observe("address-kept", port_read32(0xCF8));
	verdict("bridge", (port_read32(0xCFC) & 0xFFFF) != 0xFFFF, port_read32(0xCFC));
	for (uint32_t slot = 0; slot < 32; slot++) {
		port_write32(0xCF8, 0x80000000 | slot << 11);
		found += (port_read32(0xCFC) & 0xFFFF) != 0xFFFF;
	}
	verdict("devices", found >= 1 && found < 32, found);
	port_write32(0xCF8, 0x80FF0000);
	observe("last-bus", port_read32(0xCFC));
	port_write32(0xCF8, 0);
}

/* Ports of emulators and debuggers; what is not there floats. */
static void foreign_ports(void)
{
	group("ports");
	port_write16(0x510, 0);
	observe("fw-cfg", (uint64_t)port_read(0x511) << 8 | port_read(0x511));
	port_write16(0x510, 5);
	observe("fw-cfg-processors", (uint64_t)port_read(0x511) << 8 | port_read(0x511));
	port_write32(0xF4, 1);
	port_write32(0x2000, 1);
	port_write(0x80, 0x55);
	port_write(0xED, 0x55);
	observe("test-device", port_read32(0xE0));
	observe("vmware", port_read32(0x5658));
	verdict("goes-on", true, 0);
}

static bool is_rsdp(uint64_t address)
{
	static const char signature[] = "RSD PTR ";
	const volatile char *bytes = fixed(address);

	for (unsigned i = 0; i < 8; i++)
		if (bytes[i] != signature[i])
			return false;
	return true;
}

static void firmware_memory(void)
{
	uint64_t area = (uint64_t) * (volatile uint16_t *)fixed(0x40E) << 4;
	unsigned found = 0;

	group("firmware");
	for (uint64_t at = 0xE0000; at < 0x100000; at += 16)
		found += is_rsdp(at);
	if (area >= 0x80000 && area < 0xA0000)
		for (uint64_t at = area; at < area + 1024 && at < 0xA0000; at += 16)
			found += is_rsdp(at);
	verdict("rsdp", found >= 1, found);
	(void)*(volatile uint32_t *)fixed(0xFFFFFFF0);
	(void)*(volatile uint16_t *)fixed(0xFFFF0);
	*(volatile uint16_t *)fixed(0xB8000) = 0x0753;
	observe("screen", *(volatile uint16_t *)fixed(0xB8000));
	verdict("goes-on", true, 0);
}

void test_machine(void)
{
	boot_information();
	local_apic();
	interrupt_controllers();
	timer();
	clock();
	pci();
	foreign_ports();
	firmware_memory();
}
