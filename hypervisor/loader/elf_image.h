/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of an ELF file, for the loaders of all protocols whose images may be one. */
#ifndef LOADER_ELF_IMAGE_H
#define LOADER_ELF_IMAGE_H

#include <elf.h>

#include "loader/plan.h"

/* More loaded segments than any linker makes; bounds the comparison of each with each. */
#define ELF_SEGMENTS_MAX 16

struct elf_image {
	const struct load_plan *plan;
	uint32_t module;
	bool is_64bit;
	uint64_t entry;         /* e_entry, see elf_entry() */
	uint64_t header_offset; /* of the first program header */
	uint32_t header_size;   /* of each */
	uint32_t header_count;
	uint32_t segment_count;
	/* PT_LOAD with p_memsz > 0: inside the file, in RAM of the VM, and apart from each other. */
	Elf64_Phdr segments[ELF_SEGMENTS_MAX + 1]; /* the last one only while it is looked at */
};

/* Reads and checks header and segments; nothing is planned yet. ERROR_IMAGE_*, all logged. */
enum error elf_read(const struct load_plan *plan, uint32_t module, struct elf_image *elf);

/* Plans all segments at their physical addresses, with zeros up to p_memsz. */
enum error elf_plan_segments(const struct elf_image *elf);

/* Physical address of the entry in the header. It may be anything: see elf_is_code(). */
gpa_t elf_entry(const struct elf_image *elf);

/* Whether the physical address lies in a segment that is to be executed. */
bool elf_is_code(const struct elf_image *elf, gpa_t address);

#endif
