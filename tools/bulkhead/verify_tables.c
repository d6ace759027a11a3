/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the symbol scenario_tables to copies of everything that can be reached from it. Structures are
 * read as hypervisor/include/bulkhead/tables.h lays them out on x86-64, on which this tool runs too.
 */
#include "verify_internal.h"

#include "bulkhead/platform.h"

_Static_assert(sizeof(void *) == 8 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "the tables are read as x86-64 lays them out");

/* Longest text: a command line has its own limit, a description is one. */
#define TEXT_MAX 4096
/* RSDP, XSDT, RSDT, FADT, MADT, DSDT are six. */
#define BLOBS_MAX 32
/* Every region gives one entry, the hole below 1 MiB one more and another cut. */
#define E820_MAX (CONFIG_MAX_MEMORY_REGIONS * 2 + 2)
/* No setting of the hypervisor limits these, only sense: a share needs two VMs' regions, 256 buses. */
#define SHARES_MAX      1024
#define PCI_MAX         65536
#define CPUID_MASKS_MAX 256

#define LIMIT(symbol) symbol, #symbol

/* --- Pointers ---------------------------------------------------------------------------------- */

void verify_followed(struct verify *verify, uint64_t address, uint64_t size, const char *what)
{
	*ARENA_PUSH(verify->arena, verify->ranges, verify->range_count) =
		(struct verify_range){address, size, what};
	verify->statistics.table_bytes += size;
}

/* Where a pointer stands, for messages and for what it leads to. */
struct pointer {
	const char *owner; /* VM "rt" */
	const char *field; /* "memory" */
	const char *what;  /* "struct memory_region" */
	const void *address;
	uint64_t size, alignment; /* of one element */
};

static bool is_good(struct verify *verify, const struct pointer *pointer, uint64_t size)
{
	uint64_t address = (uint64_t)pointer->address;
	const char *problem = verify_read_only(&verify->image, address, size, pointer->alignment);

	if (problem)
		verify_report(verify, VERIFY_POINTER,
			      "%s: %s: 0x%" PRIx64 ", for %" PRIu64 " bytes, %s", pointer->owner,
			      pointer->field, address, size, problem);
	return !problem;
}

static bool good_pointer(struct verify *verify, const struct pointer *pointer, uint64_t count)
{
	if (!is_good(verify, pointer, pointer->size * count))
		return false;
	verify_followed(verify, (uint64_t)pointer->address, pointer->size * count, pointer->what);
	return true;
}

/* A copy of an array, or NULL with *count set to 0. */
static void *copy_array(struct verify *verify, const struct pointer *pointer, uint32_t *count)
{
	void *copy = NULL;

	if (*count == 0 && pointer->address)
		verify_report(verify, VERIFY_POINTER, "%s: %s: a count of 0 goes with NULL, not %p",
			      pointer->owner, pointer->field, pointer->address);
	if (*count != 0 && good_pointer(verify, pointer, *count)) {
		copy = arena_alloc(verify->arena, pointer->size * *count);
		memcpy(copy, verify_bytes(&verify->image, (uint64_t)pointer->address),
		       pointer->size * *count);
	}
	if (!copy)
		*count = 0;
	return copy;
}

/* clang-format off */
#define TYPE_NAME(pointer) _Generic((pointer), \
	const struct vm_config *: "struct vm_config", \
	const struct vcpu_config *: "struct vcpu_config", \
	const struct module_config *: "struct module_config", \
	const struct core_config *: "struct core_config", \
	const struct ram_range *: "struct ram_range", \
	const struct ioapic_config *: "struct ioapic_config", \
	const struct memory_region *: "struct memory_region", \
	const struct port_range *: "struct port_range", \
	const struct pin_config *: "struct pin_config", \
	const struct e820_entry *: "struct e820_entry", \
	const struct guest_blob *: "struct guest_blob", \
	const struct pci_function_config *: "struct pci_function_config", \
	const struct cpuid_mask *: "struct cpuid_mask", \
	const struct guest_module *: "struct guest_module", \
	const struct share_config *: "struct share_config", \
	const struct pci_inventory *: "struct pci_inventory")
/* clang-format on */

#define COPY_ARRAY(verify, owner, structure, field, count)                            \
	copy_array((verify),                                                          \
		   &(struct pointer){(owner), #field, TYPE_NAME((structure)->field),  \
				     (structure)->field, sizeof(*(structure)->field), \
				     _Alignof(__typeof__(*(structure)->field))},      \
		   &(structure)->count)

/* A table that the processor reads: in place. NULL after a report. */
static const uint8_t *page_table(struct verify *verify, const char *owner, const char *field,
				 const void *address, uint64_t size)
{
	const struct pointer pointer = {owner, field, field, address, size, PAGE_SIZE_4K};

	if (!good_pointer(verify, &pointer, 1))
		return NULL;
	return verify_bytes(&verify->image, (uint64_t)address);
}

/* Bytes until the segment or the longest text ends. */
static size_t text_room(const struct verify_image *image, uint64_t address)
{
	const struct verify_segment *segment = verify_segment_of(image, address);
	uint64_t room = segment ? segment->file_size - (address - segment->address) : 0;

	return room < TEXT_MAX ? room : TEXT_MAX;
}

/* Never NULL: "" after a report. */
static const char *text(struct verify *verify, const char *owner, const char *field,
			const char *address)
{
	struct pointer pointer = {owner, field, field, address, 1, 1};
	size_t room = text_room(&verify->image, (uint64_t)address), length;
	const char *bytes;

	if (!is_good(verify, &pointer, 1))
		return "";
	bytes = (const char *)verify_bytes(&verify->image, (uint64_t)address);
	length = strnlen(bytes, room);
	if (length == room) {
		verify_report(verify, VERIFY_POINTER,
			      "%s: %s: the text at 0x%" PRIx64 " does not end", owner, field,
			      (uint64_t)address);
		return "";
	}
	verify_followed(verify, (uint64_t)address, length + 1, field);
	return arena_strndup(verify->arena, bytes, length);
}

/* --- Counts ------------------------------------------------------------------------------------ */

/* Sets a count that the hypervisor has no room for to 0, after a report. */
static void check_count(struct verify *verify, const char *owner, const char *field,
			uint32_t *count, uint32_t most, const char *symbol)
{
	if (*count <= most)
		return;
	verify_report(verify, VERIFY_COUNT, "%s: %s is %" PRIu32 ", the most is %" PRIu32 "%s%s%s",
		      owner, field, *count, most, symbol ? " (" : "", symbol ? symbol : "",
		      symbol ? ")" : "");
	*count = 0;
}

static void check_not_empty(struct verify *verify, const char *owner, const char *field,
			    uint32_t count)
{
	if (count == 0)
		verify_report(verify, VERIFY_COUNT, "%s: %s is 0", owner, field);
}

static void check_scenario_counts(struct verify *verify)
{
	struct scenario *s = &verify->scenario;

	check_not_empty(verify, "scenario", "vm_count", s->vm_count);
	check_not_empty(verify, "scenario", "vcpu_count", s->vcpu_count);
	check_not_empty(verify, "scenario", "ram_count", s->ram_count);
	check_count(verify, "scenario", "vm_count", &s->vm_count, LIMIT(CONFIG_MAX_VMS));
	check_count(verify, "scenario", "vcpu_count", &s->vcpu_count, LIMIT(CONFIG_MAX_VCPUS));
	check_count(verify, "scenario", "module_count", &s->module_count,
		    LIMIT(CONFIG_MAX_MODULES));
	check_count(verify, "scenario", "core_count", &s->core_count, LIMIT(CONFIG_MAX_CORES));
	check_count(verify, "scenario", "ram_count", &s->ram_count, LIMIT(CONFIG_MAX_RAM_RANGES));
	check_count(verify, "scenario", "ioapic_count", &s->ioapic_count,
		    LIMIT(CONFIG_MAX_IOAPICS));
	check_count(verify, "scenario", "share_count", &s->share_count, SHARES_MAX, NULL);
	check_count(verify, "scenario", "pci_count", &s->pci_count, PCI_MAX, NULL);
}

static void check_vm_counts(struct verify *verify, struct verify_vm *vm)
{
	struct vm_config *config = &vm->config;

	check_not_empty(verify, vm->label, "vcpu_count", config->vcpu_count);
	check_not_empty(verify, vm->label, "memory_count", config->memory_count);
	check_count(verify, vm->label, "vcpu_count", &config->vcpu_count,
		    LIMIT(CONFIG_MAX_VCPUS_PER_VM));
	check_count(verify, vm->label, "memory_count", &config->memory_count,
		    LIMIT(CONFIG_MAX_MEMORY_REGIONS));
	check_count(verify, vm->label, "port_count", &config->port_count,
		    LIMIT(CONFIG_MAX_PORT_RANGES));
	check_count(verify, vm->label, "pin_count", &config->pin_count, LIMIT(CONFIG_MAX_PINS));
	check_count(verify, vm->label, "e820_count", &config->e820_count, E820_MAX, NULL);
	check_count(verify, vm->label, "blob_count", &config->blob_count, BLOBS_MAX, NULL);
	check_count(verify, vm->label, "pci_function_count", &config->pci_function_count, PCI_MAX,
		    NULL);
	check_count(verify, vm->label, "cpuid_mask_count", &config->cpuid_mask_count,
		    CPUID_MASKS_MAX, NULL);
	check_count(verify, vm->label, "boot.module_count", &config->boot.module_count,
		    LIMIT(CONFIG_MAX_MODULES));
}

/* --- One VM ------------------------------------------------------------------------------------ */

/* Blobs fill the area for ACPI tables at most, so that no sum over them takes long. */
#define BLOB_MAX (PLATFORM_ACPI_END_GPA - PLATFORM_ACPI_GPA)

static struct verify_blob read_blob(struct verify *verify, const char *owner,
				    const struct guest_blob *source)
{
	struct verify_blob blob = {
		.name = text(verify, owner, "blob name", source->name),
		.guest = source->guest_physical,
		.size = source->size,
	};
	struct pointer pointer = {owner, "blob bytes", "blob", source->bytes, 1, 1};

	if (blob.size == 0 || blob.size > BLOB_MAX)
		verify_report(verify, VERIFY_COUNT,
			      "%s: blob \"%s\" has %" PRIu64 " bytes, not 1 to %" PRIu64, owner,
			      blob.name, blob.size, BLOB_MAX);
	else if (good_pointer(verify, &pointer, blob.size))
		blob.bytes = verify_bytes(&verify->image, (uint64_t)source->bytes);
	return blob;
}

static void read_blobs(struct verify *verify, struct verify_vm *vm)
{
	const struct guest_blob *source =
		COPY_ARRAY(verify, vm->label, &vm->config, blobs, blob_count);
	uint32_t count = vm->config.blob_count;
	struct verify_blob *blobs = arena_alloc(verify->arena, count * sizeof(*blobs));

	for (uint32_t i = 0; i < count; i++)
		blobs[i] = read_blob(verify, vm->label, &source[i]);
	vm->blobs = blobs;
}

static void read_functions(struct verify *verify, struct verify_vm *vm)
{
	uint32_t *count = &vm->config.pci_function_count;

	vm->functions =
		COPY_ARRAY(verify, vm->label, &vm->config, pci_functions, pci_function_count);
	vm->function_names = arena_alloc(verify->arena, *count * sizeof(*vm->function_names));
	for (uint32_t i = 0; i < *count; i++)
		vm->function_names[i] =
			text(verify, vm->label, "PCI function name", vm->functions[i].name);
}

static void read_boot_modules(struct verify *verify, struct verify_vm *vm)
{
	struct boot_config *boot = &vm->config.boot;

	vm->boot_modules = COPY_ARRAY(verify, vm->label, boot, modules, module_count);
	vm->module_strings =
		arena_alloc(verify->arena, boot->module_count * sizeof(*vm->module_strings));
	for (uint32_t i = 0; i < boot->module_count; i++)
		vm->module_strings[i] =
			text(verify, vm->label, "module string", vm->boot_modules[i].string);
}

static void read_vm(struct verify *verify, struct verify_vm *vm, uint32_t index)
{
	struct vm_config *config = &vm->config;
	const char *owner = verify_format(verify, "VM %" PRIu32, index);

	vm->name = text(verify, owner, "VM name", config->name);
	vm->label = *vm->name ? verify_format(verify, "VM \"%.32s\"", vm->name) : owner;
	vm->bootargs = text(verify, vm->label, "bootargs", config->boot.bootargs);
	check_vm_counts(verify, vm);
	vm->vcpus = COPY_ARRAY(verify, vm->label, config, vcpus, vcpu_count);
	vm->memory = COPY_ARRAY(verify, vm->label, config, memory, memory_count);
	vm->ports = COPY_ARRAY(verify, vm->label, config, ports, port_count);
	vm->pins = COPY_ARRAY(verify, vm->label, config, pins, pin_count);
	vm->e820 = COPY_ARRAY(verify, vm->label, config, e820, e820_count);
	vm->cpuid_masks = COPY_ARRAY(verify, vm->label, config, cpuid_masks, cpuid_mask_count);
	read_blobs(verify, vm);
	read_functions(verify, vm);
	read_boot_modules(verify, vm);
	vm->io_bitmap =
		page_table(verify, vm->label, "I/O bitmap", config->io_bitmap, IO_BITMAP_BYTES);
	vm->msr_bitmap =
		page_table(verify, vm->label, "MSR bitmap", config->msr_bitmap, MSR_BITMAP_BYTES);
}

/* --- Whole ------------------------------------------------------------------------------------- */

static void read_modules(struct verify *verify)
{
	const struct module_config *source =
		COPY_ARRAY(verify, "scenario", &verify->scenario, modules, module_count);
	uint32_t count = verify->scenario.module_count;
	struct verify_module *modules = arena_alloc(verify->arena, count * sizeof(*modules));

	for (uint32_t i = 0; i < count; i++) {
		modules[i].name = text(verify, "module", "module name", source[i].name);
		modules[i].file = text(verify, "module", "module file", source[i].file);
	}
	verify->modules = modules;
}

static void read_vms(struct verify *verify)
{
	const struct vm_config *source =
		COPY_ARRAY(verify, "scenario", &verify->scenario, vms, vm_count);
	uint32_t count = verify->scenario.vm_count;

	verify->vms = arena_alloc(verify->arena, count * sizeof(*verify->vms));
	for (uint32_t i = 0; i < count; i++) {
		verify->vms[i].config = source[i];
		read_vm(verify, &verify->vms[i], i);
	}
}

static void read_shares(struct verify *verify)
{
	uint32_t *count = &verify->scenario.share_count;

	verify->shares = COPY_ARRAY(verify, "scenario", &verify->scenario, shares, share_count);
	verify->share_names = arena_alloc(verify->arena, *count * sizeof(*verify->share_names));
	for (uint32_t i = 0; i < *count; i++)
		verify->share_names[i] =
			text(verify, "share", "share name", verify->shares[i].name);
}

static void read_arrays(struct verify *verify)
{
	struct scenario *scenario = &verify->scenario;

	verify->name = text(verify, "scenario", "name", scenario->name);
	verify->description = text(verify, "scenario", "description", scenario->description);
	verify->board = text(verify, "scenario", "board", scenario->board);
	check_scenario_counts(verify);
	verify->vcpus = COPY_ARRAY(verify, "scenario", scenario, vcpus, vcpu_count);
	verify->cores = COPY_ARRAY(verify, "scenario", scenario, cores, core_count);
	verify->ram = COPY_ARRAY(verify, "scenario", scenario, ram, ram_count);
	verify->ioapics = COPY_ARRAY(verify, "scenario", scenario, ioapics, ioapic_count);
	verify->pci = COPY_ARRAY(verify, "scenario", scenario, pci, pci_count);
	read_shares(verify);
	read_modules(verify);
	read_vms(verify);
}

static bool read_root(struct verify *verify)
{
	const struct verify_symbol *symbol = &verify->image.symbols[SYMBOL_TABLES];
	const uint64_t size = sizeof(struct scenario);
	const char *problem;

	if (symbol->count != 1) {
		verify_report(verify, VERIFY_ROOT,
			      "there are %u global symbols \"scenario_tables\" instead of one",
			      symbol->count);
		return false;
	}
	problem = verify_read_only(&verify->image, symbol->value, size, _Alignof(struct scenario));
	if (!problem && symbol->size != size)
		problem = "has another size than struct scenario";
	if (problem) {
		verify_report(verify, VERIFY_ROOT, "scenario_tables at 0x%" PRIx64 " %s",
			      symbol->value, problem);
		return false;
	}
	memcpy(&verify->scenario, verify_bytes(&verify->image, symbol->value), size);
	verify_followed(verify, symbol->value, size, "struct scenario");
	return true;
}

static bool right_version(struct verify *verify)
{
	const struct scenario *scenario = &verify->scenario;

	if (scenario->magic == SCENARIO_TABLES_MAGIC &&
	    scenario->version == SCENARIO_TABLES_VERSION)
		return true;
	verify_report(verify, VERIFY_VERSION,
		      "the tables have magic 0x%" PRIx64 " and version %" PRIu32
		      ", this tool reads 0x%" PRIx64 " and %d",
		      scenario->magic, scenario->version, SCENARIO_TABLES_MAGIC,
		      SCENARIO_TABLES_VERSION);
	return false;
}

void verify_read_tables(struct verify *verify)
{
	verify->tables_readable = read_root(verify) && right_version(verify);
	if (verify->tables_readable)
		read_arrays(verify);
	else
		verify->scenario = (struct scenario){0};
}
