/* SPDX-License-Identifier: Apache-2.0 */
/* BH6xxx: names of virtual devices. */
#include <string.h>

#include "rules_internal.h"
#include "suggest.h"
#include "virtual.h"

static bool is_virtual_device(const char *name)
{
	return virtual_device_named(name) || !strcmp(name, VIRTUAL_NONE_NAME);
}

void rule_virtual_device_unknown(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		for (unsigned i = 0; i < vm->virtual_device_count; i++) {
			const struct text *name = &vm->virtual_devices[i];
			struct suggestion suggestion = suggestion_start(name->value);
			if (is_virtual_device(name->value))
				continue;
			for (size_t j = 0; j < virtual_device_name_count; j++)
				suggestion_offer(&suggestion, virtual_device_names[j].name);
			struct finding *finding = REPORT(
				check, name->at,
				"VM \"%s\": virtual-devices: there is no virtual device \"%s\"",
				vm->name, name->value);
			if (suggestion.best)
				HELP(check, finding, "did you mean \"%s\"?", suggestion.best);
			else
				HELP(check, finding, "docs/scenario.md lists them");
		}
	}
}

/* Two devices of which one hides the other are contradictory as well as the same one twice. */
static const char *contradiction(const char *earlier, const char *later)
{
	uint32_t both = virtual_device_named(earlier) | virtual_device_named(later);

	if (!strcmp(earlier, later))
		return "is given twice";
	if (!strcmp(earlier, VIRTUAL_NONE_NAME) || !strcmp(later, VIRTUAL_NONE_NAME))
		return "and \"" VIRTUAL_NONE_NAME "\" contradict each other";
	if (both == (VIRTUAL_KEYBOARD | VIRTUAL_KEYBOARD_RESET))
		return "has the same port as the other one";
	return NULL;
}

void rule_virtual_device_contradiction(struct check *check)
{
	FOR_EACH_VM(check, vm)
		for (unsigned i = 1; i < vm->virtual_device_count; i++)
			for (unsigned j = 0; j < i; j++) {
				const struct text *name = &vm->virtual_devices[i];
				const char *problem =
					contradiction(vm->virtual_devices[j].value, name->value);
				if (!problem)
					continue;
				struct finding *finding = REPORT(
					check, name->at, "VM \"%s\": virtual-devices: \"%s\" %s",
					vm->name, name->value, problem);
				NOTE(check, finding, vm->virtual_devices[j].at,
				     "the other one is here");
				HELP(check, finding, "remove one of both");
				break;
			}
}
