/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/room.h"

#include "bulkhead/platform.h"
#include "vm/guest_memory.h"

#define ADDRESS_END (UINT64_C(1) << 32)

static gpa_t page_up(gpa_t address)
{
	return (address + PAGE_SIZE_4K - 1) & ~(PAGE_SIZE_4K - 1);
}

static void take(struct room *room, gpa_t start, gpa_t end)
{
	room->taken[room->count].start = start;
	room->taken[room->count].end = end;
	room->count++;
}

void room_init(struct room *room, const struct load_plan *plan)
{
	*room = (struct room){.plan = plan};
	take(room, PLATFORM_LOW_RAM_END_GPA, PLATFORM_ACPI_END_GPA);
}

enum error room_take(struct room *room, gpa_t start, uint64_t size)
{
	if (size == 0)
		return ERROR_OK;
	if (room->count == ROOM_TAKEN_MAX)
		return plan_refuse(room->plan, ERROR_CAPACITY,
				   "it has more than %u parts; link it with fewer", ROOM_TAKEN_MAX);
	take(room, start, start + size);
	return ERROR_OK;
}

static bool is_free(const struct room *room, gpa_t start, uint64_t size)
{
	if (start >= ADDRESS_END || size > ADDRESS_END - start ||
	    !guest_is_ram(room->plan->vm, start, size, MEMORY_READ | MEMORY_WRITE))
		return false;
	for (uint32_t i = 0; i < room->count; i++)
		if (start < room->taken[i].end && room->taken[i].start < start + size)
			return false;
	return true;
}

static void try_address(const struct room *room, gpa_t address, uint64_t size, gpa_t *best)
{
	if (address < *best && is_free(room, address, size))
		*best = address;
}

/*
 * The lowest place begins where something else ends: at `lowest`, with a piece of RAM, or behind what is
 * taken.
 */
static gpa_t lowest_free(const struct room *room, uint64_t size, gpa_t lowest)
{
	const struct vm_config *vm = room->plan->vm;
	gpa_t best = ADDRESS_END;

	try_address(room, lowest, size, &best);
	for (uint32_t i = 0; i < vm->memory_count; i++)
		if (vm->memory[i].guest_physical >= lowest)
			try_address(room, page_up(vm->memory[i].guest_physical), size, &best);
	for (uint32_t i = 0; i < room->count; i++)
		if (room->taken[i].end >= lowest)
			try_address(room, page_up(room->taken[i].end), size, &best);
	return best;
}

enum error room_find(struct room *room, const char *what, uint64_t size, gpa_t lowest,
		     gpa_t *address)
{
	uint64_t pages = size > ADDRESS_END ? size : page_up(size);

	*address = lowest_free(room, pages ? pages : PAGE_SIZE_4K, lowest);
	if (*address == ADDRESS_END)
		return plan_refuse(
			room->plan, ERROR_IMAGE_OUTSIDE_RAM,
			"%s has 0x%lx bytes, and so much is not free from 0x%lx on below "
			"4 GiB; give the VM more memory",
			what, size, lowest);
	return room_take(room, *address, pages);
}
