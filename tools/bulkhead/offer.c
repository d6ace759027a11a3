/* SPDX-License-Identifier: Apache-2.0 */
#include "offer.h"

#include <string.h>

#include "bulkhead/platform.h"
#include "rules_internal.h"

#define NAMED_CORES 4 /* more would make a help line that nobody reads */

/* --- Cores ------------------------------------------------------------------------------------- */

/* The VM that each core was given to first; NULL for one that is free. */
static const struct vm **core_owners(struct check *check)
{
	unsigned count = check->model->board.cpu_count;
	const struct vm **owners = arena_alloc(check->arena, count * sizeof(const struct vm *));

	FOR_EACH_VM(check, vm)
		for (unsigned i = 0; i < vm->cpu_count; i++)
			if (vm->cpus[i].target < count && !owners[vm->cpus[i].target])
				owners[vm->cpus[i].target] = vm;
	return owners;
}

static bool shares_core(const struct board *board, const struct vm **owners, unsigned index,
			const struct vm *vm)
{
	const struct board_cpu *cpu = &board->cpus[index];

	for (unsigned i = 0; i < board->cpu_count; i++)
		if (owners[i] && owners[i] != vm && board->cpus[i].package == cpu->package &&
		    board->cpus[i].core == cpu->core)
			return true;
	return false;
}

struct free_cores {
	const char *labels[NAMED_CORES]; /* of the first ones */
	unsigned named;
	unsigned more;
};

static struct free_cores free_cores(struct check *check, const struct vm *vm)
{
	const struct board *board = &check->model->board;
	const struct vm **owners = core_owners(check);
	struct free_cores found = {.named = 0};

	for (unsigned i = 0; i < board->cpu_count; i++) {
		const struct board_cpu *cpu = &board->cpus[i];
		if (owners[i] || !cpu->enabled || cpu->reserved ||
		    shares_core(board, owners, i, vm))
			continue;
		if (found.named < NAMED_CORES)
			found.labels[found.named++] = cpu->label;
		else
			found.more++;
	}
	return found;
}

const char *offer_core(struct check *check, const struct vm *vm)
{
	const struct free_cores found = free_cores(check, vm);

	return found.named ? found.labels[0] : NULL;
}

const char *offer_cores(struct check *check, const struct vm *vm)
{
	const struct free_cores found = free_cores(check, vm);
	const char *text = ";";

	if (!found.named)
		return "";
	for (unsigned i = 0; i < found.named; i++) {
		bool last = i + 1 == found.named && !found.more;
		const char *separator = i == 0 ? " " : last ? " and " : ", ";
		text = arena_format(check->arena, "%s%s%s", text, separator, found.labels[i]);
	}
	if (found.more)
		text = arena_format(check->arena, "%s and %u more", text, found.more);
	return arena_format(check->arena, "%s %s free", text,
			    found.named + found.more == 1 ? "is" : "are");
}

/* --- Memory ------------------------------------------------------------------------------------ */

static const char *offer_place(struct check *check, uint64_t guest, uint64_t size)
{
	uint64_t pages = (size + PAGE_SIZE_4K - 1) & ~(PAGE_SIZE_4K - 1);
	uint64_t address;

	if (!pages ||
	    !placement_find(check->placement, guest & ~(PAGE_SIZE_4K - 1), pages, &address))
		return "";
	return arena_format(check->arena,
			    "; host = <0x%" PRIx64 " 0x%" PRIx64 "> has room for its %s",
			    address >> 32, address & UINT32_MAX, size_text(check->arena, pages));
}

const char *offer_memory(struct check *check, const struct vm_memory *memory)
{
	return offer_place(check, memory->guest.value, memory->size.value);
}

const char *offer_memory_at(struct check *check, uint32_t owner, struct place host)
{
	const struct model *model = check->model;

	if (owner >= model->vm_count)
		return offer_place(check, 0, model->shares[owner - model->vm_count].size.value);
	FOR_EACH_MEMORY(&model->vms[owner], memory)
		if (memory->kind == MEMORY_RAM && place_compare(memory->host.at, host) == 0)
			return offer_memory(check, memory);
	return "";
}

/* --- Devices ----------------------------------------------------------------------------------- */

static bool interrupt_taken(struct check *check, const struct vm **owners, uint64_t gsi)
{
	const struct board *board = &check->model->board;

	FOR_EACH_VM(check, vm)
		for (unsigned i = 0; i < vm->interrupt_count; i++)
			if (vm->interrupts[i].value == gsi)
				return true;
	for (unsigned i = 0; i < board->device_count; i++)
		for (unsigned j = 0; owners[i] && j < board->devices[i].interrupt_count; j++)
			if (board->devices[i].interrupts[j].value == gsi)
				return true;
	return false;
}

const char *offer_device(struct check *check, uint32_t index)
{
	const struct board *board = &check->model->board;

	if (index >= board->device_count || board->devices[index].pci)
		return ""; /* another function is hardly ever one for the same use */
	for (unsigned i = 0; i < board->device_count; i++)
		if (i != index && !board->devices[i].pci &&
		    !strcmp(board->devices[i].compatible, board->devices[index].compatible) &&
		    device_free(check->model, i))
			return arena_format(check->arena, "; %s is free", board->devices[i].label);
	return "";
}

/* --- Interrupts -------------------------------------------------------------------------------- */

static bool raised_by_device(const struct board *board, uint64_t gsi)
{
	for (unsigned i = 0; i < board->device_count; i++)
		for (unsigned j = 0; j < board->devices[i].interrupt_count; j++)
			if (board->devices[i].interrupts[j].value == gsi)
				return true;
	return false;
}

static bool overridden(const struct board *board, uint64_t gsi)
{
	for (unsigned i = 0; i < board->override_count; i++)
		if (board->overrides[i].irq == gsi || board->overrides[i].gsi == gsi)
			return true;
	return false;
}

const char *offer_interrupt(struct check *check)
{
	const struct board *board = &check->model->board;
	const struct vm **owners = device_owners(check);

	for (unsigned i = 0; i < board->ioapic_count; i++)
		for (uint32_t pin = 0; pin < board->ioapics[i].pins; pin++) {
			uint64_t gsi = (uint64_t)board->ioapics[i].gsi_base + pin;
			if (!raised_by_device(board, gsi) && !overridden(board, gsi) &&
			    !interrupt_taken(check, owners, gsi))
				return arena_format(check->arena, "; interrupt %" PRIu64 " is free",
						    gsi);
		}
	return "";
}
