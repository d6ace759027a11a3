/* SPDX-License-Identifier: Apache-2.0 */
/* Where in the VM's memory a Linux kernel and its ramdisk go. */
#include "loader/linux_image.h"
#include "vm/guest_memory.h"

/* Neither the 32-bit entry nor the page tables of the 64-bit one reach further. */
#define ADDRESS_END (UINT64_C(1) << 32)

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
	       guest_is_ram(kernel->plan->vm, address, size, LINUX_KERNEL_PERMISSIONS);
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
		address = align_up(start, kernel->alignment);
		if (address < best && kernel_fits(kernel, address, size))
			best = address;
	}
	return best;
}

/*
 * At the alignment that the kernel likes best, else at the least that it can do with (boot.rst,
 * min_alignment), which kernel_alignment then has to say.
 */
static void relocate(struct linux_image *kernel, uint64_t size)
{
	uint32_t least = UINT32_C(1) << kernel->header.min_alignment;

	kernel->load = relocated_address(kernel, size);
	if (kernel->load != ADDRESS_END || kernel->header.min_alignment == 0 ||
	    least >= kernel->alignment)
		return;
	kernel->alignment = least;
	kernel->load = relocated_address(kernel, size);
}

/*
 * Below pref_address a relocatable kernel would move itself up there, so only higher places are an
 * alternative; one that is not relocatable has none.
 */
enum error linux_place_kernel(struct linux_image *kernel)
{
	const struct linux_setup_header *header = &kernel->header;
	uint64_t size = kernel->size > header->init_size ? kernel->size : header->init_size;

	kernel->load = header->pref_address;
	kernel->alignment = header->kernel_alignment;
	if (!kernel_fits(kernel, kernel->load, size) && header->relocatable_kernel)
		relocate(kernel, size);
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

enum error linux_place_ramdisk(struct linux_image *kernel)
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
