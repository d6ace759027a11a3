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

static uint32_t cr4_read(void)
{
	uint32_t value;

	__asm__ volatile("movl %%cr4, %0" : "=r"(value));
	return value;
}

/* Which bits CR0 and CR4 take, and which stay, without paging. */
static void control_bits(void)
{
	uint32_t cr0 = cr0_read(), cr4 = cr4_read(), taken = 0, kept = 0;

	group("control32");
	for (unsigned bit = 1; bit < 31; bit++) {
		cr0_value = cr0 ^ UINT32_C(1) << bit;
		if (probe(write_cr0) == VECTOR_NONE)
			taken |= UINT32_C(1) << bit;
		kept |= (cr0_read() ^ cr0) & UINT32_C(1) << bit;
		cr0_value = cr0;
		(void)probe(write_cr0);
	}
	observe("cr0", (uint32_t[]){taken, kept}, 2);
	taken = kept = 0;
	for (unsigned bit = 0; bit < 32; bit++) {
		if (bit == 13 || bit == 14) /* no VMX, SMX */
			continue;
		cr4_value = cr4 ^ UINT32_C(1) << bit;
		if (probe(write_cr4) == VECTOR_NONE)
			taken |= UINT32_C(1) << bit;
		kept |= (cr4_read() ^ cr4) & UINT32_C(1) << bit;
		cr4_value = cr4;
		(void)probe(write_cr4);
	}
	observe("cr4", (uint32_t[]){taken, kept}, 2);
}

/* Large pages with bits set that have to be 0. */
static void reserved_in_32(void)
{
	directory[0x200] = 0x00200083;
	set_cr3("reload", directory);
	touch("pse-reserved", read_absent);
	directory[0x200] = 0x00001083;
	set_cr3("reload", directory);
	touch("pse-pat", read_absent);
	directory[0x200] = 0;
	set_cr3("reload", directory);
}

static void reserved_in_pae(void)
{
	directories[3][0] = UINT64_C(1) << 45 | 0x83;
	set_cr3("reload", pointers);
	touch("pae-beyond-width", read_high);
	directories[3][0] = 0x2083;
	set_cr3("reload", pointers);
	touch("pae-reserved", read_high);
	directories[3][0] = UINT64_C(1) << 63 | 0x83;
	set_cr3("reload", pointers);
	touch("pae-nx-off", read_high);
	directories[3][0] = 0x83;
	set_cr3("reload", pointers);
}

void test_paging32(void)
{
	control_bits();
	group("paging32");
	for (unsigned i = 0; i < 4; i++)
		directory[i] = i << 22 | 0x87;
	directory[0x300] = 0x83;
	set_cr4("pse", 0x10);
	set_cr3("cr3", directory);
	paging("on", true);
	touch("high", read_high);
	touch("absent", read_absent);
	reserved_in_32();
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
	pointers[3] = (uint32_t)directories[3] | 1;
	reserved_in_pae();
	pointers[3] = 0;
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
