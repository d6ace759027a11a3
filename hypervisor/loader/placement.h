/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loaders ask for: which bytes have to be where before the VMs start.
 *
 * GRUB puts the modules where it likes, which may well be where some VM's image has to go. So loading
 * has two steps. First the loaders of all VMs read the image headers where the modules lie and only
 * add entries to one list. Then module_place() (boot/modules.h) executes the whole list in an order
 * in which no module is overwritten before it has been copied. Until module_place() has returned no
 * VM's memory may be written.
 *
 * All entries of a list together must have disjoint destinations; module_place() refuses others.
 */
#ifndef LOADER_PLACEMENT_H
#define LOADER_PLACEMENT_H

#include "bulkhead/error.h"
#include "bulkhead/types.h"

enum placement_kind {
	PLACEMENT_MODULE, /* a piece of a module; may overlap its own destination and others' */
	PLACEMENT_BYTES,  /* bytes of the hypervisor image, which no destination overlaps */
	PLACEMENT_ZERO,   /* destination is filled with zeros */
};

struct placement {
	enum placement_kind kind;
	uint32_t module;   /* PLACEMENT_MODULE: index into scenario.modules */
	uint64_t offset;   /* PLACEMENT_MODULE: first byte within the module */
	const void *bytes; /* PLACEMENT_BYTES: stay as they are until module_place() has returned */
	hpa_t destination;
	uint64_t length; /* in bytes, never 0 */
};

/*
 * Enough for 16 pieces per module: an ELF image with several segments, each with a zero-filled tail,
 * or a Linux kernel with its parameters, command line and ACPI tables.
 */
#define PLACEMENT_CAPACITY (16 * CONFIG_MAX_MODULES)

/* All zeros is a valid empty list. */
struct placement_list {
	uint32_t count;
	struct placement entries[PLACEMENT_CAPACITY];
};

/*
 * Each adds one entry, or none if length is 0. The caller has checked that the destination is RAM of
 * the VM that it loads. Errors: ERROR_CAPACITY when the list is full (logged, names the Kconfig
 * symbol), ERROR_GUEST_ADDRESS when destination + length wraps.
 */
enum error placement_add(struct placement_list *list, const struct placement *placement);
enum error placement_add_copy(struct placement_list *list, uint32_t module, uint64_t offset,
			      uint64_t length, hpa_t destination);
enum error placement_add_bytes(struct placement_list *list, const void *constant_bytes,
			       uint64_t length, hpa_t destination);
enum error placement_add_zero(struct placement_list *list, uint64_t length, hpa_t destination);

#endif
