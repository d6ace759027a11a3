/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BHB25x: what every core of the hypervisor has mapped, against what it may have. That follows from the
 * image's symbols and the declared lists alone: text, constants, what is shared, the core's own area, and of
 * its VM the run-time state, the RAM and the IOAPICs that it has pins of.
 */
#include "bulkhead/crash_record.h"
#include "bulkhead/host.h"
#include "verify_internal.h"

/* --- What a core may have mapped --------------------------------------------------------------- */

struct items {
	struct verify *verify;
	struct verify_item *all;
	unsigned count;
};

#define R  ((uint64_t)MEMORY_READ)
#define RW ((uint64_t)MEMORY_READ | MEMORY_WRITE)
#define RX ((uint64_t)MEMORY_READ | MEMORY_EXECUTE)

static void add(struct items *items, uint64_t start, uint64_t end, uint64_t properties)
{
	if (start < end)
		*ARENA_PUSH(items->verify->arena, items->all, items->count) =
			(struct verify_item){.start = start, .end = end, .properties = properties};
}

static void add_monitor(struct items *items)
{
	const struct verify_symbol *symbols = items->verify->image.symbols;

	add(items, symbols[SYMBOL_MONITOR_START].value, symbols[SYMBOL_MONITOR_END].value, RW);
}

static uint64_t symbol(const struct verify *verify, enum verify_symbol_id id)
{
	return verify->image.symbols[id].value;
}

static void add_image(struct items *items)
{
	const struct verify *verify = items->verify;

	add(items, symbol(verify, SYMBOL_IMAGE_START), symbol(verify, SYMBOL_TEXT_END), RX);
	add(items, symbol(verify, SYMBOL_TEXT_END), symbol(verify, SYMBOL_CONSTANTS_END), R);
	add(items, symbol(verify, SYMBOL_SEALED_START), symbol(verify, SYMBOL_SEALED_END), R);
	add(items, symbol(verify, SYMBOL_SHARED_START), symbol(verify, SYMBOL_SHARED_END), RW);
}

/* The pieces of a core's area between its guards up to the offset `end`, or the guards themselves. */
static void add_area(struct items *items, uint32_t core, bool guards, uint64_t end,
		     uint64_t properties)
{
	const uint64_t stride = HOST_GUARD_SIZE + HOST_INTERRUPT_STACK_SIZE;
	uint64_t area = symbol(items->verify, SYMBOL_CPU_AREAS) + (uint64_t)core * HOST_AREA_SIZE;
	uint64_t next = area;

	for (unsigned i = 0; i <= HOST_INTERRUPT_STACKS; i++) {
		uint64_t guard =
			i == 0 ? area : area + HOST_AREA_INTERRUPT_STACKS + (i - 1) * stride;

		if (guards)
			add(items, guard, guard + HOST_GUARD_SIZE, properties);
		else
			add(items, next, guard, properties);
		next = guard + HOST_GUARD_SIZE;
	}
	if (!guards)
		add(items, next, area + end, properties);
}

static void add_crash_record(struct items *items, uint32_t core, uint64_t properties)
{
	const struct scenario *scenario = &items->verify->scenario;
	uint64_t offset = (uint64_t)core * CRASH_RECORD_SIZE;

	/* Beyond the range: another rule's finding. */
	if (scenario->crash_record_size >= CRASH_RECORD_SIZE &&
	    offset <= scenario->crash_record_size - CRASH_RECORD_SIZE)
		add(items, scenario->crash_record_base + offset,
		    scenario->crash_record_base + offset + CRASH_RECORD_SIZE, properties);
}

static void add_state(struct items *items, const struct verify_vm *vm, uint64_t properties)
{
	const struct verify *verify = items->verify;
	uint64_t index = (uint64_t)(vm - verify->vms);
	uint64_t first = ((uint64_t)vm->config.vcpus - (uint64_t)verify->scenario.vcpus) /
			 sizeof(struct vcpu_config);
	uint64_t state = symbol(verify, SYMBOL_VMS) + index * HOST_VM_SIZE;

	add(items, state, state + HOST_VM_SIZE, properties);
	state = symbol(verify, SYMBOL_VCPUS) + first * HOST_VCPU_SIZE;
	/* Beyond the array if the pointer is wrong, which other rules say. */
	if (first < CONFIG_MAX_VCPUS && vm->config.vcpu_count <= CONFIG_MAX_VCPUS - first)
		add(items, state, state + vm->config.vcpu_count * (uint64_t)HOST_VCPU_SIZE,
		    properties);
}

static bool has_pin_of(const struct verify_vm *vm, uint32_t ioapic)
{
	for (uint32_t i = 0; i < vm->config.pin_count; i++)
		if (vm->pins[i].ioapic == ioapic)
			return true;
	return false;
}

static void add_vm(struct items *items, const struct verify_vm *vm)
{
	const struct verify *verify = items->verify;

	add_state(items, vm, RW);
	for (uint32_t i = 0; i < vm->config.memory_count; i++) {
		const struct memory_region *region = &vm->memory[i];
		bool writable = region->kind == MEMORY_RAM || region->permissions & MEMORY_WRITE;

		if (region->kind != MEMORY_DEVICE)
			add(items, region->host_physical, region->host_physical + region->size,
			    writable ? RW : R);
	}
	/* any byte may be there in a damaged image, and only 0 and 1 may be read as bool */
	if (*(const uint8_t *)&vm->config.life.restartable)
		add(items, verify->scenario.image_store_base,
		    verify->scenario.image_store_base + verify->scenario.image_store_size, R);
	for (uint32_t i = 0; i < verify->scenario.ioapic_count; i++) {
		uint64_t page = verify->ioapics[i].base & ~PAGE_MASK;

		if (has_pin_of(vm, i))
			add(items, page, page + PAGE_SIZE_4K, RW | HOST_UC);
	}
	for (uint32_t i = 0; i < vm->config.pci_function_count; i++) {
		uint64_t start, end;

		if (verify_msix_pages(&vm->functions[i], &start, &end))
			add(items, start, end, RW | HOST_UC);
	}
}

/* Sorted, disjoint: overlaps are other rules' findings, the lower one wins here. */
static void finish(struct items *items)
{
	unsigned last = 0;

	verify_sort(items->all, items->count);
	for (unsigned i = 1; i < items->count; i++) {
		struct verify_item item = items->all[i];

		if (item.start < items->all[last].end)
			item.start = items->all[last].end;
		if (item.start < item.end)
			items->all[++last] = item;
	}
	items->count = items->count ? last + 1 : 0;
}

static struct verify_vm *vm_of_core(struct verify *verify, uint32_t core)
{
	uint32_t vcpu = verify->cores[core].vcpu;

	if (vcpu >= verify->scenario.vcpu_count ||
	    verify->vcpus[vcpu].vm >= verify->scenario.vm_count)
		return NULL;
	return &verify->vms[verify->vcpus[vcpu].vm];
}

/* While it serves the operator's console: no VM, but the counters, answers and crash records of all cores. */
static struct items expected_of_console(struct verify *verify, uint32_t core)
{
	struct items items = {.verify = verify};

	add_image(&items);
	add_area(&items, core, false, HOST_AREA_COUNTERS, RW);
	for (uint32_t i = 0; i < verify->scenario.core_count; i++) {
		uint64_t area = symbol(verify, SYMBOL_CPU_AREAS) + (uint64_t)i * HOST_AREA_SIZE;

		add(&items, area + HOST_AREA_COUNTERS, area + HOST_AREA_SIZE, R);
		add_crash_record(&items, i, i == core ? RW : R);
	}
	add_monitor(&items);
	finish(&items);
	items.count = verify_join(items.all, items.count);
	return items;
}

static struct items expected_of(struct verify *verify, uint32_t core)
{
	const struct verify_vm *vm = vm_of_core(verify, core);
	struct items items = {.verify = verify};

	add_image(&items);
	add_area(&items, core, false, HOST_AREA_SIZE, RW);
	add_crash_record(&items, core, RW);
	add_monitor(&items);
	if (vm)
		add_vm(&items, vm);
	finish(&items);
	items.count = verify_join(items.all, items.count);
	return items;
}

/* --- Whose memory it is that should not be there ------------------------------------------------ */

enum owner_kind { OWNER_GUARD, OWNER_AREA, OWNER_VM };
#define OWNER(kind, index) ((uint64_t)(index) << 8 | (kind))
#define OWNER_KIND(item)   ((enum owner_kind)((item)->properties & 0xFF))
#define OWNER_INDEX(item)  ((uint32_t)((item)->properties >> 8))

/* All that belongs to one core or one VM. */
static struct items owned_items(struct verify *verify)
{
	struct items items = {.verify = verify};

	for (uint32_t i = 0; i < verify->scenario.core_count; i++) {
		add_area(&items, i, true, HOST_AREA_SIZE, OWNER(OWNER_GUARD, i));
		add_area(&items, i, false, HOST_AREA_SIZE, OWNER(OWNER_AREA, i));
		add_crash_record(&items, i, OWNER(OWNER_AREA, i));
	}
	FOR_EACH_VM(verify, vm) {
		uint64_t owner = OWNER(OWNER_VM, vm - verify->vms);

		add_state(&items, vm, owner);
		for (uint32_t i = 0; i < vm->config.memory_count; i++)
			if (vm->memory[i].kind != MEMORY_DEVICE)
				add(&items, vm->memory[i].host_physical,
				    vm->memory[i].host_physical + vm->memory[i].size, owner);
	}
	finish(&items);
	return items;
}

/* The first item that ends behind the address. */
static const struct verify_item *first_behind(const struct items *items, uint64_t address)
{
	unsigned low = 0, high = items->count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (items->all[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return &items->all[low];
}

/* --- Differences ------------------------------------------------------------------------------- */

/* What the comparison of one core needs beside the two lists. */
struct comparison {
	uint32_t core;
	const char *label;
	struct items owned;
};

static const char *range_text(struct verify *verify, uint64_t start, uint64_t end)
{
	return verify_numbers(verify, start, end - 1);
}

static const char *rights_text(const struct verify_item *item)
{
	return verify_permissions((uint32_t)item->properties);
}

static void report_owned(struct verify *verify, const struct comparison *c, uint64_t start,
			 uint64_t end, const struct verify_item *owner)
{
	const char *range = range_text(verify, start, end);
	uint32_t index = OWNER_INDEX(owner);

	switch (OWNER_KIND(owner)) {
	case OWNER_GUARD:
		verify_report(verify, VERIFY_HOST_GUARD,
			      "%s has %s mapped, a guard page below a stack of %s", c->label, range,
			      verify->host_cores[index].label);
		break;
	case OWNER_AREA:
		verify_report(verify, VERIFY_HOST_OTHER_CORE,
			      "%s has %s mapped, which is the area of %s", c->label, range,
			      verify->host_cores[index].label);
		break;
	case OWNER_VM:
		verify_report(verify, VERIFY_HOST_OTHER_VM, "%s has %s mapped, which belongs to %s",
			      c->label, range, verify->vms[index].label);
		break;
	}
}

static void report_unowned(struct verify *verify, const struct comparison *c, uint64_t start,
			   uint64_t end, const struct verify_item *walked)
{
	verify_report(verify, VERIFY_HOST_DIFFERS, "%s has %s mapped (%s), which it does not need",
		      c->label, range_text(verify, start, end), rights_text(walked));
}

/* Piece by piece, by the owner of each. */
static void report_foreign(struct verify *verify, const struct comparison *c, uint64_t start,
			   uint64_t end, const struct verify_item *walked)
{
	const struct verify_item *owner = first_behind(&c->owned, start);
	const struct verify_item *none = c->owned.all + c->owned.count;

	while (start < end) {
		uint64_t next = end;

		if (owner < none && owner->start <= start) {
			next = owner->end < end ? owner->end : end;
			report_owned(verify, c, start, next, owner++);
		} else {
			if (owner < none && owner->start < end)
				next = owner->start;
			report_unowned(verify, c, start, next, walked);
		}
		start = next;
	}
}

static void report_difference(struct verify *verify, struct verify_vm *vm, uint64_t start,
			      uint64_t end, const struct verify_item *expected,
			      const struct verify_item *walked)
{
	const struct comparison *c = verify->host_comparison;
	const char *range = range_text(verify, start, end);

	(void)vm;
	if (!walked)
		verify_report(verify, VERIFY_HOST_DIFFERS, "%s needs %s (%s), which is not mapped",
			      c->label, range, rights_text(expected));
	else if (walked->shift)
		verify_report(verify, VERIFY_HOST_DIFFERS,
			      "%s has %s mapped to 0x%" PRIx64 " instead of itself", c->label,
			      range, start + walked->shift);
	else if (walked->properties & MEMORY_EXECUTE &&
		 (walked->properties & MEMORY_WRITE || !expected ||
		  !(expected->properties & MEMORY_EXECUTE)))
		verify_report(verify, VERIFY_HOST_EXECUTABLE,
			      "%s has %s mapped %s: only text is executable, and never writable",
			      c->label, range, rights_text(walked));
	else if (!expected)
		report_foreign(verify, c, start, end, walked);
	else if (walked->properties & MEMORY_WRITE && !(expected->properties & MEMORY_WRITE))
		verify_report(verify, VERIFY_HOST_WRITABLE,
			      "%s has %s mapped %s, which must not be written", c->label, range,
			      rights_text(walked));
	else
		verify_report(verify, VERIFY_HOST_DIFFERS, "%s has %s mapped %s%s, it needs %s%s",
			      c->label, range, rights_text(walked),
			      walked->properties & HOST_UC ? ", uncached" : "",
			      rights_text(expected),
			      expected->properties & HOST_UC ? ", uncached" : "");
}

static bool symbols_are_known(const struct verify *verify)
{
	static const enum verify_symbol_id needed[] = {
		SYMBOL_IMAGE_START,   SYMBOL_TEXT_END,      SYMBOL_SEALED_START,
		SYMBOL_SEALED_END,    SYMBOL_SHARED_START,  SYMBOL_SHARED_END,
		SYMBOL_CPU_AREAS,     SYMBOL_VMS,           SYMBOL_VCPUS,
		SYMBOL_CONSTANTS_END, SYMBOL_MONITOR_START, SYMBOL_MONITOR_END};

	for (unsigned i = 0; i < ELEMENTS(needed); i++)
		if (verify->image.symbols[needed[i]].count != 1)
			return false;
	return true;
}

/* Bounds that no other rule looks at: what is sealed and what is shared are parts of the data. */
static void check_bounds(struct verify *verify)
{
	uint64_t constants = symbol(verify, SYMBOL_CONSTANTS_END);
	uint64_t sealed = symbol(verify, SYMBOL_SEALED_START);
	uint64_t sealed_end = symbol(verify, SYMBOL_SEALED_END);
	uint64_t start = symbol(verify, SYMBOL_SHARED_START),
		 end = symbol(verify, SYMBOL_SHARED_END);
	uint64_t image_end = symbol(verify, SYMBOL_IMAGE_END);

	if (sealed < constants || sealed_end < sealed || start < sealed_end || end < start ||
	    image_end < end || (sealed | sealed_end | start | end) & PAGE_MASK)
		verify_report(verify, VERIFY_HOST_DIFFERS,
			      "sealed data 0x%" PRIx64 "-0x%" PRIx64 " and shared data 0x%" PRIx64
			      "-0x%" PRIx64 " are not whole pages between 0x%" PRIx64
			      " and 0x%" PRIx64,
			      sealed, sealed_end, start, end, constants, image_end);
}

static void compare_core(struct verify *verify, struct comparison *comparison,
			 const struct verify_core *core, const struct items *expected)
{
	comparison->label = core->label;
	verify->host_comparison = comparison;
	verify_compare(verify, NULL, expected->all, expected->count, core->items, core->item_count,
		       report_difference);
	verify->host_comparison = NULL;
}

/* The core that is set aside for the console, or the first one of each VM if none is. */
static bool serves_console(const struct verify *verify, uint32_t core)
{
	const struct scenario *scenario = &verify->scenario;
	uint32_t vcpu = verify->cores[core].vcpu;

	if (!CONFIG_OPERATOR_CONSOLE)
		return false;
	if (scenario->console_core != CORE_NONE)
		return core == scenario->console_core;
	return vcpu < scenario->vcpu_count && verify->vcpus[vcpu].index == 0;
}

static void check_console(struct verify *verify)
{
	uint32_t core = verify->scenario.console_core;

	if (core == CORE_NONE)
		return;
	if (core >= verify->scenario.core_count)
		verify_report(verify, VERIFY_HOST_DIFFERS,
			      "the console's core is number %" PRIu32
			      ", which the board does not have",
			      core);
	else if (verify->cores[core].vcpu != VCPU_NONE)
		verify_report(verify, VERIFY_HOST_DIFFERS, "the console's core, %s, has a vCPU",
			      verify->host_cores[core].label);
}

static void compare_console(struct verify *verify, struct comparison *comparison, uint32_t core)
{
	bool serves = serves_console(verify, core);
	struct items expected;

	if (serves != (verify->cores[core].console_root != NULL)) {
		verify_report(verify, VERIFY_HOST_DIFFERS, "%s %s page tables for the console",
			      verify->host_cores[core].label,
			      serves ? "lacks" : "is not to serve, but has,");
		return;
	}
	if (!serves)
		return;
	expected = expected_of_console(verify, core);
	compare_core(verify, comparison, &verify->host_cores[verify->scenario.core_count + core],
		     &expected);
}

void verify_host(struct verify *verify)
{
	struct comparison comparison;

	if (!symbols_are_known(verify)) {
		verify_report(verify, VERIFY_HOST_DIFFERS,
			      "the symbols that say what cores have mapped are not all there once");
		return;
	}
	check_bounds(verify);
	comparison.owned = owned_items(verify);
	check_console(verify);
	for (uint32_t i = 0; i < verify->scenario.core_count; i++) {
		struct items expected = expected_of(verify, i);

		comparison.core = i;
		compare_core(verify, &comparison, &verify->host_cores[i], &expected);
		compare_console(verify, &comparison, i);
	}
}
