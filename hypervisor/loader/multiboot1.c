/* SPDX-License-Identifier: Apache-2.0 */
/* Multiboot Specification 0.6.96; the numbers are its sections. */
#include "lib/string.h"
#include "loader/multiboot.h"

#define HEADER_MAGIC UINT32_C(0x1BADB002)
#define LOADER_MAGIC UINT32_C(0x2BADB002) /* 3.2 */
#define HEADER_REACH 8192                 /* 3.1 */
#define HEADER_WORDS 3                    /* magic, flags, checksum */

/* 3.1.2. Bits 0 to 15 have to be met; modules are always on pages, and memory is always told. */
#define HEADER_VIDEO     UINT32_C(0x00000004)
#define HEADER_ADDRESSES UINT32_C(0x00010000)
#define HEADER_REQUIRED  UINT32_C(0x0000FFFF)
#define HEADER_MET       UINT32_C(0x00000003)

struct header { /* 3.1.1, up to the video mode */
	uint32_t magic, flags, checksum;
	struct multiboot_addresses addresses;
	uint32_t entry_addr;
};
_Static_assert(sizeof(struct header) == 32, "3.1.1");

/* 3.3 */
#define INFO_MEMORY       UINT32_C(0x001)
#define INFO_COMMAND_LINE UINT32_C(0x004)
#define INFO_MODULES      UINT32_C(0x008)
#define INFO_MEMORY_MAP   UINT32_C(0x040)
#define INFO_LOADER_NAME  UINT32_C(0x200)

struct information {
	uint32_t flags;
	uint32_t mem_lower, mem_upper; /* KiB */
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr;
	uint32_t drives_length, drives_addr;
	uint32_t config_table;
	uint32_t boot_loader_name;
	uint32_t apm_table;
	uint8_t video[44];
};
_Static_assert(offsetof(struct information, mmap_length) == 44, "3.3");
_Static_assert(offsetof(struct information, boot_loader_name) == 64, "3.3");
_Static_assert(sizeof(struct information) == 116, "3.3");

struct module {
	uint32_t mod_start, mod_end, string, reserved;
};

struct memory_map_entry {
	uint32_t size; /* of what follows */
	struct e820_entry entry;
} __attribute__((packed));
_Static_assert(sizeof(struct memory_map_entry) == 24, "3.3");

static enum error check_flags(const struct multiboot_image *image, uint32_t flags)
{
	if (flags & HEADER_VIDEO)
		return plan_refuse(image->plan, ERROR_IMAGE_FORMAT,
				   "header flags 0x%x ask for a video mode, and the VM has no "
				   "display; clear bit 2",
				   flags);
	if (flags & HEADER_REQUIRED & ~HEADER_MET)
		return plan_refuse(
			image->plan, ERROR_IMAGE_FORMAT,
			"header flags 0x%x ask for what no boot loader knows; clear bits "
			"3 to 15",
			flags);
	return ERROR_OK;
}

static enum error plan_image(struct multiboot_image *image)
{
	struct header header;
	uint32_t module = image->plan->vm->boot.image;
	enum error error = plan_read(image->plan, module, "the multiboot header", image->header,
				     &header, HEADER_WORDS * sizeof(uint32_t));

	if (error == ERROR_OK)
		error = check_flags(image, header.flags);
	if (error != ERROR_OK)
		return error;
	if (!(header.flags & HEADER_ADDRESSES))
		return multiboot_plan_elf(image, NULL);
	error = plan_read(image->plan, module, "the multiboot header", image->header, &header,
			  sizeof(header));
	if (error != ERROR_OK)
		return error;
	return multiboot_plan_addresses(image, &header.addresses, header.entry_addr);
}

static bool add_modules(struct multiboot_image *image, struct information *information)
{
	uint32_t count = image->plan->vm->boot.module_count;
	struct module *modules =
		multiboot_reserve(image, (uint32_t)(count * sizeof(struct module)));

	if (modules == NULL)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		modules[i].mod_start = image->modules[i].start;
		modules[i].mod_end = image->modules[i].end;
		modules[i].string = multiboot_text(image, image->modules[i].string);
		if (modules[i].string == 0)
			return false;
	}
	information->mods_count = count;
	information->mods_addr = multiboot_address(image, modules);
	return true;
}

static bool add_memory_map(struct multiboot_image *image, struct information *information)
{
	const struct vm_config *vm = image->plan->vm;
	uint32_t size = (uint32_t)(vm->e820_count * sizeof(struct memory_map_entry));
	struct memory_map_entry *map = multiboot_reserve(image, size);

	if (map == NULL)
		return false;
	for (uint32_t i = 0; i < vm->e820_count; i++)
		map[i] = (struct memory_map_entry){sizeof(map[i].entry), vm->e820[i]};
	information->mmap_length = size;
	information->mmap_addr = multiboot_address(image, map);
	return true;
}

static enum error fill_information(struct multiboot_image *image)
{
	const struct vm_config *vm = image->plan->vm;
	struct information *information = multiboot_reserve(image, sizeof(*information));

	information->flags =
		INFO_MEMORY | INFO_COMMAND_LINE | INFO_MODULES | INFO_MEMORY_MAP | INFO_LOADER_NAME;
	information->mem_lower = multiboot_memory_lower(vm);
	information->mem_upper = multiboot_memory_upper(vm);
	information->cmdline = multiboot_text(image, vm->boot.bootargs);
	information->boot_loader_name = multiboot_text(image, multiboot_loader_name);
	if (information->cmdline == 0 || information->boot_loader_name == 0 ||
	    !add_modules(image, information) || !add_memory_map(image, information))
		return ERROR_CAPACITY;
	return ERROR_OK;
}

enum error multiboot1_plan(const struct load_plan *plan, struct boot_entry *entry)
{
	static struct multiboot_image image;
	enum error error;

	multiboot_begin(&image, plan);
	error = multiboot_find(&image, HEADER_MAGIC, HEADER_WORDS, sizeof(uint32_t), HEADER_REACH);
	if (error == ERROR_OK)
		error = plan_image(&image);
	if (error == ERROR_OK)
		error = multiboot_plan_modules(&image);
	if (error == ERROR_OK)
		error = fill_information(&image);
	return error != ERROR_OK ? error : multiboot_finish(&image, LOADER_MAGIC, entry);
}
