/* SPDX-License-Identifier: Apache-2.0 */
/* Devices, ports, interrupts and boot modules with their owners. */
#include <stdlib.h>
#include <string.h>

#include "bulkhead/platform.h"
#include "limits.h"
#include "map_memory.h"
#include "report_human.h"
#include "report_page.h"
#include "report_xml.h"

/* --- Devices ----------------------------------------------------------------------------------- */

static const char *spans_text(const struct report *report, const struct range *ranges,
			      unsigned count)
{
	struct names names = {.arena = report->arena};
	struct span span;

	for (unsigned i = 0; i < count; i++)
		if (range_span(&ranges[i], &span))
			names_add(&names, human_span(report->arena, span));
	return names.count ? names_join(&names) : "–";
}

static const char *numbers_text(const struct report *report, const struct number *numbers,
				unsigned count)
{
	struct names names = {.arena = report->arena};

	for (unsigned i = 0; i < count; i++)
		names_add(&names,
			  arena_format(report->arena, "%lu", (unsigned long)numbers[i].value));
	return names.count ? names_join(&names) : "–";
}

static bool any_registers(const struct board *board)
{
	for (unsigned i = 0; i < board->device_count; i++)
		if (board->devices[i].mmio_count && !board->devices[i].pci)
			return true;
	return false;
}

static void write_device(FILE *stream, const struct report *report, unsigned index, bool registers)
{
	const struct board_device *device = &report->model->board.devices[index];
	struct device_owner owner = page_device_owner(report, index);

	fputs("<tr><th scope=\"row\">", stream);
	page_text(stream, device->label);
	fputs("</th><td>", stream);
	page_text(stream, device->compatible);
	fputs("</td><td>", stream);
	page_owner(stream, owner.party, owner.name);
	xml_print(stream, "</td><td class=\"code\">%s</td>",
		  spans_text(report, device->ports, device->port_count));
	xml_print(stream, "<td>%s</td>",
		  numbers_text(report, device->interrupts, device->interrupt_count));
	if (registers)
		xml_print(stream, "<td class=\"code\">%s</td>",
			  spans_text(report, device->mmio, device->mmio_count));
	fputs("</tr>\n", stream);
}

void page_devices(FILE *stream, const struct report *report)
{
	bool registers = any_registers(&report->model->board);
	const char *const heads[] = {"Device", "Kind",       "Owner",
				     "Ports",  "Interrupts", registers ? "Registers" : NULL,
				     NULL};

	if (report->model->board.device_count <= report->model->board.pci_count)
		return;
	fputs("<section id=\"devices\">\n<h2>Devices</h2>\n", stream);
	page_table_head(stream, "Devices of the board", heads);
	for (unsigned i = 0; i < report->model->board.device_count; i++)
		if (!report->model->board.devices[i].pci)
			write_device(stream, report, i, registers);
	page_table_end(stream);
	fputs("</section>\n", stream);
}

/* --- Ports ------------------------------------------------------------------------------------- */

struct port_row {
	struct span span;
	struct party party;
	const char *owner, *what;
};

struct port_rows {
	struct arena *arena;
	struct port_row *items;
	unsigned count;
};

static void add_ports(struct port_rows *rows, const struct range *ranges, unsigned count,
		      struct port_row row)
{
	for (unsigned i = 0; i < count; i++)
		if (range_span(&ranges[i], &row.span))
			*ARENA_PUSH(rows->arena, rows->items, rows->count) = row;
}

static void add_fixed_ports(struct port_rows *rows)
{
	*ARENA_PUSH(rows->arena, rows->items, rows->count) = (struct port_row){
		{CONSOLE_PORT, CONSOLE_PORT + CONSOLE_PORT_COUNT - 1},
		{PARTY_HYPERVISOR, 0},
		"hypervisor",
		"console",
	};
	*ARENA_PUSH(rows->arena, rows->items, rows->count) = (struct port_row){
		{PLATFORM_ACPI_SLEEP_CONTROL_PORT, PLATFORM_ACPI_RESET_PORT},
		{PARTY_HYPERVISOR, 0},
		"hypervisor",
		"emulated in every VM: ACPI sleep and reset",
	};
}

static void collect_ports(struct port_rows *rows, const struct report *report)
{
	const struct model *model = report->model;
	const struct board *board = &model->board;

	for (unsigned i = 0; i < model->vm_count; i++)
		add_ports(rows, model->vms[i].ports, model->vms[i].port_count,
			  (struct port_row){.party = party_vm(i),
					    .owner = model->vms[i].name,
					    .what = "io-ports"});
	for (unsigned i = 0; i < board->device_count; i++) {
		struct device_owner owner = page_device_owner(report, i);
		if (owner.party.kind != PARTY_HYPERVISOR) /* the console has a row already */
			add_ports(rows, board->devices[i].ports, board->devices[i].port_count,
				  (struct port_row){.party = owner.party,
						    .owner = owner.name,
						    .what = board->devices[i].label});
	}
	add_ports(rows, board->reserved_ports, board->reserved_port_count,
		  (struct port_row){.party = {PARTY_RESERVED, 0},
				    .owner = "reserved by the board",
				    .what = ""});
	add_fixed_ports(rows);
}

static int compare_ports(const void *left, const void *right)
{
	const struct port_row *a = left;
	const struct port_row *b = right;

	if (a->span.first != b->span.first)
		return a->span.first < b->span.first ? -1 : 1;
	if (a->span.last != b->span.last)
		return a->span.last < b->span.last ? -1 : 1;
	int order = strcmp(a->owner, b->owner);
	return order ? order : strcmp(a->what, b->what);
}

static void write_port_row(FILE *stream, const struct report *report, const struct port_row *row)
{
	xml_print(stream, "<tr><td class=\"code\">%s</td><td class=\"number\">%lu</td><td>",
		  human_span(report->arena, row->span),
		  (unsigned long)(row->span.last - row->span.first + 1));
	page_owner(stream, row->party, row->owner);
	fputs("</td><td>", stream);
	page_text(stream, row->what);
	fputs("</td></tr>\n", stream);
}

void page_ports(FILE *stream, const struct report *report)
{
	static const char *const heads[] = {"Ports", ">Count", "Owner", "What", NULL};
	struct port_rows rows = {.arena = report->arena};

	if (!report->model->board.given)
		return;
	collect_ports(&rows, report);
	qsort(rows.items, rows.count, sizeof(*rows.items), compare_ports);
	fputs("<section id=\"ports\">\n<h2>I/O ports</h2>\n"
	      "<p class=\"hint\">Every other port reads as all ones in every VM.</p>\n",
	      stream);
	page_table_head(stream, "Ports and their owners", heads);
	for (unsigned i = 0; i < rows.count; i++)
		write_port_row(stream, report, &rows.items[i]);
	page_table_end(stream);
	fputs("</section>\n", stream);
}

/* --- Interrupts -------------------------------------------------------------------------------- */

#define MOST_PINS 256 /* of an IOAPIC; more are a mistake in the board file */

struct pin {
	uint64_t gsi;
	unsigned vm;
	const char *what;
};

struct pins {
	struct arena *arena;
	struct pin *items; /* sorted */
	unsigned count;
};

static void add_pins(struct pins *pins, const struct number *numbers, unsigned count, unsigned vm,
		     const char *what)
{
	for (unsigned i = 0; i < count; i++)
		*ARENA_PUSH(pins->arena, pins->items, pins->count) =
			(struct pin){numbers[i].value, vm, what};
}

static int compare_pins(const void *left, const void *right)
{
	const struct pin *a = left;
	const struct pin *b = right;

	if (a->gsi != b->gsi)
		return a->gsi < b->gsi ? -1 : 1;
	if (a->vm != b->vm)
		return a->vm < b->vm ? -1 : 1;
	return strcmp(a->what, b->what);
}

static struct pins collect_pins(const struct report *report)
{
	const struct model *model = report->model;
	struct pins pins = {.arena = report->arena};

	for (unsigned i = 0; i < model->vm_count; i++) {
		const struct vm *vm = &model->vms[i];
		add_pins(&pins, vm->interrupts, vm->interrupt_count, i, "");
		for (unsigned j = 0; j < vm->device_count; j++) {
			if (vm->devices[j].target >= model->board.device_count)
				continue;
			const struct board_device *device =
				&model->board.devices[vm->devices[j].target];
			add_pins(&pins, device->interrupts, device->interrupt_count, i,
				 device->label);
		}
	}
	if (pins.count)
		qsort(pins.items, pins.count, sizeof(*pins.items), compare_pins);
	return pins;
}

static int compare_gsi(const void *key, const void *item)
{
	uint64_t a = *(const uint64_t *)key;
	uint64_t b = ((const struct pin *)item)->gsi;

	return (a > b) - (a < b);
}

struct pin_owner {
	struct party party;
	const char *name, *what;
};

static struct pin_owner pin_owner(const struct report *report, const struct pins *pins,
				  uint64_t gsi)
{
	struct pin_owner owner = {{PARTY_FREE, 0}, "", ""};
	const struct pin *pin =
		pins->count ? bsearch(&gsi, pins->items, pins->count, sizeof(*pin), compare_gsi)
			    : NULL;

	if (!pin)
		return owner;
	while (pin > pins->items && pin[-1].gsi == gsi)
		pin--;
	owner = (struct pin_owner){party_vm(pin->vm), report->model->vms[pin->vm].name, pin->what};
	for (; pin < pins->items + pins->count && pin->gsi == gsi; pin++)
		if (party_vm(pin->vm).vm != owner.party.vm) {
			owner.party = (struct party){PARTY_CONFLICT, 0};
			owner.name = arena_format(report->arena, "%s, %s", owner.name,
						  report->model->vms[pin->vm].name);
		}
	return owner;
}

static void write_pin(FILE *stream, const struct report *report, const struct pins *pins,
		      uint64_t gsi, unsigned number)
{
	struct pin_owner owner = pin_owner(report, pins, gsi);

	xml_print(stream, "<li class=\"pin\" title=\"pin %u, interrupt %lu: %s %s\">", number,
		  (unsigned long)gsi, *owner.name ? owner.name : "not given", owner.what);
	xml_print(stream,
		  "<svg class=\"ground\" aria-hidden=\"true\"><rect class=\"%s\" width=\"100%%\" "
		  "height=\"100%%\"/></svg>",
		  party_fill(owner.party));
	xml_print(stream, "<span class=\"ink %s\"><b>%lu</b>", party_label(owner.party),
		  (unsigned long)gsi);
	if (*owner.name)
		xml_print(stream, " %s<br/>%s", owner.name, owner.what);
	fputs("</span></li>\n", stream);
}

static void write_ioapic(FILE *stream, const struct report *report, const struct pins *pins,
			 const struct board_ioapic *ioapic)
{
	uint32_t shown = ioapic->pins;

	if (shown > MOST_PINS)
		shown = MOST_PINS;
	xml_print(stream,
		  "<h3>%s <small>%s, interrupts from %u on, registers at 0x%lx</small></h3>\n",
		  ioapic->label, human_count(report->arena, ioapic->pins, "pin"), ioapic->gsi_base,
		  (unsigned long)ioapic->registers.base.value);
	fputs("<ul class=\"pins\">\n", stream);
	for (uint32_t i = 0; i < shown; i++)
		write_pin(stream, report, pins, (uint64_t)ioapic->gsi_base + i, i);
	fputs("</ul>\n", stream);
}

static void write_overrides(FILE *stream, const struct report *report)
{
	static const char *const heads[] = {"ISA interrupt", "Arrives as", "Trigger", "Polarity",
					    NULL};
	const struct board *board = &report->model->board;

	if (!board->override_count)
		return;
	fputs("<h3>Connected elsewhere</h3>\n", stream);
	page_table_head(stream, "ISA interrupts that the board connects elsewhere", heads);
	for (unsigned i = 0; i < board->override_count; i++)
		xml_print(stream, "<tr><td>%u</td><td>%u</td><td>%s</td><td>%s</td></tr>\n",
			  board->overrides[i].irq, board->overrides[i].gsi,
			  board->overrides[i].level ? "level" : "edge",
			  board->overrides[i].active_low ? "low" : "high");
	page_table_end(stream);
}

void page_interrupts(FILE *stream, const struct report *report)
{
	const struct board *board = &report->model->board;
	struct pins pins = collect_pins(report);

	if (!board->ioapic_count)
		return;
	fputs("<section id=\"interrupts\">\n<h2>Interrupts</h2>\n"
	      "<p class=\"hint\">One cell per pin, with the number of its global system interrupt. "
	      "Pins without an owner stay masked.</p>\n",
	      stream);
	for (unsigned i = 0; i < board->ioapic_count; i++)
		write_ioapic(stream, report, &pins, &board->ioapics[i]);
	write_overrides(stream, report);
	fputs("</section>\n", stream);
}

/* --- Shared memory ----------------------------------------------------------------------------- */

static const struct vm_memory *piece_of_share(const struct report *report, uint32_t share)
{
	const struct model *model = report->model;

	for (unsigned i = 0; i < model->vm_count; i++)
		for (unsigned j = 0; j < model->vms[i].memory_count; j++)
			if (model->vms[i].memory[j].kind == MEMORY_SHARED &&
			    model->vms[i].memory[j].share == share)
				return &model->vms[i].memory[j];
	return NULL;
}

static void write_share(FILE *stream, const struct report *report, uint32_t index)
{
	const struct share *share = &report->model->shares[index];
	const struct vm_memory *piece = piece_of_share(report, index);

	fputs("<tr><th scope=\"row\">", stream);
	page_owner(stream, (struct party){PARTY_SHARED, 0}, share->name);
	fputs("</th><td class=\"number\">", stream);
	page_size(stream, report, share->size.value);
	xml_print(stream, "</td><td class=\"code\">%s</td><td>",
		  piece ? memory_host_text(report, piece) : "–");
	page_text(stream, memory_share_text(report, index));
	xml_print(stream, "</td><td>%s</td></tr>\n", share->multiple_writers ? "yes" : "no");
}

void page_sharing(FILE *stream, const struct report *report)
{
	static const char *const heads[] = {
		"Name", ">Size", "Host from", "Who has it", "Several may write", NULL};

	if (!report->model->share_count)
		return;
	fputs("<section id=\"sharing\">\n<h2>Shared memory</h2>\n", stream);
	page_table_head(stream, "Memory that several VMs have", heads);
	for (unsigned i = 0; i < report->model->share_count; i++)
		write_share(stream, report, i);
	page_table_end(stream);
	fputs("</section>\n", stream);
}

/* --- Modules ----------------------------------------------------------------------------------- */

static bool uses(const struct vm *vm, const char *name)
{
	for (unsigned i = 0; i < vm->boot_module_count; i++)
		if (!strcmp(vm->boot_modules[i].name.value, name))
			return true;
	return (vm->image.value && !strcmp(vm->image.value, name)) ||
	       (vm->ramdisk.value && !strcmp(vm->ramdisk.value, name));
}

static void write_module(FILE *stream, const struct report *report, const struct module *module)
{
	const struct model *model = report->model;
	const char *separator = "";

	fputs("<tr><th scope=\"row\">", stream);
	page_text(stream, module->name);
	fputs("</th><td class=\"code file\">", stream);
	page_text(stream, module->file);
	fputs("</td><td class=\"owners\">", stream);
	for (unsigned i = 0; i < model->vm_count; i++)
		if (uses(&model->vms[i], module->name)) {
			fputs(separator, stream);
			page_owner(stream, party_vm(i), model->vms[i].name);
			separator = " ";
		}
	xml_print(stream, "</td><td>%s</td></tr>\n", module->shared ? "yes" : "no");
}

void page_modules(FILE *stream, const struct report *report)
{
	static const char *const heads[] = {"Module", "File", "Used by", "Shared", NULL};

	if (!report->model->module_count)
		return;
	fputs("<section id=\"modules\">\n<h2>Boot images and modules</h2>\n", stream);
	page_table_head(stream, "Modules that GRUB loads", heads);
	for (unsigned i = 0; i < report->model->module_count; i++)
		write_module(stream, report, &report->model->modules[i]);
	page_table_end(stream);
	fputs("</section>\n", stream);
}
