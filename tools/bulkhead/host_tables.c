/* SPDX-License-Identifier: Apache-2.0 */
#include "host_tables.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bulkhead/crash_record.h"
#include "emit_output.h"
#include "emit_plan.h"

/* What 4-level paging can map one to one: the lower half of the canonical addresses. */
#define HOST_END (UINT64_C(1) << 47)

#define MSIX_ENTRY_SIZE 16

/* --- What a core has mapped -------------------------------------------------------------------- */

/* Ranges of one VM's cores, or of one core. */
struct ranges {
	struct plan *plan;
	struct host_range *all;
	unsigned count;
};

static void add(struct ranges *ranges, hpa_t base, uint64_t size, uint64_t bits)
{
	*ARENA_PUSH(&ranges->plan->arena, ranges->all, ranges->count) =
		(struct host_range){base, size, bits};
}

/* All memory that the hypervisor copies images into, or reads a guest's instructions and tables from. */
static void add_memory(struct ranges *ranges, const struct vm_config *vm)
{
	for (uint32_t i = 0; i < vm->memory_count; i++) {
		const struct memory_region *region = &vm->memory[i];

		if (region->kind == MEMORY_RAM)
			add(ranges, region->host_physical, region->size, HOST_DATA);
		if (region->kind == MEMORY_SHARED)
			add(ranges, region->host_physical, region->size,
			    region->permissions & MEMORY_WRITE ? HOST_DATA : HOST_CONSTANT);
	}
}

/* A VM that may start again is loaded from there by its own cores. */
static void add_image_store(struct ranges *ranges, const struct vm_config *vm)
{
	const struct scenario *scenario = &ranges->plan->scenario;

	if (vm->life.restartable)
		add(ranges, scenario->image_store_base, scenario->image_store_size, HOST_CONSTANT);
}

static bool has_pin_of(const struct vm_config *vm, uint32_t ioapic)
{
	for (uint32_t i = 0; i < vm->pin_count; i++)
		if (vm->pins[i].ioapic == ioapic)
			return true;
	return false;
}

/* Checked entries of the VM's pins are written through to the real IOAPICs. */
static void add_ioapics(struct ranges *ranges, const struct vm_config *vm)
{
	const struct scenario *scenario = &ranges->plan->scenario;

	for (uint32_t i = 0; i < scenario->ioapic_count; i++)
		if (has_pin_of(vm, i))
			add(ranges, scenario->ioapics[i].base & ~(PAGE_SIZE_4K - 1), PAGE_SIZE_4K,
			    HOST_DEVICE);
}

/* The guest does not reach the tables of its functions' messages: what it writes there is checked. */
static void add_msix_tables(struct ranges *ranges, const struct vm_config *vm)
{
	for (uint32_t i = 0; i < vm->pci_function_count; i++) {
		const struct pci_function_config *function = &vm->pci_functions[i];
		hpa_t start, size = (hpa_t)function->msix_vectors * MSIX_ENTRY_SIZE;

		if (size == 0)
			continue;
		start = function->bars[function->msix_bar].base + function->msix_offset;
		size += start & (PAGE_SIZE_4K - 1);
		add(ranges, start & ~(PAGE_SIZE_4K - 1),
		    (size + PAGE_SIZE_4K - 1) & ~(PAGE_SIZE_4K - 1), HOST_DEVICE);
	}
}

static hpa_t owned_base(const struct scenario *scenario)
{
	return host_owned_base(scenario->hypervisor_base, scenario->hypervisor_size,
			       scenario->core_count);
}

/* struct vm, and struct vcpu of all its vCPUs: they post requests to each other. */
static void add_state(struct ranges *ranges, const struct vm_config *vm)
{
	const struct scenario *scenario = &ranges->plan->scenario;
	hpa_t vms = owned_base(scenario) + (uint64_t)scenario->core_count * HOST_AREA_SIZE;
	hpa_t vcpus = vms + (uint64_t)CONFIG_MAX_VMS * HOST_VM_SIZE;
	uint64_t first = (uint64_t)(vm->vcpus - scenario->vcpus);

	add(ranges, vms + (uint64_t)vm->id * HOST_VM_SIZE, HOST_VM_SIZE, HOST_DATA);
	add(ranges, vcpus + first * HOST_VCPU_SIZE, (uint64_t)vm->vcpu_count * HOST_VCPU_SIZE,
	    HOST_DATA);
}

/*
 * One row for each kind of thing that cores have mapped because of their VM. Who adds one adds it to the
 * verifier's list, too (verify_host_expect.c), and to the table in docs/architecture.md.
 */
static const struct {
	const char *what;
	void (*add)(struct ranges *ranges, const struct vm_config *vm);
} rows[] = {
	{"memory", add_memory},        {"image store", add_image_store},
	{"IOAPICs", add_ioapics},      {"MSI-X tables", add_msix_tables},
	{"run-time state", add_state},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* The core's area up to `end`, but the guards. */
static void add_area(struct ranges *ranges, uint32_t core, uint64_t end)
{
	hpa_t area = owned_base(&ranges->plan->scenario) + (uint64_t)core * HOST_AREA_SIZE;
	const uint64_t stride = HOST_GUARD_SIZE + HOST_INTERRUPT_STACK_SIZE;

	add(ranges, area + HOST_GUARD_SIZE, HOST_STACK_SIZE, HOST_DATA);
	for (unsigned i = 0; i < HOST_INTERRUPT_STACKS; i++)
		add(ranges, area + HOST_AREA_INTERRUPT_STACKS + i * stride + HOST_GUARD_SIZE,
		    HOST_INTERRUPT_STACK_SIZE, HOST_DATA);
	add(ranges, area + HOST_AREA_OWN, end - HOST_AREA_OWN, HOST_DATA);
}

/* Its page of the crash record, which says of a core what led to its end (bulkhead/crash_record.h). */
static void add_crash_record(struct ranges *ranges, uint32_t core)
{
	const struct scenario *scenario = &ranges->plan->scenario;
	uint64_t offset = (uint64_t)core * CRASH_RECORD_SIZE;

	if (offset + CRASH_RECORD_SIZE <= scenario->crash_record_size)
		add(ranges, scenario->crash_record_base + offset, CRASH_RECORD_SIZE, HOST_DATA);
}

/* While it serves the console, a core reads all records and still writes its own. */
static void add_crash_records(struct ranges *ranges, uint32_t self)
{
	const struct scenario *scenario = &ranges->plan->scenario;

	for (uint32_t i = 0; i < scenario->core_count; i++) {
		uint64_t offset = (uint64_t)i * CRASH_RECORD_SIZE;

		if (offset + CRASH_RECORD_SIZE <= scenario->crash_record_size)
			add(ranges, scenario->crash_record_base + offset, CRASH_RECORD_SIZE,
			    i == self ? HOST_DATA : HOST_CONSTANT);
	}
}

/* Of all cores, for who serves the console: what they count, and what they answer. */
static void add_answers(struct ranges *ranges)
{
	const struct scenario *scenario = &ranges->plan->scenario;

	for (uint32_t i = 0; i < scenario->core_count; i++)
		add(ranges,
		    owned_base(scenario) + (uint64_t)i * HOST_AREA_SIZE + HOST_AREA_COUNTERS,
		    HOST_AREA_SIZE - HOST_AREA_COUNTERS, HOST_CONSTANT);
}

/* What monitor VMs read is written by all: states, and log lines that whoever prints takes out. */
static void add_monitor(struct ranges *ranges)
{
	const struct scenario *scenario = &ranges->plan->scenario;

	add(ranges, host_monitor_base(owned_base(scenario), scenario->core_count),
	    MONITOR_SHARED_SIZE, HOST_DATA);
}

static int compare_ranges(const void *left, const void *right)
{
	hpa_t a = ((const struct host_range *)left)->base;
	hpa_t b = ((const struct host_range *)right)->base;

	return (a > b) - (a < b);
}

/* Sorts, and joins neighbours with the same bits, for larger pages. */
static void coalesce(struct ranges *ranges)
{
	struct host_range *all = ranges->all;
	unsigned last = 0;

	if (ranges->count == 0)
		return;
	qsort(all, ranges->count, sizeof(*all), compare_ranges);
	for (unsigned i = 1; i < ranges->count; i++) {
		if (all[last].base + all[last].size == all[i].base && all[last].bits == all[i].bits)
			all[last].size += all[i].size;
		else
			all[++last] = all[i];
	}
	ranges->count = last + 1;
}

/* --- Trees ------------------------------------------------------------------------------------- */

struct build {
	struct plan *plan;
	struct host_tree *tree;
	const struct host_tree *vm; /* whose tables the tree refers to; NULL for a VM's own */
	unsigned top;               /* level of the largest page */
};

static uint64_t entry_size(unsigned level)
{
	return PAGE_SIZE_4K << (9 * (level - 1));
}

static unsigned index_of(uint64_t address, unsigned level)
{
	return (unsigned)(address / entry_size(level)) % HOST_ENTRIES;
}

static unsigned add_table(struct build *build, unsigned level, uint64_t address)
{
	struct host_tree *tree = build->tree;
	struct host_table *table = arena_alloc(&build->plan->arena, sizeof(*table));

	table->level = level;
	table->base = level == HOST_LEVEL_ROOT ? 0 : address & ~(entry_size(level + 1) - 1);
	*ARENA_PUSH(&build->plan->arena, tree->tables, tree->count) = table;
	return tree->count - 1;
}

/* A copy in this tree of a table of the VM's, which goes on to refer to the VM's other tables. */
static unsigned clone_table(struct build *build, const struct host_table *source)
{
	unsigned index = add_table(build, source->level, source->base);
	struct host_table *table = build->tree->tables[index];

	for (unsigned i = 0; i < HOST_ENTRIES; i++) {
		table->entries[i] = source->entries[i];
		if (!(source->entries[i] & HOST_PRESENT) &&
		    (source->entries[i] & HOST_REFERENCE_KIND) == HOST_REFERENCE_OWN)
			table->entries[i] ^= HOST_REFERENCE_OWN ^ HOST_REFERENCE_VM;
	}
	return index;
}

/* The tree's own table below the entry; NULL if a leaf or the image is there. */
static struct host_table *descend(struct build *build, uint64_t *entry, unsigned level,
				  uint64_t address)
{
	uint64_t kind = *entry & HOST_REFERENCE_KIND;
	unsigned child = (unsigned)(*entry >> HOST_REFERENCE_INDEX);

	if (*entry & HOST_PRESENT || kind == HOST_REFERENCE_IMAGE ||
	    (kind == HOST_REFERENCE_VM && !build->vm))
		return NULL;
	if (kind == HOST_REFERENCE_VM)
		child = clone_table(build, build->vm->tables[child]);
	else if (kind == 0)
		child = add_table(build, level - 1, address);
	*entry = HOST_REFERENCE(HOST_REFERENCE_OWN, child);
	return build->tree->tables[child];
}

/* The entry of that level that the address goes through; NULL if a larger page is in its place. */
static uint64_t *entry_of(struct build *build, uint64_t address, unsigned level)
{
	struct host_table *table = build->tree->tables[0];

	while (table && table->level > level)
		table = descend(build, &table->entries[index_of(address, table->level)],
				table->level, address);
	return table ? &table->entries[index_of(address, level)] : NULL;
}

static unsigned leaf_level(const struct host_range *range, unsigned top)
{
	unsigned level = top;

	while (level > 1 &&
	       (range->size < entry_size(level) || range->base & (entry_size(level) - 1)))
		level--;
	return level;
}

static bool map(struct build *build, struct host_range range)
{
	while (range.size != 0) {
		unsigned level = leaf_level(&range, build->top);
		uint64_t *entry = NULL;

		if (range.base < HOST_END && range.size <= HOST_END - range.base)
			entry = entry_of(build, range.base, level);
		if (!entry || *entry)
			return output_fail("cannot map 0x%" PRIx64
					   " in the hypervisor's page tables: it is %s",
					   range.base, entry ? "mapped already" : "too high");
		*entry = range.base | range.bits | (level > 1 ? HOST_LARGE : 0);
		range.base += entry_size(level);
		range.size -= entry_size(level);
	}
	return true;
}

static bool map_all(struct build *build, struct ranges *ranges)
{
	coalesce(ranges);
	for (unsigned i = 0; i < ranges->count; i++)
		if (!map(build, ranges->all[i]))
			return false;
	return true;
}

/* A window of 2 MiB is one entry of a page directory, and one table of the image. */
static bool refer_to_image(struct build *build)
{
	const struct scenario *scenario = &build->plan->scenario;
	hpa_t base = host_image_base(scenario->hypervisor_base), end = owned_base(scenario);

	for (hpa_t window = base; window < end; window += PAGE_SIZE_2M) {
		uint64_t *entry = entry_of(build, window, 2);

		if (!entry || *entry)
			return output_fail("cannot map the hypervisor at 0x%" PRIx64, window);
		*entry = HOST_REFERENCE(HOST_REFERENCE_IMAGE, (window - base) / PAGE_SIZE_2M);
	}
	return true;
}

/* `vm` NULL: for cores that have none. */
static bool build_vm(struct plan *plan, struct host_tree *tree, const struct vm_config *vm,
		     unsigned top)
{
	struct build build = {.plan = plan, .tree = tree, .top = top};
	struct ranges ranges = {.plan = plan};

	add_table(&build, HOST_LEVEL_ROOT, 0);
	for (unsigned i = 0; vm && i < ROW_COUNT; i++)
		rows[i].add(&ranges, vm);
	return refer_to_image(&build) && map_all(&build, &ranges);
}

static bool build_core(struct plan *plan, uint32_t core, unsigned top)
{
	const struct scenario *scenario = &plan->scenario;
	uint32_t vcpu = scenario->cores[core].vcpu;
	uint32_t vm = vcpu == VCPU_NONE ? scenario->vm_count : scenario->vcpus[vcpu].vm;
	struct build build = {
		.plan = plan,
		.tree = &plan->host.cores[core],
		.vm = &plan->host.vms[vm],
		.top = top,
	};
	struct ranges ranges = {.plan = plan};

	clone_table(&build, build.vm->tables[0]);
	add_area(&ranges, core, HOST_AREA_SIZE);
	add_crash_record(&ranges, core);
	add_monitor(&ranges);
	return map_all(&build, &ranges);
}

/* What all cores have in common while they serve the console: nothing of any VM. */
static bool build_console_base(struct plan *plan, struct host_tree *tree, unsigned top)
{
	struct build build = {.plan = plan, .tree = tree, .top = top};
	struct ranges ranges = {.plan = plan};

	add_table(&build, HOST_LEVEL_ROOT, 0);
	add_answers(&ranges);
	return refer_to_image(&build) && map_all(&build, &ranges);
}

static bool build_console(struct plan *plan, uint32_t core, unsigned top)
{
	struct build build = {
		.plan = plan,
		.tree = &plan->host.consoles[core],
		.vm = &plan->host.vms[plan->scenario.vm_count + 1],
		.top = top,
	};
	struct ranges ranges = {.plan = plan};

	clone_table(&build, build.vm->tables[0]);
	add_area(&ranges, core, HOST_AREA_COUNTERS);
	add_crash_records(&ranges, core);
	add_monitor(&ranges);
	return map_all(&build, &ranges);
}

bool host_serves_console(const struct scenario *scenario, uint32_t core)
{
	uint32_t vcpu = scenario->cores[core].vcpu;

	if (!CONFIG_OPERATOR_CONSOLE)
		return false;
	if (scenario->console_core != CORE_NONE)
		return core == scenario->console_core;
	return vcpu != VCPU_NONE && scenario->vcpus[vcpu].index == 0;
}

static bool build_consoles(struct plan *plan, unsigned top)
{
	const struct scenario *scenario = &plan->scenario;
	bool ok = build_console_base(plan, &plan->host.vms[scenario->vm_count + 1], top);

	for (uint32_t i = 0; ok && i < scenario->core_count; i++)
		if (host_serves_console(scenario, i))
			ok = build_console(plan, i, top);
	return ok;
}

bool host_tables_build(struct plan *plan)
{
	const struct scenario *scenario = &plan->scenario;
	uint64_t largest = plan_largest_page(&plan->model->board);
	unsigned top = largest >= PAGE_SIZE_1G ? 3 : largest >= PAGE_SIZE_2M ? 2 : 1;
	bool ok = true;

	plan->host.vms =
		arena_alloc(&plan->arena, (scenario->vm_count + 2) * sizeof(*plan->host.vms));
	plan->host.cores =
		arena_alloc(&plan->arena, scenario->core_count * sizeof(*plan->host.cores));
	plan->host.consoles =
		arena_alloc(&plan->arena, scenario->core_count * sizeof(*plan->host.consoles));
	for (uint32_t i = 0; ok && i <= scenario->vm_count; i++)
		ok = build_vm(plan, &plan->host.vms[i],
			      i < scenario->vm_count ? &scenario->vms[i] : NULL, top);
	for (uint32_t i = 0; ok && i < scenario->core_count; i++)
		ok = build_core(plan, i, top);
	return ok && (!CONFIG_OPERATOR_CONSOLE || build_consoles(plan, top));
}
