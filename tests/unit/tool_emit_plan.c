/* SPDX-License-Identifier: Apache-2.0 */
/* From the model to struct scenario: everything but page tables, bitmaps and ACPI. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bitmap.h"
#include "emit_e820.h"
#include "emit_plan.h"
#include "emit_resources.h"
#include "tool_emit_model.h"

#define RW  (MEMORY_READ | MEMORY_WRITE)
#define RWX (MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE)
#define MIB UINT64_C(0x100000)

struct case_state {
	struct fixture fixture;
	struct plan plan;
};

static int set_up(void **state)
{
	static struct case_state current;

	fixture_init(&current.fixture);
	current.plan = (struct plan){0};
	*state = &current;
	return 0;
}

static int tear_down(void **state)
{
	plan_free(&((struct case_state *)*state)->plan);
	return 0;
}

static struct scenario *build(void **state)
{
	struct case_state *current = *state;

	assert_true(plan_build(&current->plan, &current->fixture.model));
	return &current->plan.scenario;
}

/* --- e820 ----------------------------------------------------------------------------------------- */

static void assert_map(const struct vm_config *vm, const struct e820_entry *expected,
		       uint32_t count)
{
	assert_int_equal(vm->e820_count, count);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(vm->e820[i].base, expected[i].base);
		assert_int_equal(vm->e820[i].size, expected[i].size);
		assert_int_equal(vm->e820[i].type, expected[i].type);
	}
}

static void test_e820_of_a_pc(void **state)
{
	static const struct e820_entry expected[] = {
		{0, 0x9f000, 1}, {0x9f000, 0x61000, 2}, {0x100000, 255 * MIB, 1}};

	assert_map(&build(state)->vms[VM_LINUX], expected, 3);
}

static void test_e820_without_pc_memory_is_the_ram(void **state)
{
	static const struct e820_entry expected[] = {{0x8000, 0x1000, 1}, {0x100000, 16 * MIB, 1}};

	assert_map(&build(state)->vms[VM_RT], expected, 2);
}

static void test_e820_reserves_the_acpi_area_without_ram_there(void **state)
{
	static const struct e820_entry expected[] = {{0, 0x8000, 1}, {0x9f000, 0x61000, 2}};
	struct case_state *current = *state;

	current->fixture.memory[VM_ELF][0] = fixture_memory(0, 0x8000, 0x30000000, RWX);
	current->fixture.vms[VM_ELF].acpi = true;
	assert_map(&build(state)->vms[VM_ELF], expected, 2);
}

static void test_e820_cuts_regions_at_the_hole(void **state)
{
	static const struct e820_entry expected[] = {
		{0x90000, 0xf000, 1}, {0x9f000, 0x61000, 2}, {0x100000, 0x1000, 1}};
	struct case_state *current = *state;
	struct vm_memory *memory = current->fixture.memory[VM_LINUX];

	/* Before, across the beginning, inside, across the end. */
	memory[0] = fixture_memory(0x90000, 0x8000, 0x10090000, RWX);
	memory[1] = fixture_memory(0x98000, 0x10000, 0x10098000, RWX);
	memory[2] = fixture_memory(0xc0000, 0x10000, 0x100c0000, RWX);
	memory[3] = fixture_memory(0xf0000, 0x11000, 0x100f0000, RWX);
	current->fixture.vms[VM_LINUX].memory_count = 4;
	assert_map(&build(state)->vms[VM_LINUX], expected, 3);
}

static void test_e820_sorts_and_joins(void **state)
{
	static const struct e820_entry expected[] = {{0x100000, 3 * MIB, 1}, {0x500000, MIB, 1}};
	struct case_state *current = *state;
	struct vm_memory *memory = current->fixture.memory[VM_RT];

	/* Touching in the guest counts, wherever the host has them, and whether executable or not. */
	memory[0] = fixture_memory(0x500000, MIB, 0x50000000, RWX);
	memory[1] = fixture_memory(0x300000, MIB, 0x40000000, RW);
	memory[2] = fixture_memory(0x100000, 2 * MIB, 0x20000000, RWX);
	current->fixture.vms[VM_RT].memory_count = 3;
	assert_map(&build(state)->vms[VM_RT], expected, 2);
}

static void test_e820_has_no_devices_and_reserves_rom(void **state)
{
	static const struct e820_entry expected[] = {
		{0, 0x9f000, 1}, {0x9f000, 0x61000, 2}, {0x100000, MIB, 1}, {0x200000, MIB, 2}};
	struct case_state *current = *state;
	struct vm_memory *memory = current->fixture.memory[VM_LINUX];

	memory[0] = fixture_memory(0, 2 * MIB, 0x10000000, RWX);
	memory[1] = fixture_memory(0x200000, MIB, 0x10200000, MEMORY_READ | MEMORY_EXECUTE);
	memory[2] = fixture_memory(0x300000, MIB, 0xe0000000, RW);
	memory[2].kind = MEMORY_DEVICE;
	current->fixture.vms[VM_LINUX].memory_count = 3;
	assert_map(&build(state)->vms[VM_LINUX], expected, 4);
}

/* --- Ports and interrupts ------------------------------------------------------------------------- */

static void test_ports_come_with_devices(void **state)
{
	const struct vm_config *vm = &build(state)->vms[VM_LINUX];

	assert_int_equal(vm->port_count, 2);
	assert_int_equal(vm->ports[0].first, 0x70);
	assert_int_equal(vm->ports[0].last, 0x71);
	assert_int_equal(vm->ports[1].first, 0x3f8);
	assert_int_equal(vm->ports[1].last, 0x3ff);
}

static void test_ports_are_joined_and_reach_the_last(void **state)
{
	const struct vm_config *vm = &build(state)->vms[VM_RT];

	assert_int_equal(vm->port_count, 2);
	assert_int_equal(vm->ports[0].first, 0x2f8);
	assert_int_equal(vm->ports[0].last, 0x2ff);
	assert_int_equal(vm->ports[1].first, 0xffff);
	assert_int_equal(vm->ports[1].last, 0xffff);
}

static void test_overlapping_ports_are_joined(void **state)
{
	struct case_state *current = *state;
	struct range *ports = current->fixture.vm_ports[VM_RT];
	const struct vm_config *vm;

	ports[0] = fixture_range(0x104, 8);
	ports[1] = fixture_range(0x100, 8);
	ports[2] = fixture_range(0x106, 2);
	vm = &build(state)->vms[VM_RT];
	assert_int_equal(vm->port_count, 1);
	assert_int_equal(vm->ports[0].first, 0x100);
	assert_int_equal(vm->ports[0].last, 0x10b);
}

static void test_io_bitmap_is_of_the_ports(void **state)
{
	const struct vm_config *vm = &build(state)->vms[VM_LINUX];
	uint8_t expected[IO_BITMAP_SIZE];

	memset(expected, 0xFF, sizeof(expected));
	expected[0x70 / 8] = 0xFC;
	expected[0x3f8 / 8] = 0;
	assert_memory_equal(vm->io_bitmap, expected, sizeof(expected));
}

static void test_pins(void **state)
{
	const struct scenario *scenario = build(state);
	const struct vm_config *vm = &scenario->vms[VM_RT];

	assert_int_equal(vm->pin_count, 2);
	assert_int_equal(vm->pins[0].ioapic, 0);
	assert_int_equal(vm->pins[0].pin, 3);
	assert_int_equal(vm->pins[1].ioapic, 1);
	assert_int_equal(vm->pins[1].pin, 1);
	vm = &scenario->vms[VM_LINUX];
	assert_int_equal(vm->pin_count, 2);
	assert_int_equal(vm->pins[0].pin, 4);
	assert_int_equal(vm->pins[1].pin, 8);
	assert_int_equal(scenario->vms[VM_ELF].pin_count, 0);
	assert_null(scenario->vms[VM_ELF].pins);
}

static void test_interrupt_without_ioapic_is_refused(void **state)
{
	struct case_state *current = *state;

	current->fixture.vm_interrupts[VM_RT][0] = fixture_number(32);
	assert_false(plan_build(&current->plan, &current->fixture.model));
}

static void test_owned_devices(void **state)
{
	struct case_state *current = *state;
	const struct plan *plan = &current->plan;

	build(state);
	assert_true(plan_owns_device(plan, VM_LINUX, COM1));
	assert_true(plan_owns_device(plan, VM_LINUX, RTC));
	assert_false(plan_owns_device(plan, VM_LINUX, COM2));
	assert_true(plan_owns_device(plan, VM_RT, COM2));
	assert_false(plan_owns_device(plan, VM_RT, COM1));
	assert_false(plan_owns_device(plan, VM_RT, DEBUGCON));
	assert_true(plan_owns_gsi(plan, VM_RT, 25));
	assert_false(plan_owns_gsi(plan, VM_RT, 4));
	assert_false(plan_owns_gsi(plan, VM_RT, 1000));
}

static void test_half_of_a_device_is_not_the_device(void **state)
{
	struct case_state *current = *state;

	current->fixture.vms[VM_RT].port_count = 1;
	build(state);
	assert_false(plan_owns_device(&current->plan, VM_RT, COM2));
}

/* --- Processors ----------------------------------------------------------------------------------- */

static void assert_vcpu(const struct vcpu_config *vcpu, uint32_t vm, uint32_t index,
			uint32_t apic_id, uint16_t vpid)
{
	assert_int_equal(vcpu->vm, vm);
	assert_int_equal(vcpu->index, index);
	assert_int_equal(vcpu->apic_id, apic_id);
	assert_int_equal(vcpu->vpid, vpid);
}

static void assert_start(const struct vcpu_config *vcpu, enum entry_mode mode, gpa_t entry)
{
	assert_int_equal(vcpu->start, VCPU_START_AT_ENTRY);
	assert_int_equal(vcpu->mode, mode);
	assert_int_equal(vcpu->entry, entry);
}

static void test_vcpus(void **state)
{
	const struct scenario *scenario = build(state);
	const struct vcpu_config *vcpus = scenario->vcpus;

	assert_int_equal(scenario->vcpu_count, 5);
	assert_vcpu(&vcpus[0], VM_LINUX, 0, 0, 1);
	assert_vcpu(&vcpus[1], VM_LINUX, 1, 1, 2);
	assert_vcpu(&vcpus[2], VM_RT, 0, 2, 3);
	assert_vcpu(&vcpus[3], VM_RT, 1, 3, 4);
	assert_vcpu(&vcpus[4], VM_ELF, 0, 9, 5);
	assert_start(&vcpus[0], ENTRY_PROTECTED, ENTRY_NONE);
	assert_int_equal(vcpus[1].start, VCPU_START_WAIT_SIPI);
	assert_start(&vcpus[2], ENTRY_PROTECTED, 0x100000);
	assert_start(&vcpus[3], ENTRY_PROTECTED, 0x101000);
	assert_start(&vcpus[4], ENTRY_REAL, ENTRY_NONE);
	for (uint32_t i = 0; i < scenario->vm_count; i++)
		assert_ptr_equal(scenario->vms[i].vcpus, &vcpus[i * 2]);
}

static void test_elf_entry_can_be_given(void **state)
{
	struct case_state *current = *state;

	current->fixture.vms[VM_ELF].bsp_entry = fixture_number(0x7c00);
	assert_start(&build(state)->vcpus[4], ENTRY_REAL, 0x7c00);
}

static void test_cores_are_the_enabled_ones_by_apic_id(void **state)
{
	static const struct core_config expected[] = {{0, 0, NULL, NULL},
						      {1, 1, NULL, NULL},
						      {2, 2, NULL, NULL},
						      {3, 3, NULL, NULL},
						      {9, 4, NULL, NULL}};
	const struct scenario *scenario = build(state);

	assert_int_equal(scenario->core_count, 5);
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(scenario->cores[i].apic_id, expected[i].apic_id);
		assert_int_equal(scenario->cores[i].vcpu, expected[i].vcpu);
	}
}

static void test_core_without_vcpu(void **state)
{
	struct case_state *current = *state;

	current->fixture.vms[VM_RT].cpu_count = 1;
	build(state);
	assert_int_equal(current->plan.scenario.cores[3].apic_id, 3);
	assert_int_equal(current->plan.scenario.cores[3].vcpu, VCPU_NONE);
	assert_int_equal(current->plan.scenario.cores[4].vcpu, 3);
}

/* --- Boot and board ------------------------------------------------------------------------------- */

static void test_only_used_modules(void **state)
{
	const struct scenario *scenario = build(state);

	assert_int_equal(scenario->module_count, 3);
	assert_string_equal(scenario->modules[0].name, "vmlinuz");
	assert_string_equal(scenario->modules[1].file, "guests/initrd");
	assert_string_equal(scenario->modules[2].name, "bare");
}

static void test_boot(void **state)
{
	const struct scenario *scenario = build(state);
	const struct boot_config *boot = &scenario->vms[VM_LINUX].boot;

	assert_int_equal(boot->protocol, BOOT_LINUX);
	assert_int_equal(boot->image, 0);
	assert_int_equal(boot->ramdisk, 1);
	assert_int_equal(boot->load_address, 0);
	boot = &scenario->vms[VM_RT].boot;
	assert_int_equal(boot->protocol, BOOT_RAW);
	assert_int_equal(boot->image, 2);
	assert_int_equal(boot->ramdisk, MODULE_NONE);
	assert_int_equal(boot->load_address, 0x100000);
	assert_string_equal(boot->bootargs, "");
}

static void test_load_address_can_be_given(void **state)
{
	struct case_state *current = *state;

	current->fixture.vms[VM_RT].load_address = fixture_number(0x180000);
	assert_int_equal(build(state)->vms[VM_RT].boot.load_address, 0x180000);
}

static void test_board(void **state)
{
	const struct scenario *scenario = build(state);

	assert_int_equal(scenario->ram_count, 3);
	assert_int_equal(scenario->ram[0].base, 0);
	assert_int_equal(scenario->ram[1].base, 0x100000);
	assert_int_equal(scenario->ram[2].size, 0x40000000);
	assert_int_equal(scenario->hypervisor_base, 0x200000);
	assert_int_equal(scenario->hypervisor_size, 0xe00000);
	assert_int_equal(scenario->trampoline, 0x8000);
	assert_int_equal(scenario->ioapic_count, 2);
	assert_int_equal(scenario->ioapics[1].gsi_base, 24);
	assert_int_equal(scenario->tsc_frequency_hz, 50000000);
	assert_int_equal(scenario->apic_timer_frequency_hz, 25000000);
	assert_int_equal(scenario->physical_address_bits, 40);
	assert_true(scenario->thread_bits <= scenario->package_bits);
	assert_int_equal(scenario->hash[31], 0xbf);
}

static void test_overlapping_memory_is_refused(void **state)
{
	struct case_state *current = *state;

	current->fixture.memory[VM_RT][1] = fixture_memory(0x100000, 0x1000, 0x30000000, RWX);
	assert_false(plan_build(&current->plan, &current->fixture.model));
}

/* --- PCI, shared memory, features ------------------------------------------------------------------ */

static void test_pci_function_of_a_vm(void **state)
{
	struct case_state *current = *state;
	struct fixture_extras extras;

	fixture_extend(&current->fixture, &extras);
	const struct vm_config *vm = &build(state)->vms[VM_RT];
	assert_int_equal(vm->pci_function_count, 1);
	const struct pci_function_config *nic = &vm->pci_functions[0];
	assert_string_equal(nic->name, "nic0");
	assert_int_equal(nic->bus << 8 | nic->device << 3 | nic->function, 0x1ff);
	assert_int_equal(nic->bars[0].kind, PCI_BAR_MEMORY64);
	assert_true(nic->bars[0].prefetchable);
	assert_int_equal(nic->bars[1].kind, PCI_BAR_NONE);
	assert_int_equal(nic->bars[2].base, 0xe0000000);
	assert_int_equal(nic->bars[5].size, 0x20);
	assert_int_equal(nic->interrupt, 17);
	assert_int_equal(nic->msi_vectors, 4);
	assert_int_equal(nic->msix_vectors, 33);
	assert_int_equal(nic->msix_bar, 2);
	assert_int_equal(nic->msix_offset, 0x800);
	assert_true(nic->dma_unprotected);
	assert_int_equal(current->plan.scenario.vms[VM_LINUX].pci_function_count, 0);
}

static void test_pci_inventory_is_sorted_and_has_owners(void **state)
{
	struct case_state *current = *state;
	struct fixture_extras extras;

	fixture_extend(&current->fixture, &extras);
	const struct scenario *scenario = build(state);
	assert_int_equal(scenario->pci_count, 2);
	assert_int_equal(scenario->pci[0].class_code, 0x060400);
	assert_int_equal(scenario->pci[0].vm, VM_NONE);
	assert_int_equal(scenario->pci[1].device_id, 0x1533);
	assert_int_equal(scenario->pci[1].vm, VM_RT);
	assert_int_equal(scenario->pci_ecam_base, 0xd0000000);
	assert_int_equal(scenario->pci_ecam_size, 0x200000);
}

static void test_shared_memory_is_where_its_vms_have_it(void **state)
{
	struct case_state *current = *state;
	struct fixture_extras extras;

	fixture_extend(&current->fixture, &extras);
	const struct scenario *scenario = build(state);
	const struct vm_config *linux_vm = &scenario->vms[VM_LINUX];
	assert_int_equal(scenario->share_count, 1);
	assert_string_equal(scenario->shares[0].name, "ring");
	assert_int_equal(scenario->shares[0].base, 0x31000000);
	assert_int_equal(scenario->shares[0].size, 0x2000);
	assert_int_equal(linux_vm->memory[1].kind, MEMORY_SHARED);
	assert_int_equal(linux_vm->memory[1].permissions, RW);
	/* No memory map lists it. */
	for (uint32_t i = 0; i < linux_vm->e820_count; i++)
		assert_true(linux_vm->e820[i].base < 0xf0000000);
}

static void test_hidden_features_are_joined_by_word(void **state)
{
	struct case_state *current = *state;
	struct fixture_extras extras;

	fixture_extend(&current->fixture, &extras);
	const struct vm_config *vm = &build(state)->vms[VM_RT];
	assert_int_equal(vm->cpuid_mask_count, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(vm->cpuid_masks[i].leaf, 7);
		assert_int_equal(vm->cpuid_masks[i].subleaf, 0);
		assert_int_equal(vm->cpuid_masks[i].result, CPUID_EBX + i);
	}
	/* AVX2 and AVX512F: both names in one word. */
	assert_int_equal(vm->cpuid_masks[0].clear & (1u << 5 | 1u << 16), 1u << 5 | 1u << 16);
	assert_int_equal(current->plan.scenario.vms[VM_LINUX].cpuid_mask_count, 0);
}

static unsigned large_pages(const struct ept *ept, unsigned level)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < ept->count; i++)
		for (unsigned j = 0; ept->tables[i]->level == level && j < EPT_ENTRIES; j++)
			count += ept_is_leaf(&ept->tables[i]->entries[j]);
	return count;
}

/* 2 GiB by pages that the board has. */
static void test_page_sizes_of_the_board(void **state)
{
	static const struct {
		unsigned sizes;
		unsigned leaves[4];
	} cases[] = {
		{3, {0, 0, 0, 2}},
		{2, {0, 0, 1024, 0}},
		{1, {0, 524288, 0, 0}},
	};
	struct number sizes[] = {fixture_number(0x1000), fixture_number(0x200000),
				 fixture_number(0x40000000)};
	struct case_state *current = *state;

	for (unsigned i = 0; i < 3; i++) {
		fixture_init(&current->fixture);
		current->fixture.memory[VM_ELF][0] =
			fixture_memory(0, 0x80000000, 0x100000000, RWX);
		current->fixture.model.board.ept_page_sizes = sizes;
		current->fixture.model.board.ept_page_size_count = cases[i].sizes;
		build(state);
		for (unsigned level = 1; level <= 3; level++)
			assert_int_equal(large_pages(&current->plan.epts[VM_ELF], level),
					 cases[i].leaves[level]);
		plan_free(&current->plan);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_e820_of_a_pc),
		TEST(test_e820_without_pc_memory_is_the_ram),
		TEST(test_e820_reserves_the_acpi_area_without_ram_there),
		TEST(test_e820_cuts_regions_at_the_hole),
		TEST(test_e820_sorts_and_joins),
		TEST(test_e820_has_no_devices_and_reserves_rom),
		TEST(test_ports_come_with_devices),
		TEST(test_ports_are_joined_and_reach_the_last),
		TEST(test_overlapping_ports_are_joined),
		TEST(test_io_bitmap_is_of_the_ports),
		TEST(test_pins),
		TEST(test_interrupt_without_ioapic_is_refused),
		TEST(test_owned_devices),
		TEST(test_half_of_a_device_is_not_the_device),
		TEST(test_vcpus),
		TEST(test_elf_entry_can_be_given),
		TEST(test_cores_are_the_enabled_ones_by_apic_id),
		TEST(test_core_without_vcpu),
		TEST(test_only_used_modules),
		TEST(test_boot),
		TEST(test_load_address_can_be_given),
		TEST(test_board),
		TEST(test_overlapping_memory_is_refused),
		TEST(test_pci_function_of_a_vm),
		TEST(test_pci_inventory_is_sorted_and_has_owners),
		TEST(test_shared_memory_is_where_its_vms_have_it),
		TEST(test_hidden_features_are_joined_by_word),
		TEST(test_page_sizes_of_the_board),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
