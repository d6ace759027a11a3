/* SPDX-License-Identifier: Apache-2.0 */
/* The table that says at a glance who owns what. */
#include <string.h>

#include "limits.h"
#include "map_cores.h"
#include "report_human.h"
#include "report_page.h"
#include "report_xml.h"

static void write_memory(FILE *stream, const struct report *report, struct party party)
{
	uint64_t size = space_total(&report->host, party);

	fputs("<td class=\"number\">", stream);
	if (size)
		page_size(stream, report, size);
	else
		fputs("–", stream);
	fputs("</td>", stream);
}

static void write_cell(FILE *stream, const char *text)
{
	fputs("<td>", stream);
	page_text(stream, *text ? text : "–");
	fputs("</td>", stream);
}

/* A VM's memory by its own words: host memory that is claimed twice is counted too. */
static uint64_t vm_memory_size(const struct vm *vm)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < vm->memory_count; i++) {
		struct span span;
		if (memory_guest_span(&vm->memory[i], &span) && vm->memory[i].kind == MEMORY_RAM &&
		    total + vm->memory[i].size.value >= total)
			total += vm->memory[i].size.value;
	}
	return total;
}

static const char *vm_cores(const struct report *report, const struct vm *vm)
{
	struct names names = {.arena = report->arena};

	for (unsigned i = 0; i < vm->cpu_count; i++)
		names_add(&names, vm->cpus[i].label);
	return names_join(&names);
}

static const char *vm_devices(const struct report *report, const struct vm *vm)
{
	struct names names = {.arena = report->arena};

	for (unsigned i = 0; i < vm->device_count; i++)
		names_add(&names, vm->devices[i].label);
	return names_join(&names);
}

static const struct board_device *device_of_vm(const struct report *report, const struct vm *vm,
					       unsigned index)
{
	const struct board *board = &report->model->board;
	uint32_t target = vm->devices[index].target;

	return target < board->device_count ? &board->devices[target] : NULL;
}

static void add_numbers(struct names *names, const struct number *numbers, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		names_add(names,
			  arena_format(names->arena, "%lu", (unsigned long)numbers[i].value));
}

static const char *vm_interrupts(const struct report *report, const struct vm *vm)
{
	struct names names = {.arena = report->arena};

	for (unsigned i = 0; i < vm->device_count; i++) {
		const struct board_device *device = device_of_vm(report, vm, i);
		if (device)
			add_numbers(&names, device->interrupts, device->interrupt_count);
	}
	add_numbers(&names, vm->interrupts, vm->interrupt_count);
	return names_join(&names);
}

static const char *vm_boot(const struct report *report, const struct vm *vm)
{
	static const char *const names[] = {
		[BOOT_RAW] = "raw",
		[BOOT_ELF] = "ELF",
		[BOOT_LINUX] = "Linux",
		[BOOT_MULTIBOOT] = "multiboot",
		[BOOT_MULTIBOOT2] = "multiboot 2",
		[BOOT_ROM] = "ROM",
	};
	const char *image = vm->image.value ? vm->image.value : "";

	if (!vm->protocol_given)
		return image;
	return arena_format(report->arena, "%s: %s", names[vm->protocol], image);
}

static void write_vm(FILE *stream, const struct report *report, unsigned index)
{
	const struct vm *vm = &report->model->vms[index];

	fprintf(stream, "<tr><td class=\"number\">%u</td><th scope=\"row\">", index + 1);
	page_owner(stream, party_vm(index), vm->name);
	fputs("</th>", stream);
	write_cell(stream, vm_cores(report, vm));
	fputs("<td class=\"number\">", stream);
	page_size(stream, report, vm_memory_size(vm));
	fputs("</td>", stream);
	write_cell(stream, vm_devices(report, vm));
	write_cell(stream, vm_interrupts(report, vm));
	fputs("<td class=\"wide-only\">", stream);
	page_text(stream, vm_boot(report, vm));
	fputs("</td></tr>\n", stream);
}

static const char *cores_of_kind(const struct report *report, enum party_kind kind)
{
	struct core_views views = core_views(report);
	struct names names = {.arena = report->arena};

	for (unsigned i = 0; i < views.count; i++)
		if (views.items[i].party.kind == kind)
			names_add(&names, views.items[i].cpu->label);
	return names_join(&names);
}

static const char *devices_of_kind(const struct report *report, enum party_kind kind)
{
	const struct board *board = &report->model->board;
	struct names names = {.arena = report->arena};

	for (unsigned i = 0; i < board->device_count; i++)
		if (page_device_owner(report, i).party.kind == kind)
			names_add(&names, board->devices[i].label);
	return names_join(&names);
}

static void write_other(FILE *stream, const struct report *report, struct party party,
			const char *name)
{
	const char *cores = cores_of_kind(report, party.kind);
	const char *devices = devices_of_kind(report, party.kind);

	if (!*cores && !*devices && !space_total(&report->host, party))
		return;
	fputs("<tr><td></td><th scope=\"row\">", stream);
	page_owner(stream, party, name);
	fputs("</th>", stream);
	write_cell(stream, cores);
	write_memory(stream, report, party);
	write_cell(stream, devices);
	fputs("<td></td><td class=\"wide-only\"></td></tr>\n", stream);
}

void page_owners(FILE *stream, const struct report *report)
{
	static const char *const heads[] = {">No.",    "Owner",      "Cores",  ">Memory",
					    "Devices", "Interrupts", "<Boots", NULL};

	fputs("<section id=\"owners\">\n<h2>Who owns what</h2>\n", stream);
	page_table_head(stream, "Owners and what is theirs", heads);
	for (unsigned i = 0; i < report->model->vm_count; i++)
		write_vm(stream, report, i);
	if (report->model->board.given) {
		write_other(stream, report, (struct party){PARTY_HYPERVISOR, 0}, "hypervisor");
		write_other(stream, report, (struct party){PARTY_RESERVED, 0},
			    "reserved by the board");
		write_other(stream, report, (struct party){PARTY_FREE, 0}, "not given out");
	}
	page_table_end(stream);
	fputs("</section>\n", stream);
}
