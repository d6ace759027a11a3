/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery of exceptions: gates, stacks, what meets what, the events that a VM exit may come between. */
#include "conform.h"

struct gate {
	uint16_t offset_low, selector;
	uint8_t stack, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

static struct gate *gate_of(unsigned vector)
{
	struct descriptor_pointer pointer;

	__asm__ volatile("sidt %0" : "=m"(pointer));
	return (struct gate *)pointer.base + vector;
}

static void see_caught(const char *name, uint32_t vector)
{
	observe(name, (uint64_t[]){vector, caught.frame.error, caught.frame.rflags & 0x10300}, 3);
}

/* clang-format off */
static const struct instruction raising[] = {
	{"ud", BYTES("\x0F\x0B"), {0}},
	{"gp-exiting", BYTES("\x0F\x22\xE0"), {.rax = 0x8020}},
	{"ud-exiting", BYTES("\x0F\x01\xC4"), {0}},
	{"int-n", BYTES("\xCD\x06"), {0}},
	{"int3", BYTES("\xCC"), {0}},
	{"page", BYTES("\x8B\x03"), {.rbx = (uint64_t)window}},
	{"page-write", BYTES("\x89\x03"), {.rbx = (uint64_t)window}},
};
/* clang-format on */

static void broken_gate(const char *title, unsigned vector, struct gate gate)
{
	struct gate old = *gate_of(vector);

	group(title);
	*gate_of(vector) = gate;
	for (size_t i = 0; i < sizeof(raising) / sizeof(raising[0]); i++) {
		struct registers r = raising[i].registers;

		see_caught(raising[i].name, run_code(raising[i].bytes, raising[i].size, &r, false));
	}
	*gate_of(vector) = old;
}

static void gates(void)
{
	static const uint8_t vectors[] = {VECTOR_UNDEFINED, VECTOR_PROTECTION, VECTOR_PAGE,
					  VECTOR_BREAKPOINT};
	static const char *const titles[][3] = {
		{"ud-gate-absent", "ud-gate-type", "ud-gate-selector"},
		{"gp-gate-absent", "gp-gate-type", "gp-gate-selector"},
		{"pf-gate-absent", "pf-gate-type", "pf-gate-selector"},
		{"bp-gate-absent", "bp-gate-type", "bp-gate-selector"},
	};
	uint64_t entry = *window_entry;

	*window_entry = 0;
	__asm__ volatile("invlpg %0" : : "m"(window));
	for (unsigned i = 0; i < sizeof(vectors); i++) {
		struct gate gate = *gate_of(vectors[i]);

		gate.type = 0x0E;
		broken_gate(titles[i][0], vectors[i], gate);
		gate.type = 0x85;
		broken_gate(titles[i][1], vectors[i], gate);
		gate.type = 0x8E;
		gate.selector = SELECTOR_DATA;
		broken_gate(titles[i][2], vectors[i], gate);
	}
	*window_entry = entry;
}

static void on_page(void *unused)
{
	(void)unused;
	*(volatile uint32_t *)window = 1;
}

/* A page fault while the stack is not mapped: #DF by its own stack. */
static void without_stack(void *unused)
{
	(void)unused;
	__asm__ volatile("movq %0, %%rsp; ud2" : : "r"((uint64_t)window + 64));
}

static void noncanonical_stack(void *unused)
{
	(void)unused;
	__asm__ volatile("movq %0, %%rsp; movl $0x8020, %%eax; movq %%rax, %%cr4"
			 :
			 : "r"(UINT64_C(1) << 50)
			 : "rax");
}

static void doubles(void)
{
	uint64_t entry = *window_entry;

	group("double");
	*window_entry = 0;
	__asm__ volatile("invlpg %0" : : "m"(window));
	observe_one("stack-not-mapped", probe(without_stack, NULL));
	observe_one("error", caught.frame.error);
	observe_one("cr2", caught.cr2 - (uint64_t)window);
	observe_one("page-fault", probe(on_page, NULL));
	*window_entry = entry;
	observe_one("stack-noncanonical", probe(noncanonical_stack, NULL));
}

/* clang-format off */
static const struct instruction flags[] = {
	{"popf-all", BYTES("\x6A\x02\x48\x81\x0C\x24\xD5\x0C\x24\x00\x9D\x9C\x58"), {0}},
	{"popf-nt", BYTES("\x68\x02\x40\x00\x00\x9D\x9C\x58\x6A\x02\x9D"), {0}},
	{"popf-rf", BYTES("\x68\x02\x00\x01\x00\x9D\x9C\x58"), {0}},
	{"popf-ac-id", BYTES("\x68\x02\x00\x24\x00\x9D\x9C\x58\x6A\x02\x9D"), {0}},
	{"iret-nt", BYTES("\x68\x02\x40\x00\x00\x9D\x48\xCF"), {0}},
	{"syscall-off", BYTES("\x0F\x05"), {0}},
	{"sysenter-off", BYTES("\x0F\x34"), {0}},
	{"sysexit-off", BYTES("\x0F\x35"), {0}},
	{"into-64", BYTES("\xCE"), {0}},
	{"bound-64", BYTES("\x62\x03"), {.rbx = (uint64_t)scratch}},
	{"pusha-64", BYTES("\x60"), {0}},
	{"jmp-far-null", BYTES("\xFF\x2B"), {.rbx = (uint64_t)scratch}},
	{"jmp-far-direct-64", BYTES("\xEA\x00\x00\x00\x00\x08\x00"), {0}},
};
/* clang-format on */

static void alignment(void)
{
	/* push flags with AC, then read across */
	static const struct instruction rows[] = {
		{"read",
		 BYTES("\x68\x02\x00\x04\x00\x9D\x8B\x03\x6A\x02\x9D"),
		 {.rbx = (uint64_t)scratch + 1}},
		{"aligned",
		 BYTES("\x68\x02\x00\x04\x00\x9D\x8B\x03\x6A\x02\x9D"),
		 {.rbx = (uint64_t)scratch + 4}},
		{"byte",
		 BYTES("\x68\x02\x00\x04\x00\x9D\x8A\x03\x6A\x02\x9D"),
		 {.rbx = (uint64_t)scratch + 1}},
	};
	/* string I/O, whose ports a task permits that has no bitmap and IOPL 3 */
	static const struct instruction strings[] = {
		{"outs",
		 BYTES("\x68\x02\x30\x04\x00\x9D\x6F\x6A\x02\x9D"),
		 {.rsi = (uint64_t)scratch + 1, .rdx = 0x1500}},
		{"ins",
		 BYTES("\x68\x02\x30\x04\x00\x9D\x6D\x6A\x02\x9D"),
		 {.rdi = (uint64_t)scratch + 1, .rdx = 0x1500}},
		{"insb",
		 BYTES("\x68\x02\x30\x04\x00\x9D\x6C\x6A\x02\x9D"),
		 {.rdi = (uint64_t)scratch + 1, .rdx = 0x1500}},
	};
	uint64_t cr0 = cr0_read();

	cr0_write(cr0 | 0x40000);
	group("alignment-user");
	RUN(rows, true);
	group("alignment-kernel");
	RUN(rows, false);
	RUN(strings, false);
	cr0_write(cr0);
}

void test_exceptions(void)
{
	gates();
	doubles();
	group("flags");
	RUN(flags, false);
	group("flags-user");
	RUN(flags, true);
	alignment();
}
