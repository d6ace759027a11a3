/* SPDX-License-Identifier: Apache-2.0 */
/* The other cores, by the xAPIC's page and then by the MSRs of x2APIC mode: start, calls, NMIs, all addresses. */
#include "stranger.h"

#define SHORT_OTHERS 0xC0000u
#define SHORT_ALL    0x80000u
#define SHORT_SELF   0x40000u
#define ASSERT       0x4000u
#define LOGICAL      0x800u
#define LOWEST       0x100u
#define NMI          0x400u
#define INIT         0x500u
#define STARTUP      0x600u
#define VECTOR_CALL  0x20u
#define VECTOR_COUNT 0xCFu
#define VECTOR_FLUSH 0x44u
#define VECTOR_NMI   2
#define STI_ROUNDS   100u
#define NMI_ROUNDS   60u

extern const char sipi_entry[], sipi_end[];
void sti_window(const volatile uint8_t *byte);
extern const char after_sti[];

static bool x2apic;
static volatile uint32_t online, calls, counted, nmis, flushed, in_shadow;
static volatile uint32_t id_of[8];
static void (*volatile call)(void);

static void eoi(void)
{
	if (msr_read(MSR_APIC_BASE) & 0x400)
		msr_write(0x80B, 0);
	else
		*apic(APIC_EOI) = 0;
}

static void send(uint32_t destination, uint32_t command)
{
	if (x2apic) {
		msr_write(0x830, (uint64_t)destination << 32 | command);
		return;
	}
	while (*apic(APIC_ICR_LOW) & 0x1000)
		;
	*apic(APIC_ICR) = destination << 24;
	*apic(APIC_ICR_LOW) = command;
}

static void on_call(struct frame *frame)
{
	(void)frame;
	call();
	eoi();
	__atomic_fetch_add(&calls, 1, __ATOMIC_SEQ_CST);
}

static void on_count(struct frame *frame)
{
	(void)frame;
	__atomic_fetch_add(&counted, 1, __ATOMIC_SEQ_CST);
	eoi();
}

static void on_flush(struct frame *frame)
{
	(void)frame;
	flushed = 1;
	eoi();
}

static void on_nmi(struct frame *frame)
{
	in_shadow += frame->rip == (uint64_t)after_sti;
	nmis++;
}

_Noreturn void core_main(uint32_t number)
{
	*apic(APIC_SVR) = 0x1FF;
	*apic(APIC_DFR) = 0xFFFFFFFF;
	*apic(APIC_LDR) = 0x01000000u << number;
	id_of[number & 7] = *apic(APIC_ID) >> 24;
	__atomic_fetch_add(&online, 1, __ATOMIC_SEQ_CST);
	for (;;)
		__asm__ volatile("sti; hlt");
}

static uint32_t others;

/* INIT and one start-up IPI, with page 0. */
static void start(void)
{
	volatile char *low = fixed(0);

	group("start");
	for (size_t i = 0; sipi_entry + i < sipi_end; i++)
		low[i] = sipi_entry[i];
	*apic(APIC_SVR) = 0x1FF;
	*apic(APIC_LINT0) = 0x10000;
	*apic(APIC_DFR) = 0xFFFFFFFF;
	*apic(APIC_LDR) = 0x01000000;
	*apic(APIC_ICR_LOW) = SHORT_OTHERS | INIT | ASSERT;
	spin(1000); /* the emulator forgets one that comes at once */
	*apic(APIC_ICR_LOW) = SHORT_OTHERS | STARTUP;
	do {
		others = online;
		spin(20000);
	} while (others != online); /* as many as come */
	observe("others", others);
	verdict("numbered", next_core == others + 1, next_core);
}

static void nothing(void)
{
}

static void to_x2apic(void)
{
	msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) | 0x400);
	msr_write(0x80F, 0x1FF);
}

static void on_core(uint32_t number, void (*function)(void))
{
	call = function;
	calls = 0;
	send(id_of[number], ASSERT | VECTOR_CALL);
}

static void ipis(void)
{
	const uint32_t everybody = x2apic ? UINT32_MAX : 0xFF;
	const uint32_t first = id_of[1];
	const uint32_t logical = x2apic ? (first >> 4) << 16 | 1u << (first & 15) : 0x02;

	on_core(1, nothing);
	verdict("call", wait_for(&calls, 1), calls);
	interrupts_on();
	counted = 0;
	send(everybody, ASSERT | VECTOR_COUNT);
	verdict("broadcast", wait_for(&counted, others + 1), counted);
	counted = 0;
	send(0, SHORT_ALL | ASSERT | VECTOR_COUNT);
	verdict("all", wait_for(&counted, others + 1), counted);
	counted = 0;
	send(0, SHORT_OTHERS | ASSERT | VECTOR_COUNT);
	verdict("others", wait_for(&counted, others), counted);
	counted = 0;
	send(0, SHORT_SELF | ASSERT | VECTOR_COUNT);
	verdict("self", wait_for(&counted, 1), counted);
	counted = 0;
	send(logical, LOGICAL | ASSERT | VECTOR_COUNT);
	verdict("logical", wait_for(&counted, 1), counted);
	spin(2000);
	verdict("logical-once", counted == 1, counted);
	counted = 0;
	send(x2apic ? logical : 0x03, LOGICAL | LOWEST | ASSERT | VECTOR_COUNT);
	verdict("lowest-priority", wait_for(&counted, 1), counted);
	spin(2000);
	verdict("lowest-priority-once", counted == 1, counted);
	counted = 0;
	send(0x77, ASSERT | VECTOR_COUNT);
	spin(2000);
	observe("nobody", counted);
	interrupts_off();
}

static volatile uint32_t windows_on;
static uint8_t bytes[64 * 4096];

static void sti_loop(void)
{
	eoi();
	for (uint32_t i = 0; windows_on; i++)
		sti_window(&bytes[(size_t)(i % 64) * 4096]);
}

/* No NMI comes between STI and the instruction behind it. */
static void nmi_behind_sti(void)
{
	uint32_t rounds = 0;

	nmis = 0;
	in_shadow = 0;
	windows_on = 1;
	on_core(1, sti_loop);
	for (; rounds < STI_ROUNDS; rounds++) {
		uint32_t before = nmis;

		send(id_of[1], NMI | ASSERT);
		if (!wait_for(&nmis, before + 1))
			break;
	}
	windows_on = 0;
	verdict("nmi-not-lost", rounds == STI_ROUNDS, rounds);
	verdict("nmi-after-sti", in_shadow == 0, in_shadow);
	(void)wait_for(&calls, 1);
}

static volatile uint32_t turn, done_turns, kicks_on;

static void kick_me(void)
{
	eoi();
	for (uint32_t i = 1; kicks_on; i++) {
		while (turn != i && kicks_on)
			__asm__ volatile("pause");
		if (!kicks_on)
			return;
		send(id_of[0], NMI | ASSERT);
		send(id_of[0], VECTOR_FLUSH | ASSERT);
		done_turns = i;
	}
}

/* One NMI from this core and one from another at about the same time are two. */
static void two_nmis(void)
{
	uint32_t both = 0;

	kicks_on = 1;
	turn = done_turns = 0;
	on_core(1, kick_me);
	interrupts_on();
	for (uint32_t i = 1; i <= NMI_ROUNDS; i++) {
		nmis = 0;
		flushed = 0;
		turn = i;
		send(id_of[0], NMI | ASSERT);
		if (!wait_for(&flushed, 1) || !wait_for(&done_turns, i))
			break;
		spin(20);
		both += nmis == 2;
	}
	kicks_on = 0;
	interrupts_off();
	verdict("two-nmis", both == NMI_ROUNDS, both);
	(void)wait_for(&calls, 1);
}

static void nmi_again(struct frame *frame)
{
	(void)frame;
	if (++nmis == 1)
		for (unsigned i = 0; i < 10; i++)
			send(id_of[0], NMI);
}

/* While one is being handled, one more waits, and no more than that. */
static void waiting_nmi(void)
{
	uint32_t right = 0;

	handler_set(VECTOR_NMI, nmi_again);
	for (unsigned i = 0; i < NMI_ROUNDS; i++) {
		nmis = 0;
		send(id_of[0], NMI);
		if (!wait_for(&nmis, 2))
			break;
		spin(20);
		right += nmis == 2;
	}
	verdict("waiting-nmi", right == NMI_ROUNDS, right);
	handler_set(VECTOR_NMI, on_nmi);
}

static void cluster_model(void)
{
	*apic(APIC_DFR) = 0x0FFFFFFF;
	*apic(APIC_LDR) = 0x11000000;
	counted = 0;
	interrupts_on();
	send(0x11, LOGICAL | ASSERT | VECTOR_COUNT);
	verdict("cluster", wait_for(&counted, 1), counted);
	interrupts_off();
	*apic(APIC_DFR) = 0xFFFFFFFF;
	*apic(APIC_LDR) = 0x01000000;
}

/* Stopped and started again, as often as one likes. */
static void again(void)
{
	bool all = true;

	for (unsigned i = 0; i < 5; i++) {
		online = 0;
		next_core = 1;
		send(0, SHORT_OTHERS | INIT | ASSERT);
		spin(1000);
		send(0, SHORT_OTHERS | STARTUP);
		all &= wait_for(&online, others);
	}
	verdict("start-again", all, online);
}

void test_cores(void)
{
	handler_set(VECTOR_CALL, on_call);
	handler_set(VECTOR_COUNT, on_count);
	handler_set(VECTOR_FLUSH, on_flush);
	handler_set(VECTOR_NMI, on_nmi);
	start();
	if (others == 0)
		return;
	id_of[0] = *apic(APIC_ID) >> 24;
	group("xapic");
	ipis();
	cluster_model();
	nmi_behind_sti();
	two_nmis();
	waiting_nmi();
	again();
	test_ioapic(id_of[1]);
	group("x2apic");
	on_core(1, to_x2apic);
	(void)wait_for(&calls, 1);
	to_x2apic();
	x2apic = true;
	ipis();
	nmi_behind_sti();
	two_nmis();
	waiting_nmi();
}
