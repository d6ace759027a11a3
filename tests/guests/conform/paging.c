/* SPDX-License-Identifier: Apache-2.0 */
/* What page-table entries permit, and what accesses do to them. */
#include "conform.h"

#define PRESENT  0x01u
#define WRITE    0x02u
#define USER     0x04u
#define ACCESSED 0x20u
#define DIRTY    0x40u
#define NX       UINT64_C(0x8000000000000000)

#define CR0_WP    0x10000u
#define CR4_PGE   0x80u
#define CR4_PCIDE 0x20000u
#define CR4_SMEP  0x100000u
#define CR4_SMAP  0x200000u
#define CR4_PKE   0x400000u

static void flush(void)
{
	cr3_write(cr3_read());
}

/* clang-format off */
static const struct instruction accesses[] = {
	{"read", BYTES("\x8A\x03"), {.rbx = (uint64_t)window}},
	{"write", BYTES("\x88\x03"), {.rbx = (uint64_t)window}},
	{"add", BYTES("\x00\x03"), {.rbx = (uint64_t)window}},
	{"execute", BYTES("\xFF\xD3"), {.rbx = (uint64_t)window}},
	{"outs", BYTES("\x6E"), {.rsi = (uint64_t)window, .rdx = 0x1500}},
	{"ins", BYTES("\x6C"), {.rdi = (uint64_t)window, .rdx = 0x1500}},
	{"ins-across", BYTES("\x6D"), {.rdi = (uint64_t)window + 4094, .rdx = 0x1500}},
	{"across", BYTES("\x8B\x03"), {.rbx = (uint64_t)window - 2}},
	{"outs-into", BYTES("\x6F"), {.rsi = (uint64_t)window - 2, .rdx = 0x1500}},
	{"invlpg", BYTES("\x0F\x01\x3B"), {.rbx = (uint64_t)window}},
};
/* clang-format on */

static void with_entry(const char *title, uint64_t bits, bool user)
{
	uint64_t old = *window_entry;

	group(title);
	for (size_t i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++) {
		struct registers r = accesses[i].registers;
		uint32_t vector;

		window[0] = 0xC3;
		*window_entry = (old & ~UINT64_C(0x8000000000000FFF)) | bits;
		flush();
		vector = run_code(accesses[i].bytes, accesses[i].size, &r, user);
		observe(accesses[i].name,
			(uint64_t[]){vector, caught.frame.error,
				     vector == VECTOR_PAGE ? caught.cr2 - (uint64_t)window : 0,
				     *window_entry & 0xFFF},
			4);
		*window_entry = old;
		flush();
	}
}

static void entries(const char *kind[8], bool user)
{
	with_entry(kind[0], PRESENT | WRITE | USER, user);
	with_entry(kind[1], PRESENT | USER, user);
	with_entry(kind[2], PRESENT | WRITE, user);
	with_entry(kind[3], 0, user);
	with_entry(kind[4], PRESENT | WRITE | USER | NX, user);
	with_entry(kind[5], PRESENT | WRITE | USER | UINT64_C(1) << 45, user);
	with_entry(kind[6], NX, user);
	with_entry(kind[7], PRESENT | WRITE | USER | 0xE00, user);
}

static void protection(void)
{
	uint64_t cr0 = cr0_read(), cr4 = cr4_read();

	entries((const char *[]){"kernel-wu", "kernel-u", "kernel-w", "kernel-none", "kernel-nx",
				 "kernel-reserved", "kernel-none-nx", "kernel-ignored"},
		false);
	entries((const char *[]){"user-wu", "user-u", "user-w", "user-none", "user-nx",
				 "user-reserved", "user-none-nx", "user-ignored"},
		true);
	cr0_write(cr0 & ~(uint64_t)CR0_WP);
	with_entry("nowp-u", PRESENT | USER, false);
	with_entry("nowp-s", PRESENT, false);
	cr0_write(cr0);
	msr_write(0xC0000080, msr_read(0xC0000080) & ~UINT64_C(0x800));
	with_entry("nonxe", PRESENT | WRITE | USER | NX, false);
	msr_write(0xC0000080, msr_read(0xC0000080) | 0x800);
	(void)cr4;
}

static void features(void)
{
	struct cpuid seven = cpuid_of(7, 0);
	uint64_t cr4 = cr4_read();

	group("features");
	observe_one("smep-smap", seven.ebx & 0x100080);
	observe_one("invpcid", seven.ebx & 1u << 10);
	observe_one("pcid", cpuid_of(1, 0).ecx & 1u << 17);
	observe_one("umip-pku", seven.ecx & 0x1C);
	observe_one("la57", seven.ecx & 1u << 16);
	verdict("no-la57-bit", !(cr4 & 1u << 12), cr4);
}

static void pcid(void)
{
	static const struct instruction rows[] = {
		{"invpcid-0", BYTES("\x66\x0F\x38\x82\x03"), {.rbx = (uint64_t)scratch, .rax = 0}},
		{"invpcid-1", BYTES("\x66\x0F\x38\x82\x03"), {.rbx = (uint64_t)scratch, .rax = 1}},
		{"invpcid-2", BYTES("\x66\x0F\x38\x82\x03"), {.rbx = (uint64_t)scratch, .rax = 2}},
		{"invpcid-3", BYTES("\x66\x0F\x38\x82\x03"), {.rbx = (uint64_t)scratch, .rax = 3}},
		{"invpcid-4", BYTES("\x66\x0F\x38\x82\x03"), {.rbx = (uint64_t)scratch, .rax = 4}},
	};
	/* mov cr4, with PCIDE */
	static const struct instruction set[] = {
		{"on", BYTES("\x0F\x20\xE0\x0D\x00\x00\x02\x00\x0F\x22\xE0\x0F\x20\xE0"), {0}},
		{"cr3-noflush", BYTES("\x0F\x20\xD8\x48\x0F\xBA\xE8\x3F\x0F\x22\xD8\x31\xC0"), {0}},
		{"cr3-5", BYTES("\x0F\x20\xD8\x0C\x05\x0F\x22\xD8\x31\xC0"), {0}},
		{"off-with-pcid", BYTES("\x0F\x20\xE0\x25\xFF\xFF\xFD\xFF\x0F\x22\xE0"), {0}},
		{"back",
		 BYTES("\x0F\x20\xD8\x24\xF0\x0F\x22\xD8\x0F\x20\xE0\x25\xFF\xFF\xFD\xFF\x0F\x22\xE0\x0F\x20\xE0"),
		 {0}},
		{"on-with-cr3-bits",
		 BYTES("\x0F\x20\xD8\x0C\x08\x0F\x22\xD8\x0F\x20\xE0\x0D\x00\x00\x02\x00\x0F\x22\xE0"),
		 {0}},
		{"clean", BYTES("\x0F\x20\xD8\x24\xF0\x0F\x22\xD8\x31\xC0"), {0}},
	};

	group("pcid");
	RUN(rows, false);
	RUN(set, false);
}

/* The 2 MiB around the window, which hold all of this program, are the supervisor's but for the window. */
static void user_only_window(bool on)
{
	uint64_t *first = (uint64_t *)((uint64_t)window_entry & ~UINT64_C(0xFFF));

	for (unsigned i = 0; i < 512; i++)
		if (&first[i] != window_entry)
			first[i] = on ? first[i] & ~(uint64_t)USER : first[i] | USER;
	flush();
}

static void smap(void)
{
	static const struct instruction rows[] = {
		{"read", BYTES("\x8A\x03"), {.rbx = (uint64_t)window}},
		{"write", BYTES("\x88\x03"), {.rbx = (uint64_t)window}},
		{"execute", BYTES("\xFF\xD3"), {.rbx = (uint64_t)window}},
		{"stac-read-clac",
		 BYTES("\x0F\x01\xCB\x8A\x03\x0F\x01\xCA"),
		 {.rbx = (uint64_t)window}},
		{"outs", BYTES("\x6E"), {.rsi = (uint64_t)window, .rdx = 0x1500}},
		{"stac-outs-clac",
		 BYTES("\x0F\x01\xCB\x6E\x0F\x01\xCA"),
		 {.rsi = (uint64_t)window, .rdx = 0x1500}},
		{"ins", BYTES("\x6C"), {.rdi = (uint64_t)window, .rdx = 0x1500}},
	};
	uint64_t cr4 = cr4_read();

	if ((cpuid_of(7, 0).ebx & 0x100080) != 0x100080)
		return;
	window[0] = 0xC3;
	user_only_window(true);
	cr4_write(cr4 | CR4_SMAP);
	group("smap");
	RUN(rows, false);
	cr4_write(cr4 | CR4_SMEP);
	group("smep");
	RUN(rows, false);
	cr4_write(cr4);
	user_only_window(false);
}

/* The first GiB once more from 4 GiB on, by one entry. */
static void gigabyte(void)
{
	static const struct {
		const char *name;
		uint64_t entry;
	} rows[] = {
		{"all", 0x87},           {"read-only", 0x85},
		{"kernel", 0x83},        {"pat", 0x1087},
		{"reserved-13", 0x2087}, {"reserved-29", 0x20000087},
		{"nx", NX | 0x87},       {"beyond-width", UINT64_C(1) << 45 | 0x87},
		{"absent", 0x86},        {"no-page", 0},
	};
	static const struct instruction reads[] = {
		{"read", BYTES("\x8A\x03"), {.rbx = (UINT64_C(1) << 32) + (uint64_t)scratch}},
		{"execute", BYTES("\xFF\xD3"), {.rbx = (UINT64_C(1) << 32) + (uint64_t)scratch}},
	};
	uint64_t *top = (uint64_t *)(cr3_read() & ~UINT64_C(0xFFF));
	uint64_t *pointers = (uint64_t *)(top[0] & ~UINT64_C(0xFFF));

	group("gigabyte");
	scratch[0] = 0xC3;
	observe_one("offered", cpuid_of(0x80000001, 0).edx & 1u << 26);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const struct instruction *row = &reads[i % 2];
		struct registers r = row->registers;
		uint32_t vector;

		pointers[4] = rows[i / 2].entry;
		flush();
		vector = run_code(row->bytes, row->size, &r, i % 4 > 1);
		observe(rows[i / 2].name,
			(uint64_t[]){vector, caught.frame.error, pointers[4] & 0xFFF}, 3);
	}
	pointers[4] = 0;
	flush();
}

static void umip(void)
{
	static const struct instruction rows[] = {
		{"sgdt", BYTES("\x0F\x01\x03"), {.rbx = (uint64_t)scratch}},
		{"sidt", BYTES("\x0F\x01\x0B"), {.rbx = (uint64_t)scratch}},
		{"sldt", BYTES("\x0F\x00\xC0"), {0}},
		{"str", BYTES("\x0F\x00\xC8"), {0}},
		{"smsw", BYTES("\x0F\x01\xE0"), {0}},
	};
	uint64_t cr4 = cr4_read();

	group("umip-off-user");
	RUN(rows, true);
	if (!(cpuid_of(7, 0).ecx & 4))
		return;
	cr4_write(cr4 | 0x800);
	group("umip-on-user");
	RUN(rows, true);
	group("umip-on-kernel");
	RUN(rows, false);
	cr4_write(cr4);
}

void test_paging(void)
{
	features();
	protection();
	pcid();
	smap();
	gigabyte();
	umip();
}
