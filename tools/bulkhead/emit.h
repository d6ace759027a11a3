/* SPDX-License-Identifier: Apache-2.0 */
/* From a checked model to the files that the hypervisor, the ISO builder and the runner are made of. */
#ifndef BULKHEAD_TOOL_EMIT_H
#define BULKHEAD_TOOL_EMIT_H

#include "model.h"

/*
 * Writes into the directory, which is created if it is missing:
 *
 *   tables.c        scenario_tables and everything it points to (bulkhead/tables.h)
 *   layout.lds      HYPERVISOR_BASE and HYPERVISOR_SIZE for the linker script
 *   manifest.json   what the ISO builder and the runner need to know
 *   acpi/VM/        sources of the VM's ACPI tables, and what iasl made of them
 *
 * The model has passed the rules, and every host address is placed. Same model, same bytes; a file
 * that would not change is not touched. Returns 0, or 2 with a message on standard error when the
 * environment is in the way (no iasl, directory not writable, no memory).
 */
int emit_all(const struct model *model, const char *directory);

#endif
