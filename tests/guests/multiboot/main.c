/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mb1-*, mb2-*: prints what a multiboot boot loader has handed over, in lines that a test can read, and
 * starts the other cores as an operating system does.
 */
#include "guest.h"

#define MAGIC1 0x2BADB002u
#define MAGIC2 0x36D76289u

#define LAPIC         0xFEE00000u
#define LAPIC_ICR_LOW (LAPIC + 0x300)
#define ICR_INIT      0x000C4500u /* to all but self, asserted */
#define ICR_STARTUP   0x000C4600u
#define TRAMPOLINE    0x8000u
#define WAIT_LOOPS    20000u
#define BIOS_AREA     0xE0000u
#define BIOS_AREA_END 0x100000u

_Noreturn void multiboot_main(uint32_t magic, uint32_t information, uint32_t cr0, uint32_t eflags);

extern const uint8_t trampoline[], trampoline_counter[], trampoline_end[];

struct information1 {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4];
	uint32_t mmap_length, mmap_addr, drives_length, drives_addr, config_table, boot_loader_name;
};

struct module1 {
	uint32_t start, end, string, reserved;
};

struct tag {
	uint32_t type, size;
	uint32_t words[];
};

static void *at(uint64_t address)
{
	return (void *)address;
}

static void line(const char *what)
{
	print_text("mb: ");
	print_text(what);
}

static void end_line(void)
{
	print_text("\r\n");
}

static void field(const char *name, uint64_t number)
{
	print_text(name);
	print_hexadecimal(number);
}

static void text_line(const char *what, const char *text)
{
	line(what);
	print_text(text);
	end_line();
}

/* FNV-1a, so that a test can compute it as well. */
static uint32_t checksum(const uint8_t *bytes, uint32_t size)
{
	uint32_t sum = 0x811C9DC5;

	for (uint32_t i = 0; i < size; i++)
		sum = (sum ^ bytes[i]) * 0x01000193;
	return sum;
}

static void module_line(uint32_t start, uint32_t end, const char *string)
{
	line("module");
	field(" start=", start);
	field(" size=", end - start);
	field(" sum=", checksum(at(start), end - start));
	print_text(" string=");
	print_text(string);
	end_line();
}

/* KiB of RAM from 0 on; without any there is nothing to be found below 1 MiB. */
static uint32_t low_memory;

static void memory_line(uint32_t lower, uint32_t upper)
{
	low_memory = lower;
	line("memory");
	field(" lower=", lower);
	field(" upper=", upper);
	end_line();
}

static void map_line(uint64_t base, uint64_t size, uint32_t type)
{
	line("map");
	field(" base=", base);
	field(" size=", size);
	field(" type=", type);
	end_line();
}

static void print_map1(uint32_t address, uint32_t length)
{
	for (uint32_t done = 0; done < length;) {
		const uint32_t *entry = at(address + done);

		map_line(entry[1] | (uint64_t)entry[2] << 32, entry[3] | (uint64_t)entry[4] << 32,
			 entry[5]);
		done += entry[0] + 4;
	}
}

static void print1(const struct information1 *information)
{
	const struct module1 *modules = at(information->mods_addr);

	line("version 1");
	field(" flags=", information->flags);
	end_line();
	text_line("cmdline ", at(information->cmdline));
	text_line("loader ", at(information->boot_loader_name));
	memory_line(information->mem_lower, information->mem_upper);
	for (uint32_t i = 0; i < information->mods_count; i++)
		module_line(modules[i].start, modules[i].end, at(modules[i].string));
	print_map1(information->mmap_addr, information->mmap_length);
}

static void print_map2(const struct tag *tag)
{
	for (uint32_t done = 16; done < tag->size; done += tag->words[0]) {
		const uint32_t *entry = (const uint32_t *)((const uint8_t *)tag + done);

		map_line(entry[0] | (uint64_t)entry[1] << 32, entry[2] | (uint64_t)entry[3] << 32,
			 entry[4]);
	}
}

static void print_tag(const struct tag *tag)
{
	switch (tag->type) {
	case 1:
		text_line("cmdline ", (const char *)tag->words);
		break;
	case 2:
		text_line("loader ", (const char *)tag->words);
		break;
	case 3:
		module_line(tag->words[0], tag->words[1], (const char *)&tag->words[2]);
		break;
	case 4:
		memory_line(tag->words[0], tag->words[1]);
		break;
	case 6:
		print_map2(tag);
		break;
	default:
		line("tag");
		field(" type=", tag->type);
		field(" size=", tag->size);
		end_line();
	}
}

static void print2(const uint8_t *information)
{
	const uint32_t total = *(const uint32_t *)information;

	line("version 2");
	field(" size=", total);
	end_line();
	for (uint32_t done = 8; done < total;) {
		const struct tag *tag = (const struct tag *)(information + done);

		if (tag->type == 0)
			break;
		print_tag(tag);
		done += (tag->size + 7) & ~7u;
	}
}

/* As an operating system without a boot loader's help finds it. */
static void print_rsdp(void)
{
	for (uint32_t address = BIOS_AREA; address < BIOS_AREA_END; address += 16) {
		const volatile uint8_t *bytes = at(address);
		static const char signature[] = "RSD PTR ";
		uint32_t same = 0;

		while (same < 8 && bytes[same] == (uint8_t)signature[same])
			same++;
		if (same < 8)
			continue;
		line("rsdp");
		field(" address=", address);
		field(" revision=", bytes[15]);
		end_line();
	}
}

static void wait(void)
{
	for (volatile uint32_t i = 0; i < WAIT_LOOPS; i++)
		;
}

/* By the registers of the xAPIC, in which mode a guest begins. Returns how many other cores came. */
static uint32_t start_others(void)
{
	volatile uint32_t *icr = at(LAPIC_ICR_LOW);
	uint8_t *page = at(TRAMPOLINE);
	const volatile uint32_t *counter =
		(const volatile uint32_t *)(page + (trampoline_counter - trampoline));

	for (uint32_t i = 0; trampoline + i < trampoline_end; i++)
		page[i] = trampoline[i];
	*icr = ICR_INIT;
	wait();
	*icr = ICR_STARTUP | TRAMPOLINE >> 12;
	wait();
	*icr = ICR_STARTUP | TRAMPOLINE >> 12;
	wait();
	return *counter;
}

_Noreturn void multiboot_main(uint32_t magic, uint32_t information, uint32_t cr0, uint32_t eflags)
{
	console_open();
	line("start");
	field(" magic=", magic);
	field(" information=", information);
	field(" cr0=", cr0);
	field(" eflags=", eflags);
	end_line();
	if (magic == MAGIC1)
		print1(at(information));
	if (magic == MAGIC2)
		print2(at(information));
	if (low_memory)
		print_rsdp();
	line("others ");
	print_unsigned(start_others());
	end_line();
	text_line("end", "");
	for (;;)
		__asm__ volatile("cli; hlt");
}
