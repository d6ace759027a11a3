/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EMIT_PARTS_H
#define EMIT_PARTS_H

#include <stdio.h>

#include "bulkhead/tables.h"

/*
 * Linker script: the parts of the hypervisor that the scenario uses (hypervisor/lib/optional.h). What it does
 * not name is not in the image.
 */
void emit_parts(FILE *file, const struct scenario *scenario);

#endif
