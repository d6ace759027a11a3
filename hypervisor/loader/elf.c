/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF images (System V ABI, chapters 4 and 5), 32 and 64 bits, loaded by the physical addresses of
 * their PT_LOAD segments. Both classes are brought into the 64-bit form first, so that there is one
 * set of checks.
 */
#include "loader/elf_image.h"

#include "lib/string.h"
#include "vm/guest_memory.h"

/* Program headers of all kinds that are looked at. */
#define HEADERS_MAX 64

static enum error check_identity(const struct load_plan *plan, const unsigned char *identity)
{
	if (memcmp(identity, ELFMAG, SELFMAG) != 0)
		return plan_refuse(plan, ERROR_IMAGE_FORMAT,
				   "it begins with %02x %02x %02x %02x, which is not ELF; set "
				   "boot-protocol to what it is",
				   identity[0], identity[1], identity[2], identity[3]);
	if (identity[EI_CLASS] != ELFCLASS32 && identity[EI_CLASS] != ELFCLASS64)
		return plan_refuse(plan, ERROR_IMAGE_FORMAT, "EI_CLASS is %u, not 1 or 2",
				   identity[EI_CLASS]);
	if (identity[EI_DATA] != ELFDATA2LSB)
		return plan_refuse(plan, ERROR_IMAGE_FORMAT, "EI_DATA is %u, not little-endian",
				   identity[EI_DATA]);
	return ERROR_OK;
}

static enum error check_kind(const struct load_plan *plan, uint16_t type, uint16_t machine,
			     uint16_t wanted)
{
	if (machine != wanted)
		return plan_refuse(plan, ERROR_IMAGE_FORMAT,
				   "e_machine is %u, not %u; build it for x86", machine, wanted);
	if (type != ET_EXEC && type != ET_DYN)
		return plan_refuse(plan, ERROR_IMAGE_FORMAT,
				   "e_type is %u, not an executable; link it", type);
	return ERROR_OK;
}

static enum error check_headers(const struct elf_image *elf, uint32_t smallest)
{
	if (elf->header_size < smallest)
		return plan_refuse(elf->plan, ERROR_IMAGE_FORMAT, "e_phentsize is %u, less than %u",
				   elf->header_size, smallest);
	if (elf->header_count == 0 || elf->header_count > HEADERS_MAX)
		return plan_refuse(elf->plan, ERROR_IMAGE_FORMAT,
				   "e_phnum is %u, not 1 to %u; link it with fewer segments",
				   elf->header_count, HEADERS_MAX);
	return ERROR_OK;
}

static enum error read_header_32(struct elf_image *elf)
{
	Elf32_Ehdr header;
	enum error error =
		plan_read(elf->plan, elf->module, "the ELF header", 0, &header, sizeof(header));

	if (error != ERROR_OK)
		return error;
	elf->entry = header.e_entry;
	elf->header_offset = header.e_phoff;
	elf->header_size = header.e_phentsize;
	elf->header_count = header.e_phnum;
	error = check_kind(elf->plan, header.e_type, header.e_machine, EM_386);
	return error != ERROR_OK ? error : check_headers(elf, sizeof(Elf32_Phdr));
}

static enum error read_header_64(struct elf_image *elf)
{
	Elf64_Ehdr header;
	enum error error =
		plan_read(elf->plan, elf->module, "the ELF header", 0, &header, sizeof(header));

	if (error != ERROR_OK)
		return error;
	elf->entry = header.e_entry;
	elf->header_offset = header.e_phoff;
	elf->header_size = header.e_phentsize;
	elf->header_count = header.e_phnum;
	error = check_kind(elf->plan, header.e_type, header.e_machine, EM_X86_64);
	return error != ERROR_OK ? error : check_headers(elf, sizeof(Elf64_Phdr));
}

static enum error read_header(struct elf_image *elf)
{
	unsigned char identity[EI_NIDENT];
	enum error error = plan_read(elf->plan, elf->module, "the ELF identification", 0, identity,
				     sizeof(identity));

	if (error == ERROR_OK)
		error = check_identity(elf->plan, identity);
	if (error != ERROR_OK)
		return error;
	elf->is_64bit = identity[EI_CLASS] == ELFCLASS64;
	return elf->is_64bit ? read_header_64(elf) : read_header_32(elf);
}

static Elf64_Phdr widen(const Elf32_Phdr *narrow)
{
	return (Elf64_Phdr){
		.p_type = narrow->p_type,
		.p_flags = narrow->p_flags,
		.p_offset = narrow->p_offset,
		.p_vaddr = narrow->p_vaddr,
		.p_paddr = narrow->p_paddr,
		.p_filesz = narrow->p_filesz,
		.p_memsz = narrow->p_memsz,
	};
}

static enum error read_program_header(const struct elf_image *elf, uint32_t index, Elf64_Phdr *wide)
{
	uint64_t distance = (uint64_t)index * elf->header_size;
	Elf32_Phdr narrow;
	enum error error;

	if (elf->header_offset > UINT64_MAX - distance)
		return plan_refuse(elf->plan, ERROR_IMAGE_TRUNCATED,
				   "e_phoff is 0x%lx; build it again", elf->header_offset);
	if (elf->is_64bit)
		return plan_read(elf->plan, elf->module, "a program header",
				 elf->header_offset + distance, wide, sizeof(*wide));
	error = plan_read(elf->plan, elf->module, "a program header", elf->header_offset + distance,
			  &narrow, sizeof(narrow));
	if (error == ERROR_OK)
		*wide = widen(&narrow);
	return error;
}

/* Memory permissions that a segment's flags ask for. */
static uint32_t segment_permissions(const Elf64_Phdr *segment)
{
	uint32_t permissions = 0;

	if (segment->p_flags & PF_R)
		permissions |= MEMORY_READ;
	if (segment->p_flags & PF_W)
		permissions |= MEMORY_WRITE;
	if (segment->p_flags & PF_X)
		permissions |= MEMORY_EXECUTE;
	return permissions;
}

static enum error check_segment(const struct elf_image *elf, uint32_t index,
				const Elf64_Phdr *segment)
{
	uint64_t file_size = elf->plan->images[elf->module].size;

	if (segment->p_filesz > segment->p_memsz)
		return plan_refuse(elf->plan, ERROR_IMAGE_FORMAT,
				   "program header %u: p_filesz 0x%lx is more than p_memsz 0x%lx",
				   index, segment->p_filesz, segment->p_memsz);
	if (segment->p_offset > file_size || segment->p_filesz > file_size - segment->p_offset)
		return plan_refuse(
			elf->plan, ERROR_IMAGE_TRUNCATED,
			"program header %u: 0x%lx bytes at offset 0x%lx, the file has 0x%lx", index,
			segment->p_filesz, segment->p_offset, file_size);
	if (!guest_is_ram(elf->plan->vm, segment->p_paddr, segment->p_memsz,
			  segment_permissions(segment)))
		return plan_refuse(elf->plan, ERROR_IMAGE_OUTSIDE_RAM,
				   "program header %u: 0x%lx bytes at p_paddr 0x%lx; give the VM "
				   "memory there with access \"%s%s%s\"",
				   index, segment->p_memsz, segment->p_paddr,
				   segment->p_flags & PF_R ? "r" : "",
				   segment->p_flags & PF_W ? "w" : "",
				   segment->p_flags & PF_X ? "x" : "");
	return ERROR_OK;
}

/* Neither range wraps: check_segment() has found both in RAM. */
static bool overlap(const Elf64_Phdr *a, const Elf64_Phdr *b)
{
	if (a->p_paddr <= b->p_paddr)
		return b->p_paddr - a->p_paddr < a->p_memsz;
	return a->p_paddr - b->p_paddr < b->p_memsz;
}

static enum error add_segment(struct elf_image *elf, uint32_t index, const Elf64_Phdr *segment)
{
	enum error error = check_segment(elf, index, segment);

	if (error != ERROR_OK)
		return error;
	if (elf->segment_count == ELF_SEGMENTS_MAX)
		return plan_refuse(elf->plan, ERROR_IMAGE_FORMAT,
				   "more than %u loaded segments; link it with fewer",
				   ELF_SEGMENTS_MAX);
	for (uint32_t i = 0; i < elf->segment_count; i++) {
		if (overlap(&elf->segments[i], segment))
			return plan_refuse(
				elf->plan, ERROR_IMAGE_OVERLAP,
				"segments at p_paddr 0x%lx and 0x%lx (program header %u)",
				elf->segments[i].p_paddr, segment->p_paddr, index);
	}
	elf->segments[elf->segment_count++] = *segment;
	return ERROR_OK;
}

static enum error read_segments(struct elf_image *elf)
{
	for (uint32_t i = 0; i < elf->header_count; i++) {
		Elf64_Phdr segment = {0};
		enum error error = read_program_header(elf, i, &segment);

		if (error == ERROR_OK && segment.p_type == PT_LOAD && segment.p_memsz > 0)
			error = add_segment(elf, i, &segment);
		if (error != ERROR_OK)
			return error;
	}
	if (elf->segment_count == 0)
		return plan_refuse(elf->plan, ERROR_IMAGE_FORMAT,
				   "no PT_LOAD segment; link it as an executable");
	return ERROR_OK;
}

enum error elf_plan_segments(const struct elf_image *elf)
{
	for (uint32_t i = 0; i < elf->segment_count; i++) {
		const Elf64_Phdr *s = &elf->segments[i];
		enum error error = plan_copy(elf->plan, "a segment", elf->module, s->p_offset,
					     s->p_filesz, s->p_paddr, 0);

		if (error == ERROR_OK)
			error = plan_zero(elf->plan, "a segment's .bss", s->p_memsz - s->p_filesz,
					  s->p_paddr + s->p_filesz, 0);
		if (error != ERROR_OK)
			return error;
	}
	return ERROR_OK;
}

/* The executable segment that holds `address`, by p_vaddr or p_paddr; NULL if there is none. */
static const Elf64_Phdr *segment_at(const struct elf_image *elf, uint64_t address, bool is_virtual)
{
	for (uint32_t i = 0; i < elf->segment_count; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];
		uint64_t start = is_virtual ? segment->p_vaddr : segment->p_paddr;

		if ((segment->p_flags & PF_X) && address - start < segment->p_memsz)
			return segment;
	}
	return NULL;
}

/*
 * e_entry is virtual by the book. Kernels that are linked high and start without paging often give the
 * physical address instead, as Linux' vmlinux does.
 */
gpa_t elf_entry(const struct elf_image *elf)
{
	const Elf64_Phdr *segment = segment_at(elf, elf->entry, true);

	return segment == NULL ? elf->entry : elf->entry - segment->p_vaddr + segment->p_paddr;
}

static enum error set_entry(const struct elf_image *elf, struct boot_entry *entry)
{
	const struct vcpu_config *bsp = &elf->plan->vm->vcpus[0];

	entry->mode = bsp->mode;
	entry->rip = bsp->entry == ENTRY_NONE ? elf_entry(elf) : bsp->entry;
	plan_start_registers(elf->plan, entry);
	if (segment_at(elf, entry->rip, false) == NULL)
		return plan_refuse(elf->plan, ERROR_IMAGE_FORMAT,
				   "entry 0x%lx is in none of its executable segments; correct "
				   "bsp-entry or the image",
				   entry->rip);
	if (entry->rip > UINT32_MAX)
		return plan_refuse(elf->plan, ERROR_IMAGE_FORMAT,
				   "entry 0x%lx is above 4 GiB, where 32-bit code cannot start",
				   entry->rip);
	return ERROR_OK;
}

enum error elf_read(const struct load_plan *plan, uint32_t module, struct elf_image *elf)
{
	enum error error;

	*elf = (struct elf_image){.plan = plan, .module = module};
	error = read_header(elf);
	return error != ERROR_OK ? error : read_segments(elf);
}

bool elf_is_code(const struct elf_image *elf, gpa_t address)
{
	return segment_at(elf, address, false) != NULL;
}

enum error elf_plan(const struct load_plan *plan, struct boot_entry *entry)
{
	struct elf_image elf;
	enum error error = elf_read(plan, plan->vm->boot.image, &elf);

	if (error == ERROR_OK)
		error = set_entry(&elf, entry);
	if (error == ERROR_OK)
		error = elf_plan_segments(&elf);
	return error;
}
