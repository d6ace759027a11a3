/* SPDX-License-Identifier: Apache-2.0 */
/* More ways to reach beyond the VM's memory: what instructions and the processor itself read and write there. */
#include "endings.h"

#define VICTIM       (UINT64_C(HOSTILE_VICTIM_HOST) + HOSTILE_VICTIM_OFFSET)
#define IOAPIC_PAGE  UINT64_C(0xFEC00000)
#define LDT_SELECTOR SELECTOR_TASK /* its two slots are free to be written */
#define IN_LDT       0x0C          /* entry 1 of the LDT */
#define TYPE_LDT     UINT64_C(0x82)
#define CR4_OSFXSR   0x200u
#define CR4_OSXSAVE  0x40000u
#define MSR_SELF_IPI 0x83Fu
#define VECTOR_STORM 0x52u
#define TASK_IST1    36 /* offset in the 64-bit task state */
#define TASK_RSP0    4
#define GATE_PRESENT UINT64_C(0x8E)
#define GATE_IST1    UINT64_C(1)

struct pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

void xsave_outside(void *unused)
{
	(void)unused;
	cr4_write(cr4_read() | CR4_OSFXSR | CR4_OSXSAVE);
	__asm__ volatile("xsave (%0)" : : "r"(VICTIM), "a"(3), "d"(0) : "memory");
}

void cmpxchg16b_outside(void *unused)
{
	uint64_t low = 0, high = 0;

	(void)unused;
	__asm__ volatile("lock cmpxchg16b (%2)"
			 : "+a"(low), "+d"(high)
			 : "r"(VICTIM), "b"(0), "c"(0)
			 : "memory");
}

void sgdt_outside(void *unused)
{
	(void)unused;
	__asm__ volatile("sgdt (%0)" : : "r"(VICTIM) : "memory");
}

void iret_outside(void *unused)
{
	(void)unused;
	__asm__ volatile("movq %0, %%rsp; iretq" : : "r"(VICTIM) : "memory");
}

/* A local descriptor table over there, and a segment out of it. */
void ldt_outside(void *unused)
{
	struct pointer gdt;
	uint64_t *descriptor;

	(void)unused;
	__asm__ volatile("sgdt %0" : "=m"(gdt));
	descriptor = (uint64_t *)(gdt.base + LDT_SELECTOR);
	descriptor[0] =
		UINT64_C(0xFFF) | (VICTIM & 0xFFFFFF) << 16 | TYPE_LDT << 40 | VICTIM >> 24 << 56;
	descriptor[1] = VICTIM >> 32;
	__asm__ volatile("lldt %w0; movl %1, %%fs" : : "r"(LDT_SELECTOR), "r"(IN_LDT) : "memory");
}

/* The interrupt stack of the task state lies there. */
void ist_outside(void *unused)
{
	static uint8_t task[0x68] __attribute__((aligned(16)));
	static uint64_t idt[2 * GUEST_VECTORS];
	struct pointer gdt, pointer = {sizeof(idt) - 1, (uint64_t)idt};
	uint64_t *descriptor;

	(void)unused;
	*(volatile uint64_t *)at((uint64_t)task + TASK_IST1) = VICTIM;
	__asm__ volatile("sgdt %0" : "=m"(gdt));
	descriptor = (uint64_t *)(gdt.base + SELECTOR_TASK);
	descriptor[0] = UINT64_C(0x67) | ((uint64_t)task & 0xFFFFFF) << 16 | UINT64_C(0x89) << 40 |
			(uint64_t)task >> 24 << 56;
	descriptor[1] = 0;
	for (size_t i = 0; i < GUEST_VECTORS; i++)
		idt[2 * i] = 0x1000 | SELECTOR_CODE << 16 | GATE_IST1 << 32 | GATE_PRESENT << 40;
	__asm__ volatile("ltr %w0; lidt %1; ud2" : : "r"(SELECTOR_TASK), "m"(pointer) : "memory");
}

/* Device page to device page, four thousand million times; the page ends first. */
void string_in_device(void *unused)
{
	uint64_t from = IOAPIC_PAGE, to = IOAPIC_PAGE, count = UINT32_MAX;

	(void)unused;
	__asm__ volatile("rep movsl" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
}

/* Both cores of the VM at once: one end, told once. */
void both_end(void *unused)
{
	static volatile uint32_t ready;

	(void)unused;
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (ready != 2)
		__asm__ volatile("pause");
	memory_write32(VICTIM, 0);
}

/* Interrupts as fast as the timer goes, for ever. */
void timer_hog(void *unused)
{
	(void)unused;
	msr_write(MSR_X2APIC_DIVIDE, 0xB);
	msr_write(MSR_X2APIC_LVT_TIMER, 0x20000u | VECTOR_STORM);
	msr_write(MSR_X2APIC_INITIAL, 1);
	interrupts_on();
	for (;;)
		msr_write(MSR_SELF_IPI, VECTOR_STORM);
}

/* Nothing but exits, for ever. */
void exit_hog(void *unused)
{
	(void)unused;
	for (;;)
		(void)port_read(0x1F0);
}
