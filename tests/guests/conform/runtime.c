/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor tables, page tables, exceptions and output of the conformance guest. */
#include "conform.h"

#define PAGE_PRESENT 0x01u
#define PAGE_WRITE   0x02u
#define PAGE_USER    0x04u
#define PAGE_LARGE   0x80u
#define PAGE_SIZE    4096u
#define LARGE_SIZE   0x200000u

#define EFER     0xC0000080u
#define EFER_NXE 0x800u

struct task_state {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, io_map;
} __attribute__((packed));

struct gate {
	uint16_t offset_low, selector;
	uint8_t stack, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

/* Offsets 0 and 8 are known to hostile/probe.S. */
static struct {
	void *self;
	uint64_t catch_rsp;
} core;

uint64_t gdt[16];
static struct gate idt[GUEST_VECTORS];
static struct task_state task;
static uint8_t stacks[3][4096] __attribute__((aligned(16)));
static uint64_t pml4[512] __attribute__((aligned(4096)));
static uint64_t pdpt[512] __attribute__((aligned(4096)));
static uint64_t directory[4][512] __attribute__((aligned(4096)));
static uint64_t table[512] __attribute__((aligned(4096)));
uint8_t scratch[8192] __attribute__((aligned(4096)));
uint8_t window[4096] __attribute__((aligned(4096)));
uint64_t *window_entry;
struct caught caught;

extern const char vector_entries[];
void call_with_registers(void *code_and_registers);
uint32_t event(struct frame *frame);

/* ap.S loads them on the second core. */
struct descriptor_pointer conform_gdt_pointer, conform_idt_pointer;

static handler *handlers[GUEST_VECTORS];
static const char *prefix = "";

void handler_set(unsigned vector, handler *function)
{
	handlers[vector] = function;
}

uint32_t event(struct frame *frame)
{
	if (handlers[frame->vector & 0xFF]) {
		handlers[frame->vector & 0xFF](frame);
		return 0;
	}
	caught.frame = *frame;
	caught.cr2 = cr2_read();
	caught.dr6 = dr6_read();
	if (core.catch_rsp)
		return 1;
	print_text("not ok unexpected exception ");
	print_unsigned(frame->vector);
	print_text(" at ");
	print_hexadecimal(frame->rip);
	print_text(" error ");
	print_hexadecimal(frame->error);
	print_text("\r\nconform: done\r\n");
	halt_forever();
}

static void name_begin(const char *kind, const char *name)
{
	print_text(kind);
	print_text(prefix);
	print_text("/");
	print_text(name);
}

void group(const char *name)
{
	prefix = name;
}

void verdict(const char *name, bool ok, uint64_t value)
{
	name_begin(ok ? "ok " : "not ok ", name);
	if (!ok) {
		print_text(" ");
		print_hexadecimal(value);
	}
	print_text("\r\n");
}

void observe(const char *name, const uint64_t *values, unsigned count)
{
	name_begin("see ", name);
	for (unsigned i = 0; i < count; i++) {
		print_text(" ");
		print_hexadecimal(values[i]);
	}
	print_text("\r\n");
}

void observe_one(const char *name, uint64_t value)
{
	observe(name, &value, 1);
}

static void gdt_setup(void)
{
	uint64_t base = (uint64_t)&task;

	conform_gdt_pointer = (struct descriptor_pointer){sizeof(gdt) - 1, (uint64_t)gdt};
	gdt[SELECTOR_CODE / 8] = 0x00AF9B000000FFFF;
	gdt[SELECTOR_DATA / 8] = 0x00CF93000000FFFF;
	gdt[SELECTOR_USER_DATA / 8] = 0x00CFF3000000FFFF;
	gdt[SELECTOR_USER_CODE / 8] = 0x00AFFB000000FFFF;
	gdt[SELECTOR_TASK / 8] = (sizeof(task) - 1) | (base & 0xFFFFFF) << 16 |
				 UINT64_C(0x89) << 40 | (base >> 24 & 0xFF) << 56;
	gdt[SELECTOR_TASK / 8 + 1] = base >> 32;
	task.rsp[0] = (uint64_t)stacks[0] + sizeof(stacks[0]);
	task.ist[0] = (uint64_t)stacks[1] + sizeof(stacks[1]);
	task.ist[1] = (uint64_t)stacks[2] + sizeof(stacks[2]);
	task.io_map = sizeof(task);
	__asm__ volatile("lgdt %0; ltr %w1; movw %w2, %%ss; movw %w2, %%ds; movw %w2, %%es"
			 :
			 : "m"(conform_gdt_pointer), "r"(SELECTOR_TASK), "r"(SELECTOR_DATA)
			 : "memory");
	__asm__ volatile("movw %w0, %%fs; movw %w0, %%gs" : : "r"(0));
	msr_write(MSR_GS_BASE, (uint64_t)&core);
}

static void idt_setup(void)
{
	conform_idt_pointer = (struct descriptor_pointer){sizeof(idt) - 1, (uint64_t)idt};
	for (unsigned i = 0; i < GUEST_VECTORS; i++) {
		uint64_t entry = (uint64_t)vector_entries + UINT64_C(16) * i;
		bool user = i == VECTOR_BREAKPOINT || i == VECTOR_OVERFLOW || i == 0x80;

		idt[i] = (struct gate){
			.offset_low = (uint16_t)entry,
			.selector = SELECTOR_CODE,
			.stack = i == VECTOR_DOUBLE ? 1
				 : i == VECTOR_NMI  ? 2
						    : 0,
			.type = user ? 0xEE : 0x8E,
			.offset_middle = (uint16_t)(entry >> 16),
			.offset_high = (uint32_t)(entry >> 32),
		};
	}
	__asm__ volatile("lidt %0" : : "m"(conform_idt_pointer) : "memory");
}

/* 4 GiB one to one, CPL 3 may do anything, `window` by an entry of its own. */
static void paging_setup(void)
{
	uint64_t base = (uint64_t)window & ~(uint64_t)(LARGE_SIZE - 1);

	pml4[0] = (uint64_t)pdpt | PAGE_PRESENT | PAGE_WRITE | PAGE_USER;
	for (unsigned i = 0; i < 4; i++) {
		pdpt[i] = (uint64_t)directory[i] | PAGE_PRESENT | PAGE_WRITE | PAGE_USER;
		for (unsigned j = 0; j < 512; j++)
			directory[i][j] = ((uint64_t)i << 30 | (uint64_t)j << 21) | PAGE_PRESENT |
					  PAGE_WRITE | PAGE_USER | PAGE_LARGE;
	}
	for (unsigned i = 0; i < 512; i++)
		table[i] = (base + (uint64_t)i * PAGE_SIZE) | PAGE_PRESENT | PAGE_WRITE | PAGE_USER;
	directory[0][base / LARGE_SIZE] = (uint64_t)table | PAGE_PRESENT | PAGE_WRITE | PAGE_USER;
	window_entry = &table[((uint64_t)window - base) / PAGE_SIZE];
	cr3_write((uint64_t)pml4);
}

struct code_call {
	uint64_t code;
	struct registers registers;
};

static void call_code(void *argument)
{
	call_with_registers(argument);
}

static uint8_t code_page[64] __attribute__((aligned(64)));

uint32_t run_code(const void *bytes, size_t size, struct registers *registers, bool user)
{
	static struct code_call call;
	uint32_t vector;

	for (size_t i = 0; i < sizeof(code_page); i++)
		code_page[i] = i < size ? ((const uint8_t *)bytes)[i] : 0xC3;
	call = (struct code_call){(uint64_t)code_page, *registers};
	vector = user ? probe_user(call_code, &call) : probe(call_code, &call);
	*registers = call.registers;
	caught.frame.vector = vector;
	return vector;
}

void run_instructions(const struct instruction *rows, size_t count, bool user)
{
	for (size_t i = 0; i < count; i++) {
		struct registers r = rows[i].registers;
		uint32_t vector = run_code(rows[i].bytes, rows[i].size, &r, user);
		uint64_t rip = caught.frame.rip - (uint64_t)code_page;

		if (vector == VECTOR_NONE)
			observe(rows[i].name, (uint64_t[]){vector, r.rax, r.rbx, r.rcx, r.rdx}, 5);
		else
			observe(rows[i].name,
				(uint64_t[]){vector, caught.frame.error, rip,
					     caught.frame.rflags & 0x10300},
				4);
	}
}

_Noreturn void guest_main(uint32_t index, uint32_t count)
{
	(void)index;
	(void)count;
	console_open();
	cr0_write(cr0_read() | 0x20); /* the two ways to boot differ in CR0.NE */
	port_write(0x21, 0xFF); /* the bare machine's interrupt controllers stay out of this */
	port_write(0xA1, 0xFF);
	core.self = &core;
	gdt_setup();
	idt_setup();
	paging_setup();
	msr_write(EFER, msr_read(EFER) | EFER_NXE);
	print_text("conform: start\r\n");
	test_instructions();
	test_registers();
	test_msrs();
	test_exceptions();
	test_debug();
	test_paging();
	test_ports();
	test_time();
	test_vectors();
	test_xsave();
	test_apic();
	test_windows();
	test_compat();
	test_smp();
	test_apic_off();
	print_text("conform: done\r\n");
	halt_forever();
}
