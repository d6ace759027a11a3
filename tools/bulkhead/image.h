/* SPDX-License-Identifier: Apache-2.0 */
/* What the file that a VM starts from says about itself; for the rules on images. */
#ifndef BULKHEAD_TOOL_IMAGE_H
#define BULKHEAD_TOOL_IMAGE_H

#include "rules.h"

struct image_segment {
	unsigned number; /* of its program header */
	uint64_t address, memory_size;
	uint32_t permissions;
};

struct image {
	const struct vm *vm;
	const char *path;
	uint64_t size;
	/* NULL if there is none; with the first, nothing below is known. */
	const char *format_problem;
	const char *content_problem;

	/* ELF */
	struct image_segment *segments;
	unsigned segment_count;
	uint64_t entry; /* physical */

	/* Linux; the segments of a vmlinux are above */
	bool is_elf;
	uint64_t preferred;   /* where the kernel wants to be */
	uint64_t kernel_size; /* from there, until it reads the memory map */
	bool kernel_fits;
	uint32_t command_line_size;
	const char *ramdisk_path;
	uint64_t ramdisk_size; /* 0: none, or its file is missing */
	uint64_t ramdisk_limit;
	bool ramdisk_fits;
};

/* Calls look for every VM whose image is there; not at all without --modules. */
void each_image(struct check *check, void (*look)(struct check *check, const struct image *image));

/* The path of a module's file, for messages and to open it. */
const char *module_path(struct check *check, const struct module *module);

#endif
