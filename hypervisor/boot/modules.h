/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest images on their way from where GRUB put them to where the VMs want them.
 */
#ifndef BOOT_MODULES_H
#define BOOT_MODULES_H

#include "boot/multiboot2.h"
#include "bulkhead/tables.h"
#include "loader/placement.h"

/* Where a module lies. Indexed by scenario.modules, not by GRUB's order. */
struct module_image {
	hpa_t start; /* read it through host_pointer() */
	uint64_t size;
};

/*
 * Finds the scenario's modules by name; `images` has room for CONFIG_MAX_MODULES. machine_check() has
 * listed what is missing before; here it is ERROR_MODULE_MISSING.
 */
enum error modules_find(const struct scenario *scenario, const struct boot_information *boot,
			struct module_image *images);

struct memory_span {
	hpa_t base;
	uint64_t size;
};

/* What module_place() works with. */
struct module_placer {
	const struct module_image *images;
	uint32_t image_count;
	const struct boot_memory *memory; /* the machine's map, as in struct boot_information */
	uint32_t memory_count;
	/* Not touched for any purpose: the hypervisor's memory, the page that starts cores. */
	const struct memory_span *busy;
	uint32_t busy_count;
	/* RAM from here on is not used to move anything aside (it may not be mapped yet). */
	hpa_t aside_end;
};

/*
 * Executes the placements of all VMs: first all copies of modules, then constant bytes and zeros. In
 * the end every destination holds what its placement says, wherever the modules were. What is left of
 * the modules outside of all destinations is overwritten with zeros, so that no VM finds the image of
 * another in its memory; the modules are gone then.
 *
 * Runs once, on the BSP, before any VM starts. Every problem is logged. Errors, nothing is written
 * then: ERROR_IMAGE_TRUNCATED (a placement goes beyond its module), ERROR_IMAGE_OVERLAP (two
 * destinations overlap each other, or one overlaps busy memory). ERROR_MODULE_PLACE (images have to
 * swap places, but no free stretch of RAM takes the smallest of them): destinations hold anything.
 */
enum error module_place(const struct module_placer *placer, const struct placement_list *list);

#endif
