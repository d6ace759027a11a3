/* SPDX-License-Identifier: Apache-2.0 */
/* Cores and devices that the tool was to choose and could not. */
#include <string.h>

#include "limits.h"
#include "rules_internal.h"
#include "suggest.h"

/* Who has the cores, one note for each VM. */
static void note_cores(struct check *check, struct finding *finding, const struct vm *self)
{
	FOR_EACH_VM(check, vm) {
		const char *list = "";
		for (unsigned i = 0; i < vm->cpu_count; i++)
			list = arena_format(check->arena, "%s%s%s", list, *list ? ", " : "",
					    vm->cpus[i].label);
		if (vm != self && vm->cpu_count)
			NOTE(check, finding, vm->cpus[0].at, "VM \"%s\" has %s", vm->name, list);
	}
}

void rule_no_free_core(struct check *check)
{
	const struct board *board = &check->model->board;

	FOR_EACH_VM(check, vm) {
		if (!vm->cpu_wanted.given || vm->cpu_wanted.value <= vm->cpu_count ||
		    !board->cpu_count)
			continue;
		const char *found = vm->cpu_count
					    ? arena_format(check->arena, "only %u", vm->cpu_count)
					    : "none";
		struct finding *finding =
			REPORT(check, vm->cpu_wanted.at,
			       "VM \"%s\": it wants %" PRIu64
			       " core%s, and %s of the board's %u can be its own",
			       vm->name, vm->cpu_wanted.value, vm->cpu_wanted.value == 1 ? "" : "s",
			       found, board->cpu_count);
		note_cores(check, finding, vm);
		if (vm->cpu_count)
			HELP(check, finding,
			     "write cpu-count = <%u>; or take cores from another VM (threads of one core "
			     "stay together)",
			     vm->cpu_count);
		else
			HELP(check, finding,
			     "take a core from another VM (threads of one core stay together)");
	}
}

void rule_cpu_count(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		const struct number *wanted = &vm->cpu_wanted;
		struct finding *finding;
		if (!wanted->given || (wanted->value && wanted->value >= vm->cpu_listed))
			continue;
		if (!wanted->value) {
			finding =
				REPORT(check, wanted->at,
				       "VM \"%s\": cpu-count is 0, but a VM has at least one core",
				       vm->name);
			HELP(check, finding, "write cpu-count = <%u>;",
			     vm->cpu_listed ? vm->cpu_listed : 1);
			continue;
		}
		finding = REPORT(check, wanted->at,
				 "VM \"%s\": cpu-count is %" PRIu64 ", but cpus names %u cores",
				 vm->name, wanted->value, vm->cpu_listed);
		NOTE(check, finding, vm->cpus_at, "they are named here");
		HELP(check, finding,
		     "it counts all cores of the VM: write cpu-count = <%u>, or leave it out",
		     vm->cpu_listed);
	}
}

static const struct reference *reference_to(const struct vm *vm, uint32_t device)
{
	for (unsigned i = 0; i < vm->device_count; i++)
		if (vm->devices[i].target == device)
			return &vm->devices[i];
	return NULL;
}

/* Why the VM does not get this device. */
static void note_device(struct check *check, struct finding *finding, uint32_t index)
{
	const struct board_device *device = &check->model->board.devices[index];

	FOR_EACH_VM(check, vm) {
		const struct reference *reference = reference_to(vm, index);
		if (!reference)
			continue;
		NOTE(check, finding, reference->at, "VM \"%s\" has %s", vm->name, device->label);
		return;
	}
	NOTE(check, finding, device->at,
	     "%s meets ports, interrupts or registers that a VM, the board or the hypervisor's console (0x%x) has",
	     device->label, CONSOLE_PORT);
}

static void report_device(struct check *check, const struct vm *vm, const struct text *compatible)
{
	const struct board *board = &check->model->board;
	struct suggestion suggestion = suggestion_start(compatible->value);
	struct finding *finding =
		REPORT(check, compatible->at, "VM \"%s\": no device \"%s\" of the board is free",
		       vm->name, compatible->value);
	unsigned known = 0;

	for (uint32_t i = 0; i < board->device_count; i++) {
		for (unsigned j = 0; j < board->devices[i].compatible_count; j++)
			suggestion_offer(&suggestion, board->devices[i].compatibles[j].value);
		if (!device_compatible(&board->devices[i], compatible->value))
			continue;
		note_device(check, finding, i);
		known++;
	}
	if (known)
		HELP(check, finding, "remove it, or take one from another VM");
	else if (suggestion.best)
		HELP(check, finding, "the board has none of that kind; did you mean \"%s\"?",
		     suggestion.best);
	else
		HELP(check, finding,
		     "the board has none of that kind: it takes what stands in compatible there");
}

void rule_no_free_device(struct check *check)
{
	FOR_EACH_VM(check, vm)
		for (unsigned i = 0; check->model->board.given && i < vm->any_device_count; i++)
			if (vm->any_devices[i].target == UINT32_MAX)
				report_device(check, vm, &vm->any_devices[i].compatible);
}
