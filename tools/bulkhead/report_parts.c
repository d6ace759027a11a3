/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "report_human.h"
#include "report_page.h"
#include "report_xml.h"

#define PCI_CLASS_BRIDGE 0x06
#define WIDE_FACT        60 /* characters; longer ones get a line of their own */

#define LONG_WORD 24 /* characters; longer ones would make a column too wide */
#define WORD_PART 16

void page_text(FILE *stream, const char *text)
{
	while (*text) {
		size_t word = strcspn(text, " ");
		size_t part = word > LONG_WORD ? WORD_PART : word + strspn(text + word, " ");
		/* Not within a character: the rest of one begins with the bits 10. */
		while ((text[part] & 0xC0) == 0x80)
			part++;
		char *copy = strndup(text, part);
		if (!copy)
			abort();
		xml_text(stream, copy);
		free(copy);
		if (word > LONG_WORD)
			fputs("<wbr/>", stream);
		text += part;
	}
}

void page_swatch(FILE *stream, struct party party)
{
	xml_print(
		stream,
		"<svg class=\"swatch\" width=\"22\" height=\"14\" aria-hidden=\"true\">"
		"<rect class=\"%s\" x=\".5\" y=\".5\" width=\"21\" height=\"13\" rx=\"3\"/></svg>",
		party_fill(party));
}

void page_owner(FILE *stream, struct party party, const char *name)
{
	bool link = party.kind == PARTY_VM;

	fputs("<span class=\"owner\">", stream);
	page_swatch(stream, party);
	if (link)
		xml_print(stream, "<a href=\"#vm-%u\">", party.vm + 1);
	else
		fputs("<span>", stream);
	page_text(stream, name);
	fputs(link ? "</a></span>" : "</span></span>", stream);
}

void page_size(FILE *stream, const struct report *report, uint64_t size)
{
	xml_print(stream, "<data value=\"%lu\" title=\"%s\">%s</data>", (unsigned long)size,
		  exact_size(report->arena, size), human_size(report->arena, size));
}

void page_fact(FILE *stream, const char *name, const char *text)
{
	if (!*text)
		return;
	fputs(strlen(text) > WIDE_FACT ? "<div class=\"wide\">" : "<div>", stream);
	xml_print(stream, "<dt>%s</dt><dd>%s</dd></div>\n", name, text);
}

void page_table_head(FILE *stream, const char *caption, const char *const heads[])
{
	xml_print(stream, "<div class=\"scroll\"><table>\n<caption>%s</caption>\n<thead><tr>",
		  caption);
	for (; *heads; heads++) {
		bool number = **heads == '>';
		bool wide = **heads == '<';
		fprintf(stream, "<th scope=\"col\"%s>",
			number ? " class=\"number\""
			: wide ? " class=\"wide-only\""
			       : "");
		xml_print(stream, "%s</th>", *heads + (number || wide));
	}
	fputs("</tr></thead>\n<tbody>\n", stream);
}

void page_table_end(FILE *stream)
{
	fputs("</tbody></table></div>\n", stream);
}

/* --- Devices ----------------------------------------------------------------------------------- */

static bool is_console(const struct board_device *device)
{
	const struct span console = {CONSOLE_PORT, CONSOLE_PORT + CONSOLE_PORT_COUNT - 1};

	for (unsigned i = 0; i < device->port_count; i++) {
		struct span span;
		if (range_span(&device->ports[i], &span) && span_meet(span, console))
			return true;
	}
	return false;
}

static bool has_device(const struct vm *vm, unsigned device)
{
	for (unsigned i = 0; i < vm->device_count; i++)
		if (vm->devices[i].target == device)
			return true;
	return false;
}

bool page_is_bridge(const struct board_pci *pci)
{
	return pci->class_code.value >> 16 == PCI_CLASS_BRIDGE;
}

struct device_owner page_device_owner(const struct report *report, unsigned device)
{
	const struct model *model = report->model;
	struct device_owner owner = {{PARTY_FREE, 0}, "not given"};

	for (unsigned i = 0; i < model->vm_count; i++) {
		if (!has_device(&model->vms[i], device))
			continue;
		if (owner.party.kind == PARTY_FREE)
			owner = (struct device_owner){party_vm(i), model->vms[i].name};
		else
			owner = (struct device_owner){{PARTY_CONFLICT, 0},
						      arena_format(report->arena, "%s, %s",
								   owner.name, model->vms[i].name)};
	}
	const struct board_pci *pci = model->board.devices[device].pci;
	if (owner.party.kind == PARTY_FREE && pci && (pci->never_given || page_is_bridge(pci)))
		owner = (struct device_owner){{PARTY_RESERVED, 0},
					      pci->never_given ? "reserved by the board"
							       : "never given"};
	if (owner.party.kind == PARTY_FREE && is_console(&model->board.devices[device]))
		owner = (struct device_owner){{PARTY_HYPERVISOR, 0}, "hypervisor (console)"};
	return owner;
}

/* --- Paths ------------------------------------------------------------------------------------- */

/* Length of the folder's name with its slash; 0 if there is none. */
static size_t folder_length(const char *file)
{
	const char *slash = file ? strrchr(file, '/') : NULL;

	return slash ? (size_t)(slash + 1 - file) : 0;
}

const char *page_path(const struct report *report, const char *file)
{
	size_t folder = folder_length(report->model->file);

	if (folder && !strncmp(file, report->model->file, folder))
		return file + folder;
	return *file == '/' ? file + folder_length(file) : file;
}

static bool may_precede_path(char character)
{
	return strchr(" \"'(=", character) != NULL;
}

static const char *without_folder(struct arena *arena, const char *text, const char *folder,
				  size_t length)
{
	const char *at = text;

	while (length && (at = strstr(at, folder)) != NULL) {
		if (at > text && !may_precede_path(at[-1])) {
			at++;
			continue;
		}
		size_t before = (size_t)(at - text);
		text = arena_format(arena, "%.*s%s", (int)before, text, at + length);
		at = text + before;
	}
	return text;
}

const char *page_message(const struct report *report, const char *message)
{
	const char *file = report->model->file;
	size_t length = folder_length(file);

	message = without_folder(report->arena, message,
				 arena_strndup(report->arena, file ? file : "", length), length);
	if (!report->module_folder)
		return message;
	const char *folder = arena_format(report->arena, "%s/", report->module_folder);
	return without_folder(report->arena, message, folder, strlen(folder));
}
