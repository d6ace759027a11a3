/* SPDX-License-Identifier: Apache-2.0 */
/* BH9xxx: windows of monitors. What they have in common with memory, rules_guest.c checks. */
#include "rules_internal.h"

void rule_monitor_twice(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		const struct vm_memory *first = NULL;

		FOR_EACH_MEMORY(vm, memory) {
			if (memory->kind != MEMORY_MONITOR)
				continue;
			if (first) {
				struct finding *finding =
					REPORT(check, memory->at,
					       "VM \"%s\": %s is its second monitor window",
					       vm->name, memory->name);
				NOTE(check, finding, first->at, "the first is here");
				HELP(check, finding, "remove one: both would show the same");
			} else {
				first = memory;
			}
		}
	}
}

void rule_monitor_zero(struct check *check)
{
	FOR_EACH_VM(check, vm)
		FOR_EACH_MEMORY(vm, memory)
			if (memory->kind == MEMORY_MONITOR && memory->guest.given &&
			    memory->guest.value == 0) {
				struct finding *finding = REPORT(
					check, memory->at,
					"VM \"%s\": the monitor's window cannot be at address 0",
					vm->name);
				HELP(check, finding,
				     "write monitor@d0000000, or another address above the memory");
			}
}
