/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BHB705: ACPI tables (ACPI 6.4, 5.2) as the guest will find them: from the RSDP on, by the addresses
 * that they name. What they say about processors and IOAPICs must be what the VM has.
 */
#include "bulkhead/platform.h"
#include "bulkhead/virtual_devices.h"
#include "verify_internal.h"

#define HEADER_SIZE  36 /* 5.2.6 */
#define RSDP_SIZE    36 /* 5.2.5.3 */
#define RSDP_V1_SIZE 20
#define FADT_LEAST   268 /* up to the sleep status register, 5.2.9 */
#define MADT_FIXED   44  /* 5.2.12 */

#define FADT_FACS           36
#define FADT_DSDT           40
#define FADT_SMI_COMMAND    48
#define FADT_PM1A_EVENT     56
#define FADT_PM1A_CONTROL   64
#define FADT_PM_TIMER       76
#define FADT_FLAGS          112
#define FADT_RESET          116 /* generic address: space, width, offset, access, address */
#define FADT_RESET_VALUE    128
#define FADT_X_FACS         132
#define FADT_X_DSDT         140
#define FADT_X_PM1A_EVENT   148
#define FADT_X_PM1A_CONTROL 172
#define FADT_X_PM_TIMER     208
#define FADT_SLEEP_CONTROL  244
#define FADT_SLEEP_STATUS   256
#define FACS_SIZE           64
#define MCFG_SIZE           60
#define MCFG_BASE           44
#define MCFG_LAST_BUS       55
#define HPET_SIZE           56
#define HPET_BASE           44
#define HARDWARE_REDUCED    (UINT32_C(1) << 20)
#define SPACE_IO            1
#define ADDRESS_OF          4 /* in a generic address structure */

struct tables {
	struct verify *verify;
	const struct verify_vm *vm;
	bool *seen; /* by blob */
};

static uint32_t read32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static uint64_t read64(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static void complain(const struct tables *tables, const char *table, const char *problem)
{
	verify_report(tables->verify, VERIFY_ACPI, "%s: ACPI: %.16s %s", tables->vm->label, table,
		      problem);
}

static bool sums_to_zero(const uint8_t *bytes, uint64_t size)
{
	uint8_t sum = 0;

	for (uint64_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return sum == 0;
}

/* --- Where they lie ----------------------------------------------------------------------------- */

static void check_places(const struct tables *tables)
{
	const struct verify_vm *vm = tables->vm;
	gpa_t end = PLATFORM_ACPI_GPA;

	for (uint32_t i = 0; i < vm->config.blob_count; i++) {
		const struct verify_blob *blob = &vm->blobs[i];

		tables->verify->statistics.pairs++;
		if (blob->guest < end || blob->guest > PLATFORM_RESET_VECTOR_GPA ||
		    blob->size > PLATFORM_RESET_VECTOR_GPA - blob->guest)
			complain(tables, blob->name,
				 "lies outside the area for ACPI tables, or overlaps another");
		else if (!verify_vm_has_ram(vm, blob->guest, blob->size, MEMORY_READ))
			complain(tables, blob->name, "lies outside the VM's RAM");
		else
			end = blob->guest + blob->size;
	}
}

/* The blob at a guest address, once; NULL after a report. */
static const struct verify_blob *follow(struct tables *tables, const char *from, uint64_t guest)
{
	const struct verify_vm *vm = tables->vm;

	for (uint32_t i = 0; i < vm->config.blob_count; i++) {
		const struct verify_blob *blob = &vm->blobs[i];

		if (blob->guest != guest || !blob->bytes)
			continue;
		if (tables->seen[i]) {
			complain(tables, from, "names a table that another names already");
			return NULL;
		}
		tables->seen[i] = true;
		return blob;
	}
	complain(tables, from, "names an address at which there is no table");
	return NULL;
}

/* Header, length and sum; `least` bytes. */
static bool good_table(const struct tables *tables, const struct verify_blob *blob,
		       const char *signature, uint64_t least)
{
	const char *problem = NULL;

	if (blob->size < least || read32(blob->bytes + 4) != blob->size)
		problem = "has another length than its header says";
	else if (memcmp(blob->bytes, signature, 4) != 0)
		problem = "has another signature";
	else if (!sums_to_zero(blob->bytes, blob->size))
		problem = "has a wrong checksum";
	if (problem)
		complain(tables, signature, problem);
	return !problem;
}

/* --- MADT --------------------------------------------------------------------------------------- */

struct madt_counts {
	uint32_t cpus, ioapics;
};

static const char *madt_cpu(const struct tables *tables, struct madt_counts *counts, uint32_t id,
			    uint32_t uid, uint32_t flags)
{
	const struct verify_vm *vm = tables->vm;
	uint32_t index = counts->cpus++;

	tables->verify->statistics.pairs++;
	if (index >= vm->config.vcpu_count || vm->vcpus[index].apic_id != id || uid != index ||
	    flags != 1)
		return "lists a processor that the VM does not have";
	return NULL;
}

static const char *madt_ioapic(const struct tables *tables, struct madt_counts *counts,
			       const uint8_t *entry)
{
	const struct verify *verify = tables->verify;
	uint32_t index = counts->ioapics++;

	if (index >= verify->scenario.ioapic_count || entry[2] != verify->ioapics[index].id ||
	    read32(entry + 4) != verify->ioapics[index].base ||
	    read32(entry + 8) != verify->ioapics[index].gsi_base)
		return "lists an IOAPIC that the board does not have";
	return NULL;
}

static const char *madt_entry(const struct tables *tables, struct madt_counts *counts,
			      const uint8_t *entry)
{
	uint8_t type = entry[0], length = entry[1];

	if (type == 0 && length == 8) /* processor local APIC */
		return madt_cpu(tables, counts, entry[3], entry[2], read32(entry + 4));
	if (type == 9 && length == 16) /* processor local x2APIC */
		return madt_cpu(tables, counts, read32(entry + 4), read32(entry + 12),
				read32(entry + 8));
	if (type == 1 && length == 12)
		return madt_ioapic(tables, counts, entry);
	if (type == 2 && length == 10) /* interrupt source override */
		return NULL;
	return "has an entry of an unexpected kind";
}

static void check_madt(struct tables *tables, const struct verify_blob *blob)
{
	struct madt_counts counts = {0, 0};
	const char *problem = NULL;
	uint64_t at = MADT_FIXED;

	if (!good_table(tables, blob, "APIC", MADT_FIXED))
		return;
	if (read32(blob->bytes + HEADER_SIZE) != PLATFORM_LAPIC_GPA)
		complain(tables, "APIC", "has another address for the local APIC");
	while (!problem && blob->size - at >= 2) {
		uint8_t length = blob->bytes[at + 1];

		if (length < 8 || length > blob->size - at)
			problem = "has an entry that goes beyond its end";
		else
			problem = madt_entry(tables, &counts, blob->bytes + at);
		at += length;
	}
	if (!problem && (at != blob->size || counts.cpus != tables->vm->config.vcpu_count ||
			 counts.ioapics != tables->verify->scenario.ioapic_count))
		problem = "does not list all processors and IOAPICs";
	if (problem)
		complain(tables, "APIC", problem);
}

/* --- FADT, DSDT --------------------------------------------------------------------------------- */

static bool is_port(const uint8_t *address, uint64_t port)
{
	return address[0] == SPACE_IO && read64(address + ADDRESS_OF) == port;
}

static bool reduced_registers(const uint8_t *bytes)
{
	return (read32(bytes + FADT_FLAGS) & HARDWARE_REDUCED) &&
	       is_port(bytes + FADT_SLEEP_CONTROL, PLATFORM_ACPI_SLEEP_CONTROL_PORT) &&
	       is_port(bytes + FADT_SLEEP_STATUS, PLATFORM_ACPI_SLEEP_STATUS_PORT);
}

static bool fixed_registers(const uint8_t *bytes)
{
	return !(read32(bytes + FADT_FLAGS) & HARDWARE_REDUCED) &&
	       read32(bytes + FADT_SMI_COMMAND) == 0 &&
	       read32(bytes + FADT_PM1A_EVENT) == PLATFORM_PM1_EVENT_PORT &&
	       read32(bytes + FADT_PM1A_CONTROL) == PLATFORM_PM1_CONTROL_PORT &&
	       is_port(bytes + FADT_X_PM1A_EVENT, PLATFORM_PM1_EVENT_PORT) &&
	       is_port(bytes + FADT_X_PM1A_CONTROL, PLATFORM_PM1_CONTROL_PORT);
}

static bool good_timer(const struct tables *tables, const uint8_t *bytes)
{
	bool has = tables->vm->config.virtual_devices & VIRTUAL_PM_TIMER;
	uint32_t port = has ? PLATFORM_PM_TIMER_PORT : 0;

	return read32(bytes + FADT_PM_TIMER) == port && is_port(bytes + FADT_X_PM_TIMER, port);
}

static void check_facs(struct tables *tables, const uint8_t *fadt)
{
	uint64_t address = read64(fadt + FADT_X_FACS);
	const struct verify_blob *facs;

	if (read32(fadt + FADT_FACS) != address)
		complain(tables, "FACP", "has two different addresses for the FACS");
	facs = address ? follow(tables, "FACP", address) : NULL;
	if (facs && (facs->size != FACS_SIZE || facs->guest % FACS_SIZE ||
		     read32(facs->bytes + 4) != FACS_SIZE || memcmp(facs->bytes, "FACS", 4) != 0))
		complain(tables, "FACS", "has another size, place or signature");
}

static void check_fadt(struct tables *tables, const struct verify_blob *blob)
{
	const uint8_t *bytes = blob->bytes;
	bool fixed = tables->vm->config.virtual_devices & VIRTUAL_ACPI_PM;
	const struct verify_blob *dsdt;

	if (!good_table(tables, blob, "FACP", FADT_LEAST))
		return;
	if (!(fixed ? fixed_registers(bytes) : reduced_registers(bytes)) ||
	    !good_timer(tables, bytes) || !is_port(bytes + FADT_RESET, PLATFORM_ACPI_RESET_PORT) ||
	    bytes[FADT_RESET_VALUE] != PLATFORM_ACPI_RESET_VALUE)
		complain(tables, "FACP", "has other registers than the virtual platform");
	check_facs(tables, bytes);
	if (read32(bytes + FADT_DSDT) != read64(bytes + FADT_X_DSDT))
		complain(tables, "FACP", "has two different addresses for the DSDT");
	dsdt = follow(tables, "FACP", read64(bytes + FADT_X_DSDT));
	if (dsdt)
		good_table(tables, dsdt, "DSDT", HEADER_SIZE);
}

/* --- MCFG, HPET --------------------------------------------------------------------------------- */

/* One range, of all buses, where the board has configuration space. */
static void check_mcfg(struct tables *tables, const struct verify_blob *blob)
{
	const struct scenario *scenario = &tables->verify->scenario;

	if (!good_table(tables, blob, "MCFG", MCFG_SIZE))
		return;
	if (blob->size != MCFG_SIZE || scenario->pci_ecam_size == 0 ||
	    read64(blob->bytes + MCFG_BASE) != scenario->pci_ecam_base ||
	    blob->bytes[MCFG_LAST_BUS] != (scenario->pci_ecam_size >> 20) - 1)
		complain(tables, "MCFG", "has another range than the board");
}

static void check_hpet(struct tables *tables, const struct verify_blob *blob)
{
	if (good_table(tables, blob, "HPET", HPET_SIZE) &&
	    !verify_vm_has_device(tables->vm, read64(blob->bytes + HPET_BASE), PAGE_SIZE_4K))
		complain(tables, "HPET", "has registers that are not the VM's");
}

/* --- RSDP, XSDT, RSDT --------------------------------------------------------------------------------- */

static const struct {
	const char *signature;
	void (*check)(struct tables *tables, const struct verify_blob *blob);
	bool mandatory;
} xsdt_tables[] = {
	{"FACP", check_fadt, true},
	{"APIC", check_madt, true},
	{"MCFG", check_mcfg, false},
	{"HPET", check_hpet, false},
};

/* Number of the blob's kind in the list; ELEMENTS(xsdt_tables): of no kind that is expected. */
static unsigned kind_of(const struct verify_blob *blob)
{
	unsigned i = 0;

	while (i < ELEMENTS(xsdt_tables) &&
	       (blob->size < 4 || memcmp(blob->bytes, xsdt_tables[i].signature, 4) != 0))
		i++;
	return i;
}

static void check_xsdt(struct tables *tables, const struct verify_blob *blob)
{
	unsigned seen = 0;

	if (!good_table(tables, blob, "XSDT", HEADER_SIZE))
		return;
	for (uint64_t at = HEADER_SIZE; blob->size - at >= sizeof(uint64_t);
	     at += sizeof(uint64_t)) {
		const struct verify_blob *table = follow(tables, "XSDT", read64(blob->bytes + at));
		unsigned kind = table ? kind_of(table) : ELEMENTS(xsdt_tables);

		if (kind == ELEMENTS(xsdt_tables) || seen & 1u << kind) {
			complain(tables, "XSDT", "names a table of an unexpected kind");
			continue;
		}
		seen |= 1u << kind;
		xsdt_tables[kind].check(tables, table);
	}
	for (unsigned i = 0; i < ELEMENTS(xsdt_tables); i++)
		if (xsdt_tables[i].mandatory && !(seen & 1u << i))
			complain(tables, "XSDT", "does not name FADT and MADT");
}

/* The RSDT names what the XSDT names, in the same order. */
static void check_rsdt(const struct tables *tables, const struct verify_blob *rsdt,
		       const struct verify_blob *xsdt)
{
	uint64_t entries = (xsdt->size - HEADER_SIZE) / sizeof(uint64_t);

	if (!good_table(tables, rsdt, "RSDT", HEADER_SIZE))
		return;
	if (rsdt->size != HEADER_SIZE + entries * sizeof(uint32_t)) {
		complain(tables, "RSDT", "has another number of tables than the XSDT");
		return;
	}
	for (uint64_t i = 0; i < entries; i++)
		if (read32(rsdt->bytes + HEADER_SIZE + i * sizeof(uint32_t)) !=
		    read64(xsdt->bytes + HEADER_SIZE + i * sizeof(uint64_t)))
			complain(tables, "RSDT", "names another table than the XSDT");
}

static const char *rsdp_problem(const struct verify_blob *blob)
{
	if (blob->size != RSDP_SIZE || read32(blob->bytes + 20) != RSDP_SIZE)
		return "has another length than ACPI 2.0 gives it";
	if (memcmp(blob->bytes, "RSD PTR ", 8) != 0 || blob->bytes[15] != 2)
		return "has another signature or revision";
	if (!sums_to_zero(blob->bytes, RSDP_V1_SIZE) || !sums_to_zero(blob->bytes, RSDP_SIZE))
		return "has a wrong checksum";
	return NULL;
}

static void check_tables(struct tables *tables)
{
	const struct verify_blob *rsdp = follow(tables, "acpi_rsdp", tables->vm->config.acpi_rsdp);
	const struct verify_blob *xsdt, *rsdt;
	const char *problem = rsdp ? rsdp_problem(rsdp) : NULL;

	if (!rsdp)
		return;
	if (problem) {
		complain(tables, "RSDP", problem);
		return;
	}
	xsdt = follow(tables, "RSDP", read64(rsdp->bytes + 24));
	if (xsdt)
		check_xsdt(tables, xsdt);
	rsdt = follow(tables, "RSDP", read32(rsdp->bytes + 16));
	if (rsdt && xsdt)
		check_rsdt(tables, rsdt, xsdt);
	for (uint32_t i = 0; i < tables->vm->config.blob_count; i++)
		if (!tables->seen[i])
			complain(tables, tables->vm->blobs[i].name, "is named by no other table");
}

void verify_acpi(struct verify *verify)
{
	FOR_EACH_VM(verify, vm) {
		struct tables tables = {
			verify, vm,
			arena_alloc(verify->arena, vm->config.blob_count * sizeof(bool))};

		if (vm->config.blob_count == 0) {
			if (vm->config.acpi_rsdp != 0)
				complain(&tables, "acpi_rsdp", "is given, but there are no tables");
			continue;
		}
		check_places(&tables);
		if (vm->config.acpi_rsdp != PLATFORM_ACPI_GPA)
			complain(&tables, "acpi_rsdp", "is not where guests look for it");
		check_tables(&tables);
	}
}
