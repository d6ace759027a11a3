/* SPDX-License-Identifier: Apache-2.0 */
/* From files to the model, with the real cpp and dtc; and how programs are run. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "process.h"
#include "read.h"
#include "rules.h"

struct reading {
	struct arena arena;
	struct sources sources;
	struct diagnostics diagnostics;
	struct model model;
	enum read_status status;
};

static struct reading *reading;

static int start(void **state)
{
	(void)state;
	reading = calloc(1, sizeof(*reading));
	reading->sources.arena = &reading->arena;
	reading->diagnostics.arena = &reading->arena;
	return reading ? 0 : -1;
}

static int finish(void **state)
{
	(void)state;
	arena_free(&reading->arena);
	free(reading);
	return 0;
}

static void read_file(const char *name)
{
	const struct read_options options = {0};

	reading->status = read_scenario(name, &options, &reading->arena, &reading->sources,
					&reading->diagnostics, &reading->model);
}

/* Reads the text as a file of its own; tests run in the project's folder. */
static void read_text_as(const char *name, const char *text)
{
	char folder[] = "/tmp/bulkhead-read-XXXXXX";

	assert_non_null(mkdtemp(folder));
	char *path = arena_format(&reading->arena, "%s/%s", folder, name);
	FILE *stream = fopen(path, "w");
	assert_non_null(stream);
	fputs(text, stream);
	assert_int_equal(fclose(stream), 0);
	read_file(path);
	unlink(path);
	rmdir(folder);
}

static void test_demo_scenario(void **state)
{
	(void)state;
	read_file("scenarios/demo.dts");
	assert_int_equal(reading->status, READ_COMPLETE);
	assert_int_equal(reading->diagnostics.count, 0);

	const struct model *model = &reading->model;
	assert_string_equal(model->name, "demo");
	assert_int_equal(model->board.cpu_count, 4);
	assert_int_equal(model->board.cpus[2].apic_id.value, 2);
	assert_int_equal(model->board.ioapics[0].registers.base.value, 0xFEC00000);
	assert_int_equal(model->vm_count, 2);
	assert_int_equal(model->module_count, 3);
	assert_string_equal(model->modules[1].name, "initrd");
	assert_string_equal(model->modules[1].file, "guests/initrd");

	const struct vm *linux_vm = &model->vms[0];
	assert_string_equal(linux_vm->name, "linux");
	assert_int_equal(linux_vm->protocol, BOOT_LINUX);
	assert_true(linux_vm->acpi);
	assert_int_equal(linux_vm->memory[0].size.value, 256 << 20);
	assert_false(linux_vm->memory[0].host.given);

	const struct vm *rt = &model->vms[1];
	assert_int_equal(rt->cpus[1].target, 3);
	assert_string_equal(rt->cpus[1].label, "cpu3");
	assert_int_equal(rt->memory[0].guest.value, 0x100000);
	assert_int_equal(rt->memory[0].host.value, 0x20100000);
	assert_int_equal(rt->ap_entry.value, 0x101000);
	assert_int_equal(rt->memory[0].permissions, MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE);
}

static void test_same_input_same_hash(void **state)
{
	(void)state;
	uint8_t hash[SCENARIO_HASH_SIZE];

	read_file("scenarios/demo.dts");
	memcpy(hash, reading->model.hash, sizeof(hash));
	read_file("scenarios/demo.dts");
	assert_memory_equal(hash, reading->model.hash, sizeof(hash));
	read_file("scenarios/quad.dts");
	assert_memory_not_equal(hash, reading->model.hash, sizeof(hash));
}

static void check_place(struct place place, unsigned line, unsigned column, unsigned length)
{
	assert_int_equal(place.line, line);
	assert_int_equal(place.column, column);
	assert_int_equal(place.length, length);
}

static const char small_board[] =
	"/dts-v1/;\n"
	"#define MiB(n) ((n) * 0x100000)\n"
	"#define RANGE 0 0x1000 0 0x2000\n"
	"#define UART(l, p) l: serial@p { compatible = \"u\"; io-ports = <0x##p 8>; }\n"
	"/ { compatible = \"bulkhead,scenario\"; board { compatible = \"bulkhead,board\"; model = \"m\";\n"
	"physical-address-bits = <40>; cpus {\n"
	"c0: cpu@0 { apic-id = <0>; package = <0>; core = <0>; thread = <0>; };\n"
	"c1: cpu@1 { apic-id = <1>; package = <0>; core = <1>; thread = <0>; }; };\n"
	"memory { ram@1000 { reg = <RANGE>; }; };\n"
	"devices { UART(u1, 3f8); UART(u2, 2f8); }; }; };\n";

static void read_with_board(const char *name, const char *vms)
{
	read_text_as(name, arena_format(&reading->arena, "%s%s", small_board, vms));
	assert_int_equal(reading->status, READ_COMPLETE);
}

/* Fails with the findings, for the reader of the log. */
static void expect_no_findings(void)
{
	diagnostics_print(&reading->diagnostics, &reading->sources, stderr, false);
	assert_int_equal(reading->diagnostics.count, 0);
}

static void test_places_are_those_of_cells(void **state)
{
	(void)state;
	read_with_board(
		"cells.dts",
		"/ { vms { v { /* cpus */ cpus = <&c0\n"
		"\t/* &c1 */ &c1>; boot-protocol = \"raw\"; image = \"i\"; bsp-entry = <MiB(1)>;\n"
		"\tio-ports = <0x10 1>, <0x20 MiB(0) >;\n"
		"memory@0 { size = <0 MiB( 4 )>; }; memory@800000 { size = <0 0x1000>; }; }; }; };\n");
	const struct vm *vm = &reading->model.vms[0];

	expect_no_findings();
	check_place(vm->at, 11, 11, 1);
	check_place(vm->cpus[0].at, 11, 34, 3);
	check_place(vm->cpus[1].at, 12, 12, 3);
	check_place(vm->bsp_entry.at, 12, 67, 6);
	check_place(vm->ports[1].base.at, 13, 24, 4);
	check_place(vm->ports[1].size.at, 13, 29, 6);
	check_place(vm->ports[1].at, 13, 24, 11);
	check_place(vm->memory[0].size.at, 14, 20, 10);
	/* The second property of the same name on a line is the second there. */
	check_place(vm->memory[1].size.at, 14, 60, 8);
	check_place(vm->memory[1].at, 14, 36, 13);
}

static void test_macros_fall_back_to_the_line(void **state)
{
	(void)state;
	read_with_board("macro.dts", "/ { vms { }; };\n");
	const struct board *board = &reading->model.board;

	/* One macro for four cells: the property's name is as near as it gets. */
	assert_int_equal(board->ranges[0].range.base.value, 0x1000);
	check_place(board->ranges[0].range.base.at, 9, 21, 3);
	/* A node made by a macro: its line. */
	assert_int_equal(board->devices[1].ports[0].base.value, 0x2F8);
	assert_string_equal(board->devices[1].label, "u2");
	assert_int_equal(board->devices[1].at.line, 10);
}

static void test_a_literal_is_no_reference(void **state)
{
	(void)state;
	read_with_board("literal.dts",
			"/ { vms { v { cpus = <1>; boot-protocol = \"elf\"; image = \"i\"; "
			"}; w { cpus = <&c0>; boot-protocol = \"elf\"; image = \"i\"; };"
			"}; };\n");
	assert_int_equal(reading->diagnostics.count, 1);
	assert_ptr_equal(reading->diagnostics.findings[0]->rule, &rules[RULE_WRONG_TYPE]);
	assert_int_equal(reading->model.vms[0].cpu_count, 0);
	assert_int_equal(reading->model.vms[1].cpus[0].target, 0);
}

static void test_later_parts_override(void **state)
{
	(void)state;
	read_with_board(
		"override.dts",
		"/ { vms { v: v { cpus = <&c0>; boot-protocol = \"elf\"; image = \"i\"; }; }; };\n"
		"&v { cpus = <&c1>; /delete-property/ image; };\n");
	const struct vm *vm = &reading->model.vms[0];

	assert_int_equal(vm->cpu_count, 1);
	assert_int_equal(vm->cpus[0].target, 1);
	check_place(vm->cpus[0].at, 12, 14, 3);
	assert_null(vm->image.value);
}

static void test_odd_file_names(void **state)
{
	(void)state;
	static const char *const names[] = {
		"with space.dts",      "quote\".dts", "back\\slash.dts",
		"a:1:2: error: b.dts", "%s$(x);.dts",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		unsigned before = reading->diagnostics.count;
		read_with_board(names[i], "/ { vms { v { oops; }; }; };\n");
		assert_true(reading->diagnostics.count > before);
		for (unsigned j = before; j < reading->diagnostics.count; j++) {
			const struct finding *finding = reading->diagnostics.findings[j];
			assert_non_null(strstr(finding->at.file, names[i]));
			assert_int_equal(finding->at.line, 11);
		}
	}
}

static void test_not_a_device_tree(void **state)
{
	(void)state;
	read_text_as("noise.dts", "This is no device tree.\n");
	assert_int_equal(reading->status, READ_FAILED);
	assert_int_equal(reading->diagnostics.count, 1);
	assert_ptr_equal(reading->diagnostics.findings[0]->rule, &rules[RULE_DEVICE_TREE]);
	read_text_as("empty.dts", "");
	assert_int_equal(reading->status, READ_FAILED);
	read_file("scenarios");
	assert_int_equal(reading->status, READ_FAILED);
}

static void test_large_input_and_output_at_once(void **state)
{
	(void)state;
	const size_t size = 4 << 20;
	char *input = arena_alloc(&reading->arena, size);
	const char *const arguments[] = {"tee", "/dev/stderr", NULL};
	struct process_result result;

	for (size_t i = 0; i < size; i++)
		input[i] = (char)('a' + i % 26);
	process_run(&reading->arena, arguments, input, size, &result);
	assert_int_equal(result.error, 0);
	assert_int_equal(result.status, 0);
	assert_int_equal(result.out.size, size);
	assert_int_equal(result.err.size, size);
	assert_memory_equal(result.out.text, input, size);
}

static void test_how_programs_end(void **state)
{
	(void)state;
	const char *const missing[] = {"bulkhead-no-such-program", NULL};
	const char *const status[] = {"sh", "-c", "echo out; echo err >&2; exit 3", NULL};
	const char *const signal[] = {"sh", "-c", "kill -9 $$", NULL};
	const char *const deaf[] = {"true", NULL};
	struct process_result result;

	process_run(&reading->arena, missing, "", 0, &result);
	assert_int_equal(result.error, ENOENT);
	process_run(&reading->arena, status, "", 0, &result);
	assert_int_equal(result.status, 3);
	assert_string_equal(result.out.text, "out\n");
	assert_string_equal(result.err.text, "err\n");
	process_run(&reading->arena, signal, "", 0, &result);
	assert_int_equal(result.status, 128 + 9);
	/* One that does not read its input is no reason to die. */
	process_run(&reading->arena, deaf, arena_alloc(&reading->arena, 1 << 20), 1 << 20, &result);
	assert_int_equal(result.status, 0);
}

#define READ_TEST(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		READ_TEST(test_demo_scenario),
		READ_TEST(test_same_input_same_hash),
		READ_TEST(test_places_are_those_of_cells),
		READ_TEST(test_macros_fall_back_to_the_line),
		READ_TEST(test_a_literal_is_no_reference),
		READ_TEST(test_later_parts_override),
		READ_TEST(test_odd_file_names),
		READ_TEST(test_not_a_device_tree),
		READ_TEST(test_large_input_and_output_at_once),
		READ_TEST(test_how_programs_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
