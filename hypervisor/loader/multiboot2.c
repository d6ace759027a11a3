/* SPDX-License-Identifier: Apache-2.0 */
/* Guests of the Multiboot2 Specification 2.0; the numbers are its sections. */
#include "lib/string.h"
#include "loader/multiboot.h"

#define HEADER_MAGIC     UINT32_C(0xE85250D6)
#define LOADER_MAGIC     UINT32_C(0x36D76289) /* 3.3 */
#define HEADER_REACH     32768                /* 3.1 */
#define HEADER_WORDS     4                    /* magic, architecture, length, checksum */
#define HEADER_SIZE      (HEADER_WORDS * sizeof(uint32_t))
#define ARCHITECTURE_X86 0
#define TAG_ALIGNMENT    8
#define LOAD_FROM_START  UINT32_MAX /* load_addr, 3.1.5 */

/* Tags of the header (3.1.3 on). */
enum header_tag {
	HEADER_END = 0,
	HEADER_INFORMATION_REQUEST = 1,
	HEADER_ADDRESS = 2,
	HEADER_ENTRY = 3,
	HEADER_CONSOLE = 4,
	HEADER_FRAMEBUFFER = 5,
	HEADER_MODULE_ALIGNMENT = 6, /* always so */
	HEADER_EFI_BOOT_SERVICES =
		7, /* 7 to 9 are for machines with EFI, 10 for images that may move */
	HEADER_EFI_ENTRY_32 = 8,
	HEADER_EFI_ENTRY_64 = 9,
	HEADER_RELOCATABLE = 10,
};
#define TAG_OPTIONAL     UINT16_C(1)
#define CONSOLE_REQUIRED UINT32_C(1)

struct header_tag_head {
	uint16_t type, flags;
	uint32_t size;
};

/* Tags of the boot information (3.6). */
enum information_tag {
	TAG_END = 0,
	TAG_COMMAND_LINE = 1,
	TAG_LOADER_NAME = 2,
	TAG_MODULE = 3,
	TAG_MEMORY = 4,
	TAG_MEMORY_MAP = 6,
	TAG_RSDP_NEW = 15,
};

struct tag {
	uint32_t type, size;
};

struct module_tag {
	struct tag tag;
	uint32_t mod_start, mod_end; /* the string follows */
};

struct memory_tag {
	struct tag tag;
	uint32_t mem_lower, mem_upper; /* KiB */
};

struct memory_map_tag {
	struct tag tag;
	uint32_t entry_size, entry_version;
};

struct memory_map_entry {
	uint64_t base, length;
	uint32_t type, reserved;
};
_Static_assert(sizeof(struct memory_map_entry) == 24, "3.6.8");

/* What the tags of the header say. */
struct header {
	bool has_addresses, has_entry;
	struct multiboot_addresses addresses;
	uint32_t entry;
};

struct reader {
	struct multiboot_image *image;
	struct header *header;
	uint64_t offset; /* of the tag in the file */
	struct header_tag_head tag;
};

/* --- Header ------------------------------------------------------------------------------------- */

static enum error read_body(const struct reader *reader, const char *what, void *body, size_t size)
{
	if (reader->tag.size < sizeof(reader->tag) + size)
		return plan_refuse(reader->image->plan, ERROR_IMAGE_FORMAT,
				   "%s tag of the header has %u bytes; build it again", what,
				   reader->tag.size);
	return plan_read(reader->image->plan, reader->image->plan->vm->boot.image, what,
			 reader->offset + sizeof(reader->tag), body, size);
}

static bool is_told(const struct vm_config *vm, uint32_t type)
{
	switch (type) {
	case TAG_END:
	case TAG_COMMAND_LINE:
	case TAG_LOADER_NAME:
	case TAG_MODULE:
	case TAG_MEMORY:
	case TAG_MEMORY_MAP:
		return true;
	case TAG_RSDP_NEW:
		return vm->acpi_rsdp != 0;
	default:
		return false;
	}
}

/* 3.1.4 */
static enum error read_request(const struct reader *reader)
{
	const struct load_plan *plan = reader->image->plan;
	uint32_t count = (reader->tag.size - (uint32_t)sizeof(reader->tag)) / 4;
	enum error error = ERROR_OK;

	for (uint32_t i = 0; i < count && error == ERROR_OK; i++) {
		uint32_t type = 0;

		error = plan_read(plan, plan->vm->boot.image, "the information request",
				  reader->offset + sizeof(reader->tag) + i * sizeof(type), &type,
				  sizeof(type));
		if (error == ERROR_OK && !is_told(plan->vm, type))
			error = plan_refuse(plan, ERROR_IMAGE_FORMAT,
					    "it requires boot information of type %u, which the VM "
					    "does not have; make the request optional",
					    type);
	}
	return error;
}

static enum error read_address(const struct reader *reader)
{
	reader->header->has_addresses = true;
	return read_body(reader, "the address", &reader->header->addresses,
			 sizeof(reader->header->addresses));
}

static enum error read_entry(const struct reader *reader)
{
	reader->header->has_entry = true;
	return read_body(reader, "the entry address", &reader->header->entry,
			 sizeof(reader->header->entry));
}

/* 3.1.10: bit 0 asks for a console that the boot loader knows, which is a display. */
static enum error read_console(const struct reader *reader)
{
	uint32_t flags = 0;
	enum error error = read_body(reader, "the console flags", &flags, sizeof(flags));

	if (error == ERROR_OK && (flags & CONSOLE_REQUIRED))
		error = plan_refuse(reader->image->plan, ERROR_IMAGE_FORMAT,
				    "console flags 0x%x require a display, and the VM has none; "
				    "make the tag optional",
				    flags);
	return error;
}

static enum error read_unmet(const struct reader *reader)
{
	bool framebuffer = reader->tag.type == HEADER_FRAMEBUFFER;

	return plan_refuse(reader->image->plan, ERROR_IMAGE_FORMAT,
			   "its header requires %s (tag %u); make the tag optional",
			   framebuffer ? "a framebuffer, and the VM has no display"
				       : "what is not known",
			   reader->tag.type);
}

static enum error read_tag(const struct reader *reader)
{
	bool optional = reader->tag.flags & TAG_OPTIONAL;

	switch (reader->tag.type) {
	case HEADER_INFORMATION_REQUEST:
		return optional ? ERROR_OK : read_request(reader);
	case HEADER_ADDRESS:
		return read_address(reader);
	case HEADER_ENTRY:
		return read_entry(reader);
	case HEADER_CONSOLE:
		return optional ? ERROR_OK : read_console(reader);
	case HEADER_MODULE_ALIGNMENT:
	case HEADER_EFI_BOOT_SERVICES:
	case HEADER_EFI_ENTRY_32:
	case HEADER_EFI_ENTRY_64:
	case HEADER_RELOCATABLE:
		return ERROR_OK;
	default:
		return optional ? ERROR_OK : read_unmet(reader);
	}
}

static enum error read_tags(struct reader *reader, uint64_t end)
{
	const struct load_plan *plan = reader->image->plan;

	for (;;) {
		enum error error =
			plan_read(plan, plan->vm->boot.image, "a tag of the multiboot2 header",
				  reader->offset, &reader->tag, sizeof(reader->tag));

		if (error != ERROR_OK)
			return error;
		if (reader->tag.size < sizeof(reader->tag) || reader->offset > end ||
		    reader->tag.size > end - reader->offset)
			return plan_refuse(plan, ERROR_IMAGE_FORMAT,
					   "tag %u of %u bytes at offset 0x%lx does not end before "
					   "header_length; build it again",
					   reader->tag.type, reader->tag.size, reader->offset);
		if (reader->tag.type == HEADER_END)
			return ERROR_OK;
		error = read_tag(reader);
		if (error != ERROR_OK)
			return error;
		reader->offset += ((uint64_t)reader->tag.size + TAG_ALIGNMENT - 1) &
				  ~(uint64_t)(TAG_ALIGNMENT - 1);
	}
}

static enum error read_header(struct multiboot_image *image, struct header *header)
{
	struct reader reader = {image, header, image->header + HEADER_SIZE, {0}};
	uint32_t words[HEADER_WORDS];
	enum error error = plan_read(image->plan, image->plan->vm->boot.image,
				     "the multiboot2 header", image->header, words, sizeof(words));

	if (error != ERROR_OK)
		return error;
	if (words[1] != ARCHITECTURE_X86)
		return plan_refuse(image->plan, ERROR_IMAGE_FORMAT,
				   "its header is for architecture %u, not for x86 (0)", words[1]);
	return read_tags(&reader, image->header + words[2]);
}

/* 3.1.5: -1 stands for the address that the first byte of the file then has. */
static void resolve_start(const struct multiboot_image *image, struct multiboot_addresses *a)
{
	if (a->load_addr == LOAD_FROM_START && a->header_addr >= image->header)
		a->load_addr = a->header_addr - (uint32_t)image->header;
}

static enum error plan_image(struct multiboot_image *image, struct header *header)
{
	if (!header->has_addresses)
		return multiboot_plan_elf(image, header->has_entry ? &header->entry : NULL);
	if (!header->has_entry)
		return plan_refuse(
			image->plan, ERROR_IMAGE_FORMAT,
			"its header has an address tag but no entry address tag; add one");
	resolve_start(image, &header->addresses);
	return multiboot_plan_addresses(image, &header->addresses, header->entry);
}

/* --- Boot information --------------------------------------------------------------------------- */

/* A tag with `size` bytes altogether; NULL when there is no room, which has been logged. */
static void *add_tag(struct multiboot_image *image, enum information_tag type, size_t size)
{
	struct tag *tag = multiboot_reserve(image, (uint32_t)size);

	if (tag != NULL)
		*tag = (struct tag){type, (uint32_t)size};
	return tag;
}

static bool add_text(struct multiboot_image *image, enum information_tag type, const char *text)
{
	size_t size = strlen(text) + 1;
	struct tag *tag = add_tag(image, type, sizeof(*tag) + size);

	if (tag != NULL)
		memcpy(tag + 1, text, size);
	return tag != NULL;
}

static bool add_modules(struct multiboot_image *image)
{
	for (uint32_t i = 0; i < image->plan->vm->boot.module_count; i++) {
		const struct multiboot_module *module = &image->modules[i];
		size_t size = strlen(module->string) + 1;
		struct module_tag *tag = add_tag(image, TAG_MODULE, sizeof(*tag) + size);

		if (tag == NULL)
			return false;
		tag->mod_start = module->start;
		tag->mod_end = module->end;
		memcpy(tag + 1, module->string, size);
	}
	return true;
}

static bool add_memory(struct multiboot_image *image)
{
	struct memory_tag *tag = add_tag(image, TAG_MEMORY, sizeof(*tag));

	if (tag == NULL)
		return false;
	tag->mem_lower = multiboot_memory_lower(image->plan->vm);
	tag->mem_upper = multiboot_memory_upper(image->plan->vm);
	return true;
}

static bool add_memory_map(struct multiboot_image *image)
{
	const struct vm_config *vm = image->plan->vm;
	struct memory_map_entry *entries;
	struct memory_map_tag *tag =
		add_tag(image, TAG_MEMORY_MAP, sizeof(*tag) + vm->e820_count * sizeof(*entries));

	if (tag == NULL)
		return false;
	tag->entry_size = sizeof(*entries);
	entries = (struct memory_map_entry *)(tag + 1);
	for (uint32_t i = 0; i < vm->e820_count; i++)
		entries[i] = (struct memory_map_entry){vm->e820[i].base, vm->e820[i].size,
						       vm->e820[i].type, 0};
	return true;
}

/* The first of the ACPI tables is the RSDP (bulkhead/platform.h). */
static bool add_rsdp(struct multiboot_image *image)
{
	const struct vm_config *vm = image->plan->vm;

	for (uint32_t i = 0; i < vm->blob_count; i++) {
		const struct guest_blob *blob = &vm->blobs[i];
		struct tag *tag;

		if (vm->acpi_rsdp == 0 || blob->guest_physical != vm->acpi_rsdp)
			continue;
		tag = add_tag(image, TAG_RSDP_NEW, sizeof(*tag) + blob->size);
		if (tag == NULL)
			return false;
		memcpy(tag + 1, blob->bytes, blob->size);
	}
	return true;
}

static enum error fill_information(struct multiboot_image *image)
{
	/* total_size and a reserved word come first (3.6.1) */
	uint32_t *head = multiboot_reserve(image, 2 * sizeof(uint32_t));

	if (!add_text(image, TAG_COMMAND_LINE, image->plan->vm->boot.bootargs) ||
	    !add_text(image, TAG_LOADER_NAME, multiboot_loader_name) || !add_modules(image) ||
	    !add_memory(image) || !add_memory_map(image) || !add_rsdp(image) ||
	    !add_tag(image, TAG_END, sizeof(struct tag)))
		return ERROR_CAPACITY;
	head[0] = image->length;
	return ERROR_OK;
}

enum error multiboot2_plan(const struct load_plan *plan, struct boot_entry *entry)
{
	static struct multiboot_image image;
	struct header header = {0};
	enum error error;

	multiboot_begin(&image, plan);
	error = multiboot_find(&image, HEADER_MAGIC, HEADER_WORDS, TAG_ALIGNMENT, HEADER_REACH);
	if (error == ERROR_OK)
		error = read_header(&image, &header);
	if (error == ERROR_OK)
		error = plan_image(&image, &header);
	if (error == ERROR_OK)
		error = multiboot_plan_modules(&image);
	if (error == ERROR_OK)
		error = fill_information(&image);
	return error != ERROR_OK ? error : multiboot_finish(&image, LOADER_MAGIC, entry);
}
