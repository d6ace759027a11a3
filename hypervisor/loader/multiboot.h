/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What guests of both multiboot protocols have in common: images, modules, entry. The formats are in
 * multiboot1.c (Multiboot Specification 0.6.96) and multiboot2.c (Multiboot2 Specification 2.0).
 */
#ifndef LOADER_MULTIBOOT_H
#define LOADER_MULTIBOOT_H

#include "loader/room.h"

/* Boot information of one VM, with all texts. */
#define MULTIBOOT_INFORMATION_MAX 8192

/* Addresses in the header itself, instead of those of an ELF file ("a.out kludge"). */
struct multiboot_addresses {
	uint32_t header_addr;
	uint32_t load_addr;
	uint32_t load_end_addr; /* 0: to the end of the file */
	uint32_t bss_end_addr;  /* 0: no .bss */
};

/* Where a module has been put. */
struct multiboot_module {
	uint32_t start, end;
	const char *string;
};

struct multiboot_image {
	const struct load_plan *plan;
	uint64_t header; /* offset in the file */
	struct room room;
	gpa_t end;   /* behind the image, where modules may begin */
	gpa_t entry; /* physical */
	struct multiboot_module modules[CONFIG_MAX_MODULES];
	uint8_t *information; /* MULTIBOOT_INFORMATION_MAX bytes of the VM's own, all zero */
	uint32_t length;      /* what has been written of it */
	gpa_t address;        /* where it will be */
};

/* The image is empty so far. `plan` outlives it. */
void multiboot_begin(struct multiboot_image *image, const struct load_plan *plan);

/*
 * Offset of the first of `words` checksummed 32-bit words that begin with `magic` at a multiple of
 * `alignment` and within `reach` bytes: sets image->header. ERROR_IMAGE_FORMAT, logged.
 */
enum error multiboot_find(struct multiboot_image *image, uint32_t magic, uint32_t words,
			  uint32_t alignment, uint64_t reach);

/*
 * Plan the image by its ELF headers, or by addresses and a physical entry of the multiboot header.
 * `entry` is NULL for the ELF file's own. Then the modules behind it, and a place for the boot
 * information. ERROR_IMAGE_*, logged.
 */
enum error multiboot_plan_elf(struct multiboot_image *image, const uint32_t *entry);
enum error multiboot_plan_addresses(struct multiboot_image *image,
				    const struct multiboot_addresses *addresses, uint32_t entry);
enum error multiboot_plan_modules(struct multiboot_image *image);

/* Room for `size` bytes of boot information, 8-byte aligned; NULL if it is full, which is logged. */
void *multiboot_reserve(struct multiboot_image *image, uint32_t size);
/* Guest-physical address of something that has been reserved. */
uint32_t multiboot_address(const struct multiboot_image *image, const void *reserved);
/* Copies a text with its NUL; its guest-physical address, or 0 if it is full, which is logged. */
uint32_t multiboot_text(struct multiboot_image *image, const char *text);

/* KiB of RAM from 0 and from 1 MiB on, up to the first hole. */
uint32_t multiboot_memory_lower(const struct vm_config *vm);
uint32_t multiboot_memory_upper(const struct vm_config *vm);

/* What GRUB says there: name and version. */
extern const char multiboot_loader_name[];

/* Plans the boot information and sets the entry: EAX is `magic`, EBX the information's address. */
enum error multiboot_finish(struct multiboot_image *image, uint32_t magic,
			    struct boot_entry *entry);

#endif
