/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real images for the tests of the verifier: tables compiled as the Makefile compiles them, linked by
 * the hypervisor's own linker script behind its own entry code, with a stub for the rest. And a way to
 * find things in them that shares nothing with the verifier.
 */
#ifndef TOOL_VERIFY_IMAGE_H
#define TOOL_VERIFY_IMAGE_H

#include "arena.h"
#include "model.h"

/* An ELF file in memory, to be changed at will. */
struct image {
	uint8_t *bytes;
	size_t size;
};

/* The scenario through reader, placement and emitters; its model too. */
struct image image_of_scenario(struct arena *arena, const char *scenario, struct model *model);
/* Tables written by hand (verify_rich_tables.c). */
struct image image_of_rich_tables(struct arena *arena);
struct image image_copy(struct arena *arena, const struct image *image);

/* What a loader would put at the address. Fails the test if the file does not have it. */
void *image_at(const struct image *image, uint64_t address);
#define AT(image, pointer) image_at((image), (uint64_t)(pointer))

struct scenario *image_scenario(const struct image *image);
struct vm_config *image_vm(const struct image *image, unsigned index);

/* The entry of that level (1: page table) that the guest address goes through. */
uint64_t *image_ept_entry(const struct image *image, unsigned vm, gpa_t guest, unsigned level);

/* The same of the hypervisor's own page tables on a core. */
uint64_t *image_host_entry(const struct image *image, unsigned core, hpa_t address, unsigned level);

/* Raw headers; fail the test if there is none. */
void *image_elf_header(const struct image *image);              /* Elf64_Ehdr */
void *image_segment(const struct image *image, uint32_t flags); /* Elf64_Phdr of a PT_LOAD */
void *image_stack_header(const struct image *image);            /* Elf64_Phdr of PT_GNU_STACK */
void *image_section(const struct image *image, const char *name);
void *image_symbol(const struct image *image, const char *name);
uint8_t *image_multiboot(const struct image *image);

/* An object that tables.c defines. */
struct image_object {
	const char *name;
	uint64_t address, size;
};
/* All of them, from the symbol table: also those that nothing points to. */
struct image_object *image_objects(struct arena *arena, const struct image *image, unsigned *count);

#endif
