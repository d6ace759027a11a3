/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux by its boot protocol: bzImages, entered in 64-bit mode if they offer it and in 32-bit mode
 * otherwise, and vmlinux (linux_elf.c). The kernel goes to its preferred address or above, the ramdisk
 * as high as the kernel can reach, and into low memory a GDT, page tables, the boot parameters and the
 * command line (bulkhead/platform.h says where).
 */
#include "bulkhead/platform.h"
#include "lib/section.h"
#include "lib/string.h"
#include "loader/linux_image.h"

_Static_assert(sizeof(struct linux_parameters) <=
		       PLATFORM_LINUX_COMMAND_GPA - PLATFORM_LINUX_PARAMETERS_GPA,
	       "boot parameters end before the command line");

/* What boot parameters are made of, one page per VM; copied by module_place(). */
static struct linux_parameters parameters[CONFIG_MAX_VMS] SEALED_ZEROS __attribute__((aligned(16)));

/* Entries 2 and 3 are what boot.rst asks for: flat 4 GiB, execute/read and read/write, accessed. */
static const uint64_t boot_gdt_32[] = {
	0,
	0,
	[LOADER_CODE_SELECTOR / 8] = UINT64_C(0x00CF9B000000FFFF),
	[LOADER_DATA_SELECTOR / 8] = UINT64_C(0x00CF93000000FFFF),
};

/* The same, with 64-bit code. */
static const uint64_t boot_gdt_64[] = {
	0,
	0,
	[LOADER_CODE_SELECTOR / 8] = UINT64_C(0x00AF9B000000FFFF),
	[LOADER_DATA_SELECTOR / 8] = UINT64_C(0x00CF93000000FFFF),
};
_Static_assert(sizeof(boot_gdt_32) == sizeof(boot_gdt_64), "they are told apart by content alone");

static enum error check_signature(const struct load_plan *plan,
				  const struct linux_setup_header *header)
{
	if (header->boot_flag != LINUX_BOOT_FLAG || header->header != LINUX_HEADER_MAGIC)
		return plan_refuse(plan, ERROR_IMAGE_FORMAT,
				   "0x%x at offset 0x1fe and 0x%x at 0x202 are not those of a "
				   "bzImage; set boot-protocol to what it is",
				   header->boot_flag, header->header);
	if (header->version < LINUX_VERSION_MINIMUM)
		return plan_refuse(plan, ERROR_IMAGE_VERSION,
				   "%u.%02u, not 2.10; take Linux 2.6.31 or later",
				   header->version >> 8, header->version & 0xFF);
	if (!(header->loadflags & LINUX_LOAD_FLAG_HIGH))
		return plan_refuse(plan, ERROR_IMAGE_FORMAT,
				   "loadflags 0x%x: a zImage; build a bzImage", header->loadflags);
	return ERROR_OK;
}

/* boot.rst: what the header does not have is zero, so that a later field is not read by mistake. */
static void cut_header(struct linux_setup_header *header)
{
	size_t length = (size_t)(LINUX_JUMP_OFFSET - LINUX_HEADER_OFFSET + 1) + (header->jump >> 8);

	if (length < sizeof(*header))
		memset((uint8_t *)header + length, 0, sizeof(*header) - length);
}

static enum error read_header(struct linux_image *kernel)
{
	const struct load_plan *plan = kernel->plan;
	enum error error = plan_read(plan, plan->vm->boot.image, "the setup header",
				     LINUX_HEADER_OFFSET, &kernel->header, sizeof(kernel->header));

	if (error == ERROR_OK)
		error = check_signature(plan, &kernel->header);
	if (error == ERROR_OK)
		cut_header(&kernel->header);
	return error;
}

/* The compressed kernel inside the protected-mode part; lengths of 0 belong to other programs. */
static enum error check_payload(const struct linux_image *kernel)
{
	const struct linux_setup_header *header = &kernel->header;

	if (header->payload_offset > kernel->size ||
	    header->payload_length > kernel->size - header->payload_offset)
		return plan_refuse(
			kernel->plan, ERROR_IMAGE_TRUNCATED,
			"payload_offset 0x%x and payload_length 0x%x are beyond its 0x%lx "
			"bytes; get it again",
			header->payload_offset, header->payload_length, kernel->size);
	return ERROR_OK;
}

/* The 64-bit entry is offered from protocol 2.12 on, and lies 512 bytes behind the 32-bit one. */
static enum error choose_entry(struct linux_image *kernel)
{
	const struct linux_setup_header *header = &kernel->header;

	kernel->is_64bit = header->version >= LINUX_VERSION_XLOADFLAGS &&
			   (header->xloadflags & LINUX_XLOAD_KERNEL_64);
	kernel->entry_offset = kernel->is_64bit ? LINUX_ENTRY_64_OFFSET : 0;
	if (kernel->is_64bit && kernel->size <= LINUX_ENTRY_64_OFFSET)
		return plan_refuse(kernel->plan, ERROR_IMAGE_TRUNCATED,
				   "its 0x%lx bytes end before the 64-bit entry at 0x%x; get it "
				   "again",
				   kernel->size, LINUX_ENTRY_64_OFFSET);
	return ERROR_OK;
}

/* The file is the real-mode part in sectors, then the protected-mode kernel. */
static enum error find_kernel(struct linux_image *kernel)
{
	const struct linux_setup_header *header = &kernel->header;
	uint64_t file_size = kernel->plan->images[kernel->plan->vm->boot.image].size;
	uint32_t sectors = header->setup_sects ? header->setup_sects : LINUX_SETUP_SECTORS_DEFAULT;
	uint64_t system_size = (uint64_t)header->syssize * LINUX_SYSTEM_UNIT;

	kernel->offset = (uint64_t)(sectors + 1) * LINUX_SECTOR_SIZE;
	if (file_size <= kernel->offset ||
	    file_size - kernel->offset + LINUX_SYSTEM_UNIT <= system_size)
		return plan_refuse(kernel->plan, ERROR_IMAGE_TRUNCATED,
				   "setup_sects %u and syssize 0x%x ask for 0x%lx bytes, the file "
				   "has 0x%lx; get it again",
				   sectors, header->syssize, kernel->offset + system_size,
				   file_size);
	kernel->size = file_size - kernel->offset;
	return check_payload(kernel);
}

static enum error check_alignment(const struct linux_image *kernel)
{
	uint32_t alignment = kernel->header.kernel_alignment;
	uint64_t preferred = kernel->header.pref_address;

	if (alignment == 0 || (alignment & (alignment - 1)) != 0)
		return plan_refuse(kernel->plan, ERROR_IMAGE_FORMAT,
				   "kernel_alignment 0x%x is not a power of two; get it again",
				   alignment);
	if (kernel->header.min_alignment > LINUX_ALIGNMENT_SHIFT_MAX)
		return plan_refuse(kernel->plan, ERROR_IMAGE_FORMAT,
				   "min_alignment is 2^%u; get it again",
				   kernel->header.min_alignment);
	if (preferred < LINUX_PROTECTED_MODE_MINIMUM)
		return plan_refuse(kernel->plan, ERROR_IMAGE_FORMAT,
				   "pref_address 0x%lx is below 1 MiB; get it again", preferred);
	return ERROR_OK;
}

static enum error check_command_line(const struct linux_image *kernel)
{
	size_t length = strlen(kernel->plan->vm->boot.bootargs);
	size_t most = PLATFORM_LINUX_COMMAND_MAX - 1;

	if (kernel->header.cmdline_size < most)
		most = kernel->header.cmdline_size;
	if (length > most)
		return plan_refuse(kernel->plan, ERROR_CAPACITY,
				   "bootargs has %lu characters, the kernel takes %lu; shorten it",
				   (uint64_t)length, (uint64_t)most);
	return ERROR_OK;
}

/* The VM's page of parameters, all zero but for what the kernel has to be told. */
static enum error fill_parameters(const struct linux_image *kernel, struct linux_parameters *page)
{
	const struct vm_config *vm = kernel->plan->vm;
	struct linux_setup_header *header = &page->hdr;

	if (vm->e820_count > LINUX_E820_MAX)
		return plan_refuse(kernel->plan, ERROR_CAPACITY,
				   "the memory map has %u entries, boot_params %u", vm->e820_count,
				   LINUX_E820_MAX);
	memset(page, 0, sizeof(*page));
	*header = kernel->header;
	header->type_of_loader = LINUX_LOADER_UNREGISTERED;
	header->ext_loader_type = 0;
	header->ext_loader_ver = 0;
	header->loadflags &= LINUX_LOAD_FLAG_HIGH | LINUX_LOAD_FLAG_QUIET;
	header->kernel_alignment = kernel->alignment;
	header->code32_start = (uint32_t)kernel->load;
	header->cmd_line_ptr = PLATFORM_LINUX_COMMAND_GPA;
	header->ramdisk_image = (uint32_t)kernel->ramdisk;
	header->ramdisk_size = (uint32_t)kernel->ramdisk_size;
	header->setup_data = 0;
	if (header->version >= LINUX_VERSION_RSDP)
		page->acpi_rsdp_addr = vm->acpi_rsdp;
	page->e820_entries = (uint8_t)vm->e820_count;
	memcpy(page->e820_table, vm->e820, vm->e820_count * sizeof(vm->e820[0]));
	return ERROR_OK;
}

static enum error plan_low_memory(const struct linux_image *kernel,
				  const struct linux_parameters *page)
{
	const struct load_plan *plan = kernel->plan;
	const char *bootargs = plan->vm->boot.bootargs;
	enum error error =
		plan_bytes(plan, "the boot GDT", kernel->is_64bit ? boot_gdt_64 : boot_gdt_32,
			   sizeof(boot_gdt_32), PLATFORM_BOOT_GDT_GPA);

	if (error == ERROR_OK && kernel->is_64bit)
		error = linux_plan_page_tables(plan);
	if (error == ERROR_OK)
		error = plan_bytes(plan, "boot_params", page, sizeof(*page),
				   PLATFORM_LINUX_PARAMETERS_GPA);
	if (error == ERROR_OK)
		error = plan_bytes(plan, "the command line", bootargs, strlen(bootargs) + 1,
				   PLATFORM_LINUX_COMMAND_GPA);
	return error;
}

static enum error plan_kernel(const struct linux_image *kernel)
{
	if (kernel->is_elf)
		return elf_plan_segments(&kernel->elf);
	return plan_copy(kernel->plan, "the kernel", kernel->plan->vm->boot.image, kernel->offset,
			 kernel->size, kernel->load, LINUX_KERNEL_PERMISSIONS);
}

static enum error plan_images(const struct linux_image *kernel)
{
	enum error error = plan_kernel(kernel);

	if (error == ERROR_OK && kernel->ramdisk_size > 0)
		error = plan_copy(kernel->plan, "the ramdisk", kernel->plan->vm->boot.ramdisk, 0,
				  kernel->ramdisk_size, kernel->ramdisk, MEMORY_READ);
	return error;
}

/* boot.rst, "32-bit" and "64-bit boot protocol": (R)SI is boot_params; EBP, EDI and EBX are zero. */
static void set_entry(const struct linux_image *kernel, struct boot_entry *entry)
{
	entry->mode = kernel->is_64bit ? ENTRY_LONG : ENTRY_PROTECTED;
	entry->rip = kernel->load + kernel->entry_offset;
	entry->registers.rsi = PLATFORM_LINUX_PARAMETERS_GPA;
	entry->gdt_base = PLATFORM_BOOT_GDT_GPA;
	entry->gdt_limit = sizeof(boot_gdt_32) - 1;
	entry->page_table = kernel->is_64bit ? PLATFORM_BOOT_PAGE_TABLES_GPA : 0;
}

static enum error read_bzimage(struct linux_image *kernel)
{
	enum error error = read_header(kernel);

	if (error == ERROR_OK)
		error = find_kernel(kernel);
	if (error == ERROR_OK)
		error = choose_entry(kernel);
	if (error == ERROR_OK)
		error = check_alignment(kernel);
	return error != ERROR_OK ? error : linux_place_kernel(kernel);
}

enum error linux_plan(const struct load_plan *plan, struct boot_entry *entry)
{
	struct linux_image kernel = {.plan = plan};
	struct linux_parameters *page = &parameters[plan->vm->id];
	enum error error = linux_is_elf(plan) ? linux_read_elf(&kernel) : read_bzimage(&kernel);

	if (error == ERROR_OK)
		error = linux_place_ramdisk(&kernel);
	if (error == ERROR_OK)
		error = check_command_line(&kernel);
	if (error == ERROR_OK)
		error = fill_parameters(&kernel, page);
	if (error == ERROR_OK)
		error = plan_low_memory(&kernel, page);
	if (error == ERROR_OK)
		error = plan_images(&kernel);
	if (error == ERROR_OK)
		set_entry(&kernel, entry);
	return error;
}
