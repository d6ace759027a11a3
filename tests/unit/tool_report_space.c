/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: address spaces as segments, and segments as lines of a picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "map_strip.h"
#include "report_space.h"
#include "tool_emit_model.h"

#define ROUNDS 300
#define MIB    UINT64_C(0x100000)

struct case_state {
	struct arena arena;
	struct fixture fixture;
	struct placement placement;
};

static int set_up(void **state)
{
	static struct case_state current;

	current = (struct case_state){0};
	fixture_init(&current.fixture);
	for (unsigned i = 0; i < current.fixture.model.board.range_count; i++)
		current.fixture.ranges[i].name = "range";
	*state = &current;
	return 0;
}

static int tear_down(void **state)
{
	struct case_state *current = *state;

	arena_free(&current->arena);
	return 0;
}

static struct space host_of(struct case_state *state)
{
	struct placed_memory placed =
		placed_memory(&state->fixture.model, &state->placement, &state->arena);

	return space_host(&state->fixture.model, &placed, &state->arena);
}

static const struct segment *at(const struct space *space, uint64_t address)
{
	for (unsigned i = 0; i < space->count; i++)
		if (space->items[i].span.first <= address && address <= space->items[i].span.last)
			return &space->items[i];
	return NULL;
}

static void expect_at(const struct space *space, uint64_t address, enum party_kind kind,
		      unsigned vm)
{
	const struct segment *segment = at(space, address);

	assert_non_null(segment);
	assert_int_equal(segment->party.kind, kind);
	if (kind == PARTY_VM)
		assert_int_equal(segment->party.vm, vm);
}

/* From 0 on, without gaps, and no two neighbours that are the same. */
static void expect_sound(const struct space *space)
{
	uint64_t next = 0;

	for (unsigned i = 0; i < space->count; i++) {
		const struct segment *segment = &space->items[i];
		assert_int_equal(segment->span.first, next);
		assert_true(segment->span.last >= segment->span.first);
		next = segment->span.last + 1;
		if (i > 0 && segment->party.kind == PARTY_NOTHING)
			assert_int_not_equal(segment[-1].party.kind, PARTY_NOTHING);
	}
	if (space->count)
		assert_int_not_equal(space->items[space->count - 1].party.kind, PARTY_NOTHING);
}

static void test_host_of_the_fixture(void **state)
{
	struct case_state *current = *state;
	struct space host = host_of(current);
	const struct vm_memory *memory = &current->fixture.memory[VM_LINUX][0];

	expect_sound(&host);
	expect_at(&host, 0, PARTY_FREE, 0);
	expect_at(&host, 0x8000, PARTY_TRAMPOLINE, 0);
	expect_at(&host, 0x8fff, PARTY_TRAMPOLINE, 0);
	expect_at(&host, 0x9000, PARTY_FREE, 0);
	expect_at(&host, 0xa0000, PARTY_NOTHING, 0);
	expect_at(&host, 0x200000, PARTY_HYPERVISOR, 0);
	expect_at(&host, memory->host.value, PARTY_VM, VM_LINUX);
	expect_at(&host, memory->host.value + memory->size.value - 1, PARTY_VM, VM_LINUX);
	expect_at(&host, 0x3fff0000, PARTY_RESERVED, 0);
	expect_at(&host, 0xfec01fff, PARTY_APIC, 0);
	expect_at(&host, 0xfee00000, PARTY_APIC, 0);
	expect_at(&host, 0x13fffffff, PARTY_FREE, 0);
	assert_null(at(&host, 0x140000000));
	assert_int_equal(space_total(&host, (struct party){PARTY_HYPERVISOR, 0}), 0xe00000);
}

static void test_overlap_is_a_conflict(void **state)
{
	struct case_state *current = *state;
	struct fixture *fixture = &current->fixture;
	uint64_t base = fixture->memory[VM_LINUX][0].host.value;

	fixture->memory[VM_RT][0].host = fixture_number(base + MIB);
	fixture->memory[VM_RT][0].size = fixture_number(MIB);
	fixture->memory[VM_RT][0].name = "theirs";
	struct space host = host_of(current);
	expect_sound(&host);
	expect_at(&host, base + MIB - 1, PARTY_VM, VM_LINUX);
	expect_at(&host, base + MIB, PARTY_CONFLICT, 0);
	expect_at(&host, base + 2 * MIB - 1, PARTY_CONFLICT, 0);
	assert_non_null(strstr(at(&host, base + MIB)->name, "rt theirs"));
	expect_at(&host, base + 2 * MIB, PARTY_VM, VM_LINUX);
}

static void test_vm_over_the_hypervisor_is_a_conflict(void **state)
{
	struct case_state *current = *state;

	current->fixture.memory[VM_RT][0].host = fixture_number(0x200000);
	struct space host = host_of(current);
	expect_at(&host, 0x200000, PARTY_CONFLICT, 0);
}

static void test_shared_memory_is_no_conflict(void **state)
{
	struct case_state *current = *state;
	struct fixture *fixture = &current->fixture;
	struct share share = {.name = "ring"};

	fixture->model.shares = &share;
	fixture->model.share_count = 1;
	for (unsigned vm = VM_LINUX; vm <= VM_RT; vm++) {
		struct vm_memory *memory = &fixture->memory[vm][fixture->vms[vm].memory_count++];
		*memory = fixture_memory(0x80000000, 0x10000, 0x38000000, MEMORY_READ);
		memory->kind = MEMORY_SHARED;
	}
	struct space host = host_of(current);
	expect_at(&host, 0x38000000, PARTY_SHARED, 0);
	/* The same place by two shares is one. */
	fixture->memory[VM_RT][fixture->vms[VM_RT].memory_count - 1].share = 1;
	host = host_of(current);
	expect_at(&host, 0x38000000, PARTY_CONFLICT, 0);
}

static void test_memory_that_has_no_place(void **state)
{
	struct case_state *current = *state;
	struct vm_memory *memory = &current->fixture.memory[VM_RT][0];
	struct placed placed = {.memory = memory};
	struct span span;

	memory[0].host.given = memory[1].host.given = false;
	current->placement = (struct placement){.items = &placed, .count = 1};
	struct placed_memory none =
		placed_memory(&current->fixture.model, &current->placement, &current->arena);
	assert_false(memory_placed_span(&none, memory, &span));
	placed.found = true;
	struct placed_memory one =
		placed_memory(&current->fixture.model, &current->placement, &current->arena);
	assert_true(memory_placed_span(&one, memory, &span));
	assert_int_equal(span.first, memory->host.value);
	assert_false(memory_placed_span(&one, memory + 1, &span));
}

static void test_registers_of_devices(void **state)
{
	struct case_state *current = *state;
	struct fixture *fixture = &current->fixture;
	struct range registers = fixture_range(0xfed00000, 0x1000);

	fixture->devices[COM3].mmio = &registers;
	fixture->devices[COM3].mmio_count = 1;
	struct space host = host_of(current);
	expect_at(&host, 0xfed00000, PARTY_DEVICE, 0);
	fixture->vm_devices[VM_RT][fixture->vms[VM_RT].device_count++].target = COM3;
	host = host_of(current); /* now it is the VM's memory, which this model does not list */
	expect_at(&host, 0xfed00000, PARTY_NOTHING, 0);
}

static void test_guest(void **state)
{
	struct case_state *current = *state;
	struct space guest = space_guest(&current->fixture.model, VM_RT, &current->arena);
	const struct vm_memory *memory = &current->fixture.memory[VM_RT][0];

	expect_sound(&guest);
	expect_at(&guest, memory->guest.value, PARTY_VM, VM_RT);
	expect_at(&guest, 0xfec00000, PARTY_APIC, 0);
	expect_at(&guest, 0xfee00fff, PARTY_APIC, 0);
	assert_null(at(&guest, 0xfee01000));
}

static void test_the_end_of_all_addresses(void **state)
{
	struct case_state *current = *state;

	current->fixture.memory[VM_RT][0].host = fixture_number(UINT64_MAX - 0xfff);
	current->fixture.memory[VM_RT][0].size = fixture_number(0x1000);
	struct space host = host_of(current);
	expect_sound(&host);
	expect_at(&host, UINT64_MAX, PARTY_VM, VM_RT);
	current->fixture.memory[VM_RT][0].host = fixture_number(0);
	current->fixture.memory[VM_RT][0].size = fixture_number(UINT64_MAX);
	host = host_of(current);
	expect_sound(&host);
	expect_at(&host, UINT64_MAX - 1, PARTY_VM, VM_RT);
	assert_true(space_total(&host, party_vm(VM_RT)) > UINT64_MAX / 2);
}

static void test_merge(void **state)
{
	struct case_state *current = *state;
	struct fixture *fixture = &current->fixture;

	fixture->vms[VM_RT].memory_count = 3;
	for (unsigned i = 0; i < 3; i++)
		fixture->memory[VM_RT][i] =
			fixture_memory(i * 2 * MIB, MIB, 0x38000000 + i * MIB, MEMORY_READ);
	struct space host = host_of(current);
	unsigned before = host.count;
	space_merge(&host);
	expect_sound(&host);
	const struct segment *segment = at(&host, 0x38000000);
	assert_int_equal(segment->ranges, 3);
	assert_int_equal(segment->span.last, 0x38000000 + 3 * MIB - 1);
	assert_int_equal(host.count, before - 3); /* the two IOAPICs are neighbours as well */
}

/* --- Against the slow and simple way ---------------------------------------------------------------- */

static uint64_t chance(void)
{
	static uint64_t seed = 1;

	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return seed >> 33;
}

static void shuffle(struct fixture *fixture)
{
	for (unsigned vm = 0; vm < FIXTURE_VMS; vm++) {
		fixture->vms[vm].memory_count = 1 + (unsigned)chance() % 4;
		for (unsigned i = 0; i < fixture->vms[vm].memory_count; i++)
			fixture->memory[vm][i] =
				fixture_memory(chance() % 64 * MIB, (1 + chance() % 8) * MIB,
					       0x20000000 + chance() % 64 * MIB, MEMORY_READ);
	}
}

static unsigned claims_at(const struct fixture *fixture, uint64_t address, unsigned *owner)
{
	unsigned claims = 0;

	for (unsigned vm = 0; vm < FIXTURE_VMS; vm++)
		for (unsigned i = 0; i < fixture->vms[vm].memory_count; i++) {
			const struct vm_memory *memory = &fixture->memory[vm][i];
			if (address - memory->host.value >= memory->size.value)
				continue;
			claims++;
			*owner = vm;
		}
	return claims;
}

static void expect_lines(const struct space *space, struct case_state *current)
{
	struct strip strip;
	uint64_t drawn = 0, real = 0;

	strip_layout(&strip, &current->fixture.model, space, &current->arena);
	for (unsigned i = 0; i < strip.line_count; i++) {
		const struct strip_line *line = &strip.lines[i];
		uint64_t size = 0;
		for (unsigned j = 0; j < line->piece_count; j++) {
			const struct strip_piece *piece = &strip.pieces[line->first_piece + j];
			size += piece->size;
			if (piece->segment)
				drawn += piece->size * line->lines;
		}
		assert_int_equal(size, strip.bytes_per_line);
		if (i > 0) {
			assert_true(line->base > line[-1].base);
			assert_true(line->y >= line[-1].y + STRIP_HEIGHT);
		}
	}
	for (unsigned i = 0; i < space->count; i++)
		if (space->items[i].party.kind != PARTY_NOTHING)
			real += segment_size(&space->items[i]);
	assert_int_equal(drawn, real);
	assert_true(strip.line_count <= STRIP_LINES + 2 * space->count);
}

static void test_random(void **state)
{
	struct case_state *current = *state;

	for (unsigned round = 0; round < ROUNDS; round++) {
		shuffle(&current->fixture);
		struct space host = host_of(current);
		expect_sound(&host);
		for (uint64_t address = 0x20000000; address < 0x20000000 + 80 * MIB;
		     address += MIB) {
			unsigned owner = 0;
			unsigned claims = claims_at(&current->fixture, address, &owner);
			expect_at(&host, address,
				  claims == 0   ? PARTY_FREE
				  : claims == 1 ? PARTY_VM
						: PARTY_CONFLICT,
				  owner);
		}
		expect_lines(&host, current);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_host_of_the_fixture, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_overlap_is_a_conflict, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vm_over_the_hypervisor_is_a_conflict, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_shared_memory_is_no_conflict, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_memory_that_has_no_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_registers_of_devices, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_guest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_end_of_all_addresses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_merge, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_random, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
