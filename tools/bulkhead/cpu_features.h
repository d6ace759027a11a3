/* SPDX-License-Identifier: Apache-2.0 */
/* Processor features that a scenario can hide from a VM, by the names that Linux gives them. */
#ifndef BULKHEAD_TOOL_CPU_FEATURES_H
#define BULKHEAD_TOOL_CPU_FEATURES_H

#include <stddef.h>

#include "bulkhead/tables.h"

#define CPU_FEATURE_MASKS 6

/* With a feature goes what is built on it: a guest without AVX must not find AVX2. */
struct cpu_feature {
	const char *name;
	struct cpuid_mask masks[CPU_FEATURE_MASKS]; /* clear = 0 ends the list */
};

extern const struct cpu_feature cpu_features[];
extern const size_t cpu_feature_count;

/* NULL if there is none of that name. */
const struct cpu_feature *cpu_feature_find(const char *name);

#endif
