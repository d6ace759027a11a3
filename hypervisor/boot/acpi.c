/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables are written by firmware, so they are mostly right: but no length is trusted, and a table with a
 * wrong checksum is not used. Section numbers are those of ACPI 6.4.
 */
#include "boot/acpi.h"

#include "lib/log.h"
#include "lib/string.h"

/* A broken length must not lead through all of memory; an MADT of 1024 processors has 16 KiB. */
#define TABLE_SIZE_MAX UINT32_C(0x100000)

struct rsdp { /* 5.2.5.3 */
	char signature[8];
	uint8_t checksum; /* of the first 20 bytes */
	char oem_id[6];
	uint8_t revision; /* 0: ACPI 1.0, ends with rsdt_address */
	uint32_t rsdt_address;
	uint32_t length;
	uint64_t xsdt_address;
	uint8_t extended_checksum; /* of all bytes */
	uint8_t reserved[3];
} __attribute__((packed));
#define RSDP_OLD_SIZE 20
_Static_assert(sizeof(struct rsdp) == 36, "5.2.5.3");

struct table_header { /* 5.2.6 */
	char signature[4];
	uint32_t length; /* with this header */
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	uint32_t creator_id;
	uint32_t creator_revision;
} __attribute__((packed));
_Static_assert(sizeof(struct table_header) == 36, "5.2.6");

struct madt { /* 5.2.12 */
	struct table_header header;
	uint32_t local_apic_address;
	uint32_t flags;
} __attribute__((packed));
_Static_assert(sizeof(struct madt) == 44, "5.2.12");

enum madt_type {
	MADT_LOCAL_APIC = 0,
	MADT_IOAPIC = 1,
	MADT_LOCAL_X2APIC = 9,
};

struct madt_entry {
	uint8_t type;
	uint8_t length; /* with these two bytes */
} __attribute__((packed));

struct madt_local_apic { /* 5.2.12.2 */
	struct madt_entry entry;
	uint8_t acpi_processor_uid;
	uint8_t apic_id;
	uint32_t flags;
} __attribute__((packed));
_Static_assert(sizeof(struct madt_local_apic) == 8, "5.2.12.2");

struct madt_ioapic { /* 5.2.12.3 */
	struct madt_entry entry;
	uint8_t ioapic_id;
	uint8_t reserved;
	uint32_t ioapic_address;
	uint32_t gsi_base;
} __attribute__((packed));
_Static_assert(sizeof(struct madt_ioapic) == 12, "5.2.12.3");

struct madt_local_x2apic { /* 5.2.12.12 */
	struct madt_entry entry;
	uint16_t reserved;
	uint32_t x2apic_id;
	uint32_t flags;
	uint32_t acpi_processor_uid;
} __attribute__((packed));
_Static_assert(sizeof(struct madt_local_x2apic) == 16, "5.2.12.12");

#define LOCAL_APIC_ENABLED UINT32_C(1) /* 5.2.12.2, table 5.47 */

/* Bytes of a table or entry sum up to 0. */
static bool checksum_is_right(const void *bytes, uint32_t size)
{
	const uint8_t *byte = bytes;
	uint8_t sum = 0;

	for (uint32_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + byte[i]);
	return sum == 0;
}

/* The whole table with length and checksum verified, or NULL; `what` names it in messages. */
static const struct table_header *table_map(hpa_t address, const char *what)
{
	const struct table_header *header = acpi_map(address, sizeof(*header));

	if (header == NULL) {
		log_error("acpi: %s at 0x%lx is outside of memory that can be read", what, address);
		return NULL;
	}
	uint32_t length = header->length;
	/* Only what has been mapped is read, hence the second time with the whole length. */
	header = length >= sizeof(*header) && length <= TABLE_SIZE_MAX ? acpi_map(address, length)
								       : NULL;
	if (header == NULL) {
		log_error("acpi: %s at 0x%lx has length %u", what, address, length);
		return NULL;
	}
	if (!checksum_is_right(header, length)) {
		log_error("acpi: %s at 0x%lx has a wrong checksum", what, address);
		return NULL;
	}
	return header;
}

static bool signature_is(const struct table_header *header, const char *signature)
{
	return memcmp(header->signature, signature, sizeof(header->signature)) == 0;
}

/* The root tables: the same header, then addresses of 4 bytes (RSDT, 5.2.7) or 8 (XSDT, 5.2.8). */
struct root {
	const struct table_header *header;
	uint32_t entry_size;
};

static enum error root_map(hpa_t address, const char *signature, uint32_t entry_size,
			   struct root *root)
{
	const struct table_header *header = table_map(address, signature);

	if (header == NULL)
		return ERROR_ACPI_TABLES;
	if (!signature_is(header, signature) ||
	    (header->length - sizeof(*header)) % entry_size != 0) {
		log_error("acpi: table at 0x%lx with signature \"%.4s\" and length %u is no %s",
			  address, header->signature, header->length, signature);
		return ERROR_ACPI_TABLES;
	}
	*root = (struct root){.header = header, .entry_size = entry_size};
	return ERROR_OK;
}

static uint32_t root_entry_count(const struct root *root)
{
	return (root->header->length - (uint32_t)sizeof(*root->header)) / root->entry_size;
}

static hpa_t root_entry(const struct root *root, uint32_t index)
{
	const uint8_t *entry =
		(const uint8_t *)(root->header + 1) + (size_t)index * root->entry_size;
	hpa_t address = 0;

	/* Little-endian: the bytes that an RSDT's entry lacks are the upper ones. */
	memcpy(&address, entry, root->entry_size);
	return address;
}

static enum error rsdp_check(const struct rsdp *rsdp, uint32_t size)
{
	if (size < RSDP_OLD_SIZE) {
		log_error(
			"acpi: the boot loader gave no RSDP, so processors can't be found: boot with "
			"ACPI on");
		return ERROR_ACPI_TABLES;
	}
	if (memcmp(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature)) != 0 ||
	    !checksum_is_right(rsdp, RSDP_OLD_SIZE)) {
		log_error("acpi: RSDP has signature \"%.8s\" or a wrong checksum", rsdp->signature);
		return ERROR_ACPI_TABLES;
	}
	return ERROR_OK;
}

/* The extended part counts only if it is there, whole and right; else the RSDT still serves. */
static bool rsdp_has_xsdt(const struct rsdp *rsdp, uint32_t size)
{
	if (size < sizeof(*rsdp) || rsdp->revision < 2 || rsdp->xsdt_address == 0)
		return false;
	/* A longer RSDP of a later ACPI has its checksum over bytes that the boot loader cut off. */
	if (rsdp->length == sizeof(*rsdp) && checksum_is_right(rsdp, sizeof(*rsdp)))
		return true;
	log_warning(
		"acpi: RSDP of revision %u has length %u or a wrong extended checksum; taking the RSDT",
		rsdp->revision, rsdp->length);
	return false;
}

static enum error root_find(const struct rsdp *rsdp, uint32_t size, struct root *root)
{
	enum error error = rsdp_check(rsdp, size);

	if (error != ERROR_OK)
		return error;
	if (rsdp_has_xsdt(rsdp, size))
		return root_map(rsdp->xsdt_address, "XSDT", sizeof(uint64_t), root);
	return root_map(rsdp->rsdt_address, "RSDT", sizeof(uint32_t), root);
}

/* The first one counts (5.2.12 allows one). Tables that can't be read may be anything: warned of. */
static const struct madt *madt_find(const struct root *root)
{
	for (uint32_t i = 0; i < root_entry_count(root); i++) {
		hpa_t address = root_entry(root, i);
		const struct table_header *header = acpi_map(address, sizeof(*header));

		if (header == NULL) {
			log_warning("acpi: %.4s entry %u points to 0x%lx, which can't be read",
				    root->header->signature, i, address);
			continue;
		}
		if (!signature_is(header, "APIC"))
			continue;
		header = table_map(address, "MADT");
		if (header == NULL)
			return NULL;
		if (header->length < sizeof(struct madt)) {
			log_error("acpi: MADT at 0x%lx has length %u", address, header->length);
			return NULL;
		}
		return (const struct madt *)header;
	}
	log_error(
		"acpi: no MADT (signature \"APIC\") among %u tables: enable the APIC in the firmware",
		root_entry_count(root));
	return NULL;
}

static enum error core_add(struct acpi_madt *out, uint32_t apic_id, uint32_t flags)
{
	if (!(flags & LOCAL_APIC_ENABLED)) {
		out->disabled_count++;
		return ERROR_OK;
	}
	/* Some firmware lists a processor both by its xAPIC and by its x2APIC id. */
	if (acpi_has_core(out, apic_id))
		return ERROR_OK;
	if (out->core_count == ACPI_CORES_MAX) {
		log_error("acpi: more than %u processors: raise ACPI_CORES_MAX", ACPI_CORES_MAX);
		return ERROR_CAPACITY;
	}
	out->apic_ids[out->core_count++] = apic_id;
	return ERROR_OK;
}

static enum error read_local_apic(struct acpi_madt *out, const struct madt_entry *entry)
{
	const struct madt_local_apic *apic = (const struct madt_local_apic *)entry;

	return core_add(out, apic->apic_id, apic->flags);
}

static enum error read_local_x2apic(struct acpi_madt *out, const struct madt_entry *entry)
{
	const struct madt_local_x2apic *apic = (const struct madt_local_x2apic *)entry;

	return core_add(out, apic->x2apic_id, apic->flags);
}

static enum error read_ioapic(struct acpi_madt *out, const struct madt_entry *entry)
{
	const struct madt_ioapic *ioapic = (const struct madt_ioapic *)entry;

	if (out->ioapic_count == ACPI_IOAPICS_MAX) {
		log_error("acpi: more than %u IOAPICs: raise ACPI_IOAPICS_MAX", ACPI_IOAPICS_MAX);
		return ERROR_CAPACITY;
	}
	out->ioapics[out->ioapic_count++] = (struct acpi_ioapic){
		.id = ioapic->ioapic_id,
		.address = ioapic->ioapic_address,
		.gsi_base = ioapic->gsi_base,
	};
	return ERROR_OK;
}

/* Entries of other types say nothing that Bulkhead compares. */
static const struct {
	enum error (*read)(struct acpi_madt *out, const struct madt_entry *entry);
	uint8_t type;
	uint8_t size;
} madt_readers[] = {
	{read_local_apic, MADT_LOCAL_APIC, sizeof(struct madt_local_apic)},
	{read_ioapic, MADT_IOAPIC, sizeof(struct madt_ioapic)},
	{read_local_x2apic, MADT_LOCAL_X2APIC, sizeof(struct madt_local_x2apic)},
};

/* `left` bytes are there from the entry's first on. */
static enum error madt_entry_read(struct acpi_madt *out, const struct madt_entry *entry,
				  uint32_t left, uint32_t offset)
{
	if (left < sizeof(*entry) || entry->length < sizeof(*entry) || entry->length > left) {
		log_error("acpi: MADT entry at offset %u goes beyond the table's end", offset);
		return ERROR_ACPI_TABLES;
	}
	for (unsigned i = 0; i < sizeof(madt_readers) / sizeof(madt_readers[0]); i++) {
		if (madt_readers[i].type != entry->type)
			continue;
		if (entry->length >= madt_readers[i].size)
			return madt_readers[i].read(out, entry);
		log_error("acpi: MADT entry of type %u at offset %u has %u bytes, not %u",
			  entry->type, offset, entry->length, madt_readers[i].size);
		return ERROR_ACPI_TABLES;
	}
	return ERROR_OK;
}

static enum error madt_read(const struct madt *madt, struct acpi_madt *out)
{
	const uint8_t *bytes = (const uint8_t *)madt;
	uint32_t length = madt->header.length;

	for (uint32_t offset = sizeof(*madt); offset < length;) {
		const struct madt_entry *entry = (const struct madt_entry *)(bytes + offset);
		enum error error = madt_entry_read(out, entry, length - offset, offset);

		if (error != ERROR_OK)
			return error;
		offset += entry->length;
	}
	return ERROR_OK;
}

enum error acpi_read_madt(const uint8_t *rsdp, uint32_t size, struct acpi_madt *out)
{
	struct root root;

	memset(out, 0, sizeof(*out));
	enum error error = root_find((const struct rsdp *)rsdp, size, &root);
	if (error != ERROR_OK)
		return error;
	const struct madt *madt = madt_find(&root);
	if (madt == NULL)
		return ERROR_ACPI_TABLES;
	return madt_read(madt, out);
}
