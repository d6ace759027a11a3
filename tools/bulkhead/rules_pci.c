/* SPDX-License-Identifier: Apache-2.0 */
/* BH8001 and following: which PCI functions there are, and who may have which. */
#include <stdlib.h>
#include <string.h>

#include "rules_internal.h"

#define BUSES           256
#define CLASS_BRIDGE    0x06
#define CLASS_IOMMU     0x0806
#define ECAM_BUS_SIZE   UINT64_C(0x100000) /* of configuration space per bus */
#define BASE_CLASS(pci) ((pci)->class_code.value >> 16)

static const char *board_text(struct check *check, const struct board_pci *pci)
{
	return arena_format(check->arena, "board: %s", pci->label);
}

const struct board_pci *pci_of(const struct check *check, const struct reference *reference)
{
	const struct board *board = &check->model->board;

	return reference->target < board->pci_count ? &board->pci[reference->target] : NULL;
}

/* Address. */

void rule_pci_address(struct check *check)
{
	FOR_EACH_PCI(check, pci)
	{
		if (!pci->address.value || pci->address_valid)
			continue;
		struct finding *finding =
			REPORT(check, pci->address.at, "%s: \"%s\" is not a PCI address",
			       board_text(check, pci), pci->address.value);
		HELP(check, finding,
		     "write bus, device and function in hexadecimal as lspci does, from 00:00.0 to ff:1f.7");
	}
}

static unsigned address_number(const struct board_pci *pci)
{
	return (unsigned)(pci->bus << 8 | pci->device << 3 | pci->function);
}

static int by_address(const void *left, const void *right)
{
	const struct board_pci *a = *(const struct board_pci *const *)left;
	const struct board_pci *b = *(const struct board_pci *const *)right;

	if (address_number(a) != address_number(b))
		return address_number(a) < address_number(b) ? -1 : 1;
	return place_compare(a->at, b->at);
}

void rule_pci_address_twice(struct check *check)
{
	const struct board_pci **sorted = NULL;
	unsigned count = 0;

	FOR_EACH_PCI(check, pci)
	if (pci->address_valid)
		*ARENA_PUSH(check->arena, sorted, count) = pci;
	if (count)
		qsort(sorted, count, sizeof(*sorted), by_address);
	for (unsigned i = 1; i < count; i++) {
		const struct board_pci *earlier = sorted[i - 1];
		const struct board_pci *later = sorted[i];
		if (address_number(earlier) != address_number(later))
			continue;
		struct finding *finding =
			REPORT(check, later->address.at, "%s: %s has the address %s as well",
			       board_text(check, later), earlier->label, later->address.value);
		NOTE(check, finding, earlier->address.at, "%s has it here", earlier->label);
		HELP(check, finding, "see lspci on the machine");
	}
}

/* Identification. */

static void too_wide(struct check *check, const struct board_pci *pci, const char *name,
		     const struct number *number, unsigned bits)
{
	if (number->value >> bits == 0)
		return;
	struct finding *finding =
		REPORT(check, number->at, "%s: %s 0x%" PRIx64 " has more than %u bits",
		       board_text(check, pci), name, number->value, bits);
	HELP(check, finding, "see lspci -n on the machine");
}

void rule_pci_identification(struct check *check)
{
	FOR_EACH_PCI(check, pci)
	{
		too_wide(check, pci, "vendor-id", &pci->vendor_id, 16);
		too_wide(check, pci, "device-id", &pci->device_id, 16);
		too_wide(check, pci, "class", &pci->class_code, 24);
	}
}

/* What no VM may have. */

static const char *why_not_assignable(const struct board_pci *pci)
{
	if (pci->never_given)
		return "is reserved by the board";
	if (BASE_CLASS(pci) == CLASS_BRIDGE)
		return "is a bridge, which routes the accesses of every VM";
	if (pci->class_code.value >> 8 == CLASS_IOMMU)
		return "is an IOMMU, which guards every VM";
	return NULL;
}

void rule_pci_not_assignable(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		FOR_EACH_VM_PCI(vm, reference)
		{
			const struct board_pci *pci = pci_of(check, reference);
			const char *why = pci ? why_not_assignable(pci) : NULL;
			if (!why)
				continue;
			struct finding *finding =
				REPORT(check, reference->at,
				       "VM \"%s\": PCI function %s cannot be given: it %s",
				       vm->name, reference->label, why);
			NOTE(check, finding, pci->never_given ? pci->at : pci->class_code.at,
			     pci->never_given ? "%s is here" : "the class of %s says so",
			     pci->label);
			HELP(check, finding, "remove it");
		}
	}
}

void rule_pci_firmware_memory(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		FOR_EACH_VM_PCI(vm, reference)
		{
			const struct board_pci *pci = pci_of(check, reference);
			struct span span;
			if (!pci || !pci->reserved_count)
				continue;
			struct finding *finding = REPORT(
				check, reference->at,
				"VM \"%s\": PCI function %s cannot be given: the firmware goes on using it",
				vm->name, reference->label);
			if (range_span(&pci->reserved[0], &span))
				NOTE(check, finding, pci->reserved[0].at,
				     "through %s, outside of the VM's memory",
				     span_text(check->arena, span));
			HELP(check, finding,
			     "switch the firmware's use off (USB keyboard emulation, remote management), "
			     "or leave the function out");
		}
	}
}

/* What must stay together. */

#define NO_GROUP UINT64_MAX

struct pci_use {
	uint64_t group;
	const struct vm *vm;
	const struct reference *reference;
	unsigned order;
};

static int by_group(const void *left, const void *right)
{
	const struct pci_use *a = left;
	const struct pci_use *b = right;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

typedef uint64_t pci_group(const struct check *check, const struct board_pci *pci,
			   const void *context);
typedef void pci_split(struct check *check, const struct pci_use *later,
		       const struct pci_use *earlier, const void *context);

/* Calls split for every function whose group has an earlier one in another VM. */
static void each_split(struct check *check, pci_group *group_of, pci_split *split,
		       const void *context)
{
	struct pci_use *uses = NULL;
	const struct pci_use *first = NULL;
	unsigned count = 0;

	FOR_EACH_VM(check, vm)
		FOR_EACH_VM_PCI(vm, reference)
		{
			const struct board_pci *pci = pci_of(check, reference);
			uint64_t group = pci ? group_of(check, pci, context) : NO_GROUP;
			unsigned order = count;
			if (group != NO_GROUP)
				*ARENA_PUSH(check->arena, uses, count) =
					(struct pci_use){group, vm, reference, order};
		}
	if (count)
		qsort(uses, count, sizeof(*uses), by_group);
	for (unsigned i = 0; i < count; i++) {
		if (!first || first->group != uses[i].group)
			first = &uses[i];
		/* One function in two VMs has a rule of its own. */
		if (uses[i].vm != first->vm &&
		    uses[i].reference->target != first->reference->target)
			split(check, &uses[i], first, context);
	}
}

static struct finding *report_split(struct check *check, const struct pci_use *later,
				    const struct pci_use *earlier, const char *what)
{
	struct finding *finding =
		REPORT(check, later->reference->at, "VM \"%s\": PCI function %s %s %s of VM \"%s\"",
		       later->vm->name, later->reference->label, what, earlier->reference->label,
		       earlier->vm->name);

	NOTE(check, finding, earlier->reference->at, "%s is given to VM \"%s\" here",
	     earlier->reference->label, earlier->vm->name);
	return finding;
}

static uint64_t device_group(const struct check *check, const struct board_pci *pci,
			     const void *context)
{
	(void)check;
	(void)context;
	return pci->address_valid ? address_number(pci) >> 3 : NO_GROUP;
}

static void report_device_split(struct check *check, const struct pci_use *later,
				const struct pci_use *earlier, const void *context)
{
	(void)context;
	struct finding *finding = report_split(check, later, earlier, "is on the same device as");
	HELP(check, finding,
	     "functions of one device can reach each other behind every guard: give them to one VM");
}

void rule_pci_device_split(struct check *check)
{
	each_split(check, device_group, report_device_split, NULL);
}

static uint64_t isolation_group(const struct check *check, const struct board_pci *pci,
				const void *context)
{
	(void)check;
	(void)context;
	return pci->isolation_group.given ? pci->isolation_group.value : NO_GROUP;
}

static void report_group_split(struct check *check, const struct pci_use *later,
			       const struct pci_use *earlier, const void *context)
{
	const struct board_pci *pci = pci_of(check, later->reference);
	struct finding *finding =
		report_split(check, later, earlier, "is in the isolation group of");

	(void)context;
	NOTE(check, finding, pci->isolation_group.at, "%s is in group %" PRIu64, pci->label,
	     pci->isolation_group.value);
	HELP(check, finding, "the IOMMU cannot tell them apart: give the group to one VM");
}

void rule_pci_group_split(struct check *check)
{
	each_split(check, isolation_group, report_group_split, NULL);
}

static bool is_bridge(const struct board_pci *pci)
{
	return BASE_CLASS(pci) == CLASS_BRIDGE && pci->secondary_bus.given;
}

static uint64_t last_bus(const struct board_pci *bridge)
{
	uint64_t last = bridge->subordinate_bus.given ? bridge->subordinate_bus.value
						      : bridge->secondary_bus.value;

	return last < BUSES ? last : BUSES - 1;
}

/* The bridge nearest to the processor, of those wanted, behind which each bus is; NULL: none. */
static const struct board_pci **bridges_of_buses(struct check *check, bool isolating)
{
	const struct board_pci **found =
		arena_alloc(check->arena, BUSES * sizeof(const struct board_pci *));

	FOR_EACH_PCI(check, pci)
	{
		if (!is_bridge(pci) || (pci->isolating && !isolating))
			continue;
		for (uint64_t bus = pci->secondary_bus.value; bus <= last_bus(pci); bus++)
			if (!found[bus] ||
			    last_bus(pci) - pci->secondary_bus.value >
				    last_bus(found[bus]) - found[bus]->secondary_bus.value)
				found[bus] = pci;
	}
	return found;
}

static uint64_t bridge_group(const struct check *check, const struct board_pci *pci,
			     const void *context)
{
	const struct board_pci *const *bridges = context;

	if (!pci->address_valid || !bridges[pci->bus])
		return NO_GROUP;
	return (uint64_t)(bridges[pci->bus] - check->model->board.pci);
}

static void report_bridge_split(struct check *check, const struct pci_use *later,
				const struct pci_use *earlier, const void *context)
{
	const struct board_pci *const *bridges = context;
	const struct board_pci *bridge = bridges[pci_of(check, later->reference)->bus];
	struct finding *finding;

	/* Said already. */
	if (device_group(check, pci_of(check, later->reference), NULL) ==
	    device_group(check, pci_of(check, earlier->reference), NULL))
		return;
	finding = report_split(check, later, earlier, "is behind the same bridge as");
	NOTE(check, finding, bridge->at, "%s does not keep what is behind it apart", bridge->label);
	HELP(check, finding,
	     "give them to one VM; or, if the bridge has access control (ACS), say isolating; at %s",
	     bridge->label);
}

void rule_pci_bridge_split(struct check *check)
{
	each_split(check, bridge_group, report_bridge_split, bridges_of_buses(check, false));
}

/* Bridges, and memory-mapped configuration space. */

static void check_bridge(struct check *check, const struct board_pci *pci)
{
	uint64_t secondary = pci->secondary_bus.value;

	if (BASE_CLASS(pci) != CLASS_BRIDGE && pci->class_code.given) {
		struct finding *finding = REPORT(check, pci->secondary_bus.at,
						 "%s: it is no bridge, but has a bus behind it",
						 board_text(check, pci));
		NOTE(check, finding, pci->class_code.at, "its class is 0x%06" PRIx64,
		     pci->class_code.value);
		return;
	}
	if (pci->address_valid && secondary <= pci->bus)
		REPORT(check, pci->secondary_bus.at,
		       "%s: the bus behind it, %" PRIu64
		       ", must have a higher number than the one that it is on, %u",
		       board_text(check, pci), secondary, pci->bus);
	else if (secondary >= BUSES ||
		 (pci->subordinate_bus.given &&
		  (pci->subordinate_bus.value < secondary || pci->subordinate_bus.value >= BUSES)))
		REPORT(check, pci->secondary_bus.at,
		       "%s: buses %" PRIu64 " to %" PRIu64 " cannot be behind it",
		       board_text(check, pci), secondary,
		       pci->subordinate_bus.given ? pci->subordinate_bus.value : secondary);
}

void rule_pci_bridges(struct check *check)
{
	const struct board_pci **bridges = bridges_of_buses(check, true);
	const struct board_pci **secondary =
		arena_alloc(check->arena, BUSES * sizeof(const struct board_pci *));

	FOR_EACH_PCI(check, pci)
	{
		if (pci->secondary_bus.given)
			check_bridge(check, pci);
		if (pci->address_valid && pci->bus && !bridges[pci->bus]) {
			struct finding *finding =
				REPORT(check, pci->address.at, "%s: no bridge leads to bus 0x%02x",
				       board_text(check, pci), pci->bus);
			HELP(check, finding,
			     "list the bridge as well, with secondary-bus = <0x%02x>;", pci->bus);
		}
		if (!is_bridge(pci) || pci->secondary_bus.value >= BUSES)
			continue;
		const struct board_pci **first = &secondary[pci->secondary_bus.value];
		if (*first) {
			struct finding *finding = REPORT(check, pci->secondary_bus.at,
							 "%s: bus %" PRIu64 " is behind %s already",
							 board_text(check, pci),
							 pci->secondary_bus.value, (*first)->label);
			NOTE(check, finding, (*first)->secondary_bus.at, "%s is here",
			     (*first)->label);
		} else {
			*first = pci;
		}
	}
}

void rule_pci_ecam(struct check *check)
{
	const struct range *ecam = &check->model->board.ecam;
	uint64_t buses = ecam->size.value / ECAM_BUS_SIZE;

	if (!ecam->size.given)
		return;
	if (ecam->base.value % ECAM_BUS_SIZE || ecam->size.value % ECAM_BUS_SIZE || buses == 0 ||
	    buses > BUSES) {
		struct finding *finding =
			REPORT(check, ecam->at,
			       "board: PCI configuration space at 0x%" PRIx64 " of 0x%" PRIx64
			       " bytes is not 1 MiB for each of 1 to %d buses",
			       ecam->base.value, ecam->size.value, BUSES);
		HELP(check, finding, "see \"ECAM\" or \"MMCONFIG\" in the machine's dmesg");
		return;
	}
	FOR_EACH_PCI(check, pci)
	{
		if (!pci->address_valid || pci->bus < buses)
			continue;
		struct finding *finding = REPORT(
			check, pci->address.at,
			"%s: bus 0x%02x is beyond the memory-mapped configuration space, which ends "
			"with bus 0x%02" PRIx64,
			board_text(check, pci), pci->bus, buses - 1);
		NOTE(check, finding, ecam->at, "it is given here");
	}
}
