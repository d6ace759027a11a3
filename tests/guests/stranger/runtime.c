/* SPDX-License-Identifier: Apache-2.0 */
/* Output and exceptions of the stranger. */
#include "stranger.h"

struct gate {
	uint16_t offset_low, selector;
	uint8_t stack, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

#define PATIENCE 3000000u

extern const char vector_entries[];
uint32_t event(struct frame *frame);

/* hostile/probe.S keeps its state there; no core of this program probes. */
static uint64_t no_probe[2];
static struct gate idt[GUEST_VECTORS];
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
	print_text("not ok unexpected exception ");
	print_unsigned(frame->vector);
	print_text(" at ");
	print_hexadecimal(frame->rip);
	print_text(" error ");
	print_hexadecimal(frame->error);
	print_text("\r\nstranger: done\r\n");
	for (;;)
		__asm__ volatile("cli; hlt");
}

void group(const char *name)
{
	prefix = name;
}

static void line(const char *kind, const char *name)
{
	print_text(kind);
	print_text(prefix);
	print_text("/");
	print_text(name);
}

void verdict(const char *name, bool ok, uint64_t value)
{
	line(ok ? "ok " : "not ok ", name);
	if (!ok) {
		print_text(" ");
		print_hexadecimal(value);
	}
	print_text("\r\n");
}

void observe(const char *name, uint64_t value)
{
	line("see ", name);
	print_text(" ");
	print_hexadecimal(value);
	print_text("\r\n");
}

bool wait_for(const volatile uint32_t *what, uint32_t value)
{
	for (unsigned i = 0; i < PATIENCE; i++) {
		if (*what == value)
			return true;
		__asm__ volatile("pause");
	}
	return false;
}

void spin(unsigned turns)
{
	for (unsigned i = 0; i < turns; i++)
		__asm__ volatile("pause");
}

static void idt_setup(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = {sizeof(idt) - 1, (uint64_t)idt};

	for (unsigned i = 0; i < GUEST_VECTORS; i++) {
		uint64_t entry = (uint64_t)vector_entries + UINT64_C(16) * i;

		idt[i] = (struct gate){
			.offset_low = (uint16_t)entry,
			.selector = 0x08,
			.type = 0x8E,
			.offset_middle = (uint16_t)(entry >> 16),
			.offset_high = (uint32_t)(entry >> 32),
		};
	}
	__asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

_Noreturn void stranger_main(uint32_t number)
{
	if (number == 0)
		console_open();
	idt_setup();
	msr_write(MSR_GS_BASE, (uint64_t)no_probe);
	if (number != 0)
		core_main(number);
	print_text("stranger: start\r\n");
	test_machine();
	test_tables();
	test_legacy();
	test_cores();
	print_text("stranger: done\r\n");
	/* ends QEMU, if this were one */
	__asm__ volatile("outl %0, $0xF4" : : "a"(0));
	for (;;)
		__asm__ volatile("cli; hlt");
}
