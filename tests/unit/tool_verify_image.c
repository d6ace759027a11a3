/* SPDX-License-Identifier: Apache-2.0 */
#include "tool_verify_image.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diag.h"
#include "emit.h"
#include "emit_host.h"
#include "emit_output.h"
#include "place.h"
#include "process.h"
#include "read.h"
#include "tool_emit_model.h"

/* --- Making -------------------------------------------------------------------------------------- */

static void run(struct arena *arena, const char *const *arguments)
{
	struct process_result result;

	process_run(arena, arguments, "", 0, &result);
	if (result.error != 0 || result.status != 0)
		fail_msg("%s: %s%s", arguments[0], strerror(result.error), result.err.text);
}

static void compile(struct arena *arena, const char *folder, const char *source, const char *object)
{
	const char *const arguments[] = {
		"gcc",
		"-std=gnu17",
		"-ffreestanding",
		"-mgeneral-regs-only",
		"-mno-red-zone",
		"-mcmodel=small",
		"-fno-pic",
		"-fno-pie",
		"-fcf-protection=none",
		"-fno-asynchronous-unwind-tables",
		"-O2",
		"-Ihypervisor/include",
		"-Ihypervisor",
		arena_format(arena, "-DCONFIG_MAX_CORES=%d", CONFIG_MAX_CORES),
		arena_format(arena, "-DCONFIG_STACK_SIZE_KIB=%d", CONFIG_STACK_SIZE_KIB),
		arena_format(arena, "-DCONFIG_MAX_VMS=%d", CONFIG_MAX_VMS),
		arena_format(arena, "-DCONFIG_MAX_VCPUS=%d", CONFIG_MAX_VCPUS),
		arena_format(arena, "-DCONFIG_MAX_MSIX_VECTORS=%d", CONFIG_MAX_MSIX_VECTORS),
		arena_format(arena, "-DCONFIG_EXIT_TRACE_DEPTH=%d", CONFIG_EXIT_TRACE_DEPTH),
		/* of the tables that are written by hand, the rest is made: make_rich() */
		"-DHOST_TABLES=\"host_tables.h\"",
		"-I",
		folder,
		"-c",
		source,
		"-o",
		object,
		NULL,
	};

	run(arena, arguments);
}

/* The verifier's fuzzer begins with images that are right (tests/fuzz/fuzz.mk). */
static void keep_as_seed(struct arena *arena, const struct image *image)
{
	static unsigned number;
	const char *seeds = getenv("VERIFY_SEEDS");
	FILE *file;

	if (!seeds)
		return;
	file = fopen(arena_format(arena, "%s/%u.elf", seeds, number++), "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(image->bytes, 1, image->size, file), image->size);
	assert_int_equal(fclose(file), 0);
}

/* Links the tables in the folder, which has layout.lds too. */
static struct image link_image(struct arena *arena, const char *folder, const char *tables)
{
	const char *elf = arena_format(arena, "%s/bulkhead.elf", folder);
	const char *entry = arena_format(arena, "%s/entry.o", folder);
	const char *stub = arena_format(arena, "%s/stub.o", folder);
	const char *object = arena_format(arena, "%s/tables.o", folder);
	const char *const arguments[] = {
		"ld",
		"-nostdlib",
		"-static",
		"-z",
		"max-page-size=4096",
		"-z",
		"noexecstack",
		"--build-id=none",
		"--fatal-warnings",
		"-L",
		folder,
		"-T",
		"hypervisor/bulkhead.lds",
		"-o",
		elf,
		entry,
		stub,
		object,
		NULL,
	};
	struct image image, copy;

	compile(arena, folder, "hypervisor/boot/entry.S", entry);
	compile(arena, folder, "tests/unit/verify_stub.c", stub);
	compile(arena, folder, tables, object);
	run(arena, arguments);
	image.bytes = output_read_file(elf, &image.size);
	assert_non_null(image.bytes);
	keep_as_seed(arena, &image);
	copy = image_copy(arena, &image);
	free(image.bytes);
	return copy;
}

struct image image_of_scenario(struct arena *arena, const char *scenario, struct model *model)
{
	const char *folders[] = {"scenarios"};
	const struct read_options options = {.include_folders = folders, .include_count = 1};
	struct sources sources = {.arena = arena};
	struct diagnostics diagnostics = {.arena = arena};
	struct placement placement = {0};
	char *folder = fixture_directory();
	struct image image;

	assert_int_equal(read_scenario(scenario, &options, arena, &sources, &diagnostics, model),
			 READ_COMPLETE);
	assert_int_equal(diagnostics_count(&diagnostics, SEVERITY_ERROR), 0);
	place_memory(model, arena, &placement);
	assert_int_equal(emit_all(model, folder), 0);
	image = link_image(arena, folder, arena_format(arena, "%s/tables.c", folder));
	fixture_remove(folder);
	return image;
}

/* verify_rich_tables.c, compiled into the test as well: what to make the hypervisor's page tables of. */
extern const struct scenario scenario_tables;

static FILE *create(struct arena *arena, const char *folder, const char *name)
{
	FILE *file = fopen(arena_format(arena, "%s/%s", folder, name), "w");

	assert_non_null(file);
	return file;
}

/* The three files that the tool would make beside the tables. */
static void make_rich(struct arena *arena, const char *folder)
{
	const struct model model = {0};
	struct plan plan = {.model = &model, .scenario = scenario_tables};
	const struct scenario *s = &plan.scenario;
	FILE *file = create(arena, folder, "host_tables.h");

	assert_true(host_tables_build(&plan));
	emit_host_tables(file, &plan);
	assert_int_equal(fclose(file), 0);
	file = create(arena, folder, "host_image.lds");
	emit_host_image(file, s);
	assert_int_equal(fclose(file), 0);
	file = create(arena, folder, "layout.lds");
	emit_layout(file, s);
	assert_int_equal(fclose(file), 0);
	arena_free(&plan.arena);
}

struct image image_of_rich_tables(struct arena *arena)
{
	char *folder = fixture_directory();
	struct image image;

	make_rich(arena, folder);
	image = link_image(arena, folder, "tests/unit/verify_rich_tables.c");
	fixture_remove(folder);
	return image;
}

struct image image_copy(struct arena *arena, const struct image *image)
{
	struct image copy = {arena_alloc(arena, image->size), image->size};

	memcpy(copy.bytes, image->bytes, image->size);
	return copy;
}

/* --- ELF ----------------------------------------------------------------------------------------- */

static void *file_at(const struct image *image, uint64_t offset, uint64_t size)
{
	assert_true(offset <= image->size && size <= image->size - offset);
	return image->bytes + offset;
}

void *image_elf_header(const struct image *image)
{
	return file_at(image, 0, sizeof(Elf64_Ehdr));
}

static Elf64_Phdr *program_headers(const struct image *image, unsigned *count)
{
	const Elf64_Ehdr *header = image_elf_header(image);

	*count = header->e_phnum;
	return file_at(image, header->e_phoff, *count * sizeof(Elf64_Phdr));
}

static Elf64_Phdr *program_header(const struct image *image, uint32_t type, uint32_t flags)
{
	unsigned count;
	Elf64_Phdr *headers = program_headers(image, &count);

	for (unsigned i = 0; i < count; i++)
		if (headers[i].p_type == type && headers[i].p_flags == flags)
			return &headers[i];
	fail_msg("no program header of type %u with flags %u", type, flags);
	return NULL;
}

void *image_segment(const struct image *image, uint32_t flags)
{
	return program_header(image, PT_LOAD, flags);
}

void *image_stack_header(const struct image *image)
{
	return program_header(image, PT_GNU_STACK, PF_R | PF_W);
}

void *image_at(const struct image *image, uint64_t address)
{
	unsigned count;
	const Elf64_Phdr *headers = program_headers(image, &count);

	for (unsigned i = 0; i < count; i++)
		if (headers[i].p_type == PT_LOAD && address >= headers[i].p_paddr &&
		    address - headers[i].p_paddr < headers[i].p_filesz)
			return file_at(image, headers[i].p_offset + address - headers[i].p_paddr,
				       1);
	fail_msg("nothing at 0x%lx", address);
	return NULL;
}

static Elf64_Shdr *sections(const struct image *image, unsigned *count, const char **names)
{
	const Elf64_Ehdr *header = image_elf_header(image);
	Elf64_Shdr *all = file_at(image, header->e_shoff, header->e_shnum * sizeof(Elf64_Shdr));

	*count = header->e_shnum;
	*names = file_at(image, all[header->e_shstrndx].sh_offset, all[header->e_shstrndx].sh_size);
	return all;
}

void *image_section(const struct image *image, const char *name)
{
	const char *names;
	unsigned count;
	Elf64_Shdr *all = sections(image, &count, &names);

	for (unsigned i = 0; i < count; i++)
		if (strcmp(names + all[i].sh_name, name) == 0)
			return &all[i];
	fail_msg("no section %s", name);
	return NULL;
}

static Elf64_Sym *symbols(const struct image *image, uint64_t *count, const char **names)
{
	const Elf64_Shdr *table = image_section(image, ".symtab");
	const Elf64_Shdr *strings = image_section(image, ".strtab");

	*count = table->sh_size / sizeof(Elf64_Sym);
	*names = file_at(image, strings->sh_offset, strings->sh_size);
	return file_at(image, table->sh_offset, table->sh_size);
}

void *image_symbol(const struct image *image, const char *name)
{
	const char *names;
	uint64_t count;
	Elf64_Sym *all = symbols(image, &count, &names);

	for (uint64_t i = 0; i < count; i++)
		if (strcmp(names + all[i].st_name, name) == 0)
			return &all[i];
	fail_msg("no symbol %s", name);
	return NULL;
}

uint8_t *image_multiboot(const struct image *image)
{
	static const uint8_t magic[] = {0xD6, 0x50, 0x52, 0xE8};

	for (size_t at = 0; at < 32768; at += 8)
		if (memcmp(file_at(image, at, 4), magic, 4) == 0)
			return image->bytes + at;
	fail_msg("no multiboot2 header");
	return NULL;
}

/* Local symbols follow that of their file; scenario_tables is the one that is global. */
/* The page tables of the image, which the linker script makes: no symbol has their size. */
static uint64_t image_tables_size(const struct image *image)
{
	const Elf64_Sym *tables = image_symbol(image, "host_image_tables");

	return ((const Elf64_Sym *)image_symbol(image, "constants_end"))->st_value -
	       tables->st_value;
}

struct image_object *image_objects(struct arena *arena, const struct image *image, unsigned *count)
{
	struct image_object *objects = NULL;
	const char *names;
	uint64_t symbol_count;
	const Elf64_Sym *all = symbols(image, &symbol_count, &names);
	bool inside = false;

	*count = 0;
	for (uint64_t i = 0; i < symbol_count; i++) {
		const char *name = names + all[i].st_name;

		if (ELF64_ST_TYPE(all[i].st_info) == STT_FILE)
			inside = strstr(name, "tables.c") != NULL;
		if (ELF64_ST_TYPE(all[i].st_info) != STT_OBJECT ||
		    (ELF64_ST_BIND(all[i].st_info) == STB_LOCAL ? !inside
								: strcmp(name, "scenario_tables")))
			continue;
		*ARENA_PUSH(arena, objects, *count) = (struct image_object){
			arena_strdup(arena, name), all[i].st_value, all[i].st_size};
	}
	assert_true(*count > 10);
	*ARENA_PUSH(arena, objects, *count) = (struct image_object){
		"host_image_tables",
		((const Elf64_Sym *)image_symbol(image, "host_image_tables"))->st_value,
		image_tables_size(image)};
	return objects;
}

/* --- Tables -------------------------------------------------------------------------------------- */

struct scenario *image_scenario(const struct image *image)
{
	return image_at(image,
			((const Elf64_Sym *)image_symbol(image, "scenario_tables"))->st_value);
}

struct vm_config *image_vm(const struct image *image, unsigned index)
{
	assert_in_range(index, 0, image_scenario(image)->vm_count - 1);
	return (struct vm_config *)AT(image, image_scenario(image)->vms) + index;
}

static uint64_t *image_table_entry(const struct image *image, uint64_t table, uint64_t address,
				   unsigned level, uint64_t present)
{
	for (unsigned i = 4;; i--) {
		uint64_t *entry = image_at(image, table + (address >> (9 * i + 3) & 0x1FF) * 8);

		if (i == level)
			return entry;
		assert_true(*entry & present);
		table = *entry & UINT64_C(0x000FFFFFFFFFF000);
	}
}

uint64_t *image_ept_entry(const struct image *image, unsigned vm, gpa_t guest, unsigned level)
{
	return image_table_entry(image, (uint64_t)image_vm(image, vm)->ept_root, guest, level, 7);
}

uint64_t *image_host_entry(const struct image *image, unsigned core, hpa_t address, unsigned level)
{
	const struct core_config *cores = AT(image, image_scenario(image)->cores);

	return image_table_entry(image, (uint64_t)cores[core].host_root, address, level, 1);
}
