/* SPDX-License-Identifier: Apache-2.0 */
/* The map: title, cores, the host's memory and beside it each VM's view, as one SVG picture. */
#include <stdlib.h>
#include <string.h>

#include "map_cores.h"
#include "map_memory.h"
#include "map_scale.h"
#include "map_style.h"
#include "report_human.h"
#include "report_xml.h"

#define MARGIN        24.0
#define SECTION_GAP   34.0
#define COLUMN_GAP    44.0
#define CAPTION       30.0 /* from a heading to what it is about */
#define LEAST_WIDTH   960.0
#define HEADING_SIZE  15.0
#define VM_TITLE_SIZE 13.0

/* The sizes are known only when all is drawn, but stand in the first line: so into memory first. */
struct drawing {
	FILE *stream;
	char *text;
	size_t size;
	double width, height; /* of what has been drawn */
};

static void extend(struct drawing *drawing, double right, double bottom)
{
	drawing->width = right > drawing->width ? right : drawing->width;
	drawing->height = bottom > drawing->height ? bottom : drawing->height;
}

static void draw_head(struct drawing *drawing, const struct report *report)
{
	const struct model *model = report->model;
	double size = 13;

	xml_print(drawing->stream, "<text class=\"title\" x=\"0\" y=\"18\">%s</text>\n",
		  model->name);
	const char *text = arena_format(report->arena, "%s%s%s", model->description,
					*model->description ? " · " : "", model->board.model);
	xml_print(drawing->stream, "<text class=\"subtitle dim\" x=\"0\" y=\"40\">%s</text>\n",
		  text_fit(report->arena, text, size, LEAST_WIDTH));
	extend(drawing, LEAST_WIDTH, 44);
}

static void draw_heading(struct drawing *drawing, const char *text, double x, double y)
{
	xml_print(drawing->stream, "<text class=\"heading\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", x,
		  y, text);
}

/* "2 cores, 256 MiB; com1, rtc" */
static const char *vm_summary(const struct report *report, unsigned index)
{
	const struct vm *vm = &report->model->vms[index];
	struct names devices = {.arena = report->arena};
	const struct space *space = &report->guests[index];

	for (unsigned i = 0; i < vm->device_count; i++)
		names_add(&devices, vm->devices[i].label);
	return arena_format(report->arena, "%s, %s%s%s",
			    human_count(report->arena, vm->cpu_count, "core"),
			    human_size(report->arena, space_total(space, party_vm(index))),
			    devices.count ? "; " : "", names_join(&devices));
}

static void draw_vm_title(struct drawing *drawing, const struct report *report, unsigned vm,
			  double x, double y)
{
	const char *title = report->dense ? arena_format(report->arena, "%u %s", vm + 1,
							 report->model->vms[vm].name)
					  : report->model->vms[vm].name;
	double at = x + 22 + text_width(title, VM_TITLE_SIZE) + 12;
	double room = x + STRIP_WIDTH - at;

	xml_print(drawing->stream,
		  "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"14\" rx=\"3\"/>",
		  party_fill(party_vm(vm)), x, y - 12);
	xml_print(drawing->stream, "<text class=\"vm\" x=\"%.1f\" y=\"%.1f\">%s</text>", x + 22, y,
		  title);
	if (room > 60)
		xml_print(drawing->stream,
			  "<text class=\"text dim\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", at, y,
			  text_fit(report->arena, vm_summary(report, vm), 12, room));
	extend(drawing, x + STRIP_WIDTH, y);
}

static void draw_figure(struct drawing *drawing, const struct memory_figure *figure, double x,
			double y)
{
	fprintf(drawing->stream, "<g transform=\"translate(%.1f %.1f)\">\n", x, y);
	memory_figure_draw(drawing->stream, figure);
	fputs("</g>\n", drawing->stream);
	extend(drawing, x + figure->width, y + figure->height);
}

static void draw_guests(struct drawing *drawing, const struct report *report, double x, double y)
{
	draw_heading(drawing, "What each VM sees (guest-physical)", x, y);
	y += CAPTION;
	for (unsigned i = 0; i < report->model->vm_count; i++) {
		struct memory_figure figure;
		memory_figure_guest(&figure, report, i);
		draw_vm_title(drawing, report, i, x, y);
		draw_figure(drawing, &figure, x, y + 10);
		y += 10 + figure.height + (report->dense ? 24 : SECTION_GAP);
	}
}

static void draw_memory(struct drawing *drawing, const struct report *report)
{
	double y = drawing->height + SECTION_GAP;
	struct memory_figure host;

	memory_figure_host(&host, report);
	draw_heading(drawing, "Host memory", 0, y);
	draw_figure(drawing, &host, 0, y + CAPTION - 12);
	draw_guests(drawing, report, host.width + COLUMN_GAP, y);
}

static void draw_cores(struct drawing *drawing, const struct report *report)
{
	double y = drawing->height + SECTION_GAP;

	draw_heading(drawing, "Cores", 0, y);
	y += CAPTION - 12;
	fprintf(drawing->stream, "<g transform=\"translate(0 %.1f)\">\n", y);
	y += cores_draw(drawing->stream, report, report->dense ? 1240 : LEAST_WIDTH);
	fputs("</g>\n", drawing->stream);
	extend(drawing, 0, y);
}

static void write_svg(FILE *stream, const struct report *report, const struct drawing *drawing)
{
	double width = drawing->width + 2 * MARGIN;
	double height = drawing->height + 2 * MARGIN;

	fprintf(stream,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
		"viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-labelledby=\"map-title\">\n",
		width, height, width, height);
	xml_print(stream, "<title id=\"map-title\">Bulkhead scenario %s: who owns what</title>\n",
		  report->model->name);
	fputs("<style>\n", stream);
	map_write_style(stream, report->model->vm_count);
	fputs("</style>\n", stream);
	party_write_patterns(stream, report->model->vm_count);
	fprintf(stream,
		"<rect class=\"page\" width=\"100%%\" height=\"100%%\"/>\n"
		"<g transform=\"translate(%.0f %.0f)\">\n",
		MARGIN, MARGIN);
	fwrite(drawing->text, 1, drawing->size, stream);
	fputs("</g>\n</svg>\n", stream);
}

void map_write(FILE *stream, const struct report *report)
{
	struct drawing drawing = {0};

	drawing.stream = open_memstream(&drawing.text, &drawing.size);
	if (!drawing.stream)
		return; /* the caller sees that nothing was written */
	draw_head(&drawing, report);
	draw_cores(&drawing, report);
	draw_memory(&drawing, report);
	if (fclose(drawing.stream) == 0)
		write_svg(stream, report, &drawing);
	free(drawing.text);
}
