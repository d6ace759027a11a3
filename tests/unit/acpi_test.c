/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables in a fake memory. acpi_map() hands out copies of exactly the size that was asked for, so that
 * the address sanitizer sees any read beyond it.
 */
#include "boot/acpi.h"

#include "fake_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MEMORY_BASE 0x7F000000
#define MEMORY_SIZE 0x10000

#define RSDT_AT (MEMORY_BASE + 0x1000)
#define XSDT_AT (MEMORY_BASE + 0x2000)
#define FADT_AT (MEMORY_BASE + 0x3000)
#define MADT_AT (MEMORY_BASE + 0x4004) /* tables need no alignment */

static uint8_t memory[MEMORY_SIZE];
static void *maps[64];
static unsigned map_count;
static uint8_t rsdp[36];
static struct acpi_madt out;

static uint8_t *at(hpa_t address)
{
	assert_true(address >= MEMORY_BASE && address < MEMORY_BASE + MEMORY_SIZE);
	return memory + (address - MEMORY_BASE);
}

const void *acpi_map(hpa_t address, uint64_t size)
{
	if (address < MEMORY_BASE || address > MEMORY_BASE + MEMORY_SIZE ||
	    size > MEMORY_BASE + MEMORY_SIZE - address)
		return NULL;
	assert_true(map_count < sizeof(maps) / sizeof(maps[0]));
	void *copy = malloc(size);
	memcpy(copy, at(address), size);
	maps[map_count++] = copy;
	return copy;
}

static void put32(uint8_t *bytes, uint32_t value)
{
	memcpy(bytes, &value, sizeof(value));
}

static void put64(uint8_t *bytes, uint64_t value)
{
	memcpy(bytes, &value, sizeof(value));
}

/* Makes the sum of all bytes 0. */
static void seal(uint8_t *bytes, uint32_t size, uint32_t checksum_at)
{
	uint8_t sum = 0;

	bytes[checksum_at] = 0;
	for (uint32_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
	bytes[checksum_at] = (uint8_t)-sum;
}

static void put_table(hpa_t address, const char *signature, const void *body, uint32_t size)
{
	uint8_t *table = at(address);

	memset(table, 0, 36);
	memcpy(table, signature, 4);
	put32(table + 4, 36 + size);
	if (size > 0)
		memcpy(table + 36, body, size);
	seal(table, 36 + size, 9);
}

static void seal_rsdp(void)
{
	seal(rsdp, 20, 8);
	seal(rsdp, 36, 32);
}

static void put_rsdp(uint8_t revision)
{
	memset(rsdp, 0, sizeof(rsdp));
	memcpy(rsdp, "RSD PTR ", 8);
	rsdp[15] = revision;
	put32(rsdp + 16, RSDT_AT);
	put32(rsdp + 20, 36);
	put64(rsdp + 24, XSDT_AT);
	seal_rsdp();
}

static uint8_t madt[4096];
static uint32_t madt_size;

static void madt_begin(void)
{
	memset(madt, 0, sizeof(madt));
	put32(madt, 0xFEE00000);
	put32(madt + 4, 1);
	madt_size = 8;
}

static void add_local_apic(uint8_t id, uint32_t flags)
{
	uint8_t entry[8] = {0, 8, 1, id};

	put32(entry + 4, flags);
	memcpy(madt + madt_size, entry, 8);
	madt_size += 8;
}

static void add_local_x2apic(uint32_t id, uint32_t flags)
{
	uint8_t entry[16] = {9, 16};

	put32(entry + 4, id);
	put32(entry + 8, flags);
	memcpy(madt + madt_size, entry, 16);
	madt_size += 16;
}

static void add_ioapic(uint8_t id, uint32_t address, uint32_t gsi_base)
{
	uint8_t entry[12] = {1, 12, id};

	put32(entry + 4, address);
	put32(entry + 8, gsi_base);
	memcpy(madt + madt_size, entry, 12);
	madt_size += 12;
}

static void add_bytes(const void *bytes, uint32_t size)
{
	memcpy(madt + madt_size, bytes, size);
	madt_size += size;
}

static void madt_end(void)
{
	put_table(MADT_AT, "APIC", madt, madt_size);
}

/* Both root tables list the FADT and the MADT. */
static int setup(void **state)
{
	uint8_t short_list[8], long_list[16];

	(void)state;
	fake_log_clear();
	memset(memory, 0xEE, sizeof(memory));
	put_rsdp(2);
	put32(short_list, FADT_AT);
	put32(short_list + 4, MADT_AT);
	put64(long_list, FADT_AT);
	put64(long_list + 8, MADT_AT);
	put_table(RSDT_AT, "RSDT", short_list, sizeof(short_list));
	put_table(XSDT_AT, "XSDT", long_list, sizeof(long_list));
	put_table(FADT_AT, "FACP", "body", 4);
	madt_begin();
	add_local_apic(0, 1);
	add_ioapic(4, 0xFEC00000, 0);
	madt_end();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	while (map_count > 0)
		free(maps[--map_count]);
	return 0;
}

static enum error read_tables(uint32_t rsdp_size)
{
	return acpi_read_madt(rsdp, rsdp_size, &out);
}

static void assert_refused(enum error error, const char *reason)
{
	if (error == ERROR_OK || !fake_log_has(LOG_ERROR, reason))
		fake_log_dump();
	assert_int_equal(error, ERROR_ACPI_TABLES);
	assert_true(fake_log_has(LOG_ERROR, reason));
}

static void cores_and_ioapics_are_found(void **state)
{
	static const uint8_t override[10] = {2, 10, 0, 0, 2};

	(void)state;
	madt_begin();
	add_local_apic(0, 1);
	add_local_apic(6, 0); /* disabled */
	add_bytes(override, sizeof(override));
	add_local_apic(2, 1);
	add_local_x2apic(0x123, 1);
	add_local_x2apic(2, 1);   /* listed twice */
	add_local_x2apic(300, 2); /* may be plugged in later */
	add_ioapic(8, 0xFEC00000, 0);
	add_ioapic(9, 0xFEC01000, 24);
	madt_end();
	assert_int_equal(read_tables(36), ERROR_OK);
	assert_int_equal(fake_log_count(LOG_ERROR) + fake_log_count(LOG_WARNING), 0);

	assert_int_equal(out.core_count, 3);
	assert_int_equal(out.apic_ids[0], 0);
	assert_int_equal(out.apic_ids[1], 2);
	assert_int_equal(out.apic_ids[2], 0x123);
	assert_int_equal(out.disabled_count, 2);
	assert_int_equal(out.ioapic_count, 2);
	assert_int_equal(out.ioapics[1].id, 9);
	assert_int_equal(out.ioapics[1].address, 0xFEC01000);
	assert_int_equal(out.ioapics[1].gsi_base, 24);
}

static void old_rsdp_leads_to_the_rsdt(void **state)
{
	(void)state;
	put_rsdp(0);
	memset(at(XSDT_AT), 0, 64);
	assert_int_equal(read_tables(20), ERROR_OK);
	assert_int_equal(out.core_count, 1);
	/* Revision 0 has no XSDT, even if more bytes are there. */
	assert_int_equal(read_tables(36), ERROR_OK);
}

static void new_rsdp_leads_to_the_xsdt(void **state)
{
	(void)state;
	memset(at(RSDT_AT), 0, 64);
	assert_int_equal(read_tables(36), ERROR_OK);
	assert_int_equal(out.core_count, 1);
}

static void broken_extension_of_the_rsdp_leads_to_the_rsdt(void **state)
{
	(void)state;
	memset(at(XSDT_AT), 0, 64);
	rsdp[32]++;
	assert_int_equal(read_tables(36), ERROR_OK);
	assert_true(fake_log_has(LOG_WARNING, "taking the RSDT"));

	put_rsdp(2);
	put32(rsdp + 20, 4000); /* a length that the copy does not have */
	seal_rsdp();
	assert_int_equal(read_tables(36), ERROR_OK);

	put_rsdp(2);
	put64(rsdp + 24, 0);
	seal_rsdp();
	assert_int_equal(read_tables(36), ERROR_OK);
}

static void missing_rsdp_is_refused(void **state)
{
	(void)state;
	assert_refused(read_tables(0), "gave no RSDP");
}

static void bad_rsdp_is_refused(void **state)
{
	(void)state;
	rsdp[9]++;
	assert_refused(read_tables(36), "wrong checksum");
	setup(NULL);
	rsdp[0] = 'X';
	seal_rsdp();
	assert_refused(read_tables(36), "RSDP has signature");
}

static void root_table_that_cannot_be_read_is_refused(void **state)
{
	static const uint64_t addresses[] = {1, 0xFFFFFFFFFFFFFFF0, MEMORY_BASE + MEMORY_SIZE - 35};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		fake_log_clear();
		put64(rsdp + 24, addresses[i]);
		seal_rsdp();
		assert_refused(read_tables(36), "XSDT at");
	}
}

static void bad_root_table_is_refused(void **state)
{
	(void)state;
	at(XSDT_AT)[20]++;
	assert_refused(read_tables(36), "XSDT at 0x7f002000 has a wrong checksum");
	setup(NULL);
	put_table(XSDT_AT, "RSDT", "12345678", 8);
	assert_refused(read_tables(36), "is no XSDT");
	setup(NULL);
	put_table(XSDT_AT, "XSDT", "123456789", 9);
	assert_refused(read_tables(36), "length 45 is no XSDT");
}

static void table_with_bad_length_is_refused(void **state)
{
	static const uint32_t lengths[] = {0, 35, MEMORY_SIZE, 0x100001, 0xFFFFFFFF};

	(void)state;
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		fake_log_clear();
		put32(at(XSDT_AT) + 4, lengths[i]);
		assert_refused(read_tables(36), "has length");
		setup(NULL);
		put32(at(MADT_AT) + 4, lengths[i]);
		assert_refused(read_tables(36), "MADT at 0x7f004004 has length");
		setup(NULL);
	}
}

static void empty_root_table_has_no_madt(void **state)
{
	(void)state;
	put_table(XSDT_AT, "XSDT", NULL, 0);
	assert_refused(read_tables(36), "no MADT");
}

static void root_entry_that_cannot_be_read_is_skipped(void **state)
{
	uint8_t list[16];

	(void)state;
	put64(list, 0x123456789ABC);
	put64(list + 8, MADT_AT);
	put_table(XSDT_AT, "XSDT", list, sizeof(list));
	assert_int_equal(read_tables(36), ERROR_OK);
	assert_true(fake_log_has(LOG_WARNING, "points to 0x123456789abc"));
}

static void bad_madt_is_refused(void **state)
{
	(void)state;
	at(MADT_AT)[45]++;
	assert_refused(read_tables(36), "MADT at 0x7f004004 has a wrong checksum");
	setup(NULL);
	put_table(MADT_AT, "APIC", "1234567", 7);
	assert_refused(read_tables(36), "MADT at 0x7f004004 has length 43");
}

static void bad_madt_entry_is_refused(void **state)
{
	static const struct {
		uint8_t bytes[4];
		uint32_t size;
		const char *reason;
	} cases[] = {
		{{0}, 1, "at offset 64 goes beyond"},
		{{0, 0}, 2, "at offset 64 goes beyond"}, /* would never end */
		{{0, 1}, 2, "at offset 64 goes beyond"},
		{{0, 8, 1}, 3, "at offset 64 goes beyond"},
		{{0, 4, 1, 0}, 4, "type 0 at offset 64 has 4 bytes, not 8"},
		{{1, 4, 1, 0}, 4, "type 1 at offset 64 has 4 bytes, not 12"},
		{{9, 4, 1, 0}, 4, "type 9 at offset 64 has 4 bytes, not 16"},
		{{200, 255, 1, 0}, 4, "at offset 64 goes beyond"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(NULL);
		madt_begin();
		add_local_apic(0, 1);
		add_ioapic(4, 0xFEC00000, 0);
		add_bytes(cases[i].bytes, cases[i].size);
		madt_end();
		assert_refused(read_tables(36), cases[i].reason);
		teardown(NULL);
	}
}

static void more_ioapics_than_room_are_refused(void **state)
{
	(void)state;
	madt_begin();
	for (uint8_t i = 0; i <= ACPI_IOAPICS_MAX; i++)
		add_ioapic(i, 0xFEC00000u + i * 0x1000u, i * 24u);
	madt_end();
	assert_int_equal(read_tables(36), ERROR_CAPACITY);
	assert_true(fake_log_has(LOG_ERROR, "raise ACPI_IOAPICS_MAX"));
}

static void more_cores_than_room_are_refused(void **state)
{
	static uint8_t body[8 + 16 * (ACPI_CORES_MAX + 1)];

	(void)state;
	for (uint32_t i = 0; i <= ACPI_CORES_MAX; i++) {
		uint8_t *entry = body + 8 + 16 * i;

		entry[0] = 9;
		entry[1] = 16;
		put32(entry + 4, i);
		put32(entry + 8, 1);
	}
	put_table(MADT_AT, "APIC", body, sizeof(body));
	assert_int_equal(read_tables(36), ERROR_CAPACITY);
	assert_true(fake_log_has(LOG_ERROR, "raise ACPI_CORES_MAX"));
	put_table(MADT_AT, "APIC", body, sizeof(body) - 16);
	assert_int_equal(read_tables(36), ERROR_OK);
	assert_int_equal(out.core_count, ACPI_CORES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(cores_and_ioapics_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(old_rsdp_leads_to_the_rsdt, setup, teardown),
		cmocka_unit_test_setup_teardown(new_rsdp_leads_to_the_xsdt, setup, teardown),
		cmocka_unit_test_setup_teardown(broken_extension_of_the_rsdp_leads_to_the_rsdt,
						setup, teardown),
		cmocka_unit_test_setup_teardown(missing_rsdp_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_rsdp_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(root_table_that_cannot_be_read_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(bad_root_table_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(table_with_bad_length_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(empty_root_table_has_no_madt, setup, teardown),
		cmocka_unit_test_setup_teardown(root_entry_that_cannot_be_read_is_skipped, setup,
						teardown),
		cmocka_unit_test_setup_teardown(bad_madt_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_madt_entry_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(more_ioapics_than_room_are_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(more_cores_than_room_are_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
