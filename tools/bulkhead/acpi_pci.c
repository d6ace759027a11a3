/* SPDX-License-Identifier: Apache-2.0 */
#include "acpi_pci.h"

#include <inttypes.h>

#define INTX_PINS 4

typedef void print_function(FILE *file, const struct pci_function_config *function);

static void for_each_on_bus(FILE *file, const struct vm_config *vm, uint8_t bus,
			    print_function *print)
{
	for (uint32_t i = 0; i < vm->pci_function_count; i++)
		if (vm->pci_functions[i].bus == bus)
			print(file, &vm->pci_functions[i]);
}

static void print_io_window(FILE *file, uint64_t base, uint64_t size)
{
	fprintf(file,
		"\t\t\t\tWordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, 0x0, "
		"0x%04" PRIX64 ", 0x%04" PRIX64 ", 0x0, 0x%04" PRIX64 ")\n",
		base, base + size - 1, size);
}

/*
 * An IDE controller in compatibility mode has its channels at fixed ports without BARs (PCI IDE Controller
 * Specification 1.0, 2.1); the interface byte says which channels. A control block is four ports of which one is used.
 */
#define CLASS_IDE 0x0101
#define NATIVE(n) (1u << 2 * (n)) /* channel n has BARs */
#define CHANNELS  2

static void print_ide_windows(FILE *file, const struct pci_function_config *function)
{
	static const uint16_t commands[CHANNELS] = {0x1F0, 0x170},
			      controls[CHANNELS] = {0x3F4, 0x374};

	if (function->class_code >> 8 != CLASS_IDE)
		return;
	for (unsigned i = 0; i < CHANNELS; i++) {
		if (function->class_code & NATIVE(i))
			continue;
		print_io_window(file, commands[i], 8);
		print_io_window(file, controls[i], 4);
	}
}

static void print_memory_window(FILE *file, const struct pci_bar_config *bar)
{
	fprintf(file,
		"\t\t\t\tQWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, %s, ReadWrite, "
		"0x0, 0x%" PRIX64 ", 0x%" PRIX64 ", 0x0, 0x%" PRIX64 ")\n",
		bar->prefetchable ? "Prefetchable" : "NonCacheable", bar->base,
		bar->base + bar->size - 1, bar->size);
}

static void print_windows(FILE *file, const struct pci_function_config *function)
{
	for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
		const struct pci_bar_config *bar = &function->bars[i];

		if (bar->kind == PCI_BAR_IO)
			print_io_window(file, bar->base, bar->size);
		else if (bar->kind != PCI_BAR_NONE)
			print_memory_window(file, bar);
	}
	print_ide_windows(file, function);
}

/*
 * Which of the four pins a function drives is in its own register; the board file says where it ends
 * up. So all four pins of the device lead there.
 */
static void print_routes(FILE *file, const struct pci_function_config *function)
{
	if (function->interrupt == PCI_PIN_NONE)
		return;
	for (unsigned pin = 0; pin < INTX_PINS; pin++)
		fprintf(file, "\t\t\t\tPackage () { 0x%04XFFFF, %u, 0, %" PRIu32 " },\n",
			(unsigned)function->device, pin, function->interrupt);
}

static void print_root_bridge(FILE *file, const struct vm_config *vm, uint8_t bus)
{
	fprintf(file, "\n\t\tDevice (PC%02X)\n\t\t{\n", (unsigned)bus);
	fputs("\t\t\tName (_HID, EisaId (\"PNP0A03\"))\n", file);
	fprintf(file, "\t\t\tName (_UID, %u)\n\t\t\tName (_BBN, %u)\n", (unsigned)bus,
		(unsigned)bus);
	fputs("\t\t\tName (_CRS, ResourceTemplate ()\n\t\t\t{\n", file);
	fprintf(file,
		"\t\t\t\tWordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode, 0x0, 0x%04X, "
		"0x%04X, 0x0, 0x1)\n",
		(unsigned)bus, (unsigned)bus);
	for_each_on_bus(file, vm, bus, print_windows);
	fputs("\t\t\t})\n\t\t\tName (_PRT, Package ()\n\t\t\t{\n", file);
	for_each_on_bus(file, vm, bus, print_routes);
	fputs("\t\t\t})\n\t\t}\n", file);
}

void acpi_print_pci(FILE *file, const struct vm_config *vm)
{
	for (uint32_t i = 0; i < vm->pci_function_count; i++)
		if (i == 0 || vm->pci_functions[i].bus != vm->pci_functions[i - 1].bus)
			print_root_bridge(file, vm, vm->pci_functions[i].bus);
}
