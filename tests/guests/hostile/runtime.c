/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor tables, exceptions, page tables: what attempts and their evaluation need on every core. */
#include "hostile.h"

/* probe.S */
_Static_assert(offsetof(struct attacker, catch_rsp) == 8, "CATCH_RSP");
_Static_assert(VECTOR_NONE == 0x100 && VECTOR_USER_DONE == 0x80, "probe.S");
_Static_assert(SELECTOR_DATA == 0x10 && SELECTOR_USER_DATA == 0x1B && SELECTOR_USER_CODE == 0x23,
	       "probe.S");

#define CORES            2
#define ENTRY_STUB_SIZE  16
#define GATE_INTERRUPT   0x8E
#define GATE_USER        0xEE /* DPL 3 */
#define RFLAGS_TRAP      UINT64_C(0x100)
#define SVR_ENABLE       0x1FFu
#define APIC_BASE_X2APIC 0xC00u
#define LARGE_PAGE       UINT64_C(0x200000)
#define MSR_APIC_ID      0x802u
#define MSR_ICR          0x830u
#define ICR_NMI          0x4400u

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t stack_table;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

struct pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

struct task_state {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t others[8];
	uint16_t reserved1;
	uint16_t reserved2;
	uint16_t reserved3;
	uint16_t io_map;
} __attribute__((packed));

struct frame {
	uint64_t vector, error_code;
	uint64_t rip, cs, rflags, rsp, ss;
};

extern const char vector_entries[];
bool event(struct frame *frame);

static struct attacker attackers[CORES];
static struct gate gates[GUEST_VECTORS];
static struct task_state tasks[CORES];
static uint8_t exception_stacks[CORES][PAGE_SIZE] __attribute__((aligned(16)));
/* 64-bit code, data, data and 64-bit code of CPL 3, 32-bit code; then one task per core. */
static uint64_t gdt[6 + 2 * CORES] = {
	0,
	0x00AF9B000000FFFF,
	0x00CF93000000FFFF,
	0x00CFF3000000FFFF,
	0x00AFFB000000FFFF,
	0x00CF9B000000FFFF,
};

uint8_t scratch[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

struct attacker *this_attacker(void)
{
	struct attacker *attacker;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(attacker));
	return attacker;
}

uint32_t nmis_taken(void)
{
	return this_attacker()->nmis;
}

uint32_t interrupts_taken(uint32_t vector)
{
	return this_attacker()->interrupts[vector];
}

static void gates_fill(void)
{
	for (uint64_t vector = 0; vector < GUEST_VECTORS; vector++) {
		uint64_t offset = (uint64_t)vector_entries + vector * ENTRY_STUB_SIZE;

		gates[vector] = (struct gate){
			.offset_low = (uint16_t)offset,
			.selector = SELECTOR_CODE,
			/* random instructions may leave any stack behind */
			.stack_table = attack_number == ATTACK_FUZZ,
			.type = vector == VECTOR_USER_DONE ? GATE_USER : GATE_INTERRUPT,
			.offset_middle = (uint16_t)(offset >> 16),
			.offset_high = (uint32_t)(offset >> 32),
		};
	}
}

static void task_load(uint32_t index)
{
	uint64_t base = (uint64_t)&tasks[index];
	uint64_t *descriptor = &gdt[SELECTOR_TASK / 8 + 2 * index];

	tasks[index].rsp[0] = (uint64_t)exception_stacks[index] + PAGE_SIZE;
	tasks[index].others[1] = tasks[index].rsp[0]; /* IST1 */
	tasks[index].io_map = sizeof(struct task_state);
	descriptor[0] = (sizeof(struct task_state) - 1) | (base & 0xFFFFFF) << 16 |
			UINT64_C(0x89) << 40 | (base >> 24 & 0xFF) << 56;
	descriptor[1] = base >> 32;
	__asm__ volatile("ltr %w0" : : "r"(SELECTOR_TASK + 16 * index) : "memory");
}

static void tables_load(void)
{
	struct pointer gdt_pointer = {sizeof(gdt) - 1, (uint64_t)gdt};
	struct pointer idt_pointer = {sizeof(gates) - 1, (uint64_t)gates};

	__asm__ volatile("lgdt %0; lidt %1" : : "m"(gdt_pointer), "m"(idt_pointer) : "memory");
	/* null selectors: going to CPL 3 would null them anyway */
	__asm__ volatile("movl %0, %%ds; movl %0, %%es; movl %0, %%fs; movl %0, %%gs"
			 :
			 : "r"(0)
			 : "memory");
}

/* Everything of the identity map may be used at CPL 3. */
static void pages_open_to_user(void)
{
	uint64_t *level4 = (uint64_t *)cr3_read();
	uint64_t *level3 = (uint64_t *)(level4[0] & ~(uint64_t)(PAGE_SIZE - 1));

	level4[0] |= ENTRY_USER;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t *level2 = (uint64_t *)(level3[i] & ~(uint64_t)(PAGE_SIZE - 1));

		level3[i] |= ENTRY_USER;
		for (unsigned j = 0; j < 512; j++)
			level2[j] |= ENTRY_USER;
	}
	translations_flush();
}

void runtime_setup(uint32_t index)
{
	struct attacker *attacker = &attackers[index];

	attacker->self = attacker;
	attacker->index = index;
	gates_fill();
	pages_open_to_user();
	tables_load();
	msr_write(MSR_GS_BASE, (uint64_t)attacker);
	task_load(index);
	if ((msr_read(MSR_APIC_BASE) & APIC_BASE_X2APIC) != APIC_BASE_X2APIC)
		msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) | APIC_BASE_X2APIC);
	msr_write(MSR_X2APIC_SVR, SVR_ENABLE);
}

static _Noreturn void unexpected(const struct frame *frame)
{
	print_text("\r\nhostile: exception ");
	print_unsigned(frame->vector);
	print_text(" error=");
	print_hexadecimal(frame->error_code);
	print_text(" rip=");
	print_hexadecimal(frame->rip);
	print_text(" that no attack expects\r\n");
	halt_forever();
}

static void nmi(struct attacker *attacker, struct frame *frame)
{
	attacker->nmis++;
	if (frame->rip >= (uint64_t)sleep_until && frame->rip < (uint64_t)sleep_end)
		frame->rip = (uint64_t)sleep_end;
	if (attacker->nmis_to_send == 0)
		return;
	attacker->nmis_to_send--;
	msr_write(MSR_ICR, msr_read(MSR_APIC_ID) << 32 | ICR_NMI);
}

static void step(struct attacker *attacker, struct frame *frame)
{
	attacker->steps++;
	attacker->step_rip = frame->rip;
	if (--attacker->step_limit == 0)
		frame->rflags &= ~RFLAGS_TRAP;
}

/* From probe.S. False: go back to where the event came. True: the probe has its answer. */
bool event(struct frame *frame)
{
	struct attacker *attacker = this_attacker();

	if (frame->vector == VECTOR_NMI) {
		nmi(attacker, frame);
		return false;
	}
	if (frame->vector == VECTOR_DEBUG && attacker->step_limit != 0) {
		step(attacker, frame);
		return false;
	}
	if (frame->vector >= VECTOR_FIRST_INTERRUPT && frame->vector != VECTOR_USER_DONE) {
		attacker->interrupts[frame->vector]++;
		while (attacker->hangs)
			;
		if (frame->vector != VECTOR_SPURIOUS)
			msr_write(MSR_X2APIC_EOI, 0);
		return attack_number == ATTACK_FUZZ && frame->vector == HOSTILE_FUZZ_VECTOR &&
		       attacker->catch_rsp != 0;
	}
	if (attacker->catch_rsp == 0)
		unexpected(frame);
	attacker->error_code = frame->error_code;
	attacker->rip = frame->rip;
	__asm__ volatile("movq %%cr2, %0" : "=r"(attacker->cr2));
	return true;
}

/* --- Page tables ---------------------------------------------------------------------------------- */

void translations_flush(void)
{
	cr3_write(cr3_read());
}

/* For what lies beyond the identity map: two more levels. */
static uint64_t extra_tables[8][512] __attribute__((aligned(PAGE_SIZE)));
static unsigned extra_used;

static uint64_t *table_below(uint64_t *entry)
{
	if (!(*entry & ENTRY_PRESENT))
		*entry = (uint64_t)extra_tables[extra_used++] | ENTRY_ALL;
	return (uint64_t *)(*entry & UINT64_C(0x000FFFFFFFFFF000));
}

static uint64_t *directory_entry(uint64_t linear)
{
	uint64_t *level4 = (uint64_t *)cr3_read();
	uint64_t *level3 = table_below(&level4[linear >> 39 & 511]);
	uint64_t *level2 = table_below(&level3[linear >> 30 & 511]);

	return &level2[linear >> 21 & 511];
}

void map_large(uint64_t linear, uint64_t physical)
{
	*directory_entry(linear) = physical | ENTRY_ALL | ENTRY_LARGE;
	translations_flush();
}

uint64_t *split_large(uint64_t linear)
{
	uint64_t *entry = directory_entry(linear);
	uint64_t *table = extra_tables[extra_used++];
	uint64_t base = *entry & ~(LARGE_PAGE - 1);

	for (uint64_t i = 0; i < 512; i++)
		table[i] = (base + i * PAGE_SIZE) | ENTRY_ALL;
	*entry = (uint64_t)table | ENTRY_ALL;
	translations_flush();
	return table;
}
