/* SPDX-License-Identifier: Apache-2.0 */
/* BH202x: the core of the operator's console. */
#include "rules_internal.h"

/* NULL: the scenario names none, or one that does not exist (reported). */
static const struct board_cpu *console_cpu(const struct check *check)
{
	const struct console *console = &check->model->console;

	return console->given ? cpu_of(check, &console->core) : NULL;
}

void rule_console_core_owned(struct check *check)
{
	const struct reference *core = &check->model->console.core;

	if (!console_cpu(check))
		return;
	FOR_EACH_VM(check, vm) {
		for (unsigned i = 0; i < vm->cpu_count; i++) {
			if (vm->cpus[i].target != core->target)
				continue;
			struct finding *finding =
				REPORT(check, core->at, "console-core: %s is given to VM \"%s\"",
				       core->label, vm->name);
			NOTE(check, finding, vm->cpus[i].at, "given to VM \"%s\" here", vm->name);
			HELP(check, finding,
			     "name a core that no VM has; without console-core the core of a stopped VM "
			     "serves the console");
		}
	}
}

void rule_console_core_disabled(struct check *check)
{
	const struct board_cpu *cpu = console_cpu(check);

	if (!cpu || cpu->enabled)
		return;
	struct finding *finding = REPORT(check, check->model->console.core.at,
					 "console-core: %s is disabled on the board", cpu->label);

	NOTE(check, finding, cpu->status_at, "the board says so here");
	HELP(check, finding, "name another core that no VM has");
}

/* The console sees registers and memory of stopped VMs, and threads of a core see each other's caches. */
void rule_console_core_sibling(struct check *check)
{
	const struct reference *core = &check->model->console.core;
	const struct board_cpu *cpu = console_cpu(check);

	if (!cpu)
		return;
	FOR_EACH_VM(check, vm) {
		for (unsigned i = 0; i < vm->cpu_count; i++) {
			const struct board_cpu *other = cpu_of(check, &vm->cpus[i]);
			if (!other || other == cpu || other->package != cpu->package ||
			    other->core != cpu->core)
				continue;
			struct finding *finding =
				REPORT(check, core->at,
				       "console-core: %s shares its core with %s of VM \"%s\"",
				       core->label, vm->cpus[i].label, vm->name);
			NOTE(check, finding, vm->cpus[i].at, "%s is given to VM \"%s\" here",
			     vm->cpus[i].label, vm->name);
			HELP(check, finding,
			     "name a core whose other threads no VM has, or leave console-core out");
		}
	}
}
