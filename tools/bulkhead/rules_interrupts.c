/* SPDX-License-Identifier: Apache-2.0 */
/* BH7xxx: interrupts, by global system interrupt number (GSI). */
#include <stdlib.h>

#include "offer.h"
#include "rules_internal.h"

#define ISA_IRQS      16
#define IOAPIC_PINS   240 /* the most that the version register can say (0xEF + 1) */
#define APIC_ID_LIMIT 256
/* Source of all claims of PCI functions: INTx lines are made to be shared, as far as one VM has them. */
#define PCI_LINE (CLAIM_ALONE - 1)

static const struct board_ioapic *ioapic_of(const struct board *board, uint64_t gsi)
{
	for (unsigned i = 0; i < board->ioapic_count; i++) {
		const struct board_ioapic *ioapic = &board->ioapics[i];
		if (gsi >= ioapic->gsi_base && gsi - ioapic->gsi_base < ioapic->pins)
			return ioapic;
	}
	return NULL;
}

static void add_raw(struct check *check, const struct vm *vm, struct claims *claims)
{
	for (unsigned i = 0; i < vm->interrupt_count; i++) {
		struct span span = {vm->interrupts[i].value, vm->interrupts[i].value};
		claims_add(check->arena, claims,
			   (struct claim){span, vm_index(check, vm), CLAIM_ALONE, "interrupts",
					  vm->interrupts[i].at});
	}
}

static void add_devices(struct check *check, const struct vm *vm, const struct vm **owners,
			struct claims *claims)
{
	for (unsigned i = 0; i < vm->device_count; i++) {
		const struct board_device *device = device_of(check, &vm->devices[i]);
		if (!device || owners[vm->devices[i].target] != vm)
			continue;
		for (unsigned j = 0; j < device->interrupt_count; j++) {
			struct span span = {device->interrupts[j].value,
					    device->interrupts[j].value};
			claims_add(check->arena, claims,
				   (struct claim){span, vm_index(check, vm),
						  device->pci ? PCI_LINE : vm->devices[i].target,
						  device->label, vm->devices[i].at});
		}
	}
}

static void report_no_pin(struct check *check, const char *who, const struct number *interrupt)
{
	const struct board *board = &check->model->board;

	if (ioapic_of(board, interrupt->value))
		return;
	struct finding *finding =
		REPORT(check, interrupt->at, "%s: no IOAPIC of the board has interrupt %" PRIu64,
		       who, interrupt->value);
	for (unsigned i = 0; i < board->ioapic_count; i++)
		if (board->ioapics[i].pins)
			NOTE(check, finding, board->ioapics[i].at, "%s has %" PRIu32 " to %" PRIu64,
			     board->ioapics[i].label, board->ioapics[i].gsi_base,
			     (uint64_t)board->ioapics[i].gsi_base + board->ioapics[i].pins - 1);
	HELP(check, finding, "interrupts are global system interrupts (GSI)%s",
	     offer_interrupt(check));
}

void rule_no_such_pin(struct check *check)
{
	const struct board *board = &check->model->board;

	for (unsigned i = 0; i < board->device_count; i++)
		for (unsigned j = 0; j < board->devices[i].interrupt_count; j++)
			report_no_pin(
				check,
				arena_format(check->arena, "board: %s", board->devices[i].label),
				&board->devices[i].interrupts[j]);
	FOR_EACH_VM(check, vm)
		for (unsigned i = 0; board->given && i < vm->interrupt_count; i++)
			report_no_pin(check, arena_format(check->arena, "VM \"%s\"", vm->name),
				      &vm->interrupts[i]);
}

/* "interrupt 4", "interrupt 4 of com1". */
static const char *interrupt_text(struct check *check, const struct claim *claim)
{
	if (claim->source == CLAIM_ALONE)
		return arena_format(check->arena, "interrupt %" PRIu64, claim->span.first);
	return arena_format(check->arena, "interrupt %" PRIu64 " of %s", claim->span.first,
			    claim->what);
}

static void report_twice(struct check *check, const struct claim *later,
			 const struct claim *earlier)
{
	struct finding *finding =
		REPORT(check, later->at, "VM \"%s\": %s is given twice",
		       vm_name(check, later->owner), interrupt_text(check, later));

	NOTE(check, finding, earlier->at, "given here as %s", interrupt_text(check, earlier));
	HELP(check, finding, "remove one of both");
}

void rule_pin_twice(struct check *check)
{
	const struct vm **owners = device_owners(check);

	FOR_EACH_VM(check, vm) {
		struct claims claims = {NULL, 0};
		add_raw(check, vm, &claims);
		add_devices(check, vm, owners, &claims);
		claims_sweep(check, &claims, false, report_twice);
	}
}

static void report_owners(struct check *check, const struct claim *later,
			  const struct claim *earlier)
{
	const char *other = vm_name(check, earlier->owner);
	struct finding *finding =
		REPORT(check, later->at, "VM \"%s\": %s is already given to VM \"%s\"",
		       vm_name(check, later->owner), interrupt_text(check, later), other);

	NOTE(check, finding, earlier->at, "given to VM \"%s\" here as %s", other,
	     interrupt_text(check, earlier));
	if (later->source == CLAIM_ALONE && earlier->source == CLAIM_ALONE)
		HELP(check, finding,
		     "an interrupt line has one owner: remove it from one of the VMs%s",
		     offer_interrupt(check));
	else
		HELP(check, finding,
		     "an interrupt line has one owner: give both devices to one VM, or leave one "
		     "out%s",
		     offer_device(check,
				  later->source != CLAIM_ALONE ? later->source : earlier->source));
}

void rule_pin_two_owners(struct check *check)
{
	const struct vm **owners = device_owners(check);
	struct claims claims = {NULL, 0};

	FOR_EACH_VM(check, vm) {
		add_raw(check, vm, &claims);
		add_devices(check, vm, owners, &claims);
	}
	claims_sweep(check, &claims, true, report_owners);
}

/* An ISA interrupt that is connected to another pin: nothing ever arrives at its own number. */
static const struct board_override *moved_away(const struct board *board, uint64_t gsi)
{
	const struct board_override *found = NULL;

	for (unsigned i = 0; i < board->override_count; i++) {
		const struct board_override *override = &board->overrides[i];
		if (override->gsi == gsi)
			return NULL; /* another one arrives there */
		if (override->irq == gsi)
			found = override;
	}
	return found;
}

static void report_moved(struct check *check, const char *who, const struct number *interrupt)
{
	const struct board_override *override = moved_away(&check->model->board, interrupt->value);

	if (!override)
		return;
	struct finding *finding = REPORT(check, interrupt->at,
					 "%s: nothing is connected to interrupt %" PRIu64
					 ": the board sends IRQ %" PRIu32 " to interrupt %" PRIu32,
					 who, interrupt->value, override->irq, override->gsi);
	NOTE(check, finding, override->at, "the override is here");
	HELP(check, finding,
	     "write %" PRIu32 ": interrupts are global system interrupts, not ISA IRQs",
	     override->gsi);
}

void rule_overridden_irq(struct check *check)
{
	const struct board *board = &check->model->board;

	for (unsigned i = 0; i < board->device_count; i++)
		for (unsigned j = 0; j < board->devices[i].interrupt_count; j++)
			report_moved(
				check,
				arena_format(check->arena, "board: %s", board->devices[i].label),
				&board->devices[i].interrupts[j]);
	FOR_EACH_VM(check, vm)
		for (unsigned i = 0; i < vm->interrupt_count; i++)
			report_moved(check, arena_format(check->arena, "VM \"%s\"", vm->name),
				     &vm->interrupts[i]);
}

static bool raises(const struct board_device *device, uint64_t gsi)
{
	for (unsigned i = 0; i < device->interrupt_count; i++)
		if (device->interrupts[i].value == gsi)
			return true;
	return false;
}

static bool has_device(const struct vm *vm, uint32_t device)
{
	for (unsigned i = 0; i < vm->device_count; i++)
		if (vm->devices[i].target == device)
			return true;
	return false;
}

/* The device that the interrupt belongs to, if the VM has none that it belongs to. */
static const struct board_device *absent_device(const struct board *board, const struct vm *vm,
						uint64_t gsi)
{
	const struct board_device *absent = NULL;

	for (uint32_t i = 0; i < board->device_count; i++) {
		const struct board_device *device = &board->devices[i];
		if (!raises(device, gsi))
			continue;
		if (has_device(vm, i) || vm_has_ports_of(vm, device))
			return NULL;
		absent = device;
	}
	return absent;
}

void rule_interrupt_without_device(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		for (unsigned i = 0; i < vm->interrupt_count; i++) {
			const struct number *interrupt = &vm->interrupts[i];
			const struct board_device *device =
				absent_device(&check->model->board, vm, interrupt->value);
			if (!device)
				continue;
			struct finding *finding =
				REPORT(check, interrupt->at,
				       "VM \"%s\": interrupt %" PRIu64
				       " is that of %s, which the VM does not have",
				       vm->name, interrupt->value, device->label);
			NOTE(check, finding, device->at, "%s is here", device->label);
			HELP(check, finding, "give the VM the device instead: %s = <&%s>;",
			     device->pci ? "pci-devices" : "devices", device->label);
		}
	}
}

static void report_ioapic_overlap(struct check *check, const struct claim *later,
				  const struct claim *earlier)
{
	struct finding *finding = REPORT(
		check, later->at, "board: %s has interrupt %" PRIu64 ", which %s has as well",
		later->what, span_common(later->span, earlier->span).first, earlier->what);

	NOTE(check, finding, earlier->at, "%s is here", earlier->what);
}

static void report_same_id(struct check *check, const struct claim *later,
			   const struct claim *earlier)
{
	struct finding *finding = REPORT(check, later->at, "board: %s has the id of %s, %" PRIu64,
					 later->what, earlier->what, later->span.first);

	NOTE(check, finding, earlier->at, "%s is here", earlier->what);
}

void rule_ioapics(struct check *check)
{
	const struct board *board = &check->model->board;
	struct claims pins = {NULL, 0};
	struct claims ids = {NULL, 0};

	for (unsigned i = 0; i < board->ioapic_count; i++) {
		const struct board_ioapic *ioapic = &board->ioapics[i];
		const struct span id = {ioapic->id.value, ioapic->id.value};
		struct span span;
		if (ioapic->pins == 0 || ioapic->pins > IOAPIC_PINS)
			REPORT(check, ioapic->pins_at,
			       "board: %s has %" PRIu32 " pins; 1 to %d are possible",
			       ioapic->label, ioapic->pins, IOAPIC_PINS);
		if (ioapic->id.value >= APIC_ID_LIMIT)
			REPORT(check, ioapic->id.at,
			       "board: %s has id %" PRIu64 "; 0 to %d are possible", ioapic->label,
			       ioapic->id.value, APIC_ID_LIMIT - 1);
		if (span_make(ioapic->gsi_base, ioapic->pins, &span))
			claims_add(check->arena, &pins,
				   (struct claim){span, i, CLAIM_ALONE, ioapic->label,
						  ioapic->gsi_base_at});
		if (ioapic->id.given)
			claims_add(
				check->arena, &ids,
				(struct claim){id, i, CLAIM_ALONE, ioapic->label, ioapic->id.at});
	}
	claims_sweep(check, &pins, false, report_ioapic_overlap);
	claims_sweep(check, &ids, false, report_same_id);
}

static void report_override_twice(struct check *check, const struct claim *later,
				  const struct claim *earlier)
{
	struct finding *finding =
		REPORT(check, later->at, "board: IRQ %" PRIu64 " has an override already",
		       later->span.first);

	NOTE(check, finding, earlier->at, "it is here");
	HELP(check, finding, "remove one of both");
}

void rule_override(struct check *check)
{
	const struct board *board = &check->model->board;
	struct claims irqs = {NULL, 0};

	for (unsigned i = 0; i < board->override_count; i++) {
		const struct board_override *override = &board->overrides[i];
		const struct span span = {override->irq, override->irq};
		if (override->irq >= ISA_IRQS)
			REPORT(check, override->irq_at,
			       "board: IRQ %" PRIu32 " is not one of 0 to %d", override->irq,
			       ISA_IRQS - 1);
		if (!ioapic_of(board, override->gsi))
			REPORT(check, override->gsi_at,
			       "board: IRQ %" PRIu32 " goes to interrupt %" PRIu32
			       ", which no IOAPIC has",
			       override->irq, override->gsi);
		claims_add(check->arena, &irqs,
			   (struct claim){span, i, CLAIM_ALONE, "", override->irq_at});
	}
	claims_sweep(check, &irqs, false, report_override_twice);
}
