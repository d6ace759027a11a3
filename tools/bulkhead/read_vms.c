/* SPDX-License-Identifier: Apache-2.0 */
/* The vms and modules nodes to the model. */
#include <stdlib.h>
#include <string.h>

#include "bulkhead/host.h"
#include "place.h"
#include "read_internal.h"
#include "schema.h"

/* Which properties mean something with which protocols (1u << enum boot_protocol). */
#define RAW   (1u << BOOT_RAW)
#define ELF   (1u << BOOT_ELF)
#define LINUX (1u << BOOT_LINUX)
#define MULTI (1u << BOOT_MULTIBOOT | 1u << BOOT_MULTIBOOT2)
#define ROM   (1u << BOOT_ROM)

static const struct {
	const char *property;
	unsigned protocols;
} protocol_properties[] = {
	{"kernel", LINUX},         {"image", RAW | ELF | MULTI | ROM},
	{"ramdisk", LINUX},        {"bootargs", LINUX | MULTI},
	{"boot-modules", MULTI},   {"load-address", RAW},
	{"bsp-entry", RAW | ELF},  {"ap-entry", RAW | ELF},
	{"entry-mode", RAW | ELF},
};

static void take_foreign(struct reader *reader, const struct tree_node *node, struct vm *vm)
{
	const size_t rows = sizeof(protocol_properties) / sizeof(*protocol_properties);

	for (size_t i = 0; vm->protocol_given && i < rows; i++) {
		const char *name = protocol_properties[i].property;
		const struct tree_property *property = tree_property(node, name);
		if (property && !(protocol_properties[i].protocols >> vm->protocol & 1))
			*ARENA_PUSH(reader->arena, vm->foreign, vm->foreign_count) =
				(struct text){name, property->at};
	}
}

static struct place place_of(const struct tree_node *node, const char *name)
{
	const struct tree_property *property = tree_property(node, name);

	return property ? property->at : node->at;
}

/* The first word is the module's name. With another protocol the property has been reported. */
static void take_boot_modules(struct reader *reader, const struct tree_node *node, struct vm *vm)
{
	unsigned count;
	struct text *texts = read_texts(reader, node, "boot-modules", &count);

	for (unsigned i = 0; MULTI >> vm->protocol & 1 && i < count; i++) {
		size_t length = strcspn(texts[i].value, " ");
		*ARENA_PUSH(reader->arena, vm->boot_modules, vm->boot_module_count) =
			(struct vm_module){
				{arena_strndup(reader->arena, texts[i].value, length), texts[i].at},
				texts[i].value,
			};
	}
}

static void take_boot(struct reader *reader, const struct tree_node *node, struct vm *vm)
{
	static const enum boot_protocol protocols[] = {
		[CHOICE_RAW] = BOOT_RAW,
		[CHOICE_ELF] = BOOT_ELF,
		[CHOICE_LINUX] = BOOT_LINUX,
		[CHOICE_MULTIBOOT] = BOOT_MULTIBOOT,
		[CHOICE_MULTIBOOT2] = BOOT_MULTIBOOT2,
		[CHOICE_ROM] = BOOT_ROM,
	};
	unsigned protocol = read_choice(node, "boot-protocol", CHOICE_RAW);

	vm->protocol_given = read_given(node, "boot-protocol");
	vm->protocol = protocols[protocol];
	vm->protocol_at = place_of(node, "boot-protocol");
	vm->image = read_text(node, vm->protocol == BOOT_LINUX ? "kernel" : "image");
	vm->image_given = read_meant(node, vm->protocol == BOOT_LINUX ? "kernel" : "image");
	vm->bsp_entry_given = read_meant(node, "bsp-entry");
	vm->ap_entry_given = read_meant(node, "ap-entry");
	vm->ramdisk = read_text(node, "ramdisk");
	vm->bootargs = read_text(node, "bootargs");
	vm->load_address = read_number(node, "load-address");
	vm->bsp_entry = read_number(node, "bsp-entry");
	vm->ap_entry = read_number(node, "ap-entry");
	vm->entry_mode = read_choice(node, "entry-mode", CHOICE_PROTECTED) == CHOICE_REAL
				 ? ENTRY_REAL
				 : ENTRY_PROTECTED;
	unsigned acpi = vm->protocol == BOOT_LINUX ? CHOICE_ON : CHOICE_OFF;
	vm->acpi = read_choice(node, "acpi", acpi) == CHOICE_ON;
	vm->acpi_at = place_of(node, "acpi");
	vm->report = read_text(node, "report");
	take_boot_modules(reader, node, vm);
	take_foreign(reader, node, vm);
}

/* Nodes of another kind were reported; they dangle like those that do not exist. */
static struct reference *take_references(struct reader *reader, const struct tree_node *node,
					 const char *name, const struct schema_node *kind,
					 unsigned *count)
{
	const struct tree_property *property = tree_property(node, name);
	struct reference *references = NULL;

	*count = 0;
	for (unsigned i = 0; property && property->usable && i < property->value_count; i++) {
		const struct value *value = &property->values[i];
		const struct tree_node *target = tree_resolve(&reader->tree, value->text);
		bool fits = target && target->schema == kind;
		*ARENA_PUSH(reader->arena, references, *count) = (struct reference){
			.label = value->text,
			.target = fits ? target->index : UINT32_MAX,
			.at = value->at,
		};
	}
	return references;
}

static void take_any_devices(struct reader *reader, const struct tree_node *node, struct vm *vm)
{
	unsigned count;
	const struct text *texts = read_texts(reader, node, "any-devices", &count);

	for (unsigned i = 0; i < count; i++)
		*ARENA_PUSH(reader->arena, vm->any_devices, vm->any_device_count) =
			(struct wanted_device){texts[i], UINT32_MAX};
}

static uint32_t permissions_of(const struct tree_node *node)
{
	static const uint32_t permissions[] = {
		[CHOICE_R] = MEMORY_READ,
		[CHOICE_RW] = MEMORY_READ | MEMORY_WRITE,
		[CHOICE_RX] = MEMORY_READ | MEMORY_EXECUTE,
		[CHOICE_RWX] = MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE,
	};

	return permissions[read_choice(node, "access", CHOICE_RWX)];
}

/* Its size and place are the share's; one that does not exist was reported. */
static void take_shared(struct reader *reader, const struct tree_node *node, struct vm *vm)
{
	uint32_t share = read_target(reader, node, "memory", &schema_share);

	if (share == UINT32_MAX) {
		reader->model->shares_unresolved = true;
		return;
	}
	const struct share *shared = &reader->model->shares[share];
	*ARENA_PUSH(reader->arena, vm->memory, vm->memory_count) = (struct vm_memory){
		.name = node->name,
		.guest = read_unit_address(node),
		.size = shared->size,
		.host = shared->host,
		.host_unusable = shared->host_unusable,
		.permissions = read_given(node, "access") ? permissions_of(node) : 0,
		.kind = MEMORY_SHARED,
		.share = share,
		.share_at = tree_property(node, "memory")->values[0].at,
		.at = node->at,
	};
}

/* The hypervisor's own pages: no rule on host memory is about them. */
static void take_monitor(struct reader *reader, const struct tree_node *node, struct vm *vm)
{
	const struct board *board = &reader->model->board;
	uint64_t size = MONITOR_SHARED_SIZE, record = 0;

	for (unsigned i = 0; i < board->range_count; i++)
		if (board->ranges[i].kind == BOARD_CRASH_RECORD)
			record = CRASH_RECORD_SIZE;

	for (unsigned i = 0; i < board->cpu_count; i++)
		size += board->cpus[i].enabled ? HOST_COUNTERS_SIZE + record : 0;
	*ARENA_PUSH(reader->arena, vm->memory, vm->memory_count) = (struct vm_memory){
		.name = node->name,
		.guest = read_unit_address(node),
		.size = {.value = size, .at = node->at, .given = true},
		.host_unusable = true,
		.permissions = MEMORY_READ,
		.kind = MEMORY_MONITOR,
		.at = node->at,
	};
}

static void take_memory(struct reader *reader, const struct tree_node *node, struct vm *vm)
{
	for (unsigned i = 0; i < node->child_count; i++) {
		const struct tree_node *child = node->children[i];
		if (child->schema == &schema_vm_shared)
			take_shared(reader, child, vm);
		if (child->schema == &schema_vm_monitor)
			take_monitor(reader, child, vm);
		vm->unknown_nodes |= !child->schema;
		if (!child->schema || child->schema == &schema_vm_shared ||
		    child->schema == &schema_vm_monitor)
			continue;
		*ARENA_PUSH(reader->arena, vm->memory, vm->memory_count) = (struct vm_memory){
			.name = child->name,
			.guest = read_unit_address(child),
			.size = read_number(child, "size"),
			.host = read_number(child, "host"),
			.host_unusable = tree_property(child, "host") && !read_given(child, "host"),
			.permissions = permissions_of(child),
			.kind = MEMORY_RAM,
			.at = child->at,
		};
	}
}

/* A device's registers appear at their real addresses. */
static void take_device_memory(struct reader *reader, struct vm *vm)
{
	const struct board *board = &reader->model->board;

	for (unsigned i = 0; i < vm->device_count; i++) {
		const struct reference *reference = &vm->devices[i];
		if (reference->target >= board->device_count)
			continue;
		const struct board_device *device = &board->devices[reference->target];
		if (device->pci)
			continue;
		for (unsigned j = 0; j < device->mmio_count; j++)
			*ARENA_PUSH(reader->arena, vm->memory, vm->memory_count) =
				(struct vm_memory){
					.name = device->name,
					.guest = device->mmio[j].base,
					.size = device->mmio[j].size,
					.host = device->mmio[j].base,
					.permissions = MEMORY_READ | MEMORY_WRITE,
					.kind = MEMORY_DEVICE,
					.at = reference->at,
				};
	}
}

/* A PCI function is a device of the board like others, with rules of its own besides. */
static void take_pci(struct reader *reader, const struct tree_node *node, struct vm *vm)
{
	const struct board *board = &reader->model->board;

	vm->pci =
		take_references(reader, node, "pci-devices", &schema_pci_function, &vm->pci_count);
	for (unsigned i = 0; i < vm->pci_count; i++) {
		struct reference device = vm->pci[i];
		if (device.target != UINT32_MAX)
			device.target = board->pci[device.target].board_device;
		*ARENA_PUSH(reader->arena, vm->devices, vm->device_count) = device;
	}
	vm->dma_unprotected = read_flag(node, "dma-unprotected");
	vm->dma_unprotected_at = place_of(node, "dma-unprotected");
	vm->allow_shared_cores = read_flag(node, "allow-shared-cores");
	vm->allow_shared_cores_at = place_of(node, "allow-shared-cores");
}

static bool is_listed(const struct text *names, unsigned count, const struct text *name)
{
	for (unsigned i = 0; i < count; i++)
		if (names[i].value && name->value && !strcmp(names[i].value, name->value))
			return true;
	return false;
}

/* What the VM hides, then what the board hides from all. */
static void take_hidden(struct reader *reader, const struct tree_node *node, struct vm *vm)
{
	const struct board *board = &reader->model->board;
	unsigned own;
	const struct text *names = read_texts(reader, node, "cpuid-hide", &own);

	vm->cpuid_hide = arena_alloc(reader->arena,
				     (own + board->cpuid_hide_count) * sizeof(*vm->cpuid_hide));
	for (unsigned i = 0; i < own; i++)
		vm->cpuid_hide[i] = names[i];
	vm->cpuid_hide_count = own;
	for (unsigned i = 0; i < board->cpuid_hide_count; i++)
		if (!is_listed(names, own, &board->cpuid_hide[i]))
			vm->cpuid_hide[vm->cpuid_hide_count++] = board->cpuid_hide[i];
}

static void take_vm(struct reader *reader, const struct tree_node *node)
{
	struct model *model = reader->model;
	struct vm *vm = ARENA_PUSH(reader->arena, model->vms, model->vm_count);

	vm->name = node->name;
	vm->at = node->at;
	vm->cpus_at = place_of(node, "cpus");
	vm->cpus_given = read_given(node, "cpus");
	vm->cpus = take_references(reader, node, "cpus", &schema_cpu, &vm->cpu_count);
	vm->cpu_listed = vm->cpu_count;
	vm->cpu_wanted = read_number(node, "cpu-count");
	vm->devices = take_references(reader, node, "devices", &schema_device, &vm->device_count);
	take_any_devices(reader, node, vm);
	vm->ports = read_ranges(reader, node, "io-ports", 1, &vm->port_count);
	vm->interrupts = read_cells(reader, node, "interrupts", &vm->interrupt_count);
	take_pci(reader, node, vm);
	take_hidden(reader, node, vm);
	vm->virtual_devices =
		read_texts(reader, node, "virtual-devices", &vm->virtual_device_count);
	take_boot(reader, node, vm);
	read_life(reader, node, &vm->life);
	take_memory(reader, node, vm);
}

void read_shares(struct reader *reader)
{
	const struct tree_node *list = tree_child(reader->tree.root, "shared-memory");
	struct model *model = reader->model;

	for (unsigned i = 0; list && i < list->child_count; i++) {
		struct tree_node *node = list->children[i];
		node->index = model->share_count;
		*ARENA_PUSH(reader->arena, model->shares, model->share_count) = (struct share){
			.name = node->name,
			.size = read_number(node, "size"),
			.host = read_number(node, "host"),
			.host_unusable = tree_property(node, "host") && !read_given(node, "host"),
			.multiple_writers = read_flag(node, "multiple-writers"),
			.at = node->at,
		};
	}
}

void read_vms(struct reader *reader)
{
	const struct tree_node *vms = tree_child(reader->tree.root, "vms");

	struct model *model = reader->model;

	for (unsigned i = 0; vms && i < vms->child_count; i++)
		if (vms->children[i]->schema)
			take_vm(reader, vms->children[i]);
	place_cores(model, reader->arena);
	place_devices(model, reader->arena);
	for (unsigned i = 0; i < model->vm_count; i++) {
		take_device_memory(reader, &model->vms[i]);
		read_pci_memory(reader, &model->vms[i]);
	}
}

/* Modules: those declared, in the order of the source, then one for each name only used. */

static void take_declared(struct reader *reader, const struct tree_node *node)
{
	struct model *model = reader->model;
	const char *file = read_text(node, "file").value;

	*ARENA_PUSH(reader->arena, model->modules, model->module_count) = (struct module){
		.name = node->name,
		.file = file ? file : arena_format(reader->arena, "guests/%s", node->name),
		.shared = read_flag(node, "shared"),
		.declared = true,
		.at = node->at,
	};
}

static int compare_text(const void *left, const void *right)
{
	const struct text *a = left;
	const struct text *b = right;
	int order = strcmp(a->value, b->value);

	return order ? order : place_compare(a->at, b->at);
}

static int compare_place(const void *left, const void *right)
{
	const struct module *a = left;
	const struct module *b = right;

	return place_compare(a->at, b->at);
}

static bool declared(const struct model *model, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (!strcmp(model->modules[i].name, name))
			return true;
	return false;
}

static void add_used(struct reader *reader, struct text *used, unsigned count)
{
	struct model *model = reader->model;
	unsigned declared_count = model->module_count;

	if (count)
		qsort(used, count, sizeof(*used), compare_text);
	for (unsigned i = 0; i < count; i++) {
		const char *name = used[i].value;
		if ((i > 0 && !strcmp(used[i - 1].value, name)) ||
		    declared(model, declared_count, name))
			continue;
		*ARENA_PUSH(reader->arena, model->modules, model->module_count) = (struct module){
			.name = name,
			.file = arena_format(reader->arena, "guests/%s", name),
			.at = used[i].at,
		};
	}
	if (model->module_count > declared_count)
		qsort(model->modules + declared_count, model->module_count - declared_count,
		      sizeof(*model->modules), compare_place);
}

void read_modules(struct reader *reader)
{
	const struct tree_node *modules = tree_child(reader->tree.root, "modules");
	const struct model *model = reader->model;
	struct text *used = NULL;
	unsigned count = 0;

	for (unsigned i = 0; modules && i < modules->child_count; i++)
		if (modules->children[i]->schema)
			take_declared(reader, modules->children[i]);
	for (unsigned i = 0; i < model->vm_count; i++) {
		if (model->vms[i].image.value)
			*ARENA_PUSH(reader->arena, used, count) = model->vms[i].image;
		if (model->vms[i].ramdisk.value && model->vms[i].protocol == BOOT_LINUX)
			*ARENA_PUSH(reader->arena, used, count) = model->vms[i].ramdisk;
		for (unsigned j = 0; j < model->vms[i].boot_module_count; j++)
			*ARENA_PUSH(reader->arena, used, count) =
				model->vms[i].boot_modules[j].name;
	}
	add_used(reader, used, count);
}
