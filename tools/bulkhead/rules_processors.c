/* SPDX-License-Identifier: Apache-2.0 */
/* BH2xxx: processors. */
#include <stdlib.h>
#include <string.h>

#include "offer.h"
#include "rules_internal.h"

#define FOR_EACH_CPU(vm, reference)                          \
	for (const struct reference *reference = (vm)->cpus; \
	     reference < (vm)->cpus + (vm)->cpu_count; reference++)

void rule_no_core(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		if (!vm->cpus_given || vm->cpu_count || vm->cpu_wanted.given)
			continue;
		struct finding *finding =
			REPORT(check, vm->cpus_at, "VM \"%s\": it has no core", vm->name);
		const char *core = offer_core(check, vm);
		if (core)
			HELP(check, finding, "give it at least one: cpus = <&%s>;", core);
		else
			HELP(check, finding,
			     "give it one of another VM's cores: none of the board is free");
	}
}

void rule_core_disabled(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		FOR_EACH_CPU(vm, reference) {
			const struct board_cpu *cpu = cpu_of(check, reference);
			if (!cpu || cpu->enabled)
				continue;
			struct finding *finding = REPORT(
				check, reference->at, "VM \"%s\": core %s is disabled on the board",
				vm->name, reference->label);
			NOTE(check, finding, cpu->status_at, "the board says so here");
			HELP(check, finding, "give the VM another core%s", offer_cores(check, vm));
		}
	}
}

void rule_core_reserved(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		FOR_EACH_CPU(vm, reference) {
			const struct board_cpu *cpu = cpu_of(check, reference);
			if (!cpu || !cpu->reserved)
				continue;
			struct finding *finding = REPORT(
				check, reference->at, "VM \"%s\": core %s is reserved by the board",
				vm->name, reference->label);
			NOTE(check, finding, cpu->reserved_at, "the board says so here");
			HELP(check, finding, "give the VM another core%s", offer_cores(check, vm));
		}
	}
}

/* Where each core of the board was given first. */
struct core_use {
	const struct vm *vm;
	const struct reference *reference;
};

static void each_core_use(struct check *check, bool one_vm,
			  void (*report)(struct check *check, struct core_use later,
					 struct core_use earlier))
{
	unsigned count = check->model->board.cpu_count;
	struct core_use *first = arena_alloc(check->arena, count * sizeof(*first));

	FOR_EACH_VM(check, vm) {
		FOR_EACH_CPU(vm, reference) {
			struct core_use use = {vm, reference};
			if (reference->target >= count)
				continue;
			struct core_use *seen = &first[reference->target];
			if (seen->vm && (seen->vm == vm) == one_vm)
				report(check, use, *seen);
			if (!seen->vm || (one_vm && seen->vm != vm))
				*seen = use;
		}
	}
}

static void report_core_twice(struct check *check, struct core_use later, struct core_use earlier)
{
	struct finding *finding =
		REPORT(check, later.reference->at, "VM \"%s\": core %s is given twice",
		       later.vm->name, later.reference->label);

	NOTE(check, finding, earlier.reference->at, "given here first");
	HELP(check, finding, "a vCPU is a core: name each once%s", offer_cores(check, later.vm));
}

void rule_core_twice(struct check *check)
{
	each_core_use(check, true, report_core_twice);
}

static void report_core_owners(struct check *check, struct core_use later, struct core_use earlier)
{
	struct finding *finding = REPORT(check, later.reference->at,
					 "VM \"%s\": core %s is already given to VM \"%s\"",
					 later.vm->name, later.reference->label, earlier.vm->name);

	NOTE(check, finding, earlier.reference->at, "given to VM \"%s\" here", earlier.vm->name);
	HELP(check, finding, "a core has one owner: give one of the VMs another core%s",
	     offer_cores(check, later.vm));
}

void rule_core_two_owners(struct check *check)
{
	each_core_use(check, false, report_core_owners);
}

/* Cores of the board in an order that brings those together which a rule compares. */

typedef int (*cpu_order)(const void *left, const void *right);

static int compare_number(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_apic_id(const void *left, const void *right)
{
	const struct board_cpu *a = *(const struct board_cpu *const *)left;
	const struct board_cpu *b = *(const struct board_cpu *const *)right;
	int order = compare_number(a->apic_id.value, b->apic_id.value);

	return order ? order : place_compare(a->at, b->at);
}

static int by_core(const struct board_cpu *a, const struct board_cpu *b)
{
	int order = compare_number(a->package, b->package);

	return order ? order : compare_number(a->core, b->core);
}

static int by_topology(const void *left, const void *right)
{
	const struct board_cpu *a = *(const struct board_cpu *const *)left;
	const struct board_cpu *b = *(const struct board_cpu *const *)right;
	int order = by_core(a, b);

	if (order == 0)
		order = compare_number(a->thread, b->thread);
	return order ? order : place_compare(a->at, b->at);
}

static const struct board_cpu **sorted_cpus(struct check *check, cpu_order order)
{
	const struct board *board = &check->model->board;
	const struct board_cpu **sorted =
		arena_alloc(check->arena, board->cpu_count * sizeof(const struct board_cpu *));

	for (unsigned i = 0; i < board->cpu_count; i++)
		sorted[i] = &board->cpus[i];
	qsort(sorted, board->cpu_count, sizeof(*sorted), order);
	return sorted;
}

void rule_apic_id_twice(struct check *check)
{
	const struct board_cpu **sorted = sorted_cpus(check, by_apic_id);

	for (unsigned i = 1; i < check->model->board.cpu_count; i++) {
		const struct board_cpu *a = sorted[i - 1];
		const struct board_cpu *b = sorted[i];
		if (!a->apic_id.given || !b->apic_id.given || a->apic_id.value != b->apic_id.value)
			continue;
		struct finding *finding =
			REPORT(check, b->apic_id.at, "board: %s has the APIC id of %s, %" PRIu64,
			       b->label, a->label, b->apic_id.value);
		NOTE(check, finding, a->apic_id.at, "%s has it here", a->label);
		HELP(check, finding, "see \"apicid\" in the machine's /proc/cpuinfo");
	}
}

void rule_topology_twice(struct check *check)
{
	const struct board_cpu **sorted = sorted_cpus(check, by_topology);

	for (unsigned i = 1; i < check->model->board.cpu_count; i++) {
		const struct board_cpu *a = sorted[i - 1];
		const struct board_cpu *b = sorted[i];
		if (by_core(a, b) || a->thread != b->thread)
			continue;
		struct finding *finding =
			REPORT(check, b->core_at,
			       "board: %s has package %" PRIu32 ", core %" PRIu32
			       ", thread %" PRIu32 " like %s",
			       b->label, b->package, b->core, b->thread, a->label);
		NOTE(check, finding, a->core_at, "%s is here", a->label);
		HELP(check, finding, "see the columns SOCKET and CORE of lscpu -e on the machine");
	}
}

/* The first VM that each core was given to; NULL for a free one. */
static struct core_use *core_users(struct check *check)
{
	unsigned count = check->model->board.cpu_count;
	struct core_use *users = arena_alloc(check->arena, count * sizeof(*users));

	FOR_EACH_VM(check, vm) {
		FOR_EACH_CPU(vm, reference) {
			if (reference->target < count && !users[reference->target].vm)
				users[reference->target] = (struct core_use){vm, reference};
		}
	}
	return users;
}

/* Both VMs have to accept it: each gives something away. */
static bool split_is_allowed(const struct vm *a, const struct vm *b)
{
	return a->allow_shared_cores && b->allow_shared_cores;
}

static struct finding *report_siblings(struct check *check, struct core_use earlier,
				       struct core_use later)
{
	const struct board_cpu *cpu = cpu_of(check, later.reference);
	struct finding *finding = REPORT(
		check, later.reference->at, "VM \"%s\": %s shares its core with %s of VM \"%s\"",
		later.vm->name, later.reference->label, earlier.reference->label, earlier.vm->name);

	NOTE(check, finding, earlier.reference->at, "%s is given to VM \"%s\" here",
	     earlier.reference->label, earlier.vm->name);
	NOTE(check, finding, cpu->core_at, "both are threads of package %" PRIu32 ", core %" PRIu32,
	     cpu->package, cpu->core);
	return finding;
}

static void refuse_split(struct check *check, struct core_use earlier, struct core_use later)
{
	if (split_is_allowed(earlier.vm, later.vm))
		return;
	struct finding *finding = report_siblings(check, earlier, later);

	if (later.vm->allow_shared_cores != earlier.vm->allow_shared_cores)
		NOTE(check, finding,
		     (later.vm->allow_shared_cores ? later.vm : earlier.vm)->allow_shared_cores_at,
		     "only VM \"%s\" accepts that; both have to",
		     (later.vm->allow_shared_cores ? later.vm : earlier.vm)->name);
	HELP(check, finding,
	     "threads of one core see each other's timing and caches: give both to one VM, or leave "
	     "one unused%s",
	     offer_cores(check, later.vm));
}

static void remember_split(struct check *check, struct core_use earlier, struct core_use later)
{
	if (!split_is_allowed(earlier.vm, later.vm))
		return;
	struct finding *finding = report_siblings(check, earlier, later);

	NOTE(check, finding, later.vm->allow_shared_cores_at,
	     "accepted here: each VM can measure what the other does, and slow it down");
}

typedef void split_report(struct check *check, struct core_use earlier, struct core_use later);

static void compare_siblings(struct check *check, struct core_use a, struct core_use b,
			     split_report *report)
{
	if (!a.vm || !b.vm || a.vm == b.vm)
		return;
	if (place_compare(a.reference->at, b.reference->at) > 0)
		report(check, b, a);
	else
		report(check, a, b);
}

static void for_each_split(struct check *check, split_report *report)
{
	const struct board *board = &check->model->board;
	const struct board_cpu **sorted = sorted_cpus(check, by_topology);
	const struct core_use *users = core_users(check);
	const struct board_cpu *first = NULL; /* of the current core's threads that has a user */

	for (unsigned i = 0; i < board->cpu_count; i++) {
		const struct board_cpu *cpu = sorted[i];
		if (first && by_core(first, cpu))
			first = NULL;
		/* Same thread number as well: that is an error of the board, reported as such. */
		if (first && cpu->thread != first->thread)
			compare_siblings(check, users[first - board->cpus],
					 users[cpu - board->cpus], report);
		if (!first && users[cpu - board->cpus].vm)
			first = cpu;
	}
}

void rule_siblings_split(struct check *check)
{
	for_each_split(check, refuse_split);
}

void rule_siblings_allowed(struct check *check)
{
	for_each_split(check, remember_split);
}

void rule_core_unassigned(struct check *check)
{
	const struct board *board = &check->model->board;
	const struct core_use *users = core_users(check);
	const char *list = "";
	unsigned count = 0;

	for (unsigned i = 0; i < board->cpu_count; i++) {
		if (users[i].vm || !board->cpus[i].enabled || board->cpus[i].reserved)
			continue;
		if (check->model->console.given && check->model->console.core.target == i)
			continue;
		list = arena_format(check->arena, "%s%s%s", list, count ? ", " : "",
				    board->cpus[i].label);
		count++;
	}
	if (count && check->model->vm_count)
		REPORT(check, (struct place){.file = check->model->file},
		       "no VM uses core%s %s of the board", count == 1 ? "" : "s", list);
}

void rule_apic_id_wide(struct check *check)
{
	const uint64_t broadcast = 0xFF; /* of an xAPIC; ids from here on do not exist for it */

	FOR_EACH_VM(check, vm) {
		if (!vm->protocol_given || vm->protocol == BOOT_LINUX)
			continue;
		FOR_EACH_CPU(vm, reference) {
			const struct board_cpu *cpu = cpu_of(check, reference);
			if (!cpu || cpu->apic_id.value < broadcast ||
			    cpu->apic_id.value == UINT32_MAX)
				continue;
			struct finding *finding = REPORT(
				check, reference->at,
				"VM \"%s\": %s has APIC id %" PRIu64
				", which a guest can only address after it has switched to x2APIC mode",
				vm->name, reference->label, cpu->apic_id.value);
			NOTE(check, finding, cpu->apic_id.at, "the id is given here");
		}
	}
}

/* The id by which all cores are addressed at once (SDM 3.10.12.9). */
void rule_apic_id_broadcast(struct check *check)
{
	const struct board *board = &check->model->board;

	for (unsigned i = 0; i < board->cpu_count; i++) {
		const struct board_cpu *cpu = &board->cpus[i];
		if (!cpu->apic_id.given || cpu->apic_id.value != UINT32_MAX)
			continue;
		struct finding *finding = REPORT(
			check, cpu->apic_id.at,
			"board: %s has APIC id 0xffffffff, which addresses all cores at once",
			cpu->label);
		HELP(check, finding, "see \"apicid\" in the machine's /proc/cpuinfo");
	}
}
