/* SPDX-License-Identifier: Apache-2.0 */
#include "emit_plan.h"

#include <stdlib.h>
#include <string.h>

#include "bitmap.h"
#include "bulkhead/host.h"
#include "emit_e820.h"
#include "emit_features.h"
#include "emit_output.h"
#include "emit_pci.h"
#include "emit_resources.h"
#include "topology.h"
#include "virtual.h"

static const char *text_or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

/* --- Memory ------------------------------------------------------------------------------------ */

static int compare_regions(const void *left, const void *right)
{
	gpa_t a = ((const struct memory_region *)left)->guest_physical;
	gpa_t b = ((const struct memory_region *)right)->guest_physical;

	return (a > b) - (a < b);
}

static bool has_page_size(const struct board *board, uint64_t size)
{
	for (unsigned i = 0; i < board->ept_page_size_count; i++)
		if (board->ept_page_sizes[i].value == size)
			return true;
	return board->ept_page_size_count == 0;
}

/* That a processor has large pages but not the next smaller ones is not relied on. */
uint64_t plan_largest_page(const struct board *board)
{
	if (!has_page_size(board, PAGE_SIZE_2M))
		return PAGE_SIZE_4K;
	return has_page_size(board, PAGE_SIZE_1G) ? PAGE_SIZE_1G : PAGE_SIZE_2M;
}

/* Everything that the VM's EPT maps: its memory, and the monitor's window, which is the hypervisor's. */
static const struct memory_region *with_window(struct plan *plan, const struct vm_config *config,
					       size_t *count)
{
	const struct scenario *scenario = &plan->scenario;
	struct monitor_piece *pieces =
		arena_alloc(&plan->arena, MONITOR_PIECES(scenario->core_count) * sizeof(*pieces));
	uint32_t piece_count = config->monitor ? monitor_pieces(scenario, pieces) : 0;
	struct memory_region *all =
		arena_alloc(&plan->arena, (config->memory_count + piece_count) * sizeof(*all));

	*count = config->memory_count + piece_count;
	if (config->memory_count != 0)
		memcpy(all, config->memory, config->memory_count * sizeof(*all));
	for (uint32_t i = 0; i < piece_count; i++)
		all[config->memory_count + i] = (struct memory_region){
			.guest_physical = config->monitor + pieces[i].offset,
			.host_physical = pieces[i].host,
			.size = pieces[i].size,
			.permissions = MEMORY_READ,
			.kind = MEMORY_RAM,
		};
	return all;
}

static bool plan_memory(struct plan *plan, struct vm_config *config, const struct vm *vm)
{
	struct memory_region *regions =
		arena_alloc(&plan->arena, vm->memory_count * sizeof(*regions));
	const struct memory_region *mapped;
	size_t mapped_count;
	uint32_t count = 0;
	enum ept_error error;

	for (unsigned i = 0; i < vm->memory_count; i++) {
		const struct vm_memory *memory = &vm->memory[i];

		if (memory->kind == MEMORY_MONITOR) {
			config->monitor = memory->guest.value;
			continue;
		}
		regions[count++] = (struct memory_region){
			.guest_physical = memory->guest.value,
			.host_physical = memory->host.value,
			.size = memory->size.value,
			.permissions = memory->permissions,
			.kind = memory->kind,
		};
	}
	if (count != 0)
		qsort(regions, count, sizeof(*regions), compare_regions);
	config->memory_count = count;
	config->memory = count == 0 ? NULL : regions;
	config->e820_count = e820_build(&plan->arena, regions, config->memory_count,
					vm_has_pc_memory(vm), &config->e820);
	mapped = with_window(plan, config, &mapped_count);
	error = ept_build_limited(&plan->epts[config->id], mapped, mapped_count,
				  plan_largest_page(&plan->model->board));
	if (error != EPT_OK)
		return output_fail("VM \"%s\": cannot build its page tables: %s", vm->name,
				   ept_error_text(error));
	return true;
}

/* What was shared without `host` has the address of any VM's region of it. */
static void plan_shares(struct plan *plan)
{
	const struct model *model = plan->model;
	struct share_config *shares =
		arena_alloc(&plan->arena, model->share_count * sizeof(*shares));

	for (unsigned i = 0; i < model->share_count; i++)
		shares[i] = (struct share_config){
			.name = model->shares[i].name,
			.size = model->shares[i].size.value,
		};
	for (unsigned i = 0; i < model->vm_count; i++)
		for (unsigned j = 0; j < model->vms[i].memory_count; j++) {
			const struct vm_memory *memory = &model->vms[i].memory[j];

			if (memory->kind == MEMORY_SHARED)
				shares[memory->share].base = memory->host.value;
		}
	plan->scenario.shares = model->share_count == 0 ? NULL : shares;
	plan->scenario.share_count = model->share_count;
}

/* --- Boot -------------------------------------------------------------------------------------- */

static bool vm_uses_module(const struct vm *vm, const char *name)
{
	for (unsigned i = 0; i < vm->boot_module_count; i++)
		if (strcmp(vm->boot_modules[i].name.value, name) == 0)
			return true;
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
		arena_alloc(&plan->arena, model->module_count * sizeof(*modules));
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

static void plan_boot_modules(struct plan *plan, struct boot_config *boot, const struct vm *vm)
{
	struct guest_module *modules =
		arena_alloc(&plan->arena, vm->boot_module_count * sizeof(*modules));

	for (unsigned i = 0; i < vm->boot_module_count; i++)
		modules[i] = (struct guest_module){
			module_index(&plan->scenario, vm->boot_modules[i].name.value),
			vm->boot_modules[i].string,
		};
	boot->modules = vm->boot_module_count == 0 ? NULL : modules;
	boot->module_count = vm->boot_module_count;
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
	plan_boot_modules(plan, &config->boot, vm);
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
	vcpus = arena_alloc(&plan->arena, count * sizeof(*vcpus));
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

static uint32_t console_core(const struct plan *plan)
{
	const struct console *console = &plan->model->console;
	const struct scenario *scenario = &plan->scenario;

	if (!console->given)
		return CORE_NONE;
	for (uint32_t i = 0; i < scenario->core_count; i++)
		if (scenario->cores[i].apic_id ==
		    plan->model->board.cpus[console->core.target].apic_id.value)
			return i;
	return CORE_NONE;
}

static void plan_cores(struct plan *plan)
{
	const struct board *board = &plan->model->board;
	struct core_config *cores = arena_alloc(&plan->arena, board->cpu_count * sizeof(*cores));
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
	plan->scenario.console_core = console_core(plan);
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
	struct ram_range *ram = arena_alloc(&plan->arena, board->range_count * sizeof(*ram));

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
		} else if (board->ranges[i].kind == BOARD_CRASH_RECORD) {
			scenario->crash_record_base = base;
			scenario->crash_record_size = size;
		} else if (board->ranges[i].kind == BOARD_IMAGE_STORE) {
			scenario->image_store_base = base;
			scenario->image_store_size = size;
		}
	}
	qsort(ram, scenario->ram_count, sizeof(*ram), compare_ram);
	scenario->ram = scenario->ram_count == 0 ? NULL : ram;
}

static void plan_ioapics(struct plan *plan)
{
	const struct board *board = &plan->model->board;
	struct ioapic_config *ioapics =
		arena_alloc(&plan->arena, board->ioapic_count * sizeof(*ioapics));

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
	topology_widths(&model->board, &plan->scenario.thread_bits, &plan->scenario.package_bits);
	memcpy(plan->scenario.hash, model->hash, SCENARIO_HASH_SIZE);
	plan_ranges(plan);
	plan_ioapics(plan);
}

/* --- Whole ------------------------------------------------------------------------------------- */

static void plan_bitmaps(struct plan *plan, struct vm_config *config)
{
	uint8_t *io = arena_alloc(&plan->arena, IO_BITMAP_SIZE);
	uint8_t *msr = arena_alloc(&plan->arena, MSR_BITMAP_SIZE);

	io_bitmap_build(io, config->ports, config->port_count);
	msr_bitmap_build(msr);
	config->io_bitmap = io;
	config->msr_bitmap = msr;
}

static struct life_config life_of(const struct vm_life *life)
{
	return (struct life_config){
		.restartable = life->restartable,
		.on_reset = life->on_reset,
		.on_crash = life->on_crash,
		.restart_limit = (uint32_t)life->restart_limit.value,
		.restart_window_seconds = (uint32_t)life->restart_window.value,
		.watchdog_seconds = (uint32_t)life->watchdog.value,
	};
}

static bool plan_vm(struct plan *plan, uint32_t index)
{
	const struct vm *vm = &plan->model->vms[index];
	struct vm_config *config = &plan->vms[index];

	config->id = index;
	config->name = vm->name;
	plan_ports(plan, config, vm);
	plan_bitmaps(plan, config);
	plan_pci_functions(plan, config, vm);
	plan_cpuid(plan, config, vm);
	config->virtual_devices = vm_virtual_devices(vm, &plan->model->board);
	config->life = life_of(&vm->life);
	return plan_pins(plan, config, vm) && plan_memory(plan, config, vm) &&
	       plan_boot(plan, config, vm);
}

bool plan_build(struct plan *plan, const struct model *model)
{
	bool ok = true;

	*plan = (struct plan){.model = model};
	plan->vms = arena_alloc(&plan->arena, model->vm_count * sizeof(*plan->vms));
	plan->epts = arena_alloc(&plan->arena, model->vm_count * sizeof(*plan->epts));
	plan_board(plan);
	plan->scenario.vms = plan->vms;
	plan->scenario.vm_count = model->vm_count;
	plan_modules(plan);
	plan_vcpus(plan);
	plan_cores(plan);
	plan_shares(plan);
	plan_pci_inventory(plan);
	for (uint32_t i = 0; ok && i < model->vm_count; i++)
		ok = plan_vm(plan, i);
	return ok && host_tables_build(plan);
}

void plan_free(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->scenario.vm_count; i++)
		ept_free(&plan->epts[i]);
	arena_free(&plan->arena);
	*plan = (struct plan){0};
}
