/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INS and OUTS at ports that are not the VM's. The guest's state and the ports are fakes of this file; its
 * memory is RAM [0, 0x20000), of which the last page is read-only, and page tables are real ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cpu/msr.h"
#include "cpu/privileged.h"
#include "cpu/registers.h"
#include "fake_memory.h"
#include "fake_vm.h"
#include "vm/handlers.h"

#define PORT     0x1F0
#define RAM_SIZE 0x20000

static struct guest_registers registers;
static struct guest_paging paging;
static uint64_t flags;
static unsigned privilege;
static unsigned code_bits;
static uint32_t keys;
static struct guest_segment data_segment;
static enum guest_segment_name asked_segment;
static struct guest_exception injected;
static enum guest_watch watched_kind;
static uint64_t watched;

static unsigned port_reads;
static uint32_t written[0x400];
static unsigned port_writes;

void guest_paging_read(struct guest_paging *p)
{
	*p = paging;
}

uint64_t guest_flags(void)
{
	return flags;
}

unsigned guest_privilege_level(void)
{
	return privilege;
}

uint32_t guest_protection_keys(void)
{
	return keys;
}

unsigned guest_code_bits(void)
{
	return code_bits;
}

void guest_segment_read(enum guest_segment_name name, struct guest_segment *segment)
{
	asked_segment = name;
	*segment = data_segment;
}

void guest_inject(const struct guest_exception *exception)
{
	injected = *exception;
}

bool guest_watch_access(enum guest_watch kind, uint64_t address, unsigned size)
{
	return kind == watched_kind && address <= watched && watched < address + size;
}

/* Every read gives another value, so that order and place show. */
uint32_t vm_port_read(struct vcpu *vcpu, uint16_t port, unsigned size)
{
	(void)vcpu;
	(void)size;
	assert_int_equal(port, PORT);
	return 0xA0B0C000 + ++port_reads;
}

void vm_port_write(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
	(void)vcpu;
	(void)size;
	assert_int_equal(port, PORT);
	written[port_writes++] = value;
}

static uint8_t *memory(gpa_t address)
{
	return (uint8_t *)host_pointer(FAKE_MEMORY_BASE) + address;
}

static int setup(void **state)
{
	static const struct memory_region regions[] = {
		{.guest_physical = 0,
		 .host_physical = FAKE_MEMORY_BASE,
		 .size = RAM_SIZE - PAGE_SIZE_4K,
		 .permissions = MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE},
		{.guest_physical = RAM_SIZE - PAGE_SIZE_4K,
		 .host_physical = FAKE_MEMORY_BASE + RAM_SIZE - PAGE_SIZE_4K,
		 .size = PAGE_SIZE_4K,
		 .permissions = MEMORY_READ},
	};
	static struct vm_config config;

	(void)state;
	fake_vms_reset();
	fake_memory_fill(0);
	config = *vms[0].config;
	config.memory = regions;
	config.memory_count = 2;
	vms[0].config = &config;
	registers = (struct guest_registers){0};
	paging = (struct guest_paging){.cr0 = CR0_PE};
	flags = RFLAGS_FIXED;
	privilege = 0;
	keys = 0;
	code_bits = 32;
	data_segment = (struct guest_segment){.limit = UINT32_MAX, .rights = 0xC093};
	injected = (struct guest_exception){0};
	watched = UINT64_MAX;
	port_reads = port_writes = 0;
	return 0;
}

static struct port_string ins(unsigned size, bool repeat, uint32_t offset)
{
	registers.rdi = (registers.rdi & ~(uint64_t)UINT32_MAX) | offset;
	return (struct port_string){.port = PORT,
				    .size = size,
				    .in = true,
				    .repeat = repeat,
				    .address_size = 4,
				    .segment = GUEST_ES};
}

static struct port_string outs(unsigned size, bool repeat, uint32_t offset)
{
	registers.rsi = offset;
	return (struct port_string){.port = PORT,
				    .size = size,
				    .repeat = repeat,
				    .address_size = 4,
				    .segment = GUEST_DS};
}

static bool run(struct port_string string)
{
	enum port_string_result result = vm_port_string(&vcpus[0], &registers, &string);

	assert_int_not_equal(result, PORT_STRING_FAULTS);
	return result == PORT_STRING_DONE;
}

static bool faults(struct port_string string, uint8_t vector, uint32_t error, gva_t address)
{
	return vm_port_string(&vcpus[0], &registers, &string) == PORT_STRING_FAULTS &&
	       injected.vector == vector && injected.has_error && injected.error == error &&
	       injected.address == address;
}

static bool stops(struct port_string string)
{
	fake_stop_expected = true;
	if (setjmp(fake_stop_jump) == 0) {
		run(string);
		return false;
	}
	return fake_stop_reason == STOP_INSTRUCTION;
}

static void one_element_without_rep(void **state)
{
	(void)state;
	registers.rcx = 5;
	registers.rdi = UINT64_C(0xFFFFFFFF00000100);
	assert_true(run(ins(2, false, 0x100)));
	assert_int_equal(port_reads, 1);
	assert_int_equal(memory(0x100)[0], 0x01);
	assert_int_equal(memory(0x100)[1], 0xC0);
	assert_int_equal(memory(0x100)[2], 0);
	assert_int_equal(registers.rcx, 5);
	assert_int_equal(registers.rdi, 0x102); /* 32-bit results clear the upper half */
	registers.rsi = 0x100;
	assert_true(run(outs(1, false, 0x100)));
	assert_int_equal(written[0], 0x01);
	assert_int_equal(registers.rsi, 0x101);
}

static void rep_counts_down(void **state)
{
	(void)state;
	registers.rcx = 3;
	registers.rdi = 0x200;
	assert_true(run(ins(4, true, 0x200)));
	assert_int_equal(registers.rcx, 0);
	assert_int_equal(registers.rdi, 0x20C);
	assert_int_equal(memory(0x208)[0], 3);
	assert_int_equal(memory(0x20C)[0], 0);
	assert_true(run(ins(4, true, 0x20C))); /* nothing left: nothing done */
	assert_int_equal(port_reads, 3);
}

static void direction_flag_goes_down(void **state)
{
	(void)state;
	flags |= RFLAGS_DF;
	memcpy(memory(0x300), "abcd", 4);
	registers.rcx = 4;
	registers.rsi = 0x303;
	assert_true(run(outs(1, true, 0x303)));
	assert_int_equal(written[0], 'd');
	assert_int_equal(written[3], 'a');
	assert_int_equal(registers.rsi, 0x2FF);
}

static void work_per_exit_is_bounded(void **state)
{
	unsigned exits = 1;

	(void)state;
	registers.rcx = 1000;
	registers.rdi = 0x1000;
	while (!run(ins(1, true, (uint32_t)registers.rdi))) {
		assert_true(port_reads <= exits * 128);
		exits++;
	}
	assert_int_equal(port_reads, 1000);
	assert_int_equal(registers.rdi, 0x1000 + 1000);
	assert_true(exits >= 8);
}

static void single_step_stops_after_each(void **state)
{
	(void)state;
	flags |= RFLAGS_TF;
	registers.rcx = 2;
	registers.rdi = 0x100;
	assert_false(run(ins(1, true, 0x100)));
	assert_int_equal(registers.rcx, 1);
	assert_true(run(ins(1, true, 0x101)));
}

static void sixteen_bit_index_wraps(void **state)
{
	struct port_string string = ins(1, true, 0);

	(void)state;
	string.address_size = 2;
	data_segment.base = 0x1000;
	registers.rcx = UINT64_C(0xABCD0002);
	registers.rdi = UINT64_C(0x1234FFFF);
	assert_true(run(string));
	assert_int_equal(registers.rdi, 0x12340001);
	assert_int_equal(registers.rcx, 0xABCD0000);
	assert_int_equal(memory(0x10FFF)[0], 1);
	assert_int_equal(memory(0x1000)[0], 2);
	flags |= RFLAGS_DF;
	registers.rcx = 2;
	registers.rdi = 0;
	assert_true(run(string));
	assert_int_equal(registers.rdi, 0xFFFE);
	assert_int_equal(memory(0x10FFF)[0], 4);
}

/* Limits, types and the fault of the stack segment (SDM 3.5.3, 3.5.5). */
static void segments_are_checked(void **state)
{
	struct port_string string;

	(void)state;
	data_segment.limit = 0x1FF;
	assert_true(run(ins(4, false, 0x1FC)));
	assert_int_equal(asked_segment, GUEST_ES);
	assert_true(faults(ins(4, false, 0x1FD), EXCEPTION_GENERAL_PROTECTION, 0, 0));
	string = outs(1, false, 0x200);
	string.segment = GUEST_SS;
	assert_true(faults(string, EXCEPTION_STACK_FAULT, 0, 0));
	data_segment.rights = 0xC097; /* grows down: what lies above the limit */
	assert_true(faults(outs(1, false, 0x1FF), EXCEPTION_GENERAL_PROTECTION, 0, 0));
	assert_true(run(outs(1, false, 0x200)));
	data_segment = (struct guest_segment){.limit = UINT32_MAX, .rights = 0xC091};
	assert_true(run(outs(1, false, 0x100)));
	assert_true(faults(ins(1, false, 0x100), EXCEPTION_GENERAL_PROTECTION, 0, 0));
	data_segment.rights = 0xC099; /* code that can't be read */
	assert_true(faults(outs(1, false, 0x100), EXCEPTION_GENERAL_PROTECTION, 0, 0));
	data_segment.rights = SEGMENT_UNUSABLE;
	assert_true(faults(outs(1, false, 0x100), EXCEPTION_GENERAL_PROTECTION, 0, 0));
	code_bits = 64; /* neither limit nor type, but canonical addresses */
	assert_true(run(outs(1, false, 0x100)));
	string = outs(1, false, 0);
	string.address_size = 8;
	registers.rsi = UINT64_C(1) << 47;
	assert_true(faults(string, EXCEPTION_GENERAL_PROTECTION, 0, 0));
}

static void what_is_done_before_a_fault_stays_done(void **state)
{
	(void)state;
	data_segment.limit = 0x101;
	registers.rcx = 5;
	assert_true(faults(ins(1, true, 0x100), EXCEPTION_GENERAL_PROTECTION, 0, 0));
	assert_int_equal(port_reads, 2);
	assert_int_equal(registers.rcx, 3);
	assert_int_equal(registers.rdi, 0x102);
}

static void breakpoints_interrupt_between_elements(void **state)
{
	(void)state;
	watched_kind = WATCH_WRITE;
	watched = 0x102;
	registers.rcx = 5;
	assert_false(run(ins(1, true, 0x100)));
	assert_int_equal(registers.rcx, 2);
	watched_kind = WATCH_PORT;
	watched = PORT;
	assert_false(run(ins(1, true, 0x103)));
	assert_int_equal(registers.rcx, 1);
}

#define TABLES UINT64_C(0x8000)

static void map(gva_t page, uint64_t entry)
{
	memcpy(memory(TABLES + 0x3000 + page / PAGE_SIZE_4K * 8), &entry, sizeof(entry));
}

static void use_long_mode(uint64_t rights)
{
	for (unsigned level = 0; level < 3; level++) {
		uint64_t entry = (TABLES + (level + 1) * PAGE_SIZE_4K) | rights;

		memcpy(memory(TABLES + level * PAGE_SIZE_4K), &entry, sizeof(entry));
	}
	paging = (struct guest_paging){.cr0 = CR0_PE | CR0_PG | CR0_WP,
				       .cr3 = TABLES,
				       .cr4 = CR4_PAE,
				       .efer = EFER_LME | EFER_LMA};
}

static void element_lies_in_two_pages(void **state)
{
	static const uint8_t expected[] = {0x01, 0xC0, 0xB0, 0xA0};

	(void)state;
	use_long_mode(7);
	map(0x1000, 0x3007);
	map(0x2000, 0x2007);
	registers.rdi = 0x1FFE;
	assert_true(run(ins(4, false, 0x1FFE)));
	assert_memory_equal(memory(0x3FFE), expected, 2);
	assert_memory_equal(memory(0x2000), expected + 2, 2);
}

static void what_is_not_mapped_faults(void **state)
{
	(void)state;
	use_long_mode(7);
	map(0x1000, 0x3007);
	map(0x2000, 0x2006);
	assert_true(faults(ins(1, false, 0x2000), EXCEPTION_PAGE_FAULT, 2, 0x2000));
	assert_true(faults(outs(1, false, 0x2000), EXCEPTION_PAGE_FAULT, 0, 0x2000));
	/* the second half is missing: nothing goes to the port, and nothing to the first */
	assert_true(faults(outs(4, false, 0x1FFE), EXCEPTION_PAGE_FAULT, 0, 0x2000));
	assert_true(faults(ins(4, false, 0x1FFE), EXCEPTION_PAGE_FAULT, 2, 0x2000));
	assert_int_equal(port_writes, 0);
	assert_int_equal(port_reads, 0);
	assert_int_equal(memory(0x3FFE)[0], 0);
}

static void what_is_not_the_vms_stops(void **state)
{
	(void)state;
	assert_true(stops(ins(1, false, RAM_SIZE)));
	assert_true(stops(outs(1, false, RAM_SIZE)));
	assert_true(stops(ins(1, false, RAM_SIZE - 1))); /* the VM may only read there */
	assert_true(run(outs(1, false, RAM_SIZE - 1)));
	assert_true(stops(outs(4, false, UINT32_MAX)));
}

static void page_tables_rights_count(void **state)
{
	(void)state;
	use_long_mode(7);
	map(0x1000, 0x3005); /* user, read-only */
	map(0x2000, 0x2003); /* supervisor, writable */
	assert_true(faults(ins(1, false, 0x1000), EXCEPTION_PAGE_FAULT, 3, 0x1000));
	assert_true(run(outs(1, false, 0x1000)));
	assert_true(run(ins(1, false, 0x2000)));
	paging.cr0 &= ~CR0_WP;
	assert_true(run(ins(1, false, 0x1000)));
	privilege = 3;
	assert_true(faults(ins(1, false, 0x1000), EXCEPTION_PAGE_FAULT, 7, 0x1000));
	assert_true(run(outs(1, false, 0x1000)));
	assert_true(faults(outs(1, false, 0x2000), EXCEPTION_PAGE_FAULT, 5, 0x2000));
	privilege = 0;
	paging.cr4 |= CR4_SMAP;
	assert_true(faults(outs(1, false, 0x1000), EXCEPTION_PAGE_FAULT, 1, 0x1000));
	flags |= RFLAGS_AC;
	assert_true(run(outs(1, false, 0x1000)));
}

/* Key 5 may not be written, key 6 not accessed at all. */
static void protection_keys_count(void **state)
{
	(void)state;
	use_long_mode(7);
	map(0x1000, UINT64_C(5) << 59 | 0x3007);
	map(0x2000, UINT64_C(6) << 59 | 0x4007);
	map(0x3000, UINT64_C(6) << 59 | 0x5003); /* supervisor: keys do not concern it */
	keys = 2u << 10 | 1u << 12;
	assert_true(run(outs(1, false, 0x2000))); /* not switched on */
	paging.cr4 |= CR4_PKE;
	assert_true(run(outs(1, false, 0x1000)));
	assert_true(faults(ins(1, false, 0x1000), EXCEPTION_PAGE_FAULT, 0x23, 0x1000));
	assert_true(faults(outs(1, false, 0x2000), EXCEPTION_PAGE_FAULT, 0x21, 0x2000));
	assert_true(run(outs(1, false, 0x3000)));
	paging.cr0 &= ~CR0_WP;
	assert_true(run(ins(1, false, 0x1000)));
	privilege = 3;
	assert_true(faults(ins(1, false, 0x1000), EXCEPTION_PAGE_FAULT, 0x27, 0x1000));
}

static void accessed_and_dirty_bits_are_set(void **state)
{
	(void)state;
	use_long_mode(7);
	map(0x1000, 0x3007);
	map(0x2000, 0x2007);
	assert_true(run(outs(1, false, 0x1000)));
	assert_int_equal(memory(TABLES + 0x3000 + 8)[0], 0x27);
	assert_int_equal(memory(TABLES)[0], 0x27);
	assert_true(run(ins(1, false, 0x2000)));
	assert_int_equal(memory(TABLES + 0x3000 + 16)[0], 0x67);
	assert_int_equal(memory(TABLES + 0x2000)[0], 0x27);
}

static void reserved_bits_fault(void **state)
{
	(void)state;
	use_long_mode(7);
	paging.physical_bits = 40;
	map(0x1000, UINT64_C(0x8000000000003007)); /* XD without NXE */
	map(0x2000, UINT64_C(0x0000010000002007));
	assert_true(faults(outs(1, false, 0x1000), EXCEPTION_PAGE_FAULT, 9, 0x1000));
	assert_true(faults(outs(1, false, 0x2000), EXCEPTION_PAGE_FAULT, 9, 0x2000));
	paging.efer |= EFER_NXE;
	assert_true(run(outs(1, false, 0x1000)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_element_without_rep, setup),
		cmocka_unit_test_setup(rep_counts_down, setup),
		cmocka_unit_test_setup(direction_flag_goes_down, setup),
		cmocka_unit_test_setup(work_per_exit_is_bounded, setup),
		cmocka_unit_test_setup(single_step_stops_after_each, setup),
		cmocka_unit_test_setup(sixteen_bit_index_wraps, setup),
		cmocka_unit_test_setup(element_lies_in_two_pages, setup),
		cmocka_unit_test_setup(what_is_not_mapped_faults, setup),
		cmocka_unit_test_setup(what_is_not_the_vms_stops, setup),
		cmocka_unit_test_setup(page_tables_rights_count, setup),
		cmocka_unit_test_setup(protection_keys_count, setup),
		cmocka_unit_test_setup(segments_are_checked, setup),
		cmocka_unit_test_setup(what_is_done_before_a_fault_stays_done, setup),
		cmocka_unit_test_setup(breakpoints_interrupt_between_elements, setup),
		cmocka_unit_test_setup(accessed_and_dirty_bits_are_set, setup),
		cmocka_unit_test_setup(reserved_bits_fault, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
