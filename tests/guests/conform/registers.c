/* SPDX-License-Identifier: Apache-2.0 */
/* Control registers, XCR0 and MSRs: which values they take. */
#include "conform.h"

static uint64_t operand;
static uint32_t msr_number;

#define WRITER(name)                           \
	static void write_##name(void *unused) \
	{                                      \
		(void)unused;                  \
		name##_write(operand);         \
	}
WRITER(cr0)
WRITER(cr3)
WRITER(cr4)
WRITER(cr8)
#undef WRITER

static void write_xcr0(void *unused)
{
	(void)unused;
	__asm__ volatile("xsetbv"
			 :
			 : "c"(msr_number), "a"((uint32_t)operand), "d"((uint32_t)(operand >> 32)));
}

static void write_msr(void *unused)
{
	(void)unused;
	msr_write(msr_number, operand);
}

static void read_msr(void *unused)
{
	(void)unused;
	operand = msr_read(msr_number);
}

/* Tries a value and puts the old one back; shows the vector and what was read back. */
static void try_control(const char *name, void (*write)(void *), uint64_t (*read)(void),
			uint64_t value)
{
	uint64_t old = read(), now;
	uint32_t vector;

	operand = value;
	vector = probe(write, NULL);
	now = read();
	operand = old;
	(void)probe(write, NULL);
	observe(name, (uint64_t[]){vector, now}, 2);
}

static char *name_of(const char *text, unsigned number)
{
	static char name[40];
	unsigned at = 0;

	while (*text)
		name[at++] = *text++;
	name[at++] = '-';
	for (int shift = 28; shift >= 0; shift -= 4)
		if (number >> shift || shift == 0)
			name[at++] = "0123456789abcdef"[number >> shift & 15];
	name[at] = 0;
	return name;
}

static void control_registers(void)
{
	uint64_t cr0 = cr0_read(), cr4 = cr4_read();

	group("cr0");
	for (unsigned bit = 0; bit < 64; bit++)
		if (bit != 0 && bit != 31)
			try_control(name_of("flip-bit", bit), write_cr0, cr0_read,
				    cr0 ^ UINT64_C(1) << bit);
	try_control("pg-without-pe", write_cr0, cr0_read, cr0 & ~UINT64_C(1));
	try_control("no-paging-in-long-mode", write_cr0, cr0_read, cr0 & ~UINT64_C(0x80000000));
	try_control("nw-without-cd", write_cr0, cr0_read, cr0 | 0x20000000);
	try_control("cd-nw", write_cr0, cr0_read, cr0 | 0x60000000);
	try_control("cd", write_cr0, cr0_read, cr0 | 0x40000000);
	group("cr4");
	for (unsigned bit = 0; bit < 64; bit++)
		/* no VMX, SMX, 5-level paging; PCIDE, SMEP and SMAP need other page tables */
		if (bit != 12 && bit != 13 && bit != 14 && bit != 17 && bit != 20 && bit != 21)
			try_control(name_of("flip-bit", bit), write_cr4, cr4_read,
				    cr4 ^ UINT64_C(1) << bit);
	try_control("la57", write_cr4, cr4_read, cr4 | 0x1000);
	group("cr8");
	for (unsigned i = 0; i < 18; i++)
		try_control(name_of("value", i), write_cr8, cr8_read, i);
	group("cr3");
	try_control("reserved-low", write_cr3, cr3_read, cr3_read() | 0xFE7);
	try_control("beyond-width", write_cr3, cr3_read, cr3_read() | UINT64_C(1) << 45);
	try_control("bit-63", write_cr3, cr3_read, cr3_read() | UINT64_C(1) << 63);
}

static uint64_t xcr0_read(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

static void extended_control(void)
{
	uint64_t cr4 = cr4_read();

	group("xcr0");
	cr4_write(cr4 | 1u << 18);
	for (uint64_t value = 0; value < 0x100; value++) {
		bool mpx = value & 0x18;

		if (!mpx)
			try_control(name_of("value", (unsigned)value), write_xcr0, xcr0_read,
				    value);
	}
	try_control("bit-9", write_xcr0, xcr0_read, 0x201);
	try_control("bit-62", write_xcr0, xcr0_read, UINT64_C(1) << 62 | 1);
	msr_number = 1;
	try_control("index-1", write_xcr0, xcr0_read, 1);
	msr_number = 0;
	operand = 7;
	verdict("avx", probe(write_xcr0, NULL) == VECTOR_NONE, 0);
	observe_one("size-avx", cpuid_of(0xD, 0).ebx);
	observe_one("size-compact-avx", cpuid_of(0xD, 1).ebx);
	cr4_write(cr4);
}

/* Values that each register takes or refuses; `mask` is what may differ and is not shown. */
struct msr_row {
	const char *name;
	uint32_t msr;
	uint64_t value;
};

/* clang-format off */
static const struct msr_row msrs[] = {
	{"sysenter-cs", 0x174, 0x1234}, {"sysenter-esp", 0x175, 0x123456789000},
	{"sysenter-eip", 0x176, 0x123456789000}, {"sysenter-esp-noncanonical", 0x175, UINT64_C(1) << 60},
	{"sysenter-eip-noncanonical", 0x176, UINT64_C(1) << 47},
	{"pat", 0x277, 0x0007040600010506}, {"pat-invalid-2", 0x277, 0x0007040600010502},
	{"pat-invalid-3", 0x277, 0x0307040600010506}, {"pat-invalid-8", 0x277, 0x0007040800010506},
	{"fs-base", 0xC0000100, 0x123456789ABC}, {"fs-base-noncanonical", 0xC0000100, UINT64_C(1) << 50},
	{"kernel-gs", 0xC0000102, 0xFFFF800000001234}, {"kernel-gs-noncanonical", 0xC0000102, 0x800000000000},
	{"star", 0xC0000081, 0xAABBCCDDEEFF0011}, {"lstar", 0xC0000082, 0xFFFF800000001234},
	{"lstar-noncanonical", 0xC0000082, UINT64_C(1) << 50}, {"cstar", 0xC0000083, 0x1234},
	{"cstar-noncanonical", 0xC0000083, UINT64_C(1) << 50},
	{"syscall-mask", 0xC0000084, 0x47700}, {"syscall-mask-upper", 0xC0000084, UINT64_C(1) << 33},
	{"tsc-aux", 0xC0000103, 0x12345678}, {"tsc-aux-upper", 0xC0000103, UINT64_C(1) << 32},
	{"efer-reserved-1", 0xC0000080, 0xD03}, {"efer-reserved-9", 0xC0000080, 0xF01},
	{"efer-sce", 0xC0000080, 0xD01}, {"efer-no-nx", 0xC0000080, 0x501}, {"efer-no-lme", 0xC0000080, 0xC01},
	{"efer-svme", 0xC0000080, 0x1D01}, {"efer-upper", 0xC0000080, UINT64_C(1) << 32 | 0xD01},
	{"xss-0", 0xDA0, 0}, {"xss-bad", 0xDA0, 1}, {"deadline", 0x6E0, 0},
};
/* clang-format on */

static const uint32_t absent[] = {0x2,        0x9,        0x15,       0x100,      0x1FF,
				  0x300,      0x700,      0x7FF,      0x900,      0x1000,
				  0x1FFF,     0x2000,     0x10000,    0x3FFFFFFF, 0x40000200,
				  0x7FFFFFFF, 0x80000000, 0xBFFFFFFF, 0xC0000004, 0xC0000085,
				  0xC0000104, 0xC0001FFF, 0xFFFFFFFF};

static void try_msr(const struct msr_row *row)
{
	uint64_t old, now;
	uint32_t vector, back;

	msr_number = row->msr;
	if (probe(read_msr, NULL) != VECTOR_NONE) {
		observe_one(row->name, VECTOR_PROTECTION);
		return;
	}
	old = operand;
	operand = row->value;
	vector = probe(write_msr, NULL);
	back = probe(read_msr, NULL);
	now = operand;
	operand = old;
	(void)probe(write_msr, NULL);
	observe(row->name, (uint64_t[]){vector, back, now}, 3);
}

static void model_specific(void)
{
	group("msr");
	for (size_t i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++)
		try_msr(&msrs[i]);
	/* the emulator is told to ignore those that it does not know: a VM must refuse them */
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		uint32_t read, write;

		msr_number = absent[i];
		read = probe(read_msr, NULL);
		operand = 0;
		write = probe(write_msr, NULL);
		verdict(name_of("absent", absent[i]),
			read == VECTOR_PROTECTION && write == VECTOR_PROTECTION,
			read << 16 | write);
	}
}

void test_registers(void)
{
	control_registers();
	extended_control();
	model_specific();
}
