/* SPDX-License-Identifier: Apache-2.0 */
#include "map_column.h"

#include "map_scale.h"
#include "report_human.h"
#include "report_xml.h"

#define LINE_HEIGHT 20.0
#define ROW_GAP     2.0
#define TEXT_SIZE   12.0
#define BAR_WIDTH   14.0
#define FAN_WIDTH   34.0
#define BLOCK_WIDTH 124.0
#define TEXT_GAP    16.0
#define BASELINE    4.2 /* from the middle of a line of TEXT_SIZE down to where its letters stand */

static double block_x(const struct column *column)
{
	return column->bar ? BAR_WIDTH + FAN_WIDTH : 0;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

void column_layout(struct column *column, struct arena *arena)
{
	double addresses = 0, size = 0, detail = 0, y = 0;

	for (unsigned i = 0; i < column->row_count; i++) {
		struct column_row *row = &column->rows[i];
		struct span span = row->segment->span;
		bool nothing = row->segment->party.kind == PARTY_NOTHING;
		row->addresses = human_span(arena, span);
		row->size = human_size(arena, segment_size(row->segment));
		row->y = y;
		row->height = LINE_HEIGHT + (nothing ? 0 : scale_log(segment_size(row->segment)));
		y += row->height + ROW_GAP;
		addresses = larger(addresses, code_width(row->addresses, TEXT_SIZE));
		size = larger(size, text_width(row->size, TEXT_SIZE));
		detail = larger(detail, text_width(row->detail, TEXT_SIZE));
	}
	column->size_x = block_x(column) + BLOCK_WIDTH + TEXT_GAP + addresses + TEXT_GAP + size;
	column->detail_x = column->size_x + TEXT_GAP;
	column->width = column->detail_x + detail;
	column->height = larger(0, y - ROW_GAP);
}

static void draw_block(FILE *stream, const struct column *column, const struct column_row *row,
		       struct arena *arena)
{
	struct party party = row->segment->party;
	double x = block_x(column);

	xml_print(stream,
		  "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
		  "rx=\"3\"/>",
		  party_fill(party), x, row->y, BLOCK_WIDTH, row->height);
	xml_print(stream, "<text class=\"label middle %s\" x=\"%.1f\" y=\"%.1f\">%s</text>",
		  party_label(party), x + BLOCK_WIDTH / 2, row->y + row->height / 2 + BASELINE,
		  text_fit(arena, row->block, TEXT_SIZE, BLOCK_WIDTH - 8));
}

static void draw_row(FILE *stream, const struct column *column, const struct column_row *row,
		     struct arena *arena)
{
	const char *dim =
		row->segment->party.kind == PARTY_NOTHING || row->segment->party.kind == PARTY_FREE
			? " dim"
			: "";
	double y = row->y + row->height / 2 + BASELINE;

	xml_print(stream, "<g><title>%s</title>", row->title);
	draw_block(stream, column, row, arena);
	xml_print(stream, "<text class=\"code%s\" x=\"%.1f\" y=\"%.1f\">%s</text>", dim,
		  block_x(column) + BLOCK_WIDTH + TEXT_GAP, y, row->addresses);
	xml_print(stream, "<text class=\"text end%s\" x=\"%.1f\" y=\"%.1f\">%s</text>", dim,
		  column->size_x, y, row->size);
	if (*row->detail)
		xml_print(stream, "<text class=\"text%s\" x=\"%.1f\" y=\"%.1f\">%s</text>", dim,
			  column->detail_x, y, row->detail);
	fputs("</g>\n", stream);
}

/* From a part of the bar to its block. */
static void draw_fan(FILE *stream, const struct column_row *row, double top, double bottom)
{
	xml_print(stream,
		  "<path class=\"fan %s\" d=\"M%.1f %.1f L%.1f %.1f V%.1f L%.1f %.1f z\"/>\n",
		  party_fill(row->segment->party), BAR_WIDTH, top, BAR_WIDTH + FAN_WIDTH, row->y,
		  row->y + row->height, BAR_WIDTH, bottom);
}

static void draw_bar(FILE *stream, const struct column *column, struct arena *arena)
{
	unsigned count = column->row_count;
	uint64_t *sizes = arena_alloc(arena, (count + 1) * sizeof(*sizes));
	double *shares = arena_alloc(arena, (count + 1) * sizeof(*shares));
	double y = 0;

	for (unsigned i = 0; i < count; i++)
		if (column->rows[i].segment->party.kind != PARTY_NOTHING)
			sizes[i] = segment_size(column->rows[i].segment);
	scale_share(sizes, count, column->height, 1, shares);
	for (unsigned i = 0; i < count; i++) {
		const struct column_row *row = &column->rows[i];
		if (row->segment->party.kind != PARTY_NOTHING) {
			xml_print(stream,
				  "<rect class=\"bar %s\" x=\"0\" y=\"%.1f\" width=\"%.1f\" "
				  "height=\"%.1f\"><title>%s</title></rect>",
				  party_fill(row->segment->party), y, BAR_WIDTH, shares[i],
				  row->title);
			draw_fan(stream, row, y, y + shares[i]);
		}
		y += shares[i];
	}
}

void column_draw(FILE *stream, const struct column *column, struct arena *arena)
{
	if (column->bar)
		draw_bar(stream, column, arena);
	for (unsigned i = 0; i < column->row_count; i++)
		draw_row(stream, column, &column->rows[i], arena);
}
