/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/multiboot.h"

#include "bulkhead/platform.h"
#include "bulkhead/version.h"
#include "lib/section.h"
#include "lib/string.h"
#include "vm/guest_memory.h"

#define INFORMATION_LOWEST PLATFORM_LINUX_PARAMETERS_GPA
#define MODULES_LOWEST     UINT64_C(0x100000)
#define KIB                UINT64_C(1024)
#define E820_RAM           1

const char multiboot_loader_name[] = "Bulkhead " BULKHEAD_VERSION;

/*
 * The specifications leave the guest without a GDT. Many a program loads segment registers before it has
 * its own, and relies on the one that GRUB happens to have.
 */
static const uint64_t boot_gdt[] = {
	0,
	0,
	[LOADER_CODE_SELECTOR / 8] = UINT64_C(0x00CF9B000000FFFF),
	[LOADER_DATA_SELECTOR / 8] = UINT64_C(0x00CF93000000FFFF),
};

/* Copied by module_place(). */
static uint8_t informations[CONFIG_MAX_VMS][MULTIBOOT_INFORMATION_MAX] SEALED_ZEROS
	__attribute__((aligned(16)));

void multiboot_begin(struct multiboot_image *image, const struct load_plan *plan)
{
	*image = (struct multiboot_image){
		.plan = plan,
		.information = informations[plan->vm->id],
	};
	memset(image->information, 0, MULTIBOOT_INFORMATION_MAX);
	room_init(&image->room, plan);
}

/* --- Header ------------------------------------------------------------------------------------- */

static bool is_header(const struct multiboot_image *image, uint64_t offset, uint32_t magic,
		      uint32_t words)
{
	uint32_t word = 0, sum = 0;

	for (uint32_t i = 0; i < words; i++) {
		if (plan_read(image->plan, image->plan->vm->boot.image, "the multiboot header",
			      offset + i * sizeof(word), &word, sizeof(word)) != ERROR_OK ||
		    (i == 0 && word != magic))
			return false;
		sum += word;
	}
	return sum == 0;
}

enum error multiboot_find(struct multiboot_image *image, uint32_t magic, uint32_t words,
			  uint32_t alignment, uint64_t reach)
{
	uint64_t size = image->plan->images[image->plan->vm->boot.image].size;
	uint64_t length = words * sizeof(uint32_t);
	uint64_t end = size < reach ? size : reach;

	for (uint64_t offset = 0; offset + length <= end; offset += alignment) {
		if (!is_header(image, offset, magic, words))
			continue;
		image->header = offset;
		return ERROR_OK;
	}
	return plan_refuse(image->plan, ERROR_IMAGE_FORMAT,
			   "no header with magic 0x%x and a right checksum in its first %lu bytes; "
			   "set boot-protocol to what it is",
			   magic, reach);
}

/* --- Image -------------------------------------------------------------------------------------- */

static enum error take(struct multiboot_image *image, gpa_t start, uint64_t size)
{
	if (start + size > image->end)
		image->end = start + size;
	return room_take(&image->room, start, size);
}

static enum error check_entry(const struct multiboot_image *image)
{
	if (image->entry <= UINT32_MAX &&
	    guest_is_ram(image->plan->vm, image->entry, 1, MEMORY_EXECUTE))
		return ERROR_OK;
	return plan_refuse(
		image->plan, ERROR_IMAGE_FORMAT,
		"entry 0x%lx is not in executable RAM of the VM below 4 GiB; correct the "
		"image",
		image->entry);
}

static enum error check_elf_entry(const struct multiboot_image *image, const struct elf_image *elf)
{
	if (!elf_is_code(elf, image->entry))
		return plan_refuse(image->plan, ERROR_IMAGE_FORMAT,
				   "entry 0x%lx is in none of its executable segments; correct the "
				   "image",
				   image->entry);
	return check_entry(image);
}

enum error multiboot_plan_elf(struct multiboot_image *image, const uint32_t *entry)
{
	struct elf_image elf;
	enum error error = elf_read(image->plan, image->plan->vm->boot.image, &elf);

	if (error != ERROR_OK)
		return error;
	image->entry = entry ? *entry : elf_entry(&elf);
	error = check_elf_entry(image, &elf);
	for (uint32_t i = 0; i < elf.segment_count && error == ERROR_OK; i++)
		error = take(image, elf.segments[i].p_paddr, elf.segments[i].p_memsz);
	return error != ERROR_OK ? error : elf_plan_segments(&elf);
}

static enum error refuse_addresses(const struct multiboot_image *image,
				   const struct multiboot_addresses *a)
{
	return plan_refuse(image->plan, ERROR_IMAGE_FORMAT,
			   "header_addr 0x%x, load_addr 0x%x, load_end_addr 0x%x and bss_end_addr "
			   "0x%x do not go together with a header at offset 0x%lx; build it again",
			   a->header_addr, a->load_addr, a->load_end_addr, a->bss_end_addr,
			   image->header);
}

static enum error plan_load(struct multiboot_image *image, uint64_t offset, gpa_t start,
			    uint64_t file_size, uint64_t memory_size)
{
	const struct load_plan *plan = image->plan;
	enum error error = plan_copy(plan, "the image", plan->vm->boot.image, offset, file_size,
				     start, MEMORY_READ);

	if (error == ERROR_OK)
		error = plan_zero(plan, "the image's .bss", memory_size - file_size,
				  start + file_size, MEMORY_READ | MEMORY_WRITE);
	if (error == ERROR_OK && image->entry - start >= memory_size)
		return plan_refuse(plan, ERROR_IMAGE_FORMAT,
				   "entry 0x%lx is not inside the image, 0x%lx bytes at 0x%lx; "
				   "build it again",
				   image->entry, memory_size, start);
	if (error == ERROR_OK)
		error = check_entry(image);
	return error != ERROR_OK ? error : take(image, start, memory_size);
}

/* Multiboot 0.6.96, 3.1.3; multiboot2 2.0, 3.1.5. */
enum error multiboot_plan_addresses(struct multiboot_image *image,
				    const struct multiboot_addresses *a, uint32_t entry)
{
	uint64_t size = image->plan->images[image->plan->vm->boot.image].size;
	uint64_t before = (uint64_t)a->header_addr - a->load_addr;
	uint64_t offset, file_size, memory_size;

	if (a->load_addr > a->header_addr || before > image->header)
		return refuse_addresses(image, a);
	offset = image->header - before;
	file_size = a->load_end_addr ? (uint64_t)a->load_end_addr - a->load_addr : size - offset;
	if (a->load_end_addr && a->load_end_addr < a->load_addr)
		return refuse_addresses(image, a);
	if (file_size > size - offset)
		return plan_refuse(image->plan, ERROR_IMAGE_TRUNCATED,
				   "load_end_addr 0x%x asks for 0x%lx bytes at offset 0x%lx, the "
				   "file has 0x%lx",
				   a->load_end_addr, file_size, offset, size);
	memory_size = a->bss_end_addr ? (uint64_t)a->bss_end_addr - a->load_addr : file_size;
	if (memory_size < file_size || (a->bss_end_addr && a->bss_end_addr < a->load_addr))
		return refuse_addresses(image, a);
	image->entry = entry;
	return plan_load(image, offset, a->load_addr, file_size, memory_size);
}

/* --- Modules ------------------------------------------------------------------------------------ */

static enum error plan_module(struct multiboot_image *image, uint32_t index)
{
	const struct load_plan *plan = image->plan;
	const struct guest_module *module = &plan->vm->boot.modules[index];
	const char *name = plan->scenario->modules[module->module].name;
	uint64_t size = plan->images[module->module].size;
	gpa_t lowest = image->end > MODULES_LOWEST ? image->end : MODULES_LOWEST;
	gpa_t address;
	enum error error = room_find(&image->room, name, size,
				     (lowest + PAGE_SIZE_4K - 1) & ~(PAGE_SIZE_4K - 1), &address);

	if (error != ERROR_OK)
		return error;
	image->modules[index] = (struct multiboot_module){
		(uint32_t)address, (uint32_t)(address + size), module->string};
	return plan_copy(plan, name, module->module, 0, size, address, MEMORY_READ);
}

enum error multiboot_plan_modules(struct multiboot_image *image)
{
	enum error error = ERROR_OK;

	for (uint32_t i = 0; i < image->plan->vm->boot.module_count && error == ERROR_OK; i++)
		error = plan_module(image, i);
	if (error != ERROR_OK)
		return error;
	return room_find(&image->room, "boot information", MULTIBOOT_INFORMATION_MAX,
			 INFORMATION_LOWEST, &image->address);
}

/* --- Boot information --------------------------------------------------------------------------- */

void *multiboot_reserve(struct multiboot_image *image, uint32_t size)
{
	uint32_t start = (image->length + 7) & ~UINT32_C(7);

	if (size > MULTIBOOT_INFORMATION_MAX || start > MULTIBOOT_INFORMATION_MAX - size) {
		plan_refuse(image->plan, ERROR_CAPACITY,
			    "boot information is longer than %u bytes; shorten bootargs or "
			    "boot-modules",
			    MULTIBOOT_INFORMATION_MAX);
		return NULL;
	}
	image->length = start + size;
	return image->information + start;
}

uint32_t multiboot_address(const struct multiboot_image *image, const void *reserved)
{
	return (uint32_t)image->address +
	       (uint32_t)((const uint8_t *)reserved - image->information);
}

uint32_t multiboot_text(struct multiboot_image *image, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = multiboot_reserve(image, (uint32_t)size);

	if (copy == NULL)
		return 0;
	memcpy(copy, text, size);
	return multiboot_address(image, copy);
}

/* e820 is sorted, and neighbours of one type are joined. */
static uint32_t ram_kib(const struct vm_config *vm, uint64_t start, uint64_t limit)
{
	for (uint32_t i = 0; i < vm->e820_count; i++) {
		const struct e820_entry *entry = &vm->e820[i];
		uint64_t size = entry->base + entry->size - start;

		if (entry->type == E820_RAM && entry->base <= start &&
		    entry->size > start - entry->base)
			return (uint32_t)((size < limit ? size : limit) / KIB);
	}
	return 0;
}

uint32_t multiboot_memory_lower(const struct vm_config *vm)
{
	return ram_kib(vm, 0, 640 * KIB);
}

uint32_t multiboot_memory_upper(const struct vm_config *vm)
{
	return ram_kib(vm, UINT64_C(0x100000), (UINT64_C(1) << 32) * KIB - KIB);
}

/* Multiboot 0.6.96, 3.2; multiboot2 2.0, 3.3. */
enum error multiboot_finish(struct multiboot_image *image, uint32_t magic, struct boot_entry *entry)
{
	void *gdt = multiboot_reserve(image, sizeof(boot_gdt));

	if (gdt == NULL)
		return ERROR_CAPACITY;
	memcpy(gdt, boot_gdt, sizeof(boot_gdt));
	entry->gdt_base = multiboot_address(image, gdt);
	entry->gdt_limit = sizeof(boot_gdt) - 1;
	entry->mode = ENTRY_PROTECTED;
	entry->rip = image->entry;
	entry->registers.rax = magic;
	entry->registers.rbx = image->address;
	return plan_bytes(image->plan, "boot information", image->information, image->length,
			  image->address);
}
