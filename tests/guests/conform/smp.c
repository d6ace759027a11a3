/* SPDX-License-Identifier: Apache-2.0 */
/* A second core: started, interrupted, stopped and started again. Runs in x2APIC mode. */
#include "conform.h"

#define TRAMPOLINE 0x8000u
#define ICR        0x830u
#define OTHERS     0xC0000u
#define ICR_INIT   0x4500u
#define ICR_SIPI   0x4600u
#define ICR_NMI    0x4400u
#define VECTOR_IPI 0x55u
#define PATIENCE   3000000u

extern const char ap_start[], ap_end[];
extern uint64_t ap_cr3;
uint8_t ap_stack[8192] __attribute__((aligned(16)));

static struct {
	void *self;
	uint64_t catch_rsp;
} ap_core;
static struct {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, io_map;
} __attribute__((packed)) ap_task;
static uint8_t ap_nmi_stack[4096] __attribute__((aligned(16)));

static volatile uint32_t starts, interrupts, nmis, command, counter, done;
static volatile uint32_t ap_id, ap_bsp;

enum { IDLE, LOCKED_ADD, HALT, SET_STATE };

static void on_ipi(struct frame *frame)
{
	(void)frame;
	interrupts++;
	msr_write(0x80B, 0);
}

static void on_nmi(struct frame *frame)
{
	(void)frame;
	nmis++;
}

/* Values in all registers of which a start-up may leave something. */
static void set_state(void)
{
	static const uint16_t control = 0x27F;

	msr_write(0x174, 0x1234);
	msr_write(0x176, 0x56789A);
	msr_write(0x277, 0x0007040600070106);
	msr_write(0xC0000081, 0x1122334455667788);
	msr_write(0xC0000082, 0x123456);
	msr_write(0xC0000102, 0x654321);
	msr_write(0xC0000103, 0x77);
	msr_write(0x808, 0x60);
	msr_write(0x83F, VECTOR_IPI); /* waits, since the priority does not let it in */
	msr_write(0x832, 0x30000 | VECTOR_IPI);
	msr_write(0x838, 0x7FFFFFFF);
	cr2_write(0x1000);
	dr0_write(0x2000);
	dr7_write(0x401);
	__asm__ volatile("fldcw %0" : : "m"(control));
}

void ap_main(void)
{
	uint64_t base = (uint64_t)&ap_task;

	ap_core.self = &ap_core;
	msr_write(MSR_GS_BASE, (uint64_t)&ap_core);
	ap_task.ist[1] = (uint64_t)ap_nmi_stack + sizeof(ap_nmi_stack);
	ap_task.io_map = sizeof(ap_task);
	gdt[8] = (sizeof(ap_task) - 1) | (base & 0xFFFFFF) << 16 | UINT64_C(0x89) << 40 |
		 (base >> 24 & 0xFF) << 56;
	gdt[9] = base >> 32;
	__asm__ volatile("ltr %w0" : : "r"(0x40));
	ap_bsp = (uint32_t)(msr_read(0x1B) >> 8 & 1);
	msr_write(0x1B, msr_read(0x1B) | 0xC00);
	msr_write(0x80F, 0x1FF);
	ap_id = (uint32_t)msr_read(0x802);
	__atomic_fetch_add(&starts, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		uint32_t now = command;

		if (now == LOCKED_ADD) {
			for (unsigned i = 0; i < 10000; i++)
				__asm__ volatile("lock incl %0" : "+m"(counter));
			command = IDLE;
			done++;
		} else if (now == SET_STATE) {
			set_state();
			command = IDLE;
			done++;
		} else if (now == HALT) {
			__asm__ volatile("sti; hlt; cli");
			done++;
		} else {
			__asm__ volatile("sti; pause; cli");
		}
	}
}

static bool wait_for(const volatile uint32_t *what, uint32_t value)
{
	for (unsigned i = 0; i < PATIENCE; i++) {
		if (*what == value)
			return true;
		__asm__ volatile("pause");
	}
	return false;
}

static void start(uint32_t sipis)
{
	msr_write(ICR, OTHERS | ICR_INIT);
	for (unsigned i = 0; i < 1000; i++)
		__asm__ volatile("pause");
	while (sipis-- > 0)
		msr_write(ICR, OTHERS | ICR_SIPI | TRAMPOLINE >> 12);
}

static void locks(void)
{
	counter = 0;
	done = 0;
	command = LOCKED_ADD;
	for (unsigned i = 0; i < 10000; i++)
		__asm__ volatile("lock incl %0" : "+m"(counter));
	verdict("locked-adds", wait_for(&done, 1) && counter == 20000, counter);
}

static void messages(uint32_t target)
{
	uint64_t physical = (uint64_t)target << 32;
	uint64_t logical = (uint64_t)((target >> 4) << 16 | 1u << (target & 15)) << 32;

	interrupts = 0;
	msr_write(ICR, physical | VECTOR_IPI);
	verdict("physical", wait_for(&interrupts, 1), interrupts);
	msr_write(ICR, logical | 0x800 | VECTOR_IPI);
	verdict("logical", wait_for(&interrupts, 2), interrupts);
	msr_write(ICR, OTHERS | VECTOR_IPI);
	verdict("others", wait_for(&interrupts, 3), interrupts);
	msr_write(ICR, UINT64_C(0xFFFFFFFF) << 32 | VECTOR_IPI);
	interrupts_on();
	verdict("broadcast", wait_for(&interrupts, 5), interrupts);
	msr_write(ICR, 0x80000 | VECTOR_IPI);
	verdict("all-with-self", wait_for(&interrupts, 7), interrupts);
	interrupts_off();
	nmis = 0;
	msr_write(ICR, physical | ICR_NMI);
	verdict("nmi", wait_for(&nmis, 1), nmis);
	msr_write(ICR, OTHERS | ICR_NMI);
	verdict("nmi-others", wait_for(&nmis, 2), nmis);
	done = 0;
	command = HALT;
	for (unsigned i = 0; i < 1000; i++)
		__asm__ volatile("pause");
	msr_write(ICR, physical | VECTOR_IPI);
	verdict("wakes-halted", wait_for(&done, 1), done);
	for (unsigned i = 0; i < 1000; i++)
		__asm__ volatile("pause");
	msr_write(ICR, physical | ICR_NMI);
	verdict("nmi-wakes-halted", wait_for(&done, 2), done);
	command = IDLE;
	msr_write(ICR, physical | VECTOR_IPI);
}

extern uint64_t ap_state;

/* What INIT leaves alone and what it resets, as the start-up code finds it. */
static void state_after_init(void)
{
	static const char *const names[] = {"eax-edx",  "esp-eflags", "cr0-cr2",
					    "cr3-cr4",  "dr0-dr6",    "dr7-gdt-limit",
					    "gdt-base", "idt",        "segments-fcw"};
	static const char *const msrs[] = {
		"efer",  "sysenter-cs", "sysenter-eip", "pat",       "star",
		"lstar", "kernel-gs",   "tsc-aux",      "apic-base", "tpr",
		"svr",   "lvt-timer",   "timer-count",  "lint0"};
	volatile uint64_t *state =
		(volatile uint64_t *)(TRAMPOLINE + (uint64_t)((const char *)&ap_state - ap_start));

	done = 0;
	command = SET_STATE;
	verdict("state-set", wait_for(&done, 1), done);
	starts = 0;
	interrupts = 0;
	start(1);
	verdict("started", wait_for(&starts, 1), starts);
	for (unsigned i = 0; i < 10000; i++)
		__asm__ volatile("pause");
	verdict("request-is-gone", interrupts == 0, interrupts);
	group("after-init");
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		observe_one(names[i], state[i]);
	for (unsigned i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++)
		observe_one(msrs[i], state[9 + i]);
	group("smp");
}

void test_smp(void)
{
	group("smp");
	for (size_t i = 0; ap_start + i < ap_end; i++)
		*(volatile char *)(TRAMPOLINE + i) = ap_start[i];
	*(volatile uint64_t *)(TRAMPOLINE + ((const char *)&ap_cr3 - ap_start)) = cr3_read();
	handler_set(VECTOR_IPI, on_ipi);
	handler_set(VECTOR_NMI, on_nmi);
	start(1);
	verdict("init-sipi", wait_for(&starts, 1), starts);
	verdict("not-bsp", ap_bsp == 0, ap_bsp);
	observe_one("id", ap_id);
	msr_write(ICR, OTHERS | ICR_SIPI | TRAMPOLINE >> 12);
	for (unsigned i = 0; i < 10000; i++)
		__asm__ volatile("pause");
	verdict("second-sipi-ignored", starts == 1, starts);
	locks();
	messages(ap_id);
	start(2);
	verdict("init-sipi-sipi-again", wait_for(&starts, 2), starts);
	locks();
	state_after_init();
	start(0);
	for (unsigned i = 0; i < 10000; i++)
		__asm__ volatile("pause");
	verdict("init-stops", starts == 1, starts);
}
