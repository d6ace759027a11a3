/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INS and OUTS at ports that are not the VM's. The guest's state and the ports are fakes of this file; its
 * memory is RAM [0, 0x10000), of which the last page is read-only, and page tables are real ones.
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
#define RAM_SIZE 0x10000

static struct guest_registers registers;
static struct guest_paging paging;
static uint64_t flags;
static unsigned privilege;

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
	port_reads = port_writes = 0;
	return 0;
}

static struct port_string ins(unsigned size, bool repeat, gva_t linear)
{
	return (struct port_string){.port = PORT,
				    .size = size,
				    .in = true,
				    .repeat = repeat,
				    .address_size = 4,
				    .linear = linear};
}

static struct port_string outs(unsigned size, bool repeat, gva_t linear)
{
	struct port_string string = ins(size, repeat, linear);

	string.in = false;
	return string;
}

static bool run(struct port_string string)
{
	return vm_port_string(&vcpus[0], &registers, &string);
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
	while (!run(ins(1, true, registers.rdi))) {
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

/* The next exit brings the linear address behind the wrap. */
static void sixteen_bit_index_wraps(void **state)
{
	struct port_string string = ins(1, true, 0x4FFF);

	(void)state;
	string.address_size = 2;
	registers.rcx = UINT64_C(0xABCD0003);
	registers.rdi = UINT64_C(0x1234FFFF);
	assert_false(run(string));
	assert_int_equal(port_reads, 1);
	assert_int_equal(registers.rdi, 0x12340000);
	assert_int_equal(registers.rcx, 0xABCD0002);
	flags |= RFLAGS_DF;
	assert_false(run(string));
	assert_int_equal(port_reads, 2);
	assert_int_equal(registers.rdi, 0x1234FFFF);
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

static void what_is_not_mapped_stops(void **state)
{
	(void)state;
	use_long_mode(7);
	map(0x1000, 0x3007);
	map(0x2000, 0x2006);
	assert_true(stops(ins(1, false, 0x2000)));
	assert_true(stops(outs(1, false, 0x2000)));
	assert_int_equal(port_writes, 0);
	/* the second half is missing: nothing goes to the port */
	assert_true(stops(outs(4, false, 0x1FFE)));
	assert_int_equal(port_writes, 0);
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
	assert_true(stops(ins(1, false, 0x1000)));
	assert_true(run(outs(1, false, 0x1000)));
	assert_true(run(ins(1, false, 0x2000)));
	paging.cr0 &= ~CR0_WP;
	assert_true(run(ins(1, false, 0x1000)));
	privilege = 3;
	assert_true(stops(ins(1, false, 0x1000)));
	assert_true(run(outs(1, false, 0x1000)));
	assert_true(stops(outs(1, false, 0x2000)));
	privilege = 0;
	paging.cr4 |= CR4_SMAP;
	assert_true(stops(outs(1, false, 0x1000)));
	flags |= RFLAGS_AC;
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
		cmocka_unit_test_setup(what_is_not_mapped_stops, setup),
		cmocka_unit_test_setup(what_is_not_the_vms_stops, setup),
		cmocka_unit_test_setup(page_tables_rights_count, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
