/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest images on their way from where GRUB put them to where the VMs want them.
 */
#ifndef BOOT_MODULES_H
#define BOOT_MODULES_H

#include "loader/placement.h"

/* Where a module lies. Indexed by scenario.modules, not by GRUB's order. */
struct module_image {
	hpa_t start; /* read it through host_pointer() */
	uint64_t size;
};

#endif
