/* SPDX-License-Identifier: Apache-2.0 */
#include "emit_plan.h"

#include <stdlib.h>
#include <string.h>

#include "bitmap.h"
#include "emit_e820.h"
#include "emit_output.h"

static const char *text_or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

/* --- Ports ------------------------------------------------------------------------------------- */

static const struct board_device *vm_device(const struct board *board, const struct vm *vm,
					    unsigned index)
{
	return &board->devices[vm->devices[index].target];
}

static void add_ports(struct port_range *ports, uint32_t *count, const struct range *ranges,
		      unsigned range_count)
{
	for (unsigned i = 0; i < range_count; i++) {
		uint64_t first = ranges[i].base.value;

		ports[(*count)++] = (struct port_range){
			.first = (uint16_t)first,
			.last = (uint16_t)(first + ranges[i].size.value - 1),
		};
	}
}

static int compare_ports(const void *left, const void *right)
{
	return ((const struct port_range *)left)->first - ((const struct port_range *)right)->first;
}

/* Sorts, and joins ranges that touch: the same ports named twice are still one range. */
static uint32_t join_ports(struct port_range *ports, uint32_t count)
{
	uint32_t last = 0;

	qsort(ports, count, sizeof(*ports), compare_ports);
	for (uint32_t i = 1; i < count; i++) {
		if (ports[i].first > ports[last].last + 1)
			ports[++last] = ports[i];
		else if (ports[i].last > ports[last].last)
			ports[last].last = ports[i].last;
	}
	return count == 0 ? 0 : last + 1;
}

static void plan_ports(struct plan *plan, struct vm_config *config, const struct vm *vm)
{
	const struct board *board = &plan->model->board;
	struct port_range *ports;
	uint32_t count = vm->port_count;

	for (unsigned i = 0; i < vm->device_count; i++)
		count += vm_device(board, vm, i)->port_count;
	ports = emit_alloc(&plan->arena, count, sizeof(*ports));
	count = 0;
	add_ports(ports, &count, vm->ports, vm->port_count);
	for (unsigned i = 0; i < vm->device_count; i++) {
		const struct board_device *device = vm_device(board, vm, i);

		add_ports(ports, &count, device->ports, device->port_count);
	}
	config->port_count = join_ports(ports, count);
	config->ports = config->port_count == 0 ? NULL : ports;
}

/* --- Interrupts -------------------------------------------------------------------------------- */

static bool gsi_to_pin(const struct board *board, uint64_t gsi, struct pin_config *pin)
{
	for (unsigned i = 0; i < board->ioapic_count; i++) {
		const struct board_ioapic *ioapic = &board->ioapics[i];

		if (gsi >= ioapic->gsi_base && gsi - ioapic->gsi_base < ioapic->pins) {
			*pin = (struct pin_config){(uint8_t)i, (uint8_t)(gsi - ioapic->gsi_base)};
			return true;
		}
	}
	return false;
}

static bool add_pins(const struct board *board, struct vm_config *config, struct pin_config *pins,
		     const struct number *interrupts, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t gsi = interrupts[i].value;

		if (!gsi_to_pin(board, gsi, &pins[config->pin_count++]))
			return output_fail("VM \"%s\": no IOAPIC has interrupt %llu (the rules "
					   "should have refused it)",
					   config->name, (unsigned long long)gsi);
	}
	return true;
}

static int compare_pins(const void *left, const void *right)
{
	const struct pin_config *a = left, *b = right;

	return (a->ioapic << 8 | a->pin) - (b->ioapic << 8 | b->pin);
}

static uint32_t unique_pins(struct pin_config *pins, uint32_t count)
{
	uint32_t last = 0;

	qsort(pins, count, sizeof(*pins), compare_pins);
	for (uint32_t i = 1; i < count; i++) {
		if (compare_pins(&pins[last], &pins[i]) != 0)
			pins[++last] = pins[i];
	}
	return count == 0 ? 0 : last + 1;
}

static bool plan_pins(struct plan *plan, struct vm_config *config, const struct vm *vm)
{
	const struct board *board = &plan->model->board;
	struct pin_config *pins;
	size_t count = vm->interrupt_count;
	bool ok;

	for (unsigned i = 0; i < vm->device_count; i++)
		count += vm_device(board, vm, i)->interrupt_count;
	pins = emit_alloc(&plan->arena, count, sizeof(*pins));
	ok = add_pins(board, config, pins, vm->interrupts, vm->interrupt_count);
	for (unsigned i = 0; ok && i < vm->device_count; i++) {
		const struct board_device *device = vm_device(board, vm, i);

		ok = add_pins(board, config, pins, device->interrupts, device->interrupt_count);
	}
	config->pin_count = unique_pins(pins, config->pin_count);
	config->pins = config->pin_count == 0 ? NULL : pins;
	return ok;
}

/* --- Memory ------------------------------------------------------------------------------------ */

static int compare_regions(const void *left, const void *right)
{
	gpa_t a = ((const struct memory_region *)left)->guest_physical;
	gpa_t b = ((const struct memory_region *)right)->guest_physical;

	return (a > b) - (a < b);
}

static bool plan_memory(struct plan *plan, struct vm_config *config, const struct vm *vm)
{
	struct memory_region *regions =
		emit_alloc(&plan->arena, vm->memory_count, sizeof(*regions));
	enum ept_error error;

	for (unsigned i = 0; i < vm->memory_count; i++) {
		const struct vm_memory *memory = &vm->memory[i];

		regions[i] = (struct memory_region){
			.guest_physical = memory->guest.value,
			.host_physical = memory->host.value,
			.size = memory->size.value,
			.permissions = memory->permissions,
			.kind = memory->kind,
		};
	}
	qsort(regions, vm->memory_count, sizeof(*regions), compare_regions);
	config->memory_count = vm->memory_count;
	config->memory = vm->memory_count == 0 ? NULL : regions;
	config->e820_count = e820_build(&plan->arena, regions, config->memory_count,
					vm_has_pc_memory(vm), &config->e820);
	error = ept_build(&plan->epts[config->id], regions, config->memory_count);
	if (error != EPT_OK)
		return output_fail("VM \"%s\": cannot build its page tables: %s", vm->name,
				   ept_error_text(error));
	return true;
}

/* --- Boot -------------------------------------------------------------------------------------- */

static bool vm_uses_module(const struct vm *vm, const char *name)
{
	return (vm->image.value != NULL && strcmp(vm->image.value, name) == 0) ||
	       (vm->ramdisk.value != NULL && strcmp(vm->ramdisk.value, name) == 0);
}

static bool module_is_used(const struct model *model, const char *name)
{
	for (unsigned i = 0; i < model->vm_count; i++) {
		if (vm_uses_module(&model->vms[i], name))
			return true;
	}
	return false;
}

static void plan_modules(struct plan *plan)
{
	const struct model *model = plan->model;
	struct module_config *modules =
		emit_alloc(&plan->arena, model->module_count, sizeof(*modules));
	uint32_t count = 0;

	for (unsigned i = 0; i < model->module_count; i++) {
		const struct module *module = &model->modules[i];

		if (module_is_used(model, module->name))
			modules[count++] = (struct module_config){module->name, module->file};
	}
	plan->scenario.modules = count == 0 ? NULL : modules;
	plan->scenario.module_count = count;
}

static uint32_t module_index(const struct scenario *scenario, const char *name)
{
	for (uint32_t i = 0; name != NULL && i < scenario->module_count; i++) {
		if (strcmp(scenario->modules[i].name, name) == 0)
			return i;
	}
	return MODULE_NONE;
}

static bool plan_boot(struct plan *plan, struct vm_config *config, const struct vm *vm)
{
	config->boot = (struct boot_config){
		.protocol = vm->protocol,
		.image = module_index(&plan->scenario, vm->image.value),
		.ramdisk = module_index(&plan->scenario, vm->ramdisk.value),
		.bootargs = text_or_empty(vm->bootargs.value),
	};
	if (vm->protocol == BOOT_RAW)
		config->boot.load_address =
			vm->load_address.given ? vm->load_address.value : vm->bsp_entry.value;
	if (config->boot.image == MODULE_NONE)
		return output_fail("VM \"%s\" has no boot image (the rules should have refused it)",
				   vm->name);
	return true;
}

/* --- Processors -------------------------------------------------------------------------------- */

static gpa_t bsp_entry(const struct vm *vm)
{
	return vm->protocol != BOOT_LINUX && vm->bsp_entry.given ? vm->bsp_entry.value : ENTRY_NONE;
}

static struct vcpu_config vcpu_config(const struct plan *plan, uint32_t vm_index, uint32_t index,
				      uint32_t flat)
{
	const struct vm *vm = &plan->model->vms[vm_index];
	const struct board_cpu *cpu = &plan->model->board.cpus[vm->cpus[index].target];
	struct vcpu_config vcpu = {
		.vm = vm_index,
		.index = index,
		.apic_id = (uint32_t)cpu->apic_id.value,
		.vpid = (uint16_t)(flat + 1),
		.start = VCPU_START_WAIT_SIPI,
	};

	if (index == 0 || vm->ap_entry.given) {
		vcpu.start = VCPU_START_AT_ENTRY;
		vcpu.mode = vm->entry_mode;
		vcpu.entry = index == 0 ? bsp_entry(vm) : vm->ap_entry.value;
	}
	return vcpu;
}

static void plan_vcpus(struct plan *plan)
{
	const struct model *model = plan->model;
	struct vcpu_config *vcpus;
	uint32_t count = 0;

	for (unsigned i = 0; i < model->vm_count; i++)
		count += model->vms[i].cpu_count;
	vcpus = emit_alloc(&plan->arena, count, sizeof(*vcpus));
	plan->scenario.vcpus = vcpus;
	plan->scenario.vcpu_count = count;
	count = 0;
	for (uint32_t i = 0; i < model->vm_count; i++) {
		plan->vms[i].vcpus = &vcpus[count];
		plan->vms[i].vcpu_count = model->vms[i].cpu_count;
		for (uint32_t j = 0; j < model->vms[i].cpu_count; j++, count++)
			vcpus[count] = vcpu_config(plan, i, j, count);
	}
}

static uint32_t vcpu_on_core(const struct scenario *scenario, uint32_t apic_id)
{
	for (uint32_t i = 0; i < scenario->vcpu_count; i++) {
		if (scenario->vcpus[i].apic_id == apic_id)
			return i;
	}
	return VCPU_NONE;
}

static int compare_cores(const void *left, const void *right)
{
	uint32_t a = ((const struct core_config *)left)->apic_id;
	uint32_t b = ((const struct core_config *)right)->apic_id;

	return (a > b) - (a < b);
}

static void plan_cores(struct plan *plan)
{
	const struct board *board = &plan->model->board;
	struct core_config *cores = emit_alloc(&plan->arena, board->cpu_count, sizeof(*cores));
	uint32_t count = 0;

	for (unsigned i = 0; i < board->cpu_count; i++) {
		uint32_t apic_id = (uint32_t)board->cpus[i].apic_id.value;

		if (board->cpus[i].enabled)
			cores[count++] = (struct core_config){
				.apic_id = apic_id,
				.vcpu = vcpu_on_core(&plan->scenario, apic_id),
			};
	}
	qsort(cores, count, sizeof(*cores), compare_cores);
	plan->scenario.cores = count == 0 ? NULL : cores;
	plan->scenario.core_count = count;
}

/* --- Board ------------------------------------------------------------------------------------- */

static int compare_ram(const void *left, const void *right)
{
	hpa_t a = ((const struct ram_range *)left)->base;
	hpa_t b = ((const struct ram_range *)right)->base;

	return (a > b) - (a < b);
}

static void plan_ranges(struct plan *plan)
{
	const struct board *board = &plan->model->board;
	struct scenario *scenario = &plan->scenario;
	struct ram_range *ram = emit_alloc(&plan->arena, board->range_count, sizeof(*ram));

	for (unsigned i = 0; i < board->range_count; i++) {
		uint64_t base = board->ranges[i].range.base.value;
		uint64_t size = board->ranges[i].range.size.value;

		if (board->ranges[i].kind == BOARD_RAM) {
			ram[scenario->ram_count++] = (struct ram_range){base, size};
		} else if (board->ranges[i].kind == BOARD_HYPERVISOR) {
			scenario->hypervisor_base = base;
			scenario->hypervisor_size = size;
		} else if (board->ranges[i].kind == BOARD_TRAMPOLINE) {
			scenario->trampoline = base;
		}
	}
	qsort(ram, scenario->ram_count, sizeof(*ram), compare_ram);
	scenario->ram = scenario->ram_count == 0 ? NULL : ram;
}

static void plan_ioapics(struct plan *plan)
{
	const struct board *board = &plan->model->board;
	struct ioapic_config *ioapics =
		emit_alloc(&plan->arena, board->ioapic_count, sizeof(*ioapics));

	for (unsigned i = 0; i < board->ioapic_count; i++)
		ioapics[i] = (struct ioapic_config){
			.id = (uint8_t)board->ioapics[i].id.value,
			.base = board->ioapics[i].registers.base.value,
			.gsi_base = board->ioapics[i].gsi_base,
			.pins = board->ioapics[i].pins,
		};
	plan->scenario.ioapics = board->ioapic_count == 0 ? NULL : ioapics;
	plan->scenario.ioapic_count = board->ioapic_count;
}

static void plan_board(struct plan *plan)
{
	const struct model *model = plan->model;

	plan->scenario = (struct scenario){
		.magic = SCENARIO_TABLES_MAGIC,
		.version = SCENARIO_TABLES_VERSION,
		.name = text_or_empty(model->name),
		.description = text_or_empty(model->description),
		.board = text_or_empty(model->board.model),
		.tsc_frequency_hz = model->board.tsc_frequency_hz,
		.apic_timer_frequency_hz = model->board.apic_timer_frequency_hz,
		.physical_address_bits = model->board.physical_address_bits,
	};
	memcpy(plan->scenario.hash, model->hash, SCENARIO_HASH_SIZE);
	plan_ranges(plan);
	plan_ioapics(plan);
}

/* --- Whole ------------------------------------------------------------------------------------- */

static void plan_bitmaps(struct plan *plan, struct vm_config *config)
{
	uint8_t *io = emit_alloc(&plan->arena, 1, IO_BITMAP_SIZE);
	uint8_t *msr = emit_alloc(&plan->arena, 1, MSR_BITMAP_SIZE);

	io_bitmap_build(io, config->ports, config->port_count);
	msr_bitmap_build(msr);
	config->io_bitmap = io;
	config->msr_bitmap = msr;
}

static bool plan_vm(struct plan *plan, uint32_t index)
{
	const struct vm *vm = &plan->model->vms[index];
	struct vm_config *config = &plan->vms[index];

	config->id = index;
	config->name = vm->name;
	plan_ports(plan, config, vm);
	plan_bitmaps(plan, config);
	return plan_pins(plan, config, vm) && plan_memory(plan, config, vm) &&
	       plan_boot(plan, config, vm);
}

bool plan_build(struct plan *plan, const struct model *model)
{
	bool ok = true;

	*plan = (struct plan){.model = model};
	plan->vms = emit_alloc(&plan->arena, model->vm_count, sizeof(*plan->vms));
	plan->epts = emit_alloc(&plan->arena, model->vm_count, sizeof(*plan->epts));
	plan_board(plan);
	plan->scenario.vms = plan->vms;
	plan->scenario.vm_count = model->vm_count;
	plan_modules(plan);
	plan_vcpus(plan);
	plan_cores(plan);
	for (uint32_t i = 0; ok && i < model->vm_count; i++)
		ok = plan_vm(plan, i);
	return ok;
}

void plan_free(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->scenario.vm_count; i++)
		ept_free(&plan->epts[i]);
	emit_arena_free(&plan->arena);
	*plan = (struct plan){0};
}

static bool owns_port_range(const struct vm_config *vm, const struct range *range)
{
	uint64_t first = range->base.value, last = first + range->size.value - 1;

	for (uint32_t i = 0; i < vm->port_count; i++) {
		if (first >= vm->ports[i].first && last <= vm->ports[i].last)
			return true;
	}
	return false;
}

bool plan_owns_device(const struct plan *plan, unsigned vm, unsigned device)
{
	const struct board_device *target = &plan->model->board.devices[device];
	const struct vm *source = &plan->model->vms[vm];

	for (unsigned i = 0; i < source->device_count; i++) {
		if (source->devices[i].target == device)
			return true;
	}
	for (unsigned i = 0; i < target->port_count; i++) {
		if (!owns_port_range(&plan->vms[vm], &target->ports[i]))
			return false;
	}
	return target->port_count != 0;
}

bool plan_owns_gsi(const struct plan *plan, unsigned vm, uint64_t gsi)
{
	const struct vm_config *config = &plan->vms[vm];
	struct pin_config wanted;

	if (!gsi_to_pin(&plan->model->board, gsi, &wanted))
		return false;
	for (uint32_t i = 0; i < config->pin_count; i++) {
		if (compare_pins(&config->pins[i], &wanted) == 0)
			return true;
	}
	return false;
}
