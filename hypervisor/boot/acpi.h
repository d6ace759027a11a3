/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's processors and IOAPICs, from the firmware's MADT (ACPI 6.4, 5.2.12). Nothing else of
 * ACPI is read.
 */
#ifndef BOOT_ACPI_H
#define BOOT_ACPI_H

#include "bulkhead/error.h"
#include "bulkhead/types.h"

/* Processors that are kept; the machine may have more than CONFIG_MAX_CORES, which Bulkhead uses. */
#define ACPI_CORES_MAX   1024
#define ACPI_IOAPICS_MAX 64

struct acpi_ioapic {
	uint8_t id; /* I/O APIC ID */
	hpa_t address;
	uint32_t gsi_base;
};

struct acpi_madt {
	uint32_t core_count;
	uint32_t disabled_count; /* processors that are listed but not enabled */
	uint32_t ioapic_count;
	struct acpi_ioapic ioapics[ACPI_IOAPICS_MAX];
	/* enabled processors, each once, in the firmware's order */
	uint32_t apic_ids[ACPI_CORES_MAX];
};

/*
 * Fills *out. `rsdp` is the copy of the RSDP in the boot information, `size` its length. Each problem is
 * logged with the table and offset where it is.
 *
 * Errors: ERROR_ACPI_TABLES (bad checksum or length, no MADT), ERROR_CAPACITY. Then *out is not to be
 * used.
 */
enum error acpi_read_madt(const uint8_t *rsdp, uint32_t size, struct acpi_madt *out);

/* Whether the firmware lists the processor, and as enabled. */
bool acpi_has_core(const struct acpi_madt *madt, uint32_t apic_id);

/*
 * Memory of the firmware at [address, address + size), NULL if it can't be read. Fixed tables are
 * identity-mapped (acpi_map.c); unit tests have their own.
 */
const void *acpi_map(hpa_t address, uint64_t size);

#endif
