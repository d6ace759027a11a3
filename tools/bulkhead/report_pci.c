/* SPDX-License-Identifier: Apache-2.0 */
/* PCI functions as the tree that their buses make, and the IOMMUs that guard them. */
#include <stdlib.h>
#include <string.h>

#include "report_human.h"
#include "report_page.h"
#include "report_xml.h"

/* --- Names ------------------------------------------------------------------------------------- */

/* Base classes and, where they say more, subclasses (PCI Code and ID Assignment Specification, 1). */
static const struct {
	uint32_t code, mask;
	const char *name;
} class_names[] = {
	{0x010600, 0xFFFF00, "SATA controller"},
	{0x010800, 0xFFFF00, "NVMe controller"},
	{0x020000, 0xFFFF00, "Ethernet controller"},
	{0x040300, 0xFFFF00, "audio device"},
	{0x060000, 0xFFFF00, "host bridge"},
	{0x060100, 0xFFFF00, "ISA bridge"},
	{0x060400, 0xFFFF00, "PCI bridge"},
	{0x070000, 0xFFFF00, "serial port"},
	{0x0C0300, 0xFFFF00, "USB controller"},
	{0x0C0500, 0xFFFF00, "SMBus controller"},
	{0x010000, 0xFF0000, "storage controller"},
	{0x020000, 0xFF0000, "network controller"},
	{0x030000, 0xFF0000, "display controller"},
	{0x040000, 0xFF0000, "multimedia device"},
	{0x050000, 0xFF0000, "memory controller"},
	{0x060000, 0xFF0000, "bridge"},
	{0x070000, 0xFF0000, "communication controller"},
	{0x080000, 0xFF0000, "system peripheral"},
	{0x090000, 0xFF0000, "input device"},
	{0x0B0000, 0xFF0000, "processor"},
	{0x0C0000, 0xFF0000, "serial bus controller"},
	{0x0D0000, 0xFF0000, "wireless controller"},
	{0x100000, 0xFF0000, "encryption controller"},
	{0x110000, 0xFF0000, "signal processing controller"},
	{0x120000, 0xFF0000, "processing accelerator"},
};

static const char *class_name(const struct report *report, const struct board_pci *pci)
{
	uint64_t code = pci->class_code.value;

	if (!pci->class_code.given)
		return "–";
	for (size_t i = 0; i < sizeof(class_names) / sizeof(*class_names); i++)
		if ((code & class_names[i].mask) == class_names[i].code)
			return class_names[i].name;
	return arena_format(report->arena, "class 0x%06lx", (unsigned long)code);
}

static const char *bars_text(const struct report *report, const struct board_pci *pci)
{
	struct names names = {.arena = report->arena};

	for (unsigned i = 0; i < pci->bar_count; i++) {
		const struct board_bar *bar = &pci->bars[i];
		struct span span;
		if (span_make(bar->base.value, bar->size.value, &span))
			names_add(&names, arena_format(report->arena, "%s%s",
						       bar->kind == PCI_BAR_IO ? "I/O " : "",
						       human_span(report->arena, span)));
	}
	return names.count ? names_join(&names) : "–";
}

static const char *interrupts_text(const struct report *report, const struct board_pci *pci)
{
	struct names names = {.arena = report->arena};

	if (pci->interrupt.given)
		names_add(&names, arena_format(report->arena, "pin %lu",
					       (unsigned long)pci->interrupt.value));
	if (pci->msi_vectors.value)
		names_add(&names, arena_format(report->arena, "%lu MSI",
					       (unsigned long)pci->msi_vectors.value));
	if (pci->msix_vectors.value)
		names_add(&names, arena_format(report->arena, "%lu MSI-X",
					       (unsigned long)pci->msix_vectors.value));
	return names.count ? names_join(&names) : "–";
}

static const char *guard_text(const struct report *report, const struct board_pci *pci)
{
	const struct board *board = &report->model->board;
	const char *text = pci->iommu < board->iommu_count ? board->iommus[pci->iommu].label : "–";

	if (!pci->isolation_group.given)
		return text;
	return arena_format(report->arena, "%s, group %lu", text,
			    (unsigned long)pci->isolation_group.value);
}

/* --- The tree ---------------------------------------------------------------------------------- */

#define DEEPEST 16 /* levels that are still drawn further to the right */

struct tree {
	const struct report *report;
	const struct board_pci **functions; /* by address */
	bool *shown; /* a board may name one bus behind two bridges, or its own */
	unsigned count;
	bool guards; /* some function has an IOMMU or an isolation group */
};

static unsigned address_of(const struct board_pci *pci)
{
	return pci->address_valid ? pci->bus << 8 | pci->device << 3 | pci->function : 0x10000;
}

static int compare_functions(const void *left, const void *right)
{
	const struct board_pci *a = *(const struct board_pci *const *)left;
	const struct board_pci *b = *(const struct board_pci *const *)right;

	if (address_of(a) != address_of(b))
		return address_of(a) < address_of(b) ? -1 : 1;
	return (a > b) - (a < b); /* of one array: by their place in it */
}

static void write_function(FILE *stream, const struct tree *tree, const struct board_pci *pci,
			   unsigned depth)
{
	const struct report *report = tree->report;
	struct device_owner owner = page_device_owner(report, pci->board_device);

	xml_print(stream,
		  "<tr><td class=\"code branch\" style=\"--depth:%u\">%s%s</td><th scope=\"row\">",
		  depth < DEEPEST ? depth : DEEPEST, depth ? "└ " : "",
		  pci->address.value ? pci->address.value : "–");
	page_text(stream, pci->label);
	xml_print(stream, "</th><td title=\"%s\">%s</td><td>",
		  arena_format(report->arena, "vendor %04lx, device %04lx",
			       (unsigned long)pci->vendor_id.value,
			       (unsigned long)pci->device_id.value),
		  class_name(report, pci));
	page_owner(stream, owner.party, owner.name);
	xml_print(stream, "</td><td class=\"code file\">%s</td><td>%s</td>", bars_text(report, pci),
		  interrupts_text(report, pci));
	if (tree->guards)
		xml_print(stream, "<td>%s</td>", guard_text(report, pci));
	fputs("</tr>\n", stream);
}

/* The first function on the bus or behind it. */
static unsigned first_on_bus(const struct tree *tree, uint64_t bus)
{
	unsigned low = 0, high = tree->count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		if (address_of(tree->functions[middle]) < bus << 8)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void write_branch(FILE *stream, struct tree *tree, unsigned index, unsigned depth)
{
	const struct board_pci *pci = tree->functions[index];

	if (tree->shown[index])
		return;
	tree->shown[index] = true;
	write_function(stream, tree, pci, depth);
	if (!pci->secondary_bus.given || pci->secondary_bus.value > UINT8_MAX)
		return;
	for (unsigned i = first_on_bus(tree, pci->secondary_bus.value);
	     i < tree->count && tree->functions[i]->address_valid &&
	     tree->functions[i]->bus == pci->secondary_bus.value;
	     i++)
		write_branch(stream, tree, i, depth + 1);
}

static struct tree make_tree(const struct report *report)
{
	const struct board *board = &report->model->board;
	struct tree tree = {
		.report = report,
		.functions =
			arena_alloc(report->arena, board->pci_count * sizeof(struct board_pci *)),
		.shown = arena_alloc(report->arena, board->pci_count),
		.count = board->pci_count,
	};

	for (unsigned i = 0; i < tree.count; i++) {
		const struct board_pci *pci = &board->pci[i];
		tree.functions[i] = pci;
		tree.guards |= pci->iommu < board->iommu_count || pci->isolation_group.given;
	}
	qsort(tree.functions, tree.count, sizeof(*tree.functions), compare_functions);
	return tree;
}

/* --- Section ----------------------------------------------------------------------------------- */

static void write_iommus(FILE *stream, const struct report *report)
{
	static const char *const heads[] = {"IOMMU", "Registers", ">Address bits", NULL};
	const struct board *board = &report->model->board;

	if (!board->iommu_count)
		return;
	fputs("<h3>IOMMUs</h3>\n", stream);
	page_table_head(stream, "IOMMUs of the board", heads);
	for (unsigned i = 0; i < board->iommu_count; i++) {
		const struct board_iommu *iommu = &board->iommus[i];
		fputs("<tr><th scope=\"row\">", stream);
		page_text(stream, iommu->label);
		xml_print(stream, "</th><td class=\"code\">0x%lx</td>",
			  (unsigned long)iommu->registers.base.value);
		xml_print(stream, "<td class=\"number\">%lu</td></tr>\n",
			  (unsigned long)iommu->guest_address_bits.value);
	}
	page_table_end(stream);
}

void page_pci(FILE *stream, const struct report *report)
{
	if (!report->model->board.pci_count)
		return;
	struct tree tree = make_tree(report);
	const char *const heads[] = {"Address",
				     "Function",
				     "Kind",
				     "Owner",
				     "Registers",
				     "Interrupts",
				     tree.guards ? "IOMMU" : NULL,
				     NULL};
	fputs("<section id=\"pci\">\n<h2>PCI</h2>\n"
	      "<p class=\"hint\">Functions by address; those behind a bridge are below it, further to the "
	      "right.</p>\n",
	      stream);
	page_table_head(stream, "PCI functions of the board", heads);
	for (unsigned i = 0; i < tree.count; i++)
		write_branch(stream, &tree, i, 0);
	page_table_end(stream);
	write_iommus(stream, report);
	fputs("</section>\n", stream);
}
