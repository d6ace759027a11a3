/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI tables of a VM, made from what the VM owns and nothing else: hardware-reduced (ACPI 6.4, 4.1), or
 * with fixed hardware for a VM that has the virtual device "acpi-pm".
 * The tool writes sources and lets iasl compile them; the bytes become guest_blobs.
 */
#ifndef BULKHEAD_TOOL_ACPI_H
#define BULKHEAD_TOOL_ACPI_H

#include <stdio.h>

#include "emit_plan.h"

/* In the order in which they lie in the VM's memory. */
enum acpi_table {
	ACPI_RSDP, /* first, where guests look for it */
	ACPI_XSDT,
	ACPI_RSDT, /* the same for guests that know ACPI 1.0 */
	ACPI_FADT,
	ACPI_FACS, /* only with fixed hardware */
	ACPI_MADT,
	ACPI_MCFG, /* only of a VM that has PCI functions, on a board with memory-mapped access */
	ACPI_HPET, /* only of a VM that has the timer */
	ACPI_DSDT, /* last: only iasl knows its size */
	ACPI_TABLE_COUNT,
};

/* Where each table goes and how long it is; 0: not there. The DSDT's size is 0 until it is compiled. */
struct acpi_layout {
	gpa_t address[ACPI_TABLE_COUNT];
	uint64_t size[ACPI_TABLE_COUNT];
};

/* "RSDP", "XSDT", ... */
extern const char *const acpi_table_names[ACPI_TABLE_COUNT];

struct acpi_layout acpi_layout(const struct plan *plan, uint32_t vm);

/* Prints the source of one table for iasl: ASL for the DSDT, iasl's data table language for others. */
void acpi_print_source(FILE *file, const struct plan *plan, uint32_t vm,
		       const struct acpi_layout *layout, enum acpi_table table);

/* Whether the VM gets the table. */
bool acpi_has_table(const struct acpi_layout *layout, enum acpi_table table);
/* Whether XSDT and RSDT name it. */
bool acpi_in_xsdt(const struct acpi_layout *layout, enum acpi_table table);

/* The HPET that the VM has; NULL: none. */
const struct board_device *acpi_hpet(const struct plan *plan, uint32_t vm);

/* Bytes of the MADT that acpi_print_source() prints. */
uint64_t acpi_madt_size(const struct plan *plan, uint32_t vm);

/*
 * Runs iasl on directory/NAME.asl, which makes directory/NAME.aml. Warnings count as errors. False
 * with a message, iasl's own text included.
 */
bool acpi_compile(struct arena *arena, const char *directory, const char *name);

/* Writes and compiles the VM's tables under directory/acpi/VM and adds them to its blobs. */
bool acpi_build(struct plan *plan, uint32_t vm, const char *directory);

#endif
