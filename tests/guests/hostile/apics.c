/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC: interrupts to everybody, local vectors of other kinds, and the page of the old mode. */
#include "survey.h"

#define MSR_ID        0x802u
#define MSR_SVR       0x80Fu
#define MSR_ICR       0x830u
#define MSR_LVT_LINT0 0x835u
#define MSR_LVT_LINT1 0x836u
#define MSR_LVT_LAST  0x837u
#define MSR_SELF      0x83Fu

#define MODE_SHIFT      8
#define MODE_NMI        4u
#define MODE_INIT       5u
#define ICR_LOGICAL     0x800u
#define ICR_ASSERT      0x4000u
#define ICR_LEVEL       0x8000u
#define SHORTHAND_SHIFT 18
#define LVT_MASKED      0x10000u

#define VECTOR_IPI 0x51u
#define BROADCAST  UINT32_MAX

#define BASE_ENABLE UINT64_C(0x800)
#define BASE_X2APIC UINT64_C(0x400)
#define BASE_PAGE   UINT64_C(0xFFFFFF000)
#define PAGE        PLATFORM_LAPIC_GPA

static uint32_t own_id;

/* What reaches the core itself as well, and as INIT would reset the VM. */
static bool reaches_self(uint32_t destination, uint32_t low)
{
	if (low >> SHORTHAND_SHIFT != 0)
		return false;
	if (destination == BROADCAST || destination == own_id)
		return true;
	return (low & ICR_LOGICAL) && (destination & 0xFFFF & 1u << own_id) &&
	       destination >> 16 == own_id >> 4;
}

static void send(uint32_t destination, uint32_t low)
{
	if ((low >> MODE_SHIFT & 7) == MODE_INIT && reaches_self(destination, low))
		return;
	msr_write(MSR_ICR, (uint64_t)destination << 32 | low);
}

static void send_all_modes(uint32_t destination, uint32_t bits)
{
	for (uint32_t mode = 0; mode < 8; mode++)
		for (uint32_t shorthand = 0; shorthand < 4; shorthand++)
			send(destination,
			     bits | mode << MODE_SHIFT | shorthand << SHORTHAND_SHIFT | VECTOR_IPI);
}

/* All modes, shorthands, and destinations: only what is the core's own may arrive. */
void apic_destinations(void)
{
	static const uint32_t more[] = {0xFF,       0xFE,      0xFFFF,     0x1FFFF,
					0xFFFF0001, BROADCAST, 0x7FFFFFFF, 0x80000001};
	static const uint32_t bits[] = {ICR_ASSERT, ICR_LEVEL | ICR_ASSERT, ICR_LEVEL, 0,
					ICR_LOGICAL | ICR_ASSERT};
	uint32_t before = interrupts_taken(VECTOR_IPI), nmis = nmis_taken();

	own_id = (uint32_t)msr_read(MSR_ID);
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		for (uint32_t destination = 0; destination < 0x20; destination++)
			send_all_modes(destination, bits[i]);
		for (size_t j = 0; j < sizeof(more) / sizeof(more[0]); j++)
			send_all_modes(more[j], bits[i]);
	}
	interrupts_on();
	__asm__ volatile("nop; nop");
	interrupts_off();
	expect(interrupts_taken(VECTOR_IPI) > before, "no IPI to itself", 0);
	expect(nmis_taken() > nmis, "no NMI to itself", 0);
	for (uint32_t vector = VECTOR_FIRST_INTERRUPT; vector < GUEST_VECTORS; vector++)
		expect(vector == VECTOR_IPI || interrupts_taken(vector) == 0,
		       "interrupt from elsewhere, vector", vector);
}

static void check_nmis(uint32_t count)
{
	uint32_t before = nmis_taken();

	for (uint32_t i = 0; i < count; i++)
		msr_write(MSR_ICR, (uint64_t)own_id << 32 | ICR_ASSERT | MODE_NMI << MODE_SHIFT);
	expect(nmis_taken() == before + count, "NMIs:", nmis_taken() - before);
}

static void check_self_interrupts(uint32_t count)
{
	uint32_t before = interrupts_taken(VECTOR_IPI);

	interrupts_on();
	for (uint32_t i = 0; i < count; i++)
		msr_write(MSR_SELF, VECTOR_IPI);
	interrupts_off();
	expect(interrupts_taken(VECTOR_IPI) == before + count,
	       "interrupts:", interrupts_taken(VECTOR_IPI) - before);
}

/* Many, one after another, each of which has to come exactly once; and one sent by an NMI's handler. */
void apic_storms(void)
{
	uint32_t before;

	check_self_interrupts(10000);
	check_nmis(2000);
	before = nmis_taken();
	this_attacker()->nmis_to_send = 10;
	check_nmis(0);
	msr_write(MSR_ICR, (uint64_t)own_id << 32 | ICR_ASSERT | MODE_NMI << MODE_SHIFT);
	expect(nmis_taken() == before + 11, "NMIs out of NMIs:", nmis_taken() - before);
}

static bool has_msr(uint32_t msr)
{
	struct registers registers = {.rcx = msr};

	return run_bytes("\x0F\x32", 2, &registers, false) == VECTOR_NONE;
}

/*
 * NMI, SMI, INIT, ExtINT and reserved modes unmasked: they have to stay masked. Those of LINT0 and LINT1 are kept for the
 * guest alone and read back as written; that the real ones stay masked is the unit test's to see.
 */
void apic_local_vectors(void)
{
	for (uint32_t msr = 0x833; msr <= MSR_LVT_LAST; msr++) {
		if (!has_msr(msr))
			continue;
		for (uint32_t mode = 1; mode < 8; mode++) {
			struct registers registers = {.rcx = msr, .rax = mode << MODE_SHIFT | 0x52};

			if (run_bytes("\x0F\x30", 2, &registers, false) == VECTOR_NONE)
				expect(msr == MSR_LVT_LINT0 || msr == MSR_LVT_LINT1 ||
					       (msr_read(msr) >> MODE_SHIFT & 7) == 0 ||
					       (msr_read(msr) & LVT_MASKED),
				       "unmasked, LVT", msr);
		}
		msr_write(msr, LVT_MASKED);
	}
}

static uint32_t write_base(uint64_t value)
{
	struct registers registers = {
		.rcx = MSR_APIC_BASE, .rax = (uint32_t)value, .rdx = value >> 32};

	return run_bytes("\x0F\x30", 2, &registers, false);
}

/*
 * In xAPIC mode the page may be moved to where the VM has nothing (SDM 3.11.4.5). What answers there is the
 * page, even at the address where the neighbour is in host memory, and at the old place nothing.
 */
static void check_moved(uint64_t off, uint64_t moved)
{
	uint64_t page = moved & BASE_PAGE;

	expect(write_base(moved | BASE_ENABLE) == VECTOR_NONE, "page not moved to", page);
	expect(memory_read32(page + 0x20) == own_id << 24, "id in the page at", page);
	memory_write32(page + 0x80, 0x30);
	expect(memory_read32(page + 0x80) == 0x30, "TPR in the page at", page);
	memory_write32(page + 0x80, 0);
	expect(memory_read32(PAGE + 0x20) == UINT32_MAX, "page at its old place", page);
	expect(write_base(off | BASE_ENABLE) == VECTOR_NONE, "page not moved back from", page);
}

/* Around through all modes, and what is not a way. Ends in xAPIC mode, which has no MSRs (SDM 3.11.12.2). */
void apic_base(void)
{
	uint64_t off = msr_read(MSR_APIC_BASE) & ~(BASE_ENABLE | BASE_X2APIC);
	uint32_t refused = VECTOR_GENERAL_PROTECTION;

	for (unsigned i = 0; i < 100; i++) {
		expect(write_base(off | BASE_ENABLE) == refused, "x2APIC to xAPIC", i);
		expect(write_base(off | BASE_X2APIC) == refused, "x2APIC alone", i);
		expect(write_base(off) == VECTOR_NONE, "to off", i);
		expect(write_base(off | BASE_ENABLE | BASE_X2APIC) == refused, "off to x2APIC", i);
		expect(memory_read32(PAGE + 0x20) == UINT32_MAX, "page while off", i);
		expect(write_base(off | BASE_ENABLE) == VECTOR_NONE, "off to xAPIC", i);
		expect(write_base(HOSTILE_MAIN | BASE_ENABLE) == refused, "page over RAM", i);
		check_moved(off, off + PAGE_SIZE);
		check_moved(off, (off & ~BASE_PAGE) | HOSTILE_VICTIM_HOST);
		expect(memory_read32(PAGE + 0x20) == own_id << 24, "id in the page", i);
		expect(write_base(off | BASE_ENABLE | BASE_X2APIC) == VECTOR_NONE, "to x2APIC", i);
		expect(memory_read32(PAGE + 0x20) == UINT32_MAX, "page in x2APIC mode", i);
	}
	(void)write_base(off);
	(void)write_base(off | BASE_ENABLE);
	for (uint32_t msr = 0x800; msr <= 0x8FF; msr++)
		expect(!has_msr(msr), "MSR in xAPIC mode:", msr);
}

/* What a byte or word of the page reads as: part of its register, or all ones if it is in none. */
static uint32_t part_of(uint64_t base, uint32_t offset, uint32_t size)
{
	uint32_t within = offset & 3, ones = UINT32_MAX >> (32 - 8 * size);

	if (within + size > sizeof(uint32_t))
		return ones;
	return memory_read32(base + offset - within) >> (8 * within) & ones;
}

/*
 * Widths that no register has are not defined (SDM 3.11.4.1): bytes and words read as part of the
 * register, everything else as all ones, and nothing is written.
 */
static void check_odd_widths(uint64_t base)
{
	for (uint32_t offset = 0; offset < PAGE_SIZE; offset += offset < 0x100 ? 1 : 37) {
		uint64_t address = base + offset, whole = address & ~UINT64_C(3);
		uint32_t before = memory_read32(whole);

		expect(*(volatile uint8_t *)address == part_of(base, offset, 1),
		       "a byte answers at", address);
		*(volatile uint8_t *)address = 0;
		if (offset + 2 <= PAGE_SIZE) {
			expect(*(volatile uint16_t *)address == part_of(base, offset, 2),
			       "a word answers at", address);
			*(volatile uint16_t *)address = 0;
		}
		if (offset + 8 <= PAGE_SIZE) {
			expect(*(volatile uint64_t *)address == UINT64_MAX, "8 bytes answer at",
			       address);
			*(volatile uint64_t *)address = 0;
		}
		expect(memory_read32(whole) == before, "written by an odd width:", address);
		if (offset % 16 != 0 && offset + 4 <= PAGE_SIZE)
			memory_write32(address, 0);
	}
}

/* Every register by every instruction that is emulated. */
static void check_instructions(void)
{
	static const struct instruction rows[] = {
		{"xchg", BYTES("\x87\x0B"), {.rbx = PAGE + 0x80}, NO_EXCEPTION},
		{"or", BYTES("\x09\x0B"), {.rbx = PAGE + 0x80}, NO_EXCEPTION},
		{"lock and", BYTES("\xF0\x21\x0B"), {.rbx = PAGE + 0x80}, NO_EXCEPTION},
		{"lock bts", BYTES("\xF0\x0F\xBA\x2B\x03"), {.rbx = PAGE + 0x80}, NO_EXCEPTION},
		{"lock cmpxchg", BYTES("\xF0\x0F\xB1\x0B"), {.rbx = PAGE + 0x80}, NO_EXCEPTION},
		{"stos", BYTES("\xAB"), {.rdi = PAGE + 0x80}, NO_EXCEPTION},
		{"lods", BYTES("\xAD"), {.rsi = PAGE + 0x30}, NO_EXCEPTION},
		{"rep movs",
		 BYTES("\xF3\xA5"),
		 {.rcx = 4, .rsi = PAGE + 0x30, .rdi = (uint64_t)scratch},
		 NO_EXCEPTION},
		{"movzx", BYTES("\x0F\xB6\x0B"), {.rbx = PAGE + 0x30}, NO_EXCEPTION},
		{"movsx", BYTES("\x0F\xBE\x0B"), {.rbx = PAGE + 0x30}, NO_EXCEPTION},
		{"cmp", BYTES("\x39\x0B"), {.rbx = PAGE + 0x30}, NO_EXCEPTION},
		{"test", BYTES("\x85\x0B"), {.rbx = PAGE + 0x30}, NO_EXCEPTION},
		{"mov to rsp",
		 BYTES("\x48\x89\xE1\x8B\x23\x48\x89\xCC"),
		 {.rbx = PAGE + 0x30},
		 NO_EXCEPTION},
	};

	run_instructions(rows, sizeof(rows) / sizeof(rows[0]), false);
	run_instructions(rows, sizeof(rows) / sizeof(rows[0]), true);
}

/* IPIs through the page: the same filter as for the MSR. */
static void check_page_ipis(void)
{
	uint32_t nmis = nmis_taken();

	for (uint32_t destination = 0; destination < 0x100; destination++) {
		memory_write32(PAGE + 0x310, destination << 24);
		for (uint32_t mode = 0; mode < 8; mode++) {
			if (mode == MODE_INIT && (destination == own_id || destination == 0xFF))
				continue;
			memory_write32(PAGE + 0x300, ICR_ASSERT | mode << MODE_SHIFT | VECTOR_IPI);
			memory_write32(PAGE + 0x300, ICR_ASSERT | mode << MODE_SHIFT | VECTOR_IPI |
							     3u << SHORTHAND_SHIFT);
		}
	}
	expect(nmis_taken() > nmis, "no NMI to itself", 0);
}

/* As a system sets them up, after the page got all sorts of values. */
static void page_restore(void)
{
	for (uint32_t offset = 0x320; offset <= 0x370; offset += 16)
		memory_write32(PAGE + offset, LVT_MASKED);
	memory_write32(PAGE + 0x80, 0);
	memory_write32(PAGE + 0xF0, 0x1FF);
}

/* The page of xAPIC mode, in which apic_base() has left the core. */
void apic_page(void)
{
	check_odd_widths(PAGE);
	for (uint32_t offset = 0; offset < PAGE_SIZE; offset += 16) {
		if (offset != 0x300 && offset != 0x380)
			memory_write32(PAGE + offset, UINT32_MAX);
		(void)memory_read32(PAGE + offset);
	}
	check_instructions();
	check_page_ipis();
	page_restore();
}

#define WINDOW        UINT64_C(0x8040000000) /* beyond the identity map */
#define WINDOW_BORDER (WINDOW + HOSTILE_LOW_SIZE)

/* Copies code so that `before` bytes of it lie in front of the border, the others in scratch. */
static void place_at_border(const char *bytes, size_t count, size_t before)
{
	for (size_t i = 0; i < count; i++) {
		volatile uint8_t *to = (volatile uint8_t *)(HOSTILE_LOW_SIZE - before + i);

		if (i >= before)
			to = scratch + i - before;
		*to = (uint8_t)bytes[i];
	}
}

static uint32_t run_at_border(size_t before)
{
	struct registers registers = {
		.rax = 0x20, .rbx = PAGE + 0x80, .rdx = WINDOW_BORDER - before};

	return run_bytes("\xFF\xE2", 2, &registers, false); /* jmp *%rdx */
}

/*
 * Accesses to the page by instructions at the end of their own page: with nothing behind it, where the
 * hypervisor may look at no byte more than the processor, and going on in a page from elsewhere. Ends in
 * x2APIC mode, whose MSRs the handlers of interrupts use.
 */
void apic_page_border(void)
{
	uint64_t *entries;

	map_large(WINDOW, 0);
	entries = split_large(WINDOW);
	entries[HOSTILE_LOW_SIZE / PAGE_SIZE] = 0;
	translations_flush();
	place_at_border("\x89\x03", 2, 2); /* mov %eax, (%rbx) */
	expect(run_at_border(2) == VECTOR_PAGE, "no page fault behind the border", 0);
	expect(this_attacker()->rip == WINDOW_BORDER, "page fault at", this_attacker()->rip);
	expect(memory_read32(PAGE + 0x80) == 0x20, "TPR is", memory_read32(PAGE + 0x80));
	entries[HOSTILE_LOW_SIZE / PAGE_SIZE] = (uint64_t)scratch | ENTRY_ALL;
	translations_flush();
	for (size_t before = 1; before < 6; before++) {
		uint32_t value = (uint32_t)before << 4;
		char code[] = "\xC7\x03????\xC3"; /* movl $value, (%rbx); ret */

		code[2] = (char)value;
		code[3] = code[4] = code[5] = 0;
		place_at_border(code, sizeof(code) - 1, before);
		expect(run_at_border(before) == VECTOR_NONE, "instruction across pages", before);
		expect(memory_read32(PAGE + 0x80) == value, "TPR is", memory_read32(PAGE + 0x80));
	}
	page_restore();
	expect(write_base(msr_read(MSR_APIC_BASE) | BASE_X2APIC) == VECTOR_NONE,
	       "not back to x2APIC", 0);
}
