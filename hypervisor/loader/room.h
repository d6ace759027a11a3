/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Free memory of a VM while its image is planned: what a loader may choose the address of goes beside
 * everything that already has one.
 */
#ifndef LOADER_ROOM_H
#define LOADER_ROOM_H

#include "loader/elf_image.h"

/* Segments, modules, ACPI tables, the PC's hole, and what a loader generates. */
#define ROOM_TAKEN_MAX (ELF_SEGMENTS_MAX + CONFIG_MAX_MODULES + 16)

struct room {
	const struct load_plan *plan;
	uint32_t count;
	struct {
		gpa_t start, end;
	} taken[ROOM_TAKEN_MAX];
};

/* Taken from the beginning: a PC's hole below 1 MiB, and the VM's ACPI tables. */
void room_init(struct room *room, const struct load_plan *plan);

/* [start, start + size), which is in RAM, is taken. ERROR_CAPACITY, logged. */
enum error room_take(struct room *room, gpa_t start, uint64_t size);

/*
 * Finds and takes the lowest whole pages of free RAM from `lowest` on and below 4 GiB that hold `size`
 * bytes. `what` names them in messages. ERROR_IMAGE_OUTSIDE_RAM, ERROR_CAPACITY, logged.
 */
enum error room_find(struct room *room, const char *what, uint64_t size, gpa_t lowest,
		     gpa_t *address);

#endif
