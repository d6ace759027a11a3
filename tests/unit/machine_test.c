/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scenario with two VMs, and a machine that is exactly as its board says. Each test changes one thing
 * of either and looks at what is listed.
 */
#include "boot/machine.h"

#include "cpu/apic.h"
#include "cpu/paging.h"
#include "cpu/privileged.h"
#include "fake_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct memory_region linux_memory[2];
static struct memory_region rt_memory[1];
static struct pin_config linux_pins[2];
static struct pin_config rt_pins[1];
static struct vcpu_config vcpus[4];
static struct vm_config test_vms[2];
static struct module_config modules[3];
static struct core_config cores[5];
static struct ram_range ram[2];
static struct ioapic_config ioapics[2];
static struct scenario scenario;
static struct boot_information boot;
static struct acpi_madt madt;

static uint32_t highest_leaf, highest_extended_leaf, address_bits;
static struct cpuid_result crystal;
static uint32_t boot_core;
static hpa_t reach;

struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
	(void)subleaf;
	switch (leaf) {
	case 0:
		return (struct cpuid_result){.eax = highest_leaf};
	case 0x15:
		return crystal;
	case 0x80000000:
		return (struct cpuid_result){.eax = highest_extended_leaf};
	case 0x80000008:
		return (struct cpuid_result){.eax = 0x3000 | address_bits};
	default:
		fail_msg("leaf 0x%x", leaf);
		return (struct cpuid_result){0};
	}
}

uint32_t apic_id_of_this_core(void)
{
	return boot_core;
}

hpa_t paging_end(void)
{
	return reach;
}

static void add_boot_module(const char *name, hpa_t start, uint64_t size)
{
	struct boot_module *module = &boot.modules[boot.module_count++];

	strcpy(module->name, name);
	module->start = start;
	module->size = size;
}

static void setup_vms(void)
{
	linux_memory[0] = (struct memory_region){0, 0x10000000, 0x10000000, 7, MEMORY_RAM};
	linux_memory[1] = (struct memory_region){0xFEB00000, 0xFEB00000, 0x1000, 3, MEMORY_DEVICE};
	rt_memory[0] = (struct memory_region){0x100000, 0x20000000, 0x1000000, 7, MEMORY_RAM};
	linux_pins[0] = (struct pin_config){0, 4};
	linux_pins[1] = (struct pin_config){0, 8};
	rt_pins[0] = (struct pin_config){0, 3};
	for (uint32_t i = 0; i < 4; i++) {
		vcpus[i] = (struct vcpu_config){.vm = i / 2, .index = i % 2, .apic_id = i};
		cores[i] = (struct core_config){.apic_id = i, .vcpu = i};
	}
	cores[4] = (struct core_config){.apic_id = 4, .vcpu = VCPU_NONE};
	test_vms[0] = (struct vm_config){
		.name = "linux",
		.vcpus = vcpus,
		.vcpu_count = 2,
		.memory = linux_memory,
		.memory_count = 2,
		.pins = linux_pins,
		.pin_count = 2,
		.boot = {.protocol = BOOT_LINUX, .image = 0, .ramdisk = 1},
	};
	test_vms[1] = (struct vm_config){
		.name = "rt",
		.id = 1,
		.vcpus = vcpus + 2,
		.vcpu_count = 2,
		.memory = rt_memory,
		.memory_count = 1,
		.pins = rt_pins,
		.pin_count = 1,
		.boot = {.protocol = BOOT_RAW, .image = 2, .ramdisk = MODULE_NONE},
	};
}

static void setup_scenario(void)
{
	modules[0] = (struct module_config){"linux", "guests/linux"};
	modules[1] = (struct module_config){"initrd", "guests/initrd"};
	modules[2] = (struct module_config){"rt", "guests/rt"};
	ram[0] = (struct ram_range){0, 0x9F000};
	ram[1] = (struct ram_range){0x100000, 0x3FEF0000};
	ioapics[0] = (struct ioapic_config){.id = 4, .base = 0xFEC00000, .gsi_base = 0, .pins = 24};
	ioapics[1] =
		(struct ioapic_config){.id = 5, .base = 0xFEC01000, .gsi_base = 24, .pins = 24};
	scenario = (struct scenario){
		.magic = SCENARIO_TABLES_MAGIC,
		.version = SCENARIO_TABLES_VERSION,
		.name = "demo",
		.description = "",
		.board = "test",
		.vms = test_vms,
		.vm_count = 2,
		.vcpus = vcpus,
		.vcpu_count = 4,
		.modules = modules,
		.module_count = 3,
		.cores = cores,
		.core_count = 5,
		.ram = ram,
		.ram_count = 2,
		.ioapics = ioapics,
		.ioapic_count = 2,
		.hypervisor_base = 0x200000,
		.hypervisor_size = 0xE00000,
		.trampoline = 0x8000,
		.tsc_frequency_hz = 50000000,
		.apic_timer_frequency_hz = 50000000,
		.physical_address_bits = 40,
	};
}

static void setup_machine(void)
{
	memset(&boot, 0, sizeof(boot));
	boot.memory[0] = (struct boot_memory){0, 0x9F000, 1};
	boot.memory[1] = (struct boot_memory){0x9F000, 0x1000, 2};
	boot.memory[2] = (struct boot_memory){0x100000, 0x3FEF0000, 1};
	boot.memory_count = 3;
	add_boot_module("linux", 0x1000000, 0x800000);
	add_boot_module("initrd", 0x1800000, 0x100000);
	add_boot_module("rt", 0x1900000, 0x1000);
	memset(&madt, 0, sizeof(madt));
	for (uint32_t i = 0; i < 5; i++)
		madt.apic_ids[i] = i;
	madt.core_count = 5;
	madt.ioapics[0] = (struct acpi_ioapic){.id = 4, .address = 0xFEC00000, .gsi_base = 0};
	madt.ioapics[1] = (struct acpi_ioapic){.id = 5, .address = 0xFEC01000, .gsi_base = 24};
	madt.ioapic_count = 2;
	highest_leaf = 0x16;
	highest_extended_leaf = 0x80000008;
	address_bits = 40;
	crystal = (struct cpuid_result){0};
	boot_core = 1;
	reach = UINT64_C(1) << 52;
}

static int setup(void **state)
{
	(void)state;
	setup_vms();
	setup_scenario();
	setup_machine();
	fake_log_clear();
	return 0;
}

static uint32_t check(void)
{
	fake_log_clear();
	return machine_check(&scenario, &boot, &madt);
}

/* One difference, with this text; nothing may start. */
static void assert_one_difference(const char *text)
{
	uint32_t count = check();

	if (count != 1 || !fake_log_has(LOG_ERROR, text))
		fake_log_dump();
	assert_int_equal(count, 1);
	assert_int_equal(fake_log_count(LOG_ERROR), 1);
	assert_true(fake_log_has(LOG_ERROR, text));
	assert_false(machine_is_as_expected(&scenario));
}

/* No difference, but this remark. */
static void assert_remark(enum log_level level, const char *text)
{
	uint32_t count = check();

	bool is_logged = (int)level <= CONFIG_LOG_LEVEL;

	if (count != 0 || fake_log_has(level, text) != is_logged)
		fake_log_dump();
	assert_int_equal(count, 0);
	assert_int_equal(fake_log_count(level), is_logged);
	assert_int_equal(fake_log_has(level, text), is_logged);
	assert_true(machine_is_as_expected(&scenario));
}

static void machine_like_the_board_is_accepted(void **state)
{
	(void)state;
	assert_int_equal(check(), 0);
	assert_int_equal(fake_log_count(LOG_ERROR) + fake_log_count(LOG_WARNING) +
				 fake_log_count(LOG_INFO),
			 0);
	assert_true(machine_is_as_expected(&scenario));
	assert_int_equal(fake_log_count(LOG_ERROR), 0);
}

static void tables_of_another_build_are_refused(void **state)
{
	(void)state;
	scenario.version++;
	scenario.vms = NULL; /* must not be looked at */
	assert_one_difference("machine[BHC001]: scenario tables have magic");
	setup(NULL);
	scenario.magic = 0;
	scenario.vms = NULL;
	assert_one_difference("run make clean");
}

static void missing_core_is_a_difference(void **state)
{
	(void)state;
	madt.apic_ids[3] = 77;
	assert_one_difference(
		"machine[BHC101]: core with APIC id 3 is missing; vCPU 1 of VM \"rt\" needs it: ");
}

static void missing_unused_core_is_a_warning(void **state)
{
	(void)state;
	madt.core_count = 4;
	assert_remark(LOG_WARNING,
		      "core with APIC id 4 of board \"test\" is missing; no VM uses it");
}

static void additional_core_is_information(void **state)
{
	(void)state;
	madt.apic_ids[madt.core_count++] = 0x1000;
	assert_remark(LOG_INFO, "core with APIC id 4096 is not in board \"test\"");
}

static void machine_without_madt_is_refused(void **state)
{
	(void)state;
	assert_int_equal(machine_check(&scenario, &boot, NULL), 1);
	assert_true(fake_log_has(LOG_ERROR,
				 "machine[BHC105]: cores and IOAPICs are unknown without an MADT"));
}

static void vm_memory_must_be_ram(void **state)
{
	(void)state;
	rt_memory[0].host_physical = 0x3FEF1000; /* its end is beyond that of RAM */
	ram[1].size += 0x2000000;                /* and the board claims that it is RAM */
	check();
	assert_int_equal(machine_difference_count(), 1);
	assert_true(fake_log_has(
		LOG_ERROR,
		"machine[BHC201]: memory of VM \"rt\" (guest 0x100000) at 0x3fef1000-0x40ef0fff "
		"needs RAM, but 0x3fff0000-0x40ef0fff is not in the memory map"));
}

static void every_hole_in_vm_memory_is_listed(void **state)
{
	(void)state;
	/* ACPI data in the middle of the RAM of VM "linux", and a page of nothing. */
	boot.memory[2].size = 0x11F00000; /* to 0x12000000 */
	boot.memory[3] = (struct boot_memory){0x12000000, 0x1000, 3};
	boot.memory[4] = (struct boot_memory){0x12001000, 0x1000, 1};
	boot.memory[5] = (struct boot_memory){0x12003000, 0x2DFED000, 1};
	boot.memory_count = 6;
	assert_int_equal(check(), 2);
	assert_true(fake_log_has(LOG_ERROR, "but 0x12000000-0x12000fff is ACPI reclaimable"));
	assert_true(fake_log_has(LOG_ERROR, "but 0x12002000-0x12002fff is not in the memory map"));
	/* The same for the board's claim. */
	if (LOG_WARNING <= CONFIG_LOG_LEVEL)
		assert_int_equal(fake_log_count(LOG_WARNING), 2);
}

static void hypervisor_and_trampoline_must_be_ram(void **state)
{
	(void)state;
	scenario.hypervisor_base = 0x3FF00000;
	assert_one_difference("machine[BHC201]: the hypervisor at 0x3ff00000-0x40cfffff needs RAM");
	setup(NULL);
	scenario.trampoline = 0x9F000;
	assert_one_difference(
		"machine[BHC201]: the page that starts cores at 0x9f000-0x9ffff needs RAM, but "
		"0x9f000-0x9ffff is reserved");
	setup(NULL);
	scenario.crash_record_base = 0x9E000;
	scenario.crash_record_size = 0x2000;
	assert_one_difference(
		"machine[BHC201]: the range for crash records at 0x9e000-0x9ffff needs RAM");
}

static void device_in_the_place_of_ram_is_a_difference(void **state)
{
	(void)state;
	linux_memory[1].host_physical = 0x30000000;
	assert_one_difference(
		"machine[BHC202]: memory of VM \"linux\" (guest 0xfeb00000) at 0x30000000-0x30000fff "
		"is a device's");
}

static void address_beyond_the_processors_width_is_a_difference(void **state)
{
	(void)state;
	linux_memory[1].host_physical = 0xFFFFFFF000;
	assert_int_equal(check(), 0);
	address_bits = 39;
	assert_one_difference(
		"machine[BHC203]: memory of VM \"linux\" (guest 0xfeb00000) ends at 0xffffffffff, "
		"beyond this processor's 39 address bits");
	highest_extended_leaf = 0x80000004;
	assert_one_difference("beyond this processor's 36 address bits");
}

static void board_ram_that_the_machine_lacks_is_a_warning(void **state)
{
	(void)state;
	boot.memory[2].size -= 0x1000;
	assert_remark(
		LOG_WARNING,
		"0x3ffef000-0x3ffeffff is RAM in board \"test\", but is not in the memory map here");
}

static void ram_that_the_board_lacks_is_information(void **state)
{
	(void)state;
	boot.memory[boot.memory_count++] = (struct boot_memory){0x100000000, 0x40000000, 1};
	assert_remark(
		LOG_INFO,
		"1048576 KiB of the RAM at 0x100000000-0x13fffffff are not in board \"test\"");
}

static void missing_ioapic_is_a_difference(void **state)
{
	(void)state;
	madt.ioapics[0] = madt.ioapics[1];
	madt.ioapic_count = 1;
	assert_one_difference(
		"machine[BHC301]: IOAPIC at 0xfec00000 is missing; VM \"rt\" needs its pin 3");
}

static void ioapic_with_other_numbers_is_a_difference(void **state)
{
	(void)state;
	madt.ioapics[0].id = 9;
	assert_one_difference(
		"machine[BHC302]: IOAPIC at 0xfec00000 has id 9 and GSI base 0, board \"test\" says "
		"4 and 0");
	setup(NULL);
	madt.ioapics[0].gsi_base = 48;
	assert_one_difference("has id 4 and GSI base 48");
}

static void missing_unused_ioapic_is_a_warning(void **state)
{
	(void)state;
	madt.ioapic_count = 1;
	assert_remark(LOG_WARNING,
		      "IOAPIC at 0xfec01000 of board \"test\" is missing or different");
}

static void missing_module_is_a_difference(void **state)
{
	(void)state;
	strcpy(boot.modules[1].name, "initrd2");
	assert_one_difference(
		"machine[BHC401]: module \"initrd\" was not loaded; VM \"linux\" needs it: add "
		"\"module2 FILE initrd\" to grub.cfg (file: guests/initrd)");
	if (LOG_WARNING <= CONFIG_LOG_LEVEL)
		assert_true(fake_log_has(LOG_WARNING,
					 "module \"initrd2\" is not in scenario \"demo\""));
}

static void module_loaded_twice_is_a_difference(void **state)
{
	(void)state;
	add_boot_module("rt", 0x2000000, 0x1000);
	assert_one_difference(
		"machine[BHC403]: module \"rt\" was loaded 2 times; VM \"rt\" needs exactly one");
}

static void empty_module_is_a_difference(void **state)
{
	(void)state;
	boot.modules[2].size = 0;
	assert_one_difference("machine[BHC402]: module \"rt\" is empty; VM \"rt\" needs it");
}

static void module_over_the_trampoline_is_a_difference(void **state)
{
	(void)state;
	boot.modules[2].start = 0x8FFF;
	assert_one_difference(
		"machine[BHC404]: module \"rt\" was loaded to 0x8fff-0x9ffe, over the page at 0x8000");
	boot.modules[2].start = 0x9000;
	assert_int_equal(check(), 0);
	boot.modules[2].start = 0x7000;
	assert_int_equal(check(), 0);
}

static void unknown_clock_rate_is_a_difference(void **state)
{
	(void)state;
	scenario.tsc_frequency_hz = 0;
	assert_one_difference("machine[BHC501]: frequency of the TSC is unknown");
	crystal = (struct cpuid_result){.eax = 2, .ebx = 200, .ecx = 25000000};
	assert_int_equal(check(), 0);
	highest_leaf = 0x14;
	assert_one_difference("set tsc-frequency in board \"test\"");

	setup(NULL);
	scenario.apic_timer_frequency_hz = 0;
	assert_one_difference("machine[BHC501]: frequency of the APIC timer is unknown");
}

static void more_than_the_build_takes_is_a_difference(void **state)
{
	static struct core_config many_cores[CONFIG_MAX_CORES + 1];
	static struct module_config many_modules[CONFIG_MAX_MODULES + 1];

	(void)state;
	for (uint32_t i = 0; i <= CONFIG_MAX_CORES; i++)
		many_cores[i] = (struct core_config){.apic_id = i % 5, .vcpu = VCPU_NONE};
	scenario.cores = many_cores;
	scenario.core_count = CONFIG_MAX_CORES + 1;
	assert_one_difference("machine[BHC002]: board \"test\" has ");
	assert_true(fake_log_has(LOG_ERROR, "raise CONFIG_MAX_CORES"));
	setup(NULL);
	for (uint32_t i = 0; i <= CONFIG_MAX_MODULES; i++)
		many_modules[i] = (struct module_config){"rt", "guests/rt"};
	scenario.modules = many_modules;
	scenario.module_count = CONFIG_MAX_MODULES + 1;
	assert_one_difference("machine[BHC002]: scenario has ");
	assert_true(fake_log_has(LOG_ERROR, "raise CONFIG_MAX_MODULES"));
}

static void boot_core_must_be_on_the_board(void **state)
{
	(void)state;
	boot_core = 32;
	assert_one_difference("machine[BHC102]: the machine boots on the core with APIC id 32, "
			      "which board \"test\" does not list");
}

static void memory_beyond_the_hypervisors_reach_is_a_difference(void **state)
{
	(void)state;
	reach = 0x100000000;
	rt_memory[0].host_physical = 0xFF000000; /* up to the limit */
	boot.memory[boot.memory_count++] = (struct boot_memory){0xFF000000, 0x2000000, 1};
	assert_int_equal(check(), 0);
	rt_memory[0].host_physical += 0x1000;
	assert_one_difference("machine[BHC204]: memory of VM \"rt\" (guest 0x100000) ends at "
			      "0x100000fff, but the hypervisor's pages on this processor only "
			      "reach to 0xffffffff");
}

static void core_without_vmx_is_a_difference_with_its_owner(void **state)
{
	(void)state;
	machine_core_incapable(&scenario, 2, ERROR_VMX_NOT_SUPPORTED, "CPUID.1:ECX.VMX is 0");
	assert_true(fake_log_has(
		LOG_ERROR, "machine[BHC103]: core with APIC id 2 of VM \"rt\": VMX_NOT_SUPPORTED: "
			   "this processor has no VMX: CPUID.1:ECX.VMX is 0"));
	machine_core_incapable(&scenario, 4, ERROR_VMXON_FAILED, "VMXON");
	assert_true(fake_log_has(LOG_ERROR,
				 "machine[BHC103]: core with APIC id 4 of no VM: VMXON_FAILED: "));
}

static void all_differences_are_listed_and_counted(void **state)
{
	(void)state;
	madt.core_count = 1;
	madt.ioapic_count = 0;
	boot.module_count = 0;
	scenario.tsc_frequency_hz = 0;
	assert_int_equal(check(), 3 + 1 + 3 + 1);
	assert_int_equal(fake_log_count(LOG_ERROR), 8);
	machine_core_incapable(&scenario, 2, ERROR_VMX_NOT_SUPPORTED, "");
	assert_int_equal(machine_difference_count(), 9);
	assert_false(machine_is_as_expected(&scenario));
	assert_true(fake_log_has(
		LOG_ERROR, "machine: 9 differences from what scenario \"demo\" needs; no VM is "
			   "started"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(machine_like_the_board_is_accepted, setup),
		cmocka_unit_test_setup(tables_of_another_build_are_refused, setup),
		cmocka_unit_test_setup(missing_core_is_a_difference, setup),
		cmocka_unit_test_setup(missing_unused_core_is_a_warning, setup),
		cmocka_unit_test_setup(additional_core_is_information, setup),
		cmocka_unit_test_setup(machine_without_madt_is_refused, setup),
		cmocka_unit_test_setup(vm_memory_must_be_ram, setup),
		cmocka_unit_test_setup(every_hole_in_vm_memory_is_listed, setup),
		cmocka_unit_test_setup(hypervisor_and_trampoline_must_be_ram, setup),
		cmocka_unit_test_setup(device_in_the_place_of_ram_is_a_difference, setup),
		cmocka_unit_test_setup(address_beyond_the_processors_width_is_a_difference, setup),
		cmocka_unit_test_setup(board_ram_that_the_machine_lacks_is_a_warning, setup),
		cmocka_unit_test_setup(ram_that_the_board_lacks_is_information, setup),
		cmocka_unit_test_setup(missing_ioapic_is_a_difference, setup),
		cmocka_unit_test_setup(ioapic_with_other_numbers_is_a_difference, setup),
		cmocka_unit_test_setup(missing_unused_ioapic_is_a_warning, setup),
		cmocka_unit_test_setup(missing_module_is_a_difference, setup),
		cmocka_unit_test_setup(module_loaded_twice_is_a_difference, setup),
		cmocka_unit_test_setup(empty_module_is_a_difference, setup),
		cmocka_unit_test_setup(module_over_the_trampoline_is_a_difference, setup),
		cmocka_unit_test_setup(unknown_clock_rate_is_a_difference, setup),
		cmocka_unit_test_setup(more_than_the_build_takes_is_a_difference, setup),
		cmocka_unit_test_setup(boot_core_must_be_on_the_board, setup),
		cmocka_unit_test_setup(memory_beyond_the_hypervisors_reach_is_a_difference, setup),
		cmocka_unit_test_setup(core_without_vmx_is_a_difference_with_its_owner, setup),
		cmocka_unit_test_setup(all_differences_are_listed_and_counted, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
