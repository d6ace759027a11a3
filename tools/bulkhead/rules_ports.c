/* SPDX-License-Identifier: Apache-2.0 */
/* BH6xxx: I/O ports. */
#include "bulkhead/platform.h"
#include "limits.h"
#include "offer.h"
#include "rules_internal.h"
#include "virtual.h"

#define PORT_LAST UINT64_C(0xFFFF)

/*
 * Ports that reach beyond the VM that has them. A board file may list a device with some of them, which
 * then is its author's decision; the others are not even given that way.
 */
static const struct {
	struct span span;
	const char *name;
	const char *why;
	bool by_device;
} dangerous[] = {
	{{0x00, 0x0F}, "the ISA DMA controller", "writes to any memory below 16 MiB", false},
	{{0x20, 0x21},
	 "the first interrupt controller (PIC)",
	 "drives interrupts of every VM",
	 false},
	{{0x40, 0x43}, "the timer (PIT)", "interrupts whoever has its line", true},
	{{0x61, 0x61}, "the NMI status and control register", "can hide machine errors", true},
	{{0x64, 0x64}, "the keyboard controller's command port", "resets the machine", true},
	{{0x80, 0x8F}, "the ISA DMA page registers", "direct DMA to any memory", false},
	{{0x92, 0x92},
	 "system control port A",
	 "resets the machine and switches the A20 line",
	 false},
	{{0xA0, 0xA1},
	 "the second interrupt controller (PIC)",
	 "drives interrupts of every VM",
	 false},
	{{0xB2, 0xB3}, "the SMI command port", "runs firmware code that may do anything", false},
	{{0xC0, 0xDF}, "the second ISA DMA controller", "writes to any memory below 16 MiB", false},
	{{0x4D0, 0x4D1},
	 "the edge/level control registers (ELCR)",
	 "concern the interrupts of every VM",
	 false},
	{{0xCF8, 0xCFF},
	 "PCI configuration access",
	 "reaches every device, and at 0xcf9 resets the machine",
	 false},
};

static const struct {
	struct span span;
	const char *name;
} virtual_ports[] = {
	{{PLATFORM_ACPI_SLEEP_CONTROL_PORT, PLATFORM_ACPI_SLEEP_CONTROL_PORT},
	 "the ACPI sleep control register"},
	{{PLATFORM_ACPI_SLEEP_STATUS_PORT, PLATFORM_ACPI_SLEEP_STATUS_PORT},
	 "the ACPI sleep status register"},
	{{PLATFORM_ACPI_RESET_PORT, PLATFORM_ACPI_RESET_PORT}, "the ACPI reset register"},
};

/* Only what the rule on ranges finds good takes part in the others. */
static bool port_span(const struct range *range, struct span *span)
{
	return range_span(range, span) && span->last <= PORT_LAST;
}

static void add_raw(struct check *check, const struct vm *vm, struct claims *claims)
{
	for (unsigned i = 0; i < vm->port_count; i++) {
		struct span span;
		if (port_span(&vm->ports[i], &span))
			claims_add(check->arena, claims,
				   (struct claim){span, vm_index(check, vm), CLAIM_ALONE,
						  "io-ports", vm->ports[i].at});
	}
}

static void add_devices(struct check *check, const struct vm *vm, const struct vm **owners,
			struct claims *claims)
{
	for (unsigned i = 0; i < vm->device_count; i++) {
		const struct board_device *device = device_of(check, &vm->devices[i]);
		if (!device || owners[vm->devices[i].target] != vm)
			continue;
		for (unsigned j = 0; j < device->port_count; j++) {
			struct span span;
			if (port_span(&device->ports[j], &span))
				claims_add(check->arena, claims,
					   (struct claim){span, vm_index(check, vm),
							  vm->devices[i].target, device->label,
							  vm->devices[i].at});
		}
	}
}

static struct claims raw_ports(struct check *check)
{
	struct claims claims = {NULL, 0};

	FOR_EACH_VM(check, vm)
		add_raw(check, vm, &claims);
	return claims;
}

static struct claims all_ports(struct check *check)
{
	struct claims claims = raw_ports(check);
	const struct vm **owners = device_owners(check);

	FOR_EACH_VM(check, vm)
		add_devices(check, vm, owners, &claims);
	return claims;
}

static void check_range(struct check *check, const char *who, const struct range *range)
{
	struct span span;

	if (port_span(range, &span))
		return;
	if (range->size.value == 0) {
		struct finding *none = REPORT(check, range->size.at,
					      "%s: ports from 0x%" PRIx64 ": the count is 0", who,
					      range->base.value);
		HELP(check, none, "one port is <0x%" PRIx64 " 1>; remove it if none is meant",
		     range->base.value);
		return;
	}
	struct finding *finding = REPORT(
		check, range->at, "%s: %" PRIu64 " port%s from 0x%" PRIx64 " go beyond 0xffff", who,
		range->size.value, range->size.value == 1 ? "" : "s", range->base.value);
	HELP(check, finding, "ports are given as first and count, not first and last");
}

void rule_port_range(struct check *check)
{
	const struct board *board = &check->model->board;

	for (unsigned i = 0; i < board->reserved_port_count; i++)
		check_range(check, "board: reserved-io-ports", &board->reserved_ports[i]);
	for (unsigned i = 0; i < board->device_count; i++)
		for (unsigned j = 0; j < board->devices[i].port_count; j++)
			check_range(
				check,
				arena_format(check->arena, "board: %s", board->devices[i].label),
				&board->devices[i].ports[j]);
	FOR_EACH_VM(check, vm)
		for (unsigned i = 0; i < vm->port_count; i++)
			check_range(check, arena_format(check->arena, "VM \"%s\"", vm->name),
				    &vm->ports[i]);
}

/* "ports 0x3f8-0x3ff of com1", "ports 0x3f8-0x3ff" for raw ones. */
static const char *ports_text(struct check *check, struct span span, const struct claim *claim)
{
	const char *ports = span_text(check->arena, span);
	const char *plural = span.first == span.last ? "" : "s";

	if (claim->source == CLAIM_ALONE)
		return arena_format(check->arena, "port%s %s", plural, ports);
	return arena_format(check->arena, "port%s %s of %s", plural, ports, claim->what);
}

/* As many ports as the first one's number and some more: the last one was given instead of a count. */
static const char *perhaps_last(struct check *check, const struct claim *claim)
{
	uint64_t count = claim->span.last - claim->span.first + 1;

	if (claim->source != CLAIM_ALONE || !claim->span.first || count < claim->span.first)
		return "";
	return arena_format(check->arena,
			    "; a count follows the first port: up to 0x%" PRIx64
			    " it is <0x%" PRIx64 " %" PRIu64 ">",
			    count, claim->span.first, count - claim->span.first + 1);
}

static void report_twice(struct check *check, const struct claim *later,
			 const struct claim *earlier)
{
	struct span common = span_common(later->span, earlier->span);
	struct finding *finding =
		REPORT(check, later->at, "VM \"%s\": %s: given twice", vm_name(check, later->owner),
		       ports_text(check, common, later));

	NOTE(check, finding, earlier->at, "given here as %s",
	     ports_text(check, earlier->span, earlier));
	HELP(check, finding, "remove one of both%s", perhaps_last(check, later));
}

void rule_port_twice(struct check *check)
{
	const struct vm **owners = device_owners(check);

	FOR_EACH_VM(check, vm) {
		struct claims claims = {NULL, 0};
		add_raw(check, vm, &claims);
		add_devices(check, vm, owners, &claims);
		claims_sweep(check, &claims, false, report_twice);
	}
}

/* Where the port is one of a device, one like it will do. */
static const char *device_instead(struct check *check, const struct claim *later,
				  const struct claim *earlier)
{
	const struct claim *of_device = later->source != CLAIM_ALONE ? later : earlier;

	return of_device->source == CLAIM_ALONE ? "" : offer_device(check, of_device->source);
}

static void report_owners(struct check *check, const struct claim *later,
			  const struct claim *earlier)
{
	struct span common = span_common(later->span, earlier->span);
	const char *other = vm_name(check, earlier->owner);
	struct finding *finding =
		REPORT(check, later->at, "VM \"%s\": %s: already given to VM \"%s\"",
		       vm_name(check, later->owner), ports_text(check, common, later), other);

	NOTE(check, finding, earlier->at, "given to VM \"%s\" here as %s", other,
	     ports_text(check, earlier->span, earlier));
	HELP(check, finding, "a port has one owner: remove it from one of the VMs%s%s",
	     device_instead(check, later, earlier), perhaps_last(check, later));
}

void rule_port_two_owners(struct check *check)
{
	struct claims claims = all_ports(check);

	claims_sweep(check, &claims, true, report_owners);
}

void rule_port_console(struct check *check)
{
	const struct claims claims = all_ports(check);
	const struct span console = {CONSOLE_PORT, CONSOLE_PORT + CONSOLE_PORT_COUNT - 1};

	for (unsigned i = 0; i < claims.count; i++) {
		const struct claim *claim = &claims.items[i];
		if (!span_meet(claim->span, console))
			continue;
		struct finding *finding =
			REPORT(check, claim->at, "VM \"%s\": %s: the hypervisor's console is there",
			       vm_name(check, claim->owner),
			       ports_text(check, span_common(claim->span, console), claim));
		HELP(check, finding,
		     "the console has %s (%s): give the VM another device, or move the console by make "
		     "menuconfig%s",
		     span_text(check->arena, console), CONSOLE_SYMBOL,
		     claim->source == CLAIM_ALONE ? "" : offer_device(check, claim->source));
	}
}

static const char without_port[] =
	"leave the port out: without it, reads give all ones and writes are dropped";

static void report_dangerous(struct check *check, const struct claim *claim, struct span span,
			     const char *name, const char *why)
{
	struct finding *finding =
		REPORT(check, claim->at, "VM \"%s\": %s: dangerous: this is %s, which %s",
		       vm_name(check, claim->owner),
		       ports_text(check, span_common(claim->span, span), claim), name, why);

	HELP(check, finding, "%s", without_port);
}

static void report_reserved(struct check *check, const struct claim *claim,
			    const struct claim *obstacle)
{
	struct finding *finding =
		REPORT(check, claim->at, "VM \"%s\": %s: reserved by the board",
		       vm_name(check, claim->owner),
		       ports_text(check, span_common(claim->span, obstacle->span), claim));

	NOTE(check, finding, obstacle->at, "the board reserves %s here",
	     span_text(check->arena, obstacle->span));
	HELP(check, finding, "%s", without_port);
}

void rule_port_dangerous(struct check *check)
{
	const struct board *board = &check->model->board;
	const struct claims claims = all_ports(check);
	struct claims reserved = {NULL, 0};

	for (unsigned i = 0; i < claims.count; i++)
		for (size_t j = 0; j < sizeof(dangerous) / sizeof(*dangerous); j++) {
			const struct claim *claim = &claims.items[i];
			bool owned = claim->source != CLAIM_ALONE && dangerous[j].by_device;
			if (!owned && span_meet(claim->span, dangerous[j].span))
				report_dangerous(check, claim, dangerous[j].span, dangerous[j].name,
						 dangerous[j].why);
		}
	for (unsigned i = 0; i < board->reserved_port_count; i++) {
		struct span span;
		if (port_span(&board->reserved_ports[i], &span))
			claims_add(check->arena, &reserved,
				   (struct claim){span, 0, CLAIM_ALONE, "reserved-io-ports",
						  board->reserved_ports[i].at});
	}
	claims_against(check, &claims, &reserved, report_reserved);
}

static const struct virtual_device_name *device_name(uint32_t device)
{
	for (size_t i = 0; i < virtual_device_name_count; i++)
		if (virtual_device_names[i].device == device)
			return &virtual_device_names[i];
	return NULL;
}

/* Of devices that the scenario names; those of the boot protocol give way to real ones. */
static void check_named_devices(struct check *check, const struct claim *claim)
{
	const struct vm *vm = &check->model->vms[claim->owner];
	uint32_t devices = vm_virtual_devices(vm, &check->model->board);

	for (size_t i = 0; vm->virtual_device_count && i < virtual_port_range_count; i++) {
		const struct virtual_port_range *range = &virtual_port_ranges[i];
		struct span span = {range->first, range->last};
		if (!(devices & range->device) || !span_meet(claim->span, span))
			continue;
		const char *name = device_name(range->device)->name;
		struct finding *finding = REPORT(
			check, claim->at, "VM \"%s\": %s: the VM has %s there, a virtual one",
			vm->name, ports_text(check, span_common(claim->span, span), claim),
			range->what);
		NOTE(check, finding, vm->virtual_devices[0].at, "it is to have the device \"%s\"",
		     name);
		HELP(check, finding, "leave the port out, or \"%s\"", name);
	}
}

void rule_port_virtual(struct check *check)
{
	const struct claims claims = all_ports(check);

	for (unsigned i = 0; i < claims.count; i++)
		for (size_t j = 0; j < sizeof(virtual_ports) / sizeof(*virtual_ports); j++) {
			const struct claim *claim = &claims.items[i];
			struct span span = virtual_ports[j].span;
			if (!span_meet(claim->span, span))
				continue;
			struct finding *finding =
				REPORT(check, claim->at,
				       "VM \"%s\": %s: every VM has %s there, a virtual one",
				       vm_name(check, claim->owner),
				       ports_text(check, span_common(claim->span, span), claim),
				       virtual_ports[j].name);
			HELP(check, finding, "leave the port out");
		}
	for (unsigned i = 0; i < claims.count; i++)
		check_named_devices(check, &claims.items[i]);
}

bool vm_has_ports_of(const struct vm *vm, const struct board_device *device)
{
	for (unsigned i = 0; i < vm->port_count; i++)
		for (unsigned j = 0; j < device->port_count; j++) {
			struct span raw, own;
			if (port_span(&vm->ports[i], &raw) && port_span(&device->ports[j], &own) &&
			    span_meet(raw, own))
				return true;
		}
	return false;
}
