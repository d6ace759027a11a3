/* SPDX-License-Identifier: Apache-2.0 */
/* BH3011 and following: what the board file says about memory must make sense by itself. */
#include "bulkhead/crash_record.h"
#include "bulkhead/platform.h"
#include "rules_internal.h"

/* What the hypervisor has for itself alone. */
static void own_range(struct check *check, const struct claim *range)
{
	struct claims others = board_claims(check, 1u << BOARD_RESERVED | 1u << BOARD_HYPERVISOR |
							   1u << BOARD_TRAMPOLINE);

	for (unsigned i = 0; i < others.count; i++) {
		const struct claim *other = &others.items[i];
		if (other->owner == range->owner || !span_meet(other->span, range->span))
			continue;
		struct finding *finding = REPORT(
			check, range->at, "board: %s overlaps %s in %s", range->what, other->what,
			span_text(check->arena, span_common(range->span, other->span)));
		NOTE(check, finding, other->at, "%s is %s", other->what,
		     span_text(check->arena, other->span));
		HELP(check, finding, "move %s to RAM that nothing else needs", range->what);
	}
}

static struct claims registers(struct check *check)
{
	const struct board *board = &check->model->board;
	struct claims claims = {NULL, 0};

	for (unsigned i = 0; i < board->device_count; i++)
		for (unsigned j = 0; j < board->devices[i].mmio_count; j++) {
			const struct range *range = &board->devices[i].mmio[j];
			struct span span;
			if (range_span(range, &span))
				claims_add(check->arena, &claims,
					   (struct claim){span, i, i, board->devices[i].label,
							  range->at});
		}
	return claims;
}

static void report_ram_overlap(struct check *check, const struct claim *later,
			       const struct claim *earlier)
{
	const char *common = span_text(check->arena, span_common(later->span, earlier->span));
	struct finding *finding = REPORT(check, later->at, "board: %s overlaps %s in %s",
					 later->what, earlier->what, common);

	NOTE(check, finding, earlier->at, "%s is %s", earlier->what,
	     span_text(check->arena, earlier->span));
	HELP(check, finding, "see System RAM in the machine's /proc/iomem, read as root");
}

void rule_ram_overlap(struct check *check)
{
	struct claims ram = board_claims(check, 1u << BOARD_RAM);

	claims_sweep(check, &ram, false, report_ram_overlap);
}

bool inside_ram(struct check *check, struct span span)
{
	const struct claims ram = board_claims(check, 1u << BOARD_RAM);

	if (!ram.count)
		return true;
	for (unsigned i = 0; i < ram.count; i++)
		if (ram.items[i].span.first <= span.first && span.last <= ram.items[i].span.last)
			return true;
	return false;
}

/* The one range of the kind; NULL after a report if there is none, or more than one. */
static const struct claim *only_range(struct check *check, const struct claims *claims,
				      const char *compatible)
{
	if (!check->model->board.given)
		return NULL;
	if (claims->count == 0) {
		struct finding *finding =
			REPORT(check, check->model->board.at,
			       "board: no reserved memory is for \"%s\"", compatible);
		HELP(check, finding,
		     "add a node with compatible = \"%s\" to the board's reserved-memory",
		     compatible);
		return NULL;
	}
	if (claims->count > 1) {
		struct finding *finding = REPORT(check, claims->items[1].at,
						 "board: two ranges are for \"%s\"", compatible);
		NOTE(check, finding, claims->items[0].at, "the first is here");
		return NULL;
	}
	return &claims->items[0];
}

void rule_hypervisor_range(struct check *check)
{
	const struct claims claims = board_claims(check, 1u << BOARD_HYPERVISOR);
	const struct claim *range = only_range(check, &claims, "bulkhead,hypervisor");

	if (!range)
		return;
	if (range->span.first < UINT64_C(0x100000) || range->span.last > UINT32_MAX)
		REPORT(check, range->at,
		       "board: %s at %s: GRUB loads the hypervisor between 1 MiB and 4 GiB",
		       range->what, span_text(check->arena, range->span));
	else if (!inside_ram(check, range->span))
		REPORT(check, range->at, "board: %s at %s is not inside one RAM range", range->what,
		       span_text(check->arena, range->span));
	own_range(check, range);
}

void rule_trampoline_range(struct check *check)
{
	const struct claims claims = board_claims(check, 1u << BOARD_TRAMPOLINE);
	const struct claim *range = only_range(check, &claims, "bulkhead,trampoline");

	if (!range)
		return;
	/* The start-up IPI's vector is the page number (SDM 3.11.6.1); page 0 holds real-mode vectors. */
	if (range->span.first == 0 || range->span.last >= UINT64_C(0xA0000) ||
	    range->span.last - range->span.first != PAGE_SIZE_4K - 1)
		REPORT(check, range->at,
		       "board: %s at %s must be one page between 0x1000 and 0x9ffff", range->what,
		       span_text(check->arena, range->span));
	else if (!inside_ram(check, range->span))
		REPORT(check, range->at, "board: %s at %s is not inside one RAM range", range->what,
		       span_text(check->arena, range->span));
	own_range(check, range);
}

void rule_crash_record_range(struct check *check)
{
	const struct claims claims = board_claims(check, 1u << BOARD_CRASH_RECORD);
	const uint64_t needed = (uint64_t)check->model->board.cpu_count * CRASH_RECORD_SIZE;
	struct finding *finding;

	if (!claims.count) /* a board need not have it */
		return;
	const struct claim *range = only_range(check, &claims, "bulkhead,crash-record");
	if (!range)
		return;
	if (range->span.last - range->span.first < needed - 1) {
		finding = REPORT(check, range->at,
				 "board: %s at %s is too small: %u cores leave a page each",
				 range->what, span_text(check->arena, range->span),
				 check->model->board.cpu_count);
		HELP(check, finding, "make its size 0x%" PRIx64 " at least", needed);
	} else if (!inside_ram(check, range->span)) {
		REPORT(check, range->at, "board: %s at %s is not inside one RAM range", range->what,
		       span_text(check->arena, range->span));
	} else {
		own_range(check, range);
	}
}

static void report_apic_page(struct check *check, const struct claim *claim,
			     const struct claim *obstacle)
{
	struct finding *finding =
		REPORT(check, claim->at, "board: %s covers the registers of %s at %s", claim->what,
		       obstacle->what, span_text(check->arena, obstacle->span));

	if (obstacle->at.line)
		NOTE(check, finding, obstacle->at, "%s is here", obstacle->what);
}

void rule_board_apic_page(struct check *check)
{
	const struct claims ram = board_claims(check, 1u << BOARD_RAM);
	const struct claims devices = registers(check);
	struct claims pages = apic_page_claims(check);

	claims_against(check, &ram, &pages, report_apic_page);
	claims_against(check, &devices, &pages, report_apic_page);
}

static void report_in_ram(struct check *check, const struct claim *claim,
			  const struct claim *obstacle)
{
	struct finding *finding =
		REPORT(check, claim->at, "board: the registers of %s, %s, lie inside RAM",
		       claim->what, span_text(check->arena, claim->span));

	NOTE(check, finding, obstacle->at, "%s is %s", obstacle->what,
	     span_text(check->arena, obstacle->span));
	HELP(check, finding, "correct the wrong one of both by the machine's /proc/iomem");
}

/* What lies in RAM was reported as that. */
static void report_reserved(struct check *check, const struct claim *claim,
			    const struct claim *obstacle)
{
	const struct claims ram = board_claims(check, 1u << BOARD_RAM);

	for (unsigned i = 0; i < ram.count; i++)
		if (span_meet(ram.items[i].span, claim->span))
			return;
	struct finding *finding =
		REPORT(check, claim->at, "board: the registers of %s, %s, lie in reserved memory",
		       claim->what, span_text(check->arena, claim->span));
	NOTE(check, finding, obstacle->at, "%s is %s", obstacle->what,
	     span_text(check->arena, obstacle->span));
}

void rule_registers_in_ram(struct check *check)
{
	const struct claims devices = registers(check);
	struct claims ram = board_claims(check, 1u << BOARD_RAM);
	struct claims reserved =
		board_claims(check, 1u << BOARD_RESERVED | 1u << BOARD_HYPERVISOR |
					    1u << BOARD_TRAMPOLINE | 1u << BOARD_CRASH_RECORD);

	claims_against(check, &devices, &ram, report_in_ram);
	claims_against(check, &devices, &reserved, report_reserved);
}

static void report_registers_shared(struct check *check, const struct claim *later,
				    const struct claim *earlier)
{
	struct finding *finding = REPORT(check, later->at,
					 "VM \"%s\": the registers of %s share the page 0x%" PRIx64
					 " with %s of VM \"%s\"",
					 vm_name(check, later->owner), later->what,
					 span_common(later->span, earlier->span).first,
					 earlier->what, vm_name(check, earlier->owner));

	NOTE(check, finding, earlier->at, "%s is given to VM \"%s\" here", earlier->what,
	     vm_name(check, earlier->owner));
	HELP(check, finding,
	     "a page is the smallest piece that can be kept apart: give both devices to "
	     "one VM");
}

static void add_pages(struct check *check, struct claims *claims, const struct vm *vm,
		      const struct reference *reference, const struct board_device *device)
{
	for (unsigned i = 0; i < device->mmio_count; i++) {
		struct span span;
		if (!range_span(&device->mmio[i], &span))
			continue;
		span.first &= ~(PAGE_SIZE_4K - 1);
		span.last |= PAGE_SIZE_4K - 1;
		claims_add(check->arena, claims,
			   (struct claim){span, vm_index(check, vm), reference->target,
					  device->label, reference->at});
	}
}

void rule_registers_shared(struct check *check)
{
	const struct vm **owners = device_owners(check);
	struct claims claims = {NULL, 0};

	FOR_EACH_VM(check, vm) {
		for (unsigned i = 0; i < vm->device_count; i++) {
			const struct reference *reference = &vm->devices[i];
			const struct board_device *device = device_of(check, reference);
			if (device && owners[reference->target] == vm)
				add_pages(check, &claims, vm, reference, device);
		}
	}
	claims_sweep(check, &claims, true, report_registers_shared);
}

void rule_address_bits(struct check *check)
{
	const struct board *board = &check->model->board;
	uint32_t bits = board->physical_address_bits;

	/* 32 is the least that the APIC pages need; 52 is the architecture's limit (SDM 3.4.1.4). */
	if (!bits || (bits >= 32 && bits <= 52))
		return;
	struct finding *finding =
		REPORT(check, board->physical_address_bits_at,
		       "board: no processor has %" PRIu32 " physical address bits", bits);
	HELP(check, finding, "see \"address sizes\" in the machine's /proc/cpuinfo: 32 to 52");
}

static void frequency(struct check *check, const char *name, const struct number *frequency)
{
	/* The guests are told in kHz, in 32 bits. */
	const uint64_t least = 1000000;
	const uint64_t most = UINT64_C(100000000000);

	if (!frequency->given || (frequency->value >= least && frequency->value <= most))
		return;
	struct finding *finding =
		REPORT(check, frequency->at,
		       "board: %s of %" PRIu64 " Hz is not between 1 MHz and 100 GHz", name,
		       frequency->value);
	HELP(check, finding, "the unit is Hz; leave it out to take what CPUID leaf 0x15 says");
}

void rule_frequency(struct check *check)
{
	const struct board *board = &check->model->board;

	frequency(check, "tsc-frequency", &board->tsc_frequency);
	frequency(check, "apic-timer-frequency", &board->apic_timer_frequency);
}
