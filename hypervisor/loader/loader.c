/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/loader.h"

#include "loader/plan.h"

typedef enum error (*planner)(const struct load_plan *plan, struct boot_entry *entry);

static const planner planners[] = {
	[BOOT_RAW] = raw_plan,
	[BOOT_ELF] = elf_plan,
	[BOOT_LINUX] = linux_plan,
	[BOOT_MULTIBOOT] = multiboot1_plan,
	[BOOT_MULTIBOOT2] = multiboot2_plan,
	[BOOT_ROM] = rom_plan,
};

enum error loader_plan(const struct scenario *scenario, const struct vm_config *vm,
		       const struct module_image *images, struct placement_list *list,
		       struct boot_entry *entry)
{
	const struct load_plan plan = {scenario, vm, images, list};
	enum error error;

	*entry = (struct boot_entry){.mode = ENTRY_PROTECTED};
	error = planners[vm->boot.protocol](&plan, entry);
	if (error == ERROR_OK && plan_platform != NULL)
		error = plan_platform(&plan);
	return error;
}
