/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <string.h>

#include "map_cores.h"
#include "map_style.h"
#include "report_human.h"
#include "report_page.h"
#include "report_xml.h"

/* Up to these a picture with all numbers fits on a page. */
#define MOST_HOST_ROWS  36
#define MOST_GUEST_ROWS 24
#define MOST_VMS        8

void report_prepare(struct report *report)
{
	const struct model *model = report->model;

	report->placed = placed_memory(model, report->placement, report->arena);
	report->host = space_host(model, &report->placed, report->arena);
	report->guests =
		arena_alloc(report->arena, (model->vm_count + 1) * sizeof(*report->guests));
	report->dense = model->vm_count > MOST_VMS || report->host.count > MOST_HOST_ROWS;
	for (unsigned i = 0; i < model->vm_count; i++) {
		report->guests[i] = space_guest(model, i, report->arena);
		report->dense |= report->guests[i].count > MOST_GUEST_ROWS;
	}
	if (report->dense)
		space_merge(&report->host);
}

/* --- Head of the page -------------------------------------------------------------------------- */

static const char *hash_text(const struct report *report)
{
	static const uint8_t none[SCENARIO_HASH_SIZE];
	char text[SCENARIO_HASH_SIZE * 2 + 1];

	if (!memcmp(report->model->hash, none, sizeof(none)))
		return ""; /* it was not read so far */
	for (size_t i = 0; i < SCENARIO_HASH_SIZE; i++)
		snprintf(&text[i * 2], 3, "%02x", report->model->hash[i]);
	return arena_strdup(report->arena, text);
}

static const char *status_text(const struct report *report)
{
	const char *text = "";

	for (unsigned i = 0; i < SEVERITY_COUNT; i++) {
		unsigned count = diagnostics_count(report->diagnostics, (enum severity)i);
		if (count)
			text = arena_format(
				report->arena, "%s%s%s", text, *text ? ", " : "",
				human_count(report->arena, count, severity_name((enum severity)i)));
	}
	return *text ? text : "No findings";
}

static const char *status_class(const struct report *report)
{
	if (diagnostics_count(report->diagnostics, SEVERITY_ERROR))
		return "error";
	return diagnostics_count(report->diagnostics, SEVERITY_WARNING) ? "warning" : "note";
}

static void write_status(FILE *stream, const struct report *report)
{
	xml_print(stream, "<p class=\"status %s\">", status_class(report));
	if (report->diagnostics->count)
		xml_print(stream, "<a href=\"#findings\">%s</a></p>\n", status_text(report));
	else
		xml_print(stream, "%s</p>\n", status_text(report));
}

static const char *cores_fact(const struct report *report)
{
	struct core_views views = core_views(report);
	unsigned given = 0;

	for (unsigned i = 0; i < views.count; i++)
		given += views.items[i].party.kind >= PARTY_VM;
	return views.count
		       ? arena_format(report->arena, "%u, of which VMs have %u", views.count, given)
		       : "";
}

static const char *ram_fact(const struct report *report)
{
	uint64_t ram = 0, given = 0;

	for (unsigned i = 0; i < report->host.count; i++) {
		const struct segment *segment = &report->host.items[i];
		enum party_kind kind = segment->party.kind;
		bool vm = kind == PARTY_SHARED ||
			  (kind == PARTY_VM && segment->memory->kind == MEMORY_RAM);
		if (vm)
			given += segment_size(segment);
		if (vm || kind == PARTY_FREE || kind == PARTY_HYPERVISOR ||
		    kind == PARTY_TRAMPOLINE || kind == PARTY_IMAGES || kind == PARTY_CONFLICT)
			ram += segment_size(segment);
	}
	return ram ? arena_format(report->arena, "%s, of which VMs have %s",
				  human_size(report->arena, ram), human_size(report->arena, given))
		   : "";
}

static const char *frequency_fact(const struct report *report)
{
	uint64_t hertz = report->model->board.tsc_frequency_hz;

	if (!hertz)
		return "";
	if (hertz % 1000000 == 0)
		return arena_format(report->arena, "%lu MHz", (unsigned long)(hertz / 1000000));
	return arena_format(report->arena, "%lu.%03lu MHz", (unsigned long)(hertz / 1000000),
			    (unsigned long)(hertz / 1000 % 1000));
}

static const char *page_sizes_fact(const struct report *report)
{
	const struct board *board = &report->model->board;
	struct names names = {.arena = report->arena};

	for (unsigned i = 0; i < board->ept_page_size_count; i++)
		names_add(&names, human_size(report->arena, board->ept_page_sizes[i].value));
	return names_join(&names);
}

static const char *controls_fact(const struct report *report)
{
	const struct board *board = &report->model->board;
	struct names names = {.arena = report->arena};

	for (unsigned i = 0; i < board->missing_control_count; i++)
		if (board->missing_controls[i].value)
			names_add(&names, board->missing_controls[i].value);
	return names_join(&names);
}

static void write_head_facts(FILE *stream, const struct report *report)
{
	const struct model *model = report->model;

	fputs("<dl class=\"facts head\">\n", stream);
	page_fact(stream, "Board", model->board.model);
	page_fact(stream, "VMs", arena_format(report->arena, "%u", model->vm_count));
	page_fact(stream, "Cores", cores_fact(report));
	page_fact(stream, "Memory", ram_fact(report));
	page_fact(stream, "Time stamp counter", frequency_fact(report));
	page_fact(stream, "EPT page sizes", page_sizes_fact(report));
	page_fact(stream, "VMX controls not there", controls_fact(report));
	page_fact(stream, "Source", page_path(report, model->file));
	page_fact(stream, "SHA-256", hash_text(report));
	fputs("</dl>\n", stream);
}

static void write_contents(FILE *stream, const struct report *report)
{
	const struct model *model = report->model;
	const struct {
		const char *id, *name;
		bool there;
	} entries[] = {
		{"findings", "Findings", report->diagnostics->count != 0},
		{"owners", "Who owns what", true},
		{"cores", "Cores", model->board.cpu_count != 0},
		{"memory", "Memory and VMs", true},
		{"sharing", "Shared memory", model->share_count != 0},
		{"devices", "Devices", model->board.device_count > model->board.pci_count},
		{"pci", "PCI", model->board.pci_count != 0},
		{"ports", "I/O ports", model->board.given},
		{"interrupts", "Interrupts", model->board.ioapic_count != 0},
		{"modules", "Modules", model->module_count != 0},
	};

	fputs("<nav aria-label=\"Contents\"><ul>\n", stream);
	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++)
		if (entries[i].there)
			fprintf(stream, "<li><a href=\"#%s\">%s</a></li>\n", entries[i].id,
				entries[i].name);
	fputs("</ul></nav>\n", stream);
}

static void write_head(FILE *stream, const struct report *report)
{
	const struct model *model = report->model;

	fputs("<header>\n<p class=\"kicker\">Bulkhead scenario</p>\n", stream);
	xml_print(stream, "<h1>%s</h1>\n", model->name);
	if (*model->description)
		xml_print(stream, "<p class=\"lead\">%s</p>\n", model->description);
	write_status(stream, report);
	write_head_facts(stream, report);
	if (model->vm_count || model->board.given)
		write_contents(stream, report);
	fputs("</header>\n", stream);
}

/* --- The page ---------------------------------------------------------------------------------- */

static void write_document_head(FILE *stream, const struct report *report)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
	      "<meta charset=\"utf-8\"/>\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
	      "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
	      /* Nothing is loaded and nothing runs, whatever a scenario holds. */
	      "<meta http-equiv=\"Content-Security-Policy\" "
	      "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n",
	      stream);
	xml_print(stream, "<title>%s · Bulkhead scenario</title>\n<style>\n", report->model->name);
	map_write_style(stream, report->model->vm_count);
	page_write_style(stream);
	fputs("</style>\n</head>\n", stream);
}

static void write_sections(FILE *stream, const struct report *report)
{
	page_findings(stream, report);
	if (!report->model->vm_count && !report->model->board.given)
		return;
	page_owners(stream, report);
	page_cores(stream, report);
	page_memory(stream, report);
	page_sharing(stream, report);
	page_devices(stream, report);
	page_pci(stream, report);
	page_ports(stream, report);
	page_interrupts(stream, report);
	page_modules(stream, report);
}

void report_write(FILE *stream, const struct report *report)
{
	write_document_head(stream, report);
	fputs("<body>\n<svg class=\"patterns\" width=\"0\" height=\"0\" aria-hidden=\"true\">",
	      stream);
	party_write_patterns(stream, report->model->vm_count);
	fputs("</svg>\n", stream);
	write_head(stream, report);
	fputs("<main>\n", stream);
	write_sections(stream, report);
	fputs("</main>\n</body>\n</html>\n", stream);
}
