/* SPDX-License-Identifier: Apache-2.0 */
/* System calls of both kinds, and instructions that exit in 32-bit code of long mode. */
#include "conform.h"

#define SELECTOR_COMPAT 0x50
#define PORT            0x1500
#define IOAPIC          0xFEC00000u
#define STAR            0xC0000081u
#define LSTAR           0xC0000082u
#define SYSCALL_MASK    0xC0000084u
#define EFER            0xC0000080u

extern const char syscall_entry[], syscall_entry_kernel[], syscall_entry_bad[], sysenter_entry[];
extern const char compat_return[];
void call_compat(void *code_and_registers);

static uint8_t code[64] __attribute__((aligned(64)));
static uint8_t stack[1024] __attribute__((aligned(16)));
static struct {
	uint64_t code;
	struct registers registers;
} call;

/* clang-format off */
static const struct instruction compat[] = {
	{"cpuid", BYTES("\x0F\xA2"), {0}},
	{"cpuid-syscall-bit", BYTES("\x0F\xA2\x81\xE2\x00\x08\x00\x00"), {.rax = 0x80000001}},
	{"in-al", BYTES("\xEC"), {.rax = 0x12345678, .rdx = PORT}},
	{"in-eax", BYTES("\xED"), {.rax = 0x12345678, .rdx = PORT}},
	{"insb", BYTES("\x6C\x8A\x07"), {.rdi = (uint64_t)scratch, .rdx = PORT}},
	{"rep-insd", BYTES("\xF3\x6D"), {.rdi = (uint64_t)scratch, .rdx = PORT, .rcx = 5}},
	{"addr16-insb", BYTES("\x67\x6C"), {.rdi = 0x5000, .rdx = PORT}},
	{"rep-outsb", BYTES("\xF3\x6E"), {.rsi = (uint64_t)scratch, .rdx = PORT, .rcx = 3}},
	{"ins-not-mapped", BYTES("\x6C"), {.rdi = (uint64_t)window, .rdx = PORT}},
	{"rdmsr", BYTES("\x0F\x32"), {.rcx = 0xC0000080}},
	{"wrmsr-gp", BYTES("\x0F\x30"), {.rcx = 0x1B, .rax = 1}},
	{"device-read", BYTES("\x8B\x03"), {.rbx = IOAPIC}},
	{"device-write", BYTES("\xC7\x03\x11\x00\x00\x00\x8B\x0B"), {.rbx = IOAPIC}},
	{"device-absolute", BYTES("\xA1\x00\x00\xC0\xFE"), {0}},
	{"device-movs", BYTES("\xA5"), {.rsi = IOAPIC, .rdi = (uint64_t)scratch}},
	{"device-push", BYTES("\xFF\x33\x59"), {.rbx = IOAPIC}},
	{"device-inc", BYTES("\xFF\x03\x8B\x0B"), {.rbx = IOAPIC}},
	{"wbinvd", BYTES("\x0F\x09"), {0}},
	{"cr4-gp", BYTES("\x0F\x22\xE0"), {.rax = 0x8020}},
	{"cr0-same", BYTES("\x0F\x20\xC0\x0F\x22\xC0"), {0}},
	{"vmxoff", BYTES("\x0F\x01\xC4"), {0}},
	{"inc-not-rex", BYTES("\x40\x48\x0F\xA2"), {0}},
	{"syscall", BYTES("\x0F\x05"), {0}},
	{"pusha", BYTES("\x60\x61"), {0}},
};

static const struct instruction user_calls[] = {
	{"syscall", BYTES("\x0F\x05"), {0}},
	{"syscall-r11", BYTES("\x0F\x05\x4C\x89\xD8\x48\x89\xCB"), {0}},
	{"sysenter", BYTES("\x48\x89\xE1\x48\x8D\x15\x02\x00\x00\x00\x0F\x34"), {0}},
	{"sysret-user", BYTES("\x48\x0F\x07"), {0}},
	{"sysexit-user", BYTES("\x48\x0F\x35"), {0}},
};
static const struct instruction kernel_calls[] = {
	{"syscall", BYTES("\x0F\x05"), {0}},
};
static const struct instruction bad_calls[] = {
	{"sysret-noncanonical", BYTES("\x0F\x05"), {0}},
};
static const struct instruction no_sysenter[] = {
	{"sysenter-null", BYTES("\x0F\x34"), {0}},
	{"sysexit-null", BYTES("\x48\x0F\x35"), {0}},
};
/* clang-format on */

static void call_code(void *argument)
{
	call_compat(argument);
}

static void run_compat(const struct instruction *row)
{
	uint64_t back = (uint64_t)compat_return, rip;
	uint32_t vector;
	size_t at = 0;

	for (; at < row->size; at++)
		code[at] = (uint8_t)row->bytes[at];
	code[at++] = 0xEA; /* far jump */
	for (unsigned i = 0; i < 4; i++)
		code[at++] = (uint8_t)(back >> 8 * i);
	code[at++] = SELECTOR_CODE;
	code[at] = 0;
	call.code = (uint64_t)code;
	call.registers = row->registers;
	vector = probe(call_code, &call);
	rip = caught.frame.rip - (uint64_t)code;
	if (vector == VECTOR_NONE)
		observe(row->name,
			(uint64_t[]){vector, call.registers.rax, call.registers.rbx,
				     call.registers.rcx, call.registers.rdx, call.registers.rsi,
				     call.registers.rdi},
			7);
	else
		observe(row->name,
			(uint64_t[]){vector, caught.frame.error, rip, caught.frame.cs,
				     caught.frame.rflags & 0x10300},
			5);
}

static void system_calls(void)
{
	msr_write(EFER, msr_read(EFER) | 1);
	msr_write(STAR, UINT64_C(0x13) << 48 | UINT64_C(SELECTOR_CODE) << 32);
	msr_write(LSTAR, (uint64_t)syscall_entry);
	msr_write(SYSCALL_MASK, 0x47700);
	msr_write(0x174, SELECTOR_CODE);
	msr_write(0x175, (uint64_t)stack + sizeof(stack));
	msr_write(0x176, (uint64_t)sysenter_entry);
	group("system-calls");
	RUN(user_calls, true);
	msr_write(LSTAR, (uint64_t)syscall_entry_kernel);
	group("system-calls-kernel");
	RUN(kernel_calls, false);
	msr_write(LSTAR, (uint64_t)syscall_entry_bad);
	RUN(bad_calls, false);
	msr_write(0x174, 0);
	RUN(no_sysenter, false);
	msr_write(EFER, msr_read(EFER) & ~UINT64_C(1));
}

void test_compat(void)
{
	uint64_t entry = *window_entry;

	gdt[SELECTOR_COMPAT / 8] = 0x00CF9B000000FFFF;
	*window_entry = 0;
	cr3_write(cr3_read());
	group("compat");
	for (size_t i = 0; i < sizeof(compat) / sizeof(compat[0]); i++)
		run_compat(&compat[i]);
	*window_entry = entry;
	cr3_write(cr3_read());
	system_calls();
}
