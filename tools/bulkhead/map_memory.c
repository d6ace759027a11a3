/* SPDX-License-Identifier: Apache-2.0 */
#include "map_memory.h"

#include "map_scale.h"
#include "report_human.h"

const char *memory_host_text(const struct report *report, const struct vm_memory *memory)
{
	struct span span;

	if (!memory_placed_span(&report->placed, memory, &span))
		return "nowhere";
	return arena_format(report->arena, "0x%lx", (unsigned long)span.first);
}

const char *memory_share_text(const struct report *report, uint32_t share)
{
	const struct model *model = report->model;
	struct names names = {.arena = report->arena};

	for (unsigned i = 0; i < model->vm_count; i++)
		for (unsigned j = 0; j < model->vms[i].memory_count; j++) {
			const struct vm_memory *memory = &model->vms[i].memory[j];
			if (memory->kind == MEMORY_SHARED && memory->share == share)
				names_add(&names,
					  arena_format(report->arena, "%s %s", model->vms[i].name,
						       human_access(memory->permissions)));
		}
	return names_join(&names);
}

/* --- Texts of a row ---------------------------------------------------------------------------- */

static const char *memory_detail(const struct report *report, const struct vm_memory *memory)
{
	return arena_format(report->arena, "guest 0x%lx, %s%s", (unsigned long)memory->guest.value,
			    human_access(memory->permissions),
			    memory->kind == MEMORY_DEVICE ? ", registers" : "");
}

static const char *host_detail(const struct report *report, const struct segment *segment)
{
	switch (segment->party.kind) {
	case PARTY_VM:
		return memory_detail(report, segment->memory);
	case PARTY_SHARED:
		return memory_share_text(report, segment->memory->share);
	case PARTY_HYPERVISOR:
		return "image, tables, stacks";
	case PARTY_IMAGES:
		return "VMs restart from them";
	case PARTY_TRAMPOLINE:
		return "starts the cores";
	case PARTY_NOTHING:
	case PARTY_FREE:
		return "";
	default:
		return segment->name;
	}
}

static const char *host_block(const struct report *report, const struct segment *segment)
{
	switch (segment->party.kind) {
	case PARTY_NOTHING:
		return "no RAM";
	case PARTY_APIC:
		return "interrupts";
	case PARTY_SHARED:
		return report->model->shares[segment->memory->share].name;
	default:
		return party_name(report->model, segment->party);
	}
}

static const char *guest_detail(const struct report *report, const struct segment *segment)
{
	bool shared = segment->party.kind == PARTY_SHARED;

	if (segment->party.kind == PARTY_VM || shared)
		return arena_format(
			report->arena, "%s, host %s%s", human_access(segment->memory->permissions),
			memory_host_text(report, segment->memory), shared ? ", shared" : "");
	return segment->party.kind == PARTY_APIC       ? "emulated"
	       : segment->party.kind == PARTY_CONFLICT ? segment->name
						       : "";
}

static const char *guest_block(const struct report *report, const struct segment *segment)
{
	switch (segment->party.kind) {
	case PARTY_VM:
		return segment->memory->kind == MEMORY_RAM ? "RAM" : segment->name;
	case PARTY_SHARED:
		return report->model->shares[segment->memory->share].name;
	case PARTY_NOTHING:
		return "not mapped";
	case PARTY_CONFLICT:
		return "conflict";
	default:
		return segment->name;
	}
}

/* --- Figures ----------------------------------------------------------------------------------- */

static const char *row_title(const struct report *report, const struct segment *segment,
			     const char *block)
{
	return arena_format(report->arena, "%s%s%s: %s\n%s", block, *segment->name ? ", " : "",
			    segment->name, human_span(report->arena, segment->span),
			    exact_size(report->arena, segment_size(segment)));
}

static void fill_column(struct memory_figure *figure)
{
	const struct report *report = figure->report;
	struct column *column = &figure->column;

	for (unsigned i = 0; i < figure->space->count; i++) {
		const struct segment *segment = &figure->space->items[i];
		struct column_row *row = ARENA_PUSH(report->arena, column->rows, column->row_count);
		row->segment = segment;
		row->block =
			figure->guest ? guest_block(report, segment) : host_block(report, segment);
		row->detail = figure->guest ? guest_detail(report, segment)
					    : host_detail(report, segment);
		row->title = row_title(report, segment, row->block);
	}
	column->bar = !figure->guest;
	column_layout(column, report->arena);
	figure->width = column->width;
	figure->height = column->height;
}

void memory_figure_host(struct memory_figure *figure, const struct report *report)
{
	*figure = (struct memory_figure){.report = report, .space = &report->host};
	if (!report->dense) {
		fill_column(figure);
		return;
	}
	strip_layout(&figure->strip, report->model, &report->host, report->arena);
	figure->width = figure->strip.width;
	figure->height = figure->strip.height;
}

void memory_figure_guest(struct memory_figure *figure, const struct report *report, unsigned vm)
{
	*figure = (struct memory_figure){
		.report = report,
		.space = &report->guests[vm],
		.guest = true,
		.width = STRIP_WIDTH,
		.height = STRIP_HEIGHT,
	};
	if (!report->dense)
		fill_column(figure);
}

void memory_figure_draw(FILE *stream, const struct memory_figure *figure)
{
	const struct report *report = figure->report;

	if (!report->dense)
		column_draw(stream, &figure->column, report->arena);
	else if (figure->guest)
		strip_draw_guest(stream, report->model, figure->space, report->arena);
	else
		strip_draw(stream, &figure->strip, report->arena);
}

const char *memory_figure_scale(const struct memory_figure *figure)
{
	if (figure->report->dense)
		return arena_format(
			figure->report->arena,
			"Each line is %s, from left to right; lines without memory are "
			"left out, free ones drawn as one. Within a line lengths are to "
			"scale, but nothing is thinner than 2 px.",
			human_size(figure->report->arena, figure->strip.bytes_per_line));
	return "The narrow bar is to scale. The blocks beside it are one line high at least and grow "
	       "with the logarithm of their size, so that small ones stay readable.";
}
