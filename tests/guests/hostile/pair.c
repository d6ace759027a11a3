/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks that need two cores of one VM: storms between them, and code that changes while it is decoded. */
#include "hostile.h"

#define MSR_APIC_ID   0x802u
#define MSR_ICR       0x830u
#define MSR_SELF_IPI  0x83Fu
#define ICR_FIXED     0x4000u
#define ICR_NMI       0x4400u
#define ICR_INIT      0x4500u
#define ICR_STARTUP   0x4600u
#define ICR_OTHERS    (3u << 18)
#define VECTOR_FLOOD  0x53u
#define IOAPIC_PAGE   UINT64_C(0xFEC00000)
#define STARTUP_PAGE  8u /* 0x8000 */
#define STARTUP_COUNT 0x7000u

/* What the second core is to do; it answers by DO_NOTHING. */
enum order {
	DO_NOTHING,
	DO_NMIS,
	DO_NMI_EACH,
	DO_FLOOD,
	DO_FLIP,
	DO_FLIP_WALK,
	DO_HANG_IN_HANDLER
};

static volatile enum order order;
static volatile uint32_t apic_ids[2];
static volatile uint32_t halted; /* times the first core went to sleep */
static uint8_t changing[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static void send(uint32_t to, uint32_t low)
{
	msr_write(MSR_ICR, (uint64_t)to << 32 | low);
}

static void pause_a_while(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		__asm__ volatile("pause" : : : "memory");
}

static void give(enum order what)
{
	order = what;
}

static void wait_for_second(void)
{
	for (uint32_t i = 0; i < 100000000 && order != DO_NOTHING; i++)
		__asm__ volatile("pause" : : : "memory");
	expect(order == DO_NOTHING, "the second core still does", order);
}

/* --- The second core ------------------------------------------------------------------------------- */

#define NMIS  5000u
#define EACH  500u
#define FLIPS 200000u

/* One NMI for each time that the first core sleeps, and only then. */
static void nmi_each(void)
{
	for (uint32_t i = 1; i <= EACH; i++) {
		while (halted < i)
			__asm__ volatile("pause" : : : "memory");
		pause_a_while(i % 50);
		send(apic_ids[0], ICR_NMI);
	}
}

/* mov (%rbx), %eax; mov %eax, (%rbx); xchg %eax, (%rbx): all are emulated, and have one length. */
static void flip(void)
{
	static const uint8_t opcodes[] = {0x8B, 0x89, 0x87, 0x8B, 0x03};

	for (uint32_t i = 0; i < FLIPS && order == DO_FLIP; i++)
		*(volatile uint8_t *)changing = opcodes[i % 5];
}

/* The page of the code: there, not there, and with a reserved bit. */
static volatile uint64_t *walked;

static void flip_walk(void)
{
	uint64_t entry = *walked;

	for (uint32_t i = 0; i < FLIPS && order == DO_FLIP_WALK; i++) {
		*walked = 0;
		*walked = entry;
		*walked = entry | UINT64_C(1) << 51;
		*walked = entry;
	}
	*walked = entry;
}

static struct attacker *volatile handling; /* the second core, once it does */

/* For ever in the handler of an interrupt, which stays in service. */
static _Noreturn void hang_in_handler(void)
{
	this_attacker()->hangs = true;
	handling = this_attacker();
	msr_write(MSR_SELF_IPI, VECTOR_FLOOD);
	interrupts_on();
	halt_forever();
}

static _Noreturn void second_core(void)
{
	for (;;) {
		switch (order) {
		case DO_NMIS:
			for (uint32_t i = 0; i < NMIS; i++)
				send(apic_ids[0], i & 1 ? ICR_NMI : ICR_NMI | ICR_OTHERS);
			break;
		case DO_NMI_EACH:
			nmi_each();
			break;
		case DO_FLOOD:
			for (uint32_t i = 0; i < NMIS; i++)
				send(apic_ids[0], ICR_FIXED | VECTOR_FLOOD);
			break;
		case DO_FLIP:
			flip();
			break;
		case DO_FLIP_WALK:
			flip_walk();
			break;
		case DO_HANG_IN_HANDLER:
			hang_in_handler();
		default:
			__asm__ volatile("pause" : : : "memory");
			continue;
		}
		order = DO_NOTHING;
	}
}

/* --- The first core -------------------------------------------------------------------------------- */

/* NMIs as fast as they go, while this core is in and out of the hypervisor. */
static void nmi_storm(void)
{
	uint32_t before = nmis_taken();

	give(DO_NMIS);
	while (order == DO_NMIS)
		(void)cpuid(0);
	wait_for_second();
	(void)cpuid(0);
	expect(nmis_taken() > before, "no NMI of many", 0);
	expect(nmis_taken() - before <= NMIS, "more NMIs than were sent:", nmis_taken() - before);
}

/* The same in the shadows of MOV SS and STI: an NMI that is injected there would make the entry fail. */
static void nmi_shadow(void)
{
	uint32_t before = nmis_taken();

	give(DO_NMIS);
	while (order == DO_NMIS)
		__asm__ volatile("movl %%ss, %%eax; movl %%eax, %%ss; cpuid\n\t"
				 "xorl %%eax, %%eax; sti; cpuid; cli\n\t"
				 "movl %%ss, %%eax; movl %%eax, %%ss; nop; sti; nop; cli"
				 :
				 :
				 : "rax", "rbx", "rcx", "rdx", "memory");
	wait_for_second();
	expect(nmis_taken() > before, "no NMI of many", 0);
}

/* Asleep with interrupts off: each NMI wakes once, none is lost. */
static void nmi_wakes(void)
{
	uint32_t before = nmis_taken();

	halted = 0;
	give(DO_NMI_EACH);
	for (uint32_t i = 1; i <= EACH; i++) {
		uint32_t expected = before + i;

		halted = i;
		while (nmis_taken() != expected)
			sleep_until(&this_attacker()->nmis, expected);
	}
	wait_for_second();
	expect(nmis_taken() - before == EACH, "NMIs:", nmis_taken() - before);
}

static void interrupt_flood(void)
{
	uint32_t before = interrupts_taken(VECTOR_FLOOD);

	give(DO_FLOOD);
	interrupts_on();
	while (order == DO_FLOOD)
		(void)cpuid(0);
	interrupts_off();
	wait_for_second();
	expect(interrupts_taken(VECTOR_FLOOD) > before, "no interrupt of many", 0);
	expect(interrupts_taken(VECTOR_FLOOD) - before <= NMIS,
	       "more interrupts than were sent:", interrupts_taken(VECTOR_FLOOD) - before);
}

/* The instruction that the hypervisor decodes may be another one than the processor executed. */
static void change_while_decoded(void)
{
	uint32_t vector = VECTOR_NONE;

	changing[0] = 0x8B;
	changing[1] = 0x03;
	changing[2] = 0xC3;
	give(DO_FLIP);
	while (order == DO_FLIP && vector == VECTOR_NONE) {
		struct registers registers = {.rbx = IOAPIC_PAGE, .rdx = (uint64_t)changing};

		vector = run_bytes("\xFF\xE2", 2, &registers, false); /* jmp *%rdx */
	}
	expect(vector == VECTOR_NONE, "ended by vector", vector);
	order = DO_NOTHING;
}

/* Counts its starts in real mode: lock incl STARTUP_COUNT; hlt; jmp back; and for NMIs, iret */
static const uint8_t startup_code[] = {0xF0, 0x66, 0xFF, 0x06, 0x00, 0x70, 0xF4, 0xEB, 0xFD, 0xCF};
#define STARTUP_IRET  9u
#define REAL_MODE_NMI 8u /* vector 2 of the interrupt table at 0 */

static bool started(uint32_t count)
{
	for (uint32_t i = 0; i < 100000; i++)
		if (memory_read32(STARTUP_COUNT) == count)
			return true;
	return false;
}

/*
 * In real mode: or of all words of the in-service register to IN_SERVICE, then a count. x2APIC mode
 * survives INIT, so the registers are MSRs:
 *   xor %ebx, %ebx; mov $0x810, %ecx; 1: rdmsr; or %eax, %ebx; inc %cx; cmp $0x818, %cx; jne 1b;
 *   mov %ebx, IN_SERVICE; lock incl STARTUP_COUNT; 2: hlt; jmp 2b
 */
static const uint8_t in_service_code[] = {0x66, 0x31, 0xDB, 0x66, 0xB9, 0x10, 0x08, 0x00, 0x00,
					  0x0F, 0x32, 0x66, 0x09, 0xC3, 0x41, 0x81, 0xF9, 0x18,
					  0x08, 0x75, 0xF4, 0x66, 0x89, 0x1E, 0x04, 0x70, 0xF0,
					  0x66, 0xFF, 0x06, 0x00, 0x70, 0xF4, 0xEB, 0xFD};
#define IN_SERVICE (STARTUP_COUNT + 4)

static bool is_handling(void)
{
	return handling && handling->interrupts[VECTOR_FLOOD] != 0;
}

/* A core that is reset while it handles an interrupt: none may be in service after its start. */
static void init_in_service(void)
{
	volatile uint8_t *to = (volatile uint8_t *)(STARTUP_PAGE * PAGE_SIZE);

	for (size_t i = 0; i < sizeof(in_service_code); i++)
		to[i] = in_service_code[i];
	memory_write32(STARTUP_COUNT, 0);
	memory_write32(IN_SERVICE, UINT32_MAX);
	give(DO_HANG_IN_HANDLER);
	for (uint32_t i = 0; i < 1000000 && !is_handling(); i++)
		__asm__ volatile("pause" : : : "memory");
	expect(is_handling(), "the second core handles no interrupt", 0);
	send(apic_ids[1], ICR_INIT);
	send(apic_ids[1], ICR_STARTUP | STARTUP_PAGE);
	expect(started(1), "not started", 0);
	expect(memory_read32(IN_SERVICE) == 0, "in service after INIT:", memory_read32(IN_SERVICE));
	order = DO_NOTHING;
}

/* The second core is reset and started again and again, with NMIs and a second start-up IPI between. */
static void startup_storm(void)
{
	volatile uint8_t *to = (volatile uint8_t *)(STARTUP_PAGE * PAGE_SIZE);

	for (size_t i = 0; i < sizeof(startup_code); i++)
		to[i] = startup_code[i];
	memory_write32(STARTUP_COUNT, 0);
	memory_write32(REAL_MODE_NMI, STARTUP_PAGE * PAGE_SIZE + STARTUP_IRET);
	for (uint32_t i = 1; i <= EACH; i++) {
		send(apic_ids[1], ICR_INIT);
		send(apic_ids[1], ICR_NMI);
		pause_a_while(i % 20);
		send(apic_ids[1], ICR_STARTUP | STARTUP_PAGE);
		expect(started(i), "start number", i);
		send(apic_ids[1], ICR_STARTUP | STARTUP_PAGE);
		send(apic_ids[1], ICR_NMI);
	}
}

/* The page tables through which the hypervisor reads the instruction change meanwhile. */
static void change_walk(void)
{
	static uint64_t *table;
	uint64_t linear = (uint64_t)changing;
	uint32_t vector = VECTOR_NONE;

	if (!table)
		table = split_large(linear);
	changing[0] = 0x8B;
	changing[1] = 0x03;
	changing[2] = 0xC3;
	walked = &table[linear / PAGE_SIZE % 512];
	give(DO_FLIP_WALK);
	while (order == DO_FLIP_WALK && (vector == VECTOR_NONE || vector == VECTOR_PAGE)) {
		struct registers registers = {.rbx = IOAPIC_PAGE, .rdx = linear};

		vector = run_bytes("\xFF\xE2", 2, &registers, false); /* jmp *%rdx */
	}
	expect(vector == VECTOR_NONE || vector == VECTOR_PAGE, "ended by vector", vector);
	order = DO_NOTHING;
	pause_a_while(1000);
	translations_flush();
}

static const struct check checks[] = {
	{"nmi-storm", nmi_storm},
	{"nmi-shadow", nmi_shadow},
	{"nmi-wakes", nmi_wakes},
	{"irq-flood", interrupt_flood},
	{"change-code", change_while_decoded},
	{"change-walk", change_walk},
	{"init-in-service", init_in_service},
	{"startup-storm", startup_storm},
};

void pair_main(uint32_t index)
{
	apic_ids[index] = (uint32_t)msr_read(MSR_APIC_ID);
	if (index != 0)
		second_core();
	console_open();
	print_text("hostile: pair\r\n");
	run_checks(checks, sizeof(checks) / sizeof(checks[0]));
	print_text("hostile: pair done\r\n");
}
