/* SPDX-License-Identifier: Apache-2.0 */
#include "conform32.h"

struct frame caught_frame;
uint32_t caught_cr2, caught_dr6;
struct registers code_registers;
uint8_t code_page[64] __attribute__((aligned(64)));
struct gate idt[256];
uint64_t gdt[GDT_ENTRIES];
struct task_state main_task;
uint8_t scratch[4096] __attribute__((aligned(4096)));
static uint8_t stack0[4096] __attribute__((aligned(16)));

extern const char vector_entries[];
extern uint32_t catch_esp;
void event(const struct frame *frame);
void main32(void);

static const char *prefix = "";

void *memset(void *target, int byte, size_t size);

/* Compilers call it to clear structures. */
void *memset(void *target, int byte, size_t size)
{
	void *at = target;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(byte) : "memory");
	return target;
}

static void put(char c)
{
	__asm__ volatile("outb %0, $0xE9" : : "a"(c));
}

static void print(const char *text)
{
	while (*text)
		put(*text++);
}

static void print_hexadecimal(uint32_t value)
{
	print(" 0x");
	for (int shift = 28; shift >= 0; shift -= 4)
		if (value >> shift || shift == 0)
			put("0123456789abcdef"[value >> shift & 15]);
}

void group(const char *name)
{
	prefix = name;
}

void observe(const char *name, const uint32_t *values, unsigned count)
{
	print("see ");
	print(prefix);
	print("/");
	print(name);
	for (unsigned i = 0; i < count; i++)
		print_hexadecimal(values[i]);
	print("\r\n");
}

void event(const struct frame *frame)
{
	caught_frame = *frame;
	__asm__ volatile("movl %%cr2, %0" : "=r"(caught_cr2));
	__asm__ volatile("movl %%dr6, %0" : "=r"(caught_dr6));
	if (catch_esp)
		return;
	print("not ok unexpected exception");
	print_hexadecimal(frame->vector);
	print_hexadecimal(frame->error);
	print_hexadecimal(frame->eip);
	print("\r\nconform32: done\r\n");
	for (;;)
		__asm__ volatile("cli; hlt");
}

void run_instructions(const struct instruction *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t vector;

		for (size_t j = 0; j < sizeof(code_page); j++)
			code_page[j] = j < rows[i].size ? (uint8_t)rows[i].bytes[j] : 0xC3;
		code_registers = rows[i].registers;
		vector = probe(call_code);
		if (vector == VECTOR_NONE)
			observe(rows[i].name,
				(uint32_t[]){vector, code_registers.eax, code_registers.ebx,
					     code_registers.ecx, code_registers.edx,
					     code_registers.esi, code_registers.edi},
				7);
		else
			observe(rows[i].name,
				(uint32_t[]){vector, caught_frame.error,
					     caught_frame.eip - (uint32_t)code_page,
					     caught_frame.eflags & 0x14300},
				4);
	}
}

/* `rights` as in bits 23:8 of the second word: type to P in 7:0, AVL to G in 15:12. */
uint64_t descriptor(uint32_t base, uint32_t limit, uint32_t rights)
{
	return (limit & 0xFFFF) | (uint64_t)(base & 0xFFFFFF) << 16 |
	       (uint64_t)(rights & 0xF0FF) << 40 | (uint64_t)(limit >> 16 & 0xF) << 48 |
	       (uint64_t)(base >> 24) << 56;
}

static void tables(void)
{
	struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) gdtr = {sizeof(gdt) - 1, (uint32_t)gdt},
				  idtr = {sizeof(idt) - 1, (uint32_t)idt};

	gdt[SELECTOR_CODE / 8] = descriptor(0, 0xFFFFF, 0xC09B);
	gdt[SELECTOR_DATA / 8] = descriptor(0, 0xFFFFF, 0xC093);
	gdt[SELECTOR_SMALL / 8] = descriptor((uint32_t)scratch, 0xFFF, 0x4093);
	gdt[SELECTOR_DOWN / 8] = descriptor((uint32_t)scratch - 0x8000, 0x7FFF, 0x0097);
	gdt[SELECTOR_MAIN / 8] = descriptor((uint32_t)&main_task, sizeof(main_task) - 1, 0x0089);
	gdt[SELECTOR_ABSENT / 8] = descriptor(0, 0xFFFFF, 0xC013);
	gdt[SELECTOR_READ / 8] = descriptor(0, 0xFFFFF, 0xC091);
	gdt[SELECTOR_CODE16 / 8] = descriptor(0x7000, 0xFFFF, 0x009B);
	main_task.stacks[0] = (uint32_t)stack0 + sizeof(stack0);
	main_task.stacks[1] = SELECTOR_DATA;
	main_task.io_map = offsetof(struct task_state, ports);
	for (unsigned i = 0; i < sizeof(main_task.ports); i++)
		main_task.ports[i] = i == 0x1500 / 8 ? 0 : 0xFF;
	for (unsigned i = 0; i < 256; i++) {
		uint32_t entry = (uint32_t)vector_entries + i * 16;

		idt[i] = (struct gate){(uint16_t)entry, SELECTOR_CODE, 0x8E00,
				       (uint16_t)(entry >> 16)};
	}
	__asm__ volatile("lgdt %0; lidt %1; ljmp $0x08, $1f; 1:" : : "m"(gdtr), "m"(idtr));
	__asm__ volatile("movl %0, %%ss; movl %0, %%ds; movl %0, %%es; movl %0, %%fs; "
			 "movl %0, %%gs; ltrw %w1"
			 :
			 : "r"(SELECTOR_DATA), "r"(SELECTOR_MAIN)
			 : "memory");
}

void main32(void)
{
	tables();
	__asm__ volatile("outb %0, $0x21; outb %0, $0xA1" : : "a"((uint8_t)0xFF));
	__asm__ volatile("movl %%cr0, %%eax; andl $0x9FFFFFF1, %%eax; orl $0x20, %%eax; "
			 "movl %%eax, %%cr0"
			 :
			 :
			 : "eax");
	print("conform32: start\r\n");
	test_segments();
	test_apic_page();
	test_tasks();
	test_virtual();
	test_real();
	test_paging32();
	print("conform32: done\r\n");
	for (;;)
		__asm__ volatile("cli; hlt");
}
