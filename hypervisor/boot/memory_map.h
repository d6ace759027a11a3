/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's memory map as a sorted list of disjoint pieces, and questions to it.
 */
#ifndef BOOT_MEMORY_MAP_H
#define BOOT_MEMORY_MAP_H

#include "boot/multiboot2.h"

/*
 * Turns `count` (at most BOOT_MEMORY_MAX) entries in any order, overlapping or not, into the form that
 * struct boot_information describes. No entry is empty or wraps. `pieces` has room for
 * BOOT_MEMORY_PIECES; returns how many there are.
 */
uint32_t memory_map_normalise(const struct boot_memory *entries, uint32_t count,
			      struct boot_memory *pieces);

/* Type of what the map does not mention. */
#define BOOT_MEMORY_HOLE 0

/*
 * The longest piece from `base` on, within [base, base + size), that is of one type. Walk a range:
 *
 *     for (; size > 0; base += piece.size, size -= piece.size)
 *             piece = memory_map_piece(map, count, base, size);
 */
struct boot_memory memory_map_piece(const struct boot_memory *map, uint32_t count, hpa_t base,
				    uint64_t size);

/* Whether all of [base, base + size) is RAM. An empty or wrapping range is not. */
bool memory_map_is_ram(const struct boot_memory *map, uint32_t count, hpa_t base, uint64_t size);

/* "RAM", "reserved", ... Never NULL. */
const char *memory_type_name(uint32_t type);

#endif
