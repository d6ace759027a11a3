/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/image_store.h"

#include "cpu/privileged.h"
#include "lib/log.h"
#include "lib/section.h"
#include "lib/string.h"
#include "vm/share_out.h"

/* Written at the start, by the BSP; constant afterwards. */
static hpa_t kept[CONFIG_MAX_MODULES] SEALED_ZEROS; /* 0: not kept */
static struct {
	const struct placement *entries;
	uint32_t count;
} placements_of[CONFIG_MAX_VMS] SEALED_ZEROS;

static bool boots_from(const struct boot_config *boot, uint32_t module)
{
	for (uint32_t i = 0; i < boot->module_count; i++)
		if (boot->modules[i].module == module)
			return true;
	return boot->image == module || boot->ramdisk == module;
}

static bool is_needed(const struct scenario *scenario, uint32_t module)
{
	for (uint32_t i = 0; i < scenario->vm_count; i++) {
		const struct vm_config *vm = &scenario->vms[i];

		if (vm->life.restartable && boots_from(&vm->boot, module))
			return true;
	}
	return false;
}

enum error image_store_plan(const struct scenario *scenario, const struct module_image *images,
			    struct placement_list *list)
{
	hpa_t next = scenario->image_store_base;
	hpa_t end = next + scenario->image_store_size;
	enum error error = ERROR_OK;

	for (uint32_t i = 0; i < scenario->module_count && error == ERROR_OK; i++) {
		if (!is_needed(scenario, i))
			continue;
		if (images[i].size > end - next) {
			log_error(
				"image store: module \"%s\" has 0x%lx bytes, and 0x%lx of the store's "
				"0x%lx are left: make it larger",
				scenario->modules[i].name, images[i].size, end - next,
				scenario->image_store_size);
			return ERROR_CAPACITY;
		}
		kept[i] = next;
		error = placement_add_copy(list, i, 0, images[i].size, next);
		next += (images[i].size + PAGE_SIZE_4K - 1) & ~(PAGE_SIZE_4K - 1);
		if (next > end)
			next = end;
	}
	return error;
}

void image_store_remember(uint32_t vm, const struct placement_list *list, uint32_t first)
{
	placements_of[vm].entries = &list->entries[first];
	placements_of[vm].count = list->count - first;
}

static void load(const struct placement *p, struct share share)
{
	uint8_t *destination = (uint8_t *)host_pointer(p->destination) + share.offset;

	switch (p->kind) {
	case PLACEMENT_MODULE:
		memcpy(destination,
		       (const uint8_t *)host_pointer(kept[p->module] + p->offset) + share.offset,
		       share.length);
		break;
	case PLACEMENT_BYTES:
		memcpy(destination, (const uint8_t *)p->bytes + share.offset, share.length);
		break;
	case PLACEMENT_ZERO: /* all memory is */
		break;
	}
}

void image_store_load(uint32_t vm, uint32_t part, uint32_t parts)
{
	for (uint32_t i = 0; i < placements_of[vm].count; i++) {
		const struct placement *p = &placements_of[vm].entries[i];

		load(p, share_out(p->length, part, parts));
	}
}
