/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's PCI functions: "left" (APIC ids 0 and 1) owns 00:02.0, "right" none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "boot/machine.h"
#include "bulkhead/virtual_devices.h"
#include "devices/pci.h"
#include "devices/pci_config.h"
#include "fake_cpu.h"
#include "fake_vm.h"

#define NIC UINT32_C(0x80001000)

static unsigned differences;
#define RULE_CODE(code, name, title) [MACHINE_##name] = #code,
static const char *const codes[] = {MACHINE_RULES(RULE_CODE)};
static const char *last_code;
static char last_text[LOG_LINE_MAX];

void machine_difference(enum machine_rule rule, const char *fmt, ...)
{
	va_list arguments;

	va_start(arguments, fmt);
	vsnprintf(last_text, sizeof(last_text), fmt, arguments);
	va_end(arguments);
	last_code = codes[rule];
	differences++;
}

static struct pci_function_config nic;
static struct vm_config left;

/* Memory of the card: its MSI-X table at 0x1000 of BAR 0, pending bits behind it, other registers. */
static uint32_t card[0x2000 / 4];

uint32_t mmio_read32(hpa_t address)
{
	assert_in_range(address, 0xC0000000, 0xC0001FFF);
	return card[(address - 0xC0000000) / 4];
}

void mmio_write32(hpa_t address, uint32_t value)
{
	assert_in_range(address, 0xC0000000, 0xC0001FFF);
	card[(address - 0xC0000000) / 4] = value;
}

static const struct pci_inventory inventory[] = {
	{.device = 2, .vendor_id = 0x8086, .device_id = 0x100E, .class_code = 0x020000, .vm = 0},
};

static struct scenario scenario_with(const struct vm_config *vm)
{
	return (struct scenario){
		.vms = vm, .vm_count = 1, .pci = inventory, .pci_count = 1, .board = "fake"};
}

/* As at boot, but for bus mastering. */
static void take(void)
{
	struct scenario scenario = scenario_with(&left);
	uint32_t command = fake_pci_registers[1];

	pci_init(&scenario);
	fake_pci_registers[1] = command;
	differences = 0;
}

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	fake_vms_reset();
	nic = (struct pci_function_config){
		.name = "nic0",
		.device = 2,
		.vendor_id = 0x8086,
		.device_id = 0x100E,
		.class_code = 0x020000,
		.bars = {{.kind = PCI_BAR_MEMORY32, .base = 0xC0000000, .size = 0x20000},
			 {.kind = PCI_BAR_IO, .base = 0xC000, .size = 0x40},
			 {.kind = PCI_BAR_MEMORY64,
			  .prefetchable = true,
			  .base = UINT64_C(0x9C0100000),
			  .size = 0x100000}},
		.dma_unprotected = true,
	};
	left = *vms[0].config;
	left.pci_functions = &nic;
	left.pci_function_count = 1;
	vms[0].config = &left;
	memset(fake_pci_registers, 0, sizeof(fake_pci_registers));
	fake_pci_registers[0] = 0x100E8086;
	fake_pci_registers[1] = 0x00300107;
	fake_pci_registers[4] = 0xC0000000;
	fake_pci_registers[5] = 0xC001;
	fake_pci_registers[6] = 0xC010000C;
	fake_pci_registers[7] = 0x9;
	fake_pci_registers[13] = 0xDC;
	fake_pci_registers[16] = 0x12345678;
	memset(vms[0].pci, 0, sizeof(vms[0].pci));
	memset(card, 0, sizeof(card));
	take();
	fake_pci_accesses = 0;
	differences = 0;
	return 0;
}

static uint32_t read_register(struct vm *vm, uint32_t address)
{
	pci_port_write(vm, 0xCF8, 4, address);
	return pci_port_read(vm, 0xCFC, 4);
}

static void write_register(struct vm *vm, uint32_t address, uint32_t value)
{
	pci_port_write(vm, 0xCF8, 4, address);
	pci_port_write(vm, 0xCFC, 4, value);
}

static void owner_sees_its_function(void **state)
{
	(void)state;
	assert_int_equal(read_register(&vms[0], NIC), 0x100E8086);
	assert_int_equal(read_register(&vms[0], NIC | 0x40), 0x12345678);
	pci_port_write(&vms[0], 0xCF8, 4, NIC);
	assert_int_equal(pci_port_read(&vms[0], 0xCFE, 2) & 0xFFFF, 0x100E);
}

static void others_see_an_empty_slot(void **state)
{
	(void)state;
	assert_int_equal(read_register(&vms[1], NIC), UINT32_MAX);
	write_register(&vms[1], NIC | PCI_COMMAND, 0);
	assert_int_equal(read_register(&vms[0], 0x80001100), UINT32_MAX); /* function 1 */
	assert_int_equal(read_register(&vms[0], 0x80011000), UINT32_MAX); /* bus 1 */
	assert_int_equal(fake_pci_accesses, 0);
}

static void bars_pretend_to_move(void **state)
{
	(void)state;
	assert_int_equal(read_register(&vms[0], NIC | 0x10), 0xC0000000);
	write_register(&vms[0], NIC | 0x10, UINT32_MAX);
	assert_int_equal(read_register(&vms[0], NIC | 0x10), 0xFFFE0000);
	assert_int_equal(read_register(&vms[0], NIC | 0x14), 0xC001); /* each on its own */
	write_register(&vms[0], NIC | 0x14, UINT32_MAX);
	assert_int_equal(read_register(&vms[0], NIC | 0x14), 0xFFFFFFC1);
	write_register(&vms[0], NIC | 0x18, UINT32_MAX);
	write_register(&vms[0], NIC | 0x1C, UINT32_MAX);
	assert_int_equal(read_register(&vms[0], NIC | 0x18), 0xFFF0000C);
	assert_int_equal(read_register(&vms[0], NIC | 0x1C), UINT32_MAX);
	write_register(&vms[0], NIC | 0x10, 0xDEAD0000);
	assert_int_equal(read_register(&vms[0], NIC | 0x10), 0xC0000000);
	write_register(&vms[0], NIC | 0x1C, 0);
	assert_int_equal(read_register(&vms[0], NIC | 0x1C), 0x9);
	assert_int_equal(fake_pci_registers[4], 0xC0000000);
	assert_int_equal(fake_pci_registers[5], 0xC001);
	assert_int_equal(read_register(&vms[0], NIC | 0x20), 0); /* not there */
}

static void bars_are_sized_in_any_way(void **state)
{
	(void)state;
	pci_port_write(&vms[0], 0xCF8, 4, NIC | 0x10);
	for (uint16_t port = 0xCFC; port <= 0xCFF; port++) /* byte by byte */
		pci_port_write(&vms[0], port, 1, 0xFF);
	assert_int_equal(pci_port_read(&vms[0], 0xCFC, 4), 0xFFFE0000);
	pci_port_write(&vms[0], 0xCFE, 2, 0xC000);
	assert_int_equal(pci_port_read(&vms[0], 0xCFC, 4), 0xC0000000);
	write_register(&vms[0], NIC | 0x10, 0xFFFFFFF0); /* without the read-only bits */
	assert_int_equal(read_register(&vms[0], NIC | 0x10), 0xFFFE0000);
	write_register(&vms[0], NIC | 0x14, 0xFFFFFFFC);
	assert_int_equal(read_register(&vms[0], NIC | 0x14), 0xFFFFFFC1);
	write_register(&vms[0], NIC | PCI_EXPANSION, 0xFFFFF800);
	assert_int_equal(read_register(&vms[0], NIC | PCI_EXPANSION), 0);
	write_register(&vms[0], NIC | 0x20, UINT32_MAX);
	assert_int_equal(read_register(&vms[0], NIC | 0x20), 0); /* not there */
	pci_forget(&vms[0]);
	assert_int_equal(read_register(&vms[0], NIC | 0x10), 0xC0000000);
}

/* Only function 2 of a device is the VM's: software looks for the others if there is a function 0. */
static void placeholder_stands_for_function_0(void **state)
{
	(void)state;
	nic.function = 2;
	assert_int_equal(read_register(&vms[0], NIC | 0x200), UINT32_MAX); /* not the fake's */
	assert_int_equal(read_register(&vms[0], NIC), 0x00081B36);
	assert_int_equal(read_register(&vms[0], NIC | PCI_CLASS), 0xFF000000);
	assert_int_equal(read_register(&vms[0], NIC | PCI_CACHE_LINE), 0x00800000);
	assert_int_equal(read_register(&vms[0], NIC | 0x10), 0);
	assert_int_equal(read_register(&vms[0], NIC | 0x100), UINT32_MAX);
	write_register(&vms[0], NIC | PCI_COMMAND, 7);
	assert_int_equal(fake_pci_registers[1], 0x00300107);
}

static void host_bridge_takes_shadow_registers(void **state)
{
	(void)state;
	assert_int_equal(read_register(&vms[0], 0x80000000), 0x00081B36);
	write_register(&vms[0], 0x80000058, UINT32_MAX);
	assert_int_equal(read_register(&vms[0], 0x80000058), 0);
	left.virtual_devices = VIRTUAL_HOST_BRIDGE;
	assert_int_equal(read_register(&vms[0], 0x80000000), 0x12378086);
	assert_int_equal(read_register(&vms[0], 0x8000002C), 0x11001AF4);
	pci_port_write(&vms[0], 0xCF8, 4, 0x80000058);
	pci_port_write(&vms[0], 0xCFD, 1, 0x30);
	assert_int_equal(pci_port_read(&vms[0], 0xCFC, 4), 0x3000);
	write_register(&vms[0], 0x80000000, 0);
	assert_int_equal(read_register(&vms[0], 0x80000000), 0x12378086);
	assert_int_equal(fake_pci_accesses, 0);
}

static void capabilities_are_hidden(void **state)
{
	(void)state;
	assert_int_equal(read_register(&vms[0], NIC | PCI_CAPABILITIES), 0);
	assert_int_equal(read_register(&vms[0], NIC | PCI_COMMAND), 0x00200107);
	assert_int_equal(read_register(&vms[0], NIC | PCI_EXPANSION), 0);
}

static void command_register_is_filtered(void **state)
{
	(void)state;
	write_register(&vms[0], NIC | PCI_COMMAND, UINT32_MAX);
	/* SERR# as it was; of the status, ones go only to the bits that they clear */
	assert_int_equal(fake_pci_registers[1], 0xF9000547);
	pci_port_write(&vms[0], 0xCFC, 1, 0x02); /* low byte only, no status */
	assert_int_equal(fake_pci_registers[1], 0x0502);
	pci_port_write(&vms[0], 0xCFE, 2, 0x2000); /* received master abort only */
	assert_int_equal(fake_pci_registers[1], 0x20000502);
}

static void no_bus_mastering_without_acceptance(void **state)
{
	(void)state;
	nic.dma_unprotected = false;
	fake_pci_registers[1] = 0;
	write_register(&vms[0], NIC | PCI_COMMAND, 0x7);
	assert_int_equal(fake_pci_registers[1], 0x3);
}

static void device_registers_are_read_only(void **state)
{
	(void)state;
	for (uint32_t offset = PCI_EXPANSION; offset < 0x100; offset += 4)
		if (offset != PCI_INTERRUPT)
			write_register(&vms[0], NIC | offset, 0x55AA55AA);
	assert_int_equal(fake_pci_registers[13], 0xDC);
	assert_int_equal(fake_pci_registers[16], 0x12345678);
	write_register(&vms[0], NIC | PCI_ID, 0);
	assert_int_equal(fake_pci_registers[0], 0x100E8086);
	write_register(&vms[0], NIC | PCI_INTERRUPT, 0xFFFFFF0B);
	assert_int_equal(fake_pci_registers[15], 0x0B);
}

static void boot_takes_bus_mastering_away(void **state)
{
	struct scenario scenario = scenario_with(&left);

	(void)state;
	pci_init(&scenario);
	assert_int_equal(differences, 0);
	assert_int_equal(fake_pci_registers[1] & 0x7, 0x3);
}

static void boot_lists_differences(void **state)
{
	struct scenario scenario = scenario_with(&left);

	(void)state;
	fake_pci_registers[4] = 0xD0000000;
	fake_pci_registers[5] = 0xC101;
	pci_init(&scenario);
	assert_int_equal(differences, 2);
	assert_string_equal(last_code, "BHC602");
	assert_string_equal(last_text,
			    "BAR 1 of nic0 (00:02.0) of VM \"left\" is 0xc101, the board "
			    "file says 0xc001: correct the board file");
	fake_pci_registers[0] = 0x10008086;
	pci_init(&scenario);
	assert_int_equal(differences, 3); /* its BARs do not count then */
	assert_string_equal(last_code, "BHC601");
	assert_string_equal(last_text,
			    "PCI function 00:02.0 is 8086:1000, the board file says 8086:100e; VM "
			    "\"left\" needs it: correct the board file");
}

static void stop_silences_the_device(void **state)
{
	(void)state;
	pci_silence(&left);
	assert_int_equal(fake_pci_registers[1], 0x0503);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(owner_sees_its_function, setup),
		cmocka_unit_test_setup(others_see_an_empty_slot, setup),
		cmocka_unit_test_setup(bars_pretend_to_move, setup),
		cmocka_unit_test_setup(bars_are_sized_in_any_way, setup),
		cmocka_unit_test_setup(placeholder_stands_for_function_0, setup),
		cmocka_unit_test_setup(host_bridge_takes_shadow_registers, setup),
		cmocka_unit_test_setup(capabilities_are_hidden, setup),
		cmocka_unit_test_setup(command_register_is_filtered, setup),
		cmocka_unit_test_setup(no_bus_mastering_without_acceptance, setup),
		cmocka_unit_test_setup(device_registers_are_read_only, setup),
		cmocka_unit_test_setup(boot_takes_bus_mastering_away, setup),
		cmocka_unit_test_setup(boot_lists_differences, setup),
		cmocka_unit_test_setup(stop_silences_the_device, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
