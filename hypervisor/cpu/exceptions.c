/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/exceptions.h"

#include "console/serve.h"
#include "cpu/cpu.h"
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

extern const uint64_t exception_stubs[EXCEPTION_COUNT];
extern const char cpu_sleep_window[], cpu_sleep_end[];

static struct gate idt[EXCEPTION_COUNT] SEALED_ZEROS;

#define VECTOR_COUNT           256
#define FIRST_INTERRUPT_VECTOR 16 /* an APIC refuses lower ones (SDM 3.11.5.2) */
static struct gate drain_idt[VECTOR_COUNT] SEALED_ZEROS;
extern const char interrupt_drop[]; /* exceptions.S */
/* For a core that waits with interrupts enabled (cpu/wait.c). */
static struct gate wait_idt[VECTOR_COUNT] SEALED_ZEROS;

/* Interrupt-stack-table numbers count from 1 (SDM 3.6.14.5). */
static const uint8_t gate_stacks[EXCEPTION_COUNT] = {
	[EXCEPTION_NMI] = STACK_NMI + 1,
	[EXCEPTION_DOUBLE_FAULT] = STACK_DOUBLE_FAULT + 1,
	[EXCEPTION_MACHINE_CHECK] = STACK_MACHINE_CHECK + 1,
	[EXCEPTION_PAGE_FAULT] = STACK_PAGE_FAULT + 1,
};

static struct gate gate_to(uint64_t stub, uint8_t stack)
{
	return (struct gate){
		.offset_low = (uint16_t)stub,
		.selector = SELECTOR_CODE,
		.stack = stack,
		.type = GATE_PRESENT_INTERRUPT,
		.offset_middle = (uint16_t)(stub >> 16),
		.offset_high = (uint32_t)(stub >> 32),
	};
}

void exceptions_init(void)
{
	for (unsigned vector = 0; vector < EXCEPTION_COUNT; vector++)
		idt[vector] = gate_to(exception_stubs[vector], gate_stacks[vector]);
	for (unsigned vector = 0; vector < FIRST_INTERRUPT_VECTOR; vector++)
		drain_idt[vector] = idt[vector];
	for (unsigned vector = FIRST_INTERRUPT_VECTOR; vector < VECTOR_COUNT; vector++)
		drain_idt[vector] = gate_to((uint64_t)interrupt_drop, 0);
	for (unsigned vector = 0; CONFIG_OPERATOR_CONSOLE && vector < VECTOR_COUNT; vector++)
		wait_idt[vector] = vector < EXCEPTION_COUNT ? idt[vector] : drain_idt[vector];
}

void exceptions_load(void)
{
	struct descriptor_pointer pointer = {.limit = sizeof(idt) - 1, .base = (uint64_t)idt};

	idt_load(&pointer);
}

void exceptions_load_drain(void)
{
	struct descriptor_pointer pointer = {.limit = sizeof(drain_idt) - 1,
					     .base = (uint64_t)drain_idt};

	idt_load(&pointer);
}

void exceptions_load_wait(void)
{
	struct descriptor_pointer pointer = {.limit = sizeof(wait_idt) - 1,
					     .base = (uint64_t)wait_idt};

	idt_load(&pointer);
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
	log_error("rax=0x%lx rcx=0x%lx rdx=0x%lx rbx=0x%lx", f->rax, f->rcx, f->rdx, f->rbx);
	log_error("rbp=0x%lx rsi=0x%lx rdi=0x%lx r8=0x%lx", f->rbp, f->rsi, f->rdi, f->r8);
	log_error("r9=0x%lx r10=0x%lx r11=0x%lx r12=0x%lx", f->r9, f->r10, f->r11, f->r12);
	log_error("r13=0x%lx r14=0x%lx r15=0x%lx", f->r13, f->r14, f->r15);
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
