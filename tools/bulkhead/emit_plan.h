/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scenario's tables as data structures of the tool: what the printers write out as C source, and
 * what the ACPI and manifest emitters look things up in.
 */
#ifndef BULKHEAD_TOOL_EMIT_PLAN_H
#define BULKHEAD_TOOL_EMIT_PLAN_H

#include "arena.h"
#include "ept.h"
#include "host_tables.h"
#include "model.h"

struct plan {
	const struct model *model; /* vms have the same order and indices here and there */
	struct arena arena;
	/*
	 * As it is emitted, except: ept_root, host_root and console_root are NULL (see `epts`, `host`), and the blobs are missing until
	 * acpi_build() adds them.
	 */
	struct scenario scenario;
	struct vm_config *vms; /* = scenario.vms */
	struct ept *epts;      /* one per VM */
	struct host_tables host;
};

/* False with a message if the model is not what the rules promise, which is a fault of the tool. */
bool plan_build(struct plan *plan, const struct model *model);

/* Also after a failed plan_build(). */
void plan_free(struct plan *plan);

/* Bytes that one entry may map at most on this board, of either kind of page tables. */
uint64_t plan_largest_page(const struct board *board);

/* Boot by the Linux protocol or with ACPI: low memory is laid out as platform.h says. */
static inline bool vm_has_pc_memory(const struct vm *vm)
{
	return vm->acpi || vm->protocol == BOOT_LINUX;
}

#endif
