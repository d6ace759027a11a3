/* SPDX-License-Identifier: Apache-2.0 */
/* BH1xxx: names, identity, capacities. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "limits.h"
#include "offer.h"
#include "rules_internal.h"
#include "suggest.h"

#define VM_NAME_MAX     15
#define MODULE_NAME_MAX 31

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

void rule_vm_name(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		size_t length = strlen(vm->name);
		size_t good = strspn(vm->name, letters);
		struct finding *finding = NULL;
		if (vm->name[good])
			finding = REPORT(check, vm->at, "VM \"%s\": the name holds '%c'", vm->name,
					 vm->name[good]);
		else if (length > VM_NAME_MAX)
			finding = REPORT(check, vm->at, "VM \"%s\": the name has %zu characters",
					 vm->name, length);
		if (finding)
			HELP(check, finding, "use 1 to %d of A-Z a-z 0-9 _ -", VM_NAME_MAX);
	}
}

static int compare_names(const void *left, const void *right)
{
	const struct vm *a = *(const struct vm *const *)left;
	const struct vm *b = *(const struct vm *const *)right;
	int order = strcasecmp(a->name, b->name);

	return order ? order : place_compare(a->at, b->at);
}

/* The same name letter by letter is the same node given twice: that is BH0013. */
void rule_vm_name_twice(struct check *check)
{
	unsigned count = check->model->vm_count;
	const struct vm **sorted = arena_alloc(check->arena, count * sizeof(const struct vm *));

	for (unsigned i = 0; i < count; i++)
		sorted[i] = &check->model->vms[i];
	qsort(sorted, count, sizeof(*sorted), compare_names);
	for (unsigned i = 1; i < count; i++) {
		const struct vm *earlier = sorted[i - 1];
		const struct vm *later = sorted[i];
		if (strcasecmp(earlier->name, later->name) || !strcmp(earlier->name, later->name))
			continue;
		struct finding *finding =
			REPORT(check, later->at,
			       "VM \"%s\": there is a VM \"%s\", and case does not tell VMs apart",
			       later->name, earlier->name);
		NOTE(check, finding, earlier->at, "VM \"%s\" is here", earlier->name);
		HELP(check, finding, "rename one of them");
	}
}

static void capacity(struct check *check, struct place at, const char *who, unsigned count,
		     const char *what, unsigned limit, const char *symbol)
{
	if (count <= limit)
		return;
	struct finding *finding = REPORT(check, at, "%s%u %s, but the hypervisor has room for %u",
					 who, count, what, limit);
	HELP(check, finding, "raise %s by make menuconfig", symbol);
}

static unsigned ram_range_count(const struct board *board)
{
	unsigned count = 0;

	for (unsigned i = 0; i < board->range_count; i++)
		count += board->ranges[i].kind == BOARD_RAM;
	return count;
}

static void board_capacities(struct check *check)
{
	const struct board *board = &check->model->board;
	struct place at = board->at;

	capacity(check, at, "board: ", board->cpu_count, "cores", LIMIT_CORES, "CONFIG_MAX_CORES");
	capacity(check, at, "board: ", ram_range_count(board), "RAM ranges", LIMIT_RAM_RANGES,
		 "CONFIG_MAX_RAM_RANGES");
	capacity(check, at, "board: ", board->ioapic_count, "IOAPICs", LIMIT_IOAPICS,
		 "CONFIG_MAX_IOAPICS");
	capacity(check, at, "board: ", board->device_count, "devices", LIMIT_DEVICES,
		 "CONFIG_MAX_DEVICES");
}

static void vm_capacities(struct check *check, const struct vm *vm)
{
	const char *who = arena_format(check->arena, "VM \"%s\": ", vm->name);
	unsigned ports = vm->port_count;
	unsigned pins = vm->interrupt_count;

	for (unsigned i = 0; i < vm->device_count; i++) {
		const struct board_device *device = device_of(check, &vm->devices[i]);
		ports += device ? device->port_count : 0;
		pins += device ? device->interrupt_count : 0;
	}
	capacity(check, vm->at, who, vm->cpu_count, "vCPUs", LIMIT_VCPUS_PER_VM,
		 "CONFIG_MAX_VCPUS_PER_VM");
	capacity(check, vm->at, who, vm->memory_count, "memory ranges", LIMIT_MEMORY_REGIONS,
		 "CONFIG_MAX_MEMORY_REGIONS");
	capacity(check, vm->at, who, ports, "port ranges", LIMIT_PORT_RANGES,
		 "CONFIG_MAX_PORT_RANGES");
	capacity(check, vm->at, who, pins, "interrupts", LIMIT_PINS, "CONFIG_MAX_PINS");
}

void rule_capacity(struct check *check)
{
	const struct model *model = check->model;
	unsigned vcpus = 0;

	board_capacities(check);
	FOR_EACH_VM(check, vm) {
		vm_capacities(check, vm);
		vcpus += vm->cpu_count;
	}
	if (!model->vm_count)
		return;
	struct place last = model->vms[model->vm_count - 1].at;
	capacity(check, last, "scenario: ", model->vm_count, "VMs", LIMIT_VMS, "CONFIG_MAX_VMS");
	capacity(check, last, "scenario: ", vcpus, "vCPUs", LIMIT_VCPUS, "CONFIG_MAX_VCPUS");
	capacity(check, last, "scenario: ", model->module_count, "modules", LIMIT_MODULES,
		 "CONFIG_MAX_MODULES");
}

/* One use of a module by a VM. */
struct use {
	const struct vm *vm;
	struct text name;
};

struct uses {
	struct use *items; /* sorted by name, then place */
	unsigned count;
};

static int compare_uses(const void *left, const void *right)
{
	const struct use *a = left;
	const struct use *b = right;
	int order = strcmp(a->name.value, b->name.value);

	return order ? order : place_compare(a->name.at, b->name.at);
}

static struct uses collect_uses(struct check *check)
{
	struct uses uses = {NULL, 0};

	FOR_EACH_VM(check, vm) {
		if (vm->image.value)
			*ARENA_PUSH(check->arena, uses.items, uses.count) =
				(struct use){vm, vm->image};
		if (vm->ramdisk.value && vm->protocol == BOOT_LINUX)
			*ARENA_PUSH(check->arena, uses.items, uses.count) =
				(struct use){vm, vm->ramdisk};
		for (unsigned i = 0; i < vm->boot_module_count; i++)
			*ARENA_PUSH(check->arena, uses.items, uses.count) =
				(struct use){vm, vm->boot_modules[i].name};
	}
	if (uses.count)
		qsort(uses.items, uses.count, sizeof(*uses.items), compare_uses);
	return uses;
}

static const struct use *find_use(const struct uses *uses, const char *name)
{
	const struct use key = {.name.value = name};
	unsigned low = 0;
	unsigned high = uses->count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		if (strcmp(uses->items[middle].name.value, key.name.value) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == uses->count || strcmp(uses->items[low].name.value, name))
		return NULL;
	return &uses->items[low];
}

static void report_shared(struct check *check, const struct module *module, const struct use *first,
			  const struct use *second)
{
	struct finding *finding = REPORT(
		check, second->name.at,
		"VM \"%s\": module \"%s\" is already that of VM \"%s\" and not declared as shared",
		second->vm->name, module->name, first->vm->name);

	NOTE(check, finding, first->name.at, "used by VM \"%s\" here", first->vm->name);
	if (module->declared)
		NOTE(check, finding, module->at, "declared here");
	HELP(check, finding, "if both are to start from it, say so: modules { %s { shared; }; };",
	     module->name);
}

void rule_module_shared(struct check *check)
{
	const struct uses uses = collect_uses(check);

	for (unsigned i = 0; i < check->model->module_count; i++) {
		const struct module *module = &check->model->modules[i];
		const struct use *use = find_use(&uses, module->name);
		const struct use *end = uses.items + uses.count;
		if (!use || module->shared)
			continue;
		for (const struct use *next = use + 1;
		     next < end && !strcmp(next->name.value, module->name); next++)
			report_shared(check, module, use, next);
	}
}

void rule_module_unused(struct check *check)
{
	const struct uses uses = collect_uses(check);

	for (unsigned i = 0; i < check->model->module_count; i++) {
		const struct module *module = &check->model->modules[i];
		if (!module->declared || find_use(&uses, module->name))
			continue;
		struct finding *finding = REPORT(
			check, module->at, "module \"%s\" is not used by any VM", module->name);
		HELP(check, finding,
		     "remove it, or name it in a VM's kernel, image, ramdisk or "
		     "boot-modules");
	}
}

static bool module_name_valid(const char *name)
{
	size_t length = strspn(name, letters);

	while (name[length] == '.' || name[length] == '+')
		length += 1 + strspn(name + length + 1, letters);
	return length > 0 && name[length] == '\0' && length <= MODULE_NAME_MAX;
}

void rule_module_name(struct check *check)
{
	for (unsigned i = 0; i < check->model->module_count; i++) {
		const struct module *module = &check->model->modules[i];
		if (module_name_valid(module->name))
			continue;
		struct finding *finding =
			REPORT(check, module->at, "\"%s\" is not a module name", module->name);
		HELP(check, finding,
		     "use 1 to %d of A-Z a-z 0-9 . _ + -; the path goes into the "
		     "module's property file",
		     MODULE_NAME_MAX);
	}
}

/* A name without a node is fine, unless the scenario declares one that is nearly the same. */
void rule_module_misspelt(struct check *check)
{
	const struct model *model = check->model;

	for (unsigned i = 0; i < model->module_count; i++) {
		const struct module *module = &model->modules[i];
		struct suggestion suggestion = suggestion_start(module->name);
		if (module->declared)
			continue;
		for (unsigned j = 0; j < model->module_count && model->modules[j].declared; j++)
			suggestion_offer(&suggestion, model->modules[j].name);
		if (!suggestion.best)
			continue;
		struct finding *finding =
			REPORT(check, module->at, "module \"%s\" is not declared", module->name);
		HELP(check, finding, "did you mean \"%s\"?", suggestion.best);
	}
}

/* Devices: who has them, the first use of each remembered by the device's index. */

static void each_device_use(struct check *check, bool one_vm,
			    void (*report)(struct check *check, const struct vm *vm,
					   const struct reference *reference,
					   const struct vm *other, const struct reference *earlier))
{
	unsigned count = check->model->board.device_count;
	const struct reference **first = arena_alloc(check->arena, count * sizeof(*first));
	const struct vm **owner = arena_alloc(check->arena, count * sizeof(*owner));

	FOR_EACH_VM(check, vm) {
		for (unsigned i = 0; i < vm->device_count; i++) {
			const struct reference *reference = &vm->devices[i];
			uint32_t target = reference->target;
			if (target >= count)
				continue;
			bool seen = first[target] != NULL;
			if (seen && (owner[target] == vm) == one_vm)
				report(check, vm, reference, owner[target], first[target]);
			if (!seen || (one_vm && owner[target] != vm)) {
				first[target] = reference;
				owner[target] = vm;
			}
		}
	}
}

static void report_device_twice(struct check *check, const struct vm *vm,
				const struct reference *reference, const struct vm *other,
				const struct reference *earlier)
{
	(void)other;
	struct finding *finding =
		REPORT(check, reference->at, "VM \"%s\": device %s is given twice", vm->name,
		       reference->label);
	NOTE(check, finding, earlier->at, "given here first");
	HELP(check, finding, "remove one of both");
}

void rule_device_twice(struct check *check)
{
	each_device_use(check, true, report_device_twice);
}

static void report_device_owners(struct check *check, const struct vm *vm,
				 const struct reference *reference, const struct vm *other,
				 const struct reference *earlier)
{
	struct finding *finding =
		REPORT(check, reference->at, "VM \"%s\": device %s is already given to VM \"%s\"",
		       vm->name, reference->label, other->name);

	NOTE(check, finding, earlier->at, "given to VM \"%s\" here", other->name);
	HELP(check, finding, "a device has one owner: remove it from one of the VMs%s",
	     offer_device(check, reference->target));
}

void rule_device_two_owners(struct check *check)
{
	each_device_use(check, false, report_device_owners);
}
