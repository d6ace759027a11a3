/* SPDX-License-Identifier: Apache-2.0 */
/* BH3xxx: host memory that the scenario gives to VMs. */
#include <string.h>

#include "bulkhead/platform.h"
#include "offer.h"
#include "rules_internal.h"

#define PAGE_MASK (PAGE_SIZE_4K - 1)
#define NOT_RAM                                                                   \
	(1u << BOARD_RESERVED | 1u << BOARD_HYPERVISOR | 1u << BOARD_TRAMPOLINE | \
	 1u << BOARD_CRASH_RECORD | 1u << BOARD_IMAGE_STORE)

/* Who a claim of fixed_memory() is of: VM "rt": memory@0; owners behind the last VM are shares. */
static const char *party(struct check *check, const struct claim *claim)
{
	if (claim->owner >= check->model->vm_count)
		return arena_format(check->arena, "shared memory \"%s\"", claim->what);
	return arena_format(check->arena, "VM \"%s\": %s", vm_name(check, claim->owner),
			    claim->what);
}

/*
 * Pieces of RAM with `host`, as claims by VM, and what they share, as claims of its own; device registers
 * are the board's business.
 */
static struct claims fixed_memory(struct check *check)
{
	const struct model *model = check->model;
	struct claims claims = {NULL, 0};

	for (unsigned i = 0; i < model->share_count; i++) {
		const struct share *share = &model->shares[i];
		struct span span;
		if (share->host.given && span_make(share->host.value, share->size.value, &span))
			claims_add(check->arena, &claims,
				   (struct claim){span, model->vm_count + i, CLAIM_ALONE,
						  share->name, share->host.at});
	}

	FOR_EACH_VM(check, vm) {
		FOR_EACH_MEMORY(vm, memory) {
			struct span span;
			if (memory->kind != MEMORY_RAM || !memory_host_span(memory, &span))
				continue;
			claims_add(check->arena, &claims,
				   (struct claim){span, vm_index(check, vm), CLAIM_ALONE,
						  memory->name, memory->host.at});
		}
	}
	return claims;
}

/* Calls take for every range of the board that has a base and a size. */
static void each_board_range(struct check *check,
			     void (*take)(struct check *check, const char *name,
					  const struct range *range))
{
	const struct board *board = &check->model->board;

	for (unsigned i = 0; i < board->range_count; i++)
		take(check, board->ranges[i].name, &board->ranges[i].range);
	for (unsigned i = 0; i < board->ioapic_count; i++)
		take(check, board->ioapics[i].label, &board->ioapics[i].registers);
	for (unsigned i = 0; i < board->device_count; i++)
		for (unsigned j = 0; j < board->devices[i].mmio_count; j++)
			take(check, board->devices[i].label, &board->devices[i].mmio[j]);
}

static void unaligned(struct check *check, const char *who, const char *what,
		      const struct number *number, uint64_t suggestion)
{
	if (!number->given || (number->value & PAGE_MASK) == 0)
		return;
	struct finding *finding =
		REPORT(check, number->at, "%s: the %s 0x%" PRIx64 " is not a multiple of 4 KiB",
		       who, what, number->value);
	HELP(check, finding, "write 0x%" PRIx64, suggestion);
}

static uint64_t rounded_up(uint64_t value)
{
	return (value + PAGE_MASK) & ~PAGE_MASK;
}

/* A range that is too large is made smaller: what lies in a page partly is not usable. */
static void board_range_unaligned(struct check *check, const char *name, const struct range *range)
{
	const char *who = arena_format(check->arena, "board: %s", name);
	uint64_t base = rounded_up(range->base.value);
	uint64_t end = (range->base.value + range->size.value) & ~PAGE_MASK;

	unaligned(check, who, "address", &range->base, base);
	unaligned(check, who, "size", &range->size, end > base ? end - base : PAGE_SIZE_4K);
}

static const char *share_text(struct check *check, const struct share *share)
{
	return arena_format(check->arena, "shared memory \"%s\"", share->name);
}

void rule_host_unaligned(struct check *check)
{
	each_board_range(check, board_range_unaligned);
	for (unsigned i = 0; i < check->model->share_count; i++) {
		const struct share *share = &check->model->shares[i];
		const char *who = share_text(check, share);
		unaligned(check, who, "host address", &share->host, rounded_up(share->host.value));
		unaligned(check, who, "size", &share->size, rounded_up(share->size.value));
	}
	FOR_EACH_VM(check, vm) {
		FOR_EACH_MEMORY(vm, memory) {
			if (memory->kind != MEMORY_RAM)
				continue;
			const char *who =
				arena_format(check->arena, "VM \"%s\": %s", vm->name, memory->name);
			unaligned(check, who, "host address", &memory->host,
				  rounded_up(memory->host.value));
			unaligned(check, who, "size", &memory->size,
				  rounded_up(memory->size.value));
		}
	}
}

static void size_zero(struct check *check, const char *who, const struct number *size)
{
	if (!size->given || size->value != 0)
		return;
	struct finding *finding = REPORT(check, size->at, "%s: the size is 0", who);
	HELP(check, finding, "numbers of two cells have the high one first: 16 MiB is <0 MiB(16)>");
}

static void board_size_zero(struct check *check, const char *name, const struct range *range)
{
	size_zero(check, arena_format(check->arena, "board: %s", name), &range->size);
}

void rule_size_zero(struct check *check)
{
	each_board_range(check, board_size_zero);
	for (unsigned i = 0; i < check->model->share_count; i++)
		size_zero(check, share_text(check, &check->model->shares[i]),
			  &check->model->shares[i].size);
	FOR_EACH_VM(check, vm)
		FOR_EACH_MEMORY(vm, memory)
			if (memory->kind == MEMORY_RAM)
				size_zero(check,
					  arena_format(check->arena, "VM \"%s\": %s", vm->name,
						       memory->name),
					  &memory->size);
}

static void wraps(struct check *check, const char *who, const struct number *base,
		  const struct number *size)
{
	struct span span;

	if (!base->given || !size->given || size->value == 0 ||
	    span_make(base->value, size->value, &span))
		return;
	REPORT(check, base->at, "%s: 0x%" PRIx64 " and a size of 0x%" PRIx64 " go beyond 2^64", who,
	       base->value, size->value);
}

static void board_wraps(struct check *check, const char *name, const struct range *range)
{
	wraps(check, arena_format(check->arena, "board: %s", name), &range->base, &range->size);
}

void rule_host_wrap(struct check *check)
{
	each_board_range(check, board_wraps);
	for (unsigned i = 0; i < check->model->share_count; i++)
		wraps(check,
		      arena_format(check->arena, "%s: host",
				   share_text(check, &check->model->shares[i])),
		      &check->model->shares[i].host, &check->model->shares[i].size);
	FOR_EACH_VM(check, vm)
		FOR_EACH_MEMORY(vm, memory)
			if (memory->kind == MEMORY_RAM)
				wraps(check,
				      arena_format(check->arena, "VM \"%s\": %s: host", vm->name,
						   memory->name),
				      &memory->host, &memory->size);
}

static void report_overlap(struct check *check, const struct claim *later,
			   const struct claim *earlier)
{
	const char *common = span_text(check->arena, span_common(later->span, earlier->span));
	bool shared = earlier->owner >= check->model->vm_count;
	const char *vm = shared ? "" : vm_name(check, earlier->owner);
	const char *other =
		shared ? party(check, earlier)
		       : arena_format(check->arena, "%s of VM \"%s\"", earlier->what, vm);
	const char *given =
		shared ? "shared" : arena_format(check->arena, "given to VM \"%s\"", vm);
	struct finding *finding =
		REPORT(check, later->at, "%s: host memory %s already belongs to %s",
		       party(check, later), common, other);

	NOTE(check, finding, earlier->at, "%s here; both have %s", given, common);
	HELP(check, finding, "move one of them, or leave out host and let the tool choose%s",
	     offer_memory_at(check, later->owner, later->at));
}

void rule_host_overlap(struct check *check)
{
	struct claims claims = fixed_memory(check);

	claims_sweep(check, &claims, false, report_overlap);
}

static uint64_t last_physical(const struct board *board)
{
	uint32_t bits = board->physical_address_bits;

	return bits && bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX;
}

static void board_width(struct check *check, const char *name, const struct range *range)
{
	const struct board *board = &check->model->board;
	struct span span;

	if (range_span(range, &span) && span.last > last_physical(board))
		REPORT(check, range->base.at,
		       "board: %s: %s is beyond the board's %" PRIu32 " physical address bits",
		       name, span_text(check->arena, span), board->physical_address_bits);
}

void rule_host_width(struct check *check)
{
	const struct board *board = &check->model->board;
	const struct claims claims = fixed_memory(check);

	if (!board->physical_address_bits)
		return;
	each_board_range(check, board_width);
	for (unsigned i = 0; i < claims.count; i++) {
		const struct claim *claim = &claims.items[i];
		if (claim->span.last <= last_physical(board))
			continue;
		struct finding *finding =
			REPORT(check, claim->at,
			       "%s: host memory %s is beyond the board's %" PRIu32
			       " physical address bits",
			       party(check, claim), span_text(check->arena, claim->span),
			       board->physical_address_bits);
		HELP(check, finding,
		     "choose a lower address, or leave out host and let the tool choose%s",
		     offer_memory_at(check, claim->owner, claim->at));
	}
}

/* The first address of the span that none of the sorted claims covers; false if all is covered. */
static bool first_gap(const struct claims *covering, struct span span, struct span *gap)
{
	uint64_t at = span.first;

	for (unsigned i = 0; i < covering->count; i++) {
		struct span cover = covering->items[i].span;
		if (cover.last < at)
			continue;
		if (cover.first > at) {
			uint64_t end = cover.first - 1;
			*gap = (struct span){at, end < span.last ? end : span.last};
			return true;
		}
		if (cover.last >= span.last)
			return false;
		at = cover.last + 1;
	}
	*gap = (struct span){at, span.last};
	return true;
}

static const struct board_range *largest_ram(const struct board *board)
{
	const struct board_range *best = NULL;

	for (unsigned i = 0; i < board->range_count; i++) {
		const struct board_range *range = &board->ranges[i];
		if (range->kind == BOARD_RAM &&
		    (!best || range->range.size.value > best->range.size.value))
			best = range;
	}
	return best;
}

static void report_gap(struct check *check, const struct claim *claim, struct span gap)
{
	const struct board_range *ram = largest_ram(&check->model->board);
	struct finding *finding =
		REPORT(check, claim->at, "%s: host memory %s is not RAM of the board",
		       party(check, claim), span_text(check->arena, gap));
	struct span span;

	if (ram && range_span(&ram->range, &span))
		NOTE(check, finding, ram->range.at, "the board's largest RAM range is %s",
		     span_text(check->arena, span));
	HELP(check, finding,
	     "choose an address inside RAM, or leave out host and let the tool choose%s",
	     offer_memory_at(check, claim->owner, claim->at));
}

/* Reserved memory and APIC pages have rules of their own, which say more. */
void rule_host_outside_ram(struct check *check)
{
	const struct claims claims = fixed_memory(check);
	struct claims covering = board_claims(check, 1u << BOARD_RAM);
	bool known = covering.count > 0; /* a board without RAM is reported as that */
	const struct claims reserved = board_claims(check, NOT_RAM);
	const struct claims pages = apic_page_claims(check);
	uint64_t last = last_physical(&check->model->board);

	for (unsigned i = 0; i < reserved.count; i++)
		claims_add(check->arena, &covering, reserved.items[i]);
	for (unsigned i = 0; i < pages.count; i++)
		claims_add(check->arena, &covering, pages.items[i]);
	claims_sort(&covering);
	for (unsigned i = 0; known && i < claims.count; i++) {
		const struct claim *claim = &claims.items[i];
		struct span gap;
		if (claim->span.last <= last && first_gap(&covering, claim->span, &gap))
			report_gap(check, claim, gap);
	}
}

static void report_reserved(struct check *check, const struct claim *claim,
			    const struct claim *obstacle)
{
	static const char *const owners[] = {
		[BOARD_RAM] = "RAM",
		[BOARD_RESERVED] = "reserved by the board",
		[BOARD_HYPERVISOR] = "the hypervisor's own",
		[BOARD_TRAMPOLINE] = "the hypervisor's, for starting cores",
		[BOARD_CRASH_RECORD] = "the hypervisor's, for crash records",
		[BOARD_IMAGE_STORE] = "the image store",
	};
	const char *common = span_text(check->arena, span_common(claim->span, obstacle->span));
	struct finding *finding = REPORT(check, claim->at, "%s: host memory %s is %s",
					 party(check, claim), common, owners[obstacle->owner]);

	NOTE(check, finding, obstacle->at, "%s is %s", obstacle->what,
	     span_text(check->arena, obstacle->span));
	HELP(check, finding, "choose another address, or leave out host and let the tool choose%s",
	     offer_memory_at(check, claim->owner, claim->at));
}

void rule_host_reserved(struct check *check)
{
	const struct claims claims = fixed_memory(check);
	struct claims reserved = board_claims(check, NOT_RAM);

	claims_against(check, &claims, &reserved, report_reserved);
}

static void report_apic_page(struct check *check, const struct claim *claim,
			     const struct claim *obstacle)
{
	struct finding *finding = REPORT(
		check, claim->at, "%s: host memory covers the registers of %s at %s",
		party(check, claim), obstacle->what, span_text(check->arena, obstacle->span));

	if (obstacle->at.line)
		NOTE(check, finding, obstacle->at, "%s is here", obstacle->what);
	HELP(check, finding,
	     "choose an address inside RAM, or leave out host and let the tool choose%s",
	     offer_memory_at(check, claim->owner, claim->at));
}

void rule_host_apic_page(struct check *check)
{
	const struct claims claims = fixed_memory(check);
	struct claims pages = apic_page_claims(check);

	claims_against(check, &claims, &pages, report_apic_page);
}

/* What the placement could not do, or not well. */

static const char *largest_text(struct check *check, struct free_range range)
{
	struct span span;

	if (!span_make(range.base, range.size, &span))
		return "no RAM is left";
	return arena_format(check->arena, "the largest free range is %s (%s)",
			    span_text(check->arena, span), size_text(check->arena, range.size));
}

/* Which is reported as that, and would not fit into any machine. */
static bool beyond_guest(struct check *check, const struct vm_memory *memory)
{
	uint32_t bits = check->model->board.physical_address_bits;
	struct span span;

	return !memory_guest_span(memory, &span) ||
	       (bits >= 32 && bits < 48 && span.last >> bits != 0) || span.last >> 48 != 0;
}

void rule_placement_impossible(struct check *check)
{
	for (unsigned i = 0; i < check->placement->count; i++) {
		const struct placed *placed = &check->placement->items[i];
		if (placed->found || beyond_guest(check, placed->memory))
			continue;
		struct finding *finding = REPORT(
			check, placed->memory->size.at, "VM \"%s\": no room for %s of %s: %s",
			placed->vm->name, size_text(check->arena, placed->memory->size.value),
			placed->memory->name, largest_text(check, placed->largest));
		HELP(check, finding,
		     "make it smaller, split it into several memory nodes, or move what has a fixed host "
		     "address");
	}
}

void rule_placement_small_pages(struct check *check)
{
	for (unsigned i = 0; i < check->placement->count; i++) {
		const struct placed *placed = &check->placement->items[i];
		if (!placed->found || placed->alignment >= PAGE_SIZE_2M ||
		    placed->wanted_alignment < PAGE_SIZE_2M)
			continue;
		struct finding *finding =
			REPORT(check, placed->memory->size.at,
			       "VM \"%s\": %s fits only at 0x%" PRIx64
			       ", where it needs 4 KiB pages (%" PRIu64
			       " page tables) and more TLB entries",
			       placed->vm->name, placed->memory->name, placed->memory->host.value,
			       placed->memory->size.value / PAGE_SIZE_2M + 1);
		HELP(check, finding, "free RAM elsewhere, or make the range smaller");
	}
}
