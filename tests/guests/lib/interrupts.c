/* SPDX-License-Identifier: Apache-2.0 */
/* One interrupt descriptor table per core, so that cores may start in any order. */
#include "guest.h"

#define EXCEPTION_VECTORS   32
#define EXCEPTION_STUB_SIZE 16
#define SPURIOUS_VECTOR     0xFF
#define CODE_SELECTOR       0x08
#define INTERRUPT_GATE      0x8E /* present, DPL 0, interrupts off in the handler (SDM 3.6.14.1) */

_Static_assert(GUEST_TICK_VECTOR == 0x40, "vectors.S");

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t stack_table;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};
_Static_assert(sizeof(struct gate) == 16, "SDM 3.6.14.1");

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

struct exception_frame {
	uint64_t vector;
	uint64_t error_code;
	uint64_t rip, cs, rflags, rsp, ss;
};

extern const char tick_entry[], spurious_entry[], exception_entries[];

static struct gate tables[GUEST_MAX_CORES][GUEST_VECTORS];

static void gate_set(struct gate *gate, const char *handler)
{
	uint64_t offset = (uint64_t)handler;

	*gate = (struct gate){
		.offset_low = (uint16_t)offset,
		.selector = CODE_SELECTOR,
		.type = INTERRUPT_GATE,
		.offset_middle = (uint16_t)(offset >> 16),
		.offset_high = (uint32_t)(offset >> 32),
	};
}

void interrupts_setup(const struct core *core)
{
	struct gate *table = tables[core->index];
	struct table_pointer pointer = {sizeof(tables[0]) - 1, (uint64_t)table};

	for (size_t vector = 0; vector < EXCEPTION_VECTORS; vector++)
		gate_set(&table[vector], exception_entries + vector * EXCEPTION_STUB_SIZE);
	gate_set(&table[GUEST_TICK_VECTOR], tick_entry);
	gate_set(&table[SPURIOUS_VECTOR], spurious_entry);
	__asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

_Noreturn void exception_report(const struct exception_frame *frame, uint64_t cr2);

/* Any core may get here, and print into another's line: better than saying nothing. */
_Noreturn void exception_report(const struct exception_frame *frame, uint64_t cr2)
{
	print_text("\r\n");
	print_text(program.name);
	print_text(": exception ");
	print_unsigned(frame->vector);
	print_text(" error=");
	print_hexadecimal(frame->error_code);
	print_text(" rip=");
	print_hexadecimal(frame->rip);
	print_text(" cr2=");
	print_hexadecimal(cr2);
	print_text("\r\n");
	halt_forever();
}
