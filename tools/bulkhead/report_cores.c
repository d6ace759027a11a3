/* SPDX-License-Identifier: Apache-2.0 */
/* Cores as cells that flow with the page's width: packages, in them cores, in those threads. */
#include <string.h>

#include "map_cores.h"
#include "report_human.h"
#include "report_page.h"
#include "report_xml.h"

static void write_cell(FILE *stream, const struct core_view *view)
{
	xml_print(stream, "<li class=\"cell%s\" title=\"%s: core %u, thread %u, APIC id %lu\">",
		  view->party.kind == PARTY_DISABLED ? " off" : "", view->cpu->label,
		  view->cpu->core, view->cpu->thread, (unsigned long)view->cpu->apic_id.value);
	xml_print(stream,
		  "<svg class=\"ground\" aria-hidden=\"true\"><rect class=\"%s\" width=\"100%%\" "
		  "height=\"100%%\"/></svg>",
		  party_fill(view->party));
	xml_print(stream, "<span class=\"ink %s\"><b>%s</b> %s<br/>%s</span></li>\n",
		  party_label(view->party), view->cpu->label, view->boot ? "boot" : "",
		  view->owner);
}

/* Characters of the longest line in a cell, so that all cells get the same width. */
static unsigned longest_line(const struct core_views *views)
{
	size_t longest = 8;

	for (unsigned i = 0; i < views->count; i++) {
		size_t label = strlen(views->items[i].cpu->label) + strlen(" boot");
		size_t owner = strlen(views->items[i].owner);
		longest = label > longest ? label : longest;
		longest = owner > longest ? owner : longest;
	}
	return longest < 20 ? (unsigned)longest : 20;
}

static void begin_package(FILE *stream, const struct report *report, const struct core_views *views,
			  unsigned first)
{
	uint32_t package = views->items[first].cpu->package;
	unsigned count = 0;

	while (first + count < views->count && views->items[first + count].cpu->package == package)
		count++;
	xml_print(
		stream,
		"<h3>Package %u <small>%s</small></h3>\n<ul class=\"cores\" style=\"--cell:%u\">\n",
		package, human_count(report->arena, count, views->smt ? "thread" : "core"),
		longest_line(views));
}

static bool same_package(const struct core_view *a, const struct core_view *b)
{
	return a->cpu->package == b->cpu->package;
}

/* Threads of one core are a list in the list, so that they keep together. */
static void write_view(FILE *stream, const struct core_views *views, unsigned index)
{
	const struct core_view *view = &views->items[index];
	bool last = index + 1 == views->count || !views->items[index + 1].sibling;

	if (view->has_sibling && !view->sibling)
		xml_print(stream, "<li class=\"siblings\"><ul aria-label=\"core %u\">\n",
			  view->cpu->core);
	write_cell(stream, view);
	if (view->has_sibling && last)
		fputs("</ul></li>\n", stream);
}

void page_cores(FILE *stream, const struct report *report)
{
	struct core_views views = core_views(report);

	if (!views.count)
		return;
	fputs("<section id=\"cores\">\n<h2>Cores</h2>\n", stream);
	if (views.smt)
		fputs("<p class=\"hint\">Threads that share a core stand together in a frame.</p>\n",
		      stream);
	for (unsigned i = 0; i < views.count; i++) {
		if (i == 0 || !same_package(&views.items[i - 1], &views.items[i]))
			begin_package(stream, report, &views, i);
		write_view(stream, &views, i);
		if (i + 1 == views.count || !same_package(&views.items[i], &views.items[i + 1]))
			fputs("</ul>\n", stream);
	}
	fputs("</section>\n", stream);
}
