/* SPDX-License-Identifier: Apache-2.0 */
#include "emit_pci.h"

#include <inttypes.h>
#include <stdlib.h>

#include "emit_tables.h"

/* --- Plan -------------------------------------------------------------------------------------- */

static unsigned bdf(unsigned bus, unsigned device, unsigned function)
{
	return bus << 8 | device << 3 | function;
}

static void plan_bars(struct pci_function_config *config, const struct board_pci *pci)
{
	for (unsigned i = 0; i < pci->bar_count; i++) {
		const struct board_bar *bar = &pci->bars[i];

		if (bar->index < PCI_BAR_COUNT)
			config->bars[bar->index] = (struct pci_bar_config){
				.kind = bar->kind,
				.prefetchable = bar->prefetchable,
				.base = bar->base.value,
				.size = bar->size.value,
			};
	}
}

static struct pci_function_config function_config(const struct board_pci *pci, bool unprotected)
{
	struct pci_function_config config = {
		.name = pci->label,
		.bus = pci->bus,
		.device = pci->device,
		.function = pci->function,
		.vendor_id = (uint16_t)pci->vendor_id.value,
		.device_id = (uint16_t)pci->device_id.value,
		.class_code = (uint32_t)pci->class_code.value,
		.interrupt = pci->interrupt.given ? (uint32_t)pci->interrupt.value : PCI_PIN_NONE,
		.msi_vectors = (uint16_t)pci->msi_vectors.value,
		.msix_vectors = (uint16_t)pci->msix_vectors.value,
		.dma_unprotected = unprotected,
	};

	if (config.msix_vectors != 0) {
		config.msix_bar = (uint8_t)pci->msix_bar.value;
		config.msix_offset = (uint32_t)pci->msix_offset.value;
	}
	plan_bars(&config, pci);
	return config;
}

static int compare_functions(const void *left, const void *right)
{
	const struct pci_function_config *a = left, *b = right;

	return (int)bdf(a->bus, a->device, a->function) - (int)bdf(b->bus, b->device, b->function);
}

void plan_pci_functions(struct plan *plan, struct vm_config *config, const struct vm *vm)
{
	const struct board *board = &plan->model->board;
	struct pci_function_config *functions =
		arena_alloc(&plan->arena, vm->pci_count * sizeof(*functions));

	for (unsigned i = 0; i < vm->pci_count; i++)
		functions[i] = function_config(&board->pci[vm->pci[i].target], vm->dma_unprotected);
	if (vm->pci_count != 0)
		qsort(functions, vm->pci_count, sizeof(*functions), compare_functions);
	config->pci_functions = vm->pci_count == 0 ? NULL : functions;
	config->pci_function_count = vm->pci_count;
}

static int compare_inventory(const void *left, const void *right)
{
	const struct pci_inventory *a = left, *b = right;

	return (int)bdf(a->bus, a->device, a->function) - (int)bdf(b->bus, b->device, b->function);
}

static void set_owners(const struct model *model, struct pci_inventory *inventory)
{
	for (uint32_t i = 0; i < model->vm_count; i++)
		for (unsigned j = 0; j < model->vms[i].pci_count; j++)
			inventory[model->vms[i].pci[j].target].vm = i;
}

void plan_pci_inventory(struct plan *plan)
{
	const struct board *board = &plan->model->board;
	struct pci_inventory *inventory =
		arena_alloc(&plan->arena, board->pci_count * sizeof(*inventory));

	for (unsigned i = 0; i < board->pci_count; i++)
		inventory[i] = (struct pci_inventory){
			.bus = board->pci[i].bus,
			.device = board->pci[i].device,
			.function = board->pci[i].function,
			.vendor_id = (uint16_t)board->pci[i].vendor_id.value,
			.device_id = (uint16_t)board->pci[i].device_id.value,
			.class_code = (uint32_t)board->pci[i].class_code.value,
			.vm = VM_NONE,
		};
	set_owners(plan->model, inventory);
	if (board->pci_count != 0)
		qsort(inventory, board->pci_count, sizeof(*inventory), compare_inventory);
	plan->scenario.pci = board->pci_count == 0 ? NULL : inventory;
	plan->scenario.pci_count = board->pci_count;
	plan->scenario.pci_ecam_base = board->ecam.base.value;
	plan->scenario.pci_ecam_size = board->ecam.size.value;
}

/* --- Print ------------------------------------------------------------------------------------- */

static void emit_bars(FILE *file, const struct pci_function_config *function)
{
	static const char *const kinds[] = {
		[PCI_BAR_MEMORY32] = "PCI_BAR_MEMORY32",
		[PCI_BAR_MEMORY64] = "PCI_BAR_MEMORY64",
		[PCI_BAR_IO] = "PCI_BAR_IO",
	};

	for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
		const struct pci_bar_config *bar = &function->bars[i];

		if (bar->kind == PCI_BAR_NONE)
			continue;
		fprintf(file, "\t  .bars[%u] = { .kind = %s, .prefetchable = %s,\n", i,
			kinds[bar->kind], bar->prefetchable ? "true" : "false");
		fprintf(file, "\t\t      .base = 0x%" PRIx64 ", .size = 0x%" PRIx64 " },\n",
			bar->base, bar->size);
	}
}

static void emit_messages(FILE *file, const struct pci_function_config *function)
{
	if (function->interrupt == PCI_PIN_NONE)
		fputs("\t  .interrupt = PCI_PIN_NONE,", file);
	else
		fprintf(file, "\t  .interrupt = %u,", function->interrupt);
	fprintf(file, " .msi_vectors = %u, .msix_vectors = %u,\n", function->msi_vectors,
		function->msix_vectors);
	if (function->msix_vectors != 0)
		fprintf(file, "\t  .msix_bar = %u, .msix_offset = 0x%x,\n", function->msix_bar,
			function->msix_offset);
	fprintf(file, "\t  .dma_unprotected = %s },\n",
		function->dma_unprotected ? "true" : "false");
}

void emit_pci_functions(FILE *file, const struct vm_config *vm)
{
	if (vm->pci_function_count == 0)
		return;
	fprintf(file, "\nstatic const struct pci_function_config vm%u_pci_functions[] = {\n",
		vm->id);
	for (uint32_t i = 0; i < vm->pci_function_count; i++) {
		const struct pci_function_config *function = &vm->pci_functions[i];

		fprintf(file,
			"\t{ .name = \"%s\", .bus = 0x%02x, .device = 0x%02x, .function = %u,\n",
			function->name, function->bus, function->device, function->function);
		fprintf(file,
			"\t  .vendor_id = 0x%04x, .device_id = 0x%04x, .class_code = 0x%06x,\n",
			function->vendor_id, function->device_id, function->class_code);
		emit_bars(file, function);
		emit_messages(file, function);
	}
	fputs("};\n", file);
}

void emit_pci_inventory(FILE *file, const struct scenario *scenario)
{
	if (scenario->pci_count == 0)
		return;
	fputs("\nstatic const struct pci_inventory pci[] = {\n", file);
	for (uint32_t i = 0; i < scenario->pci_count; i++) {
		const struct pci_inventory *function = &scenario->pci[i];

		fprintf(file,
			"\t{ .bus = 0x%02x, .device = 0x%02x, .function = %u, .vendor_id = 0x%04x,\n",
			function->bus, function->device, function->function, function->vendor_id);
		fprintf(file, "\t  .device_id = 0x%04x, .class_code = 0x%06x, .vm = ",
			function->device_id, function->class_code);
		if (function->vm == VM_NONE)
			fputs("VM_NONE },\n", file);
		else
			fprintf(file, "%u },\n", function->vm);
	}
	fputs("};\n", file);
}
