/* SPDX-License-Identifier: Apache-2.0 */
/* From a scenario file to its model. */
#ifndef BULKHEAD_TOOL_READ_H
#define BULKHEAD_TOOL_READ_H

#include "diag.h"
#include "model.h"
#include "source.h"

struct read_options {
	const char **include_folders;
	unsigned include_count;
};

enum read_status {
	READ_COMPLETE,    /* the model holds all that could be understood; findings may exist */
	READ_FAILED,      /* not even a device tree: findings say why, the model is empty */
	READ_ENVIRONMENT, /* a program that is needed could not be run; printed */
};

enum read_status read_scenario(const char *file, const struct read_options *options,
			       struct arena *arena, struct sources *sources,
			       struct diagnostics *diagnostics, struct model *model);

#endif
