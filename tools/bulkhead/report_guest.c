/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: the host's picture with its numbers, and beside it a card for each VM. */
#include <string.h>

#include "map_memory.h"
#include "report_human.h"
#include "report_page.h"
#include "report_xml.h"

/* --- Pictures ---------------------------------------------------------------------------------- */

static void write_figure(FILE *stream, const struct memory_figure *figure, const char *id,
			 const char *title)
{
	xml_print(stream,
		  "<div class=\"scroll\"><svg class=\"figure\" width=\"%.1f\" height=\"%.1f\" "
		  "viewBox=\"-1 -1 %.1f %.1f\" role=\"img\" aria-labelledby=\"%s\">"
		  "<title id=\"%s\">%s</title>\n",
		  figure->width + 2, figure->height + 2, figure->width + 2, figure->height + 2, id,
		  id, title);
	memory_figure_draw(stream, figure);
	fputs("</svg></div>\n", stream);
}

/* --- Tables ------------------------------------------------------------------------------------ */

static void write_range(FILE *stream, const struct report *report, struct span span)
{
	xml_print(stream, "<td class=\"code\">0x%lx</td><td class=\"code\">0x%lx</td>",
		  (unsigned long)span.first, (unsigned long)span.last);
	fputs("<td class=\"number\">", stream);
	page_size(stream, report,
		  segment_size(&(struct segment){.span = span})); /* saturates as it should */
	fputs("</td>", stream);
}

static const char *ranges_text(const struct report *report, const struct segment *segment)
{
	if (segment->ranges > 1)
		return human_count(report->arena, segment->ranges, "range");
	if (segment->party.kind == PARTY_SHARED)
		return arena_format(report->arena, "%s: %s",
				    report->model->shares[segment->memory->share].name,
				    memory_share_text(report, segment->memory->share));
	if (segment->party.kind != PARTY_VM)
		return segment->name;
	return arena_format(report->arena, "%s at guest 0x%lx", segment->name,
			    (unsigned long)segment->memory->guest.value);
}

static void write_host_row(FILE *stream, const struct report *report, const struct segment *segment)
{
	if (segment->party.kind == PARTY_NOTHING)
		return;
	fputs("<tr>", stream);
	write_range(stream, report, segment->span);
	fputs("<td>", stream);
	page_owner(stream, segment->party, party_name(report->model, segment->party));
	fputs("</td><td>", stream);
	page_text(stream, ranges_text(report, segment));
	fputs("</td></tr>\n", stream);
}

static void write_host_table(FILE *stream, const struct report *report)
{
	static const char *const heads[] = {"From", "To", ">Size", "Owner", "What", NULL};
	unsigned count = 0;

	for (unsigned i = 0; i < report->host.count; i++)
		count += report->host.items[i].party.kind != PARTY_NOTHING;
	xml_print(stream, "<details><summary>%s in numbers</summary>\n",
		  human_count(report->arena, count, "range"));
	page_table_head(stream, "Host memory", heads);
	for (unsigned i = 0; i < report->host.count; i++)
		write_host_row(stream, report, &report->host.items[i]);
	page_table_end(stream);
	fputs("</details>\n", stream);
}

static const char *memory_what(const struct report *report, const struct vm_memory *memory)
{
	if (memory->kind == MEMORY_SHARED)
		return arena_format(report->arena, "shared: %s",
				    report->model->shares[memory->share].name);
	if (memory->kind == MEMORY_DEVICE)
		return memory->name;
	return memory->host.given ? "RAM" : "RAM, placed by the tool";
}

static void write_memory_row(FILE *stream, const struct report *report,
			     const struct vm_memory *memory)
{
	struct span span;

	fputs("<tr>", stream);
	if (memory_guest_span(memory, &span))
		write_range(stream, report, span);
	else
		fputs("<td colspan=\"3\">not a valid range</td>", stream);
	xml_print(stream, "<td class=\"code\">%s</td><td class=\"code\">%s</td><td>%s</td></tr>\n",
		  memory_host_text(report, memory), human_access(memory->permissions),
		  memory_what(report, memory));
}

static void write_guest_table(FILE *stream, const struct report *report, const struct vm *vm)
{
	static const char *const heads[] = {"Guest from", "Guest to", ">Size", "Host from",
					    "Access",     "What",     NULL};

	if (!vm->memory_count)
		return;
	xml_print(stream, "<details><summary>%s in numbers</summary>\n",
		  human_count(report->arena, vm->memory_count, "range"));
	page_table_head(stream, arena_format(report->arena, "Memory of %s", vm->name), heads);
	for (unsigned i = 0; i < vm->memory_count; i++)
		write_memory_row(stream, report, &vm->memory[i]);
	page_table_end(stream);
	fputs("</details>\n", stream);
}

/* --- Card of a VM ------------------------------------------------------------------------------ */

static const char *module_text(const struct report *report, const struct vm *vm)
{
	static const char *const names[] = {
		[BOOT_RAW] = "raw image",
		[BOOT_ELF] = "ELF image",
		[BOOT_LINUX] = "Linux kernel",
		[BOOT_MULTIBOOT] = "multiboot image",
		[BOOT_MULTIBOOT2] = "multiboot 2 image",
		[BOOT_ROM] = "ROM",
	};
	const char *image = vm->image.value ? vm->image.value : "(none)";
	const char *text = vm->protocol_given ? names[vm->protocol] : "unknown protocol";

	text = arena_format(report->arena, "%s “%s”", text, image);
	if (vm->ramdisk.value)
		text = arena_format(report->arena, "%s with ramdisk “%s”", text, vm->ramdisk.value);
	for (unsigned i = 0; i < vm->boot_module_count; i++)
		text = arena_format(report->arena, "%s, module “%s”", text,
				    vm->boot_modules[i].name.value);
	if (vm->load_address.given)
		text = arena_format(report->arena, "%s, loaded at 0x%lx", text,
				    (unsigned long)vm->load_address.value);
	return text;
}

static const char *entry_text(const struct report *report, const struct vm *vm)
{
	const char *mode = vm->entry_mode == ENTRY_REAL ? "real" : "protected";
	const char *first = vm->bsp_entry.given
				    ? arena_format(report->arena, "0x%lx in %s mode",
						   (unsigned long)vm->bsp_entry.value, mode)
				    : "where the image says";

	if (vm->cpu_count < 2)
		return first;
	if (vm->ap_entry.given)
		return arena_format(report->arena, "%s; other cores at 0x%lx at once", first,
				    (unsigned long)vm->ap_entry.value);
	return arena_format(report->arena, "%s; other cores wait for the first to start them",
			    first);
}

static const char *cores_text(const struct report *report, const struct vm *vm)
{
	struct names names = {.arena = report->arena};

	for (unsigned i = 1; i < vm->cpu_count; i++)
		names_add(&names, vm->cpus[i].label);
	if (!vm->cpu_count)
		return "none";
	return arena_format(report->arena, "%s (boot)%s%s", vm->cpus[0].label,
			    names.count ? ", " : "", names_join(&names));
}

static const char *devices_text(const struct report *report, const struct vm *vm)
{
	struct names names = {.arena = report->arena};

	for (unsigned i = 0; i < vm->device_count; i++)
		names_add(&names, vm->devices[i].label);
	return names.count ? names_join(&names) : "none";
}

static const char *ports_text(const struct report *report, const struct vm *vm)
{
	struct names names = {.arena = report->arena};
	struct span span;

	for (unsigned i = 0; i < vm->port_count; i++)
		if (range_span(&vm->ports[i], &span))
			names_add(&names, human_span(report->arena, span));
	return names_join(&names);
}

static const char *interrupts_text(const struct report *report, const struct vm *vm)
{
	struct names names = {.arena = report->arena};

	for (unsigned i = 0; i < vm->interrupt_count; i++)
		names_add(&names, arena_format(report->arena, "%lu",
					       (unsigned long)vm->interrupts[i].value));
	return names_join(&names);
}

static const char *hidden_text(const struct report *report, const struct vm *vm)
{
	struct names names = {.arena = report->arena};

	for (unsigned i = 0; i < vm->cpuid_hide_count; i++)
		if (vm->cpuid_hide[i].value)
			names_add(&names, vm->cpuid_hide[i].value);
	return names_join(&names);
}

static void write_facts(FILE *stream, const struct report *report, const struct vm *vm)
{
	fputs("<dl class=\"facts\">\n", stream);
	page_fact(stream, "Cores", cores_text(report, vm));
	page_fact(stream, "Boots", module_text(report, vm));
	page_fact(stream, "Starts", entry_text(report, vm));
	page_fact(stream, "Command line", vm->bootargs.value ? vm->bootargs.value : "");
	page_fact(stream, "Devices", devices_text(report, vm));
	page_fact(stream, "Further ports", ports_text(report, vm));
	page_fact(stream, "Further interrupts", interrupts_text(report, vm));
	page_fact(stream, "ACPI tables", vm->acpi ? "yes" : "no");
	page_fact(stream, "Hidden processor features", hidden_text(report, vm));
	page_fact(stream, "DMA",
		  vm->dma_unprotected ? "not guarded by an IOMMU, and accepted" : "");
	page_fact(stream, "Works once it prints", vm->report.value ? vm->report.value : "");
	fputs("</dl>\n", stream);
}

void page_guest(FILE *stream, const struct report *report, unsigned index)
{
	const struct vm *vm = &report->model->vms[index];
	struct memory_figure figure;

	xml_print(stream, "<article class=\"guest\" id=\"vm-%u\">\n<h3>", index + 1);
	page_swatch(stream, party_vm(index));
	xml_print(stream, "%s <small>VM %u, %s</small></h3>\n", vm->name, index + 1,
		  human_count(report->arena, vm->cpu_count, "core"));
	write_facts(stream, report, vm);
	memory_figure_guest(&figure, report, index);
	if (vm->memory_count)
		write_figure(stream, &figure, arena_format(report->arena, "view-%u", index + 1),
			     arena_format(report->arena, "Guest-physical memory of %s", vm->name));
	write_guest_table(stream, report, vm);
	fputs("</article>\n", stream);
}

void page_memory(FILE *stream, const struct report *report)
{
	struct memory_figure figure;

	fprintf(stream, "<section id=\"memory\">\n<div class=\"memory%s\">\n",
		report->dense ? " dense" : "");
	if (report->model->board.given) {
		memory_figure_host(&figure, report);
		fputs("<div class=\"host\">\n<h2>Host memory</h2>\n", stream);
		xml_print(stream, "<p class=\"hint\">%s</p>\n", memory_figure_scale(&figure));
		write_figure(stream, &figure, "view-host", "Host-physical memory and its owners");
		write_host_table(stream, report);
		fputs("</div>\n", stream);
	}
	fputs("<div class=\"guests\">\n<h2>What each VM sees</h2>\n", stream);
	fputs(report->dense
		      ? "<p class=\"hint\">The strips show guest-physical memory in its order; "
			"holes are cut out, small ranges are drawn wider than they are.</p>\n"
		      : "<p class=\"hint\">Guest-physical memory, and where in the host it lies.</p>\n",
	      stream);
	for (unsigned i = 0; i < report->model->vm_count; i++)
		page_guest(stream, report, i);
	fputs("</div>\n</div>\n</section>\n", stream);
}
