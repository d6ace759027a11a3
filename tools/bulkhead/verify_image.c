/* SPDX-License-Identifier: Apache-2.0 */
/* BHB0xx: the image as GRUB loads it and as the hypervisor maps itself (hypervisor/cpu/paging.c). */
#include <elf.h>

#include "bulkhead/host.h"
#include "verify_internal.h"

static uint64_t segment_end(const struct verify_segment *segment)
{
	return segment->address + segment->memory_size;
}

/* "0x200000-0x20bfff" */
static const char *segment_text(struct verify *verify, const struct verify_segment *segment)
{
	return verify_numbers(verify, segment->address, segment_end(segment) - 1);
}

/* "r-x" */
static const char *segment_rights(uint32_t flags)
{
	return verify_permissions((flags & PF_R ? MEMORY_READ : 0) |
				  (flags & PF_W ? MEMORY_WRITE : 0) |
				  (flags & PF_X ? MEMORY_EXECUTE : 0));
}

/* NULL after a report if the symbol is not there exactly once. */
static const struct verify_symbol *need_symbol(struct verify *verify, enum verify_rule_id rule,
					       enum verify_symbol_id id)
{
	const struct verify_symbol *symbol = &verify->image.symbols[id];

	if (symbol->count == 1)
		return symbol;
	verify_report(verify, rule, "there are %u global symbols \"%s\" instead of one",
		      symbol->count, verify_symbol_name(id));
	return NULL;
}

/* --- Segments ---------------------------------------------------------------------------------- */

void verify_writable_code(struct verify *verify)
{
	for (unsigned i = 0; i < verify->image.segment_count; i++) {
		const struct verify_segment *segment = &verify->image.segments[i];

		if (segment->flags & PF_W && segment->flags & PF_X)
			verify_report(verify, VERIFY_WRITABLE_CODE,
				      "the segment %s is writable and executable",
				      segment_text(verify, segment));
	}
}

void verify_executable_stack(struct verify *verify)
{
	const struct verify_image *image = &verify->image;

	if (image->stack_count != 1)
		verify_report(verify, VERIFY_EXECUTABLE_STACK,
			      "there are %u PT_GNU_STACK headers instead of one",
			      image->stack_count);
	else if (image->stack_flags & PF_X)
		verify_report(verify, VERIFY_EXECUTABLE_STACK,
			      "PT_GNU_STACK asks for an executable stack");
}

static void check_bound(struct verify *verify, enum verify_symbol_id id, uint64_t expected,
			const char *what)
{
	const struct verify_symbol *symbol = need_symbol(verify, VERIFY_PLACE, id);

	if (symbol && symbol->value != expected)
		verify_report(verify, VERIFY_PLACE,
			      "%s in the tables is 0x%" PRIx64
			      ", but the image was linked for 0x%" PRIx64,
			      what, expected, symbol->value);
}

void verify_place(struct verify *verify)
{
	const struct scenario *scenario = &verify->scenario;
	uint64_t base = scenario->hypervisor_base, end = base + scenario->hypervisor_size;

	check_bound(verify, SYMBOL_HYPERVISOR_BASE, base, "hypervisor_base");
	check_bound(verify, SYMBOL_HYPERVISOR_SIZE, scenario->hypervisor_size, "hypervisor_size");
	for (unsigned i = 0; i < verify->image.segment_count; i++) {
		const struct verify_segment *segment = &verify->image.segments[i];

		verify->statistics.pairs++;
		if (segment->address < base || end < base || segment_end(segment) > end)
			verify_report(verify, VERIFY_PLACE,
				      "the segment %s is not inside the hypervisor's memory %s",
				      segment_text(verify, segment),
				      verify_numbers(verify, base, end - 1));
	}
}

void verify_entry_point(struct verify *verify)
{
	const struct verify_image *image = &verify->image;
	const struct verify_segment *segment = verify_segment_of(image, image->entry);
	const struct verify_symbol *symbol = need_symbol(verify, VERIFY_ENTRY_POINT, SYMBOL_ENTRY);

	if (!segment || !(segment->flags & PF_X))
		verify_report(verify, VERIFY_ENTRY_POINT,
			      "the entry point 0x%" PRIx64 " is in no executable segment",
			      image->entry);
	else if (symbol && symbol->value != image->entry)
		verify_report(verify, VERIFY_ENTRY_POINT,
			      "the entry point is 0x%" PRIx64
			      ", but the symbol \"entry\" is 0x%" PRIx64,
			      image->entry, symbol->value);
}

/* --- What the hypervisor protects ---------------------------------------------------------------- */

static int compare_segments(const void *left, const void *right)
{
	uint64_t a = ((const struct verify_segment *)left)->address;
	uint64_t b = ((const struct verify_segment *)right)->address;

	return (a > b) - (a < b);
}

static void check_overlaps(struct verify *verify, const struct verify_segment *sorted,
			   unsigned count)
{
	for (unsigned i = 1; i < count; i++) {
		verify->statistics.pairs++;
		/* Also not in one page: a page has one set of rights. */
		if (((segment_end(&sorted[i - 1]) - 1) | PAGE_MASK) >= sorted[i].address)
			verify_report(verify, VERIFY_PROTECTION,
				      "the segments %s and %s share a page",
				      segment_text(verify, &sorted[i - 1]),
				      segment_text(verify, &sorted[i]));
	}
}

/* The rights that the hypervisor gives to what lies between two of its linker symbols. */
static const struct protection {
	enum verify_symbol_id start, end;
	uint32_t flags;
} protections[] = {
	{SYMBOL_IMAGE_START, SYMBOL_TEXT_END, PF_R | PF_X},
	{SYMBOL_TEXT_END, SYMBOL_CONSTANTS_END, PF_R},
	{SYMBOL_CONSTANTS_END, SYMBOL_IMAGE_END, PF_R | PF_W},
	{SYMBOL_CPU_AREAS, SYMBOL_OWNED_END, PF_R | PF_W},
};

static void check_protection(struct verify *verify, const struct protection *protection,
			     const struct verify_segment *segment)
{
	uint64_t start = verify->image.symbols[protection->start].value;
	uint64_t end = verify->image.symbols[protection->end].value;

	verify->statistics.pairs++;
	if (segment->flags == protection->flags && segment->address == start &&
	    ((segment_end(segment) + PAGE_MASK) & ~PAGE_MASK) == end)
		return;
	verify_report(verify, VERIFY_PROTECTION,
		      "the segment %s is %s, but the hypervisor protects %s to %s (%s) as %s",
		      segment_text(verify, segment), segment_rights(segment->flags),
		      verify_symbol_name(protection->start), verify_symbol_name(protection->end),
		      verify_numbers(verify, start, end - 1), segment_rights(protection->flags));
}

void verify_protection(struct verify *verify)
{
	const struct verify_image *image = &verify->image;
	struct verify_segment sorted[VERIFY_SEGMENTS_MAX];
	unsigned count = image->segment_count;
	bool known = true;

	memcpy(sorted, image->segments, sizeof(sorted));
	qsort(sorted, count, sizeof(*sorted), compare_segments);
	check_overlaps(verify, sorted, count);
	for (enum verify_symbol_id id = SYMBOL_IMAGE_START; id <= SYMBOL_OWNED_END; id++)
		known = need_symbol(verify, VERIFY_PROTECTION, id) && known;
	if (count != ELEMENTS(protections))
		verify_report(
			verify, VERIFY_PROTECTION,
			"there are %u segments instead of text, constants, data and what is owned",
			count);
	for (unsigned i = 0; known && i < count && count == ELEMENTS(protections); i++)
		check_protection(verify, &protections[i], &sorted[i]);
}

/*
 * The arrays that belong to cores, VMs and vCPUs lie where cores' page tables are made for: areas with guards
 * first, then vms[] and vcpus[], all elements whole pages (bulkhead/host.h).
 */
void verify_guard_pages(struct verify *verify)
{
	const struct scenario *scenario = &verify->scenario;
	uint64_t areas = (uint64_t)scenario->core_count * HOST_AREA_SIZE;
	uint64_t vms = (uint64_t)CONFIG_MAX_VMS * HOST_VM_SIZE;
	uint64_t base = host_owned_base(scenario->hypervisor_base, scenario->hypervisor_size,
					scenario->core_count);
	const struct {
		enum verify_symbol_id id;
		uint64_t address;
	} places[] = {
		{SYMBOL_CPU_AREAS, base},
		{SYMBOL_VMS, base + areas},
		{SYMBOL_VCPUS, base + areas + vms},
		{SYMBOL_MONITOR_START, host_monitor_base(base, scenario->core_count)},
		{SYMBOL_MONITOR_END, base + HOST_OWNED_SIZE(scenario->core_count)},
		{SYMBOL_OWNED_END, base + HOST_OWNED_SIZE(scenario->core_count)},
	};

	for (unsigned i = 0; i < ELEMENTS(places); i++) {
		const struct verify_symbol *symbol =
			need_symbol(verify, VERIFY_GUARD_PAGES, places[i].id);

		verify->statistics.pairs++;
		if (symbol && symbol->value != places[i].address)
			verify_report(verify, VERIFY_GUARD_PAGES,
				      "%s is at 0x%" PRIx64 ", but %" PRIu32
				      " cores' areas, struct vm and struct vcpu of this tool's "
				      "settings have it at 0x%" PRIx64,
				      verify_symbol_name(places[i].id), symbol->value,
				      scenario->core_count, places[i].address);
	}
}

/* --- Sections ---------------------------------------------------------------------------------- */

static const struct verify_segment *segment_around(const struct verify_image *image,
						   const struct verify_section *section)
{
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct verify_segment *segment = &image->segments[i];

		if (section->address >= segment->address &&
		    section->address - segment->address < segment->memory_size &&
		    section->size <= segment->memory_size - (section->address - segment->address))
			return segment;
	}
	return NULL;
}

static const char *section_problem(const struct verify_segment *segment,
				   const struct verify_section *section)
{
	uint64_t offset;

	if (!segment)
		return "lies in no segment";
	offset = section->address - segment->address;
	if (section->flags & SHF_WRITE && section->flags & SHF_EXECINSTR)
		return "is writable and executable";
	if (section->flags & SHF_WRITE && !(segment->flags & PF_W))
		return "is writable, but its segment is not";
	if (section->flags & SHF_EXECINSTR && !(segment->flags & PF_X))
		return "is executable, but its segment is not";
	if (!(section->flags & SHF_WRITE) && segment->flags & PF_W)
		return "is constant, but its segment is writable";
	if (section->type == SHT_NOBITS)
		return offset < segment->file_size ? "is zeroed memory that the file fills" : NULL;
	if (section->offset != segment->offset + offset)
		return "is not where its segment has it in the file";
	if (offset + section->size > segment->file_size)
		return "is not wholly in the file's part of its segment";
	return NULL;
}

/* What the file fills has to be sections: nothing is loaded that nobody put there. */
static void check_filled(struct verify *verify, const struct verify_segment *segment)
{
	const struct verify_image *image = &verify->image;
	uint64_t filled = 0;

	for (unsigned i = 0; i < image->section_count; i++) {
		const struct verify_section *section = &image->sections[i];
		uint64_t end = section->address + section->size - segment->address;

		if (segment_around(image, section) == segment && section->type != SHT_NOBITS &&
		    end > filled)
			filled = end;
	}
	verify->statistics.pairs++;
	if (segment->file_size > filled)
		verify_report(verify, VERIFY_SECTION,
			      "the segment %s has 0x%" PRIx64
			      " bytes in the file, but its sections end after 0x%" PRIx64,
			      segment_text(verify, segment), segment->file_size, filled);
}

void verify_sections(struct verify *verify)
{
	const struct verify_image *image = &verify->image;

	for (unsigned i = 0; i < image->section_count; i++) {
		const struct verify_section *section = &image->sections[i];
		const char *problem = section_problem(segment_around(image, section), section);

		verify->statistics.pairs++;
		if (problem)
			verify_report(verify, VERIFY_SECTION, "section %s at 0x%" PRIx64 " %s",
				      section->name, section->address, problem);
	}
	for (unsigned i = 0; i < image->segment_count; i++)
		check_filled(verify, &image->segments[i]);
}
