/* SPDX-License-Identifier: Apache-2.0 */
/* A Linux kernel while it is read, placed and planned; shared by the files of its loader. */
#ifndef LOADER_LINUX_IMAGE_H
#define LOADER_LINUX_IMAGE_H

#include "loader/elf_image.h"
#include "loader/linux_boot.h"

/* Before it has page tables of its own a kernel runs, reads and writes wherever it has been put. */
#define LINUX_KERNEL_PERMISSIONS (MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE)

struct linux_image {
	const struct load_plan *plan;
	struct linux_setup_header header; /* of a vmlinux: made up (linux_elf.c) */
	bool is_64bit;                    /* entered in long mode */
	bool is_elf;                      /* vmlinux: `elf` is what is loaded */
	struct elf_image elf;
	uint64_t offset;       /* of the protected-mode part in the file; bzImage only */
	uint64_t size;         /* of the same */
	uint32_t alignment;    /* that the kernel has to keep */
	gpa_t load;            /* where it goes */
	uint64_t entry_offset; /* where it begins to run, from there */
	gpa_t end;             /* behind the memory that it needs to begin */
	gpa_t ramdisk;
	uint64_t ramdisk_size; /* 0: none */
};

/*
 * Choose addresses in RAM of the VM, below 4 GiB, for a kernel whose header has been checked, and for
 * the ramdisk of a kernel that has its place. ERROR_IMAGE_OUTSIDE_RAM, logged.
 */
enum error linux_place_kernel(struct linux_image *kernel);
enum error linux_place_ramdisk(struct linux_image *kernel);

/* Whether the image is an ELF file, thus no bzImage; and the reader of those. */
bool linux_is_elf(const struct load_plan *plan);
enum error linux_read_elf(struct linux_image *kernel);

/* Plans page tables at PLATFORM_BOOT_PAGE_TABLES_GPA that map the first 4 GiB one to one. */
enum error linux_plan_page_tables(const struct load_plan *plan);

#endif
