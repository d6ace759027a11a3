/* SPDX-License-Identifier: Apache-2.0 */
/* One interrupt descriptor table for all cores; the local APIC in x2APIC mode, its timer by deadline. */
#include "bench.h"
#include "guest.h"

#define EXCEPTION_COUNT     32
#define EXCEPTION_STUB_SIZE 16
#define EXCEPTION_PAGE      14
#define CODE_SELECTOR       0x08
#define INTERRUPT_GATE      0x8E
#define APIC_BASE_X2APIC    0xC00u /* enabled, x2APIC mode */
#define SVR_ENABLE          0x100u
#define LVT_DEADLINE        (2u << 17)

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

extern const char ipi_entry[], timer_entry[], wake_entry[], spurious_entry[], exception_entries[];

static struct gate table[256];

static void gate_set(uint8_t vector, const char *handler)
{
	uint64_t offset = (uint64_t)handler;

	table[vector] = (struct gate){
		.offset_low = (uint16_t)offset,
		.selector = CODE_SELECTOR,
		.type = INTERRUPT_GATE,
		.offset_middle = (uint16_t)(offset >> 16),
		.offset_high = (uint32_t)(offset >> 32),
	};
}

void page_fault_handler_set(const char *handler)
{
	gate_set(EXCEPTION_PAGE, handler);
}

static void table_fill(void)
{
	for (uint8_t i = 0; i < EXCEPTION_COUNT; i++)
		gate_set(i, exception_entries + i * EXCEPTION_STUB_SIZE);
	gate_set(VECTOR_IPI, ipi_entry);
	gate_set(VECTOR_TIMER, timer_entry);
	gate_set(VECTOR_WAKE, wake_entry);
	gate_set(VECTOR_SPURIOUS, spurious_entry);
}

void apic_setup(void)
{
	struct table_pointer pointer = {sizeof(table) - 1, (uint64_t)table};

	table_fill(); /* by every core: the same again */
	__asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
	port_write(PIC_MASK_MASTER, 0xFF);
	port_write(PIC_MASK_SLAVE, 0xFF);
	msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) | APIC_BASE_X2APIC);
	msr_write(MSR_X2APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
}

void timer_arm(uint64_t deadline, uint8_t vector)
{
	msr_write(MSR_X2APIC_LVT_TIMER, LVT_DEADLINE | vector);
	msr_write(MSR_TSC_DEADLINE, deadline);
}

_Noreturn void exception_report(uint64_t vector, const uint64_t *stack);

_Noreturn void exception_report(uint64_t vector, const uint64_t *stack)
{
	print_text("\r\nbench: exception ");
	print_unsigned(vector);
	for (unsigned i = 0; i < 4; i++) {
		print_text(" ");
		print_hexadecimal(stack[i]);
	}
	print_text("\r\n");
	halt_forever();
}
