/* SPDX-License-Identifier: Apache-2.0 */
/* BH8xxx: registers and messages of PCI functions. */
#include "rules_internal.h"

#define PAGE_MASK  (PAGE_SIZE_4K - 1)
#define MSI_MAX    32
#define MSIX_MAX   2048
#define MSIX_ENTRY 16 /* bytes in the table */
#define MSIX_ALIGN 8

#define FOR_EACH_BAR(pci, bar) \
	for (const struct board_bar *bar = (pci)->bars; bar < (pci)->bars + (pci)->bar_count; bar++)

static const char *bar_text(struct check *check, const struct board_pci *pci,
			    const struct board_bar *bar)
{
	return arena_format(check->arena, "bar %" PRIu64 " of %s", bar->index, pci->label);
}

struct bar_problem {
	const char *why; /* NULL: none */
	struct place at;
};

static struct bar_problem index_problem(const struct board_bar *bar)
{
	if (bar->index >= PCI_BAR_COUNT)
		return (struct bar_problem){"there are bars 0 to 5", bar->at};
	if (bar->kind == PCI_BAR_MEMORY64 && bar->index == PCI_BAR_COUNT - 1)
		return (struct bar_problem){
			"one of 64 bits needs the one behind it, and there is none", bar->at};
	return (struct bar_problem){NULL, bar->at};
}

/* Of one that is not sane. */
static struct bar_problem value_problem(const struct board_bar *bar)
{
	uint64_t base = bar->base.value, size = bar->size.value;

	if (size == 0 || size & (size - 1))
		return (struct bar_problem){"the size must be a power of two", bar->size.at};
	if (base == 0)
		return (struct bar_problem){"the firmware has not given it an address",
					    bar->base.at};
	if (base & (size - 1))
		return (struct bar_problem){"the base must be a multiple of the size",
					    bar->base.at};
	if (bar->kind == PCI_BAR_IO)
		return size < 4 ? (struct bar_problem){"it has at least 4 ports", bar->size.at}
				: (struct bar_problem){"it goes beyond port 0xffff", bar->base.at};
	if (size < 16)
		return (struct bar_problem){"it has at least 16 bytes", bar->size.at};
	return (struct bar_problem){bar->kind == PCI_BAR_MEMORY32
					    ? "one of 32 bits ends below 4 GiB"
					    : "it goes beyond 2^64",
				    bar->base.at};
}

static struct bar_problem bar_problem(const struct board_bar *bar)
{
	struct bar_problem problem = index_problem(bar);

	if (problem.why || !bar->base.given || !bar->size.given || board_bar_sane(bar))
		return problem;
	return value_problem(bar);
}

/* A 64-bit BAR takes two. */
static const struct board_bar *taken_by(const struct board_pci *pci, const struct board_bar *bar)
{
	for (const struct board_bar *other = pci->bars; other < bar; other++) {
		if (other->index == bar->index ||
		    (other->kind == PCI_BAR_MEMORY64 && other->index + 1 == bar->index) ||
		    (bar->kind == PCI_BAR_MEMORY64 && bar->index + 1 == other->index))
			return other;
	}
	return NULL;
}

static void check_bar(struct check *check, const struct board_pci *pci, const struct board_bar *bar)
{
	struct bar_problem problem = bar_problem(bar);
	const struct board_bar *other = taken_by(pci, bar);
	struct finding *finding;

	if (problem.why) {
		finding = REPORT(check, problem.at,
				 "board: %s: 0x%" PRIx64 " bytes at 0x%" PRIx64 " cannot be: %s",
				 bar_text(check, pci, bar), bar->size.value, bar->base.value,
				 problem.why);
		HELP(check, finding, "see \"Region\" of the function in lspci -vv on the machine");
	} else if (other) {
		finding = REPORT(check, bar->at, "board: %s is part of bar %" PRIu64 " already",
				 bar_text(check, pci, bar), other->index);
		NOTE(check, finding, other->at, "bar %" PRIu64 " is here", other->index);
		HELP(check, finding, "a bar of 64 bits takes two: number them as lspci does");
	}
}

void rule_bar(struct check *check)
{
	FOR_EACH_PCI(check, pci)
	FOR_EACH_BAR(pci, bar)
	check_bar(check, pci, bar);
}

/* Windows. */

static struct claims windows(struct check *check, const struct range *ranges, unsigned count)
{
	struct claims claims = {NULL, 0};

	for (unsigned i = 0; i < count; i++) {
		struct span span;
		if (range_span(&ranges[i], &span))
			claims_add(check->arena, &claims,
				   (struct claim){span, i, CLAIM_ALONE, "window", ranges[i].at});
	}
	claims_sort(&claims);
	return claims;
}

static bool inside(const struct claims *windows, struct span span)
{
	for (unsigned i = 0; i < windows->count; i++)
		if (windows->items[i].span.first <= span.first &&
		    span.last <= windows->items[i].span.last)
			return true;
	return false;
}

static void check_window(struct check *check, const struct board_pci *pci,
			 const struct board_bar *bar, const struct claims *windows)
{
	struct span span;

	if (!windows->count || !board_bar_sane(bar) ||
	    !span_make(bar->base.value, bar->size.value, &span) || inside(windows, span))
		return;
	struct finding *finding =
		REPORT(check, bar->base.at, "board: %s at %s is in no window of the host bridge",
		       bar_text(check, pci, bar), span_text(check->arena, span));
	for (unsigned i = 0; i < windows->count; i++)
		NOTE(check, finding, windows->items[i].at, "a window is %s",
		     span_text(check->arena, windows->items[i].span));
	HELP(check, finding, "see \"PCI Bus\" in the machine's /proc/iomem and /proc/ioports");
}

void rule_bar_window(struct check *check)
{
	const struct board *board = &check->model->board;
	const struct claims memory =
		windows(check, board->pci_memory_windows, board->pci_memory_window_count);
	const struct claims io = windows(check, board->pci_io_windows, board->pci_io_window_count);

	FOR_EACH_PCI(check, pci)
	FOR_EACH_BAR(pci, bar)
	check_window(check, pci, bar, bar->kind == PCI_BAR_IO ? &io : &memory);
}

/* Overlaps. */

static struct claims bar_claims(struct check *check, bool io)
{
	const struct board *board = &check->model->board;
	struct claims claims = {NULL, 0};

	FOR_EACH_PCI(check, pci)
	FOR_EACH_BAR(pci, bar)
	{
		struct span span;
		if ((bar->kind == PCI_BAR_IO) == io && board_bar_sane(bar) &&
		    span_make(bar->base.value, bar->size.value, &span))
			claims_add(check->arena, &claims,
				   (struct claim){span, (uint32_t)(pci - board->pci), CLAIM_ALONE,
						  bar_text(check, pci, bar), bar->base.at});
	}
	return claims;
}

static void report_bar_overlap(struct check *check, const struct claim *later,
			       const struct claim *earlier)
{
	struct finding *finding =
		REPORT(check, later->at, "board: %s overlaps %s in %s", later->what, earlier->what,
		       span_text(check->arena, span_common(later->span, earlier->span)));

	NOTE(check, finding, earlier->at, "%s is %s", earlier->what,
	     span_text(check->arena, earlier->span));
}

static void add_ranges(struct check *check, struct claims *claims, const struct range *ranges,
		       unsigned count, const char *what)
{
	for (unsigned i = 0; i < count; i++) {
		struct span span;
		if (range_span(&ranges[i], &span))
			claims_add(check->arena, claims,
				   (struct claim){span, 0, CLAIM_ALONE, what, ranges[i].at});
	}
}

void rule_bar_overlap(struct check *check)
{
	const struct board *board = &check->model->board;
	struct claims memory = bar_claims(check, false), io = bar_claims(check, true);
	struct claims registers = board_claims(check, 1u << BOARD_RESERVED);
	struct claims ports = {NULL, 0};

	for (unsigned i = 0; i < board->device_count; i++) {
		const struct board_device *device = &board->devices[i];
		if (device->pci)
			continue;
		add_ranges(check, &registers, device->mmio, device->mmio_count, device->label);
		add_ranges(check, &ports, device->ports, device->port_count, device->label);
	}
	claims_sweep(check, &memory, false, report_bar_overlap);
	claims_sweep(check, &io, false, report_bar_overlap);
	claims_against(check, &memory, &registers, report_bar_overlap);
	claims_against(check, &io, &ports, report_bar_overlap);
}

/* A page with registers of a function that the VM does not have. */

static void report_page(struct check *check, const struct claim *claim,
			const struct claim *obstacle)
{
	/* That they overlap has been said. */
	struct finding *finding = REPORT(
		check, claim->at,
		"VM \"%s\": %s shares the page 0x%" PRIx64 " with %s, which the VM does not have",
		vm_name(check, claim->owner), claim->what,
		span_common(claim->span, obstacle->span).first, obstacle->what);

	NOTE(check, finding, obstacle->at, "%s is here", obstacle->what);
	HELP(check, finding,
	     "a page is the smallest piece that can be kept apart: give the VM both functions, or "
	     "let the firmware align them to pages");
}

static struct span pages_of(const struct board_bar *bar)
{
	return (struct span){bar->base.value & ~PAGE_MASK,
			     (bar->base.value + (bar->size.value - 1)) | PAGE_MASK};
}

static void add_pages(struct check *check, struct claims *claims, const struct board_pci *pci,
		      uint32_t owner, const struct place *at)
{
	FOR_EACH_BAR(pci, bar)
	if (bar->kind != PCI_BAR_IO && board_bar_sane(bar))
		claims_add(check->arena, claims,
			   (struct claim){pages_of(bar), owner, CLAIM_ALONE,
					  bar_text(check, pci, bar), at ? *at : bar->base.at});
}

void rule_bar_page(struct check *check)
{
	const struct board *board = &check->model->board;
	bool *given = arena_alloc(check->arena, board->pci_count * sizeof(*given));
	struct claims owned = {NULL, 0}, others = {NULL, 0};

	FOR_EACH_VM(check, vm)
		FOR_EACH_VM_PCI(vm, reference)
		{
			const struct board_pci *pci = pci_of(check, reference);
			if (!pci || given[reference->target])
				continue;
			given[reference->target] = true;
			add_pages(check, &owned, pci, vm_index(check, vm), &reference->at);
		}
	for (unsigned i = 0; i < board->pci_count; i++)
		if (!given[i])
			add_pages(check, &others, &board->pci[i], 0, NULL);
	claims_against(check, &owned, &others, report_page);
}

/* Messages. */

static const struct board_bar *table_bar(const struct board_pci *pci)
{
	FOR_EACH_BAR(pci, bar)
	if (bar->index == pci->msix_bar.value)
		return bar;
	return NULL;
}

static void check_msi(struct check *check, const struct board_pci *pci)
{
	uint64_t vectors = pci->msi_vectors.value;

	if (!pci->msi_vectors.given ||
	    (vectors && vectors <= MSI_MAX && !(vectors & (vectors - 1))))
		return;
	struct finding *finding =
		REPORT(check, pci->msi_vectors.at,
		       "board: %s: %" PRIu64 " MSI vectors; 1, 2, 4, 8, 16 or 32 are possible",
		       pci->label, vectors);
	HELP(check, finding, "lspci -vv shows the number behind \"MSI: Enable- Count=1/\"");
}

static void check_table(struct check *check, const struct board_pci *pci)
{
	const struct board_bar *bar = table_bar(pci);
	uint64_t offset = pci->msix_offset.value, size = pci->msix_vectors.value * MSIX_ENTRY;

	if (!bar || bar->kind == PCI_BAR_IO) {
		REPORT(check, pci->msix_bar.at,
		       "board: %s: its MSI-X table is in bar %" PRIu64 ", which is no memory of it",
		       pci->label, pci->msix_bar.value);
		return;
	}
	if (offset % MSIX_ALIGN)
		REPORT(check, pci->msix_offset.at,
		       "board: %s: the MSI-X table is at 0x%" PRIx64
		       " of its bar, which is not a multiple of 8",
		       pci->label, offset);
	else if (offset > bar->size.value || size > bar->size.value - offset) {
		struct finding *finding = REPORT(check, pci->msix_offset.at,
						 "board: %s: the MSI-X table of 0x%" PRIx64
						 " bytes at 0x%" PRIx64 " goes beyond bar %" PRIu64,
						 pci->label, size, offset, bar->index);
		NOTE(check, finding, bar->size.at, "the bar has 0x%" PRIx64 " bytes",
		     bar->size.value);
	}
}

void rule_pci_messages(struct check *check)
{
	FOR_EACH_PCI(check, pci)
	{
		uint64_t vectors = pci->msix_vectors.value;
		check_msi(check, pci);
		if (pci->msix_vectors.given && (vectors == 0 || vectors > MSIX_MAX)) {
			REPORT(check, pci->msix_vectors.at,
			       "board: %s: %" PRIu64 " MSI-X vectors; 1 to %d are possible",
			       pci->label, vectors, MSIX_MAX);
		} else if (pci->msix_vectors.given &&
			   (!pci->msix_bar.given || !pci->msix_offset.given)) {
			struct finding *finding =
				REPORT(check, pci->msix_vectors.at,
				       "board: %s: where its MSI-X table is has not been said",
				       pci->label);
			HELP(check, finding,
			     "add msix-bar and msix-offset; lspci -vv shows them as \"Vector table\"");
		} else if (pci->msix_vectors.given) {
			check_table(check, pci);
		}
	}
}
