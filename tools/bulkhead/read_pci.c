/* SPDX-License-Identifier: Apache-2.0 */
/* PCI functions and IOMMUs of the board to the model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read_internal.h"
#include "schema.h"
#include "span.h"

#define PAGE_MASK (PAGE_SIZE_4K - 1)

/* Bits of a BAR that are not address (PCI Local Bus 3.0, 6.2.5.1) give the smallest sizes. */
#define MEMORY_BAR_MIN 16
#define IO_BAR_MIN     4
/* The bytes of one entry of an MSI-X table. */
#define MSIX_ENTRY 16

bool read_pci_address(const char *text, struct pci_address *address)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	size_t length = strlen(text);

	if (length != 7 || strspn(text, hex) != 2 || text[2] != ':' || strspn(text + 3, hex) != 2 ||
	    text[5] != '.' || strspn(text + 6, "01234567") != 1)
		return false;
	address->bus = (unsigned)strtoul(text, NULL, 16);
	address->device = (unsigned)strtoul(text + 3, NULL, 16);
	address->function = (unsigned)strtoul(text + 6, NULL, 16);
	return address->device < 32;
}

bool board_bar_sane(const struct board_bar *bar)
{
	static const uint64_t limits[] = {
		[PCI_BAR_MEMORY32] = UINT32_MAX,
		[PCI_BAR_MEMORY64] = UINT64_MAX,
		[PCI_BAR_IO] = UINT16_MAX,
	};
	uint64_t size = bar->size.value;
	struct span span;

	return bar->base.given && bar->size.given && (size & (size - 1)) == 0 &&
	       size >= (bar->kind == PCI_BAR_IO ? IO_BAR_MIN : MEMORY_BAR_MIN) &&
	       (bar->base.value & (size - 1)) == 0 && bar->base.value != 0 &&
	       span_make(bar->base.value, size, &span) && span.last <= limits[bar->kind];
}

static void take_bar(struct reader *reader, const struct tree_node *node, struct board_pci *pci)
{
	static const enum pci_bar_kind kinds[] = {
		[CHOICE_MEMORY32] = PCI_BAR_MEMORY32,
		[CHOICE_MEMORY64] = PCI_BAR_MEMORY64,
		[CHOICE_IO] = PCI_BAR_IO,
	};
	struct number index = read_unit_address(node);

	if (!index.given || !read_given(node, "kind"))
		return; /* reported; nothing can be said about it */
	*ARENA_PUSH(reader->arena, pci->bars, pci->bar_count) = (struct board_bar){
		.index = index.value,
		.kind = kinds[read_choice(node, "kind", CHOICE_MEMORY32)],
		.base = read_number(node, "base"),
		.size = read_number(node, "size"),
		.prefetchable = read_flag(node, "prefetchable"),
		.at = node->at,
	};
}

static int compare_ranges(const void *left, const void *right)
{
	uint64_t a = ((const struct range *)left)->base.value;
	uint64_t b = ((const struct range *)right)->base.value;

	return a < b ? -1 : a > b;
}

/* Sorts, and joins what overlaps. */
static unsigned merge(struct range *ranges, unsigned count)
{
	unsigned kept = 0;

	if (count)
		qsort(ranges, count, sizeof(*ranges), compare_ranges);
	for (unsigned i = 0; i < count; i++) {
		struct range *last = kept ? &ranges[kept - 1] : NULL;
		if (!last || ranges[i].base.value - last->base.value >= last->size.value) {
			ranges[kept++] = ranges[i];
			continue;
		}
		uint64_t size = ranges[i].base.value - last->base.value + ranges[i].size.value;
		if (size > last->size.value)
			last->size.value = size;
	}
	return kept;
}

/* Removes [base, end) from merged ranges. */
static void remove_pages(struct reader *reader, struct range **ranges, unsigned *count,
			 uint64_t base, uint64_t end)
{
	struct range *kept = NULL;
	unsigned kept_count = 0;

	for (unsigned i = 0; i < *count; i++) {
		struct range range = (*ranges)[i];
		uint64_t first = range.base.value, last = first + (range.size.value - 1);
		if (end <= first || base > last) {
			*ARENA_PUSH(reader->arena, kept, kept_count) = range;
			continue;
		}
		if (first < base) {
			range.size.value = base - first;
			*ARENA_PUSH(reader->arena, kept, kept_count) = range;
		}
		if (last >= end) {
			range.base.value = end;
			range.size.value = last - end + 1;
			*ARENA_PUSH(reader->arena, kept, kept_count) = range;
		}
	}
	*ranges = kept;
	*count = kept_count;
}

static const struct board_bar *bar_with_index(const struct board_pci *pci, uint64_t index)
{
	for (unsigned i = 0; i < pci->bar_count; i++)
		if (pci->bars[i].index == index)
			return &pci->bars[i];
	return NULL;
}

/* The pages that hold the MSI-X table stay with the hypervisor: a message can name any core. */
static void remove_msix_table(struct reader *reader, const struct board_pci *pci,
			      struct board_device *device)
{
	const struct board_bar *bar = bar_with_index(pci, pci->msix_bar.value);

	if (!pci->msix_vectors.value || !pci->msix_bar.given || !bar || bar->kind == PCI_BAR_IO ||
	    !board_bar_sane(bar))
		return;
	uint64_t base = bar->base.value + pci->msix_offset.value;
	uint64_t end = base + pci->msix_vectors.value * MSIX_ENTRY;
	remove_pages(reader, &device->mmio, &device->mmio_count, base & ~PAGE_MASK,
		     (end + PAGE_MASK) & ~PAGE_MASK);
}

static void add_bar(struct reader *reader, struct board_device *device, const struct board_bar *bar)
{
	struct range range = {bar->base, bar->size, bar->base.at};

	if (!board_bar_sane(bar))
		return; /* reported by its rule */
	if (bar->kind == PCI_BAR_IO) {
		*ARENA_PUSH(reader->arena, device->ports, device->port_count) = range;
		return;
	}
	range.base.value &= ~PAGE_MASK;
	range.size.value = (bar->size.value + PAGE_MASK) & ~PAGE_MASK;
	*ARENA_PUSH(reader->arena, device->mmio, device->mmio_count) = range;
}

/* What a function brings along, in the form that all devices have. */
static void add_device(struct reader *reader, struct board_pci *pci)
{
	struct board *board = &reader->model->board;

	pci->board_device = board->device_count;
	struct board_device *device =
		ARENA_PUSH(reader->arena, board->devices, board->device_count);
	device->label = pci->label;
	device->name = pci->name;
	device->compatible = "pci";
	device->at = pci->at;
	if (pci->interrupt.given)
		*ARENA_PUSH(reader->arena, device->interrupts, device->interrupt_count) =
			pci->interrupt;
	for (unsigned i = 0; i < pci->bar_count; i++)
		add_bar(reader, device, &pci->bars[i]);
	device->mmio_count = merge(device->mmio, device->mmio_count);
	remove_msix_table(reader, pci, device);
}

static void take_address(const struct tree_node *node, struct board_pci *pci)
{
	struct pci_address address;

	pci->address = read_text(node, "address");
	pci->address_valid = pci->address.value && read_pci_address(pci->address.value, &address);
	if (!pci->address_valid)
		return;
	pci->bus = (uint8_t)address.bus;
	pci->device = (uint8_t)address.device;
	pci->function = (uint8_t)address.function;
}

static void take_function(struct reader *reader, struct tree_node *node)
{
	struct board *board = &reader->model->board;

	node->index = board->pci_count;
	struct board_pci *pci = ARENA_PUSH(reader->arena, board->pci, board->pci_count);
	pci->label = tree_node_label(node);
	pci->name = node->name;
	pci->at = node->at;
	take_address(node, pci);
	pci->vendor_id = read_number(node, "vendor-id");
	pci->device_id = read_number(node, "device-id");
	pci->class_code = read_number(node, "class");
	pci->interrupt = read_number(node, "interrupts");
	pci->msi_vectors = read_number(node, "msi-vectors");
	pci->msix_vectors = read_number(node, "msix-vectors");
	pci->msix_bar = read_number(node, "msix-bar");
	pci->msix_offset = read_number(node, "msix-offset");
	pci->isolation_group = read_number(node, "isolation-group");
	pci->reserved = read_ranges(reader, node, "reserved-memory", 2, &pci->reserved_count);
	pci->iommu = read_target(reader, node, "iommu", &schema_iommu);
	pci->iommu_given = tree_property(node, "iommu");
	pci->never_given = read_flag(node, "reserved");
	pci->isolating = read_flag(node, "isolating");
	pci->secondary_bus = read_number(node, "secondary-bus");
	pci->subordinate_bus = read_number(node, "subordinate-bus");
	for (unsigned i = 0; i < node->child_count; i++)
		if (node->children[i]->schema)
			take_bar(reader, node->children[i], pci);
	add_device(reader, pci);
}

/* Registers of IOMMUs and memory-mapped configuration space are memory that nobody gets. */
static void reserve(struct reader *reader, const char *name, struct range range)
{
	struct board *board = &reader->model->board;

	*ARENA_PUSH(reader->arena, board->ranges, board->range_count) =
		(struct board_range){name, BOARD_RESERVED, range};
}

static void take_iommu(struct reader *reader, struct tree_node *node)
{
	struct board *board = &reader->model->board;
	unsigned count;
	struct range *registers = read_ranges(reader, node, "reg", 2, &count);

	node->index = board->iommu_count;
	struct board_iommu *iommu = ARENA_PUSH(reader->arena, board->iommus, board->iommu_count);
	iommu->label = tree_node_label(node);
	iommu->guest_address_bits = read_number(node, "guest-address-bits");
	iommu->at = node->at;
	if (count)
		iommu->registers = registers[0];
	for (unsigned i = 0; i < count; i++)
		reserve(reader, iommu->label, registers[i]);
}

static void take_pci_node(struct reader *reader, const struct tree_node *node)
{
	struct board *board = &reader->model->board;
	unsigned count;
	struct range *ecam = read_ranges(reader, node, "ecam", 2, &count);

	if (count) {
		board->ecam = ecam[0];
		reserve(reader, "PCI configuration space", ecam[0]);
	}
	board->pci_memory_windows =
		read_ranges(reader, node, "memory-windows", 2, &board->pci_memory_window_count);
	board->pci_io_windows =
		read_ranges(reader, node, "io-windows", 1, &board->pci_io_window_count);
	for (unsigned i = 0; i < node->child_count; i++)
		if (node->children[i]->schema)
			take_function(reader, node->children[i]);
}

void read_pci(struct reader *reader, struct tree_node *node)
{
	const struct tree_node *iommus = tree_child(node, "iommus");
	const struct tree_node *pci = tree_child(node, "pci");
	struct board *board = &reader->model->board;

	for (unsigned i = 0; iommus && i < iommus->child_count; i++)
		if (iommus->children[i]->schema)
			take_iommu(reader, iommus->children[i]);
	if (pci)
		take_pci_node(reader, pci);
	for (unsigned i = 0; i < board->pci_count; i++)
		board->devices[board->pci[i].board_device].pci = &board->pci[i];
}

static void add_memory(struct reader *reader, struct vm *vm, const struct board_device *device,
		       struct place at, struct range range)
{
	*ARENA_PUSH(reader->arena, vm->memory, vm->memory_count) = (struct vm_memory){
		.name = device->name,
		.guest = range.base,
		.size = range.size,
		.host = range.base,
		.permissions = MEMORY_READ | MEMORY_WRITE,
		.kind = MEMORY_DEVICE,
		.at = at,
	};
}

/* A page that several of the VM's functions have registers in is one piece of memory all the same. */
static void add_new_pages(struct reader *reader, struct vm *vm, const struct board_device *device,
			  struct place at, struct range whole)
{
	struct range *ranges = NULL;
	unsigned count = 0;

	*ARENA_PUSH(reader->arena, ranges, count) = whole;
	for (unsigned i = 0; i < vm->memory_count; i++)
		if (vm->memory[i].kind == MEMORY_DEVICE)
			remove_pages(reader, &ranges, &count, vm->memory[i].host.value,
				     vm->memory[i].host.value + vm->memory[i].size.value);
	for (unsigned i = 0; i < count; i++)
		add_memory(reader, vm, device, at, ranges[i]);
}

void read_pci_memory(struct reader *reader, struct vm *vm)
{
	const struct board *board = &reader->model->board;

	for (unsigned i = 0; i < vm->pci_count; i++) {
		if (vm->pci[i].target >= board->pci_count)
			continue;
		const struct board_device *device =
			&board->devices[board->pci[vm->pci[i].target].board_device];
		for (unsigned j = 0; j < device->mmio_count; j++)
			add_new_pages(reader, vm, device, vm->pci[i].at, device->mmio[j]);
	}
}
