/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BULKHEAD_TOOL_EMIT_E820_H
#define BULKHEAD_TOOL_EMIT_E820_H

#include "arena.h"
#include "bulkhead/tables.h"

#define E820_RAM      1
#define E820_RESERVED 2

/*
 * The memory map of a VM, sorted and with neighbours of one type joined. Only RAM is in it; what the
 * guest may not write is reserved. With pc_memory everything from PLATFORM_LOW_RAM_END_GPA to 1 MiB,
 * where the ACPI tables are, is reserved too. Returns the number of entries.
 */
uint32_t e820_build(struct arena *arena, const struct memory_region *regions, uint32_t count,
		    bool pc_memory, const struct e820_entry **map);

#endif
