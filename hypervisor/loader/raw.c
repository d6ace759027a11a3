/* SPDX-License-Identifier: Apache-2.0 */
/* Raw images: the file is the memory, at an address that the scenario gives. */
#include "loader/plan.h"

enum error raw_plan(const struct load_plan *plan, struct boot_entry *entry)
{
	const struct boot_config *boot = &plan->vm->boot;
	const struct vcpu_config *bsp = &plan->vm->vcpus[0];
	uint64_t size = plan->images[boot->image].size;

	if (size == 0)
		return plan_refuse(plan, ERROR_IMAGE_TRUNCATED, "it is empty; build it again");
	entry->mode = bsp->mode;
	entry->rip = bsp->entry;
	plan_start_registers(plan, entry);
	return plan_copy(plan, "the image", boot->image, 0, size, boot->load_address, 0);
}
