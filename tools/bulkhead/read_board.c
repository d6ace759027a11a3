/* SPDX-License-Identifier: Apache-2.0 */
/* The board node to the model's inventory. */
#include <string.h>

#include "read_internal.h"
#include "schema.h"

/* Calls take for every known child of the board's node of that name. */
static void each(struct reader *reader, struct tree_node *board, const char *list,
		 void (*take)(struct reader *reader, struct tree_node *node))
{
	const struct tree_node *parent = tree_child(board, list);

	for (unsigned i = 0; parent && i < parent->child_count; i++)
		if (parent->children[i]->schema)
			take(reader, parent->children[i]);
}

static struct place place_of(const struct tree_node *node, const char *name)
{
	const struct tree_property *property = tree_property(node, name);

	return property ? property->at : node->at;
}

static void take_cpu(struct reader *reader, struct tree_node *node)
{
	struct board *board = &reader->model->board;

	node->index = board->cpu_count;
	*ARENA_PUSH(reader->arena, board->cpus, board->cpu_count) = (struct board_cpu){
		.label = tree_node_label(node),
		.apic_id = read_number(node, "apic-id"),
		.package = read_cell(node, "package", 0),
		.core = read_cell(node, "core", node->index),
		.thread = read_cell(node, "thread", 0),
		.l2_group = read_number(node, "l2-group"),
		.l3_group = read_number(node, "l3-group"),
		.kind = read_choice(node, "kind", CHOICE_PERFORMANCE) == CHOICE_EFFICIENT
				? CPU_EFFICIENT
				: CPU_PERFORMANCE,
		.kind_given = read_given(node, "kind"),
		.enabled = read_choice(node, "status", CHOICE_OKAY) != CHOICE_DISABLED,
		.reserved = read_flag(node, "reserved"),
		.core_at = read_number(node, "core").at,
		.status_at = read_text(node, "status").at,
		.reserved_at = place_of(node, "reserved"),
		.at = node->at,
	};
}

static void take_ranges(struct reader *reader, struct tree_node *node, enum board_range_kind kind)
{
	struct board *board = &reader->model->board;
	unsigned count;
	struct range *ranges = read_ranges(reader, node, "reg", 2, &count);

	for (unsigned i = 0; i < count; i++)
		*ARENA_PUSH(reader->arena, board->ranges, board->range_count) =
			(struct board_range){node->name, kind, ranges[i]};
}

static void take_ram(struct reader *reader, struct tree_node *node)
{
	take_ranges(reader, node, BOARD_RAM);
}

static void take_reserved(struct reader *reader, struct tree_node *node)
{
	static const enum board_range_kind kinds[] = {
		[CHOICE_HYPERVISOR_RANGE] = BOARD_HYPERVISOR,
		[CHOICE_TRAMPOLINE_RANGE] = BOARD_TRAMPOLINE,
		[CHOICE_CRASH_RANGE] = BOARD_CRASH_RECORD,
		[CHOICE_CRASH_RANGE + 1] = BOARD_RESERVED,
	};

	take_ranges(reader, node, kinds[read_choice(node, "compatible", CHOICE_CRASH_RANGE + 1)]);
}

static void take_ioapic(struct reader *reader, struct tree_node *node)
{
	struct board *board = &reader->model->board;
	unsigned count;
	struct range *registers = read_ranges(reader, node, "reg", 2, &count);

	if (!count || !read_given(node, "pins") || !read_given(node, "gsi-base"))
		return; /* reported; without these there is nothing to compare */
	*ARENA_PUSH(reader->arena, board->ioapics, board->ioapic_count) = (struct board_ioapic){
		.label = tree_node_label(node),
		.id = read_number(node, "id"),
		.registers = registers[0],
		.gsi_base = read_cell(node, "gsi-base", 0),
		.pins = read_cell(node, "pins", 0),
		.gsi_base_at = read_number(node, "gsi-base").at,
		.pins_at = read_number(node, "pins").at,
		.at = node->at,
	};
}

static void take_override(struct reader *reader, struct tree_node *node)
{
	struct board *board = &reader->model->board;

	if (!read_given(node, "irq") || !read_given(node, "gsi"))
		return;
	*ARENA_PUSH(reader->arena, board->overrides, board->override_count) =
		(struct board_override){
			.irq = read_cell(node, "irq", 0),
			.gsi = read_cell(node, "gsi", 0),
			.level = read_choice(node, "trigger", CHOICE_EDGE) == CHOICE_LEVEL,
			.active_low = read_choice(node, "polarity", CHOICE_HIGH) == CHOICE_LOW,
			.irq_at = read_number(node, "irq").at,
			.gsi_at = read_number(node, "gsi").at,
			.at = node->at,
		};
}

static void take_device(struct reader *reader, struct tree_node *node)
{
	struct board *board = &reader->model->board;
	const char *compatible = read_text(node, "compatible").value;

	node->index = board->device_count;
	struct board_device *device =
		ARENA_PUSH(reader->arena, board->devices, board->device_count);
	device->label = tree_node_label(node);
	device->name = node->name;
	device->compatible = compatible ? compatible : "";
	device->compatibles = read_texts(reader, node, "compatible", &device->compatible_count);
	device->ports = read_ranges(reader, node, "io-ports", 1, &device->port_count);
	device->interrupts = read_cells(reader, node, "interrupts", &device->interrupt_count);
	device->mmio = read_ranges(reader, node, "reg", 2, &device->mmio_count);
	device->at = node->at;
}

static void take_vmx(struct reader *reader, const struct tree_node *node)
{
	struct board *board = &reader->model->board;

	if (!node)
		return;
	board->ept_page_sizes =
		read_cells(reader, node, "ept-page-sizes", &board->ept_page_size_count);
	board->missing_controls =
		read_texts(reader, node, "missing", &board->missing_control_count);
}

void read_board(struct reader *reader)
{
	struct tree_node *node = tree_child(reader->tree.root, "board");
	struct board *board = &reader->model->board;

	board->model = "";
	if (!node)
		return;
	const char *name = read_text(node, "model").value;
	board->given = true;
	board->model = name ? name : "";
	board->at = node->at;
	board->physical_address_bits = read_cell(node, "physical-address-bits", 0);
	board->physical_address_bits_at = read_number(node, "physical-address-bits").at;
	board->tsc_frequency = read_number(node, "tsc-frequency");
	board->tsc_frequency_hz = board->tsc_frequency.value;
	board->cpuid_hide = read_texts(reader, node, "cpuid-hide", &board->cpuid_hide_count);
	board->tsc_varies = read_flag(node, "tsc-varies");
	if (board->tsc_varies)
		board->tsc_varies_at = tree_property(node, "tsc-varies")->at;
	board->apic_timer_frequency = read_number(node, "apic-timer-frequency");
	board->apic_timer_frequency_hz = board->apic_timer_frequency.value;
	board->reserved_ports =
		read_ranges(reader, node, "reserved-io-ports", 1, &board->reserved_port_count);
	each(reader, node, "cpus", take_cpu);
	each(reader, node, "memory", take_ram);
	each(reader, node, "reserved-memory", take_reserved);
	each(reader, node, "ioapics", take_ioapic);
	each(reader, node, "interrupt-overrides", take_override);
	each(reader, node, "devices", take_device);
	read_pci(reader, node);
	take_vmx(reader, tree_child(node, "vmx"));
}
