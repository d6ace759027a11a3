/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ROM: the image ends at 4 GiB, where the processor begins, and its last 128 KiB are below 1 MiB as
 * well, where firmware expects itself in real mode. Both are RAM of the VM.
 */
#include "loader/plan.h"

#define ROM_END      (UINT64_C(1) << 32)
#define ROM_MAX      UINT64_C(0x1000000)
#define ROM_UNIT     UINT64_C(0x10000)
#define SHADOW_END   UINT64_C(0x100000)
#define SHADOW_SIZE  UINT64_C(0x20000)
#define RESET_VECTOR UINT64_C(0xFFFFFFF0) /* SDM 3.10.1.4 */

enum error rom_plan(const struct load_plan *plan, struct boot_entry *entry)
{
	uint32_t module = plan->vm->boot.image;
	uint64_t size = plan->images[module].size;
	uint64_t shadow = size < SHADOW_SIZE ? size : SHADOW_SIZE;
	enum error error;

	if (size == 0 || size > ROM_MAX || size % ROM_UNIT != 0)
		return plan_refuse(plan, ERROR_IMAGE_FORMAT,
				   "0x%lx bytes; a ROM has a multiple of 64 KiB, up to 16 MiB",
				   size);
	entry->mode = ENTRY_RESET;
	entry->rip = RESET_VECTOR;
	error = plan_copy(plan, "the ROM", module, 0, size, ROM_END - size,
			  MEMORY_READ | MEMORY_EXECUTE);
	if (error == ERROR_OK)
		error = plan_copy(plan, "the ROM's copy below 1 MiB", module, size - shadow, shadow,
				  SHADOW_END - shadow, MEMORY_READ | MEMORY_EXECUTE);
	return error;
}
