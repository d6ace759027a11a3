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

/* A cache that the board says nothing about comes last. */
static int compare_groups(const struct number *a, const struct number *b)
{
	if (a->given != b->given)
		return a->given ? -1 : 1;
	return compare_numbers(a->value, b->value);
}

static int compare_views(const void *left, const void *right)
{
	const struct board_cpu *a = ((const struct core_view *)left)->cpu;
	const struct board_cpu *b = ((const struct core_view *)right)->cpu;
	int order = compare_numbers(a->package, b->package);

	if (!order)
		order = compare_groups(&a->l3_group, &b->l3_group);
	if (!order)
		order = compare_groups(&a->l2_group, &b->l2_group);
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

static void compare_to_before(struct core_views *views, unsigned index)
{
	const struct board_cpu *before = views->items[index - 1].cpu;
	struct core_view *view = &views->items[index];
	const struct board_cpu *cpu = view->cpu;

	view->same_package = before->package == cpu->package;
	view->same_l3 = view->same_package && !compare_groups(&before->l3_group, &cpu->l3_group);
	view->same_l2 = view->same_l3 && cpu->l2_group.given &&
			!compare_groups(&before->l2_group, &cpu->l2_group);
	/* In the groups too, whatever the board says: they are drawn one inside the other. */
	view->same_core = view->same_l3 && !compare_groups(&before->l2_group, &cpu->l2_group) &&
			  before->core == cpu->core;
	if (view->same_core)
		view->shares_core = views->items[index - 1].shares_core = views->smt = true;
}

/* All that have an L2 cache in common, if they are more than one core. */
static void mark_l2(struct core_views *views, unsigned first)
{
	unsigned end = first + 1;
	bool several = false;

	for (; end < views->count && views->items[end].same_l2; end++)
		several |= !views->items[end].same_core;
	for (unsigned i = first; several && i < end; i++)
		views->items[i].shares_l2 = views->l2 = true;
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
	for (unsigned i = 0; i < views.count; i++) {
		const struct board_cpu *cpu = views.items[i].cpu;
		if (i > 0)
			compare_to_before(&views, i);
		views.l3 |= cpu->l3_group.given;
		views.efficient |= cpu->kind_given && cpu->kind == CPU_EFFICIENT;
	}
	for (unsigned i = 0; i < views.count; i++)
		if (!views.items[i].same_l2)
			mark_l2(&views, i);
	return views;
}

/* --- Drawing ----------------------------------------------------------------------------------- */

const char *core_title(struct arena *arena, const struct core_view *view)
{
	const struct board_cpu *cpu = view->cpu;
	const char *text =
		arena_format(arena, "package %u, core %u, thread %u, APIC id %lu", cpu->package,
			     cpu->core, cpu->thread, (unsigned long)cpu->apic_id.value);

	if (cpu->l2_group.given)
		text = arena_format(arena, "%s, L2 cache %lu", text,
				    (unsigned long)cpu->l2_group.value);
	if (cpu->l3_group.given)
		text = arena_format(arena, "%s, L3 cache %lu", text,
				    (unsigned long)cpu->l3_group.value);
	return arena_format(arena, "%s%s%s", text,
			    cpu->kind_given && cpu->kind == CPU_EFFICIENT ? ", efficient core" : "",
			    view->boot ? ", boot processor of its VM" : "");
}

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

	xml_print(stream, "<g><title>%s: %s\n%s</title>", view->cpu->label, view->owner,
		  core_title(report->arena, view));
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

	while (first + count < views->count && views->items[first + count].same_core)
		count++;
	return cell * count + (count - 1);
}

/* A package or an L3 cache begins a line of its own. */
static void begin_group(FILE *stream, const struct core_view *view, struct cursor *at, bool first)
{
	bool cache = view->cpu->l3_group.given;

	if (!first)
		at->y += CELL_HEIGHT + LINE_GAP * (view->same_package ? 1 : 2);
	at->x = at->left;
	if (!view->same_package)
		xml_print(stream, "<text class=\"text\" x=\"0\" y=\"%.1f\">package %u</text>\n",
			  at->y + (cache ? 11 : CELL_HEIGHT / 2) + BASELINE, view->cpu->package);
	if (cache)
		xml_print(stream,
			  "<text class=\"text dim\" x=\"0\" y=\"%.1f\">L3 cache %lu</text>\n",
			  at->y + (view->same_package ? CELL_HEIGHT / 2 : 26) + BASELINE,
			  (unsigned long)view->cpu->l3_group.value);
}

double cores_draw(FILE *stream, const struct report *report, double width)
{
	struct core_views views = core_views(report);
	struct cursor at = {.left = PACKAGE_NAME, .right = width};

	at.cell = cell_width(report, &views);
	for (unsigned i = 0; i < views.count; i++) {
		const struct core_view *view = &views.items[i];
		if (!view->same_l3) {
			begin_group(stream, view, &at, i == 0);
		} else if (view->same_core) {
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
