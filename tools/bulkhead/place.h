/* SPDX-License-Identifier: Apache-2.0 */
/* What the scenario leaves to the tool: host addresses, cores, devices. */
#ifndef BULKHEAD_TOOL_PLACE_H
#define BULKHEAD_TOOL_PLACE_H

#include "arena.h"
#include "model.h"

struct free_range {
	uint64_t base;
	uint64_t size;
};

/* What became of one piece of memory without `host`. */
struct placed {
	const struct vm *vm;
	const struct vm_memory *memory;
	bool found;
	uint64_t alignment;        /* modulo which guest and host address agree, when found */
	uint64_t wanted_alignment; /* that the size and a generous board would give */
	struct free_range largest; /* free range at that moment, when not found */
};

struct placement {
	struct placed *items;
	unsigned count;
	struct free_range *free; /* what no VM has in the end; sorted */
	unsigned free_count;
	bool store_homeless;             /* no room for the image store */
	struct free_range store_largest; /* free range at that moment */
};

/*
 * Chooses cores for the VMs that have `cpu-count`, in the order of the source, after all that `cpus` names:
 * never a thread of a physical core that another VM has a thread of. A VM gets threads of the physical
 * cores that it has already, then cores of the same kind and of the same L3 group and package; its
 * first one where all of them find room, away from other VMs' caches. The same model always gives the same
 * cores. What finds none is missing in vm->cpus.
 */
void place_cores(struct model *model, struct arena *arena);
/*
 * Chooses devices for `any-devices`: for each entry the first one of the board that is compatible and
 * device_free(). Goes in front of the PCI functions in vm->devices.
 */
void place_devices(struct model *model, struct arena *arena);

bool device_compatible(const struct board_device *device, const char *compatible);
/* Whether no VM has the device or any of its ports or interrupts, and no rule refuses them to all VMs. */
bool device_free(const struct model *model, uint32_t index);

/*
 * Chooses host.value of every piece of RAM that has no `host`: the same model always gives the same
 * addresses. Pieces that want the largest alignment go first, otherwise in the order of the source; each
 * goes to the lowest free address above 1 MiB that agrees with its guest address modulo the alignment.
 * Pieces whose size or guest address breaks another rule are left alone.
 */
void place_memory(struct model *model, struct arena *arena, struct placement *placement);

/*
 * The lowest address in what is left free that has room and lets the largest pages map it. False if there
 * is none, or no board.
 */
bool placement_find(const struct placement *placement, uint64_t guest, uint64_t size,
		    uint64_t *address);
/* Whether all of the range is free. */
bool placement_holds(const struct placement *placement, uint64_t base, uint64_t size);

#endif
