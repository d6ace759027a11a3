/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

#include "bulkhead/platform.h"
#include "rules_internal.h"

/* One rule, one row. clang-format would break the longer ones. */
/* clang-format off */
#define ERROR   SEVERITY_ERROR
#define WARNING SEVERITY_WARNING
const struct rule rules[] = {
	/* Reading */
	[RULE_SOURCE_UNREADABLE] = {"BH0001", ERROR, "scenario file cannot be read", NULL},
	[RULE_PREPROCESSOR] = {"BH0002", ERROR, "preprocessor (cpp) found an error", NULL},
	[RULE_DEVICE_TREE] = {"BH0003", ERROR, "device-tree compiler (dtc) found an error", NULL},
	[RULE_UNKNOWN_PROPERTY] = {"BH0004", ERROR, "unknown property", NULL},
	[RULE_UNKNOWN_NODE] = {"BH0005", ERROR, "unknown node", NULL},
	[RULE_MISSING_PROPERTY] = {"BH0006", ERROR, "mandatory property is missing", NULL},
	[RULE_MISSING_NODE] = {"BH0007", ERROR, "mandatory node is missing", NULL},
	[RULE_WRONG_TYPE] = {"BH0008", ERROR, "property has a value of the wrong type", NULL},
	[RULE_WRONG_COUNT] = {"BH0009", ERROR, "property has too few or too many values", NULL},
	[RULE_OUTSIDE_ENUMERATION] = {"BH0010", ERROR, "value is not one of the allowed ones", NULL},
	[RULE_DANGLING_REFERENCE] = {"BH0011", ERROR, "reference to something that does not exist", NULL},
	[RULE_WRONG_REFERENCE] = {"BH0012", ERROR, "reference to a node of the wrong kind", NULL},
	[RULE_GIVEN_TWICE] = {"BH0013", ERROR, "node or property given twice", NULL},
	[RULE_NO_VM] = {"BH0014", ERROR, "scenario without a VM", NULL},
	[RULE_NO_BOARD] = {"BH0015", ERROR, "scenario without a board", NULL},
	[RULE_UNIT_ADDRESS] = {"BH0016", ERROR, "address in a node's name is missing or malformed", NULL},
	[RULE_UNIT_ADDRESS_DIFFERS] = {"BH0017", ERROR, "address in a node's name differs from its content", NULL},
	[RULE_UNSUPPORTED_SYNTAX] = {"BH0018", ERROR, "device-tree syntax that scenarios do not have", NULL},
	[RULE_STRANGE_TEXT] = {"BH0019", ERROR, "text that is not printable", NULL},
	[RULE_DELETES_NOTHING] = {"BH0020", ERROR, "deletion of something that is not there", NULL},

	/* Names and identity */
	[READING_RULE_COUNT] =
	{"BH1001", ERROR, "VM name is not a valid one", rule_vm_name},
	{"BH1002", ERROR, "two VMs have the same name but for upper and lower case", rule_vm_name_twice},
	{"BH1003", ERROR, "more than the hypervisor was built for", rule_capacity},
	{"BH1004", ERROR, "module used twice but not declared as shared", rule_module_shared},
	{"BH1005", WARNING, "module declared but not used", rule_module_unused},
	{"BH1006", ERROR, "module name is not a valid one", rule_module_name},
	{"BH1007", WARNING, "module name looks misspelt", rule_module_misspelt},
	{"BH1008", ERROR, "device given twice to one VM", rule_device_twice},
	{"BH1009", ERROR, "device given to two VMs", rule_device_two_owners},
	{"BH1010", ERROR, "no free device of the kind that a VM wants", rule_no_free_device},

	/* Processors */
	{"BH2001", ERROR, "VM without a core", rule_no_core},
	{"BH2002", ERROR, "core is disabled on the board", rule_core_disabled},
	{"BH2003", ERROR, "core is reserved by the board", rule_core_reserved},
	{"BH2004", ERROR, "core given twice to one VM", rule_core_twice},
	{"BH2005", ERROR, "core given to two VMs", rule_core_two_owners},
	{"BH2006", ERROR, "threads of one core split between VMs", rule_siblings_split},
	{"BH2007", ERROR, "two cores of the board have the same APIC id", rule_apic_id_twice},
	{"BH2008", ERROR, "two cores of the board have the same package, core and thread", rule_topology_twice},
	{"BH2009", SEVERITY_NOTE, "core of the board is not used", rule_core_unassigned},
	{"BH2010", WARNING, "APIC id that only x2APIC guests can address", rule_apic_id_wide},
	{"BH2011", WARNING, "cores that share a cache split between VMs", rule_cache_split},
	{"BH2012", WARNING, "cores of different kinds in one VM", rule_core_kinds},
	{"BH2013", ERROR, "threads of one core of the board differ in cache or kind", rule_threads_differ},
	{"BH2014", ERROR, "APIC id that no core can have", rule_apic_id_broadcast},
	{"BH2015", ERROR, "no free core for a VM", rule_no_free_core},
	{"BH2016", ERROR, "number of cores contradicts the cores that are named", rule_cpu_count},
	{"BH2017", WARNING, "threads of one core split between VMs that accept it",
	 rule_siblings_allowed},
	{"BH2021", ERROR, "the console's core is given to a VM", rule_console_core_owned},
	{"BH2022", ERROR, "the console's core is disabled on the board", rule_console_core_disabled},
	{"BH2023", ERROR, "the console's core has threads of a VM", rule_console_core_sibling},

	/* Host memory, and the board's */
	{"BH3001", ERROR, "host address or size is not a multiple of a page", rule_host_unaligned},
	{"BH3002", ERROR, "size is zero", rule_size_zero},
	{"BH3003", ERROR, "host range goes beyond 2^64", rule_host_wrap},
	{"BH3004", ERROR, "host memory given twice", rule_host_overlap},
	{"BH3005", ERROR, "host memory beyond the physical address width", rule_host_width},
	{"BH3006", ERROR, "host memory is not RAM of the board", rule_host_outside_ram},
	{"BH3007", ERROR, "host memory is the hypervisor's or reserved", rule_host_reserved},
	{"BH3008", ERROR, "host memory over an APIC's registers", rule_host_apic_page},
	{"BH3009", ERROR, "no room for the memory of a VM", rule_placement_impossible},
	{"BH3010", WARNING, "memory placed without 2 MiB alignment", rule_placement_small_pages},
	{"BH3011", ERROR, "RAM ranges of the board overlap", rule_ram_overlap},
	{"BH3012", ERROR, "the hypervisor's memory is missing or misplaced", rule_hypervisor_range},
	{"BH3013", ERROR, "the trampoline is missing or misplaced", rule_trampoline_range},
	{"BH3014", ERROR, "RAM or device of the board over an APIC's registers", rule_board_apic_page},
	{"BH3015", ERROR, "device registers inside RAM or reserved memory", rule_registers_in_ram},
	{"BH3016", ERROR, "devices of two VMs share a page of registers", rule_registers_shared},
	{"BH3017", ERROR, "physical address width that no processor has", rule_address_bits},
	{"BH3018", ERROR, "frequency out of range", rule_frequency},
	{"BH3019", ERROR, "the range for crash records is misplaced", rule_crash_record_range},

	/* Guest memory */
	{"BH4001", ERROR, "guest memory ranges of a VM overlap", rule_guest_overlap},
	{"BH4002", ERROR, "guest memory over an APIC's registers", rule_guest_apic_page},
	{"BH4003", ERROR, "guest memory beyond the address width", rule_guest_width},
	{"BH4004", WARNING, "guest and host address rule out large pages", rule_guest_congruence},
	{"BH4005", ERROR, "guest address is not a multiple of a page", rule_guest_unaligned},
	{"BH4006", ERROR, "VM without memory", rule_no_memory},
	{"BH4007", ERROR, "RAM that Linux needs is missing", rule_linux_memory},
	{"BH4008", ERROR, "RAM for the ACPI tables is missing", rule_acpi_memory},
	{"BH4009", WARNING, "little RAM for a Linux kernel", rule_linux_memory_small},

	/* Boot */
	{"BH5001", ERROR, "property that the boot protocol does not use", rule_foreign_property},
	{"BH5002", ERROR, "property that the boot protocol needs is missing", rule_missing_for_protocol},
	{"BH5003", ERROR, "bsp-entry is not in executable RAM", rule_bsp_entry},
	{"BH5004", ERROR, "ap-entry is not in executable RAM", rule_ap_entry},
	{"BH5005", ERROR, "load-address is not in RAM", rule_load_address},
	{"BH5006", WARNING, "ap-entry in a VM with one core", rule_ap_entry_unused},
	{"BH5007", ERROR, "entry beyond the reach of its mode", rule_entry_reach},
	{"BH5008", ERROR, "real-mode ap-entry is not 4 KiB-aligned", rule_real_mode_ap_entry},
	{"BH5009", ERROR, "command line is too long", rule_bootargs_length},
	{"BH5010", ERROR, "file of a module is missing", rule_module_missing},
	{"BH5011", WARNING, "cores that wait for SIPI can never start", rule_sipi_memory},
	{"BH5012", ERROR, "image is not what the boot protocol takes", rule_image_format},
	{"BH5013", ERROR, "image contradicts itself or is cut off", rule_image_content},
	{"BH5014", ERROR, "image does not fit into the VM's RAM", rule_image_room},
	{"BH5015", ERROR, "entry is not in code of the image", rule_image_entry},
	{"BH5016", ERROR, "image meets the ACPI tables", rule_image_acpi},
	{"BH5017", ERROR, "command line is longer than the kernel takes", rule_image_bootargs},
	{"BH5018", ERROR, "memory for a ROM is missing", rule_rom_memory},

	/* I/O ports */
	{"BH6001", ERROR, "ports outside 0 to 0xFFFF", rule_port_range},
	{"BH6002", ERROR, "port given twice to one VM", rule_port_twice},
	{"BH6003", ERROR, "port given to two VMs", rule_port_two_owners},
	{"BH6004", ERROR, "port of the hypervisor's console", rule_port_console},
	{"BH6005", ERROR, "dangerous port", rule_port_dangerous},
	{"BH6006", ERROR, "port of a virtual device given as a real one", rule_port_virtual},
	{"BH6007", ERROR, "virtual device that does not exist", rule_virtual_device_unknown},
	{"BH6008", ERROR, "virtual devices that contradict each other", rule_virtual_device_contradiction},

	/* Interrupts */
	{"BH7001", ERROR, "no IOAPIC has this interrupt", rule_no_such_pin},
	{"BH7002", ERROR, "interrupt given twice to one VM", rule_pin_twice},
	{"BH7003", ERROR, "interrupt given to two VMs", rule_pin_two_owners},
	{"BH7004", WARNING, "interrupt that the board connects elsewhere", rule_overridden_irq},
	{"BH7005", WARNING, "interrupt without its device", rule_interrupt_without_device},
	{"BH7006", ERROR, "IOAPICs of the board contradict each other", rule_ioapics},
	{"BH7007", ERROR, "interrupt override of the board is not valid", rule_override},

	/* PCI and DMA */
	{"BH8001", ERROR, "not a PCI address", rule_pci_address},
	{"BH8002", ERROR, "two PCI functions of the board have the same address", rule_pci_address_twice},
	{"BH8003", ERROR, "PCI function that cannot be given to a VM", rule_pci_not_assignable},
	{"BH8004", ERROR, "functions of one PCI device split between VMs", rule_pci_device_split},
	{"BH8005", ERROR, "isolation group of PCI functions split between VMs", rule_pci_group_split},
	{"BH8006", ERROR, "PCI functions behind one bridge split between VMs", rule_pci_bridge_split},
	{"BH8007", ERROR, "BAR that cannot be", rule_bar},
	{"BH8008", ERROR, "BAR outside the windows of the host bridge", rule_bar_window},
	{"BH8009", ERROR, "BAR overlaps another one or another device", rule_bar_overlap},
	{"BH8010", ERROR, "page of registers shared with a PCI function that the VM does not have", rule_bar_page},
	{"BH8011", ERROR, "MSI or MSI-X of a PCI function that cannot be", rule_pci_messages},
	{"BH8012", ERROR, "PCI function that the firmware goes on using", rule_pci_firmware_memory},
	{"BH8013", ERROR, "DMA that nothing guards", rule_dma_unprotected},
	{"BH8014", ERROR, "unguarded DMA with guest addresses that are not the host's", rule_dma_identity},
	{"BH8015", ERROR, "memory of a VM beyond what the IOMMU translates", rule_dma_width},
	{"BH8016", ERROR, "PCI bridges of the board contradict its functions", rule_pci_bridges},
	{"BH8017", ERROR, "memory-mapped PCI configuration space is misplaced or too small", rule_pci_ecam},
	{"BH8018", WARNING, "dma-unprotected in a VM without a PCI function", rule_dma_unneeded},
	{"BH8019", ERROR, "PCI identification wider than its register", rule_pci_identification},
	{"BH8020", WARNING, "PCI function whose DMA this version of Bulkhead switches off", rule_dma_without_iommu},

	/* Sharing */
	{"BH9001", ERROR, "shared memory of fewer than two VMs", rule_share_peers},
	{"BH9002", ERROR, "shared memory given twice to one VM", rule_share_twice},
	{"BH9003", ERROR, "shared memory that several VMs may write", rule_share_writers},
	{"BH9004", WARNING, "shared memory that no VM may write", rule_share_unwritten},
	{"BH9005", WARNING, "multiple-writers where it is not needed", rule_share_permission_unneeded},
	{"BH9006", ERROR, "two monitor windows in one VM", rule_monitor_twice},
	{"BH9007", ERROR, "monitor window at address 0", rule_monitor_zero},

	/* Life cycle */
	{"BH9101", ERROR, "restart without images to restart from", rule_restart_images},
	{"BH9102", ERROR, "restart limit or watchdog out of range", rule_life_range},
	{"BH9103", ERROR, "image store is misplaced", rule_image_store},
	{"BH9104", ERROR, "images do not fit into the image store", rule_image_store_room},
	{"BH9105", WARNING, "image store or restart limit that nothing uses", rule_life_unused},

	/* Processor features */
	{"BHA001", ERROR, "feature that cannot be hidden", rule_feature_unknown},
	{"BHA002", WARNING, "feature hidden twice", rule_feature_twice},
	{"BHA003", ERROR, "VMX control that the board's processors lack", rule_control_missing},
	{"BHA004", ERROR, "page sizes of the EPT that no processor has", rule_ept_page_sizes},
	{"BHA005", ERROR, "timer that counts by a TSC that varies", rule_tsc_deadline},
};
/* clang-format on */

const unsigned rule_count = sizeof(rules) / sizeof(*rules);

void rules_run(const struct model *model, const struct placement *placement,
	       const char *module_folder, struct arena *arena, struct diagnostics *diagnostics)
{
	struct check check = {
		.model = model,
		.placement = placement,
		.module_folder = module_folder,
		.diagnostics = diagnostics,
		.arena = arena,
	};

	for (unsigned i = 0; i < rule_count; i++) {
		check.rule = &rules[i];
		if (rules[i].check)
			rules[i].check(&check);
	}
}

const struct board_cpu *cpu_of(const struct check *check, const struct reference *reference)
{
	const struct board *board = &check->model->board;

	return reference->target < board->cpu_count ? &board->cpus[reference->target] : NULL;
}

const struct board_device *device_of(const struct check *check, const struct reference *reference)
{
	const struct board *board = &check->model->board;

	return reference->target < board->device_count ? &board->devices[reference->target] : NULL;
}

struct claims board_claims(struct check *check, unsigned kinds)
{
	const struct board *board = &check->model->board;
	struct claims claims = {NULL, 0};

	for (unsigned i = 0; i < board->range_count; i++) {
		const struct board_range *range = &board->ranges[i];
		struct span span;
		if ((kinds >> range->kind & 1) && range_span(&range->range, &span))
			claims_add(check->arena, &claims,
				   (struct claim){span, range->kind, CLAIM_ALONE, range->name,
						  range->range.at});
	}
	return claims;
}

struct claims apic_page_claims(struct check *check)
{
	const struct board *board = &check->model->board;
	const struct span local = {PLATFORM_LAPIC_GPA, PLATFORM_LAPIC_GPA + PAGE_SIZE_4K - 1};
	struct claims claims = {NULL, 0};

	claims_add(check->arena, &claims,
		   (struct claim){local, 0, CLAIM_ALONE, "the local APIC", NO_PLACE});
	for (unsigned i = 0; i < board->ioapic_count; i++) {
		const struct board_ioapic *ioapic = &board->ioapics[i];
		struct span span;
		if (range_span(&ioapic->registers, &span))
			claims_add(check->arena, &claims,
				   (struct claim){span, i + 1, CLAIM_ALONE, ioapic->label,
						  ioapic->registers.at});
	}
	return claims;
}

const struct vm **device_owners(struct check *check)
{
	unsigned count = check->model->board.device_count;
	const struct vm **owners = arena_alloc(check->arena, count * sizeof(const struct vm *));

	FOR_EACH_VM(check, vm) {
		for (unsigned i = 0; i < vm->device_count; i++) {
			uint32_t target = vm->devices[i].target;
			if (target < count && !owners[target])
				owners[target] = vm;
		}
	}
	return owners;
}
