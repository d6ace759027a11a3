/* SPDX-License-Identifier: Apache-2.0 */
#include "acpi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bulkhead/platform.h"
#include "bulkhead/virtual_devices.h"
#include "emit_output.h"

/* The RSDP lies at a multiple of 16 (ACPI 5.2.5.1), the FACS of 64 (5.2.10); the others may. */
#define ACPI_ALIGNMENT UINT64_C(64)

#define RSDP_SIZE 36  /* 5.2.5.3 */
#define XSDT_SIZE 36  /* 5.2.8, without entries of 8 bytes */
#define RSDT_SIZE 36  /* 5.2.7, without entries of 4 bytes */
#define FADT_SIZE 276 /* 5.2.9, revision 6 */
#define FACS_SIZE 64  /* 5.2.10 */
#define MCFG_SIZE 60  /* PCI Firmware 3.3, 4.1.2, with one entry */
#define HPET_SIZE 56  /* IA-PC HPET 1.0a, 3.2.4 */

const char *const acpi_table_names[ACPI_TABLE_COUNT] = {
	[ACPI_RSDP] = "RSDP", [ACPI_XSDT] = "XSDT", [ACPI_RSDT] = "RSDT",
	[ACPI_FADT] = "FADT", [ACPI_FACS] = "FACS", [ACPI_MADT] = "MADT",
	[ACPI_MCFG] = "MCFG", [ACPI_HPET] = "HPET", [ACPI_DSDT] = "DSDT",
};

/* File names without suffix. */
static const char *const file_names[ACPI_TABLE_COUNT] = {
	[ACPI_RSDP] = "rsdp", [ACPI_XSDT] = "xsdt", [ACPI_RSDT] = "rsdt",
	[ACPI_FADT] = "fadt", [ACPI_FACS] = "facs", [ACPI_MADT] = "madt",
	[ACPI_MCFG] = "mcfg", [ACPI_HPET] = "hpet", [ACPI_DSDT] = "dsdt",
};

bool acpi_has_table(const struct acpi_layout *layout, enum acpi_table table)
{
	return table == ACPI_DSDT || layout->size[table] != 0;
}

/* Tables that XSDT and RSDT name. */
static uint64_t root_entries(const struct acpi_layout *layout)
{
	uint64_t count = 0;

	for (enum acpi_table table = 0; table < ACPI_TABLE_COUNT; table++)
		count += acpi_in_xsdt(layout, table);
	return count;
}

struct acpi_layout acpi_layout(const struct plan *plan, uint32_t vm)
{
	const struct vm_config *config = &plan->vms[vm];
	bool fixed = config->virtual_devices & VIRTUAL_ACPI_PM;
	bool ecam = plan->scenario.pci_ecam_size != 0 && config->pci_function_count != 0;
	struct acpi_layout layout = {
		.size =
			{
				[ACPI_RSDP] = RSDP_SIZE,
				[ACPI_FADT] = FADT_SIZE,
				[ACPI_FACS] = fixed ? FACS_SIZE : 0,
				[ACPI_MADT] = acpi_madt_size(plan, vm),
				[ACPI_MCFG] = ecam ? MCFG_SIZE : 0,
				[ACPI_HPET] = acpi_hpet(plan, vm) ? HPET_SIZE : 0,
			},
	};
	gpa_t next = PLATFORM_ACPI_GPA;

	layout.size[ACPI_XSDT] = XSDT_SIZE + 8 * root_entries(&layout);
	layout.size[ACPI_RSDT] = RSDT_SIZE + 4 * root_entries(&layout);
	for (enum acpi_table i = 0; i < ACPI_TABLE_COUNT; i++) {
		if (!acpi_has_table(&layout, i))
			continue;
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
	if (layout->address[table] + size > PLATFORM_RESET_VECTOR_GPA)
		return output_fail("%s ends beyond 0x%llx: the VM owns too many devices", path,
				   (unsigned long long)PLATFORM_RESET_VECTOR_GPA);
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
	uint32_t count = 0;

	for (enum acpi_table table = 0; table < ACPI_TABLE_COUNT; table++) {
		if (!acpi_has_table(&layout, table))
			continue;
		if (!write_source(plan, vm, &layout, table, directory) ||
		    !acpi_compile(&plan->arena, directory, file_names[table]) ||
		    !load_table(plan, &layout, table, directory, &blobs[count++]))
			return false;
	}
	plan->vms[vm].blobs = blobs;
	plan->vms[vm].blob_count = count;
	plan->vms[vm].acpi_rsdp = layout.address[ACPI_RSDP];
	return true;
}

bool acpi_build(struct plan *plan, uint32_t vm, const char *directory)
{
	const char *own = arena_format(&plan->arena, "%s/acpi/%s", directory, plan->vms[vm].name);

	return output_make_directory(own) && build_tables(plan, vm, own);
}
