/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ACPI tables as a guest finds them: from the RSDP on, by address, in the bytes that are copied into
 * its memory. Offsets are those of the ACPI specification 6.4.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "acpi.h"
#include "bulkhead/platform.h"
#include "process.h"
#include "tool_emit_model.h"
#include "virtual.h"

struct case_state {
	struct fixture fixture;
	struct plan plan;
	char *directory;
};

static int set_up(void **state)
{
	static struct case_state current;

	fixture_init(&current.fixture);
	current.plan = (struct plan){0};
	current.directory = fixture_directory();
	*state = &current;
	return 0;
}

static int tear_down(void **state)
{
	struct case_state *current = *state;

	plan_free(&current->plan);
	fixture_remove(current->directory);
	return 0;
}

static const struct vm_config *build(void **state, unsigned vm)
{
	struct case_state *current = *state;

	assert_true(plan_build(&current->plan, &current->fixture.model));
	assert_true(acpi_build(&current->plan, vm, current->directory));
	return &current->plan.vms[vm];
}

/* --- Looking into the tables ---------------------------------------------------------------------- */

static uint64_t read_number(const uint8_t *bytes, size_t offset, size_t size)
{
	uint64_t value = 0;

	for (size_t i = size; i > 0; i--)
		value = value << 8 | bytes[offset + i - 1];
	return value;
}

static uint8_t sum(const uint8_t *bytes, size_t size)
{
	unsigned total = 0;

	for (size_t i = 0; i < size; i++)
		total += bytes[i];
	return (uint8_t)total;
}

static const struct guest_blob *blob_at(const struct vm_config *vm, gpa_t address)
{
	for (uint32_t i = 0; i < vm->blob_count; i++) {
		if (vm->blobs[i].guest_physical == address)
			return &vm->blobs[i];
	}
	fail_msg("no table at 0x%lx", address);
	return NULL;
}

/* The table at the address, after checking what all tables have in common (5.2.6). */
static const uint8_t *table_at(const struct vm_config *vm, gpa_t address, const char *signature,
			       unsigned revision)
{
	const struct guest_blob *blob = blob_at(vm, address);

	assert_memory_equal(blob->bytes, signature, 4);
	assert_int_equal(read_number(blob->bytes, 4, 4), blob->size);
	assert_int_equal(blob->bytes[8], revision);
	assert_int_equal(sum(blob->bytes, blob->size), 0);
	assert_memory_equal(blob->bytes + 10, "BULKHDBULKHEAD", 14);
	return blob->bytes;
}

static const uint8_t *xsdt(const struct vm_config *vm)
{
	const uint8_t *rsdp = blob_at(vm, vm->acpi_rsdp)->bytes;

	return table_at(vm, read_number(rsdp, 24, 8), "XSDT", 1);
}

static const uint8_t *fadt(const struct vm_config *vm)
{
	return table_at(vm, read_number(xsdt(vm), 36, 8), "FACP", 6);
}

static const uint8_t *madt(const struct vm_config *vm)
{
	return table_at(vm, read_number(xsdt(vm), 44, 8), "APIC", 5);
}

static const uint8_t *dsdt(const struct vm_config *vm, size_t *size)
{
	gpa_t address = read_number(fadt(vm), 140, 8);

	*size = blob_at(vm, address)->size;
	return table_at(vm, address, "DSDT", 2);
}

/* Occurrences of the bytes in the DSDT. */
static unsigned occurrences(const struct vm_config *vm, const char *bytes, size_t length)
{
	size_t size;
	const uint8_t *aml = dsdt(vm, &size);
	unsigned count = 0;

	for (size_t i = 0; i + length <= size; i++)
		count += memcmp(aml + i, bytes, length) == 0;
	return count;
}

/* For byte strings with zeros in them. */
#define IN_DSDT(vm, literal) occurrences((vm), (literal), sizeof(literal) - 1)

#define EISA_PNP0501 "\x0c\x41\xd0\x05\x01"
#define EISA_PNP0B00 "\x0c\x41\xd0\x0b\x00"

/* --- Tests ---------------------------------------------------------------------------------------- */

static void test_rsdp(void **state)
{
	const struct vm_config *vm = build(state, VM_LINUX);
	const struct guest_blob *blob = blob_at(vm, PLATFORM_ACPI_GPA);

	assert_int_equal(vm->acpi_rsdp, PLATFORM_ACPI_GPA);
	assert_string_equal(blob->name, "RSDP");
	assert_int_equal(blob->size, 36);
	assert_memory_equal(blob->bytes, "RSD PTR ", 8);
	assert_memory_equal(blob->bytes + 9, "BULKHD", 6);
	assert_int_equal(blob->bytes[15], 2);
	assert_int_equal(read_number(blob->bytes, 20, 4), 36);
	assert_int_equal(sum(blob->bytes, 20), 0);
	assert_int_equal(sum(blob->bytes, 36), 0);
}

static void test_tables_are_disjoint_aligned_and_in_their_area(void **state)
{
	const struct vm_config *vm = build(state, VM_LINUX);
	gpa_t end = PLATFORM_ACPI_GPA;

	assert_int_equal(vm->blob_count, 6);
	for (uint32_t i = 0; i < vm->blob_count; i++) {
		assert_true(vm->blobs[i].guest_physical >= end);
		assert_int_equal(vm->blobs[i].guest_physical % 16, 0);
		end = vm->blobs[i].guest_physical + vm->blobs[i].size;
	}
	assert_true(end <= PLATFORM_ACPI_END_GPA);
}

static void test_xsdt_has_fadt_and_madt(void **state)
{
	const struct vm_config *vm = build(state, VM_LINUX);

	assert_int_equal(read_number(xsdt(vm), 4, 4), 36 + 16);
	fadt(vm);
	madt(vm);
}

static void test_rsdt_names_what_the_xsdt_names(void **state)
{
	const struct vm_config *vm = build(state, VM_LINUX);
	const uint8_t *rsdp = blob_at(vm, vm->acpi_rsdp)->bytes;
	const uint8_t *rsdt = table_at(vm, read_number(rsdp, 16, 4), "RSDT", 1);

	assert_int_equal(read_number(rsdt, 4, 4), 36 + 8);
	assert_int_equal(read_number(rsdt, 36, 4), read_number(xsdt(vm), 36, 8));
	assert_int_equal(read_number(rsdt, 40, 4), read_number(xsdt(vm), 44, 8));
}

static void assert_register(const uint8_t *address, uint64_t port)
{
	static const uint8_t io_byte[] = {1, 8, 0, 1};

	assert_memory_equal(address, io_byte, 4);
	assert_int_equal(read_number(address, 4, 8), port);
}

static void test_fadt_is_hardware_reduced(void **state)
{
	const struct vm_config *vm = build(state, VM_LINUX);
	const uint8_t *table = fadt(vm);

	assert_int_equal(read_number(table, 4, 4), 276);
	assert_int_equal(read_number(table, 112, 4),
			 1 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 10 | 1 << 12 | 1 << 19 | 1 << 20);
	assert_register(table + 116, PLATFORM_ACPI_RESET_PORT);
	assert_int_equal(table[128], PLATFORM_ACPI_RESET_VALUE);
	assert_register(table + 244, PLATFORM_ACPI_SLEEP_CONTROL_PORT);
	assert_register(table + 256, PLATFORM_ACPI_SLEEP_STATUS_PORT);
	/* Both DSDT pointers agree; no FACS; no PM1, GPE, PM timer or SMI command port. */
	assert_int_equal(read_number(table, 40, 4), read_number(table, 140, 8));
	assert_int_equal(read_number(table, 36, 4), 0);
	assert_int_equal(read_number(table, 132, 8), 0);
	for (size_t i = 46; i < 95; i++)
		assert_int_equal(table[i], 0);
	for (size_t block = 148; block < 244; block += 12)
		assert_int_equal(read_number(table, block + 4, 8), 0);
}

static void test_fadt_names_legacy_devices_that_the_vm_owns(void **state)
{
	struct case_state *current = *state;
	struct text none = {.value = VIRTUAL_NONE_NAME};

	/* No 8042, no VGA; RTC there, or the virtual one that Linux has by default. */
	assert_int_equal(read_number(fadt(build(state, VM_LINUX)), 109, 2), 0x05);
	plan_free(&current->plan);
	current->fixture.vms[VM_LINUX].device_count = 1;
	assert_int_equal(read_number(fadt(build(state, VM_LINUX)), 109, 2), 0x05);
	plan_free(&current->plan);
	current->fixture.vms[VM_LINUX].virtual_devices = &none;
	current->fixture.vms[VM_LINUX].virtual_device_count = 1;
	assert_int_equal(read_number(fadt(build(state, VM_LINUX)), 109, 2), 0x25);
	plan_free(&current->plan);
	current->fixture.vms[VM_LINUX].device_count = 0;
	assert_int_equal(read_number(fadt(build(state, VM_LINUX)), 109, 2), 0x24);
}

static void assert_bytes(const uint8_t *bytes, const char *expected, size_t size)
{
	assert_memory_equal(bytes, expected, size);
}

#define ASSERT_BYTES(bytes, literal) assert_bytes((bytes), (literal), sizeof(literal) - 1)

static void test_madt(void **state)
{
	const struct vm_config *vm = build(state, VM_LINUX);
	const uint8_t *table = madt(vm);

	assert_int_equal(read_number(table, 36, 4), PLATFORM_LAPIC_GPA);
	assert_int_equal(read_number(table, 40, 4), 0);
	assert_int_equal(read_number(table, 4, 4), 44 + 2 * 8 + 2 * 12 + 10);
	/* UID, APIC id, enabled */
	ASSERT_BYTES(table + 44, "\x00\x08\x00\x00\x01\x00\x00\x00");
	ASSERT_BYTES(table + 52, "\x00\x08\x01\x01\x01\x00\x00\x00");
	/* id, address, GSI base */
	ASSERT_BYTES(table + 60, "\x01\x0c\x00\x00\x00\x00\xc0\xfe\x00\x00\x00\x00");
	ASSERT_BYTES(table + 72, "\x01\x0c\x01\x00\x00\x10\xc0\xfe\x18\x00\x00\x00");
	/* IRQ 8 to GSI 8, active low, level; those of IRQ 0 and 9 are not the VM's. */
	ASSERT_BYTES(table + 84, "\x02\x0a\x00\x08\x08\x00\x00\x00\x0f\x00");
}

static void test_madt_overrides(void **state)
{
	struct case_state *current = *state;
	const uint8_t *table;

	current->fixture.vm_interrupts[VM_RT][0] = fixture_number(2);
	current->fixture.vm_interrupts[VM_RT][1] = fixture_number(9);
	table = madt(build(state, VM_RT));
	assert_int_equal(read_number(table, 4, 4), 44 + 2 * 8 + 2 * 12 + 2 * 10);
	ASSERT_BYTES(table + 84, "\x02\x0a\x00\x00\x02\x00\x00\x00\x05\x00");
	ASSERT_BYTES(table + 94, "\x02\x0a\x00\x09\x09\x00\x00\x00\x0d\x00");
}

/* A one-byte id field holds ids up to 0xFE; 0xFF is everybody. */
static void test_madt_has_x2apic_entries_for_large_ids(void **state)
{
	struct case_state *current = *state;
	const uint8_t *table;

	current->fixture.cpus[1].apic_id = fixture_number(0xfe);
	current->fixture.cpus[0].apic_id = fixture_number(0xff);
	table = madt(build(state, VM_LINUX));
	assert_int_equal(read_number(table, 4, 4), 44 + 8 + 16 + 2 * 12 + 10);
	ASSERT_BYTES(table + 44, "\x00\x08\x00\xfe\x01\x00\x00\x00");
	ASSERT_BYTES(table + 52,
		     "\x09\x10\x00\x00\xff\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00");
}

static void test_dsdt_has_the_vms_devices(void **state)
{
	const struct vm_config *vm = build(state, VM_LINUX);

	/* Package of four, first element 5 */
	assert_int_equal(IN_DSDT(vm, "_S5_\x12\x07\x04\x0a\x05"), 1);
	assert_int_equal(IN_DSDT(vm, "ACPI0007"), 2);
	assert_int_equal(IN_DSDT(vm, EISA_PNP0501), 1);
	assert_int_equal(IN_DSDT(vm, EISA_PNP0B00), 1);
	/* I/O ports (6.4.2.5), extended interrupt (6.4.3.6): consumer, edge, high; then level, low */
	assert_int_equal(IN_DSDT(vm, "\x47\x01\xf8\x03\xf8\x03\x01\x08"), 1);
	assert_int_equal(IN_DSDT(vm, "\x89\x06\x00\x03\x01\x04\x00\x00\x00"), 1);
	assert_int_equal(IN_DSDT(vm, "\x47\x01\x70\x00\x70\x00\x01\x02"), 1);
	assert_int_equal(IN_DSDT(vm, "\x89\x06\x00\x05\x01\x08\x00\x00\x00"), 1);
}

/* What the VM does not own is not mentioned: not the port, not the interrupt. */
static void test_dsdt_has_nothing_else(void **state)
{
	struct case_state *current = *state;
	const struct vm_config *vm;

	current->fixture.vms[VM_RT].interrupt_count = 0;
	vm = build(state, VM_RT);
	assert_int_equal(IN_DSDT(vm, EISA_PNP0501), 1);
	assert_int_equal(IN_DSDT(vm, "\x47\x01\xf8\x02\xf8\x02\x01\x08"), 1);
	assert_int_equal(IN_DSDT(vm, "\x89\x06\x00"), 0);
	assert_int_equal(IN_DSDT(vm, EISA_PNP0B00), 0);
}

static void test_dsdt_without_devices(void **state)
{
	const struct vm_config *vm = build(state, VM_ELF);

	assert_int_equal(IN_DSDT(vm, "ACPI0007"), 1);
	assert_int_equal(IN_DSDT(vm, "_CRS"), 0);
}

#define MANY 3500

/* More devices than descriptions of devices fit below 1 MiB. */
static void test_tables_that_are_too_large_are_refused(void **state)
{
	static struct board_device devices[MANY];
	static struct reference references[MANY];
	static struct range ports[MANY];
	struct case_state *current = *state;

	for (unsigned i = 0; i < MANY; i++) {
		ports[i] = fixture_range(0x1000 + i * 8, 8);
		devices[i] = (struct board_device){
			.label = "uart",
			.compatible = "ns16550a",
			.ports = &ports[i],
			.port_count = 1,
		};
		references[i].target = i;
	}
	current->fixture.model.board.devices = devices;
	current->fixture.model.board.device_count = MANY;
	current->fixture.vms[VM_LINUX].devices = references;
	current->fixture.vms[VM_LINUX].device_count = MANY;
	assert_true(plan_build(&current->plan, &current->fixture.model));
	assert_false(acpi_build(&current->plan, VM_LINUX, current->directory));
	assert_int_equal(current->plan.vms[VM_LINUX].blob_count, 0);
}

/* iasl takes every table apart again without an error (it knows no RSDP by itself). */
static void test_iasl_disassembles_all(void **state)
{
	static const char *const names[] = {"xsdt", "rsdt", "fadt", "madt", "dsdt"};
	struct case_state *current = *state;
	struct arena *arena = &current->plan.arena;

	build(state, VM_LINUX);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *base =
			arena_format(arena, "%s/acpi/linux/%s", current->directory, names[i]);
		const char *prefix = arena_format(arena, "%s-again", base);
		const char *table = arena_format(arena, "%s.aml", base);
		const char *const arguments[] = {"iasl", "-p", prefix, "-d", table, NULL};
		struct process_result result;

		process_run(arena, arguments, "", 0, &result);
		assert_int_equal(result.error, 0);
		assert_int_equal(result.status, 0);
		assert_null(strcasestr(result.out.text, "error"));
		assert_null(strcasestr(result.err.text, "error"));
		assert_null(strcasestr(result.err.text, "warning"));
		assert_null(strcasestr(result.err.text, "invalid"));
	}
}

static void write_file(const char *directory, const char *name, const char *text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void test_what_iasl_refuses_or_warns_of_is_refused(void **state)
{
	struct case_state *current = *state;
	struct arena *arena = &current->plan.arena;

	write_file(current->directory, "good.asl",
		   "DefinitionBlock (\"\", \"SSDT\", 2, \"A\", \"B\", 1) { Name (AAAA, 1) }");
	write_file(current->directory, "bad.asl", "DefinitionBlock (");
	write_file(current->directory, "warn.asl",
		   "DefinitionBlock (\"\", \"SSDT\", 2, \"A\", \"B\", 1)"
		   "{ Method (AAAA, 1) { If (Arg0) { Return (1) } } }");
	assert_true(acpi_compile(arena, current->directory, "good"));
	assert_false(acpi_compile(arena, current->directory, "bad"));
	assert_false(acpi_compile(arena, current->directory, "warn"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rsdp),
		TEST(test_tables_are_disjoint_aligned_and_in_their_area),
		TEST(test_xsdt_has_fadt_and_madt),
		TEST(test_rsdt_names_what_the_xsdt_names),
		TEST(test_fadt_is_hardware_reduced),
		TEST(test_fadt_names_legacy_devices_that_the_vm_owns),
		TEST(test_madt),
		TEST(test_madt_overrides),
		TEST(test_madt_has_x2apic_entries_for_large_ids),
		TEST(test_dsdt_has_the_vms_devices),
		TEST(test_dsdt_has_nothing_else),
		TEST(test_dsdt_without_devices),
		TEST(test_tables_that_are_too_large_are_refused),
		TEST(test_iasl_disassembles_all),
		TEST(test_what_iasl_refuses_or_warns_of_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
