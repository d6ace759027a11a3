/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware's tables, found by looking for them: ACPI from the RSDP on by the RSDT, as ACPI 1.0 has it. */
#include "stranger.h"

#define SEARCH_FROM 0xE0000u
#define SEARCH_TO   0x100000u
#define HEADER_SIZE 36u
#define FADT_DSDT   40u
#define MADT_FIXED  44u
#define TABLE_MAX   65536u

static uint32_t byte_at(uint64_t address)
{
	return *(volatile uint8_t *)fixed(address);
}

static uint32_t word_at(uint64_t address)
{
	return *(volatile uint32_t *)fixed(address);
}

static bool has_text(uint64_t address, const char *text)
{
	while (*text)
		if (byte_at(address++) != (uint8_t)*text++)
			return false;
	return true;
}

static bool sums_to_zero(uint64_t address, uint32_t size)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < size; i++)
		sum += byte_at(address + i);
	return (sum & 0xFF) == 0;
}

static uint32_t search(const char *signature)
{
	for (uint32_t at = SEARCH_FROM; at < SEARCH_TO; at += 16)
		if (has_text(at, signature))
			return at;
	return 0;
}

static bool good_table(uint32_t address, const char *signature)
{
	uint32_t size;

	if (address == 0 || !has_text(address, signature))
		return false;
	size = word_at(address + 4);
	return size >= HEADER_SIZE && size <= TABLE_MAX && sums_to_zero(address, size);
}

static uint32_t table_of(uint32_t rsdt, const char *signature)
{
	for (uint32_t at = HEADER_SIZE; at + 4 <= word_at(rsdt + 4); at += 4) {
		uint32_t table = word_at(rsdt + at);

		if (has_text(table, signature))
			return table;
	}
	return 0;
}

/* Processors that are enabled. */
static uint32_t processors(uint32_t madt)
{
	uint32_t count = 0;

	for (uint32_t at = MADT_FIXED; at + 8 <= word_at(madt + 4); at += byte_at(madt + at + 1))
		count += byte_at(madt + at) == 0 && (word_at(madt + at + 4) & 1);
	return count;
}

void test_tables(void)
{
	uint32_t rsdp = search("RSD PTR "), rsdt, fadt, madt;

	group("tables");
	verdict("rsdp", rsdp != 0 && sums_to_zero(rsdp, 20), rsdp);
	rsdt = word_at(rsdp + 16);
	verdict("rsdt", good_table(rsdt, "RSDT"), rsdt);
	fadt = table_of(rsdt, "FACP");
	madt = table_of(rsdt, "APIC");
	verdict("fadt", good_table(fadt, "FACP"), fadt);
	verdict("dsdt", good_table(word_at(fadt + FADT_DSDT), "DSDT"), word_at(fadt + FADT_DSDT));
	verdict("madt", good_table(madt, "APIC"), madt);
	verdict("local-apic", word_at(madt + HEADER_SIZE) == 0xFEE00000,
		word_at(madt + HEADER_SIZE));
	observe("processors", processors(madt));
	observe("mp-tables", search("_MP_") != 0);
}
