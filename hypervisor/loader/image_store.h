/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image store: RAM of no VM that keeps the modules of restartable VMs as GRUB loaded them. Filled
 * at the start together with the VMs' memory, and only read from then on. Part of images with a restartable VM.
 */
#ifndef LOADER_IMAGE_STORE_H
#define LOADER_IMAGE_STORE_H

#include "lib/optional.h"
#include "loader/loader.h"

/*
 * Plans the copies of all modules that restartable VMs boot from, each on a page boundary, and
 * remembers where they will be. Before module_place(). ERROR_CAPACITY if the store is too small or the
 * list full; logged. With the rest of this only in an image with a restartable VM.
 */
enum error image_store_plan(const struct scenario *scenario, const struct module_image *images,
			    struct placement_list *list) OPTIONAL;

/* Placements [first, end) of `list` are those of the VM, for image_store_load(); `list` stays as it is. */
void image_store_remember(uint32_t vm, const struct placement_list *list, uint32_t first) OPTIONAL;

/*
 * One of `parts` cores loads its part of the VM's images, constant bytes and generated pages from where
 * they are kept; the VM's memory is zero before. All parts together are what module_place() did.
 */
void image_store_load(uint32_t vm, uint32_t part, uint32_t parts) OPTIONAL;

#endif
