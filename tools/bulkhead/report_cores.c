/* SPDX-License-Identifier: Apache-2.0 */
/* Cores as cells that flow with the page's width: packages, in them cores, in those threads. */
#include <string.h>

#include "map_cores.h"
#include "report_human.h"
#include "report_page.h"
#include "report_xml.h"

static bool is_efficient(const struct core_view *view)
{
	return view->cpu->kind_given && view->cpu->kind == CPU_EFFICIENT;
}

static void write_cell(FILE *stream, const struct report *report, const struct core_view *view)
{
	xml_print(stream, "<li class=\"cell%s\" title=\"%s: %s\">",
		  view->party.kind == PARTY_DISABLED ? " off" : "", view->cpu->label,
		  core_title(report->arena, view));
	xml_print(stream,
		  "<svg class=\"ground\" aria-hidden=\"true\"><rect class=\"%s\" width=\"100%%\" "
		  "height=\"100%%\"/></svg>",
		  party_fill(view->party));
	xml_print(stream, "<span class=\"ink %s\"><b>%s</b>%s%s<br/>%s</span></li>\n",
		  party_label(view->party), view->cpu->label, view->boot ? " boot" : "",
		  is_efficient(view) ? " E" : "", view->owner);
}

/* Characters of the longest line in a cell, so that all cells get the same width. */
static unsigned longest_line(const struct core_views *views)
{
	size_t longest = 8;

	for (unsigned i = 0; i < views->count; i++) {
		size_t label = strlen(views->items[i].cpu->label) +
			       strlen(views->efficient ? " boot E" : " boot");
		size_t owner = strlen(views->items[i].owner);
		longest = label > longest ? label : longest;
		longest = owner > longest ? owner : longest;
	}
	return longest < 20 ? (unsigned)longest : 20;
}

static unsigned count_package(const struct core_views *views, unsigned first)
{
	unsigned count = 1;

	while (first + count < views->count && views->items[first + count].same_package)
		count++;
	return count;
}

/* Lists in the list keep together what shares an L2 cache, and in those what shares a core. */
static void begin_groups(FILE *stream, const struct report *report, const struct core_views *views,
			 unsigned index)
{
	const struct core_view *view = &views->items[index];

	if (!view->same_package)
		xml_print(stream, "<h3>Package %u <small>%s</small></h3>\n", view->cpu->package,
			  human_count(report->arena, count_package(views, index),
				      views->smt ? "thread" : "core"));
	if (!view->same_l3 && view->cpu->l3_group.given)
		xml_print(stream, "<h4>L3 cache %lu</h4>\n",
			  (unsigned long)view->cpu->l3_group.value);
	if (!view->same_l3)
		xml_print(stream, "<ul class=\"cores\" style=\"--cell:%u\">\n",
			  longest_line(views));
	if (view->shares_l2 && !view->same_l2)
		xml_print(stream, "<li class=\"l2\"><ul aria-label=\"L2 cache %lu\">\n",
			  (unsigned long)view->cpu->l2_group.value);
	if (view->shares_core && !view->same_core)
		xml_print(stream, "<li class=\"siblings\"><ul aria-label=\"core %u\">\n",
			  view->cpu->core);
}

static void end_groups(FILE *stream, const struct core_views *views, unsigned index)
{
	const struct core_view *view = &views->items[index];
	const struct core_view *next = index + 1 < views->count ? view + 1 : NULL;

	if (view->shares_core && !(next && next->same_core))
		fputs("</ul></li>\n", stream);
	if (view->shares_l2 && !(next && next->same_l2))
		fputs("</ul></li>\n", stream);
	if (!next || !next->same_l3)
		fputs("</ul>\n", stream);
}

static void write_hint(FILE *stream, const struct core_views *views)
{
	if (!views->smt && !views->l2 && !views->efficient)
		return;
	fprintf(stream, "<p class=\"hint\">%s%s%s</p>\n",
		views->smt ? "Threads that share a core stand together in a frame. " : "",
		views->l2 ? "A dashed frame holds cores that share an L2 cache. " : "",
		views->efficient ? "E marks efficient cores." : "");
}

void page_cores(FILE *stream, const struct report *report)
{
	struct core_views views = core_views(report);

	if (!views.count)
		return;
	fputs("<section id=\"cores\">\n<h2>Cores</h2>\n", stream);
	write_hint(stream, &views);
	for (unsigned i = 0; i < views.count; i++) {
		begin_groups(stream, report, &views, i);
		write_cell(stream, report, &views.items[i]);
		end_groups(stream, &views, i);
	}
	fputs("</section>\n", stream);
}
