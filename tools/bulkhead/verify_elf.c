/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image file. libelf finds headers, sections and symbols; every number out of them is checked
 * against the file before it is used, because the file may be anything.
 */
#include <gelf.h>

#include "verify_internal.h"

#define SECTIONS_MAX 4096

static const char *const symbol_names[SYMBOL_COUNT] = {
	[SYMBOL_TABLES] = "scenario_tables",
	[SYMBOL_ENTRY] = "entry",
	[SYMBOL_IMAGE_START] = "image_start",
	[SYMBOL_TEXT_END] = "text_end",
	[SYMBOL_CONSTANTS_END] = "constants_end",
	[SYMBOL_IMAGE_END] = "image_end",
	[SYMBOL_CPU_AREAS] = "cpu_areas",
	[SYMBOL_OWNED_END] = "owned_end",
	[SYMBOL_MONITOR_START] = "monitor_start",
	[SYMBOL_MONITOR_END] = "monitor_end",
	[SYMBOL_MONITOR_HEADER] = "monitor_header",
	[SYMBOL_LOG_RINGS] = "log_rings",
	[SYMBOL_SEALED_START] = "sealed_start",
	[SYMBOL_SEALED_END] = "sealed_end",
	[SYMBOL_SHARED_START] = "shared_start",
	[SYMBOL_SHARED_END] = "shared_end",
	[SYMBOL_VMS] = "vms",
	[SYMBOL_VCPUS] = "vcpus",
	[SYMBOL_HYPERVISOR_BASE] = "HYPERVISOR_BASE",
	[SYMBOL_HYPERVISOR_SIZE] = "HYPERVISOR_SIZE",
};

const char *verify_symbol_name(enum verify_symbol_id id)
{
	return symbol_names[id];
}

static bool in_file(const struct verify_image *image, uint64_t offset, uint64_t size)
{
	return offset <= image->size && size <= image->size - offset;
}

/* --- Header ------------------------------------------------------------------------------------ */

/* NULL if it is one that GRUB takes for multiboot2 and the linker script makes. */
static const char *header_problem(const GElf_Ehdr *header)
{
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB)
		return "it is not a 64-bit little-endian ELF file";
	if (header->e_ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT)
		return "its ELF version is not 1";
	if (header->e_ident[EI_OSABI] != ELFOSABI_NONE || header->e_ident[EI_ABIVERSION] != 0)
		return "it is for an operating system";
	if (header->e_type != ET_EXEC)
		return "it is not an executable with fixed addresses";
	if (header->e_machine != EM_X86_64)
		return "it is not for x86-64";
	if (header->e_ehsize != sizeof(Elf64_Ehdr) || header->e_phentsize != sizeof(Elf64_Phdr) ||
	    header->e_shentsize != sizeof(Elf64_Shdr))
		return "its headers do not have the sizes of ELF64";
	if (header->e_shstrndx >= header->e_shnum)
		return "its sections have no names";
	if (header->e_flags != 0)
		return "it has processor flags, of which x86-64 knows none";
	return NULL;
}

static bool read_header(struct verify *verify, Elf *elf)
{
	struct verify_image *image = &verify->image;
	GElf_Ehdr header;
	const char *problem;

	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header)) {
		verify_report(verify, VERIFY_ELF, "it is not an ELF file");
		return false;
	}
	problem = header_problem(&header);
	if (!problem && (!in_file(image, header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr)) ||
			 !in_file(image, header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr))))
		problem = "its program or section headers go beyond the end of the file";
	if (problem) {
		verify_report(verify, VERIFY_ELF, "%s", problem);
		return false;
	}
	image->entry = header.e_entry;
	return true;
}

/* --- Segments ---------------------------------------------------------------------------------- */

static const char *segment_problem(const struct verify_image *image, const GElf_Phdr *header)
{
	if (!in_file(image, header->p_offset, header->p_filesz))
		return "goes beyond the end of the file";
	if (header->p_memsz == 0 || header->p_filesz > header->p_memsz)
		return "has no size in memory, or a larger one in the file";
	if (header->p_paddr + header->p_memsz < header->p_paddr)
		return "goes beyond the last address";
	if (header->p_paddr != header->p_vaddr)
		return "has different virtual and physical addresses";
	if (header->p_align < PAGE_SIZE_4K || header->p_align & (header->p_align - 1))
		return "is not aligned to pages";
	if (header->p_paddr % header->p_align != header->p_offset % header->p_align)
		return "is aligned differently in the file and in memory";
	if (!(header->p_flags & PF_R) || header->p_flags & ~(uint32_t)(PF_R | PF_W | PF_X))
		return "is not readable, or has unknown flags";
	return NULL;
}

static void read_segment(struct verify *verify, unsigned index, const GElf_Phdr *header)
{
	struct verify_image *image = &verify->image;
	const char *problem = segment_problem(image, header);

	if (problem) {
		verify_report(verify, VERIFY_ELF, "segment %u at 0x%" PRIx64 " %s", index,
			      header->p_paddr, problem);
		return;
	}
	image->segments[image->segment_count++] = (struct verify_segment){
		.address = header->p_paddr,
		.offset = header->p_offset,
		.file_size = header->p_filesz,
		.memory_size = header->p_memsz,
		.flags = header->p_flags,
	};
}

static void read_program_header(struct verify *verify, unsigned index, const GElf_Phdr *header)
{
	switch (header->p_type) {
	case PT_LOAD:
		read_segment(verify, index, header);
		break;
	case PT_GNU_STACK:
		verify->image.stack_count++;
		verify->image.stack_flags |= header->p_flags;
		break;
	default:
		verify_report(
			verify, VERIFY_ELF,
			"program header %u has type 0x%x, which the linker script does not make",
			index, header->p_type);
	}
}

static bool read_segments(struct verify *verify, Elf *elf)
{
	size_t count = 0;

	if (elf_getphdrnum(elf, &count) || count == 0 || count > VERIFY_SEGMENTS_MAX) {
		verify_report(verify, VERIFY_ELF, "it has no program headers, or more than %d",
			      VERIFY_SEGMENTS_MAX);
		return false;
	}
	for (unsigned i = 0; i < count; i++) {
		GElf_Phdr header;

		if (gelf_getphdr(elf, (int)i, &header))
			read_program_header(verify, i, &header);
		else
			verify_report(verify, VERIFY_ELF, "program header %u cannot be read", i);
	}
	return true;
}

/* --- Sections and symbols ---------------------------------------------------------------------- */

static enum verify_symbol_id find_symbol(const char *name)
{
	unsigned id = 0;

	while (id < SYMBOL_COUNT && strcmp(symbol_names[id], name) != 0)
		id++;
	return (enum verify_symbol_id)id;
}

static void read_symbols(struct verify *verify, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	uint64_t count = data ? header->sh_size / sizeof(Elf64_Sym) : 0;

	for (uint64_t i = 0; i < count && i <= INT32_MAX; i++) {
		GElf_Sym symbol;
		const char *name;

		if (!gelf_getsym(data, (int)i, &symbol))
			break;
		if (GELF_ST_BIND(symbol.st_info) != STB_GLOBAL || symbol.st_shndx == SHN_UNDEF)
			continue;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		enum verify_symbol_id id = name ? find_symbol(name) : SYMBOL_COUNT;
		if (id == SYMBOL_COUNT)
			continue;
		verify->image.symbols[id].count++;
		verify->image.symbols[id].value = symbol.st_value;
		verify->image.symbols[id].size = symbol.st_size;
	}
}

static void add_section(struct verify *verify, Elf *elf, size_t names, const GElf_Shdr *header)
{
	struct verify_image *image = &verify->image;
	const char *name = elf_strptr(elf, names, header->sh_name);

	*ARENA_PUSH(verify->arena, image->sections, image->section_count) = (struct verify_section){
		.name = verify_format(verify, "%.40s", name ? name : "?"),
		.address = header->sh_addr,
		.offset = header->sh_offset,
		.size = header->sh_size,
		.flags = header->sh_flags,
		.type = header->sh_type,
	};
}

static bool read_section(struct verify *verify, Elf *elf, size_t names, Elf_Scn *section)
{
	GElf_Shdr header;

	if (!gelf_getshdr(section, &header))
		return false;
	if (header.sh_type != SHT_NOBITS && header.sh_type != SHT_NULL &&
	    !in_file(&verify->image, header.sh_offset, header.sh_size))
		return false;
	if (header.sh_flags & SHF_ALLOC && header.sh_size != 0)
		add_section(verify, elf, names, &header);
	if (header.sh_type == SHT_SYMTAB) {
		if (header.sh_entsize != sizeof(Elf64_Sym))
			return false;
		read_symbols(verify, elf, section, &header);
	}
	return true;
}

static void read_sections(struct verify *verify, Elf *elf)
{
	Elf_Scn *section = NULL;
	size_t names = 0;
	unsigned index = 0;

	if (elf_getshdrstrndx(elf, &names))
		verify_report(verify, VERIFY_ELF, "its sections have no names");
	while ((section = elf_nextscn(elf, section)) != NULL && index < SECTIONS_MAX) {
		index++;
		if (!read_section(verify, elf, names, section))
			verify_report(
				verify, VERIFY_ELF,
				"section header %u is malformed, or its section goes beyond the end "
				"of the file",
				index);
	}
}

/* --- Whole ------------------------------------------------------------------------------------- */

void verify_read_elf(struct verify *verify)
{
	struct verify_image *image = &verify->image;
	Elf *elf = NULL;

	if (elf_version(EV_CURRENT) != EV_NONE && image->size != 0)
		/* Never written: the type is libelf's, which can also change files. */
		elf = elf_memory((char *)(uintptr_t)image->bytes, image->size);
	if (!elf) {
		verify_report(verify, VERIFY_ELF, "it is not an ELF file");
		return;
	}
	if (read_header(verify, elf) && read_segments(verify, elf)) {
		read_sections(verify, elf);
		image->readable = true;
	}
	elf_end(elf);
}

const struct verify_segment *verify_segment_of(const struct verify_image *image, uint64_t address)
{
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct verify_segment *segment = &image->segments[i];

		if (address >= segment->address && address - segment->address < segment->file_size)
			return segment;
	}
	return NULL;
}

const uint8_t *verify_bytes(const struct verify_image *image, uint64_t address)
{
	const struct verify_segment *segment = verify_segment_of(image, address);

	return image->bytes + segment->offset + (address - segment->address);
}

const char *verify_read_only(const struct verify_image *image, uint64_t address, uint64_t size,
			     uint64_t alignment)
{
	const struct verify_segment *segment = verify_segment_of(image, address);

	if (address % alignment)
		return "is not aligned";
	if (!segment)
		return "is nowhere in the image";
	if (size > segment->file_size - (address - segment->address))
		return "goes beyond the end of its segment";
	if (segment->flags & PF_W)
		return "is in a writable segment";
	return NULL;
}
