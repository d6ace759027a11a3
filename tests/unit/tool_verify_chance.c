/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier, tested by chance: single bits of all tables of real images are flipped, thousands of
 * times by a fixed seed, and all bits of the ELF and program headers. Each is reported, or is of a kind that
 * harms nothing, which is counted by its reason and must be on the list.
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tool_verify_image.h"
#include "verify.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define DEMO_FLIPS    3000
#define DEVICES_FLIPS 2000
#define RICH_FLIPS    1500
#define SEED          UINT64_C(0x9E3779B97F4A7C15)

/* Made once: two scenarios as the tool makes them, with their models, and hand-written tables. */
static struct arena arena;
static struct image demo, devices, rich;
static struct model demo_model, devices_model;

static int make_images(void **state)
{
	(void)state;
	demo = image_of_scenario(&arena, "scenarios/demo.dts", &demo_model);
	devices = image_of_scenario(&arena, "tests/unit/verify_pci.dts", &devices_model);
	rich = image_of_rich_tables(&arena);
	for (unsigned i = 0; i < 2; i++)
		memcpy(AT(&rich, image_vm(&rich, i)->msr_bitmap),
		       AT(&demo, image_vm(&demo, 0)->msr_bitmap), 4096);
	return 0;
}

static int free_images(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* xorshift64* */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545F4914F6CDD1D);
}

/* --- What may be changed unnoticed ---------------------------------------------------------------- */

struct member {
	const char *what; /* as verify_range names it */
	size_t size;      /* of the structure */
	size_t from, to;
	const char *
		reason; /* why a flipped bit may be harmless without a scenario; NULL: it may not */
};

static const char board[] = "describes the board: the scenario or the boot check contradicts";
static const char choice[] = "another valid choice for the VM: the scenario contradicts";
/* The two above are for images alone; these also hold where a scenario is given. */
static const char message[] = "is read for messages only";
static const char vpid[] = "another VPID that no vCPU has: as good as the first";
static const char padding[] = "padding between members";
static const char text_pointer[] =
	"pointer to the same text elsewhere, or to another without a scenario";
static const char rights[] = "right of an upper level that no leaf below it has";

#define FIELD(type, field, why)                                                     \
	{                                                                           \
#type, sizeof(type), offsetof(type, field),                         \
			offsetof(type, field) + sizeof(((type *)NULL)->field), why, \
	}

/* Every member of every structure; what no row covers is padding. */
/* clang-format off */
static const struct member members[] = {
	FIELD(struct scenario, magic, NULL), FIELD(struct scenario, version, NULL),
	FIELD(struct scenario, hash, choice),
	FIELD(struct scenario, name, text_pointer), FIELD(struct scenario, description, text_pointer),
	FIELD(struct scenario, board, text_pointer), FIELD(struct scenario, vms, NULL),
	FIELD(struct scenario, vm_count, NULL), FIELD(struct scenario, vcpus, NULL),
	FIELD(struct scenario, vcpu_count, NULL), FIELD(struct scenario, modules, NULL),
	FIELD(struct scenario, module_count, NULL), FIELD(struct scenario, cores, NULL),
	FIELD(struct scenario, core_count, board), FIELD(struct scenario, ram, NULL),
	FIELD(struct scenario, ram_count, board), FIELD(struct scenario, ioapics, NULL),
	FIELD(struct scenario, ioapic_count, board), FIELD(struct scenario, hypervisor_base, NULL),
	FIELD(struct scenario, hypervisor_size, NULL), FIELD(struct scenario, trampoline, board),
	FIELD(struct scenario, tsc_frequency_hz, board),
	FIELD(struct scenario, apic_timer_frequency_hz, board),
	FIELD(struct scenario, physical_address_bits, board),
	FIELD(struct scenario, thread_bits, board), FIELD(struct scenario, package_bits, board),
	FIELD(struct scenario, shares, NULL),
	FIELD(struct scenario, share_count, NULL), FIELD(struct scenario, pci, board),
	FIELD(struct scenario, pci_count, board), FIELD(struct scenario, pci_ecam_base, board),
	FIELD(struct scenario, pci_ecam_size, board), FIELD(struct scenario, crash_record_base, board),
	FIELD(struct scenario, crash_record_size, board),
	FIELD(struct scenario, image_store_base, board), FIELD(struct scenario, image_store_size, board),

	FIELD(struct vm_config, name, text_pointer), FIELD(struct vm_config, id, NULL),
	FIELD(struct vm_config, vcpus, NULL), FIELD(struct vm_config, vcpu_count, NULL),
	FIELD(struct vm_config, ept_root, NULL), FIELD(struct vm_config, io_bitmap, NULL),
	FIELD(struct vm_config, msr_bitmap, NULL), FIELD(struct vm_config, memory, NULL),
	FIELD(struct vm_config, memory_count, NULL), FIELD(struct vm_config, ports, NULL),
	FIELD(struct vm_config, port_count, NULL), FIELD(struct vm_config, pins, choice),
	FIELD(struct vm_config, pin_count, choice), FIELD(struct vm_config, boot.protocol, choice),
	FIELD(struct vm_config, boot.image, NULL), FIELD(struct vm_config, boot.ramdisk, NULL),
	FIELD(struct vm_config, boot.load_address, choice),
	FIELD(struct vm_config, boot.bootargs, text_pointer),
	FIELD(struct vm_config, boot.modules, NULL), FIELD(struct vm_config, boot.module_count, NULL),
	FIELD(struct guest_module, module, choice), FIELD(struct guest_module, string, choice),
	FIELD(struct vm_config, e820, NULL),
	FIELD(struct vm_config, e820_count, NULL), FIELD(struct vm_config, blobs, NULL),
	FIELD(struct vm_config, blob_count, NULL), FIELD(struct vm_config, acpi_rsdp, NULL),
	FIELD(struct vm_config, pci_functions, NULL), FIELD(struct vm_config, pci_function_count, NULL),
	FIELD(struct vm_config, cpuid_masks, choice), FIELD(struct vm_config, cpuid_mask_count, choice),
	FIELD(struct vm_config, virtual_devices, choice),
	FIELD(struct vm_config, life.restartable, NULL), FIELD(struct vm_config, life.on_reset, choice),
	FIELD(struct vm_config, life.on_crash, choice),
	FIELD(struct vm_config, life.restart_limit, choice),
	FIELD(struct vm_config, life.restart_window_seconds, choice),
	FIELD(struct vm_config, life.watchdog_seconds, choice),

	FIELD(struct vcpu_config, vm, NULL), FIELD(struct vcpu_config, index, NULL),
	FIELD(struct vcpu_config, apic_id, NULL),
	FIELD(struct vcpu_config, vpid, vpid),
	FIELD(struct vcpu_config, start, NULL), FIELD(struct vcpu_config, mode, NULL),
	FIELD(struct vcpu_config, entry, choice),

	FIELD(struct module_config, name, text_pointer), FIELD(struct module_config, file, text_pointer),
	FIELD(struct core_config, apic_id, board), FIELD(struct core_config, vcpu, NULL),
	FIELD(struct core_config, host_root, NULL), FIELD(struct core_config, console_root, NULL),
	FIELD(struct scenario, console_core, NULL),
	FIELD(struct ram_range, base, board), FIELD(struct ram_range, size, board),
	FIELD(struct ioapic_config, id, board), FIELD(struct ioapic_config, base, board),
	FIELD(struct ioapic_config, gsi_base, board), FIELD(struct ioapic_config, pins, board),
	FIELD(struct share_config, name, text_pointer), FIELD(struct share_config, base, NULL),
	FIELD(struct share_config, size, NULL),
	FIELD(struct pci_inventory, bus, board), FIELD(struct pci_inventory, device, board),
	FIELD(struct pci_inventory, function, board), FIELD(struct pci_inventory, vendor_id, board),
	FIELD(struct pci_inventory, device_id, board), FIELD(struct pci_inventory, class_code, board),
	FIELD(struct pci_inventory, vm, NULL),

	FIELD(struct memory_region, guest_physical, NULL),
	FIELD(struct memory_region, host_physical, NULL), FIELD(struct memory_region, size, NULL),
	FIELD(struct memory_region, permissions, NULL), FIELD(struct memory_region, kind, NULL),
	FIELD(struct port_range, first, NULL), FIELD(struct port_range, last, NULL),
	FIELD(struct pin_config, ioapic, choice), FIELD(struct pin_config, pin, choice),
	FIELD(struct e820_entry, base, NULL), FIELD(struct e820_entry, size, NULL),
	FIELD(struct e820_entry, type, NULL),
	FIELD(struct guest_blob, name, message), FIELD(struct guest_blob, guest_physical, NULL),
	FIELD(struct guest_blob, bytes, NULL), FIELD(struct guest_blob, size, NULL),
	FIELD(struct cpuid_mask, leaf, choice), FIELD(struct cpuid_mask, subleaf, choice),
	FIELD(struct cpuid_mask, result, choice), FIELD(struct cpuid_mask, clear, choice),

#define BAR(n) \
	FIELD(struct pci_function_config, bars[n].kind, choice), \
	FIELD(struct pci_function_config, bars[n].prefetchable, board), \
	FIELD(struct pci_function_config, bars[n].base, NULL), \
	FIELD(struct pci_function_config, bars[n].size, NULL)
	FIELD(struct pci_function_config, name, message), FIELD(struct pci_function_config, bus, NULL),
	FIELD(struct pci_function_config, device, NULL), FIELD(struct pci_function_config, function, NULL),
	FIELD(struct pci_function_config, vendor_id, NULL),
	FIELD(struct pci_function_config, device_id, NULL),
	FIELD(struct pci_function_config, class_code, NULL), BAR(0), BAR(1), BAR(2), BAR(3), BAR(4), BAR(5),
	FIELD(struct pci_function_config, interrupt, choice),
	FIELD(struct pci_function_config, msi_vectors, board),
	FIELD(struct pci_function_config, msix_vectors, board),
	FIELD(struct pci_function_config, msix_bar, NULL),
	FIELD(struct pci_function_config, msix_offset, board),
	FIELD(struct pci_function_config, dma_unprotected, choice),
};
/* clang-format on */

/* Texts, by their names in verify_range. */
static const struct {
	const char *what;
	const char *reason;
} texts[] = {
	{"name", choice},        {"description", choice}, {"board", choice},
	{"VM name", choice},     {"bootargs", choice},    {"module name", choice},
	{"module file", choice}, {"share name", choice},  {"PCI function name", message},
	{"blob name", message},
};

static const char *text_reason(const char *what)
{
	for (size_t i = 0; i < COUNT(texts); i++)
		if (strcmp(what, texts[i].what) == 0)
			return texts[i].reason;
	return NULL;
}

static const char *member_reason(const struct verify_range *range, uint64_t address)
{
	bool known = false;

	for (size_t i = 0; i < COUNT(members); i++) {
		const struct member *member = &members[i];
		size_t offset = (address - range->address) % member->size;

		if (strcmp(range->what, member->what) != 0)
			continue;
		known = true;
		if (offset >= member->from && offset < member->to)
			return member->reason;
	}
	return known ? padding : NULL;
}

/* The walk intersects the rights of all levels. */
static bool is_upper_right(const struct image *image, uint64_t address, unsigned bit)
{
	uint64_t entry;

	memcpy(&entry, image_at(image, address & ~UINT64_C(7)), sizeof(entry));
	return address % 8 == 0 && bit < 3 && (entry & 7) && !(entry & 0xF8);
}

/* The pointer at the address leads to the same text as before. */
static bool same_text(const struct image *pristine, const struct image *changed, uint64_t address)
{
	uint64_t before, after;

	memcpy(&before, image_at(pristine, address & ~UINT64_C(7)), sizeof(before));
	memcpy(&after, image_at(changed, address & ~UINT64_C(7)), sizeof(after));
	return strcmp(image_at(pristine, before), image_at(changed, after)) == 0;
}

struct flipped {
	const struct image *pristine, *changed;
	const struct verify_range *range;
	uint64_t address;
	unsigned bit;
};

/* Why the bit may change without harm; NULL if it may not. */
static const char *reason_of(const struct flipped *flipped, bool scenario)
{
	const char *reason = text_reason(flipped->range->what);

	if (!reason)
		reason = member_reason(flipped->range, flipped->address);
	if (strcmp(flipped->range->what, "EPT") == 0 &&
	    is_upper_right(flipped->pristine, flipped->address, flipped->bit))
		reason = rights;
	if (!scenario)
		return reason;
	if (reason == text_pointer &&
	    !same_text(flipped->pristine, flipped->changed, flipped->address))
		return NULL;
	return reason == board || reason == choice ? NULL : reason;
}

/* --- What is flipped ------------------------------------------------------------------------------ */

struct target {
	const struct image *pristine;
	const struct model *model;
	struct image image; /* changed and changed back */
	struct image_object *objects;
	unsigned object_count;
	const struct verify_range *ranges; /* of the image as it was */
	unsigned range_count;
	struct arena arena;
};

struct tally {
	const char *reason;
	unsigned count;
};

#define REASONS 10

struct outcome {
	unsigned flips, found, missed;
	struct tally harmless[REASONS];
};

static void target_init(struct target *target, const struct image *image, const struct model *model)
{
	const struct verify *verify;

	*target = (struct target){.pristine = image, .model = model};
	target->image = image_copy(&target->arena, image);
	target->objects = image_objects(&target->arena, image, &target->object_count);
	verify = verify_image(&target->arena, image->bytes, image->size, model);
	assert_int_equal(verify_total(verify), 0);
	for (unsigned i = 0; i < target->object_count; i++)
		assert_true(target->objects[i].size > 0);
	target->ranges = verify_ranges(verify, &target->range_count);
}

/* The texts have no symbols; the verifier's word is good enough for where they are. */
static void add_texts(struct target *target)
{
	for (unsigned i = 0; i < target->range_count; i++)
		if (text_reason(target->ranges[i].what))
			*ARENA_PUSH(&target->arena, target->objects, target->object_count) =
				(struct image_object){target->ranges[i].what,
						      target->ranges[i].address,
						      target->ranges[i].size};
}

static const struct verify_range *range_at(const struct target *target, uint64_t address)
{
	for (unsigned i = 0; i < target->range_count; i++)
		if (address - target->ranges[i].address < target->ranges[i].size)
			return &target->ranges[i];
	return NULL;
}

static bool is_reported(const struct target *target)
{
	struct arena own = {0};
	const struct verify *verify =
		verify_image(&own, target->image.bytes, target->image.size, target->model);
	bool reported = verify_total(verify) != 0;

	arena_free(&own);
	return reported;
}

static void count_harmless(struct outcome *outcome, const char *reason)
{
	unsigned i = 0;

	while (i < REASONS - 1 && outcome->harmless[i].reason &&
	       outcome->harmless[i].reason != reason)
		i++;
	outcome->harmless[i].reason = reason;
	outcome->harmless[i].count++;
}

static void flip(struct target *target, struct outcome *outcome, const char *name, uint64_t address,
		 unsigned bit)
{
	uint8_t *byte = image_at(&target->image, address);
	const struct verify_range *range = range_at(target, address);
	const char *reason;

	*byte ^= (uint8_t)(1u << bit);
	outcome->flips++;
	if (is_reported(target)) {
		outcome->found++;
	} else {
		const struct flipped flipped = {target->pristine, &target->image, range, address,
						bit};

		reason = range ? reason_of(&flipped, target->model != NULL) : NULL;
		if (reason) {
			count_harmless(outcome, reason);
		} else {
			fprintf(stderr, "bit %u of 0x%lx in %s (%s+0x%lx) is not reported\n", bit,
				address, name, range ? range->what : "not read",
				range ? address - range->address : 0);
			outcome->missed++;
		}
	}
	*byte ^= (uint8_t)(1u << bit);
}

/* Every other flip takes an object first, so that small ones are not lost among page tables. */
static void flip_somewhere(struct target *target, struct outcome *outcome, uint64_t *state,
			   uint64_t total)
{
	const struct image_object *object = target->objects;
	uint64_t at;

	if (next_random(state) & UINT64_C(1) << 40) {
		object += next_random(state) % target->object_count;
		/* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): target_init() has looked */
		at = next_random(state) % object->size;
	} else {
		for (at = next_random(state) % total; at >= object->size; object++)
			at -= object->size;
	}
	flip(target, outcome, object->name, object->address + at,
	     (unsigned)(next_random(state) >> 50) % 8);
}

static void show(const char *name, const struct outcome *outcome)
{
	printf("%s: %u bits flipped, %u reported\n", name, outcome->flips, outcome->found);
	for (unsigned i = 0; i < REASONS && outcome->harmless[i].reason; i++)
		printf("  %5u harmless: %s\n", outcome->harmless[i].count,
		       outcome->harmless[i].reason);
}

static void check_flips(const char *name, const struct image *image, const struct model *model,
			unsigned flips)
{
	struct outcome outcome = {0};
	struct target target;
	uint64_t total = 0, state = SEED;

	target_init(&target, image, model);
	add_texts(&target);
	for (unsigned i = 0; i < target.object_count; i++)
		total += target.objects[i].size;
	for (unsigned i = 0; i < flips; i++)
		flip_somewhere(&target, &outcome, &state, total);
	show(name, &outcome);
	assert_int_equal(outcome.missed, 0);
	assert_int_equal(outcome.flips, flips);
	arena_free(&target.arena);
}

static void test_random_bits_with_scenario(void **state)
{
	(void)state;
	check_flips("demo", &demo, &demo_model, DEMO_FLIPS);
	check_flips("devices", &devices, &devices_model, DEVICES_FLIPS);
}

static void test_random_bits_without_scenario(void **state)
{
	(void)state;
	check_flips("rich", &rich, NULL, RICH_FLIPS);
}

/* --- Headers -------------------------------------------------------------------------------------- */

/* Bytes of the ELF and program headers that nothing reads; NULL for all others. */
static const char *header_reason(const struct image *image, uint64_t offset)
{
	const Elf64_Ehdr *header = image_elf_header(image);
	uint64_t at = (offset - header->e_phoff) % sizeof(Elf64_Phdr);
	const Elf64_Phdr *segment;

	if (offset < EI_NIDENT)
		return offset >= EI_PAD ? "padding of the identification" : NULL;
	if (offset - offsetof(Elf64_Ehdr, e_shstrndx) < sizeof(header->e_shstrndx))
		return "names of sections are for messages";
	if (offset < header->e_phoff)
		return NULL;
	segment = (const Elf64_Phdr *)(const void *)(image->bytes + offset - at);
	if (segment->p_type == PT_GNU_STACK && at >= offsetof(Elf64_Phdr, p_offset))
		return "PT_GNU_STACK says something by its flags alone";
	if (segment->p_filesz == 0 && at >= offsetof(Elf64_Phdr, p_offset) &&
	    at < offsetof(Elf64_Phdr, p_vaddr))
		return "place in the file of a segment that has nothing there";
	if (segment->p_type == PT_GNU_STACK && at >= offsetof(Elf64_Phdr, p_flags))
		return "PT_GNU_STACK: other flags than executable";
	return NULL;
}

static void test_every_bit_of_the_headers(void **state)
{
	struct outcome outcome = {0};
	struct target target;
	const Elf64_Ehdr *header;
	uint64_t size;

	(void)state;
	target_init(&target, &demo, &demo_model);
	header = image_elf_header(&demo);
	size = header->e_phoff + header->e_phnum * sizeof(Elf64_Phdr);
	for (uint64_t bit = 0; bit < size * 8; bit++) {
		const char *reason = header_reason(&demo, bit / 8);

		target.image.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		outcome.flips++;
		if (is_reported(&target)) {
			outcome.found++;
		} else if (reason) {
			count_harmless(&outcome, reason);
		} else {
			fprintf(stderr, "bit %lu of byte %lu of the headers is not reported\n",
				bit % 8, bit / 8);
			outcome.missed++;
		}
		target.image.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	show("headers", &outcome);
	assert_int_equal(outcome.missed, 0);
	arena_free(&target.arena);
}

/* A file that ends anywhere is reported, and nothing is read behind its end (ASan watches). */
static void test_truncated_files(void **state)
{
	(void)state;
	for (size_t size = 0; size < demo.size; size += size / 16 + 1) {
		struct arena own = {0};
		uint8_t *bytes = malloc(size ? size : 1);
		const struct verify *verify;

		memcpy(bytes, demo.bytes, size);
		verify = verify_image(&own, bytes, size, &demo_model);
		assert_true(verify_total(verify) > 0);
		arena_free(&own);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_bits_with_scenario),
		cmocka_unit_test(test_random_bits_without_scenario),
		cmocka_unit_test(test_every_bit_of_the_headers),
		cmocka_unit_test(test_truncated_files),
	};

	return cmocka_run_group_tests(tests, make_images, free_images);
}
