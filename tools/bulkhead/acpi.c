/* SPDX-License-Identifier: Apache-2.0 */
#include "acpi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bulkhead/platform.h"
#include "emit_output.h"

#define ACPI_ALIGNMENT UINT64_C(16) /* the RSDP must be (ACPI 5.2.5.1), the others may */

#define RSDP_SIZE 36           /* 5.2.5.3 */
#define XSDT_SIZE (36 + 2 * 8) /* 5.2.8 */
#define FADT_SIZE 276          /* 5.2.9, revision 6 */

const char *const acpi_table_names[ACPI_TABLE_COUNT] = {
	[ACPI_RSDP] = "RSDP", [ACPI_XSDT] = "XSDT", [ACPI_FADT] = "FADT",
	[ACPI_MADT] = "MADT", [ACPI_DSDT] = "DSDT",
};

/* File names without suffix. */
static const char *const file_names[ACPI_TABLE_COUNT] = {
	[ACPI_RSDP] = "rsdp", [ACPI_XSDT] = "xsdt", [ACPI_FADT] = "fadt",
	[ACPI_MADT] = "madt", [ACPI_DSDT] = "dsdt",
};

struct acpi_layout acpi_layout(const struct plan *plan, uint32_t vm)
{
	struct acpi_layout layout = {
		.size =
			{
				[ACPI_RSDP] = RSDP_SIZE,
				[ACPI_XSDT] = XSDT_SIZE,
				[ACPI_FADT] = FADT_SIZE,
				[ACPI_MADT] = acpi_madt_size(plan, vm),
			},
	};
	gpa_t next = PLATFORM_ACPI_GPA;

	for (unsigned i = 0; i < ACPI_TABLE_COUNT; i++) {
		layout.address[i] = next;
		next += layout.size[i];
		next = (next + ACPI_ALIGNMENT - 1) & ~(ACPI_ALIGNMENT - 1);
	}
	return layout;
}

static bool write_source(struct plan *plan, uint32_t vm, const struct acpi_layout *layout,
			 enum acpi_table table, const char *directory)
{
	const char *name = arena_format(&plan->arena, "%s.asl", file_names[table]);
	struct output output;

	if (!output_open(&output, directory, name))
		return false;
	acpi_print_source(output.stream, plan, vm, layout, table);
	return output_close(&output);
}

static bool read_table(struct plan *plan, const char *path, struct guest_blob *blob)
{
	size_t size = 0;
	uint8_t *file = output_read_file(path, &size);
	uint8_t *bytes;

	if (file == NULL)
		return output_fail("cannot read %s: %s", path, strerror(errno));
	bytes = arena_alloc(&plan->arena, size);
	memcpy(bytes, file, size);
	free(file);
	blob->bytes = bytes;
	blob->size = size;
	return true;
}

/* What other tables point to was computed before iasl ran, and must have come true. */
static bool check_size(const char *path, const struct acpi_layout *layout, enum acpi_table table,
		       uint64_t size)
{
	if (table != ACPI_DSDT && size != layout->size[table])
		return output_fail("%s has %llu bytes instead of %llu: this version of iasl is not "
				   "supported",
				   path, (unsigned long long)size,
				   (unsigned long long)layout->size[table]);
	if (layout->address[table] + size > PLATFORM_ACPI_END_GPA)
		return output_fail("%s ends beyond 0x%llx: the VM owns too many devices", path,
				   (unsigned long long)PLATFORM_ACPI_END_GPA);
	return true;
}

static bool load_table(struct plan *plan, const struct acpi_layout *layout, enum acpi_table table,
		       const char *directory, struct guest_blob *blob)
{
	const char *path = arena_format(&plan->arena, "%s/%s.aml", directory, file_names[table]);

	blob->name = acpi_table_names[table];
	blob->guest_physical = layout->address[table];
	return read_table(plan, path, blob) && check_size(path, layout, table, blob->size);
}

static bool build_tables(struct plan *plan, uint32_t vm, const char *directory)
{
	struct acpi_layout layout = acpi_layout(plan, vm);
	struct guest_blob *blobs = arena_alloc(&plan->arena, ACPI_TABLE_COUNT * sizeof(*blobs));

	for (enum acpi_table table = 0; table < ACPI_TABLE_COUNT; table++) {
		if (!write_source(plan, vm, &layout, table, directory) ||
		    !acpi_compile(&plan->arena, directory, file_names[table]) ||
		    !load_table(plan, &layout, table, directory, &blobs[table]))
			return false;
	}
	plan->vms[vm].blobs = blobs;
	plan->vms[vm].blob_count = ACPI_TABLE_COUNT;
	plan->vms[vm].acpi_rsdp = layout.address[ACPI_RSDP];
	return true;
}

bool acpi_build(struct plan *plan, uint32_t vm, const char *directory)
{
	const char *own = arena_format(&plan->arena, "%s/acpi/%s", directory, plan->vms[vm].name);

	return output_make_directory(own) && build_tables(plan, vm, own);
}
