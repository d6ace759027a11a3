/* SPDX-License-Identifier: Apache-2.0 */
#include "map_cores.h"

#include <stdlib.h>

#include "map_scale.h"
#include "report_xml.h"

#define TEXT_SIZE    12.0
#define BASELINE     4.2
#define CELL_HEIGHT  36.0
#define LINE_GAP     8.0
#define CELL_GAP     8.0 /* between cores; threads of one core touch */
#define PACKAGE_NAME 92.0

/* --- Views ------------------------------------------------------------------------------------- */

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_views(const void *left, const void *right)
{
	const struct board_cpu *a = ((const struct core_view *)left)->cpu;
	const struct board_cpu *b = ((const struct core_view *)right)->cpu;
	int order = compare_numbers(a->package, b->package);

	if (!order)
		order = compare_numbers(a->core, b->core);
	if (!order)
		order = compare_numbers(a->thread, b->thread);
	return order ? order : (a > b) - (a < b); /* of one array: by their place in it */
}

static void give(const struct report *report, struct core_view *view, unsigned vm)
{
	const char *name = report->model->vms[vm].name;

	if (view->party.kind == PARTY_VM || view->party.kind == PARTY_CONFLICT) {
		view->party = (struct party){PARTY_CONFLICT, 0};
		view->owner = arena_format(report->arena, "%s, %s", view->owner, name);
		return;
	}
	view->party = party_vm(vm);
	view->owner = name;
}

static void give_all(const struct report *report, struct core_view *views)
{
	const struct model *model = report->model;

	for (unsigned i = 0; i < model->vm_count; i++)
		for (unsigned j = 0; j < model->vms[i].cpu_count; j++) {
			uint32_t target = model->vms[i].cpus[j].target;
			if (target >= model->board.cpu_count)
				continue;
			give(report, &views[target], i);
			views[target].boot |= j == 0;
		}
}

static struct core_view unowned(const struct board_cpu *cpu)
{
	enum party_kind kind = !cpu->enabled   ? PARTY_DISABLED
			       : cpu->reserved ? PARTY_RESERVED
					       : PARTY_FREE;

	return (struct core_view){
		.cpu = cpu, .party = {kind, 0}, .owner = party_name(NULL, (struct party){kind, 0})};
}

struct core_views core_views(const struct report *report)
{
	const struct board *board = &report->model->board;
	struct core_views views = {
		.items = arena_alloc(report->arena, (board->cpu_count + 1) * sizeof(*views.items)),
		.count = board->cpu_count,
	};

	for (unsigned i = 0; i < views.count; i++)
		views.items[i] = unowned(&board->cpus[i]);
	give_all(report, views.items);
	if (views.count)
		qsort(views.items, views.count, sizeof(*views.items), compare_views);
	for (unsigned i = 1; i < views.count; i++) {
		const struct board_cpu *before = views.items[i - 1].cpu;
		const struct board_cpu *cpu = views.items[i].cpu;
		if (before->package != cpu->package || before->core != cpu->core)
			continue;
		views.items[i].sibling = true;
		views.items[i].has_sibling = views.items[i - 1].has_sibling = true;
		views.smt = true;
	}
	return views;
}

/* --- Drawing ----------------------------------------------------------------------------------- */

struct cursor {
	double x, y, left, right, cell;
};

static double cell_width(const struct report *report, const struct core_views *views)
{
	double width = 44;

	for (unsigned i = 0; i < views->count; i++) {
		double label = text_width(views->items[i].cpu->label, TEXT_SIZE) + 8;
		double owner = report->dense ? 0 : text_width(views->items[i].owner, TEXT_SIZE) + 8;
		width = label > width ? label : width;
		width = owner > width ? owner : width;
	}
	return width < 120 ? width : 120;
}

/* The second line says whose it is: the name, or among many VMs the number. */
static const char *second_line(const struct report *report, const struct core_view *view)
{
	if (report->dense && view->party.kind == PARTY_VM)
		return arena_format(report->arena, "%u", view->party.vm + 1);
	return view->owner;
}

static void draw_cell(FILE *stream, const struct report *report, const struct core_view *view,
		      const struct cursor *at)
{
	double middle = at->x + at->cell / 2;
	const char *label = party_label(view->party);

	xml_print(stream, "<g><title>%s: %s\npackage %u, core %u, thread %u, APIC id %lu%s</title>",
		  view->cpu->label, view->owner, view->cpu->package, view->cpu->core,
		  view->cpu->thread, (unsigned long)view->cpu->apic_id.value,
		  view->boot ? "\nboot processor of its VM" : "");
	xml_print(
		stream,
		"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"3\"/>",
		party_fill(view->party), at->x, at->y, at->cell, CELL_HEIGHT);
	xml_print(stream, "<text class=\"label middle %s\" x=\"%.1f\" y=\"%.1f\">%s</text>", label,
		  middle, at->y + 11 + BASELINE,
		  text_fit(report->arena, view->cpu->label, TEXT_SIZE, at->cell - 4));
	xml_print(stream, "<text class=\"text middle %s\" x=\"%.1f\" y=\"%.1f\">%s</text></g>\n",
		  label, middle, at->y + 26 + BASELINE,
		  text_fit(report->arena, second_line(report, view), TEXT_SIZE, at->cell - 4));
}

/* How much room the threads of one core take together. */
static double group_width(const struct core_views *views, unsigned first, double cell)
{
	unsigned count = 1;

	while (first + count < views->count && views->items[first + count].sibling)
		count++;
	return cell * count + (count - 1);
}

static void begin_package(FILE *stream, const struct core_view *view, struct cursor *at, bool first)
{
	if (!first)
		at->y += CELL_HEIGHT + LINE_GAP * 2;
	at->x = at->left;
	xml_print(stream, "<text class=\"text\" x=\"0\" y=\"%.1f\">package %u</text>\n",
		  at->y + CELL_HEIGHT / 2 + BASELINE, view->cpu->package);
}

double cores_draw(FILE *stream, const struct report *report, double width)
{
	struct core_views views = core_views(report);
	struct cursor at = {.left = PACKAGE_NAME, .right = width};

	at.cell = cell_width(report, &views);
	for (unsigned i = 0; i < views.count; i++) {
		const struct core_view *view = &views.items[i];
		if (i == 0 || views.items[i - 1].cpu->package != view->cpu->package) {
			begin_package(stream, view, &at, i == 0);
		} else if (view->sibling) {
			at.x += 1 - CELL_GAP;
		} else if (at.x + group_width(&views, i, at.cell) > at.right) {
			at.x = at.left;
			at.y += CELL_HEIGHT + LINE_GAP;
		}
		draw_cell(stream, report, view, &at);
		at.x += at.cell + CELL_GAP;
	}
	return views.count ? at.y + CELL_HEIGHT : 0;
}
