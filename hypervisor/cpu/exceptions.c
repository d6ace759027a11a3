/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/exceptions.h"

#include "console/serve.h"
#include "cpu/cpu.h"
#include "cpu/exception_stub.h"
#include "cpu/fault.h"
#include "cpu/privileged.h"
#include "cpu/registers.h"
#include "lib/log.h"
#include "lib/section.h"
#include "vm/contain.h"
#include "vm/inject.h"
#include "vm/machine_check.h"
#include "vm/vcpu.h"

/* Interrupt gate in 64-bit mode (SDM 3.6.14.1). */
struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t stack; /* interrupt-stack-table index, 0: none */
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};
_Static_assert(sizeof(struct gate) == 16, "SDM 3.6.14.1, figure 6-8");

#define GATE_PRESENT_INTERRUPT 0x8E

extern const char exception_stubs[EXCEPTION_COUNT][EXCEPTION_STUB_SIZE]; /* exceptions.S */
extern const char interrupt_drop[];                                      /* the same */
extern const char cpu_sleep_window[], cpu_sleep_end[];

static struct gate idt[EXCEPTION_COUNT] SEALED_ZEROS;

#define VECTOR_COUNT           256
#define FIRST_INTERRUPT_VECTOR 16 /* an APIC refuses lower ones (SDM 3.11.5.2) */
static struct gate drain_idt[VECTOR_COUNT] SEALED_ZEROS;
/* For a core that waits with interrupts enabled (cpu/wait.c). */
static struct gate wait_idt[VECTOR_COUNT] SEALED_ZEROS;

/* Interrupt-stack-table numbers count from 1 (SDM 3.6.14.5). */
static const uint8_t gate_stacks[EXCEPTION_COUNT] = {
	[EXCEPTION_NMI] = STACK_NMI + 1,
	[EXCEPTION_DOUBLE_FAULT] = STACK_DOUBLE_FAULT + 1,
	[EXCEPTION_MACHINE_CHECK] = STACK_MACHINE_CHECK + 1,
	[EXCEPTION_PAGE_FAULT] = STACK_PAGE_FAULT + 1,
};

static void gate_set(struct gate *gate, const char *stub, uint8_t stack)
{
	uint64_t address = (uint64_t)stub;

	gate->offset_low = (uint16_t)address;
	gate->selector = SELECTOR_CODE;
	gate->stack = stack;
	gate->type = GATE_PRESENT_INTERRUPT;
	gate->offset_middle = (uint16_t)(address >> 16);
	gate->offset_high = (uint32_t)(address >> 32);
}

/* The first `exceptions` vectors are exceptions, those behind are interrupts that nobody wants. */
static void table_init(struct gate *table, unsigned count, unsigned exceptions)
{
	for (unsigned vector = 0; vector < count; vector++) {
		bool drops = vector >= exceptions;

		gate_set(&table[vector], drops ? interrupt_drop : exception_stubs[vector],
			 drops ? 0 : gate_stacks[vector]);
	}
}

void exceptions_init(void)
{
	table_init(idt, EXCEPTION_COUNT, EXCEPTION_COUNT);
	table_init(drain_idt, VECTOR_COUNT, FIRST_INTERRUPT_VECTOR);
	if (CONFIG_OPERATOR_CONSOLE)
		table_init(wait_idt, VECTOR_COUNT, EXCEPTION_COUNT);
}

static void table_load(const struct gate *table, unsigned count)
{
	struct descriptor_pointer pointer = {
		.limit = (uint16_t)(count * sizeof(*table) - 1),
		.base = (uint64_t)table,
	};

	idt_load(&pointer);
}

void exceptions_load(void)
{
	table_load(idt, EXCEPTION_COUNT);
}

void exceptions_load_drain(void)
{
	table_load(drain_idt, VECTOR_COUNT);
}

void exceptions_load_wait(void)
{
	table_load(wait_idt, VECTOR_COUNT);
}

uint64_t exceptions_table(void)
{
	return (uint64_t)idt;
}

/*
 * A kick that arrives while this core is in the hypervisor. The sender has posted its request before
 * the NMI, but the exit path may have looked already, so the next VM entry must exit at once.
 */
static void nmi_in_hypervisor(struct exception_frame *frame)
{
	struct cpu *cpu = this_cpu();

	if (CONFIG_FAULT_INJECTION)
		inject_at(FAULT_NMI);
	cpu->alarms++;
	if (cpu->vmcs_current)
		vcpu_exit_soon();
	if (frame->rip >= (uint64_t)cpu_sleep_window && frame->rip < (uint64_t)cpu_sleep_end)
		frame->rip = (uint64_t)cpu_sleep_end;
}

static void frame_log(const struct exception_frame *f)
{
	log_error("%s in the hypervisor, error code 0x%lx, address 0x%lx",
		  exception_name(f->vector), f->error, cr2_read());
	if (f->vector == EXCEPTION_PAGE_FAULT)
		fault_log(cr2_read(), f->error);
	log_error("rip=0x%lx rsp=0x%lx rflags=0x%lx cs=0x%lx", f->rip, f->rsp, f->rflags, f->cs);
	registers_log(&f->general);
}

/* Where the core's VM, whose the error may be, is mapped. */
static void machine_check_here(struct exception_frame *frame)
{
	bool served = CONFIG_OPERATOR_CONSOLE && console_is_served_here();

	if (served)
		console_space(false);
	machine_check_in_hypervisor(frame);
	if (served)
		console_space(true);
}

void exception_dispatch(struct exception_frame *frame)
{
	if (frame->vector == EXCEPTION_NMI) {
		nmi_in_hypervisor(frame);
		return;
	}
	if (frame->vector == EXCEPTION_MACHINE_CHECK) {
		machine_check_here(frame);
		return;
	}
	if (CONFIG_OPERATOR_CONSOLE && console_is_served_here()) {
		frame_log(frame);
		console_recover();
	}
	contain_begin();
	frame_log(frame);
	contain_end(exception_name(frame->vector), (const void *)frame->rsp);
}
