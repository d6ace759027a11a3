/* SPDX-License-Identifier: Apache-2.0 */
#include "emit_parts.h"

#include "bulkhead/virtual_devices.h"

/* Functions of each part that its users in the hypervisor call: at least one of every file. */
static const char *const loaders[] = {
	[BOOT_RAW] = "raw_plan",
	[BOOT_ELF] = "elf_plan",
	[BOOT_LINUX] = "linux_plan",
	[BOOT_MULTIBOOT] = "multiboot1_plan",
	[BOOT_MULTIBOOT2] = "multiboot2_plan",
	[BOOT_ROM] = "rom_plan",
};

static const struct {
	uint32_t devices; /* OR of enum virtual_device: any of them */
	const char *functions;
} devices[] = {
	/* they are wired to each other */
	{VIRTUAL_PIC | VIRTUAL_PIT, "virtual_pc_handler pic_reset pit_reset"},
	{VIRTUAL_PIC, "extint_update pic_pins_begin"},
	{VIRTUAL_RTC, "virtual_pc_handler rtc_reset"},
	{VIRTUAL_KEYBOARD, "virtual_pc_handler keyboard_reset"},
	{VIRTUAL_PM_TIMER, "virtual_pc_handler port_wide_device"},
	{VIRTUAL_ACPI_PM, "port_wide_device"},
	{VIRTUAL_FW_CFG, "port_wide_device fw_cfg_read"},
	{VIRTUAL_HOST_BRIDGE, "i440fx_read i440fx_write"},
};

#define PCI_FUNCTIONS                                                                                                       \
	"pci_functions_take pci_memory_at pci_function_read pci_capability_scan pci_messages_reset pci_remember pci_reset " \
	"pci_capability_head pci_capability_read pci_capability_write"

#define RESTART_FUNCTIONS \
	"vcpu_restart life_restart_is_allowed image_store_plan image_store_remember"
#define CLOCKS "machine_check_clocks crystal_tsc_frequency crystal_frequency"

void emit_parts(FILE *file, const struct scenario *scenario)
{
	uint32_t protocols = 0, virtual_devices = 0, pci_functions = 0;
	bool restarts = false, watchdogs = false, monitors = false, platform = false;

	for (uint32_t i = 0; i < scenario->vm_count; i++) {
		protocols |= UINT32_C(1) << scenario->vms[i].boot.protocol;
		virtual_devices |= scenario->vms[i].virtual_devices;
		pci_functions += scenario->vms[i].pci_function_count;
		restarts |= scenario->vms[i].life.restartable;
		watchdogs |= scenario->vms[i].life.watchdog_seconds != 0;
		monitors |= scenario->vms[i].monitor != 0;
		platform |= scenario->vms[i].blob_count > 0;
	}
	for (unsigned i = 0; i < sizeof(loaders) / sizeof(loaders[0]); i++)
		if (protocols >> i & 1)
			fprintf(file, "EXTERN(%s)\n", loaders[i]);
	for (unsigned i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (virtual_devices & devices[i].devices)
			fprintf(file, "EXTERN(%s)\n", devices[i].functions);
	if (pci_functions)
		fprintf(file, "EXTERN(%s)\n", PCI_FUNCTIONS);
	if (restarts)
		fprintf(file, "EXTERN(%s)\n", RESTART_FUNCTIONS);
	if (watchdogs)
		fputs("EXTERN(watchdog_check)\n", file);
	if (monitors)
		fputs("EXTERN(monitor_init)\n", file);
	if (platform || protocols >> BOOT_LINUX & 1)
		fputs("EXTERN(plan_platform)\n", file);
	if (!scenario->tsc_frequency_hz || !scenario->apic_timer_frequency_hz)
		fprintf(file, "EXTERN(%s)\n", CLOCKS);
}
