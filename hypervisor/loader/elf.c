/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF images (System V ABI, chapters 4 and 5), 32 and 64 bits, loaded by the physical addresses of
 * their PT_LOAD segments. Both classes are brought into the 64-bit form first, so that there is one
 * set of checks.
 */
#include "loader/elf_image.h"

#include "lib/string.h"
#include "vm/guest_memory.h"

_Static_assert(offsetof(Elf32_Ehdr, e_type) == offsetof(Elf64_Ehdr, e_type) &&
		       offsetof(Elf32_Ehdr, e_machine) == offsetof(Elf64_Ehdr, e_machine),
	       "what check_kind() takes for granted");

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

/* The fields up to e_version are in the same places in both classes. */
static enum error check_kind(const struct elf_image *elf, const Elf32_Ehdr *header)
{
	uint32_t wanted = elf->is_64bit ? EM_X86_64 : EM_386;

	if (header->e_machine != wanted)
		return plan_refuse(elf->plan, ERROR_IMAGE_FORMAT,
				   "e_machine is %u, not %u; build it for x86", header->e_machine,
				   wanted);
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
		return plan_refuse(elf->plan, ERROR_IMAGE_FORMAT,
				   "e_type is %u, not an executable; link it", header->e_type);
	return ERROR_OK;
}

static enum error check_headers(const struct elf_image *elf)
{
	uint32_t smallest = elf->is_64bit ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	if (elf->header_size < smallest)
		return plan_refuse(elf->plan, ERROR_IMAGE_FORMAT, "e_phentsize is %u, less than %u",
				   elf->header_size, smallest);
	if (elf->header_count == 0 || elf->header_count > HEADERS_MAX)
		return plan_refuse(elf->plan, ERROR_IMAGE_FORMAT,
				   "e_phnum is %u, not 1 to %u; link it with fewer segments",
				   elf->header_count, HEADERS_MAX);
	return ERROR_OK;
}

static void take_header_32(struct elf_image *elf, const Elf32_Ehdr *header)
{
	elf->entry = header->e_entry;
	elf->header_offset = header->e_phoff;
	elf->header_size = header->e_phentsize;
	elf->header_count = header->e_phnum;
}

static void take_header_64(struct elf_image *elf, const Elf64_Ehdr *header)
{
	elf->entry = header->e_entry;
	elf->header_offset = header->e_phoff;
	elf->header_size = header->e_phentsize;
	elf->header_count = header->e_phnum;
}

static enum error read_header(struct elf_image *elf)
{
	/* Static, because the stack is small; only the BSP loads images. */
	static union {
		unsigned char identity[EI_NIDENT];
		Elf32_Ehdr narrow;
		Elf64_Ehdr wide;
	} header;
	enum error error = plan_read(elf->plan, elf->module, "the ELF identification", 0, &header,
				     sizeof(header.identity));

	if (error == ERROR_OK)
		error = check_identity(elf->plan, header.identity);
	if (error != ERROR_OK)
		return error;
	elf->is_64bit = header.identity[EI_CLASS] == ELFCLASS64;
	error = plan_read(elf->plan, elf->module, "the ELF header", 0, &header,
			  elf->is_64bit ? sizeof(header.wide) : sizeof(header.narrow));
	if (error != ERROR_OK)
		return error;
	if (elf->is_64bit)
		take_header_64(elf, &header.wide);
	else
		take_header_32(elf, &header.narrow);
	error = check_kind(elf, &header.narrow);
	return error != ERROR_OK ? error : check_headers(elf);
}

static void widen(const Elf32_Phdr *narrow, Elf64_Phdr *wide)
{
	wide->p_type = narrow->p_type;
	wide->p_flags = narrow->p_flags;
	wide->p_offset = narrow->p_offset;
	wide->p_vaddr = narrow->p_vaddr;
	wide->p_paddr = narrow->p_paddr;
	wide->p_filesz = narrow->p_filesz;
	wide->p_memsz = narrow->p_memsz;
}

static enum error read_program_header(const struct elf_image *elf, uint32_t index, Elf64_Phdr *wide)
{
	uint64_t distance = (uint64_t)index * elf->header_size;
	static Elf32_Phdr narrow; /* as above */
	enum error error;

	if (elf->header_offset > UINT64_MAX - distance)
		return plan_refuse(elf->plan, ERROR_IMAGE_TRUNCATED,
				   "e_phoff is 0x%lx; build it again", elf->header_offset);
	error = plan_read(elf->plan, elf->module, "a program header", elf->header_offset + distance,
			  elf->is_64bit ? (void *)wide : &narrow,
			  elf->is_64bit ? sizeof(*wide) : sizeof(narrow));
	if (error == ERROR_OK && !elf->is_64bit)
		widen(&narrow, wide);
	return error;
}

/* Memory permissions that a segment asks for, and their letters, by PF_R, PF_W and PF_X of its flags. */
static const uint8_t permissions_of[] = {
	[PF_R] = MEMORY_READ,
	[PF_W] = MEMORY_WRITE,
	[PF_X] = MEMORY_EXECUTE,
	[PF_R | PF_W] = MEMORY_READ | MEMORY_WRITE,
	[PF_R | PF_X] = MEMORY_READ | MEMORY_EXECUTE,
	[PF_W | PF_X] = MEMORY_WRITE | MEMORY_EXECUTE,
	[PF_R | PF_W | PF_X] = MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE,
};
static const char letters_of[][4] = {
	[PF_R] = "r",
	[PF_W] = "w",
	[PF_X] = "x",
	[PF_R | PF_W] = "rw",
	[PF_R | PF_X] = "rx",
	[PF_W | PF_X] = "wx",
	[PF_R | PF_W | PF_X] = "rwx",
};

static enum error check_segment(const struct elf_image *elf, uint32_t index,
				const Elf64_Phdr *segment)
{
	uint64_t file_size = elf->plan->images[elf->module].size;
	uint32_t access = segment->p_flags & (PF_R | PF_W | PF_X);

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
			  permissions_of[access]))
		return plan_refuse(elf->plan, ERROR_IMAGE_OUTSIDE_RAM,
				   "program header %u: 0x%lx bytes at p_paddr 0x%lx; give the VM "
				   "memory there with access \"%s\"",
				   index, segment->p_memsz, segment->p_paddr, letters_of[access]);
	return ERROR_OK;
}

/* Neither range wraps: check_segment() has found both in RAM. */
static bool overlap(const Elf64_Phdr *a, const Elf64_Phdr *b)
{
	return a->p_paddr < b->p_paddr + b->p_memsz && b->p_paddr < a->p_paddr + a->p_memsz;
}

/* Apart from those before it. */
static enum error check_alone(const struct elf_image *elf, uint32_t index,
			      const Elf64_Phdr *segment)
{
	for (const Elf64_Phdr *other = elf->segments; other < segment; other++) {
		if (overlap(other, segment))
			return plan_refuse(
				elf->plan, ERROR_IMAGE_OVERLAP,
				"segments at p_paddr 0x%lx and 0x%lx (program header %u)",
				other->p_paddr, segment->p_paddr, index);
	}
	return ERROR_OK;
}

/* Each program header is read to where the next segment is kept; it stays there if it is to be loaded. */
static enum error read_segment(struct elf_image *elf, uint32_t index)
{
	Elf64_Phdr *segment = &elf->segments[elf->segment_count];
	enum error error = read_program_header(elf, index, segment);

	if (error != ERROR_OK || segment->p_type != PT_LOAD || segment->p_memsz == 0)
		return error;
	error = check_segment(elf, index, segment);
	if (error != ERROR_OK)
		return error;
	if (elf->segment_count == ELF_SEGMENTS_MAX)
		return plan_refuse(elf->plan, ERROR_IMAGE_FORMAT,
				   "more than %u loaded segments; link it with fewer",
				   ELF_SEGMENTS_MAX);
	elf->segment_count++;
	return check_alone(elf, index, segment);
}

static enum error read_segments(struct elf_image *elf)
{
	for (uint32_t i = 0; i < elf->header_count; i++) {
		enum error error = read_segment(elf, i);

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
