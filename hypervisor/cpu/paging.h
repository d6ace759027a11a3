/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's own address space: all memory one to one. Its image is mapped by what each part is
 * for (code: read and execute; constants: read; data: read and write), its guard pages not at all,
 * everything else read and write but never executable.
 */
#ifndef CPU_PAGING_H
#define CPU_PAGING_H

#include "bulkhead/tables.h"

/* Builds the page tables. Once, on the BSP, before any core loads them. */
void paging_init(void);

/*
 * End of the memory that they map: 512 GiB, or 4 GiB on a processor without 1 GiB pages. RAM of VMs has
 * to lie below it, since images are copied there.
 */
hpa_t paging_end(void);

/* Loads them on the calling core. */
void paging_load(void);

#endif
