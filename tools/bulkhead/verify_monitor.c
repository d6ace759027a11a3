/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BHB213: the window through which a VM reads the hypervisor's counters and log. That its EPT maps exactly the
 * window, read-only, and nothing else of the hypervisor is what BHB203 and BHB207 prove with verify_window();
 * here, that what lies there is the monitor's and nothing else.
 */
#include "bulkhead/host.h"
#include "verify_internal.h"

/* More cores than any board has; the tables are another rule's. */
#define CORES_MAX 4096

const struct verify_item *verify_window(struct verify *verify, const struct verify_vm *vm,
					unsigned *count)
{
	const struct scenario *scenario = &verify->scenario;
	gpa_t window = vm->config.monitor;
	struct monitor_piece *pieces;
	struct verify_item *items;

	*count = 0;
	if (window == 0 || window & PAGE_MASK || window + monitor_window_size(scenario) < window ||
	    scenario->core_count > CORES_MAX)
		return NULL;
	pieces = arena_alloc(verify->arena, MONITOR_PIECES(scenario->core_count) * sizeof(*pieces));
	*count = monitor_pieces(scenario, pieces);
	items = arena_alloc(verify->arena, *count * sizeof(*items));
	for (unsigned i = 0; i < *count; i++) {
		uint64_t start = window + pieces[i].offset;

		items[i] = (struct verify_item){
			.start = start,
			.end = start + pieces[i].size,
			.shift = pieces[i].host - start,
			.properties = MEMORY_READ,
		};
	}
	return items;
}

/* Header and rings fill the pages from monitor_start to monitor_end, so nothing else is there. */
static void check_objects(struct verify *verify)
{
	const struct verify_symbol *symbols = verify->image.symbols;
	const struct {
		enum verify_symbol_id id;
		uint64_t offset, size;
	} objects[] = {
		{SYMBOL_MONITOR_HEADER, 0, sizeof(struct monitor_header)},
		{SYMBOL_LOG_RINGS, sizeof(struct monitor_header),
		 CONFIG_MAX_CORES * sizeof(struct log_ring)},
	};
	uint64_t start = symbols[SYMBOL_MONITOR_START].value;

	for (unsigned i = 0; i < ELEMENTS(objects); i++) {
		const struct verify_symbol *symbol = &symbols[objects[i].id];

		verify->statistics.pairs++;
		if (symbol->count != 1 || symbol->value != start + objects[i].offset ||
		    symbol->size != objects[i].size)
			verify_report(verify, VERIFY_MONITOR,
				      "%s is not the %" PRIu64 " bytes at 0x%" PRIx64
				      " that monitors are given",
				      verify_symbol_name(objects[i].id), objects[i].size,
				      start + objects[i].offset);
	}
}

static const char *window_problem(const struct verify *verify, const struct verify_vm *vm)
{
	const struct scenario *scenario = &verify->scenario;
	uint32_t bits = scenario->physical_address_bits < GUEST_BITS
				? scenario->physical_address_bits
				: GUEST_BITS;
	gpa_t start = vm->config.monitor, end = start + monitor_window_size(scenario);

	if (start & PAGE_MASK)
		return "is not at the start of a page";
	if (end < start || (end - 1) >> bits || scenario->core_count > CORES_MAX)
		return "goes beyond the guest's address width";
	for (uint32_t i = 0; i < vm->config.memory_count; i++)
		if (vm->memory[i].guest_physical < end &&
		    start < vm->memory[i].guest_physical + vm->memory[i].size)
			return "overlaps the VM's memory";
	for (uint32_t i = 0; i < vm->config.e820_count; i++)
		if (vm->e820[i].base < end && start < vm->e820[i].base + vm->e820[i].size)
			return "is in the memory map that the VM is given";
	return NULL;
}

void verify_monitor(struct verify *verify)
{
	check_objects(verify);
	FOR_EACH_VM(verify, vm) {
		const char *problem = vm->config.monitor ? window_problem(verify, vm) : NULL;

		verify->statistics.pairs++;
		if (problem)
			verify_report(verify, VERIFY_MONITOR,
				      "%s: its monitor's window at guest 0x%" PRIx64 " %s",
				      vm->label, vm->config.monitor, problem);
	}
}
