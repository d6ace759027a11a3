/* SPDX-License-Identifier: Apache-2.0 */
/* Hardware task switches: by JMP, CALL, IRET, task gates and exceptions, and all that can go wrong. */
#include "conform32.h"

struct task_state16 {
	uint16_t link, stacks[6], ip, flags;
	uint16_t ax, cx, dx, bx, sp, bp, si, di;
	uint16_t es, cs, ss, ds, ldt;
} __attribute__((packed));

extern const char task_entry[];
uint32_t task_count, task_flags, task_cr0, task_esp, task_error, task_takes_error, task_resume,
	task_jumps;
uint16_t task_tr;

static struct task_state task;
static struct task_state16 task16;
static uint8_t stack[4096] __attribute__((aligned(16)));
static uint64_t ldt[4];

static void prepare(void)
{
	gdt[SELECTOR_MAIN / 8] |= UINT64_C(2) << 40; /* busy, as LTR made it */
	gdt[SELECTOR_TASK / 8] = descriptor((uint32_t)&task, 0x67, 0x0089);
	gdt[SELECTOR_TASK16 / 8] = descriptor((uint32_t)&task16, 0x2B, 0x0081);
	gdt[SELECTOR_GATE / 8] = (uint64_t)SELECTOR_TASK << 16 | UINT64_C(0x8500) << 32;
	gdt[SELECTOR_LDT / 8] = descriptor((uint32_t)ldt, sizeof(ldt) - 1, 0x0082);
	task = (struct task_state){.eip = (uint32_t)task_entry,
				   .eflags = 2,
				   .ecx = 0x11111111,
				   .esp = (uint32_t)stack + sizeof(stack),
				   .es = SELECTOR_DATA,
				   .cs = SELECTOR_CODE,
				   .ss = SELECTOR_DATA,
				   .ds = SELECTOR_DATA,
				   .fs = SELECTOR_DATA,
				   .gs = SELECTOR_DATA,
				   .io_map = 0x68};
	__asm__ volatile("movl %%cr3, %0" : "=r"(task.cr3));
	main_task.cr3 = task.cr3;
	main_task.link = 0;
	task_count = task_flags = task_cr0 = task_esp = task_error = 0;
	task_takes_error = task_resume = task_jumps = 0;
	task_tr = 0;
	__asm__ volatile("clts");
}

static uint32_t type_of(unsigned selector)
{
	return (uint32_t)(gdt[selector / 8] >> 40) & 0x1F;
}

/* How the switch went, seen from both sides. */
static void see(const char *name, uint32_t vector)
{
	uint32_t flags, cr0;
	uint16_t tr;

	__asm__ volatile("pushfl; popl %0; strw %1; movl %%cr0, %2"
			 : "=r"(flags), "=m"(tr), "=r"(cr0));
	observe(name,
		(uint32_t[]){vector, vector == VECTOR_NONE ? 0 : caught_frame.error, task_count,
			     task_flags & 0x4000, task_tr, task_cr0 & 8, task.link & 0xFFFF,
			     flags & 0x4000, tr, cr0 & 8, type_of(SELECTOR_MAIN),
			     type_of(SELECTOR_TASK), (uint32_t)stack + sizeof(stack) - task_esp,
			     task_error},
		14);
}

/* Whatever the failed switch left: back to the main task's registers. */
static void restore(void)
{
	gdt[SELECTOR_MAIN / 8] = descriptor((uint32_t)&main_task, sizeof(main_task) - 1, 0x0089);
	__asm__ volatile("ltrw %w0; lldt %w1; pushl $2; popfl; clts"
			 :
			 : "r"(SELECTOR_MAIN), "r"(0));
	__asm__ volatile("movl %0, %%ds; movl %0, %%es; movl %0, %%fs; movl %0, %%gs"
			 :
			 : "r"(SELECTOR_DATA));
}

static void by_call(void)
{
	__asm__ volatile("lcall %0, $0" : : "i"(SELECTOR_TASK) : "memory", "eax", "ecx", "edx");
}

static void by_call_twice(void)
{
	by_call();
	by_call();
}

static void by_gate(void)
{
	__asm__ volatile("lcall %0, $0" : : "i"(SELECTOR_GATE) : "memory", "eax", "ecx", "edx");
}

static void by_jump(void)
{
	task_jumps = 1;
	__asm__ volatile("ljmp %0, $0" : : "i"(SELECTOR_TASK) : "memory", "eax", "ecx", "edx");
}

static void by_interrupt(void)
{
	__asm__ volatile("int %0" : : "i"(VECTOR_TASK) : "memory", "eax", "ecx", "edx");
}

static void to_itself(void)
{
	__asm__ volatile("lcall %0, $0" : : "i"(SELECTOR_MAIN) : "memory");
}

static void to_16(void)
{
	__asm__ volatile("lcall %0, $0" : : "i"(SELECTOR_TASK16) : "memory", "eax", "ecx", "edx");
}

/* Instructions whose exceptions go through a task gate; the second task sends us behind them. */
static void undefined(void)
{
	task_resume = (uint32_t) && behind;
	__asm__ goto volatile("ud2" : : : "memory", "eax", "ecx", "edx" : behind);
/* cppcheck-suppress unusedLabel; the assembly jumps there */
behind:
	return;
}

static void protection(void)
{
	task_resume = (uint32_t) && behind;
	task_takes_error = 1;
	__asm__ goto volatile("movl $0x1238, %%eax; movl %%eax, %%es"
			      :
			      :
			      : "memory", "eax", "ecx", "edx"
			      : behind);
/* cppcheck-suppress unusedLabel; the assembly jumps there */
behind:
	return;
}

static void protection_exiting(void)
{
	task_resume = (uint32_t) && behind;
	task_takes_error = 1;
	__asm__ goto volatile("movl $0x8000, %%eax; movl %%eax, %%cr4"
			      :
			      :
			      : "memory", "eax", "ecx", "edx"
			      : behind);
/* cppcheck-suppress unusedLabel; the assembly jumps there */
behind:
	return;
}

static void breakpoint(void)
{
	__asm__ volatile("int3" : : : "memory", "eax", "ecx", "edx");
}

static void stray_iret(void)
{
	/* NT with a link to a task that is not busy */
	__asm__ volatile("pushl $0x4002; popfl; iretl" : : : "memory");
}

static void attempt(const char *name, void (*function)(void))
{
	uint32_t vector = probe(function);

	see(name, vector);
	restore();
	prepare();
}

static void with_gate(const char *name, unsigned vector, void (*function)(void))
{
	struct gate old = idt[vector];

	idt[vector] = (struct gate){0, SELECTOR_TASK, 0x8500, 0};
	attempt(name, function);
	idt[vector] = old;
}

static void bad_state(const char *name, uint32_t *field, uint32_t value)
{
	*field = value;
	attempt(name, by_call);
}

static volatile uint32_t *apic(uint32_t reg)
{
	return fixed(0xFEE00000 + reg);
}

static void send_to_itself(uint32_t command)
{
	*apic(0x310) = *apic(0x20);
	*apic(0x300) = command;
	for (unsigned i = 0; i < 1000; i++)
		__asm__ volatile("pause" : : : "memory", "eax", "ecx", "edx");
}

static void nmi(void)
{
	send_to_itself(0x4400);
}

/* The second one comes only if the task's IRET has let NMIs in again. */
static void nmi_twice(void)
{
	nmi();
	nmi();
}

static void interrupt(void)
{
	*apic(0xF0) = 0x1FF;
	__asm__ volatile("sti");
	send_to_itself(0x4000 | VECTOR_TASK);
	__asm__ volatile("cli");
	*apic(0xB0) = 0;
}

/* 16-bit code at CODE16, which returns to 32-bit code. */
#define CODE16 0x40
static void by_16(void)
{
	__asm__ volatile("lcall %0, %1"
			 :
			 : "i"(SELECTOR_CODE16), "i"(CODE16)
			 : "memory", "eax", "ecx", "edx");
}

static void attempt_16(const char *name, const char *bytes, size_t size)
{
	volatile uint8_t *code = fixed(0x7000 + CODE16);

	for (size_t i = 0; i < size; i++)
		code[i] = (uint8_t)bytes[i];
	code[size] = 0x66;
	code[size + 1] = 0xCB;
	attempt(name, by_16);
}

/* Task switches out of 16-bit code: the way back is behind the instruction, however long it is. */
static void out_of_16(void)
{
	static const struct instruction rows[] = {
		{"call-task", BYTES("\x9A\x00\x00\x30\x00"), {0}},
		{"call-gate", BYTES("\x9A\x00\x00\x40\x00"), {0}},
		{"call-gate-32", BYTES("\x66\x9A\x00\x00\x00\x00\x40\x00"), {0}},
		{"int", BYTES("\xCD\x90"), {0}},
		{"call-memory", BYTES("\x67\xFF\x1D\x00\x71\x00\x00"), {0}},
		{"data", BYTES("\x9A\x00\x00\x10\x00"), {0}},
	};
	struct gate old = idt[VECTOR_TASK];

	group("task-of-16");
	idt[VECTOR_TASK] = (struct gate){0, SELECTOR_TASK, 0x8500, 0};
	*(volatile uint32_t *)fixed(0x7100) = SELECTOR_GATE << 16;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		attempt_16(rows[i].name, rows[i].bytes, rows[i].size);
	idt[VECTOR_TASK] = old;
}

static void prepare16(void)
{
	task16 = (struct task_state16){.ip = 0x0000,
				       .flags = 2,
				       .sp = 0x0FF0,
				       .es = SELECTOR_DATA,
				       .cs = SELECTOR_CODE16,
				       .ss = SELECTOR_DATA,
				       .ds = SELECTOR_DATA};
	/* inc word [0x500]; iret; in the 16-bit segment at 0x7000 */
	*(volatile uint32_t *)fixed(0x7000) = 0x050006FF;
	*(volatile uint8_t *)fixed(0x7004) = 0xCF;
	*(volatile uint16_t *)fixed(0x500) = 0;
}

static void see_16(const char *name, uint32_t vector)
{
	observe(name,
		(uint32_t[]){vector, vector == VECTOR_NONE ? 0 : caught_frame.error,
			     *(volatile uint16_t *)fixed(0x500), task16.link, task16.ip,
			     task16.flags, task16.sp, task16.cs, type_of(SELECTOR_TASK16)},
		9);
}

void test_tasks(void)
{
	uint64_t old;

	group("task");
	prepare();
	attempt("call", by_call);
	attempt("call-twice", by_call_twice);
	attempt("gate", by_gate);
	attempt("jump", by_jump);
	with_gate("int", VECTOR_TASK, by_interrupt);
	with_gate("ud", 6, undefined);
	with_gate("gp", 13, protection);
	with_gate("gp-exiting", 13, protection_exiting);
	with_gate("int3", 3, breakpoint);
	with_gate("nmi", 2, nmi);
	with_gate("nmi-twice", 2, nmi_twice);
	with_gate("interrupt", VECTOR_TASK, interrupt);
	attempt("busy", to_itself);
	attempt("stray-iret", stray_iret);
	main_task.link = SELECTOR_TASK;
	attempt("iret-not-busy", stray_iret);
	main_task.link = SELECTOR_DATA;
	attempt("iret-no-tss", stray_iret);
	old = gdt[SELECTOR_TASK / 8];
	gdt[SELECTOR_TASK / 8] = old & ~(UINT64_C(0x80) << 40);
	attempt("absent", by_call);
	gdt[SELECTOR_TASK / 8] = descriptor((uint32_t)&task, 0x66, 0x0089);
	attempt("limit", by_call);
	gdt[SELECTOR_TASK / 8] = descriptor((uint32_t)&task, 0x67, 0x0083);
	attempt("type", by_call);
	gdt[SELECTOR_GATE / 8] = (uint64_t)SELECTOR_DATA << 16 | UINT64_C(0x8500) << 32;
	attempt("gate-no-tss", by_gate);
	gdt[SELECTOR_GATE / 8] = (uint64_t)SELECTOR_TASK << 16 | UINT64_C(0x0500) << 32;
	attempt("gate-absent", by_gate);
	task.trap = 1;
	attempt("trap", by_call);
	/* without a stack segment or local table there is no stack for the fault */
	group("task-state");
	bad_state("cs-null", &task.cs, 0);
	bad_state("cs-data", &task.cs, SELECTOR_DATA);
	bad_state("cs-beyond", &task.cs, 0x1230);
	bad_state("ds-null", &task.ds, 0);
	bad_state("es-absent", &task.es, SELECTOR_ABSENT);
	bad_state("fs-system", &task.fs, SELECTOR_MAIN);
	bad_state("gs-beyond", &task.gs, 0x1230);
	bad_state("ldt-good", &task.ldt, SELECTOR_LDT);
	bad_state("eip-beyond", &task.cs, SELECTOR_CODE16);
	out_of_16();
	group("task-16");
	prepare16();
	{
		uint32_t vector = probe(to_16);

		see_16("call", vector);
		restore();
		prepare();
	}
}
