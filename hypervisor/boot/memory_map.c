/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/memory_map.h"

#include "lib/texts.h"

/* The type that counts at `address`, and in *end how far that certainly goes. */
static uint32_t type_at(const struct boot_memory *entries, uint32_t count, hpa_t address,
			hpa_t *end)
{
	uint32_t type = BOOT_MEMORY_HOLE;

	*end = UINT64_MAX;
	for (uint32_t i = 0; i < count; i++) {
		hpa_t entry_end = entries[i].base + entries[i].size;

		if (address < entries[i].base) {
			if (entries[i].base < *end)
				*end = entries[i].base;
		} else if (address < entry_end) {
			if (entry_end < *end)
				*end = entry_end;
			/* RAM has the lowest type, 1, so it loses against everything else. */
			if (entries[i].type > type)
				type = entries[i].type;
		}
	}
	return type;
}

uint32_t memory_map_normalise(const struct boot_memory *entries, uint32_t count,
			      struct boot_memory *pieces)
{
	uint32_t used = 0;
	hpa_t end;

	for (hpa_t at = 0; at != UINT64_MAX; at = end) {
		uint32_t type = type_at(entries, count, at, &end);

		if (type == BOOT_MEMORY_HOLE)
			continue;
		struct boot_memory *last = used > 0 ? &pieces[used - 1] : NULL;
		if (last != NULL && last->type == type && last->base + last->size == at)
			last->size += end - at;
		else
			pieces[used++] =
				(struct boot_memory){.base = at, .size = end - at, .type = type};
	}
	return used;
}

struct boot_memory memory_map_piece(const struct boot_memory *map, uint32_t count, hpa_t base,
				    uint64_t size)
{
	hpa_t end;
	uint32_t type = type_at(map, count, base, &end);

	return (struct boot_memory){
		.base = base,
		.size = end - base < size ? end - base : size,
		.type = type,
	};
}

bool memory_map_is_ram(const struct boot_memory *map, uint32_t count, hpa_t base, uint64_t size)
{
	if (size == 0 || size > UINT64_MAX - base)
		return false;
	struct boot_memory piece = memory_map_piece(map, count, base, size);
	return piece.type == BOOT_MEMORY_RAM && piece.size == size;
}

const char *memory_type_name(uint32_t type)
{
	static const char *const names[] = {
		[BOOT_MEMORY_HOLE] = TEXT("not in the memory map"),
		[BOOT_MEMORY_RAM] = "RAM",
		[BOOT_MEMORY_RESERVED] = TEXT("reserved"),
		[BOOT_MEMORY_ACPI] = TEXT("ACPI reclaimable"),
		[BOOT_MEMORY_NVS] = TEXT("ACPI NVS"),
		[BOOT_MEMORY_DEFECTIVE] = TEXT("defective"),
	};

	return type < sizeof(names) / sizeof(names[0]) ? names[type]
						       : TEXT("reserved (unknown type)");
}
