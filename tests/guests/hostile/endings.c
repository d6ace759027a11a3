/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks that must end the VM, or hang it: what is left to an attacker who reaches beyond its own memory
 * and instructions. Each starts in a VM of its own; if it comes back, hostile.c tells.
 */
#include "endings.h"

#define IOAPIC_PAGE  UINT64_C(0xFEC00000)
#define APIC_PAGE    PLATFORM_LAPIC_GPA
#define HPET_PAGE    UINT64_C(0xFED00000)
#define PHYSICAL_TOP (UINT64_C(1) << 40) /* of the emulated processor */
#define LARGE_PAGE   UINT64_C(0x200000)
#define MAIN_END     (HOSTILE_MAIN + HOSTILE_MAIN_SIZE)
#define GAP          HOSTILE_LOW_SIZE
#define SPARE_LINEAR UINT64_C(0x8000000000) /* beyond the identity map */
#define VICTIM       (UINT64_C(HOSTILE_VICTIM_HOST) + HOSTILE_VICTIM_OFFSET)
#define MSR_APIC_ICR 0x830u
#define ICR_INIT     0x4500u
#define ICR_STARTUP  0x4600u
#define MSR_APIC_ID  0x802u
#define LOW_CODE     0x8000 /* where programs for other modes are copied to */

struct pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* --- Memory outside -------------------------------------------------------------------------------- */

static void read_gap(void *unused)
{
	(void)unused;
	(void)memory_read32(GAP);
}

/* In host memory the hypervisor is at this address. */
static void write_gap(void *unused)
{
	(void)unused;
	memory_write32(MAIN_END, 0);
}

static void fetch_foreign(void *unused)
{
	(void)unused;
	__asm__ volatile("call *%0" : : "r"((uint64_t)HOSTILE_VICTIM_HOST) : "memory");
}

static void write_foreign(void *unused)
{
	(void)unused;
	memory_write32(VICTIM, 0);
}

static void read_hpet(void *unused)
{
	(void)unused;
	(void)memory_read32(HPET_PAGE);
}

static void read_top(void *unused)
{
	(void)unused;
	map_large(SPARE_LINEAR, PHYSICAL_TOP - LARGE_PAGE);
	(void)memory_read32(SPARE_LINEAR + LARGE_PAGE - 4);
}

static void stack_outside(void *unused)
{
	(void)unused;
	__asm__ volatile("movq %0, %%rsp; pushq $0" : : "r"(VICTIM) : "memory");
}

static void stos_end(void *unused)
{
	uint64_t to = MAIN_END - 64, count = 128;

	(void)unused;
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(0) : "memory");
}

static void movs_end(void *unused)
{
	uint64_t from = MAIN_END - 64, to = (uint64_t)scratch, count = 32;

	(void)unused;
	__asm__ volatile("rep movsl" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
}

static void straddle_end(void *unused)
{
	(void)unused;
	*(volatile uint64_t *)(MAIN_END - 4) = 0;
}

static void fxsave_outside(void *unused)
{
	(void)unused;
	__asm__ volatile("fxsave (%0)" : : "r"(VICTIM) : "memory");
}

static void clflush_outside(void *unused)
{
	(void)unused;
	__asm__ volatile("clflush (%0)" : : "r"(VICTIM) : "memory");
}

static void write_readonly(void *unused)
{
	(void)unused;
	memory_write32(HOSTILE_READ_ONLY, 0);
}

static void fetch_data(void *unused)
{
	(void)unused;
	*(volatile uint8_t *)HOSTILE_NO_EXECUTE = 0xC3;
	__asm__ volatile("call *%0" : : "r"((uint64_t)HOSTILE_NO_EXECUTE) : "memory");
}

/* --- What the processor itself fetches ------------------------------------------------------------- */

static void walk_through(uint64_t table)
{
	uint64_t *level4 = (uint64_t *)cr3_read();

	level4[SPARE_LINEAR >> 39] = table | ENTRY_ALL;
	translations_flush();
	(void)memory_read32(SPARE_LINEAR);
}

static void walk_outside(void *unused)
{
	(void)unused;
	walk_through(VICTIM);
}

static void walk_device(void *unused)
{
	(void)unused;
	walk_through(APIC_PAGE);
}

static void gdt_outside(void *unused)
{
	struct pointer gdt = {0xFFFF, VICTIM};

	(void)unused;
	__asm__ volatile("lgdt %0; movl %1, %%fs" : : "m"(gdt), "r"(SELECTOR_DATA) : "memory");
}

static void idt_outside(void *unused)
{
	struct pointer idt = {0xFFFF, VICTIM};

	(void)unused;
	__asm__ volatile("lidt %0; int3" : : "m"(idt) : "memory");
}

static void nothing(void *unused)
{
	(void)unused;
}

/* Coming back from CPL 3 takes the stack from there. */
static void tss_outside(void *unused)
{
	struct pointer gdt;
	uint64_t *descriptor;

	(void)unused;
	__asm__ volatile("sgdt %0" : "=m"(gdt));
	descriptor = (uint64_t *)(gdt.base + SELECTOR_TASK);
	descriptor[0] = UINT64_C(0x67) | (VICTIM & 0xFFFFFF) << 16 | UINT64_C(0x89) << 40 |
			VICTIM >> 24 << 56;
	__asm__ volatile("ltr %w0" : : "r"(SELECTOR_TASK) : "memory");
	(void)probe_user(nothing, NULL);
}

static void fetch_device(void *unused)
{
	(void)unused;
	__asm__ volatile("call *%0" : : "r"(IOAPIC_PAGE) : "memory");
}

/* The exception's frame is pushed into the page of the local APIC. */
static void frame_device(void *unused)
{
	(void)unused;
	__asm__ volatile("movq %0, %%rsp; ud2" : : "r"(APIC_PAGE + 0x800) : "memory");
}

static void triple_fault(void *unused)
{
	struct pointer idt = {0, 0};

	(void)unused;
	__asm__ volatile("lidt %0; ud2" : : "m"(idt) : "memory");
}

/* --- Device pages by instructions that are not emulated, or not to the end --------------------------- */

static void mmio_sse(void *unused)
{
	(void)unused;
	cr4_write(cr4_read() | 0x200); /* OSFXSR */
	__asm__ volatile("movups (%0), %%xmm0" : : "r"(IOAPIC_PAGE) : "memory");
}

/* The read is emulated; what the hypervisor must not do for the guest is the write. */
static void mmio_string(void *unused)
{
	uint64_t from = IOAPIC_PAGE, to = VICTIM, count = 16;

	(void)unused;
	__asm__ volatile("rep movsl" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
}

static void mmio_push(void *unused)
{
	(void)unused;
	__asm__ volatile("movq %0, %%rsp; pushq $0" : : "r"(APIC_PAGE + 0x308) : "memory");
}

static void mmio_cmpxchg16b(void *unused)
{
	uint64_t low = 0, high = 0;

	(void)unused;
	__asm__ volatile("lock cmpxchg16b (%2)"
			 : "+a"(low), "+d"(high)
			 : "r"(IOAPIC_PAGE), "b"(0), "c"(0)
			 : "memory");
}

/* --- Strings at ports ------------------------------------------------------------------------------ */

/* INS from a port that is not the VM's to memory that is not either. */
static void ins_outside(void *unused)
{
	uint64_t to = MAIN_END - 16, count = 64;

	(void)unused;
	__asm__ volatile("rep insb" : "+D"(to), "+c"(count) : "d"(0x1F0) : "memory");
}

static void outs_outside(void *unused)
{
	uint64_t from = MAIN_END - 16, count = 64;

	(void)unused;
	__asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(0x1F0) : "memory");
}

/* --- Ends that a guest may ask for ----------------------------------------------------------------- */

static void init_self(void *unused)
{
	(void)unused;
	msr_write(MSR_APIC_ICR, msr_read(MSR_APIC_ID) << 32 | ICR_INIT);
}

static void reset(void *unused)
{
	(void)unused;
	port_write(PLATFORM_ACPI_RESET_PORT, PLATFORM_ACPI_RESET_VALUE);
}

static void power_off(void *unused)
{
	(void)unused;
	port_write(PLATFORM_ACPI_SLEEP_CONTROL_PORT, 0x20 | PLATFORM_ACPI_S5_SLEEP_TYPE << 2);
}

/* --- Other modes ----------------------------------------------------------------------------------- */

/* Copies a program of modes.S to low memory and goes there in 32-bit protected mode without paging. */
static void run_low(const char *begin, const char *end)
{
	char *to = (char *)LOW_CODE;

	for (const char *from = begin; from < end; from++)
		*to++ = *from;
	leave_long_mode(LOW_CODE);
}

static void real_mode(void *unused)
{
	(void)unused;
	run_low(low_real_mode, low_real_mode_end);
}

static void task_switch(void *unused)
{
	(void)unused;
	run_low(low_task_switch, low_task_switch_end);
}

static void task_fault(void *unused)
{
	(void)unused;
	run_low(low_task_fault, low_task_fault_end);
}

static void pdpte_reserved(void *unused)
{
	(void)unused;
	run_low(low_pdpte, low_pdpte_end);
}

/* --- Two cores ------------------------------------------------------------------------------------- */

/* Resets the second core and starts it where the VM has no memory. */
static void sipi_outside(void *unused)
{
	uint64_t second = (msr_read(MSR_APIC_ID) ^ 1) << 32;

	(void)unused;
	msr_write(MSR_APIC_ICR, second | ICR_INIT);
	msr_write(MSR_APIC_ICR, second | ICR_STARTUP | GAP / PAGE_SIZE);
	for (;;)
		(void)cpuid(0);
}

/*
 * The second core changes an instruction on a device page between one that is emulated and one that is
 * not, while this core executes it: sooner or later the hypervisor finds the other one.
 */
static void race_decode(void *unused)
{
	static uint8_t changing[4] __attribute__((aligned(4))) = {0x8B, 0x03, 0x90, 0xC3};

	(void)unused;
	while (this_attacker()->index != 0) {
		*(volatile uint16_t *)changing = 0x038B; /* mov (%rbx), %eax */
		*(volatile uint16_t *)changing = 0x238E; /* mov (%rbx), %fs */
	}
	for (;;)
		__asm__ volatile("call *%0" : : "r"(changing), "b"(IOAPIC_PAGE) : "rax", "memory");
}

/* --- Hangs ----------------------------------------------------------------------------------------- */

static void halt(void *unused)
{
	(void)unused;
	halt_forever();
}

/* Loads an IDT whose handlers all begin at the address. */
static void idt_of_one(uint64_t handler, uint8_t type)
{
	static uint64_t idt[2 * GUEST_VECTORS];
	struct pointer pointer = {sizeof(idt) - 1, (uint64_t)idt};

	for (size_t i = 0; i < GUEST_VECTORS; i++) {
		idt[2 * i] = (handler & 0xFFFF) | SELECTOR_CODE << 16 | (uint64_t)type << 40 |
			     (handler >> 16 & 0xFFFF) << 48;
		idt[2 * i + 1] = handler >> 32;
	}
	__asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

static void ud_loop(void *unused)
{
	(void)unused;
	idt_of_one((uint64_t)again_ud, 0x8E);
	__asm__ volatile("ud2");
}

/* Every instruction of the handler traps, and so does every trap's. */
static void db_loop(void *unused)
{
	(void)unused;
	idt_of_one((uint64_t)again_db, 0x8E);
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop" : : : "memory");
}

static void ac_loop(void *unused)
{
	(void)unused;
	run_low(low_alignment, low_alignment_end);
}

static void irq_storm(void *unused)
{
	(void)unused;
	idt_of_one((uint64_t)again_irq, 0x8E);
	msr_write(0x83F, 0x40);
	interrupts_on();
	halt_forever();
}

ending *const endings[ATTACK_COUNT] = {
	[ATTACK_READ_GAP] = read_gap,
	[ATTACK_WRITE_GAP] = write_gap,
	[ATTACK_FETCH_FOREIGN] = fetch_foreign,
	[ATTACK_WRITE_FOREIGN] = write_foreign,
	[ATTACK_READ_HPET] = read_hpet,
	[ATTACK_READ_TOP] = read_top,
	[ATTACK_WALK_OUTSIDE] = walk_outside,
	[ATTACK_GDT_OUTSIDE] = gdt_outside,
	[ATTACK_IDT_OUTSIDE] = idt_outside,
	[ATTACK_TSS_OUTSIDE] = tss_outside,
	[ATTACK_STACK_OUTSIDE] = stack_outside,
	[ATTACK_STOS_END] = stos_end,
	[ATTACK_MOVS_END] = movs_end,
	[ATTACK_STRADDLE_END] = straddle_end,
	[ATTACK_FXSAVE_OUTSIDE] = fxsave_outside,
	[ATTACK_CLFLUSH] = clflush_outside,
	[ATTACK_REAL_MODE] = real_mode,
	[ATTACK_WRITE_READONLY] = write_readonly,
	[ATTACK_FETCH_DATA] = fetch_data,
	[ATTACK_FETCH_DEVICE] = fetch_device,
	[ATTACK_WALK_DEVICE] = walk_device,
	[ATTACK_FRAME_DEVICE] = frame_device,
	[ATTACK_MMIO_SSE] = mmio_sse,
	[ATTACK_MMIO_STRING] = mmio_string,
	[ATTACK_MMIO_PUSH] = mmio_push,
	[ATTACK_MMIO_CMPXCHG16B] = mmio_cmpxchg16b,
	[ATTACK_INS_OUTSIDE] = ins_outside,
	[ATTACK_OUTS_OUTSIDE] = outs_outside,
	[ATTACK_TRIPLE_FAULT] = triple_fault,
	[ATTACK_TASK_SWITCH] = task_switch,
	[ATTACK_PDPTE_RESERVED] = pdpte_reserved,
	[ATTACK_INIT_SELF] = init_self,
	[ATTACK_RESET] = reset,
	[ATTACK_POWER_OFF] = power_off,
	[ATTACK_SIPI_OUTSIDE] = sipi_outside,
	[ATTACK_RACE_DECODE] = race_decode,
	[ATTACK_TASK_FAULT] = task_fault,
	[ATTACK_HALT] = halt,
	[ATTACK_UD_LOOP] = ud_loop,
	[ATTACK_AC_LOOP] = ac_loop,
	[ATTACK_DB_LOOP] = db_loop,
	[ATTACK_IRQ_STORM] = irq_storm,
	[ATTACK_XSAVE_OUTSIDE] = xsave_outside,
	[ATTACK_CMPXCHG16B_OUTSIDE] = cmpxchg16b_outside,
	[ATTACK_SGDT_OUTSIDE] = sgdt_outside,
	[ATTACK_IRET_OUTSIDE] = iret_outside,
	[ATTACK_LDT_OUTSIDE] = ldt_outside,
	[ATTACK_IST_OUTSIDE] = ist_outside,
	[ATTACK_STRING_IN_DEVICE] = string_in_device,
	[ATTACK_BOTH_END] = both_end,
	[ATTACK_TIMER_HOG] = timer_hog,
	[ATTACK_EXIT_HOG] = exit_hog,
};
