/* SPDX-License-Identifier: Apache-2.0 */
#include "map_strip.h"

#include "map_scale.h"
#include "report_human.h"
#include "report_xml.h"

#define LINE_GAP   4.0
#define HOLE_GAP   14.0
#define TEXT_SIZE  11.0
#define BASELINE   4.0
#define LEAST      2.0 /* of a piece */
#define LEAST_FREE 0.5 /* of a piece, where the bar is too short for all */

/* --- Layout ------------------------------------------------------------------------------------ */

static bool is_hole(const struct segment *segment)
{
	return segment->party.kind == PARTY_NOTHING;
}

static bool is_free(const struct segment *segment)
{
	return segment->party.kind == PARTY_FREE;
}

/* How many lines there are with something in them that belongs to somebody. */
static uint64_t count_lines(const struct space *space, uint64_t bytes)
{
	uint64_t count = 0, next = 0;

	for (unsigned i = 0; i < space->count; i++) {
		uint64_t first = space->items[i].span.first / bytes;
		uint64_t last = space->items[i].span.last / bytes;
		if (is_hole(&space->items[i]) || is_free(&space->items[i]))
			continue;
		if (first < next)
			first = next;
		if (last >= first)
			count += last - first + 1;
		next = last + 1;
	}
	return count;
}

static uint64_t choose_bytes(const struct space *space)
{
	uint64_t bytes = PAGE_SIZE_4K;

	while (bytes < UINT64_C(1) << 63 && count_lines(space, bytes) > STRIP_LINES &&
	       /* Islands of memory each need a line, however long lines are: stop where it is no use. */
	       count_lines(space, bytes * 2) < count_lines(space, bytes))
		bytes *= 2;
	return bytes;
}

static void add_piece(struct strip *strip, const struct segment *segment, uint64_t size,
		      struct arena *arena)
{
	if (size == 0)
		return;
	*ARENA_PUSH(arena, strip->pieces, strip->piece_count) = (struct strip_piece){segment, size};
	strip->lines[strip->line_count - 1].piece_count++;
}

/* Where the last piece of the last line ends, relative to the line's beginning. */
static uint64_t line_used(const struct strip *strip)
{
	const struct strip_line *line = &strip->lines[strip->line_count - 1];
	uint64_t used = 0;

	for (unsigned i = 0; i < line->piece_count; i++)
		used += strip->pieces[line->first_piece + i].size;
	return used;
}

static void finish_line(struct strip *strip, struct arena *arena)
{
	if (strip->line_count)
		add_piece(strip, NULL, strip->bytes_per_line - line_used(strip), arena);
}

static void begin_line(struct strip *strip, uint64_t base, struct arena *arena)
{
	const struct strip_line *last =
		strip->line_count ? &strip->lines[strip->line_count - 1] : NULL;
	bool after_hole = last && last->base + strip->bytes_per_line * last->lines != base;
	double y = last ? last->y + STRIP_HEIGHT + (after_hole ? HOLE_GAP : LINE_GAP) : 0;

	finish_line(strip, arena);
	*ARENA_PUSH(arena, strip->lines, strip->line_count) = (struct strip_line){
		.base = base,
		.first_piece = strip->piece_count,
		.after_hole = after_hole,
		.lines = 1,
		.y = y,
	};
}

/* Whole lines from `base` on that the segment fills, if it is free; 1 for all others. */
static uint64_t whole_lines(const struct segment *segment, uint64_t base, uint64_t bytes)
{
	uint64_t less_one = segment->span.last - base;

	if (!is_free(segment) || base < segment->span.first || less_one < bytes)
		return 1;
	return less_one / bytes + (less_one % bytes == bytes - 1);
}

static void add_segment(struct strip *strip, const struct segment *segment, struct arena *arena)
{
	uint64_t bytes = strip->bytes_per_line;
	uint64_t at = segment->span.first;

	for (;;) {
		uint64_t base = at & ~(bytes - 1);
		uint64_t lines = whole_lines(segment, base, bytes);
		uint64_t last = base + (bytes * lines - 1);
		if (last > segment->span.last)
			last = segment->span.last;
		if (!strip->line_count || strip->lines[strip->line_count - 1].base != base)
			begin_line(strip, base, arena);
		strip->lines[strip->line_count - 1].lines = lines;
		if (lines == 1) {
			add_piece(strip, NULL, at - base - line_used(strip), arena);
			add_piece(strip, segment, last - at + 1, arena);
		} else {
			add_piece(strip, segment, bytes, arena);
		}
		if (last == segment->span.last)
			return;
		at = last + 1;
	}
}

void strip_layout(struct strip *strip, const struct model *model, const struct space *space,
		  struct arena *arena)
{
	*strip = (struct strip){.model = model, .width = STRIP_WIDTH};
	strip->bytes_per_line = choose_bytes(space);
	for (unsigned i = 0; i < space->count; i++)
		if (!is_hole(&space->items[i]))
			add_segment(strip, &space->items[i], arena);
	finish_line(strip, arena);
	if (!strip->line_count)
		return;
	const struct strip_line *last = &strip->lines[strip->line_count - 1];
	strip->height = last->y + STRIP_HEIGHT;
	strip->bar_x =
		code_width(arena_format(arena, "0x%lx", (unsigned long)last->base), TEXT_SIZE) + 10;
}

/* --- Drawing ----------------------------------------------------------------------------------- */

/* The name if it fits, else the VM's number, else nothing. */
static const char *piece_label(const struct model *model, struct party party, double width,
			       struct arena *arena)
{
	const char *name = party_name(model, party);

	if (party.kind == PARTY_NOTHING)
		return "";
	if (text_width(name, TEXT_SIZE) + 6 <= width)
		return name;
	if (party.kind != PARTY_VM)
		return "";
	name = arena_format(arena, "%u", party.vm + 1);
	return text_width(name, TEXT_SIZE) + 2 <= width ? name : "";
}

static const char *piece_title(const struct model *model, const struct segment *segment,
			       struct arena *arena)
{
	const char *ranges =
		segment->ranges > 1
			? arena_format(arena, ", %s", human_count(arena, segment->ranges, "range"))
			: "";

	return arena_format(arena, "%s: %s\n%s%s", party_name(model, segment->party),
			    human_span(arena, segment->span),
			    exact_size(arena, segment_size(segment)), ranges);
}

struct box {
	double x, y, width;
};

static void draw_piece(FILE *stream, const struct segment *segment, struct box box,
		       const char *label, const char *title)
{
	xml_print(stream,
		  "<g><title>%s</title><rect class=\"piece %s\" x=\"%.1f\" y=\"%.1f\" "
		  "width=\"%.1f\" height=\"%.1f\"/>",
		  title, party_fill(segment->party), box.x, box.y, box.width, STRIP_HEIGHT);
	if (*label)
		xml_print(stream, "<text class=\"small middle %s\" x=\"%.1f\" y=\"%.1f\">%s</text>",
			  party_label(segment->party), box.x + box.width / 2,
			  box.y + STRIP_HEIGHT / 2 + BASELINE, label);
	fputs("</g>\n", stream);
}

static double *line_shares(const struct strip *strip, const struct strip_line *line,
			   struct arena *arena)
{
	uint64_t *sizes = arena_alloc(arena, line->piece_count * sizeof(*sizes));
	double *shares = arena_alloc(arena, line->piece_count * sizeof(*shares));

	for (unsigned i = 0; i < line->piece_count; i++)
		sizes[i] = strip->pieces[line->first_piece + i].size;
	scale_share(sizes, line->piece_count, strip->width - strip->bar_x, LEAST, shares);
	return shares;
}

static void draw_line(FILE *stream, const struct strip *strip, const struct strip_line *line,
		      struct arena *arena)
{
	const double *shares = line_shares(strip, line, arena);
	double x = strip->bar_x;

	if (line->after_hole)
		xml_print(stream, "<text class=\"small dim end\" x=\"%.1f\" y=\"%.1f\">⋮</text>\n",
			  strip->bar_x - 10, line->y - 3);
	xml_print(stream, "<text class=\"small code dim end\" x=\"%.1f\" y=\"%.1f\">0x%lx</text>\n",
		  strip->bar_x - 8, line->y + STRIP_HEIGHT / 2 + BASELINE,
		  (unsigned long)line->base);
	for (unsigned i = 0; i < line->piece_count; i++) {
		const struct segment *segment = strip->pieces[line->first_piece + i].segment;
		const char *label =
			line->lines > 1 ? arena_format(arena, "free: %s",
						       human_size(arena, strip->bytes_per_line *
										 line->lines))
			: segment ? piece_label(strip->model, segment->party, shares[i], arena)
				  : "";
		if (segment)
			draw_piece(stream, segment, (struct box){x, line->y, shares[i]}, label,
				   piece_title(strip->model, segment, arena));
		x += shares[i];
	}
}

void strip_draw(FILE *stream, const struct strip *strip, struct arena *arena)
{
	for (unsigned i = 0; i < strip->line_count; i++)
		draw_line(stream, strip, &strip->lines[i], arena);
}

/* --- A VM's view ------------------------------------------------------------------------------- */

static bool is_guest_memory(const struct segment *segment)
{
	return segment->party.kind == PARTY_VM || segment->party.kind == PARTY_SHARED ||
	       segment->party.kind == PARTY_CONFLICT;
}

static const char *guest_label(const struct segment *segment, double width)
{
	const char *access = segment->memory ? human_access(segment->memory->permissions) : "!";

	return code_width(access, TEXT_SIZE) + 4 <= width ? access : "";
}

void strip_draw_guest(FILE *stream, const struct model *model, const struct space *space,
		      struct arena *arena)
{
	uint64_t *sizes = arena_alloc(arena, (space->count + 1) * sizeof(*sizes));
	double *shares = arena_alloc(arena, (space->count + 1) * sizeof(*shares));
	unsigned count = 0;
	double x = 0;

	for (unsigned i = 0; i < space->count; i++)
		if (is_guest_memory(&space->items[i]))
			sizes[count++] = segment_size(&space->items[i]);
	scale_share(sizes, count, STRIP_WIDTH, 6, shares);
	count = 0;
	for (unsigned i = 0; i < space->count; i++) {
		const struct segment *segment = &space->items[i];
		if (!is_guest_memory(segment))
			continue;
		bool hole = i + 1 < space->count && is_hole(&space->items[i + 1]);
		double width = shares[count] - (hole ? 1.5 : 0.0);
		draw_piece(stream, segment, (struct box){x, 0, width}, guest_label(segment, width),
			   piece_title(model, segment, arena));
		x += shares[count++];
	}
}
