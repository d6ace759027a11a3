/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux bzImages by the 32-bit boot protocol: the protected-mode kernel at its preferred address, the
 * ramdisk as high as the kernel can reach, and in low memory a GDT, the boot parameters and the
 * command line (bulkhead/platform.h says where).
 */
#include "bulkhead/platform.h"
#include "lib/string.h"
#include "loader/linux_boot.h"
#include "loader/plan.h"
#include "vm/guest_memory.h"

#define PERMISSIONS_ALL (MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE)
#define ADDRESS_END     (UINT64_C(1) << 32) /* the 32-bit entry cannot reach further */

_Static_assert(sizeof(struct linux_parameters) <=
		       PLATFORM_LINUX_COMMAND_GPA - PLATFORM_LINUX_PARAMETERS_GPA,
	       "boot parameters end before the command line");

/* What boot parameters are made of, one page per VM; copied by module_place(). */
static struct linux_parameters parameters[CONFIG_MAX_VMS] __attribute__((aligned(16)));

/* Entries 2 and 3 are what boot.rst asks for: flat 4 GiB, execute/read and read/write, accessed. */
static const uint64_t boot_gdt[] = {
	0,
	0,
	[LOADER_CODE_SELECTOR / 8] = UINT64_C(0x00CF9B000000FFFF),
	[LOADER_DATA_SELECTOR / 8] = UINT64_C(0x00CF93000000FFFF),
};

struct linux_image {
	const struct load_plan *plan;
	struct linux_setup_header header;
	uint64_t offset; /* of the protected-mode part in the file */
	uint64_t size;   /* of the same */
	gpa_t load;      /* where it goes, and where it begins to run */
	gpa_t end;       /* behind the memory that it needs to begin */
	gpa_t ramdisk;
	uint64_t ramdisk_size; /* 0: none */
};

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
	return ERROR_OK;
}

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) & ~(alignment - 1);
}

static uint64_t align_down(uint64_t value, uint64_t alignment)
{
	return value & ~(alignment - 1);
}

static bool kernel_fits(const struct linux_image *kernel, gpa_t address, uint64_t size)
{
	return address < ADDRESS_END && size <= ADDRESS_END - address &&
	       guest_is_ram(kernel->plan->vm, address, size, PERMISSIONS_ALL);
}

/*
 * Lowest aligned address above pref_address where it fits, else ADDRESS_END. Only the starts of regions
 * need a look: where it does not fit there, it does not fit further up in the same region either.
 */
static gpa_t relocated_address(const struct linux_image *kernel, uint64_t size)
{
	const struct vm_config *vm = kernel->plan->vm;
	gpa_t best = ADDRESS_END;

	for (uint32_t i = 0; i < vm->memory_count; i++) {
		gpa_t start = vm->memory[i].guest_physical;
		gpa_t address;

		if (start < kernel->header.pref_address || start >= ADDRESS_END)
			continue;
		address = align_up(start, kernel->header.kernel_alignment);
		if (address < best && kernel_fits(kernel, address, size))
			best = address;
	}
	return best;
}

static enum error check_alignment(const struct linux_image *kernel)
{
	uint32_t alignment = kernel->header.kernel_alignment;
	uint64_t preferred = kernel->header.pref_address;

	if (alignment == 0 || (alignment & (alignment - 1)) != 0)
		return plan_refuse(kernel->plan, ERROR_IMAGE_FORMAT,
				   "kernel_alignment 0x%x is not a power of two; get it again",
				   alignment);
	if (preferred < LINUX_PROTECTED_MODE_MINIMUM)
		return plan_refuse(kernel->plan, ERROR_IMAGE_FORMAT,
				   "pref_address 0x%lx is below 1 MiB; get it again", preferred);
	return ERROR_OK;
}

/*
 * Below pref_address a relocatable kernel would move itself up there, so only higher places are an
 * alternative; one that is not relocatable has none.
 */
static enum error place_kernel(struct linux_image *kernel)
{
	const struct linux_setup_header *header = &kernel->header;
	uint64_t size = kernel->size > header->init_size ? kernel->size : header->init_size;
	enum error error = check_alignment(kernel);

	if (error != ERROR_OK)
		return error;
	kernel->load = header->pref_address;
	if (!kernel_fits(kernel, kernel->load, size) && header->relocatable_kernel)
		kernel->load = relocated_address(kernel, size);
	if (!kernel_fits(kernel, kernel->load, size))
		return plan_refuse(kernel->plan, ERROR_IMAGE_OUTSIDE_RAM,
				   "init_size is 0x%lx at 0x%lx%s; give the VM that much memory "
				   "with access \"rwx\" there",
				   size, header->pref_address,
				   header->relocatable_kernel ? " or above" : "");
	kernel->end = kernel->load + size;
	return ERROR_OK;
}

/* Highest page from which `size` bytes lie in [start, end), or 0. */
static gpa_t highest_page(gpa_t start, gpa_t end, uint64_t size)
{
	gpa_t address;

	if (end <= start || end - start < size)
		return 0;
	address = align_down(end - size, PAGE_SIZE_4K);
	return address >= start ? address : 0;
}

/* The same, clear of the kernel: behind it if there is room, else before it. */
static gpa_t ramdisk_in(const struct linux_image *kernel, gpa_t start, gpa_t end, uint64_t size)
{
	gpa_t address;

	if (start < LINUX_PROTECTED_MODE_MINIMUM)
		start = LINUX_PROTECTED_MODE_MINIMUM;
	address = highest_page(start, end, size);
	if (address < kernel->end && address + size > kernel->load)
		address = highest_page(start, kernel->load, size);
	return address;
}

static gpa_t ramdisk_address(const struct linux_image *kernel, uint64_t size)
{
	const struct vm_config *vm = kernel->plan->vm;
	gpa_t limit = (gpa_t)kernel->header.initrd_addr_max + 1;
	gpa_t best = 0;

	for (uint32_t i = 0; i < vm->memory_count; i++) {
		const struct memory_region *region = &vm->memory[i];
		gpa_t end = region->guest_physical + region->size;
		gpa_t address;

		if (region->kind != MEMORY_RAM || !(region->permissions & MEMORY_READ))
			continue;
		address =
			ramdisk_in(kernel, region->guest_physical, end < limit ? end : limit, size);
		if (address > best)
			best = address;
	}
	return best;
}

static enum error place_ramdisk(struct linux_image *kernel)
{
	uint32_t module = kernel->plan->vm->boot.ramdisk;

	if (module == MODULE_NONE)
		return ERROR_OK;
	kernel->ramdisk_size = kernel->plan->images[module].size;
	if (kernel->ramdisk_size == 0)
		return ERROR_OK;
	kernel->ramdisk = ramdisk_address(kernel, kernel->ramdisk_size);
	if (kernel->ramdisk == 0)
		return plan_refuse(kernel->plan, ERROR_IMAGE_OUTSIDE_RAM,
				   "ramdisk \"%s\" has 0x%lx bytes, and so much is not free below "
				   "0x%x; give the VM more memory",
				   kernel->plan->scenario->modules[module].name,
				   kernel->ramdisk_size, kernel->header.initrd_addr_max);
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

static enum error plan_low_memory(const struct load_plan *plan, const struct linux_parameters *page)
{
	const char *bootargs = plan->vm->boot.bootargs;
	enum error error =
		plan_bytes(plan, "the boot GDT", boot_gdt, sizeof(boot_gdt), PLATFORM_BOOT_GDT_GPA);

	if (error == ERROR_OK)
		error = plan_bytes(plan, "boot_params", page, sizeof(*page),
				   PLATFORM_LINUX_PARAMETERS_GPA);
	if (error == ERROR_OK)
		error = plan_bytes(plan, "the command line", bootargs, strlen(bootargs) + 1,
				   PLATFORM_LINUX_COMMAND_GPA);
	return error;
}

static enum error plan_images(const struct linux_image *kernel)
{
	const struct load_plan *plan = kernel->plan;
	const struct boot_config *boot = &plan->vm->boot;
	enum error error = plan_copy(plan, "the kernel", boot->image, kernel->offset, kernel->size,
				     kernel->load, PERMISSIONS_ALL);

	if (error == ERROR_OK && kernel->ramdisk_size > 0)
		error = plan_copy(plan, "the ramdisk", boot->ramdisk, 0, kernel->ramdisk_size,
				  kernel->ramdisk, MEMORY_READ);
	return error;
}

/* boot.rst, "32-bit boot protocol": ESI is boot_params; EBP, EDI and EBX are zero. */
static void set_entry(const struct linux_image *kernel, struct boot_entry *entry)
{
	entry->mode = ENTRY_PROTECTED;
	entry->rip = kernel->load;
	entry->registers.rsi = PLATFORM_LINUX_PARAMETERS_GPA;
	entry->gdt_base = PLATFORM_BOOT_GDT_GPA;
	entry->gdt_limit = sizeof(boot_gdt) - 1;
}

enum error linux_plan(const struct load_plan *plan, struct boot_entry *entry)
{
	struct linux_image kernel = {.plan = plan};
	struct linux_parameters *page = &parameters[plan->vm->id];
	enum error error = read_header(&kernel);

	if (error == ERROR_OK)
		error = find_kernel(&kernel);
	if (error == ERROR_OK)
		error = place_kernel(&kernel);
	if (error == ERROR_OK)
		error = place_ramdisk(&kernel);
	if (error == ERROR_OK)
		error = check_command_line(&kernel);
	if (error == ERROR_OK)
		error = fill_parameters(&kernel, page);
	if (error == ERROR_OK)
		error = plan_low_memory(plan, page);
	if (error == ERROR_OK)
		error = plan_images(&kernel);
	if (error == ERROR_OK)
		set_entry(&kernel, entry);
	return error;
}
