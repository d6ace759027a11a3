/* SPDX-License-Identifier: Apache-2.0 */
/* 32-bit paging with large pages, PAE paging with its four entries, and the switches between them. */
#include "conform32.h"

static uint32_t directory[1024] __attribute__((aligned(4096)));
static uint64_t pointers[4] __attribute__((aligned(32)));
static uint64_t directories[4][512] __attribute__((aligned(4096)));

static uint32_t cr4_value, cr3_value, cr0_value;

static void write_cr4(void)
{
	__asm__ volatile("movl %0, %%cr4" : : "r"(cr4_value) : "memory");
}

static void write_cr3(void)
{
	__asm__ volatile("movl %0, %%cr3" : : "r"(cr3_value) : "memory");
}

static void write_cr0(void)
{
	__asm__ volatile("movl %0, %%cr0" : : "r"(cr0_value) : "memory");
}

static uint32_t cr0_read(void)
{
	uint32_t value;

	__asm__ volatile("movl %%cr0, %0" : "=r"(value));
	return value;
}

static void read_high(void)
{
	(void)*(volatile uint32_t *)fixed(0xC0000000);
}

static void read_absent(void)
{
	(void)*(volatile uint32_t *)fixed(0x80000000);
}

static void set_cr4(const char *name, uint32_t value)
{
	uint32_t vector;

	cr4_value = value;
	vector = probe(write_cr4);
	observe(name, &vector, 1);
}

static void paging(const char *name, bool on)
{
	uint32_t vector;

	cr0_value = on ? cr0_read() | 0x80010000 : cr0_read() & ~0x80000000u;
	vector = probe(write_cr0);
	observe(name, (uint32_t[]){vector, cr0_read()}, 2);
}

static void set_cr3(const char *name, void *table)
{
	uint32_t vector;

	cr3_value = (uint32_t)table;
	vector = probe(write_cr3);
	observe(name, &vector, 1);
}

static void touch(const char *name, void (*function)(void))
{
	uint32_t vector = probe(function);

	observe(name, (uint32_t[]){vector, caught_frame.error, caught_cr2}, 3);
}

static const struct instruction efer[] = {
	{"lme-while-paging", BYTES("\x0F\x32\x0D\x00\x01\x00\x00\x0F\x30"), {.ecx = 0xC0000080}},
	{"nxe", BYTES("\x0F\x32\x0D\x00\x08\x00\x00\x0F\x30\x0F\x32"), {.ecx = 0xC0000080}},
	{"nxe-off", BYTES("\x31\xC0\x31\xD2\x0F\x30\x0F\x32"), {.ecx = 0xC0000080}},
};

static const struct instruction lme[] = {
	{"lme-without-pae",
	 BYTES("\x0F\x32\x0D\x00\x01\x00\x00\x0F\x30\x0F\x20\xC0\x0D\x00\x00\x00\x80\x0F\x22\xC0"),
	 {.ecx = 0xC0000080}},
	{"lme-off", BYTES("\x31\xC0\x31\xD2\x0F\x30\x0F\x32"), {.ecx = 0xC0000080}},
};

void test_paging32(void)
{
	group("paging32");
	for (unsigned i = 0; i < 4; i++)
		directory[i] = i << 22 | 0x87;
	directory[0x300] = 0x83;
	set_cr4("pse", 0x10);
	set_cr3("cr3", directory);
	paging("on", true);
	touch("high", read_high);
	touch("absent", read_absent);
	group("efer32");
	RUN(efer);
	group("paging32");
	paging("off", false);
	group("efer32");
	RUN(lme);
	group("pae");
	for (unsigned i = 0; i < 8; i++)
		directories[0][i] = (uint64_t)i << 21 | 0x87;
	directories[3][0] = 0x83;
	pointers[0] = (uint32_t)directories[0] | 1;
	pointers[3] = (uint32_t)directories[3] | 1;
	set_cr4("pae", 0x20);
	set_cr3("cr3", pointers);
	pointers[1] = 0x1E7; /* reserved bits, present */
	paging("on-reserved", true);
	pointers[1] = 0;
	paging("on", true);
	touch("high", read_high);
	touch("absent", read_absent);
	pointers[3] = 0; /* the processor keeps what it has loaded */
	touch("high-cached", read_high);
	set_cr3("reload", pointers);
	touch("high-gone", read_high);
	pointers[3] = (uint32_t)directories[3] | 3;
	set_cr3("reload-reserved", pointers);
	pointers[3] = (uint32_t)directories[3] | 1;
	set_cr4("pge-reloads", 0xA0);
	touch("high-back", read_high);
	pointers[2] = 2 | 1;
	set_cr4("pge-reserved", 0x20);
	pointers[2] = 0;
	paging("off", false);
	set_cr4("none", 0);
}
