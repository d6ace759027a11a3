/* SPDX-License-Identifier: Apache-2.0 */
/* BHAxxx: what the processors can do, and what of it guests see. */
#include <string.h>

#include "cpu_features.h"
#include "rules_internal.h"
#include "suggest.h"

static const char *feature_list(struct check *check)
{
	const char *list = "";

	for (size_t i = 0; i < cpu_feature_count; i++)
		list = arena_format(check->arena, "%s%s%s", list, i ? ", " : "",
				    cpu_features[i].name);
	return list;
}

void rule_feature_unknown(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		for (unsigned i = 0; i < vm->cpuid_hide_count; i++) {
			const struct text *name = &vm->cpuid_hide[i];
			struct suggestion suggestion = suggestion_start(name->value);
			if (cpu_feature_find(name->value))
				continue;
			for (size_t j = 0; j < cpu_feature_count; j++)
				suggestion_offer(&suggestion, cpu_features[j].name);
			struct finding *finding = REPORT(
				check, name->at,
				"VM \"%s\": cpuid-hide: \"%s\" is no feature that can be hidden",
				vm->name, name->value);
			if (suggestion.best)
				HELP(check, finding, "did you mean \"%s\"?", suggestion.best);
			else
				HELP(check, finding, "these can be: %s", feature_list(check));
		}
	}
}

/* What hypervisor/vmx/controls.c requires, for every VM. */
static const struct {
	const char *name;
	const char *why;
} controls[] = {
	{"ept", "the page tables that keep VMs apart"},
	{"host-64-bit", "the hypervisor runs in 64-bit mode"},
	{"io-bitmaps", "ports are filtered by it"},
	{"load-efer", "guest and hypervisor have modes of their own"},
	{"load-pat", "guest and hypervisor have memory types of their own"},
	{"msr-bitmaps", "MSRs are filtered by it"},
	{"nmi-exiting", "a core is called back by it"},
	{"preemption-timer", "a call that comes too early is taken up by it"},
	{"secondary-controls", "EPT is one of them"},
	{"unrestricted-guest", "VMs start without paging"},
	{"virtual-nmis", "a guest's own NMIs need it"},
	{"vpid", "TLB entries of VMs are told apart by it"},
};

#define CONTROL_COUNT (sizeof(controls) / sizeof(*controls))

static void report_control(struct check *check, const struct text *name)
{
	struct suggestion suggestion = suggestion_start(name->value);
	struct finding *finding;

	for (size_t i = 0; i < CONTROL_COUNT; i++) {
		suggestion_offer(&suggestion, controls[i].name);
		if (strcmp(controls[i].name, name->value))
			continue;
		finding = REPORT(check, name->at,
				 "board: its processors lack \"%s\", which every VM needs: %s",
				 name->value, controls[i].why);
		HELP(check, finding,
		     "Bulkhead does not run there; see that VT-x is not restricted by the firmware");
		return;
	}
	finding = REPORT(check, name->at, "board: \"%s\" is no VMX control that a VM needs",
			 name->value);
	if (suggestion.best)
		HELP(check, finding, "did you mean \"%s\"?", suggestion.best);
	else
		HELP(check, finding, "remove it: only what VMs need is listed");
}

void rule_control_missing(struct check *check)
{
	const struct board *board = &check->model->board;

	for (unsigned i = 0; i < board->missing_control_count; i++)
		report_control(check, &board->missing_controls[i]);
}

void rule_ept_page_sizes(struct check *check)
{
	static const uint64_t sizes[] = {PAGE_SIZE_4K, PAGE_SIZE_2M, PAGE_SIZE_1G};
	const struct board *board = &check->model->board;
	unsigned seen = 0;
	struct finding *finding;

	for (unsigned i = 0; i < board->ept_page_size_count; i++) {
		const struct number *size = &board->ept_page_sizes[i];
		unsigned kind = 0;
		while (kind < 3 && sizes[kind] != size->value)
			kind++;
		if (kind == 3 || seen >> kind & 1) {
			finding = REPORT(check, size->at, "board: ept-page-sizes: 0x%" PRIx64 " %s",
					 size->value,
					 kind == 3 ? "is no size of a page" : "is given twice");
			HELP(check, finding, "there are 0x1000, 0x200000 and 0x40000000");
			continue;
		}
		seen |= 1u << kind;
	}
	if (!seen || seen & 1)
		return;
	finding = REPORT(check, board->ept_page_sizes[0].at,
			 "board: ept-page-sizes: every processor with EPT has pages of 4 KiB");
	HELP(check, finding, "add 0x1000");
}

static bool hides(const struct vm *vm, const char *feature)
{
	for (unsigned i = 0; i < vm->cpuid_hide_count; i++)
		if (!strcmp(vm->cpuid_hide[i].value, feature))
			return true;
	return false;
}

void rule_tsc_deadline(struct check *check)
{
	const struct board *board = &check->model->board;

	FOR_EACH_VM(check, vm) {
		if (!board->tsc_varies || hides(vm, "tsc_deadline"))
			continue;
		struct finding *finding =
			REPORT(check, vm->at,
			       "VM \"%s\": its timer counts by a TSC that changes speed or stops",
			       vm->name);
		NOTE(check, finding, board->tsc_varies_at, "the board says so here");
		if (vm->cpuid_hide_count)
			HELP(check, finding, "add \"tsc_deadline\" to cpuid-hide of the VM");
		else
			HELP(check, finding, "add cpuid-hide = \"tsc_deadline\";");
	}
}

void rule_feature_twice(struct check *check)
{
	FOR_EACH_VM(check, vm)
		for (unsigned i = 1; i < vm->cpuid_hide_count; i++)
			for (unsigned j = 0; j < i; j++) {
				if (strcmp(vm->cpuid_hide[i].value, vm->cpuid_hide[j].value))
					continue;
				struct finding *finding =
					REPORT(check, vm->cpuid_hide[i].at,
					       "VM \"%s\": cpuid-hide: \"%s\" is given twice",
					       vm->name, vm->cpuid_hide[i].value);
				NOTE(check, finding, vm->cpuid_hide[j].at, "given here first");
				HELP(check, finding, "remove one of both");
				break;
			}
}
