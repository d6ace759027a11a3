/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing in the boot information is trusted: a length is checked before what it measures is read.
 * Section numbers are those of the Multiboot2 Specification 2.0.
 */
#include "boot/multiboot2.h"

#include "boot/memory_map.h"
#include "lib/log.h"
#include "lib/string.h"

/* A broken total_size must not lead through all of memory; real ones are a few KiB. */
#define TOTAL_SIZE_MAX UINT32_C(0x100000)

#define INFORMATION_HEADER_SIZE 8 /* total_size, reserved (3.6.1) */
#define TAG_HEADER_SIZE         8 /* type, size (3.6.1) */
#define TAG_ALIGNMENT           8

enum tag_type {
	TAG_END = 0,
	TAG_COMMAND_LINE = 1,
	TAG_BOOT_LOADER = 2,
	TAG_MODULE = 3,
	TAG_MEMORY_MAP = 6,
	TAG_ACPI_OLD = 14,
	TAG_ACPI_NEW = 15,
	TAG_TYPES_KNOWN = 16,
};

/* Layouts behind the tag's header. */
struct module_tag { /* 3.6.6 */
	uint32_t mod_start;
	uint32_t mod_end; /* exclusive */
};

struct memory_map_tag { /* 3.6.8 */
	uint32_t entry_size;
	uint32_t entry_version;
};

struct memory_map_entry { /* 3.6.8 */
	uint64_t base_addr;
	uint64_t length;
	uint32_t type;
	uint32_t reserved;
};
_Static_assert(sizeof(struct module_tag) == 8 && sizeof(struct memory_map_tag) == 8 &&
		       sizeof(struct memory_map_entry) == 24,
	       "sizes of 3.6.6 and 3.6.8");

#define RSDP_OLD_SIZE 20
#define RSDP_NEW_SIZE 36

struct tag {
	uint32_t type;
	uint32_t offset;     /* in the boot information; for messages */
	const uint8_t *body; /* what follows the tag's header */
	uint32_t body_size;
};

struct parser {
	struct boot_information *out;
	struct boot_memory map[BOOT_MEMORY_MAX]; /* as the firmware gave it */
	uint32_t map_count;
	bool seen[TAG_TYPES_KNOWN];
	uint32_t rsdp_tag; /* the tag that the RSDP came from */
	uint32_t modules_in_total;
	enum error result; /* first problem; later ones are only logged */
};

/* The only way to complain: keeps the first error and lets the caller go on with the next tag. */
#define PROBLEM(parser, error, ...)                    \
	do {                                           \
		log_error("multiboot2: " __VA_ARGS__); \
		if ((parser)->result == ERROR_OK)      \
			(parser)->result = (error);    \
	} while (0)

static uint32_t read32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static bool is_terminated(const uint8_t *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\0')
			return true;
	}
	return false;
}

static void read_text(struct parser *parser, const struct tag *tag, char *text, const char *what)
{
	if (!is_terminated(tag->body, tag->body_size)) {
		PROBLEM(parser, ERROR_BOOT_INFORMATION,
			"%s (tag type %u at offset %u) has no NUL within its %u bytes", what,
			tag->type, tag->offset, tag->body_size);
		return;
	}
	size_t length = strlen((const char *)tag->body);
	if (length > BOOT_TEXT_MAX)
		length = BOOT_TEXT_MAX;
	memcpy(text, tag->body, length);
	text[length] = '\0';
}

static void read_command_line(struct parser *parser, const struct tag *tag)
{
	read_text(parser, tag, parser->out->command_line, "command line");
}

static void read_boot_loader(struct parser *parser, const struct tag *tag)
{
	read_text(parser, tag, parser->out->boot_loader, "boot loader name");
}

static size_t first_word_length(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0' && text[length] != ' ' && text[length] != '\t')
		length++;
	return length;
}

static bool read_module_name(struct parser *parser, const struct tag *tag, char *name)
{
	const char *text = (const char *)tag->body + sizeof(struct module_tag);

	if (!is_terminated((const uint8_t *)text, tag->body_size - sizeof(struct module_tag))) {
		PROBLEM(parser, ERROR_BOOT_INFORMATION,
			"module %u (tag at offset %u) has a command line without NUL",
			parser->modules_in_total, tag->offset);
		return false;
	}
	size_t length = first_word_length(text);
	if (length > BOOT_MODULE_NAME_MAX) {
		PROBLEM(parser, ERROR_BOOT_INFORMATION,
			"module %u has a name of %zu characters, at most %u are allowed: shorten the "
			"first word after its file in grub.cfg (\"%.20s...\")",
			parser->modules_in_total, length, BOOT_MODULE_NAME_MAX, text);
		return false;
	}
	memcpy(name, text, length);
	name[length] = '\0';
	return true;
}

static void read_module(struct parser *parser, const struct tag *tag)
{
	struct boot_information *out = parser->out;
	struct boot_module module;
	struct module_tag range;

	if (tag->body_size <= sizeof(range)) {
		PROBLEM(parser, ERROR_BOOT_INFORMATION,
			"module tag at offset %u has %u bytes, too few for range and command line",
			tag->offset, tag->body_size + TAG_HEADER_SIZE);
		return;
	}
	memcpy(&range, tag->body, sizeof(range));
	if (!read_module_name(parser, tag, module.name))
		return;
	if (range.mod_end < range.mod_start) {
		PROBLEM(parser, ERROR_BOOT_INFORMATION,
			"module \"%s\" ends at 0x%x, before its start 0x%x", module.name,
			range.mod_end, range.mod_start);
		return;
	}
	module.start = range.mod_start;
	module.size = range.mod_end - range.mod_start;
	parser->modules_in_total++;
	if (out->module_count < CONFIG_MAX_MODULES)
		out->modules[out->module_count++] = module;
}

static void read_memory_map_entry(struct parser *parser, const uint8_t *bytes, uint32_t number)
{
	struct memory_map_entry entry;

	memcpy(&entry, bytes, sizeof(entry));
	if (entry.length == 0)
		return;
	if (entry.length > UINT64_MAX - entry.base_addr) {
		PROBLEM(parser, ERROR_BOOT_INFORMATION,
			"memory map entry %u (base 0x%lx, length 0x%lx) wraps around", number,
			entry.base_addr, entry.length);
		return;
	}
	parser->map[parser->map_count++] = (struct boot_memory){
		.base = entry.base_addr,
		.size = entry.length,
		/* 0 is no type of the specification, and means a hole in our map. */
		.type = entry.type != 0 ? entry.type : BOOT_MEMORY_RESERVED,
	};
}

static void read_memory_map(struct parser *parser, const struct tag *tag)
{
	struct memory_map_tag header;

	if (tag->body_size < sizeof(header)) {
		PROBLEM(parser, ERROR_BOOT_INFORMATION, "memory map at offset %u has no entry size",
			tag->offset);
		return;
	}
	memcpy(&header, tag->body, sizeof(header));
	uint32_t size = tag->body_size - (uint32_t)sizeof(header);
	uint32_t entry_size = header.entry_size;
	if (entry_size < sizeof(struct memory_map_entry) || entry_size % 8 != 0 ||
	    size % entry_size != 0) {
		PROBLEM(parser, ERROR_BOOT_INFORMATION,
			"memory map has entries of %u bytes in a tag with %u bytes of entries",
			entry_size, size);
		return;
	}
	if (size / entry_size > BOOT_MEMORY_MAX) {
		PROBLEM(parser, ERROR_CAPACITY,
			"memory map has %u entries, this build takes %u: raise BOOT_MEMORY_MAX",
			size / entry_size, BOOT_MEMORY_MAX);
		return;
	}
	for (uint32_t i = 0; i < size / entry_size; i++)
		read_memory_map_entry(parser, tag->body + sizeof(header) + (size_t)i * entry_size,
				      i);
}

static void read_rsdp(struct parser *parser, const struct tag *tag)
{
	struct boot_information *out = parser->out;
	uint32_t least = tag->type == TAG_ACPI_NEW ? RSDP_NEW_SIZE : RSDP_OLD_SIZE;

	if (tag->body_size < least) {
		PROBLEM(parser, ERROR_BOOT_INFORMATION,
			"ACPI tag (type %u at offset %u) has %u bytes of RSDP, at least %u are needed",
			tag->type, tag->offset, tag->body_size, least);
		return;
	}
	/* The new one has both the RSDT and the XSDT; GRUB may give both tags. */
	if (parser->rsdp_tag > tag->type)
		return;
	parser->rsdp_tag = tag->type;
	memcpy(out->rsdp, tag->body, least);
	out->rsdp_size = least;
}

/* What is not in here carries nothing that the hypervisor needs. */
static const struct {
	void (*read)(struct parser *parser, const struct tag *tag);
	const char *name;
	bool repeatable;
} tag_readers[TAG_TYPES_KNOWN] = {
	[TAG_COMMAND_LINE] = {read_command_line, "command line", false},
	[TAG_BOOT_LOADER] = {read_boot_loader, "boot loader name", false},
	[TAG_MODULE] = {read_module, "module", true},
	[TAG_MEMORY_MAP] = {read_memory_map, "memory map", false},
	[TAG_ACPI_OLD] = {read_rsdp, "ACPI 1.0 RSDP", false},
	[TAG_ACPI_NEW] = {read_rsdp, "ACPI 2.0 RSDP", false},
};

static void read_tag(struct parser *parser, const struct tag *tag)
{
	if (tag->type >= TAG_TYPES_KNOWN || tag_readers[tag->type].read == NULL)
		return;
	if (parser->seen[tag->type] && !tag_readers[tag->type].repeatable) {
		PROBLEM(parser, ERROR_BOOT_INFORMATION, "second %s (tag type %u) at offset %u",
			tag_readers[tag->type].name, tag->type, tag->offset);
		return;
	}
	parser->seen[tag->type] = true;
	tag_readers[tag->type].read(parser, tag);
}

/* Stops at the end tag, or at the first tag whose size is wrong: nothing behind that can be found. */
static void read_tags(struct parser *parser, const uint8_t *information, uint32_t total_size)
{
	uint32_t offset = INFORMATION_HEADER_SIZE;

	while (total_size - offset >= TAG_HEADER_SIZE) {
		uint32_t type = read32(information + offset);
		uint32_t size = read32(information + offset + 4);

		if (size < TAG_HEADER_SIZE || size > total_size - offset) {
			PROBLEM(parser, ERROR_BOOT_INFORMATION,
				"tag type %u at offset %u has size %u, with %u bytes left", type,
				offset, size, total_size - offset);
			return;
		}
		if (type == TAG_END)
			return;
		read_tag(parser, &(struct tag){
					 .type = type,
					 .offset = offset,
					 .body = information + offset + TAG_HEADER_SIZE,
					 .body_size = size - TAG_HEADER_SIZE,
				 });
		/* total_size is a multiple of the alignment, so this does not go beyond it. */
		offset += (size + TAG_ALIGNMENT - 1) & ~(uint32_t)(TAG_ALIGNMENT - 1);
	}
	PROBLEM(parser, ERROR_BOOT_INFORMATION, "no end tag within total_size %u", total_size);
}

static void check_completeness(struct parser *parser)
{
	/* After another problem the tag may just not have been reached. */
	if (parser->map_count == 0 && parser->result == ERROR_OK)
		PROBLEM(parser, ERROR_BOOT_INFORMATION,
			"no memory map (tag type %u): without it no RAM is known", TAG_MEMORY_MAP);
	if (parser->modules_in_total > CONFIG_MAX_MODULES)
		PROBLEM(parser, ERROR_CAPACITY,
			"%u modules were loaded, this build takes %u: raise CONFIG_MAX_MODULES, or remove "
			"modules from grub.cfg",
			parser->modules_in_total, CONFIG_MAX_MODULES);
}

/* The total size, or 0 if there is nothing that could be read. */
static uint32_t information_size(struct parser *parser, const uint8_t *information, uint32_t magic)
{
	if (magic != MULTIBOOT2_BOOTLOADER_MAGIC) {
		PROBLEM(parser, ERROR_BOOT_INFORMATION,
			"EAX was 0x%x at the entry, not 0x%x: load Bulkhead with GRUB's multiboot2 command",
			magic, MULTIBOOT2_BOOTLOADER_MAGIC);
		return 0;
	}
	if (information == NULL || (uintptr_t)information % TAG_ALIGNMENT != 0) {
		PROBLEM(parser, ERROR_BOOT_INFORMATION,
			"boot information at 0x%lx, which is not an 8-byte-aligned address",
			(uintptr_t)information);
		return 0;
	}
	uint32_t total_size = read32(information);
	if (total_size < INFORMATION_HEADER_SIZE + TAG_HEADER_SIZE || total_size > TOTAL_SIZE_MAX ||
	    total_size % TAG_ALIGNMENT != 0) {
		PROBLEM(parser, ERROR_BOOT_INFORMATION,
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
