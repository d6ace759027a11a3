/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree that was read is printed as it is, whatever the language comes to hold; only what the tool
 * adds to a node knows what kind of node it is.
 */
#include "show.h"

#include <inttypes.h>
#include <string.h>

#include "bulkhead/platform.h"
#include "schema.h"
#include "span.h"
#include "tree.h"

struct printer {
	FILE *stream;
	const struct model *model;
	struct arena arena;
	unsigned depth;
};

static void indent(const struct printer *printer)
{
	for (unsigned i = 0; i < printer->depth; i++)
		fputc('\t', printer->stream);
}

static void print_string(FILE *stream, const char *text)
{
	fputc('"', stream);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', stream);
		fputc(*text, stream);
	}
	fputc('"', stream);
}

/* Addresses and ports are read in hexadecimal, counts and numbers of things in decimal. */
static bool in_hexadecimal(enum property_type type)
{
	return type == TYPE_ADDRESS || type == TYPE_PORTS || type == TYPE_RANGES;
}

static void print_cell(FILE *stream, const struct value *value, bool hexadecimal)
{
	if (value->kind == VALUE_CELL)
		fprintf(stream, hexadecimal ? "0x%" PRIx32 : "%" PRIu32, value->cell);
	else if (*value->text == '/')
		fprintf(stream, "&{%s}", value->text);
	else
		fprintf(stream, "&%s", value->text);
}

/* How many cells make one item of a list; 0: brackets hold all of them. */
static unsigned group_size(enum property_type type)
{
	return type == TYPE_PORTS ? 2 : type == TYPE_RANGES ? 4 : 0;
}

static void print_values(FILE *stream, const struct tree_property *property,
			 enum property_type type)
{
	bool hexadecimal = in_hexadecimal(type) && !strstr(property->name, "frequency");
	unsigned group = group_size(type);
	unsigned open = 0; /* cells since the bracket */

	for (unsigned i = 0; i < property->value_count; i++) {
		const struct value *value = &property->values[i];
		bool cell = value->kind != VALUE_STRING;
		bool closes = open && (!cell || open == group);
		fputs(closes ? ">" : "", stream);
		open = closes ? 0 : open;
		fputs(i == 0 ? " = " : open ? " " : ", ", stream);
		fputs(cell && !open ? "<" : "", stream);
		if (cell)
			print_cell(stream, value, hexadecimal);
		else
			print_string(stream, value->text);
		open += cell;
	}
	fputs(open ? ">" : "", stream);
}

static const struct vm *vm_of(const struct printer *printer, const struct tree_node *node)
{
	for (unsigned i = 0; i < printer->model->vm_count; i++)
		if (!strcmp(printer->model->vms[i].name, node->name))
			return &printer->model->vms[i];
	return NULL;
}

/* What the tool completes is printed as a whole instead. */
static bool completed(const struct printer *printer, const struct tree_node *node, const char *name)
{
	const struct vm *vm = node->schema == &schema_vm ? vm_of(printer, node) : NULL;

	if (!vm)
		return false;
	if (!strcmp(name, "cpus") || !strcmp(name, "cpu-count"))
		return vm->cpu_wanted.given;
	if (!strcmp(name, "devices") || !strcmp(name, "any-devices"))
		return vm->any_device_count != 0;
	return false;
}

static void print_property(const struct printer *printer, const struct tree_node *node,
			   const struct tree_property *property)
{
	const struct schema_property *schema = schema_property(node->schema, property->name);

	if (schema->type == TYPE_IGNORED || completed(printer, node, property->name))
		return;
	indent(printer);
	fputs(property->name, printer->stream);
	/* An empty list is not a flag. */
	if (!property->value_count && schema->type != TYPE_FLAG)
		fputs(" = <>", printer->stream);
	print_values(printer->stream, property, schema->type);
	fputs(";\n", printer->stream);
}

static void print_text_property(const struct printer *printer, const char *name, const char *text,
				const char *why)
{
	indent(printer);
	fprintf(printer->stream, "%s = ", name);
	print_string(printer->stream, text);
	fprintf(printer->stream, "; /* %s */\n", why);
}

static void print_address_property(const struct printer *printer, const char *name,
				   uint64_t address, const char *why)
{
	indent(printer);
	fprintf(printer->stream, "%s = <0x%" PRIx64 " 0x%" PRIx64 ">; /* %s */\n", name,
		address >> 32, address & UINT32_MAX, why);
}

static bool has(const struct tree_node *node, const char *name)
{
	return tree_property(node, name) != NULL;
}

static const struct vm_memory *memory_of(const struct printer *printer,
					 const struct tree_node *node)
{
	const struct vm *vm = vm_of(printer, node->parent);

	for (unsigned i = 0; vm && i < vm->memory_count; i++)
		if (!strcmp(vm->memory[i].name, node->name))
			return &vm->memory[i];
	return NULL;
}

/* What comes along with a device. */
static void print_device(struct printer *printer, const struct board_device *device)
{
	FILE *stream = printer->stream;

	indent(printer);
	fprintf(stream, "/* %s is %s", device->label, device->name);
	for (unsigned i = 0; i < device->port_count; i++) {
		struct span span;
		if (range_span(&device->ports[i], &span))
			fprintf(stream, ", port%s %s", span.first == span.last ? "" : "s",
				span_text(&printer->arena, span));
	}
	for (unsigned i = 0; i < device->interrupt_count; i++)
		fprintf(stream, ", interrupt %" PRIu64, device->interrupts[i].value);
	for (unsigned i = 0; i < device->mmio_count; i++) {
		struct span span;
		if (range_span(&device->mmio[i], &span))
			fprintf(stream, ", registers %s", span_text(&printer->arena, span));
	}
	fputs(" */\n", stream);
}

/* References to what has these indices in a list of the board, <&LABEL ...>. */
static void print_references(const struct printer *printer, const char *list, const char *property,
			     const struct reference *references, unsigned count)
{
	const struct tree_node *board = tree_child(printer->model->tree, "board");
	const struct tree_node *parent = tree_child(board, list);

	indent(printer);
	fprintf(printer->stream, "%s = <", property);
	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0; j < parent->child_count; j++) {
			const struct tree_node *node = parent->children[j];
			if (node->index != references[i].target)
				continue;
			fputs(i ? " " : "", printer->stream);
			if (node->label_count)
				fprintf(printer->stream, "&%s", node->labels[0]);
			else
				fprintf(printer->stream, "&{/board/%s/%s}", list, node->name);
		}
	fputs(">; /* completed by the tool */\n", printer->stream);
}

static void print_completed(const struct printer *printer, const struct vm *vm)
{
	if (vm->cpu_wanted.given)
		print_references(printer, "cpus", "cpus", vm->cpus, vm->cpu_count);
	if (vm->any_device_count)
		print_references(printer, "devices", "devices", vm->devices,
				 vm->device_count - vm->pci_count);
}

static void print_number_property(const struct printer *printer, const char *name, uint64_t value)
{
	indent(printer);
	fprintf(printer->stream, "%s = <%" PRIu64 ">; /* default */\n", name, value);
}

static void print_life_additions(const struct printer *printer, const struct tree_node *node,
				 const struct vm_life *life)
{
	static const char *const actions[] = {
		[LIFE_STOP] = "stop",
		[LIFE_RESTART] = "restart",
		[LIFE_HALT_MACHINE] = "halt-machine",
	};

	if (!has(node, "restartable"))
		print_text_property(printer, "restartable", life->restartable ? "on" : "off",
				    "default");
	if (!has(node, "on-reset"))
		print_text_property(printer, "on-reset", actions[life->on_reset], "default");
	if (!has(node, "on-crash"))
		print_text_property(printer, "on-crash", actions[life->on_crash], "default");
	if (life->on_reset != LIFE_RESTART && life->on_crash != LIFE_RESTART)
		return;
	if (!has(node, "restart-limit"))
		print_number_property(printer, "restart-limit", life->restart_limit.value);
	if (!has(node, "restart-window-seconds"))
		print_number_property(printer, "restart-window-seconds",
				      life->restart_window.value);
}

static void print_vm_additions(struct printer *printer, const struct tree_node *node)
{
	const struct vm *vm = vm_of(printer, node);
	const struct board *board = &printer->model->board;
	bool has_entries = vm->protocol == BOOT_RAW || vm->protocol == BOOT_ELF;

	print_completed(printer, vm);
	if (has_entries && !has(node, "entry-mode"))
		print_text_property(printer, "entry-mode", "protected", "default");
	if (vm->protocol == BOOT_RAW && !has(node, "load-address"))
		print_address_property(printer, "load-address", vm->bsp_entry.value, "default");
	if (!has(node, "acpi"))
		print_text_property(printer, "acpi", vm->acpi ? "on" : "off", "default");
	print_life_additions(printer, node, &vm->life);
	for (unsigned i = 0; i < vm->device_count; i++)
		print_device(printer, &board->devices[vm->devices[i].target]);
}

static void print_span_comment(struct printer *printer, const struct vm_memory *memory)
{
	struct span guest, host;

	if (!span_make(memory->guest.value, memory->size.value, &guest) ||
	    !span_make(memory->host.value, memory->size.value, &host))
		return;
	indent(printer);
	fprintf(printer->stream, "/* %s: guest %s is host %s */\n",
		size_text(&printer->arena, memory->size.value), span_text(&printer->arena, guest),
		span_text(&printer->arena, host));
}

static void print_memory_additions(struct printer *printer, const struct tree_node *node)
{
	const struct vm_memory *memory = memory_of(printer, node);

	if (!has(node, "host"))
		print_address_property(printer, "host", memory->host.value, "chosen by the tool");
	if (!has(node, "access"))
		print_text_property(printer, "access", "rwx", "default");
	print_span_comment(printer, memory);
}

static void print_module_additions(struct printer *printer, const struct tree_node *node)
{
	if (!has(node, "file"))
		print_text_property(printer, "file",
				    arena_format(&printer->arena, "guests/%s", node->name),
				    "default");
}

/* Shared memory is placed once, for the first VM that has it. */
static void print_share_additions(struct printer *printer, const struct tree_node *node)
{
	const struct model *model = printer->model;

	if (has(node, "host"))
		return;
	for (unsigned i = 0; i < model->vm_count; i++)
		for (unsigned j = 0; j < model->vms[i].memory_count; j++) {
			const struct vm_memory *memory = &model->vms[i].memory[j];
			if (memory->kind != MEMORY_SHARED || memory->share != node->index)
				continue;
			print_address_property(printer, "host", memory->host.value,
					       "chosen by the tool");
			return;
		}
}

static void print_store_additions(struct printer *printer, const struct tree_node *node)
{
	if (!has(node, "host"))
		print_address_property(printer, "host", printer->model->image_store.host.value,
				       "chosen by the tool");
}

static void print_additions(struct printer *printer, const struct tree_node *node)
{
	const struct tree_node *parent = node->parent;

	if (node->schema == &schema_vm)
		print_vm_additions(printer, node);
	else if (node->schema == &schema_image_store)
		print_store_additions(printer, node);
	else if (node->schema == &schema_share)
		print_share_additions(printer, node);
	else if (parent && parent->schema == &schema_vm && !strcmp(node->base, "memory"))
		print_memory_additions(printer, node);
	else if (parent && !strcmp(parent->name, "modules") && parent->parent->parent == NULL)
		print_module_additions(printer, node);
}

/* Modules that only have a name, where a VM uses it; first: nothing stands in front of them. */
static void print_used_modules(struct printer *printer, bool first)
{
	for (unsigned i = 0; i < printer->model->module_count; i++) {
		const struct module *module = &printer->model->modules[i];
		if (module->declared)
			continue;
		if (!first)
			fputc('\n', printer->stream);
		first = false;
		indent(printer);
		fprintf(printer->stream, "%s {\n", module->name);
		printer->depth++;
		print_text_property(printer, "file", module->file, "default");
		printer->depth--;
		indent(printer);
		fputs("};\n", printer->stream);
	}
}

static bool is_modules(const struct tree_node *node)
{
	return node->parent && !node->parent->parent && !strcmp(node->name, "modules");
}

/* Below a scenario that declares none. */
static void print_modules_node(struct printer *printer)
{
	fputc('\n', printer->stream);
	indent(printer);
	fputs("modules {\n", printer->stream);
	printer->depth++;
	print_used_modules(printer, true);
	printer->depth--;
	indent(printer);
	fputs("};\n", printer->stream);
}

static void print_node(struct printer *printer, const struct tree_node *node);

static void print_children(struct printer *printer, const struct tree_node *node)
{
	for (unsigned i = 0; i < node->child_count; i++) {
		if (i > 0 || node->property_count)
			fputc('\n', printer->stream);
		print_node(printer, node->children[i]);
	}
	if (is_modules(node))
		print_used_modules(printer, !node->child_count);
	if (!node->parent && !tree_child(node, "modules"))
		print_modules_node(printer);
}

/* No deeper than the language, which the reader has checked. */
/* NOLINTNEXTLINE(misc-no-recursion): see above */
static void print_node(struct printer *printer, const struct tree_node *node)
{
	indent(printer);
	for (unsigned i = 0; i < node->label_count; i++)
		fprintf(printer->stream, "%s: ", node->labels[i]);
	fprintf(printer->stream, "%s {\n", node->parent ? node->name : "/");
	printer->depth++;
	for (unsigned i = 0; i < node->property_count; i++)
		print_property(printer, node, &node->properties[i]);
	print_additions(printer, node);
	print_children(printer, node);
	printer->depth--;
	indent(printer);
	fputs("};\n", printer->stream);
}

void show_scenario(FILE *stream, const struct model *model)
{
	struct printer printer = {.stream = stream, .model = model};

	fputs("/* Made by `bulkhead show`: a scenario with everything that the tool chose. */\n"
	      "/dts-v1/;\n\n",
	      stream);
	print_node(&printer, model->tree);
	arena_free(&printer.arena);
}
