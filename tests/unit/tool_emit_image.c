/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole way: tables.c compiled with the hypervisor's flags by gcc and by clang, linked into an ELF
 * image at a fixed address, and everything found again in the image's own bytes, starting from the
 * symbol scenario_tables. Runs in the top folder of the source tree.
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bitmap.h"
#include "bulkhead/platform.h"
#include "emit.h"
#include "emit_output.h"
#include "emit_plan.h"
#include "process.h"
#include "tool_emit_model.h"
#include "tool_emit_walk.h"

#define RWX (MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE)
#define MIB UINT64_C(0x100000)

static const char linker_script[] =
	"INCLUDE layout.lds\n"
	"SECTIONS {\n"
	"	. = HYPERVISOR_BASE;\n"
	"	text_end = .; constants_end = .;\n"
	"	.rodata.tables : ALIGN(4096) { *(.rodata.tables) }\n"
	"	.rodata : { *(.rodata .rodata.*)\n"
	"		. = ALIGN(4096); host_image_tables = .; INCLUDE host_image.lds\n"
	"	}\n"
	"	sealed_start = HYPERVISOR_BASE; sealed_end = .; shared_start = .; shared_end = .;\n"
	"	.data : { *(.data .data.* .bss .bss.*) }\n"
	"	ASSERT(SIZEOF(.data) == 0, \"tables.c has something writable\")\n"
	"	ASSERT(. <= HYPERVISOR_BASE + HYPERVISOR_SIZE, \"does not fit\")\n"
	"}\n"
	"ENTRY(scenario_tables)\n";

/* An ELF file in memory. */
struct image {
	uint8_t *file;
	size_t size;
};

/* --- Reading the image ---------------------------------------------------------------------------- */

static const void *file_at(const struct image *image, uint64_t offset, uint64_t size)
{
	assert_true(offset <= image->size && size <= image->size - offset);
	return image->file + offset;
}

/* The bytes that a loader would put at the address. All of them must lie in one segment. */
static const void *at(const struct image *image, uint64_t address, uint64_t size)
{
	const Elf64_Ehdr *header = file_at(image, 0, sizeof(*header));
	const Elf64_Phdr *segments =
		file_at(image, header->e_phoff, header->e_phnum * sizeof(*segments));

	for (unsigned i = 0; i < header->e_phnum; i++) {
		const Elf64_Phdr *segment = &segments[i];

		if (segment->p_type != PT_LOAD || address < segment->p_paddr ||
		    address - segment->p_paddr > segment->p_filesz ||
		    size > segment->p_filesz - (address - segment->p_paddr))
			continue;
		assert_int_equal(segment->p_flags & PF_W, 0);
		return file_at(image, segment->p_offset + (address - segment->p_paddr), size);
	}
	fail_msg("nothing at 0x%lx", address);
	return NULL;
}

#define AT(image, pointer, count) at((image), (uint64_t)(pointer), (count) * sizeof(*(pointer)))

static const char *text_at(const struct image *image, const char *address)
{
	size_t length = 0;

	while (*(const char *)at(image, (uint64_t)address + length, 1) != '\0')
		length++;
	return at(image, (uint64_t)address, length + 1);
}

/* The linker script's entry point is scenario_tables. */
static const struct scenario *image_scenario(const struct image *image)
{
	const Elf64_Ehdr *header = file_at(image, 0, sizeof(*header));

	return at(image, header->e_entry, sizeof(struct scenario));
}

static uint64_t read_entry(const void *tables, hpa_t table, unsigned index)
{
	uint64_t entry;

	memcpy(&entry, at(tables, table + index * sizeof(entry), sizeof(entry)), sizeof(entry));
	return entry;
}

/* --- Making the image ----------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void run(struct arena *arena, const char *const *arguments)
{
	struct process_result result;

	process_run(arena, arguments, "", 0, &result);
	if (result.error != 0 || result.status != 0)
		fail_msg("%s: %s%s", arguments[0], strerror(result.error), result.err.text);
	/* Not a single warning. */
	assert_string_equal(result.err.text, "");
}

static void compile(struct arena *arena, const char *compiler, const char *source,
		    const char *object)
{
	const char *const arguments[] = {compiler,
					 "-std=gnu17",
					 "-ffreestanding",
					 "-mgeneral-regs-only",
					 "-mno-red-zone",
					 "-mcmodel=small",
					 "-fno-pic",
					 "-fno-pie",
					 "-O2",
					 "-Wall",
					 "-Wextra",
					 "-Wconversion",
					 "-Wshadow",
					 "-Wundef",
					 "-Werror",
					 "-Ihypervisor/include",
					 "-c",
					 source,
					 "-o",
					 object,
					 NULL};

	run(arena, arguments);
}

static struct image make_image(struct arena *arena, const char *directory, const char *compiler)
{
	const char *object = arena_format(arena, "%s/tables.o", directory);
	const char *elf = arena_format(arena, "%s/image.elf", directory);
	const char *script = arena_format(arena, "%s/image.lds", directory);
	const char *const arguments[] = {"ld",
					 "-nostdlib",
					 "-static",
					 "-z",
					 "max-page-size=4096",
					 "--build-id=none",
					 "-L",
					 directory,
					 "-T",
					 script,
					 "-o",
					 elf,
					 object,
					 NULL};
	struct image image;

	write_file(script, linker_script);
	compile(arena, compiler, arena_format(arena, "%s/tables.c", directory), object);
	run(arena, arguments);
	image.file = output_read_file(elf, &image.size);
	assert_non_null(image.file);
	return image;
}

/* --- Comparing ------------------------------------------------------------------------------------ */

static void compare_vcpus(const struct image *image, const struct scenario *found,
			  const struct scenario *expected)
{
	const struct vcpu_config *vcpus = AT(image, found->vcpus, found->vcpu_count);

	assert_int_equal(found->vcpu_count, expected->vcpu_count);
	for (uint32_t i = 0; i < found->vcpu_count; i++) {
		assert_int_equal(vcpus[i].vm, expected->vcpus[i].vm);
		assert_int_equal(vcpus[i].index, expected->vcpus[i].index);
		assert_int_equal(vcpus[i].apic_id, expected->vcpus[i].apic_id);
		assert_int_equal(vcpus[i].vpid, expected->vcpus[i].vpid);
		assert_int_equal(vcpus[i].start, expected->vcpus[i].start);
		assert_int_equal(vcpus[i].mode, expected->vcpus[i].mode);
		assert_int_equal(vcpus[i].entry, expected->vcpus[i].entry);
	}
}

static void compare_modules(const struct image *image, const struct scenario *found,
			    const struct scenario *expected)
{
	const struct module_config *modules = AT(image, found->modules, found->module_count);

	assert_int_equal(found->module_count, expected->module_count);
	for (uint32_t i = 0; i < found->module_count; i++) {
		assert_string_equal(text_at(image, modules[i].name), expected->modules[i].name);
		assert_string_equal(text_at(image, modules[i].file), expected->modules[i].file);
	}
}

/* Arrays of structures without padding can be compared as bytes. */
static void compare_array(const struct image *image, const void *found, uint32_t found_count,
			  const void *expected, uint32_t expected_count, size_t size)
{
	assert_int_equal(found_count, expected_count);
	if (expected_count == 0)
		assert_null(found);
	else
		assert_memory_equal(at(image, (uint64_t)found, expected_count * size), expected,
				    expected_count * size);
}

#define COMPARE_ARRAY(image, found, expected, field, count)                       \
	compare_array((image), (found)->field, (found)->count, (expected)->field, \
		      (expected)->count, sizeof(*(expected)->field))

_Static_assert(sizeof(struct memory_region) == 32 && sizeof(struct ram_range) == 16, "no padding");

/* What the tables map is the verifier's; here that there is one, with a directory for the image. */
static void check_host_root(const struct image *image, const uint64_t *root)
{
	const uint64_t *table = root;

	for (unsigned level = 4; level > 1; level--) {
		uint64_t entry = read_entry(image, (uint64_t)table, level == 2 ? 1 : 0);

		assert_int_equal(entry & 0xFFF, HOST_TABLE);
		table = (const uint64_t *)(entry & ~UINT64_C(0xFFF));
	}
	/* the first page that is linked is a constant here */
	assert_int_equal(read_entry(image, (uint64_t)table, 0), 0x200000 | HOST_CONSTANT);
}

static void compare_board(const struct image *image, const struct scenario *found,
			  const struct scenario *expected)
{
	const struct ioapic_config *ioapics = AT(image, found->ioapics, found->ioapic_count);

	const struct core_config *cores = AT(image, found->cores, found->core_count);

	assert_int_equal(found->core_count, expected->core_count);
	for (uint32_t i = 0; i < found->core_count; i++) {
		assert_int_equal(cores[i].apic_id, expected->cores[i].apic_id);
		assert_int_equal(cores[i].vcpu, expected->cores[i].vcpu);
		check_host_root(image, cores[i].host_root);
		if (cores[i].console_root)
			check_host_root(image, cores[i].console_root);
	}
	COMPARE_ARRAY(image, found, expected, ram, ram_count);
	assert_int_equal(found->ioapic_count, expected->ioapic_count);
	for (uint32_t i = 0; i < found->ioapic_count; i++) {
		assert_int_equal(ioapics[i].id, expected->ioapics[i].id);
		assert_int_equal(ioapics[i].base, expected->ioapics[i].base);
		assert_int_equal(ioapics[i].gsi_base, expected->ioapics[i].gsi_base);
		assert_int_equal(ioapics[i].pins, expected->ioapics[i].pins);
	}
	assert_int_equal(found->console_core, expected->console_core);
	assert_int_equal(found->hypervisor_base, expected->hypervisor_base);
	assert_int_equal(found->hypervisor_size, expected->hypervisor_size);
	assert_int_equal(found->trampoline, expected->trampoline);
	assert_int_equal(found->crash_record_base, expected->crash_record_base);
	assert_int_equal(found->crash_record_size, expected->crash_record_size);
	assert_int_equal(found->tsc_frequency_hz, expected->tsc_frequency_hz);
	assert_int_equal(found->apic_timer_frequency_hz, expected->apic_timer_frequency_hz);
	assert_int_equal(found->physical_address_bits, expected->physical_address_bits);
	assert_int_equal(found->thread_bits, expected->thread_bits);
	assert_int_equal(found->package_bits, expected->package_bits);
}

static void compare_bitmaps(const struct image *image, const struct vm_config *found,
			    const struct vm_config *expected)
{
	assert_int_equal((uint64_t)found->io_bitmap % 4096, 0);
	assert_int_equal((uint64_t)found->msr_bitmap % 4096, 0);
	assert_memory_equal(at(image, (uint64_t)found->io_bitmap, IO_BITMAP_SIZE),
			    expected->io_bitmap, IO_BITMAP_SIZE);
	assert_memory_equal(at(image, (uint64_t)found->msr_bitmap, MSR_BITMAP_SIZE),
			    expected->msr_bitmap, MSR_BITMAP_SIZE);
}

/* The RSDP is there, and each blob is a table whose sum is 0. */
static void check_blobs(const struct image *image, const struct vm_config *found, bool acpi)
{
	const struct guest_blob *blobs;

	assert_int_equal(found->blob_count, acpi ? 6 : 0);
	assert_int_equal(found->acpi_rsdp, acpi ? PLATFORM_ACPI_GPA : 0);
	if (!acpi)
		return;
	blobs = AT(image, found->blobs, found->blob_count);
	assert_memory_equal(at(image, (uint64_t)blobs[0].bytes, 8), "RSD PTR ", 8);
	assert_string_equal(text_at(image, blobs[5].name), "DSDT");
	for (uint32_t i = 0; i < found->blob_count; i++) {
		const uint8_t *bytes = at(image, (uint64_t)blobs[i].bytes, blobs[i].size);
		unsigned sum = 0;

		for (uint64_t j = 0; j < blobs[i].size; j++)
			sum += bytes[j];
		assert_int_equal(sum & 0xFF, 0);
	}
}

static void compare_vm(const struct image *image, const struct vm_config *found,
		       const struct vm_config *expected)
{
	assert_string_equal(text_at(image, found->name), expected->name);
	assert_int_equal(found->id, expected->id);
	assert_int_equal(found->vcpu_count, expected->vcpu_count);
	compare_bitmaps(image, found, expected);
	COMPARE_ARRAY(image, found, expected, memory, memory_count);
	COMPARE_ARRAY(image, found, expected, ports, port_count);
	COMPARE_ARRAY(image, found, expected, pins, pin_count);
	COMPARE_ARRAY(image, found, expected, e820, e820_count);
	assert_int_equal(found->boot.protocol, expected->boot.protocol);
	assert_int_equal(found->boot.image, expected->boot.image);
	assert_int_equal(found->boot.ramdisk, expected->boot.ramdisk);
	assert_int_equal(found->boot.load_address, expected->boot.load_address);
	assert_string_equal(text_at(image, found->boot.bootargs), expected->boot.bootargs);
	walk_check(read_entry, image, (uint64_t)found->ept_root, expected->memory,
		   expected->memory_count);
}

/* Field by field: what lies between them is nobody's. */
static void compare_function(const struct pci_function_config *found,
			     const struct pci_function_config *expected)
{
	assert_int_equal(found->bus, expected->bus);
	assert_int_equal(found->device, expected->device);
	assert_int_equal(found->function, expected->function);
	assert_int_equal(found->vendor_id, expected->vendor_id);
	assert_int_equal(found->device_id, expected->device_id);
	assert_int_equal(found->class_code, expected->class_code);
	assert_int_equal(found->interrupt, expected->interrupt);
	assert_int_equal(found->msi_vectors, expected->msi_vectors);
	assert_int_equal(found->msix_vectors, expected->msix_vectors);
	assert_int_equal(found->msix_bar, expected->msix_bar);
	assert_int_equal(found->msix_offset, expected->msix_offset);
	assert_int_equal(found->dma_unprotected, expected->dma_unprotected);
	for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
		assert_int_equal(found->bars[i].kind, expected->bars[i].kind);
		assert_int_equal(found->bars[i].prefetchable, expected->bars[i].prefetchable);
		assert_int_equal(found->bars[i].base, expected->bars[i].base);
		assert_int_equal(found->bars[i].size, expected->bars[i].size);
	}
}

static void compare_functions(const struct image *image, const struct vm_config *found,
			      const struct vm_config *expected)
{
	assert_int_equal(found->pci_function_count, expected->pci_function_count);
	for (uint32_t i = 0; i < found->pci_function_count; i++) {
		const struct pci_function_config *function = AT(image, &found->pci_functions[i], 1);

		assert_string_equal(text_at(image, function->name),
				    expected->pci_functions[i].name);
		compare_function(function, &expected->pci_functions[i]);
	}
	assert_int_equal(found->cpuid_mask_count, expected->cpuid_mask_count);
	for (uint32_t i = 0; i < found->cpuid_mask_count; i++)
		assert_memory_equal(AT(image, &found->cpuid_masks[i], 1), &expected->cpuid_masks[i],
				    sizeof(*found->cpuid_masks));
}

static void compare_inventory(const struct image *image, const struct scenario *found,
			      const struct scenario *expected)
{
	assert_int_equal(found->pci_count, expected->pci_count);
	for (uint32_t i = 0; i < found->pci_count; i++) {
		const struct pci_inventory *function = AT(image, &found->pci[i], 1);

		assert_int_equal(function->bus, expected->pci[i].bus);
		assert_int_equal(function->device, expected->pci[i].device);
		assert_int_equal(function->function, expected->pci[i].function);
		assert_int_equal(function->vendor_id, expected->pci[i].vendor_id);
		assert_int_equal(function->device_id, expected->pci[i].device_id);
		assert_int_equal(function->class_code, expected->pci[i].class_code);
		assert_int_equal(function->vm, expected->pci[i].vm);
	}
	assert_int_equal(found->pci_ecam_base, expected->pci_ecam_base);
	assert_int_equal(found->pci_ecam_size, expected->pci_ecam_size);
}

static void compare_shares(const struct image *image, const struct scenario *found,
			   const struct scenario *expected)
{
	assert_int_equal(found->share_count, expected->share_count);
	for (uint32_t i = 0; i < found->share_count; i++) {
		const struct share_config *share = AT(image, &found->shares[i], 1);

		assert_string_equal(text_at(image, share->name), expected->shares[i].name);
		assert_int_equal(share->base, expected->shares[i].base);
		assert_int_equal(share->size, expected->shares[i].size);
	}
}

static void compare_vms(const struct image *image, const struct scenario *found,
			const struct plan *plan)
{
	const struct vm_config *vms = AT(image, found->vms, found->vm_count);

	assert_int_equal(found->vm_count, plan->scenario.vm_count);
	for (uint32_t i = 0; i < found->vm_count; i++) {
		uint64_t first = (uint64_t)plan->vms[i].vcpus - (uint64_t)plan->scenario.vcpus;

		compare_vm(image, &vms[i], &plan->vms[i]);
		compare_functions(image, &vms[i], &plan->vms[i]);
		check_blobs(image, &vms[i], plan->model->vms[i].acpi);
		assert_int_equal((uint64_t)vms[i].vcpus, (uint64_t)found->vcpus + first);
	}
}

static void compare_scenario(const struct image *image, const struct plan *plan)
{
	const struct scenario *found = image_scenario(image);

	assert_int_equal(found->magic, SCENARIO_TABLES_MAGIC);
	assert_memory_equal(&found->magic, "BHTABLES", 8);
	assert_int_equal(found->version, SCENARIO_TABLES_VERSION);
	assert_memory_equal(found->hash, plan->model->hash, SCENARIO_HASH_SIZE);
	assert_string_equal(text_at(image, found->name), plan->model->name);
	assert_string_equal(text_at(image, found->description), plan->scenario.description);
	assert_string_equal(text_at(image, found->board), plan->model->board.model);
	compare_vcpus(image, found, &plan->scenario);
	compare_modules(image, found, &plan->scenario);
	compare_board(image, found, &plan->scenario);
	compare_shares(image, found, &plan->scenario);
	compare_inventory(image, found, &plan->scenario);
	compare_vms(image, found, plan);
}

/* --- Tests ---------------------------------------------------------------------------------------- */

static void check_with(const struct model *model, const char *compiler)
{
	char *directory = fixture_directory();
	struct plan plan;
	struct image image;

	assert_true(plan_build(&plan, model));
	assert_int_equal(emit_all(model, directory), 0);
	image = make_image(&plan.arena, directory, compiler);
	compare_scenario(&image, &plan);
	free(image.file);
	plan_free(&plan);
	fixture_remove(directory);
}

static void check_both(const struct model *model)
{
	check_with(model, "gcc");
	check_with(model, "clang");
}

static void test_fixture(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	check_both(&fixture.model);
}

/* All page sizes, rights, types and levels in one VM, up to the last guest page. */
static void test_mixed_page_tables(void **state)
{
	gpa_t top = UINT64_C(1) << 48;
	struct fixture fixture;
	struct vm_memory *memory = fixture.memory[VM_RT];

	(void)state;
	fixture_init(&fixture);
	memory[0] = fixture_memory(0x40000000 - 3 * MIB, 0x40000000 + 6 * MIB,
				   0x100000000 - 3 * MIB, RWX);
	memory[1] = fixture_memory(0x3000, 0x5000, 0x20003000, MEMORY_READ);
	memory[2] = fixture_memory(0xe0000000, 0x201000, 0xe0000000, MEMORY_READ | MEMORY_WRITE);
	memory[2].kind = MEMORY_DEVICE;
	memory[3] = fixture_memory(top - 0x1000, 0x1000, 0x30000000, MEMORY_READ | MEMORY_EXECUTE);
	fixture.vms[VM_RT].memory_count = 4;
	check_both(&fixture.model);
}

static void test_pci_shares_and_features(void **state)
{
	struct fixture fixture;
	struct fixture_extras extras;

	(void)state;
	fixture_init(&fixture);
	fixture_extend(&fixture, &extras);
	check_both(&fixture.model);
}

static void test_vm_without_anything(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	fixture.vms[VM_ELF].memory_count = 0;
	fixture.model.description = NULL;
	check_both(&fixture.model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixture),
		cmocka_unit_test(test_mixed_page_tables),
		cmocka_unit_test(test_pci_shares_and_features),
		cmocka_unit_test(test_vm_without_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
