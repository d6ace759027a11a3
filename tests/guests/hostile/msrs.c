/* SPDX-License-Identifier: Apache-2.0 */
/* Model-specific registers: which of them answer, and what they take. */
#include "survey.h"

enum answer { FAULT, ALLOW, EITHER };

/* What a VM may have; all others are #GP. EITHER: not every processor has it. */
struct msr_row {
	uint32_t first, last;
	enum answer read, write;
};

static const struct msr_row rows[] = {
	{0x10, 0x10, ALLOW, ALLOW},     /* TSC */
	{0x3B, 0x3B, EITHER, EITHER},   /* TSC adjust */
	{0x17, 0x17, ALLOW, FAULT},     /* platform id */
	{0x1B, 0x1B, ALLOW, ALLOW},     /* APIC base */
	{0x3A, 0x3A, ALLOW, FAULT},     /* feature control */
	{0x48, 0x48, EITHER, EITHER},   /* speculation */
	{0x49, 0x49, FAULT, EITHER},    /* */
	{0x8B, 0x8B, ALLOW, ALLOW},     /* microcode revision */
	{0xCE, 0xCE, ALLOW, FAULT},     /* platform info */
	{0xFE, 0xFE, ALLOW, FAULT},     /* MTRR capability */
	{0x10A, 0x10A, EITHER, FAULT},  /* immunities */
	{0x10B, 0x10B, FAULT, EITHER},  /* L1 flush */
	{0x140, 0x140, ALLOW, ALLOW},   /* feature enables */
	{0x174, 0x176, ALLOW, ALLOW},   /* SYSENTER */
	{0x179, 0x179, ALLOW, FAULT},   /* machine check */
	{0x17A, 0x17A, ALLOW, ALLOW},   /* */
	{0x1A0, 0x1A0, ALLOW, ALLOW},   /* misc enable */
	{0x1D9, 0x1D9, ALLOW, ALLOW},   /* debug control */
	{0x250, 0x250, ALLOW, ALLOW},   /* fixed-range MTRRs: written in vain */
	{0x258, 0x259, ALLOW, ALLOW},   /* */
	{0x268, 0x26F, ALLOW, ALLOW},   /* */
	{0x277, 0x277, ALLOW, ALLOW},   /* PAT */
	{0x2FF, 0x2FF, ALLOW, ALLOW},   /* MTRR default type */
	{0x6E0, 0x6E0, ALLOW, ALLOW},   /* TSC deadline */
	{0x802, 0x803, ALLOW, FAULT},   /* APIC: id, version */
	{0x808, 0x808, ALLOW, ALLOW},   /* TPR */
	{0x80A, 0x80A, ALLOW, FAULT},   /* PPR */
	{0x80B, 0x80B, FAULT, ALLOW},   /* EOI */
	{0x80D, 0x80D, ALLOW, FAULT},   /* LDR */
	{0x80F, 0x80F, ALLOW, ALLOW},   /* SVR */
	{0x810, 0x827, ALLOW, FAULT},   /* ISR, TMR, IRR */
	{0x828, 0x828, ALLOW, EITHER},  /* ESR: takes 0 only */
	{0x82F, 0x82F, EITHER, FAULT},  /* CMCI */
	{0x830, 0x830, ALLOW, ALLOW},   /* ICR */
	{0x832, 0x832, ALLOW, ALLOW},   /* timer */
	{0x833, 0x834, EITHER, EITHER}, /* thermal, counters */
	{0x835, 0x838, ALLOW, ALLOW},   /* LINT0, LINT1, error, initial count */
	{0x839, 0x839, ALLOW, FAULT},   /* current count */
	{0x83E, 0x83E, ALLOW, ALLOW},   /* divider */
	{0x83F, 0x83F, FAULT, ALLOW},   /* self IPI */
	{0xDA0, 0xDA0, ALLOW, ALLOW},   /* XSS: 0 only */
	{0xC0000080, 0xC0000084, ALLOW, ALLOW},
	{0xC0000100, 0xC0000103, ALLOW, ALLOW},
};

struct msr_access {
	uint32_t msr;
	uint64_t value;
};

static void read_msr(void *argument)
{
	struct msr_access *access = argument;

	access->value = msr_read(access->msr);
}

static void write_msr(void *argument)
{
	const struct msr_access *access = argument;

	msr_write(access->msr, access->value);
}

static uint32_t try_read(uint32_t msr, uint64_t *value)
{
	struct msr_access access = {msr, 0};
	uint32_t vector = probe(read_msr, &access);

	*value = access.value;
	return vector;
}

static uint32_t try_write(uint32_t msr, uint64_t value)
{
	struct msr_access access = {msr, value};

	return probe(write_msr, &access);
}

static struct msr_row row_of(uint32_t msr)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (msr >= rows[i].first && msr <= rows[i].last)
			return rows[i];
	return (struct msr_row){msr, msr, FAULT, FAULT};
}

static bool fits(uint32_t vector, enum answer answer)
{
	if (vector == VECTOR_NONE)
		return answer != FAULT;
	return vector == VECTOR_GENERAL_PROTECTION && answer != ALLOW;
}

/* Reads each, and writes back what was read, or 0. */
static void sweep(uint32_t first, uint32_t last, uint32_t step)
{
	for (uint32_t msr = first;; msr += step) {
		struct msr_row row = row_of(msr);
		uint64_t value = 0;

		expect(fits(try_read(msr, &value), row.read), "reading MSR", msr);
		expect(fits(try_write(msr, value), row.write), "writing MSR", msr);
		if (last - msr < step)
			return;
	}
}

void msrs_low(void)
{
	sweep(0, 0x1FFF, 1);
}

void msrs_high(void)
{
	sweep(0xC0000000, 0xC0001FFF, 1);
}

/* Behind the ends of the bitmap, the synthetic MSRs of other hypervisors, and strides through the rest. */
void msrs_beyond(void)
{
	sweep(0x2000, 0x20FF, 1);
	sweep(0x3FFFFF00, 0x400001FF, 1);
	sweep(0x4B564D00, 0x4B564DFF, 1);
	sweep(0xBFFFFF00, 0xBFFFFFFF, 1);
	sweep(0xC0002000, 0xC00020FF, 1);
	sweep(0xC0010000, 0xC00101FF, 1);
	sweep(0xFFFFFF00, 0xFFFFFFFF, 1);
	sweep(0x00010003, 0xFFFF0003, 0x00FFD001);
}

#define CPUID_TSC_ADJUST 0x2u
#define TSC_ODD          UINT64_C(0x4000000000000000)

struct bad_value {
	uint32_t msr;
	uint64_t value;
};

/* Values that a processor refuses, or that would leave the partition. */
static const struct bad_value bad_values[] = {
	{0x1B, 0xFEE00C00 + 0x1000},            /* APIC page moved, in x2APIC mode */
	{0x1B, 0x100000 | 0xC00},               /* over RAM */
	{0x1B, 0xFEE00400},                     /* x2APIC without enable */
	{0x1B, 0xFEE00800},                     /* x2APIC to xAPIC */
	{0x1B, UINT64_C(1) << 40 | 0xFEE00C00}, /* beyond the physical width */
	{0x1B, UINT64_MAX},                     /* */
	{0x140, 1},                             /* CPUID faulting */
	{0x174 + 1, UINT64_C(0x800000000000)},  /* not canonical */
	{0x17A, 4},                             /* machine check in progress */
	{0x1D9, 0x40},                          /* trace messages */
	{0x1D9, 0x4000},                        /* freeze in SMM */
	{0x277, 2},                             /* memory type that does not exist */
	{0x2FF, 0xFFFF},                        /* */
	{0x808, 0x100},                         /* */
	{0x80B, 1},                             /* */
	{0x80F, 0x10000},                       /* */
	{0x828, 1},                             /* */
	{0x830, 0x10000},                       /* reserved bits of the ICR */
	{0x830, 0x2000},                        /* */
	{0x830, UINT64_MAX},                    /* */
	{0x837, UINT64_C(1) << 32},             /* */
	{0x838, UINT64_C(1) << 32},             /* */
	{0xDA0, 0x100},                         /* processor trace by XRSTORS */
	{0xC0000080, 0x501 | 0x2},              /* reserved bits of EFER */
	{0xC0000080, 0x501 | 0x1000},           /* SVM */
	{0xC0000080, 0x001},                    /* long mode off while paging */
	{0xC0000080, UINT64_MAX},               /* */
	{0xC0000082, UINT64_C(0x800000000000)}, /* */
	{0xC0000100, UINT64_C(0x800000000000)}, /* */
	{0xC0000102, UINT64_C(1) << 63},        /* */
};

/* Reserved bits of local vectors: the hypervisor writes these on behalf of the guest. */
static void local_vector_values(void)
{
	for (uint32_t msr = 0x833; msr <= 0x837; msr++) {
		for (unsigned bit = 0; bit < 64; bit++) {
			uint64_t value = 0;

			if (try_read(msr, &value) != VECTOR_NONE)
				break;
			(void)try_write(msr, UINT64_C(1) << 16 | UINT64_C(1) << bit);
			expect(try_write(msr, UINT64_C(1) << 16) == VECTOR_NONE, "masking LVT",
			       msr);
		}
	}
}

/*
 * The core's TSC is the VM's, to be written as on a processor: the hypervisor takes it back when the core
 * goes to somebody else, and the neighbour on another core must not notice.
 */
static void tsc_values(void)
{
	uint32_t adjust = cpuid(7).ebx & CPUID_TSC_ADJUST ? VECTOR_NONE : VECTOR_GENERAL_PROTECTION;
	uint64_t before, value;

	expect(try_read(0x10, &before) == VECTOR_NONE, "TSC not read", 0);
	expect(try_write(0x10, TSC_ODD) == VECTOR_NONE, "TSC not written", 0);
	expect(try_read(0x10, &value) == VECTOR_NONE, "TSC not read", 1);
	expect(value - TSC_ODD < before, "TSC goes on from", value);
	expect(try_write(0x10, before) == VECTOR_NONE, "TSC not put back", 0);
	expect(try_write(0x3B, 0) == adjust, "writing TSC_ADJUST", adjust);
}

void msrs_values(void)
{
	uint64_t value;

	for (size_t i = 0; i < sizeof(bad_values) / sizeof(bad_values[0]); i++) {
		uint32_t vector = try_write(bad_values[i].msr, bad_values[i].value);

		expect(vector == VECTOR_GENERAL_PROTECTION, "bad value taken by MSR",
		       bad_values[i].msr);
	}
	local_vector_values();
	tsc_values();
	expect(try_read(0x480, &value) == VECTOR_GENERAL_PROTECTION, "VMX capability", 0);
}
