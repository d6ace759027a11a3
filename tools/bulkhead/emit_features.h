/* SPDX-License-Identifier: Apache-2.0 */
/* Processor features that a VM does not get to see. */
#ifndef BULKHEAD_TOOL_EMIT_FEATURES_H
#define BULKHEAD_TOOL_EMIT_FEATURES_H

#include <stdio.h>

#include "emit_plan.h"

/* Fills in config->cpuid_masks: sorted, one for each word. */
void plan_cpuid(struct plan *plan, struct vm_config *config, const struct vm *vm);

void emit_cpuid_masks(FILE *file, const struct vm_config *vm);

#endif
