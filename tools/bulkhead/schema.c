/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#include <string.h>

/* In every node: device-tree sources carry them, the language has fixed widths of its own. */
static const struct schema_property everywhere[] = {
	{.name = "#address-cells", .type = TYPE_IGNORED},
	{.name = "#size-cells", .type = TYPE_IGNORED},
	{.name = "phandle", .type = TYPE_IGNORED},
	{0},
};

static const struct schema_property none[] = {{0}};
static const struct schema_node *const no_children[] = {NULL};

/* The board. */

static const char *const board_compatible[] = {"bulkhead,board", NULL};
static const char *const status_choices[] = {
	[CHOICE_OKAY] = "okay",
	[CHOICE_OK] = "ok",
	[CHOICE_DISABLED] = "disabled",
	NULL,
};

static const char *const cpu_kind_choices[] = {
	[CHOICE_PERFORMANCE] = "performance",
	[CHOICE_EFFICIENT] = "efficient",
	NULL,
};

static const struct schema_property cpu_properties[] = {
	{.name = "apic-id", .type = TYPE_CELL, .mandatory = true},
	{.name = "package", .type = TYPE_CELL, .mandatory = true},
	{.name = "core", .type = TYPE_CELL, .mandatory = true},
	{.name = "thread", .type = TYPE_CELL, .mandatory = true},
	{.name = "l2-group", .type = TYPE_CELL},
	{.name = "l3-group", .type = TYPE_CELL},
	{.name = "kind", .type = TYPE_CHOICE, .choices = cpu_kind_choices},
	{.name = "status", .type = TYPE_CHOICE, .choices = status_choices},
	{.name = "reserved", .type = TYPE_FLAG},
	{0},
};

const struct schema_node schema_cpu = {
	.kind = "a cpu of the board",
	.name = "cpu",
	.unit = UNIT_MANDATORY,
	.mandatory = true,
	.properties = cpu_properties,
	.children = no_children,
};

static const struct schema_node *const cpus_children[] = {&schema_cpu, NULL};
static const struct schema_node cpus = {
	.kind = "the list of cpus",
	.name = "cpus",
	.mandatory = true,
	.properties = none,
	.children = cpus_children,
};

static const struct schema_property ram_properties[] = {
	{.name = "reg", .type = TYPE_RANGES, .mandatory = true},
	{0},
};
static const struct schema_node ram = {
	.kind = "RAM of the board",
	.name = "ram",
	.unit = UNIT_MANDATORY,
	.mandatory = true,
	.properties = ram_properties,
	.children = no_children,
};
static const struct schema_node *const board_memory_children[] = {&ram, NULL};
static const struct schema_node board_memory = {
	.kind = "the list of RAM ranges",
	.name = "memory",
	.mandatory = true,
	.properties = none,
	.children = board_memory_children,
};

static const char *const reserved_compatible[] = {
	[CHOICE_HYPERVISOR_RANGE] = "bulkhead,hypervisor",
	[CHOICE_TRAMPOLINE_RANGE] = "bulkhead,trampoline",
	[CHOICE_CRASH_RANGE] = "bulkhead,crash-record",
	NULL,
};
static const struct schema_property reserved_properties[] = {
	{.name = "reg", .type = TYPE_RANGES, .mandatory = true},
	{.name = "compatible", .type = TYPE_CHOICE, .choices = reserved_compatible},
	{0},
};
static const struct schema_node reserved_range = {
	.kind = "reserved memory",
	.unit = UNIT_MANDATORY,
	.properties = reserved_properties,
	.children = no_children,
};
static const struct schema_node *const reserved_children[] = {&reserved_range, NULL};
static const struct schema_node reserved_memory = {
	.kind = "the list of reserved memory",
	.name = "reserved-memory",
	.properties = none,
	.children = reserved_children,
};

static const struct schema_property ioapic_properties[] = {
	{.name = "id", .type = TYPE_CELL, .mandatory = true},
	{.name = "reg", .type = TYPE_RANGES, .mandatory = true},
	{.name = "gsi-base", .type = TYPE_CELL, .mandatory = true},
	{.name = "pins", .type = TYPE_CELL, .mandatory = true},
	{0},
};
static const struct schema_node ioapic = {
	.kind = "an IOAPIC of the board",
	.name = "ioapic",
	.unit = UNIT_MANDATORY,
	.properties = ioapic_properties,
	.children = no_children,
};
static const struct schema_node *const ioapics_children[] = {&ioapic, NULL};
static const struct schema_node ioapics = {
	.kind = "the list of IOAPICs",
	.name = "ioapics",
	.properties = none,
	.children = ioapics_children,
};

static const char *const trigger_choices[] = {
	[CHOICE_EDGE] = "edge",
	[CHOICE_LEVEL] = "level",
	NULL,
};
static const char *const polarity_choices[] = {
	[CHOICE_HIGH] = "high",
	[CHOICE_LOW] = "low",
	NULL,
};
static const struct schema_property override_properties[] = {
	{.name = "irq", .type = TYPE_CELL, .mandatory = true},
	{.name = "gsi", .type = TYPE_CELL, .mandatory = true},
	{.name = "trigger", .type = TYPE_CHOICE, .choices = trigger_choices},
	{.name = "polarity", .type = TYPE_CHOICE, .choices = polarity_choices},
	{0},
};
static const struct schema_node override = {
	.kind = "an interrupt override",
	.properties = override_properties,
	.children = no_children,
};
static const struct schema_node *const overrides_children[] = {&override, NULL};
static const struct schema_node overrides = {
	.kind = "the list of interrupt overrides",
	.name = "interrupt-overrides",
	.properties = none,
	.children = overrides_children,
};

static const struct schema_property device_properties[] = {
	{.name = "compatible", .type = TYPE_STRINGS, .mandatory = true},
	{.name = "io-ports", .type = TYPE_PORTS},
	{.name = "interrupts", .type = TYPE_CELLS},
	{.name = "reg", .type = TYPE_RANGES},
	{0},
};
const struct schema_node schema_device = {
	.kind = "a device of the board",
	.unit = UNIT_OPTIONAL,
	.properties = device_properties,
	.children = no_children,
};
static const struct schema_node *const devices_children[] = {&schema_device, NULL};
static const struct schema_node devices = {
	.kind = "the list of devices",
	.name = "devices",
	.properties = none,
	.children = devices_children,
};

static const struct schema_property iommu_properties[] = {
	{.name = "reg", .type = TYPE_RANGES, .mandatory = true},
	{.name = "guest-address-bits", .type = TYPE_CELL},
	{0},
};
const struct schema_node schema_iommu = {
	.kind = "an IOMMU of the board",
	.name = "iommu",
	.unit = UNIT_MANDATORY,
	.properties = iommu_properties,
	.children = no_children,
};
static const struct schema_node *const iommus_children[] = {&schema_iommu, NULL};
static const struct schema_node iommus = {
	.kind = "the list of IOMMUs",
	.name = "iommus",
	.properties = none,
	.children = iommus_children,
};

static const char *const bar_kind_choices[] = {
	[CHOICE_MEMORY32] = "memory32",
	[CHOICE_MEMORY64] = "memory64",
	[CHOICE_IO] = "io",
	NULL,
};
static const struct schema_property bar_properties[] = {
	{.name = "kind", .type = TYPE_CHOICE, .mandatory = true, .choices = bar_kind_choices},
	{.name = "base", .type = TYPE_ADDRESS, .mandatory = true},
	{.name = "size", .type = TYPE_ADDRESS, .mandatory = true},
	{.name = "prefetchable", .type = TYPE_FLAG},
	{0},
};
static const struct schema_node bar = {
	.kind = "a BAR of a PCI function",
	.name = "bar",
	.unit = UNIT_MANDATORY,
	.properties = bar_properties,
	.children = no_children,
};
static const struct schema_property pci_function_properties[] = {
	{.name = "address", .type = TYPE_STRING, .mandatory = true},
	{.name = "vendor-id", .type = TYPE_CELL, .mandatory = true},
	{.name = "device-id", .type = TYPE_CELL, .mandatory = true},
	{.name = "class", .type = TYPE_CELL, .mandatory = true},
	{.name = "interrupts", .type = TYPE_CELL},
	{.name = "msi-vectors", .type = TYPE_CELL},
	{.name = "msix-vectors", .type = TYPE_CELL},
	{.name = "msix-bar", .type = TYPE_CELL},
	{.name = "msix-offset", .type = TYPE_CELL},
	{.name = "isolation-group", .type = TYPE_CELL},
	{.name = "reserved-memory", .type = TYPE_RANGES},
	{.name = "iommu", .type = TYPE_REFERENCE, .target = &schema_iommu},
	{.name = "reserved", .type = TYPE_FLAG},
	{.name = "secondary-bus", .type = TYPE_CELL},
	{.name = "subordinate-bus", .type = TYPE_CELL},
	{.name = "isolating", .type = TYPE_FLAG},
	{0},
};
static const struct schema_node *const pci_function_children[] = {&bar, NULL};
const struct schema_node schema_pci_function = {
	.kind = "a PCI function of the board",
	.unit = UNIT_PCI,
	.properties = pci_function_properties,
	.children = pci_function_children,
};
static const struct schema_property pci_properties[] = {
	{.name = "ecam", .type = TYPE_RANGE},
	{.name = "memory-windows", .type = TYPE_RANGES},
	{.name = "io-windows", .type = TYPE_PORTS},
	{0},
};
static const struct schema_node *const pci_children[] = {&schema_pci_function, NULL};
static const struct schema_node pci = {
	.kind = "PCI of the board",
	.name = "pci",
	.properties = pci_properties,
	.children = pci_children,
};

static const struct schema_property vmx_properties[] = {
	{.name = "ept-page-sizes", .type = TYPE_CELLS},
	{.name = "missing", .type = TYPE_STRINGS},
	{0},
};
static const struct schema_node vmx = {
	.kind = "what the board's processors cannot do",
	.name = "vmx",
	.properties = vmx_properties,
	.children = no_children,
};

static const struct schema_property board_properties[] = {
	{.name = "compatible", .type = TYPE_CHOICE, .mandatory = true, .choices = board_compatible},
	{.name = "model", .type = TYPE_STRING, .mandatory = true},
	{.name = "physical-address-bits", .type = TYPE_CELL, .mandatory = true},
	{.name = "tsc-frequency", .type = TYPE_ADDRESS},
	{.name = "tsc-varies", .type = TYPE_FLAG},
	{.name = "cpuid-hide", .type = TYPE_STRINGS},
	{.name = "apic-timer-frequency", .type = TYPE_ADDRESS},
	{.name = "reserved-io-ports", .type = TYPE_PORTS},
	{0},
};
static const struct schema_node *const board_children[] = {
	&cpus, &board_memory, &reserved_memory, &ioapics, &overrides, &devices, &iommus, &pci,
	&vmx,  NULL,
};
const struct schema_node schema_board = {
	.kind = "the board",
	.name = "board",
	.properties = board_properties,
	.children = board_children,
};

/* Modules. */

static const struct schema_property module_properties[] = {
	{.name = "file", .type = TYPE_STRING},
	{.name = "shared", .type = TYPE_FLAG},
	{0},
};
static const struct schema_node module = {
	.kind = "a module",
	.properties = module_properties,
	.children = no_children,
};
static const struct schema_node *const modules_children[] = {&module, NULL};
static const struct schema_node modules = {
	.kind = "the list of modules",
	.name = "modules",
	.properties = none,
	.children = modules_children,
};

/* Shared memory. */

static const struct schema_property share_properties[] = {
	{.name = "size", .type = TYPE_ADDRESS, .mandatory = true},
	{.name = "host", .type = TYPE_ADDRESS},
	{.name = "multiple-writers", .type = TYPE_FLAG},
	{0},
};
const struct schema_node schema_share = {
	.kind = "shared memory",
	.properties = share_properties,
	.children = no_children,
};
static const struct schema_node *const shares_children[] = {&schema_share, NULL};
static const struct schema_node shares = {
	.kind = "the list of shared memory",
	.name = "shared-memory",
	.properties = none,
	.children = shares_children,
};

/* Pristine images. */

static const struct schema_property image_store_properties[] = {
	{.name = "size", .type = TYPE_ADDRESS, .mandatory = true},
	{.name = "host", .type = TYPE_ADDRESS},
	{0},
};
const struct schema_node schema_image_store = {
	.kind = "the image store",
	.name = "image-store",
	.properties = image_store_properties,
	.children = no_children,
};

/* VMs. */

static const char *const protocol_choices[] = {
	[CHOICE_RAW] = "raw",
	[CHOICE_ELF] = "elf",
	[CHOICE_LINUX] = "linux",
	[CHOICE_MULTIBOOT] = "multiboot",
	[CHOICE_MULTIBOOT2] = "multiboot2",
	[CHOICE_ROM] = "rom",
	NULL,
};
static const char *const mode_choices[] = {
	[CHOICE_PROTECTED] = "protected",
	[CHOICE_REAL] = "real",
	NULL,
};
static const char *const switch_choices[] = {[CHOICE_OFF] = "off", [CHOICE_ON] = "on", NULL};
static const char *const access_choices[] = {
	[CHOICE_R] = "r", [CHOICE_RW] = "rw", [CHOICE_RX] = "rx", [CHOICE_RWX] = "rwx", NULL,
};

static const char *const life_choices[] = {
	[CHOICE_STOP] = "stop",
	[CHOICE_RESTART] = "restart",
	[CHOICE_HALT_MACHINE] = "halt-machine",
	NULL,
};

static const struct schema_property vm_memory_properties[] = {
	{.name = "size", .type = TYPE_ADDRESS, .mandatory = true},
	{.name = "host", .type = TYPE_ADDRESS},
	{.name = "access", .type = TYPE_CHOICE, .choices = access_choices},
	{0},
};
static const struct schema_node vm_memory = {
	.kind = "memory of a VM",
	.name = "memory",
	.unit = UNIT_MANDATORY,
	.properties = vm_memory_properties,
	.children = no_children,
};

/* The beginning of access_choices: what is shared is not executed. */
static const char *const shared_access_choices[] = {[CHOICE_R] = "r", [CHOICE_RW] = "rw", NULL};
static const struct schema_property vm_shared_properties[] = {
	{.name = "memory", .type = TYPE_REFERENCE, .mandatory = true, .target = &schema_share},
	{.name = "access",
	 .type = TYPE_CHOICE,
	 .mandatory = true,
	 .choices = shared_access_choices},
	{0},
};
const struct schema_node schema_vm_shared = {
	.kind = "shared memory in a VM",
	.name = "shared",
	.unit = UNIT_MANDATORY,
	.properties = vm_shared_properties,
	.children = no_children,
};

/* Its size follows from the board, its contents from nobody. */
const struct schema_node schema_vm_monitor = {
	.kind = "the monitor's window in a VM",
	.name = "monitor",
	.unit = UNIT_MANDATORY,
	.properties = none,
	.children = no_children,
};

static const struct schema_property vm_properties[] = {
	{.name = "cpus",
	 .type = TYPE_REFERENCES,
	 .mandatory = true,
	 .instead = "cpu-count",
	 .target = &schema_cpu},
	{.name = "cpu-count", .type = TYPE_CELL},
	{.name = "boot-protocol",
	 .type = TYPE_CHOICE,
	 .mandatory = true,
	 .choices = protocol_choices},
	{.name = "kernel", .type = TYPE_STRING},
	{.name = "image", .type = TYPE_STRING},
	{.name = "ramdisk", .type = TYPE_STRING},
	{.name = "bootargs", .type = TYPE_STRING},
	{.name = "boot-modules", .type = TYPE_STRINGS},
	{.name = "load-address", .type = TYPE_ADDRESS},
	{.name = "bsp-entry", .type = TYPE_ADDRESS},
	{.name = "ap-entry", .type = TYPE_ADDRESS},
	{.name = "entry-mode", .type = TYPE_CHOICE, .choices = mode_choices},
	{.name = "devices", .type = TYPE_REFERENCES, .target = &schema_device},
	{.name = "any-devices", .type = TYPE_STRINGS},
	{.name = "pci-devices", .type = TYPE_REFERENCES, .target = &schema_pci_function},
	{.name = "dma-unprotected", .type = TYPE_FLAG},
	{.name = "allow-shared-cores", .type = TYPE_FLAG},
	{.name = "cpuid-hide", .type = TYPE_STRINGS},
	{.name = "virtual-devices", .type = TYPE_STRINGS},
	{.name = "io-ports", .type = TYPE_PORTS},
	{.name = "interrupts", .type = TYPE_CELLS},
	{.name = "acpi", .type = TYPE_CHOICE, .choices = switch_choices},
	{.name = "report", .type = TYPE_STRING},
	{.name = "restartable", .type = TYPE_CHOICE, .choices = switch_choices},
	{.name = "on-reset", .type = TYPE_CHOICE, .choices = life_choices},
	{.name = "on-crash", .type = TYPE_CHOICE, .choices = life_choices},
	{.name = "restart-limit", .type = TYPE_CELL},
	{.name = "restart-window-seconds", .type = TYPE_CELL},
	{.name = "watchdog-seconds", .type = TYPE_CELL},
	{0},
};
static const struct schema_node *const vm_children[] = {&vm_memory, &schema_vm_shared,
							&schema_vm_monitor, NULL};
/* A '@' in a name is refused by the rule on names, which says why. */
const struct schema_node schema_vm = {
	.kind = "a VM",
	.unit = UNIT_OPTIONAL,
	.properties = vm_properties,
	.children = vm_children,
};
static const struct schema_node *const vms_children[] = {&schema_vm, NULL};
static const struct schema_node vms = {
	.kind = "the list of VMs",
	.name = "vms",
	.properties = none,
	.children = vms_children,
};

/* The scenario. */

static const char *const scenario_compatible[] = {"bulkhead,scenario", NULL};
static const struct schema_property root_properties[] = {
	{.name = "compatible",
	 .type = TYPE_CHOICE,
	 .mandatory = true,
	 .choices = scenario_compatible},
	{.name = "description", .type = TYPE_STRING},
	{.name = "console-core", .type = TYPE_REFERENCE, .target = &schema_cpu},
	{0},
};
static const struct schema_node *const root_children[] = {&schema_board,       &modules, &shares,
							  &schema_image_store, &vms,     NULL};
const struct schema_node schema_root = {
	.kind = "the scenario",
	.name = "",
	.properties = root_properties,
	.children = root_children,
};

static const struct schema_property *find(const struct schema_property *list, const char *name)
{
	for (; list->name; list++)
		if (!strcmp(list->name, name))
			return list;
	return NULL;
}

const struct schema_property *schema_property(const struct schema_node *node, const char *name)
{
	const struct schema_property *found = find(node->properties, name);

	return found ? found : find(everywhere, name);
}

const struct schema_node *schema_child(const struct schema_node *node, const char *base)
{
	for (const struct schema_node *const *child = node->children; *child; child++)
		if (!(*child)->name || !strcmp((*child)->name, base))
			return *child;
	return NULL;
}
