/* SPDX-License-Identifier: Apache-2.0 */
/* The files that emit_all() leaves behind: deterministic, untouched when nothing changed, or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "emit.h"
#include "emit_output.h"
#include "tool_emit_model.h"

struct case_state {
	struct fixture fixture;
	char *directory;
};

static int set_up(void **state)
{
	static struct case_state current;

	fixture_init(&current.fixture);
	current.directory = fixture_directory();
	*state = &current;
	return 0;
}

static int tear_down(void **state)
{
	fixture_remove(((struct case_state *)*state)->directory);
	return 0;
}

static char *path_of(const char *directory, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static char *read_text(const char *directory, const char *name)
{
	size_t size = 0;
	char *text = (char *)output_read_file(path_of(directory, name), &size);

	assert_non_null(text);
	text = realloc(text, size + 1);
	assert_non_null(text);
	text[size] = '\0';
	return text;
}

static void assert_contains(const char *directory, const char *name, const char *part)
{
	char *text = read_text(directory, name);
	bool found = strstr(text, part) != NULL;

	free(text);
	if (!found)
		fail_msg("%s does not contain: %s", name, part);
}

static const char *const files[] = {
	"tables.c",
	"layout.lds",
	"host_image.lds",
	"manifest.json",
	"acpi/linux/rsdp.asl",
	"acpi/linux/xsdt.asl",
	"acpi/linux/rsdt.asl",
	"acpi/linux/fadt.asl",
	"acpi/linux/madt.asl",
	"acpi/linux/dsdt.asl",
};
#define FILE_COUNT (sizeof(files) / sizeof(files[0]))

static void test_same_model_same_bytes_wherever(void **state)
{
	struct case_state *current = *state;
	char *other = fixture_directory();

	assert_int_equal(emit_all(&current->fixture.model, current->directory), 0);
	fixture_init(&current->fixture);
	current->fixture.model.file = "/another/place/fixture.dts";
	assert_int_equal(emit_all(&current->fixture.model, other), 0);
	for (size_t i = 0; i < FILE_COUNT; i++) {
		char *first = read_text(current->directory, files[i]);
		char *second = read_text(other, files[i]);

		assert_string_equal(first, second);
		assert_null(strstr(first, current->directory));
		free(first);
		free(second);
	}
	fixture_remove(other);
}

static ino_t inode(const char *directory, const char *name)
{
	struct stat status;

	assert_int_equal(stat(path_of(directory, name), &status), 0);
	return status.st_ino;
}

/* Files are replaced by renaming, so a file that was written again has another inode. */
static void test_unchanged_files_are_not_touched(void **state)
{
	struct case_state *current = *state;
	ino_t before[FILE_COUNT];

	assert_int_equal(emit_all(&current->fixture.model, current->directory), 0);
	for (size_t i = 0; i < FILE_COUNT; i++)
		before[i] = inode(current->directory, files[i]);
	assert_int_equal(emit_all(&current->fixture.model, current->directory), 0);
	for (size_t i = 0; i < FILE_COUNT; i++)
		assert_int_equal(inode(current->directory, files[i]), before[i]);
}

static void test_changed_files_are_replaced(void **state)
{
	struct case_state *current = *state;
	ino_t tables, layout;

	assert_int_equal(emit_all(&current->fixture.model, current->directory), 0);
	tables = inode(current->directory, "tables.c");
	layout = inode(current->directory, "layout.lds");
	current->fixture.vms[VM_RT].bootargs.value = "period=1000";
	assert_int_equal(emit_all(&current->fixture.model, current->directory), 0);
	assert_int_not_equal(inode(current->directory, "tables.c"), tables);
	assert_int_equal(inode(current->directory, "layout.lds"), layout);
	assert_contains(current->directory, "tables.c", ".bootargs = \"period=1000\"");
}

static void test_parents_are_created(void **state)
{
	struct case_state *current = *state;
	char *deep = strdup(path_of(current->directory, "a/b/c"));

	assert_int_equal(emit_all(&current->fixture.model, deep), 0);
	assert_contains(deep, "layout.lds",
			"HYPERVISOR_BASE = 0x200000;\nHYPERVISOR_SIZE = 0xe00000;\n");
	free(deep);
}

/* --- Refusals ------------------------------------------------------------------------------------- */

static void test_directory_in_the_way_of_a_file(void **state)
{
	struct case_state *current = *state;

	assert_int_equal(mkdir(path_of(current->directory, "tables.c"), 0777), 0);
	assert_int_equal(emit_all(&current->fixture.model, current->directory), 2);
	assert_int_equal(access(path_of(current->directory, "tables.c.new"), F_OK), -1);
}

static void test_file_in_the_way_of_the_directory(void **state)
{
	struct case_state *current = *state;
	char *path = strdup(path_of(current->directory, "file"));
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fclose(file);
	assert_int_equal(emit_all(&current->fixture.model, path), 2);
	free(path);
}

static void test_without_iasl_nothing_is_written(void **state)
{
	struct case_state *current = *state;
	char *path = strdup(getenv("PATH"));
	int status;

	setenv("PATH", current->directory, 1);
	status = emit_all(&current->fixture.model, current->directory);
	setenv("PATH", path, 1);
	free(path);
	assert_int_equal(status, 2);
	assert_int_equal(access(path_of(current->directory, "tables.c"), F_OK), -1);
}

static void test_without_acpi_no_iasl_is_needed(void **state)
{
	struct case_state *current = *state;
	char *path = strdup(getenv("PATH"));
	int status;

	current->fixture.vms[VM_LINUX].acpi = false;
	setenv("PATH", current->directory, 1);
	status = emit_all(&current->fixture.model, current->directory);
	setenv("PATH", path, 1);
	free(path);
	assert_int_equal(status, 0);
}

static void test_text_that_is_not_utf8(void **state)
{
	struct case_state *current = *state;

	current->fixture.model.description = "\xff";
	assert_int_equal(emit_all(&current->fixture.model, current->directory), 2);
}

/* --- manifest.json -------------------------------------------------------------------------------- */

static json_t *load_manifest(void **state)
{
	struct case_state *current = *state;
	json_error_t error;
	json_t *manifest;

	assert_int_equal(emit_all(&current->fixture.model, current->directory), 0);
	manifest = json_load_file(path_of(current->directory, "manifest.json"), 0, &error);
	assert_non_null(manifest);
	return manifest;
}

/* Compares with JSON text, in which ' stands for ". */
static void assert_json(json_t *value, const char *expected)
{
	char *text = json_dumps(value, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);

	assert_non_null(text);
	for (char *c = text; *c != '\0'; c++)
		*c = *c == '"' ? '\'' : *c;
	assert_string_equal(text, expected);
	free(text);
}

static void test_manifest(void **state)
{
	json_t *manifest = load_manifest(state);

	assert_json(json_object_get(manifest, "name"), "'fixture'");
	assert_json(json_object_get(manifest, "title"), "'Bulkhead: fixture'");
	assert_json(json_object_get(manifest, "hash"),
		    "'a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf'");
	assert_json(
		json_object_get(manifest, "board"),
		"{'cpus':5,'memory_mib':5120,'model':'Test board','pci':[],'tsc_frequency_hz':50000000}");
	assert_json(json_object_get(manifest, "hypervisor"), "{'base':2097152,'size':14680064}");
	assert_json(json_object_get(manifest, "modules"),
		    "[{'file':'guests/vmlinuz','name':'vmlinuz','used_by':['linux']},"
		    "{'file':'guests/initrd','name':'initrd','used_by':['linux']},"
		    "{'file':'guests/bare','name':'bare','used_by':['rt','elf']}]");
	json_decref(manifest);
}

static void test_manifest_vms(void **state)
{
	json_t *manifest = load_manifest(state);

	assert_json(json_object_get(manifest, "vms"),
		    "[{'console':{'compatible':'ns16550a','device':'com1','port':1016},"
		    "'cpus':[0,1],'name':'linux','report':'login:'},"
		    "{'console':{'compatible':'ns16550a','device':'com2','port':760},"
		    "'cpus':[2,3],'name':'rt','report':null},"
		    "{'console':null,'cpus':[9],'name':'elf','report':null}]");
	json_decref(manifest);
}

/* The order of the scenario's references counts; a clock is no console. */
static void test_manifest_takes_the_first_console(void **state)
{
	struct case_state *current = *state;
	struct reference *devices = current->fixture.vm_devices[VM_LINUX];
	json_t *manifest;

	devices[0].target = RTC;
	devices[1].target = DEBUGCON;
	devices[2].target = COM1;
	current->fixture.vms[VM_LINUX].device_count = 3;
	manifest = load_manifest(state);
	assert_json(json_object_get(json_array_get(json_object_get(manifest, "vms"), 0), "console"),
		    "{'compatible':'bochs,debugcon','device':'debugcon','port':233}");
	json_decref(manifest);
}

static void test_manifest_rounds_memory_up(void **state)
{
	struct case_state *current = *state;
	json_t *manifest;

	current->fixture.model.board.range_count = 5;
	manifest = load_manifest(state);
	/* RAM ends at 0x3fff0000. */
	assert_json(json_object_get(json_object_get(manifest, "board"), "memory_mib"), "1024");
	json_decref(manifest);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_same_model_same_bytes_wherever),
		TEST(test_unchanged_files_are_not_touched),
		TEST(test_changed_files_are_replaced),
		TEST(test_parents_are_created),
		TEST(test_directory_in_the_way_of_a_file),
		TEST(test_file_in_the_way_of_the_directory),
		TEST(test_without_iasl_nothing_is_written),
		TEST(test_without_acpi_no_iasl_is_needed),
		TEST(test_text_that_is_not_utf8),
		TEST(test_manifest),
		TEST(test_manifest_vms),
		TEST(test_manifest_takes_the_first_console),
		TEST(test_manifest_rounds_memory_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
