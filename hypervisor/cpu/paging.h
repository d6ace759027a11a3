/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's address spaces.
 *
 * During the start: all memory one to one, the same for all cores, because images of all VMs are put into
 * place. Its image is mapped by what each part is
 * for (code: read and execute; constants: read; data: read and write), its guard pages not at all,
 * everything else read and write but never executable.
 *
 * From then on: the core's own tables (core_config.host_root), which the scenario compiler made: text,
 * constants, what is shared, the core's own area, and the memory of its own VM.
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

/*
 * Whether the calling core can use its own tables: they may have pages of 1 GiB, which came later than
 * 64-bit mode, and later than those of EPTs.
 */
bool paging_own_is_usable(const struct scenario *scenario);

/*
 * Leaves them for good: loads the calling core's own tables, goes to the core's own stack, which is empty
 * again, and calls `entry`, which must not return.
 */
_Noreturn void paging_enter_own(const struct scenario *scenario, void (*entry)(void));

#endif
