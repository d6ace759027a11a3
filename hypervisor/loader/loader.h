/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest images. For each VM a loader reads the headers of its image where GRUB put it, checks them,
 * and says which bytes have to go where (placement.h) and in which state the BSP begins.
 *
 * Nothing of an image is trusted: a bad one is refused with a line in the log that names the VM, the
 * image, the offending value and the way out. Everything ends up in RAM of the VM itself.
 */
#ifndef LOADER_LOADER_H
#define LOADER_LOADER_H

#include "boot/modules.h"
#include "bulkhead/error.h"
#include "bulkhead/tables.h"
#include "loader/placement.h"
#include "vm/registers.h"

/* Flat descriptors of a guest that starts with a GDT: 4 GiB, 32-bit (Linux' __BOOT_CS, __BOOT_DS). */
#define LOADER_CODE_SELECTOR 0x10
#define LOADER_DATA_SELECTOR 0x18

/* State in which the BSP of a VM begins. What is not here is as after INIT, or decided by `mode`. */
struct boot_entry {
	enum entry_mode mode;
	gpa_t rip;
	struct guest_registers registers; /* initial values; RSP 0 */
	gpa_t gdt_base;                   /* in guest memory */
	uint16_t gdt_limit;               /* 0: the guest gets no GDT */
	gpa_t page_table;                 /* CR3 of ENTRY_LONG, in guest memory */
};

/*
 * Plans one VM: adds its placements to `list` and fills *entry.
 *
 * `images` has one element per scenario->modules; it and the modules stay where they are until
 * module_place() has returned. A VM may be planned once per boot: what the Linux loader generates lies
 * in a buffer of the VM's own.
 *
 * Errors: ERROR_IMAGE_*, ERROR_GUEST_ADDRESS, ERROR_CAPACITY; all have been logged. Then the list is
 * of no use any more.
 */
enum error loader_plan(const struct scenario *scenario, const struct vm_config *vm,
		       const struct module_image *images, struct placement_list *list,
		       struct boot_entry *entry);

#endif
