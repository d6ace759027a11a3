/* SPDX-License-Identifier: Apache-2.0 */
/* Printers of the hypervisor's own page tables (host_tables.h). */
#ifndef BULKHEAD_TOOL_EMIT_HOST_H
#define BULKHEAD_TOOL_EMIT_HOST_H

#include <stdio.h>

#include "emit_plan.h"

/* All cores' tables, as part of tables.c. Once for a plan: it marks what it has written. */
void emit_host_tables(FILE *file, const struct plan *plan);

/* The name of a core's root table. */
void emit_host_root(FILE *file, uint32_t core);
void emit_console_root(FILE *file, const struct scenario *scenario, uint32_t core);

/* layout.lds: where everything goes, for the linker script. */
void emit_layout(FILE *file, const struct scenario *scenario);

/* host_image.lds: page tables of the image, as part of the linker script. */
void emit_host_image(FILE *file, const struct scenario *scenario);

#endif
