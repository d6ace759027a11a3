/* SPDX-License-Identifier: Apache-2.0 */
#include "emit.h"

#include "acpi.h"
#include "emit_host.h"
#include "emit_output.h"
#include "emit_parts.h"
#include "emit_tables.h"
#include "manifest.h"

static bool write_tables(const struct plan *plan, const char *directory)
{
	struct output output;

	if (!output_open(&output, directory, "tables.c"))
		return false;
	emit_tables(output.stream, plan);
	return output_close(&output);
}

static bool write_layout(const struct plan *plan, const char *directory)
{
	struct output output;

	if (!output_open(&output, directory, "layout.lds"))
		return false;
	fprintf(output.stream, "/* Made by `bulkhead build` from scenario %s: do not edit. */\n",
		plan->scenario.name);
	emit_layout(output.stream, &plan->scenario);
	emit_parts(output.stream, &plan->scenario);
	return output_close(&output);
}

static bool write_host_image(const struct plan *plan, const char *directory)
{
	struct output output;

	if (!output_open(&output, directory, "host_image.lds"))
		return false;
	emit_host_image(output.stream, &plan->scenario);
	return output_close(&output);
}

static bool build_acpi(struct plan *plan, const char *directory)
{
	for (uint32_t i = 0; i < plan->scenario.vm_count; i++) {
		if (plan->model->vms[i].acpi && !acpi_build(plan, i, directory))
			return false;
	}
	return true;
}

int emit_all(const struct model *model, const char *directory)
{
	struct plan plan;
	bool ok = plan_build(&plan, model) && output_make_directory(directory) &&
		  build_acpi(&plan, directory) && write_tables(&plan, directory) &&
		  write_layout(&plan, directory) && write_host_image(&plan, directory) &&
		  manifest_write(&plan, directory);

	plan_free(&plan);
	return ok ? 0 : 2;
}
