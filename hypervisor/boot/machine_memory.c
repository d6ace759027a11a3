/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/machine.h"
#include "boot/memory_map.h"
#include "cpu/paging.h"
#include "cpu/privileged.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/texts.h"

/* Physical-address width: CPUID.80000008H:EAX[7:0] (SDM 3.4.1.4). */
#define CPUID_ADDRESS_SIZES 0x80000008
#define WIDTH_WITHOUT_LEAF  36

/* What of [base, base + size) is not RAM is a difference each; `what` owns the range. */
static void check_is_ram(const struct boot_information *boot, const char *board, const char *what,
			 hpa_t base, uint64_t size)
{
	hpa_t first = base;
	struct boot_memory piece;

	for (uint64_t left = size; left > 0; left -= piece.size, base += piece.size) {
		piece = memory_map_piece(boot->memory, boot->memory_count, base, left);
		if (piece.type != BOOT_MEMORY_RAM)
			machine_difference(
				MACHINE_RAM_MISSING,
				"%s at 0x%lx-0x%lx needs RAM, but 0x%lx-0x%lx is %s: move or shrink "
				"it, or correct board \"%s\"",
				what, first, first + size - 1, base, base + piece.size - 1,
				memory_type_name(piece.type), board);
	}
}

/* Registers of a device: RAM in their place means that the device is elsewhere. */
static void check_is_no_ram(const struct boot_information *boot, const char *board,
			    const char *what, hpa_t base, uint64_t size)
{
	struct boot_memory piece;

	for (uint64_t left = size; left > 0; left -= piece.size, base += piece.size) {
		piece = memory_map_piece(boot->memory, boot->memory_count, base, left);
		if (piece.type == BOOT_MEMORY_RAM)
			machine_difference(
				MACHINE_DEVICE_IS_RAM,
				"%s at 0x%lx-0x%lx is a device's, but RAM is there: correct board "
				"\"%s\"",
				what, base, base + piece.size - 1, board);
	}
}

static uint32_t physical_address_width(void)
{
	if (cpuid(0x80000000, 0).eax < CPUID_ADDRESS_SIZES)
		return WIDTH_WITHOUT_LEAF;
	return cpuid(CPUID_ADDRESS_SIZES, 0).eax & 0xFF;
}

/* Wider addresses would make the EPT entries that hold them invalid (SDM 3.29.3.3.1). */
static void check_width(const struct memory_region *region, const char *what)
{
	uint32_t width = physical_address_width();
	hpa_t last = region->host_physical + region->size - 1;

	if (width < 64 && last >> width != 0)
		machine_difference(
			MACHINE_ADDRESS_WIDTH,
			"%s ends at 0x%lx, beyond this processor's %u address bits: place it lower",
			what, last, width);
}

/* What the hypervisor can't reach it can't put an image into. */
static void check_reach(const struct memory_region *region, const char *what)
{
	hpa_t end = region->host_physical + region->size;

	if (end > paging_end())
		machine_difference(
			MACHINE_UNREACHABLE,
			"%s ends at 0x%lx, but the hypervisor's pages on this processor only reach "
			"to 0x%lx: place it lower",
			what, end - 1, paging_end() - 1);
}

static void check_region(const struct scenario *scenario, const struct boot_information *boot,
			 const struct vm_config *vm, const struct memory_region *region)
{
	static char what[64]; /* only the BSP comes here */

	format_text(what, sizeof(what), "memory of VM \"%s\" (guest 0x%lx)", vm->name,
		    region->guest_physical);
	check_width(region, what);
	check_reach(region, what);
	if (region->kind != MEMORY_DEVICE)
		check_is_ram(boot, scenario->board, what, region->host_physical, region->size);
	else
		check_is_no_ram(boot, scenario->board, what, region->host_physical, region->size);
}

/* The board's RAM that the machine lacks hurts nobody, as what VMs use has been checked before. */
static void compare_board_ram(const struct scenario *scenario, const struct boot_information *boot)
{
	struct boot_memory piece;

	for (uint32_t i = 0; i < scenario->ram_count; i++) {
		hpa_t base = scenario->ram[i].base;

		for (uint64_t left = scenario->ram[i].size; left > 0; left -= piece.size) {
			piece = memory_map_piece(boot->memory, boot->memory_count, base, left);
			if (piece.type != BOOT_MEMORY_RAM)
				log_warning(
					"machine: 0x%lx-0x%lx is RAM in board \"%s\", but is %s here",
					base, base + piece.size - 1, scenario->board,
					memory_type_name(piece.type));
			base += piece.size;
		}
	}
}

static uint64_t board_ram_within(const struct scenario *scenario, hpa_t base, hpa_t end)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < scenario->ram_count; i++) {
		const struct ram_range *ram = &scenario->ram[i];
		hpa_t from = ram->base > base ? ram->base : base;
		hpa_t to = ram->base + ram->size < end ? ram->base + ram->size : end;

		if (from < to)
			sum += to - from;
	}
	return sum;
}

static void report_unknown_ram(const struct scenario *scenario, const struct boot_information *boot)
{
	for (uint32_t i = 0; i < boot->memory_count; i++) {
		const struct boot_memory *memory = &boot->memory[i];
		hpa_t end = memory->base + memory->size;

		if (memory->type != BOOT_MEMORY_RAM)
			continue;
		uint64_t unknown = memory->size - board_ram_within(scenario, memory->base, end);
		if (unknown > 0)
			log_info(
				"machine: %lu KiB of the RAM at 0x%lx-0x%lx are not in board \"%s\"; they stay "
				"unused",
				unknown / 1024, memory->base, end - 1, scenario->board);
	}
}

/* GRUB knows nothing of the page that starts cores, which is written before modules are moved. */
static void check_module_places(const struct scenario *scenario,
				const struct boot_information *boot)
{
	for (uint32_t i = 0; i < boot->module_count; i++) {
		const struct boot_module *module = &boot->modules[i];

		if (module->start < scenario->trampoline + PAGE_SIZE_4K &&
		    scenario->trampoline < module->start + module->size)
			machine_difference(
				MACHINE_MODULE_PLACE,
				"module \"%s\" was loaded to 0x%lx-0x%lx, over the page at 0x%lx "
				"that starts cores: move the trampoline in board \"%s\"",
				module->name, module->start, module->start + module->size - 1,
				scenario->trampoline, scenario->board);
	}
}

void machine_check_memory(const struct scenario *scenario, const struct boot_information *boot)
{
	check_is_ram(boot, scenario->board, TEXT("the hypervisor"), scenario->hypervisor_base,
		     scenario->hypervisor_size);
	check_is_ram(boot, scenario->board, TEXT("the page that starts cores"),
		     scenario->trampoline, PAGE_SIZE_4K);
	if (scenario->crash_record_size)
		check_is_ram(boot, scenario->board, TEXT("the range for crash records"),
			     scenario->crash_record_base, scenario->crash_record_size);
	if (scenario->image_store_size)
		check_is_ram(boot, scenario->board, TEXT("the image store"),
			     scenario->image_store_base, scenario->image_store_size);
	for (uint32_t i = 0; i < scenario->vm_count; i++) {
		const struct vm_config *vm = &scenario->vms[i];

		for (uint32_t j = 0; j < vm->memory_count; j++)
			check_region(scenario, boot, vm, &vm->memory[j]);
	}
	check_module_places(scenario, boot);
	compare_board_ram(scenario, boot);
	report_unknown_ram(scenario, boot);
}
