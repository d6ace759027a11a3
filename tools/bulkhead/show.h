/* SPDX-License-Identifier: Apache-2.0 */
/* `bulkhead show`: a scenario with everything that the tool chose, as a scenario again. */
#ifndef BULKHEAD_TOOL_SHOW_H
#define BULKHEAD_TOOL_SHOW_H

#include <stdio.h>

#include "model.h"

/*
 * Writes device-tree source that stands alone: includes and macros resolved, nodes that were opened several
 * times joined, host addresses, modules and defaults explicit. Built, it makes the same tables but for
 * the scenario's hash. The model is one that no rule found an error in, with its memory placed.
 */
void show_scenario(FILE *stream, const struct model *model);

#endif
