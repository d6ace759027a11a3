/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loaders of all protocols share: planning one VM's memory, with every destination checked
 * and every refusal reported in the same form.
 */
#ifndef LOADER_PLAN_H
#define LOADER_PLAN_H

#include "lib/optional.h"
#include "loader/loader.h"

struct load_plan {
	const struct scenario *scenario;
	const struct vm_config *vm;
	const struct module_image *images; /* by scenario->modules */
	struct placement_list *list;
};

/* Each plans one image; see loader_plan(). */
enum error raw_plan(const struct load_plan *plan, struct boot_entry *entry) OPTIONAL;
enum error elf_plan(const struct load_plan *plan, struct boot_entry *entry) OPTIONAL;
enum error linux_plan(const struct load_plan *plan, struct boot_entry *entry) OPTIONAL;
enum error multiboot1_plan(const struct load_plan *plan, struct boot_entry *entry) OPTIONAL;
enum error multiboot2_plan(const struct load_plan *plan, struct boot_entry *entry) OPTIONAL;
enum error rom_plan(const struct load_plan *plan, struct boot_entry *entry) OPTIONAL;

/*
 * Logs why VM and image are refused: `VM "rt", image "rt": <text of error>: <fmt ...>`, and returns
 * `error`. The text names the offending value and the way out.
 */
enum error plan_refuse(const struct load_plan *plan, enum error error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Add placements to guest-physical `to`; `what` names the bytes in messages. The range must be RAM of
 * the VM that grants `permissions` (OR of enum memory_permission), in one or several regions.
 * Length 0 adds nothing. ERROR_IMAGE_OUTSIDE_RAM, ERROR_CAPACITY.
 */
enum error plan_copy(const struct load_plan *plan, const char *what, uint32_t module,
		     uint64_t offset, uint64_t length, gpa_t to, uint32_t permissions);
enum error plan_bytes(const struct load_plan *plan, const char *what, const void *bytes,
		      uint64_t length, gpa_t to);
enum error plan_zero(const struct load_plan *plan, const char *what, uint64_t length, gpa_t to,
		     uint32_t permissions);

/*
 * Copies [offset, offset + size) of a module into *header. ERROR_IMAGE_TRUNCATED if the module ends
 * before; `what` names the header.
 */
enum error plan_read(const struct load_plan *plan, uint32_t module, const char *what,
		     uint64_t offset, void *header, size_t size);

/* Tables of a VM (blobs), and code at the reset vector of one of the Linux protocol, or with tables. */
enum error plan_platform(const struct load_plan *plan) OPTIONAL;

/* Registers of a guest that starts at an entry of its own (bulkhead/platform.h), for the BSP. */
void plan_start_registers(const struct load_plan *plan, struct boot_entry *entry);

#endif
