/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions of other masters: virtualization, secure modes, power, caches; at CPL 0 and 3. */
#include "survey.h"

#define UD    ANY_OF(VECTOR_INVALID_OPCODE)
#define GP    ANY_OF(VECTOR_GENERAL_PROTECTION)
#define UD_GP (UD | GP)
#define RUNS  NO_EXCEPTION

#define POINTERS                                \
	.registers = {.rax = (uint64_t)scratch, \
		      .rbx = (uint64_t)scratch, \
		      .rcx = 0,                 \
		      .rdx = 0,                 \
		      .rsi = (uint64_t)scratch, \
		      .rdi = (uint64_t)scratch}

/* What CPUID does not offer; nowhere more than an exception, whatever the privilege. */
static const struct instruction not_offered[] = {
	{"vmxon", BYTES("\xF3\x0F\xC7\x33"), POINTERS, UD},
	{"vmclear", BYTES("\x66\x0F\xC7\x33"), POINTERS, UD},
	{"vmptrld", BYTES("\x0F\xC7\x33"), POINTERS, UD},
	{"vmptrst", BYTES("\x0F\xC7\x3B"), POINTERS, UD},
	{"vmread", BYTES("\x0F\x78\xC8"), POINTERS, UD},
	{"vmwrite", BYTES("\x0F\x79\xC8"), POINTERS, UD},
	{"vmlaunch", BYTES("\x0F\x01\xC2"), POINTERS, UD},
	{"vmresume", BYTES("\x0F\x01\xC3"), POINTERS, UD},
	{"vmxoff", BYTES("\x0F\x01\xC4"), POINTERS, UD},
	{"invept", BYTES("\x66\x0F\x38\x80\x03"), POINTERS, UD},
	{"invvpid", BYTES("\x66\x0F\x38\x81\x03"), POINTERS, UD},
	{"vmfunc", BYTES("\x0F\x01\xD4"), POINTERS, UD},
	{"vmmcall", BYTES("\x0F\x01\xD9"), POINTERS, UD},
	{"vmrun", BYTES("\x0F\x01\xD8"), POINTERS, UD},
	{"vmload", BYTES("\x0F\x01\xDA"), POINTERS, UD},
	{"vmsave", BYTES("\x0F\x01\xDB"), POINTERS, UD},
	{"stgi", BYTES("\x0F\x01\xDC"), POINTERS, UD},
	{"clgi", BYTES("\x0F\x01\xDD"), POINTERS, UD},
	{"skinit", BYTES("\x0F\x01\xDE"), POINTERS, UD},
	{"invlpga", BYTES("\x0F\x01\xDF"), POINTERS, UD},
	{"getsec", BYTES("\x0F\x37"), POINTERS, UD},
	{"encls", BYTES("\x0F\x01\xCF"), POINTERS, UD_GP},
	{"enclu", BYTES("\x0F\x01\xD7"), POINTERS, UD_GP},
	{"enclv", BYTES("\x0F\x01\xC0"), POINTERS, UD_GP},
	{"rsm", BYTES("\x0F\xAA"), POINTERS, UD},
	{"monitor", BYTES("\x0F\x01\xC8"), POINTERS, UD},
	{"mwait", BYTES("\x0F\x01\xC9"), POINTERS, UD},
	{"monitorx", BYTES("\x0F\x01\xFA"), POINTERS, UD},
	{"mwaitx", BYTES("\x0F\x01\xFB"), POINTERS, UD},
	{"umonitor", BYTES("\xF3\x0F\xAE\xF3"), POINTERS, UD},
	{"umwait", BYTES("\xF2\x0F\xAE\xF3"), POINTERS, UD},
	{"tpause", BYTES("\x66\x0F\xAE\xF3"), POINTERS, UD},
	{"pconfig", BYTES("\x0F\x01\xC5"), POINTERS, UD_GP},
	{"loadiwkey", BYTES("\xF3\x0F\x38\xDC\xC1"), POINTERS, UD},
	{"seamcall", BYTES("\x66\x0F\x01\xCF"), POINTERS, UD_GP},
	{"tdcall", BYTES("\x66\x0F\x01\xCC"), POINTERS, UD_GP},
	{"seamret", BYTES("\x66\x0F\x01\xCD"), POINTERS, UD_GP},
	{"enqcmd", BYTES("\xF2\x0F\x38\xF8\x03"), POINTERS, UD_GP},
	{"enqcmds", BYTES("\xF3\x0F\x38\xF8\x03"), POINTERS, UD_GP},
	{"hreset", BYTES("\xF3\x0F\x3A\xF0\xC0\x00"), POINTERS, UD_GP},
	{"wrmsrns", BYTES("\x0F\x01\xC6"), POINTERS, UD_GP},
	{"rdmsrlist", BYTES("\xF2\x0F\x01\xC6"), POINTERS, UD_GP},
	{"eretu", BYTES("\xF3\x0F\x01\xCA"), POINTERS, UD_GP},
	{"senduipi", BYTES("\xF3\x0F\xC7\xF0"), POINTERS, UD_GP},
	{"xsetbv without OSXSAVE", BYTES("\x0F\x01\xD1"), POINTERS, UD},
	{"xgetbv without OSXSAVE", BYTES("\x0F\x01\xD0"), POINTERS, UD},
	{"rdpmc", BYTES("\x0F\x33"), POINTERS, GP},
	{"syscall without SCE", BYTES("\x0F\x05"), POINTERS, UD},
	{"into", BYTES("\xCE"), POINTERS, UD},
	{"lock nop", BYTES("\xF0\x90"), POINTERS, UD},
	{"lock cpuid", BYTES("\xF0\x0F\xA2"), POINTERS, UD},
	{"ud0", BYTES("\x0F\xFF\xC0"), POINTERS, UD},
	{"ud1", BYTES("\x0F\xB9\xC0"), POINTERS, UD},
	{"ud2", BYTES("\x0F\x0B"), POINTERS, UD},
};

/* What only CPL 0 may do. */
static const struct instruction privileged[] = {
	{"hlt", BYTES("\xF4"), POINTERS, GP},
	{"cli", BYTES("\xFA"), POINTERS, GP},
	{"sti", BYTES("\xFB"), POINTERS, GP},
	{"in", BYTES("\xE4\x64"), POINTERS, GP},
	{"out", BYTES("\xE6\x64"), POINTERS, GP},
	{"ins", BYTES("\x6C"), POINTERS, GP},
	{"outs", BYTES("\x6E"), POINTERS, GP},
	{"mov from cr0", BYTES("\x0F\x20\xC0"), POINTERS, GP},
	{"mov to cr0", BYTES("\x0F\x22\xC0"), POINTERS, GP},
	{"mov to cr3", BYTES("\x0F\x22\xD8"), POINTERS, GP},
	{"mov to cr4", BYTES("\x0F\x22\xE0"), POINTERS, GP},
	{"mov to cr8", BYTES("\x44\x0F\x22\xC0"), POINTERS, GP},
	{"mov to dr7", BYTES("\x0F\x23\xF8"), POINTERS, GP},
	{"lgdt", BYTES("\x0F\x01\x13"), POINTERS, GP},
	{"lidt", BYTES("\x0F\x01\x1B"), POINTERS, GP},
	{"lldt", BYTES("\x0F\x00\xD0"), POINTERS, GP},
	{"ltr", BYTES("\x0F\x00\xD8"), POINTERS, GP},
	{"lmsw", BYTES("\x0F\x01\xF0"), POINTERS, GP},
	{"clts", BYTES("\x0F\x06"), POINTERS, GP},
	{"invd", BYTES("\x0F\x08"), POINTERS, GP},
	{"wbinvd", BYTES("\x0F\x09"), POINTERS, GP},
	{"invlpg", BYTES("\x0F\x01\x3B"), POINTERS, GP},
	{"invpcid", BYTES("\x66\x0F\x38\x82\x03"), POINTERS, UD_GP},
	{"rdmsr", BYTES("\x0F\x32"), POINTERS, GP},
	{"wrmsr", BYTES("\x0F\x30"), POINTERS, GP},
	{"swapgs", BYTES("\x0F\x01\xF8"), POINTERS, GP},
	{"sysexit", BYTES("\x0F\x35"), POINTERS, GP},
	{"int 13", BYTES("\xCD\x0D"), POINTERS, GP},
};

void instructions_kernel(void)
{
	run_instructions(not_offered, sizeof(not_offered) / sizeof(not_offered[0]), false);
}

void instructions_user(void)
{
	static struct instruction at_user[sizeof(not_offered) / sizeof(not_offered[0])];

	for (size_t i = 0; i < sizeof(at_user) / sizeof(at_user[0]); i++) {
		at_user[i] = not_offered[i];
		at_user[i].expected = UD_GP;
	}
	run_instructions(at_user, sizeof(at_user) / sizeof(at_user[0]), true);
	run_instructions(privileged, sizeof(privileged) / sizeof(privileged[0]), true);
}

static int64_t hypercall_at(uint64_t number, bool user)
{
	struct registers registers = {
		.rax = number, .rbx = UINT64_MAX, .rcx = UINT64_MAX, .rdx = (uint64_t)scratch};
	uint32_t vector = run_bytes("\x0F\x01\xC1", 3, &registers, user);

	expect(vector == VECTOR_NONE, "VMCALL answered by vector", vector);
	return (int64_t)registers.rax;
}

void instructions_hypercalls(void)
{
	uint64_t number = 1;

	for (unsigned i = 0; i < 1000; i++) {
		number = number * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		expect(hypercall_at(number, false) == HYPERCALL_ERROR_NOSYS, "hypercall", number);
		expect(hypercall_at(number >> 56, false) == HYPERCALL_ERROR_NOSYS, "hypercall",
		       number >> 56);
	}
	expect(hypercall_at(HYPERCALL_EXIT_COUNT | UINT64_C(1) << 32, false) ==
		       HYPERCALL_ERROR_NOSYS,
	       "number with more than 32 bits", 0);
	expect(hypercall_at(HYPERCALL_EXIT_COUNT, false) > 0, "exit count", 0);
	expect(hypercall_at(HYPERCALL_EXIT_COUNT, true) == HYPERCALL_ERROR_PERM, "at CPL 3", 0);
	expect(hypercall_at(number, true) == HYPERCALL_ERROR_PERM, "at CPL 3", 0);
}

static const struct instruction caches[] = {
	{"wbinvd", BYTES("\x0F\x09"), POINTERS, RUNS},
	{"wbnoinvd", BYTES("\xF3\x0F\x09"), POINTERS, RUNS},
	{"invd", BYTES("\x0F\x08"), POINTERS, RUNS},
	{"clflush", BYTES("\x0F\xAE\x3B"), POINTERS, RUNS},
	{"clflushopt", BYTES("\x66\x0F\xAE\x3B"), POINTERS, RUNS | UD},
	{"invlpg", BYTES("\x0F\x01\x3B"), POINTERS, RUNS},
	{"mfence", BYTES("\x0F\xAE\xF0"), POINTERS, RUNS},
	{"pause", BYTES("\xF3\x90"), POINTERS, RUNS},
	{"prefetch", BYTES("\x0F\x18\x0B"), {.rbx = HOSTILE_VICTIM_HOST}, RUNS},
	{"prefetchw", BYTES("\x0F\x0D\x0B"), {.rbx = HOSTILE_VICTIM_HOST}, RUNS | UD},
	{"invlpg of another", BYTES("\x0F\x01\x3B"), {.rbx = HOSTILE_VICTIM_HOST}, RUNS},
	{"invpcid 0",
	 BYTES("\x66\x0F\x38\x82\x03"),
	 {.rax = 0, .rbx = (uint64_t)scratch},
	 RUNS | UD},
	{"invpcid 2",
	 BYTES("\x66\x0F\x38\x82\x03"),
	 {.rax = 2, .rbx = (uint64_t)scratch},
	 RUNS | UD},
	{"invpcid 3",
	 BYTES("\x66\x0F\x38\x82\x03"),
	 {.rax = 3, .rbx = (uint64_t)scratch},
	 RUNS | UD},
	{"invpcid 4", BYTES("\x66\x0F\x38\x82\x03"), {.rax = 4, .rbx = (uint64_t)scratch}, UD_GP},
};

void instructions_caches(void)
{
	for (size_t i = 0; i < PAGE_SIZE; i++)
		scratch[i] = 0;
	for (unsigned i = 0; i < 200; i++)
		run_instructions(caches, sizeof(caches) / sizeof(caches[0]), false);
}
