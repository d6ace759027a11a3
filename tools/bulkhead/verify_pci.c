/* SPDX-License-Identifier: Apache-2.0 */
/* BHB8xx: PCI functions, and BHB403: CPUID masks. */
#include "verify_internal.h"

#define BASE_CLASS_BRIDGE 0x06
#define MSIX_ENTRY_SIZE   16
#define MSIX_VECTORS_MAX  2048
#define MSI_VECTORS_MAX   32
#define MIB               UINT64_C(0x100000)
#define BUSES             256

/* A function's address as one number, in the order of bus, device, function. */
static uint32_t address_of(uint8_t bus, uint8_t device, uint8_t function)
{
	return (uint32_t)bus << 16 | (uint32_t)device << 8 | function;
}

static uint32_t function_address(const struct pci_function_config *function)
{
	return address_of(function->bus, function->device, function->function);
}

static uint32_t inventory_address(const struct pci_inventory *item)
{
	return address_of(item->bus, item->device, item->function);
}

/* "VM "rt": nic0 (00:03.0)" */
static const char *function_text(struct verify *verify, const struct verify_vm *vm, uint32_t index)
{
	const struct pci_function_config *function = &vm->functions[index];

	return verify_format(verify, "%s: PCI function %.32s (%02x:%02x.%u)", vm->label,
			     vm->function_names[index], function->bus, function->device,
			     function->function);
}

static const struct pci_inventory *find_inventory(const struct verify *verify, uint32_t address)
{
	uint32_t low = 0, high = verify->scenario.pci_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (inventory_address(&verify->pci[middle]) < address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == verify->scenario.pci_count || inventory_address(&verify->pci[low]) != address)
		return NULL;
	return &verify->pci[low];
}

const struct pci_inventory *verify_pci_item(const struct verify *verify, uint8_t bus,
					    uint8_t device, uint8_t function)
{
	return find_inventory(verify, address_of(bus, device, function));
}

/* --- Owners ------------------------------------------------------------------------------------- */

static bool vm_has_function(const struct verify_vm *vm, uint32_t address)
{
	for (uint32_t i = 0; i < vm->config.pci_function_count; i++)
		if (function_address(&vm->functions[i]) == address)
			return true;
	return false;
}

static void check_inventory_owner(struct verify *verify, const struct pci_inventory *item)
{
	const char *problem = NULL;

	verify->statistics.pairs++;
	if (item->vm == VM_NONE)
		return;
	if (item->vm >= verify->scenario.vm_count)
		problem = "belongs to a VM that does not exist";
	else if (!vm_has_function(&verify->vms[item->vm], inventory_address(item)))
		problem = "belongs to a VM that does not list it";
	if (problem)
		verify_report(verify, VERIFY_PCI_OWNER, "board: PCI function %02x:%02x.%u %s",
			      item->bus, item->device, item->function, problem);
}

/* The inventory names one owner at most, so functions of two VMs differ from it in one of them. */
void verify_pci_owner(struct verify *verify)
{
	for (uint32_t i = 0; i < verify->scenario.pci_count; i++)
		check_inventory_owner(verify, &verify->pci[i]);
	FOR_EACH_VM(verify, vm) {
		for (uint32_t i = 0; i < vm->config.pci_function_count; i++) {
			const struct pci_inventory *item =
				find_inventory(verify, function_address(&vm->functions[i]));

			verify->statistics.pairs++;
			if (item && item->vm != (uint32_t)(vm - verify->vms))
				verify_report(verify, VERIFY_PCI_OWNER,
					      "%s is %s by the board's list",
					      function_text(verify, vm, i),
					      item->vm < verify->scenario.vm_count
						      ? verify->vms[item->vm].label
						      : "nobody's");
		}
	}
}

/* --- Identity ----------------------------------------------------------------------------------- */

static bool possible_address(uint8_t device, uint8_t function)
{
	return device < 32 && function < 8;
}

static const char *function_problem(const struct verify *verify, const struct verify_vm *vm,
				    uint32_t index)
{
	const struct pci_function_config *function = &vm->functions[index];
	const struct pci_inventory *item = find_inventory(verify, function_address(function));

	if (!possible_address(function->device, function->function))
		return "has an address that cannot be";
	if (index && function_address(&function[-1]) >= function_address(function))
		return "is there twice, or out of order";
	if (!item)
		return "is not on the board";
	if (item->vendor_id != function->vendor_id || item->device_id != function->device_id ||
	    item->class_code != function->class_code)
		return "has another identity on the board";
	if (function->class_code >> 16 == BASE_CLASS_BRIDGE)
		return "is a bridge";
	return NULL;
}

static void check_inventory_order(struct verify *verify)
{
	for (uint32_t i = 0; i < verify->scenario.pci_count; i++) {
		const struct pci_inventory *item = &verify->pci[i];

		verify->statistics.pairs++;
		if (!possible_address(item->device, item->function) || item->class_code >> 24 ||
		    (i && inventory_address(&item[-1]) >= inventory_address(item)))
			verify_report(
				verify, VERIFY_PCI_FUNCTION,
				"board: PCI function %02x:%02x.%u cannot be, is there twice, or "
				"is out of order",
				item->bus, item->device, item->function);
	}
}

void verify_pci_functions(struct verify *verify)
{
	check_inventory_order(verify);
	FOR_EACH_VM(verify, vm) {
		for (uint32_t i = 0; i < vm->config.pci_function_count; i++) {
			const char *problem = function_problem(verify, vm, i);

			if (problem)
				verify_report(verify, VERIFY_PCI_FUNCTION, "%s %s",
					      function_text(verify, vm, i), problem);
		}
	}
}

/* --- Resources ---------------------------------------------------------------------------------- */

struct span {
	uint64_t start, end;
};

/* The pages that hold the function's MSI-X table; empty without one. */
static struct span table_pages(const struct pci_function_config *function)
{
	uint64_t start, size = (uint64_t)function->msix_vectors * MSIX_ENTRY_SIZE;

	if (size == 0 || function->msix_bar >= PCI_BAR_COUNT)
		return (struct span){0, 0};
	start = function->bars[function->msix_bar].base + function->msix_offset;
	return (struct span){start & ~PAGE_MASK, (start + size + PAGE_MASK) & ~PAGE_MASK};
}

bool verify_msix_pages(const struct pci_function_config *function, uint64_t *start, uint64_t *end)
{
	struct span table = table_pages(function);

	*start = table.start;
	*end = table.end;
	return table.start < table.end;
}

static bool is_memory(const struct pci_bar_config *bar)
{
	return bar->kind == PCI_BAR_MEMORY32 || bar->kind == PCI_BAR_MEMORY64;
}

/* The BAR's pages but for those of the table are the VM's, at the same address. */
static bool is_mapped(const struct verify_vm *vm, const struct pci_bar_config *bar,
		      struct span table)
{
	uint64_t start = bar->base & ~PAGE_MASK;
	uint64_t end = (bar->base + bar->size + PAGE_MASK) & ~PAGE_MASK;
	uint64_t before = table.start < end ? table.start : end;
	uint64_t behind = table.end > start ? table.end : start;

	if (before > start && !verify_vm_has_device(vm, start, before - start))
		return false;
	return behind >= end || verify_vm_has_device(vm, behind, end - behind);
}

static bool has_ports(const struct verify_vm *vm, const struct pci_bar_config *bar)
{
	for (uint32_t i = 0; i < vm->config.port_count; i++)
		if (bar->base >= vm->ports[i].first &&
		    bar->base + bar->size - 1 <= vm->ports[i].last)
			return true;
	return false;
}

/* bool of the image: any byte may be there, and only 0 and 1 may be read as bool. */
static bool is_truth(const bool *value)
{
	return *(const uint8_t *)value <= 1;
}

static const char *bar_problem(const struct verify_vm *vm,
			       const struct pci_function_config *function, unsigned index)
{
	const struct pci_bar_config *bar = &function->bars[index];
	uint64_t limit = bar->kind == PCI_BAR_IO         ? PORT_COUNT
			 : bar->kind == PCI_BAR_MEMORY32 ? UINT64_C(1) << 32
							 : UINT64_C(1) << 52;

	if (bar->kind > PCI_BAR_IO || !is_truth(&bar->prefetchable))
		return "is of an unknown kind";
	if (bar->kind == PCI_BAR_NONE)
		return bar->base || bar->size || bar->prefetchable
			       ? "is not there, but has properties"
			       : NULL;
	if (bar->size < 4 || bar->size & (bar->size - 1) || bar->base & (bar->size - 1) ||
	    bar->base >= limit || bar->size > limit - bar->base)
		return "has a size or a base that cannot be";
	if (bar->kind == PCI_BAR_MEMORY64 &&
	    (index + 1 == PCI_BAR_COUNT || bar[1].kind != PCI_BAR_NONE))
		return "has no register for its upper half";
	if (bar->kind == PCI_BAR_IO)
		return has_ports(vm, bar) ? NULL : "has ports that are not the VM's";
	if (!is_mapped(vm, bar, table_pages(function)))
		return "has registers that the VM does not reach at their address";
	return NULL;
}

static const char *message_problem(const struct pci_function_config *function)
{
	const struct pci_bar_config *bar;
	uint64_t size = (uint64_t)function->msix_vectors * MSIX_ENTRY_SIZE;

	if (function->msi_vectors > MSI_VECTORS_MAX ||
	    function->msi_vectors & (function->msi_vectors - 1))
		return "has a number of MSI vectors that cannot be";
	if (function->msix_vectors == 0)
		return function->msix_bar || function->msix_offset
			       ? "has an MSI-X table, but no vectors"
			       : NULL;
	if (function->msix_vectors > MSIX_VECTORS_MAX || function->msix_bar >= PCI_BAR_COUNT)
		return "has an MSI-X table that cannot be";
	bar = &function->bars[function->msix_bar];
	if (!is_memory(bar) || function->msix_offset % 8 || size > bar->size ||
	    function->msix_offset > bar->size - size)
		return "has an MSI-X table that is not in its BAR";
	return NULL;
}

static const char *interrupt_problem(const struct verify *verify, const struct verify_vm *vm,
				     const struct pci_function_config *function)
{
	if (function->interrupt == PCI_PIN_NONE)
		return NULL;
	for (uint32_t i = 0; i < vm->config.pin_count; i++) {
		const struct pin_config *pin = &vm->pins[i];

		if (pin->ioapic < verify->scenario.ioapic_count &&
		    verify->ioapics[pin->ioapic].gsi_base + pin->pin == function->interrupt)
			return NULL;
	}
	return "has an interrupt that is not one of the VM's pins";
}

static void check_function(struct verify *verify, const struct verify_vm *vm, uint32_t index)
{
	const struct pci_function_config *function = &vm->functions[index];
	const char *problem = message_problem(function);
	struct span table = table_pages(function);

	if (!problem)
		problem = interrupt_problem(verify, vm, function);
	if (problem)
		verify_report(verify, VERIFY_PCI_BAR, "%s %s", function_text(verify, vm, index),
			      problem);
	for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
		problem = bar_problem(vm, function, i);
		verify->statistics.pairs++;
		if (problem)
			verify_report(verify, VERIFY_PCI_BAR, "%s: BAR %u at 0x%" PRIx64 " %s",
				      function_text(verify, vm, index), i, function->bars[i].base,
				      problem);
	}
	/* Whoever writes an entry chooses the core and the vector of an interrupt. */
	if (table.end > table.start)
		verify_keep_out(verify, VERIFY_PCI_BAR, table.start, table.end - table.start,
				verify_format(verify, "the MSI-X table of %.32s",
					      vm->function_names[index]));
}

void verify_pci_bars(struct verify *verify)
{
	FOR_EACH_VM(verify, vm)
		for (uint32_t i = 0; i < vm->config.pci_function_count; i++)
			check_function(verify, vm, i);
}

/* --- DMA ---------------------------------------------------------------------------------------- */

/* Linux hands no memory below 1 MiB to drivers, as the rule on scenarios has it. */
static bool never_dma(const struct verify_vm *vm, const struct memory_region *region)
{
	return vm->config.boot.protocol == BOOT_LINUX && region->guest_physical < MIB &&
	       region->size <= MIB - region->guest_physical;
}

static void check_identity(struct verify *verify, const struct verify_vm *vm, uint32_t function)
{
	for (uint32_t i = 0; i < vm->config.memory_count; i++) {
		const struct memory_region *region = &vm->memory[i];

		verify->statistics.pairs++;
		if (region->kind != MEMORY_DEVICE &&
		    region->guest_physical != region->host_physical && !never_dma(vm, region))
			verify_report(verify, VERIFY_PCI_DMA,
				      "%s does DMA without an IOMMU, but guest 0x%" PRIx64
				      " is host 0x%" PRIx64,
				      function_text(verify, vm, function), region->guest_physical,
				      region->host_physical);
	}
}

void verify_pci_dma(struct verify *verify)
{
	FOR_EACH_VM(verify, vm) {
		for (uint32_t i = 0; i < vm->config.pci_function_count; i++) {
			const bool *unprotected = &vm->functions[i].dma_unprotected;

			if (!is_truth(unprotected))
				verify_report(verify, VERIFY_PCI_DMA,
					      "%s: dma_unprotected is neither false nor true",
					      function_text(verify, vm, i));
			else if (*unprotected)
				check_identity(verify, vm, i);
		}
	}
}

/* --- Configuration space ------------------------------------------------------------------------ */

void verify_pci_ecam(struct verify *verify)
{
	const struct scenario *scenario = &verify->scenario;
	uint64_t base = scenario->pci_ecam_base, size = scenario->pci_ecam_size;

	if (base == 0 && size == 0)
		return;
	if (base == 0 || size == 0 || (base | size) & (MIB - 1) || size > BUSES * MIB ||
	    base >> 52 || verify_ram_meets(verify, base, size))
		verify_report(verify, VERIFY_PCI_ECAM,
			      "board: 0x%" PRIx64 " bytes at 0x%" PRIx64
			      " cannot be PCI configuration space",
			      size, base);
	verify_keep_out(verify, VERIFY_PCI_ECAM, base, size, "PCI configuration space");
	FOR_EACH_VM(verify, vm)
		verify_keep_guest_out(verify, VERIFY_PCI_ECAM, vm, base, size,
				      "PCI configuration space");
}

/* --- CPUID -------------------------------------------------------------------------------------- */

static bool in_order(const struct cpuid_mask *first, const struct cpuid_mask *second)
{
	if (first->leaf != second->leaf)
		return first->leaf < second->leaf;
	if (first->subleaf != second->subleaf)
		return first->subleaf < second->subleaf;
	return first->result < second->result;
}

void verify_cpuid_masks(struct verify *verify)
{
	FOR_EACH_VM(verify, vm) {
		for (uint32_t i = 0; i < vm->config.cpuid_mask_count; i++) {
			const struct cpuid_mask *mask = &vm->cpuid_masks[i];

			verify->statistics.pairs++;
			if (mask->result > CPUID_EDX || mask->clear == 0 ||
			    (i && !in_order(&mask[-1], mask)))
				verify_report(verify, VERIFY_CPUID_MASK,
					      "%s: the CPUID mask for leaf 0x%" PRIx32
					      " is malformed, or out of order",
					      vm->label, mask->leaf);
		}
	}
}
