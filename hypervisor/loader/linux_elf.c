/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmlinux: the kernel itself without the part that unpacks and moves it. It lies at the addresses that
 * it is linked to and is entered by the 64-bit boot protocol. It has no setup header, so the
 * parameters get one that says what every such kernel can do.
 */
#include "bulkhead/platform.h"
#include "lib/string.h"
#include "loader/linux_image.h"

bool linux_is_elf(const struct load_plan *plan)
{
	const struct module_image *image = &plan->images[plan->vm->boot.image];
	char magic[SELFMAG];

	return image->size >= SELFMAG &&
	       plan_read(plan, plan->vm->boot.image, "the signature", 0, magic, SELFMAG) ==
		       ERROR_OK &&
	       memcmp(magic, ELFMAG, SELFMAG) == 0;
}

static void make_header(struct linux_image *kernel)
{
	kernel->header = (struct linux_setup_header){
		.boot_flag = LINUX_BOOT_FLAG,
		.header = LINUX_HEADER_MAGIC,
		.version = LINUX_VERSION_RSDP,
		.loadflags = LINUX_LOAD_FLAG_HIGH,
		.initrd_addr_max = LINUX_RAMDISK_END_DEFAULT,
		.kernel_alignment = LINUX_ALIGNMENT_DEFAULT,
		.cmdline_size = PLATFORM_LINUX_COMMAND_MAX - 1,
	};
	kernel->alignment = LINUX_ALIGNMENT_DEFAULT;
}

/* Its lowest and highest address; what lies between its segments is its as well. */
static void find_extent(struct linux_image *kernel)
{
	kernel->load = UINT64_MAX;
	for (uint32_t i = 0; i < kernel->elf.segment_count; i++) {
		const Elf64_Phdr *segment = &kernel->elf.segments[i];

		if (segment->p_paddr < kernel->load)
			kernel->load = segment->p_paddr;
		if (segment->p_paddr + segment->p_memsz > kernel->end)
			kernel->end = segment->p_paddr + segment->p_memsz;
	}
	kernel->end = (kernel->end + PAGE_SIZE_4K - 1) & ~(PAGE_SIZE_4K - 1);
}

enum error linux_read_elf(struct linux_image *kernel)
{
	const struct load_plan *plan = kernel->plan;
	enum error error = elf_read(plan, plan->vm->boot.image, &kernel->elf);

	if (error != ERROR_OK)
		return error;
	if (!kernel->elf.is_64bit)
		return plan_refuse(plan, ERROR_IMAGE_FORMAT,
				   "an ELF file of 32 bits; Linux comes as bzImage, or as vmlinux "
				   "of 64 bits");
	find_extent(kernel);
	if (kernel->load < LINUX_PROTECTED_MODE_MINIMUM || kernel->end > UINT32_MAX)
		return plan_refuse(plan, ERROR_IMAGE_FORMAT,
				   "segments from 0x%lx to 0x%lx; a vmlinux lies between 1 MiB and "
				   "4 GiB",
				   kernel->load, kernel->end);
	if (!elf_is_code(&kernel->elf, elf_entry(&kernel->elf)))
		return plan_refuse(
			plan, ERROR_IMAGE_FORMAT,
			"entry 0x%lx is in none of its executable segments; get it again",
			kernel->elf.entry);
	kernel->is_elf = true;
	kernel->is_64bit = true;
	kernel->entry_offset = elf_entry(&kernel->elf) - kernel->load;
	make_header(kernel);
	return ERROR_OK;
}
