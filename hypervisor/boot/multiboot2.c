/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing in the boot information is trusted: a length is checked before what it measures is read.
 * Section numbers are those of the Multiboot2 Specification 2.0.
 */
#include "boot/multiboot2.h"

#include <stdarg.h>

#include "boot/memory_map.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/string.h"

/* A broken total_size must not lead through all of memory; real ones are a few KiB. */
#define TOTAL_SIZE_MAX UINT32_C(0x100000)

#define INFORMATION_HEADER_SIZE 8 /* total_size, reserved (3.6.1) */
#define TAG_ALIGNMENT           8

enum tag_type {
	TAG_END = 0,
	TAG_MODULE = 3,
	TAG_MEMORY_MAP = 6,
	TAG_ACPI_OLD = 14,
	TAG_ACPI_NEW = 15,
};

/* Tags begin on 8 bytes, and so do the entries of the memory map. */
struct tag { /* 3.6.1 */
	uint32_t type;
	uint32_t size; /* with these two */
};

struct module_tag { /* 3.6.6 */
	struct tag tag;
	uint32_t mod_start;
	uint32_t mod_end; /* exclusive */
	char string[];
};

struct memory_map_tag { /* 3.6.8 */
	struct tag tag;
	uint32_t entry_size;
	uint32_t entry_version;
	uint8_t entries[];
};

struct memory_map_entry { /* 3.6.8 */
	uint64_t base_addr;
	uint64_t length;
	uint32_t type;
	uint32_t reserved;
};

_Static_assert(sizeof(struct module_tag) == 16 && sizeof(struct memory_map_tag) == 16 &&
		       sizeof(struct memory_map_entry) == 24,
	       "sizes of 3.6.6 and 3.6.8");

#define RSDP_OLD_SIZE 20
#define RSDP_NEW_SIZE 36

struct parser {
	struct boot_information *out;
	uint32_t map_count;
	uint32_t seen;     /* bit per type of tag */
	uint32_t rsdp_tag; /* the tag that the RSDP came from */
	uint32_t modules_in_total;
	enum error result;                       /* first problem; later ones are only logged */
	struct boot_memory map[BOOT_MEMORY_MAX]; /* as the firmware gave it */
};

/* The only way to complain: keeps the first error and lets the caller go on with the next tag. */
static void problem(struct parser *parser, enum error error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void problem(struct parser *parser, enum error error, const char *fmt, ...)
{
	static char text[LOG_LINE_MAX]; /* as the parser */
	va_list arguments;

	va_start(arguments, fmt);
	format_text_v(text, sizeof(text), fmt, arguments);
	va_end(arguments);
	log_error("multiboot2: %s", text);
	if (parser->result == ERROR_OK)
		parser->result = error;
}

static bool is_terminated(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\0')
			return true;
	}
	return false;
}

static uint32_t first_word_length(const char *text)
{
	uint32_t length = 0;

	while (text[length] != '\0' && text[length] != ' ' && text[length] != '\t')
		length++;
	return length;
}

/* Length of the module's name, the first word of its command line, if it has a name that can be kept. */
static bool module_name_length(struct parser *parser, const struct module_tag *module,
			       uint32_t offset, uint32_t *length)
{
	const char *text = module->string;

	if (!is_terminated(text, module->tag.size - sizeof(*module))) {
		problem(parser, ERROR_BOOT_INFORMATION,
			"module %u (tag at offset %u) has a command line without NUL",
			parser->modules_in_total, offset);
		return false;
	}
	*length = first_word_length(text);
	if (*length <= BOOT_MODULE_NAME_MAX)
		return true;
	problem(parser, ERROR_BOOT_INFORMATION,
		"module %u has a name of %u characters, at most %u are allowed: shorten the "
		"first word after its file in grub.cfg (\"%.20s...\")",
		parser->modules_in_total, *length, BOOT_MODULE_NAME_MAX, text);
	return false;
}

static void read_module(struct parser *parser, const struct tag *tag, uint32_t offset)
{
	const struct module_tag *module = (const struct module_tag *)tag;
	struct boot_information *out = parser->out;
	struct boot_module *kept = &out->modules[out->module_count];
	uint32_t length;

	if (tag->size <= sizeof(*module)) {
		problem(parser, ERROR_BOOT_INFORMATION,
			"module tag at offset %u has %u bytes, too few for range and command line",
			offset, tag->size);
		return;
	}
	if (!module_name_length(parser, module, offset, &length))
		return;
	if (module->mod_end < module->mod_start) {
		problem(parser, ERROR_BOOT_INFORMATION,
			"module \"%.*s\" ends at 0x%x, before its start 0x%x", (int)length,
			module->string, module->mod_end, module->mod_start);
		return;
	}
	parser->modules_in_total++;
	if (out->module_count == CONFIG_MAX_MODULES)
		return;
	out->module_count++;
	kept->start = module->mod_start;
	kept->size = module->mod_end - module->mod_start;
	memcpy(kept->name, module->string, length); /* behind it there are zeros */
}

static void read_memory_map_entry(struct parser *parser, const struct memory_map_entry *entry,
				  uint32_t number)
{
	struct boot_memory *kept = &parser->map[parser->map_count];

	if (entry->length == 0)
		return;
	if (entry->length > UINT64_MAX - entry->base_addr) {
		problem(parser, ERROR_BOOT_INFORMATION,
			"memory map entry %u (base 0x%lx, length 0x%lx) wraps around", number,
			entry->base_addr, entry->length);
		return;
	}
	parser->map_count++;
	kept->base = entry->base_addr;
	kept->size = entry->length;
	/* 0 is no type of the specification, and means a hole in our map. */
	kept->type = entry->type != 0 ? entry->type : BOOT_MEMORY_RESERVED;
}

static void read_memory_map(struct parser *parser, const struct tag *tag, uint32_t offset)
{
	const struct memory_map_tag *map = (const struct memory_map_tag *)tag;

	if (tag->size < sizeof(*map)) {
		problem(parser, ERROR_BOOT_INFORMATION, "memory map at offset %u has no entry size",
			offset);
		return;
	}
	uint32_t size = tag->size - (uint32_t)sizeof(*map);
	uint32_t entry_size = map->entry_size;
	if (entry_size < sizeof(struct memory_map_entry) || entry_size % 8 != 0 ||
	    size % entry_size != 0) {
		problem(parser, ERROR_BOOT_INFORMATION,
			"memory map has entries of %u bytes in a tag with %u bytes of entries",
			entry_size, size);
		return;
	}
	if (size / entry_size > BOOT_MEMORY_MAX) {
		problem(parser, ERROR_CAPACITY,
			"memory map has %u entries, this build takes %u: raise BOOT_MEMORY_MAX",
			size / entry_size, BOOT_MEMORY_MAX);
		return;
	}
	for (uint32_t i = 0; i < size / entry_size; i++)
		read_memory_map_entry(parser, (const void *)(map->entries + (size_t)i * entry_size),
				      i);
}

static void read_rsdp(struct parser *parser, const struct tag *tag, uint32_t offset)
{
	struct boot_information *out = parser->out;
	uint32_t least = tag->type == TAG_ACPI_NEW ? RSDP_NEW_SIZE : RSDP_OLD_SIZE;
	uint32_t size = tag->size - (uint32_t)sizeof(*tag);

	if (size < least) {
		problem(parser, ERROR_BOOT_INFORMATION,
			"ACPI tag (type %u at offset %u) has %u bytes of RSDP, at least %u are needed",
			tag->type, offset, size, least);
		return;
	}
	/* The new one has both the RSDT and the XSDT; GRUB may give both tags. */
	if (parser->rsdp_tag > tag->type)
		return;
	parser->rsdp_tag = tag->type;
	memcpy(out->rsdp, tag + 1, least);
	out->rsdp_size = least;
}

/* What is not in here carries nothing that the hypervisor needs. */
static const struct {
	void (*read)(struct parser *parser, const struct tag *tag, uint32_t offset);
	const char *name; /* of those of which there is one at most; else NULL */
	uint32_t type;
} tag_readers[] = {
	{read_module, NULL, TAG_MODULE},
	{read_memory_map, "memory map", TAG_MEMORY_MAP},
	{read_rsdp, "ACPI 1.0 RSDP", TAG_ACPI_OLD},
	{read_rsdp, "ACPI 2.0 RSDP", TAG_ACPI_NEW},
};

static void read_tag(struct parser *parser, const struct tag *tag, uint32_t offset)
{
	for (unsigned i = 0; i < sizeof(tag_readers) / sizeof(tag_readers[0]); i++) {
		if (tag_readers[i].type != tag->type)
			continue;
		if (parser->seen >> i & 1 && tag_readers[i].name != NULL)
			problem(parser, ERROR_BOOT_INFORMATION,
				"second %s (tag type %u) at offset %u", tag_readers[i].name,
				tag->type, offset);
		else
			tag_readers[i].read(parser, tag, offset);
		parser->seen |= UINT32_C(1) << i;
	}
}

/* Stops at the end tag, or at the first tag whose size is wrong: nothing behind that can be found. */
static void read_tags(struct parser *parser, const uint8_t *information, uint32_t total_size)
{
	uint32_t offset = INFORMATION_HEADER_SIZE;

	while (total_size - offset >= sizeof(struct tag)) {
		const struct tag *tag = (const void *)(information + offset);

		if (tag->size < sizeof(*tag) || tag->size > total_size - offset) {
			problem(parser, ERROR_BOOT_INFORMATION,
				"tag type %u at offset %u has size %u, with %u bytes left",
				tag->type, offset, tag->size, total_size - offset);
			return;
		}
		if (tag->type == TAG_END)
			return;
		read_tag(parser, tag, offset);
		/* total_size is a multiple of the alignment, so this does not go beyond it. */
		offset += (tag->size + TAG_ALIGNMENT - 1) & ~(uint32_t)(TAG_ALIGNMENT - 1);
	}
	problem(parser, ERROR_BOOT_INFORMATION, "no end tag within total_size %u", total_size);
}

static void check_completeness(struct parser *parser)
{
	/* After another problem the tag may just not have been reached. */
	if (parser->map_count == 0 && parser->result == ERROR_OK)
		problem(parser, ERROR_BOOT_INFORMATION,
			"no memory map (tag type %u): without it no RAM is known", TAG_MEMORY_MAP);
	if (parser->modules_in_total > CONFIG_MAX_MODULES)
		problem(parser, ERROR_CAPACITY,
			"%u modules were loaded, this build takes %u: raise CONFIG_MAX_MODULES, or remove "
			"modules from grub.cfg",
			parser->modules_in_total, CONFIG_MAX_MODULES);
}

/* The total size, or 0 if there is nothing that could be read. */
static uint32_t information_size(struct parser *parser, const uint8_t *information, uint32_t magic)
{
	if (magic != MULTIBOOT2_BOOTLOADER_MAGIC) {
		problem(parser, ERROR_BOOT_INFORMATION,
			"EAX was 0x%x at the entry, not 0x%x: load Bulkhead with GRUB's multiboot2 command",
			magic, MULTIBOOT2_BOOTLOADER_MAGIC);
		return 0;
	}
	if (information == NULL || (uintptr_t)information % TAG_ALIGNMENT != 0) {
		problem(parser, ERROR_BOOT_INFORMATION,
			"boot information at 0x%lx, which is not an 8-byte-aligned address",
			(uintptr_t)information);
		return 0;
	}
	uint32_t total_size = *(const uint32_t *)(const void *)information;
	if (total_size < INFORMATION_HEADER_SIZE + sizeof(struct tag) ||
	    total_size > TOTAL_SIZE_MAX || total_size % TAG_ALIGNMENT != 0) {
		problem(parser, ERROR_BOOT_INFORMATION,
			"total_size is %u; a multiple of 8 from 16 to %u is expected", total_size,
			TOTAL_SIZE_MAX);
		return 0;
	}
	return total_size;
}

enum error multiboot2_parse(const void *information, uint32_t magic, struct boot_information *out)
{
	/* Static, because the stack is small; used once, by the BSP. */
	static struct parser parser;

	memset(out, 0, sizeof(*out));
	memset(&parser, 0, sizeof(parser));
	parser.out = out;
	uint32_t total_size = information_size(&parser, information, magic);
	if (total_size == 0)
		return parser.result;
	read_tags(&parser, information, total_size);
	check_completeness(&parser);
	if (parser.result != ERROR_OK)
		return parser.result;
	out->memory_count = memory_map_normalise(parser.map, parser.map_count, out->memory);
	return ERROR_OK;
}
