/* SPDX-License-Identifier: Apache-2.0 */
/* Host addresses chosen by the tool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bulkhead/platform.h"
#include "place.h"
#include "span.h"

#define MIB    UINT64_C(0x100000)
#define PIECES 12

static struct number given(uint64_t value)
{
	return (struct number){.value = value, .given = true};
}

struct machine {
	struct arena arena;
	struct model model;
	struct board_range ranges[4];
	struct vm vm;
	struct vm_memory memory[PIECES];
	struct placement placement;
};

static void add_range(struct machine *machine, enum board_range_kind kind, uint64_t base,
		      uint64_t size)
{
	struct board *board = &machine->model.board;

	board->ranges[board->range_count++] =
		(struct board_range){"range", kind, {given(base), given(size), {0}}};
}

/* RAM to 256 MiB with the hypervisor at 2 MiB, as on most boards. */
static void machine_init(struct machine *machine)
{
	*machine = (struct machine){0};
	machine->model.board.given = true;
	machine->model.board.physical_address_bits = 40;
	machine->model.board.ranges = machine->ranges;
	machine->model.vms = &machine->vm;
	machine->model.vm_count = 1;
	machine->vm.memory = machine->memory;
	add_range(machine, BOARD_RAM, 0, 0x9F000);
	add_range(machine, BOARD_RAM, MIB, 255 * MIB);
	add_range(machine, BOARD_HYPERVISOR, 2 * MIB, 14 * MIB);
}

static struct vm_memory *add_memory(struct machine *machine, uint64_t guest, uint64_t size)
{
	struct vm_memory *memory = &machine->memory[machine->vm.memory_count++];

	*memory = (struct vm_memory){.guest = given(guest), .size = given(size)};
	return memory;
}

static void place(struct machine *machine)
{
	place_memory(&machine->model, &machine->arena, &machine->placement);
}

static void test_lowest_large_page_above_the_hypervisor(void **state)
{
	(void)state;
	struct machine machine;

	machine_init(&machine);
	struct vm_memory *memory = add_memory(&machine, 0, 16 * MIB);
	place(&machine);
	assert_int_equal(memory->host.value, 16 * MIB);
	assert_int_equal(machine.placement.count, 1);
	assert_true(machine.placement.items[0].found);
	assert_int_equal(machine.placement.items[0].alignment, PAGE_SIZE_2M);
	arena_free(&machine.arena);
}

static void test_same_offset_in_a_large_page_as_the_guest(void **state)
{
	(void)state;
	struct machine machine;

	machine_init(&machine);
	struct vm_memory *memory = add_memory(&machine, MIB, 16 * MIB);
	place(&machine);
	assert_int_equal(memory->host.value, 17 * MIB);
	arena_free(&machine.arena);
}

static void test_small_piece_fills_the_gap_below(void **state)
{
	(void)state;
	struct machine machine;

	machine_init(&machine);
	struct vm_memory *memory = add_memory(&machine, 0, 0x8000);
	place(&machine);
	assert_int_equal(memory->host.value, MIB);
	arena_free(&machine.arena);
}

static void test_fixed_ranges_come_first(void **state)
{
	(void)state;
	struct machine machine;

	machine_init(&machine);
	struct vm_memory *free = add_memory(&machine, 0, 16 * MIB);
	add_memory(&machine, 32 * MIB, 16 * MIB)->host = given(16 * MIB);
	place(&machine);
	assert_int_equal(free->host.value, 32 * MIB);
	assert_int_equal(machine.placement.count, 1);
	arena_free(&machine.arena);
}

static void test_gigabyte_pages_where_they_fit(void **state)
{
	(void)state;
	struct machine machine;

	machine_init(&machine);
	machine.ranges[1].range.size.value = 4096 * MIB - MIB;
	struct vm_memory *memory = add_memory(&machine, 0, 1024 * MIB);
	place(&machine);
	assert_int_equal(memory->host.value, 1024 * MIB);
	assert_int_equal(machine.placement.items[0].alignment, PAGE_SIZE_1G);
	arena_free(&machine.arena);
}

static void test_small_pages_rather_than_none(void **state)
{
	(void)state;
	struct machine machine;

	machine_init(&machine);
	machine.ranges[1].range.size.value = 19 * MIB; /* 16 to 20 MiB are free, and 1 to 2 */
	struct vm_memory *memory = add_memory(&machine, 0x1000, 4 * MIB);
	place(&machine);
	assert_int_equal(memory->host.value, 16 * MIB);
	assert_int_equal(machine.placement.items[0].alignment, PAGE_SIZE_4K);
	assert_int_equal(machine.placement.items[0].wanted_alignment, PAGE_SIZE_2M);
	arena_free(&machine.arena);
}

static void test_impossible_tells_the_largest_free_range(void **state)
{
	(void)state;
	struct machine machine;

	machine_init(&machine);
	add_memory(&machine, 0, 300 * MIB);
	place(&machine);
	assert_false(machine.placement.items[0].found);
	assert_int_equal(machine.placement.items[0].largest.base, 16 * MIB);
	assert_int_equal(machine.placement.items[0].largest.size, 240 * MIB);
	arena_free(&machine.arena);
}

static void test_what_is_broken_is_left_alone(void **state)
{
	(void)state;
	struct machine machine;

	machine_init(&machine);
	add_memory(&machine, 0, 0);
	add_memory(&machine, 0x800, 0x1000);
	add_memory(&machine, 0, 0x1800);
	add_memory(&machine, 0, MIB)->size.given = false;
	add_memory(&machine, 0, MIB)->host_unusable = true;
	add_memory(&machine, UINT64_MAX - 0xFFF, 0x2000);
	place(&machine);
	assert_int_equal(machine.placement.count, 0);
	arena_free(&machine.arena);
}

static void test_apic_pages_are_never_given(void **state)
{
	(void)state;
	struct machine machine;
	struct board_ioapic ioapic = {.registers = {given(0xFEC00000), given(0x1000), {0}}};

	machine_init(&machine);
	machine.model.board.ioapics = &ioapic;
	machine.model.board.ioapic_count = 1;
	machine.ranges[1].range.base.value = 0xFEC00000;
	machine.ranges[1].range.size.value = 0x400000;
	struct vm_memory *memory = add_memory(&machine, 0, 0x1000);
	struct vm_memory *large = add_memory(&machine, 0x100000, 0x1FE000);
	struct vm_memory *behind = add_memory(&machine, 0x400000, 0x2000);
	place(&machine);
	assert_int_equal(memory->host.value, 0xFEC01000);
	assert_int_equal(large->host.value, 0xFEC02000); /* up to the local APIC's page */
	assert_int_equal(behind->host.value, 0xFEE01000);
	arena_free(&machine.arena);
}

static bool meets_any(const struct machine *machine, const struct vm_memory *memory)
{
	const struct span own = {memory->host.value, memory->host.value + memory->size.value - 1};
	const struct span hypervisor = {2 * MIB, 16 * MIB - 1};

	for (unsigned i = 0; i < machine->vm.memory_count; i++) {
		const struct vm_memory *other = &machine->memory[i];
		const struct span span = {other->host.value,
					  other->host.value + other->size.value - 1};
		if (other != memory && other->host.value && span_meet(own, span))
			return true;
	}
	return span_meet(own, hypervisor) || own.first < MIB || own.last >= 256 * MIB;
}

static void make_random(struct machine *machine, unsigned seed)
{
	srand(seed);
	machine_init(machine);
	for (unsigned i = 0; i < PIECES; i++) {
		uint64_t size = (uint64_t)(rand() % 60 + 1) * (rand() % 2 ? MIB : 0x7000);
		add_memory(machine, (uint64_t)(rand() % 64) * 0x9000, size);
	}
	place(machine);
}

static void test_placed_pieces_never_meet(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 500; seed++) {
		struct machine machine;
		make_random(&machine, seed);
		for (unsigned i = 0; i < machine.placement.count; i++) {
			const struct placed *placed = &machine.placement.items[i];
			uint64_t difference =
				placed->memory->host.value - placed->memory->guest.value;
			if (!placed->found)
				continue;
			assert_false(meets_any(&machine, placed->memory));
			assert_int_equal(difference % placed->alignment, 0);
		}
		arena_free(&machine.arena);
	}
}

static void test_same_model_same_addresses(void **state)
{
	(void)state;
	struct machine first, second;

	make_random(&first, 7);
	make_random(&second, 7);
	for (unsigned i = 0; i < PIECES; i++)
		assert_int_equal(first.memory[i].host.value, second.memory[i].host.value);
	arena_free(&first.arena);
	arena_free(&second.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lowest_large_page_above_the_hypervisor),
		cmocka_unit_test(test_same_offset_in_a_large_page_as_the_guest),
		cmocka_unit_test(test_small_piece_fills_the_gap_below),
		cmocka_unit_test(test_fixed_ranges_come_first),
		cmocka_unit_test(test_gigabyte_pages_where_they_fit),
		cmocka_unit_test(test_small_pages_rather_than_none),
		cmocka_unit_test(test_impossible_tells_the_largest_free_range),
		cmocka_unit_test(test_what_is_broken_is_left_alone),
		cmocka_unit_test(test_apic_pages_are_never_given),
		cmocka_unit_test(test_placed_pieces_never_meet),
		cmocka_unit_test(test_same_model_same_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
