/* SPDX-License-Identifier: Apache-2.0 */
/* BH8xxx: what a PCI function can reach by itself (DMA). */
#include "rules_internal.h"

#define MIB UINT64_C(0x100000)

static bool guarded(const struct board_pci *pci)
{
	return pci->iommu_given;
}

void rule_dma_unprotected(struct check *check)
{
	bool iommus = check->model->board.iommu_count != 0;

	FOR_EACH_VM(check, vm) {
		FOR_EACH_VM_PCI(vm, reference)
		{
			const struct board_pci *pci = pci_of(check, reference);
			if (!pci || guarded(pci) || vm->dma_unprotected)
				continue;
			struct finding *finding = REPORT(
				check, reference->at,
				"VM \"%s\": PCI function %s could reach all memory of the machine by DMA: "
				"%s",
				vm->name, reference->label,
				iommus ? "no IOMMU of the board guards it"
				       : "the board has no IOMMU");
			NOTE(check, finding, pci->at, "%s is here", pci->label);
			HELP(check, finding,
			     "leave it out; or trust the VM like the hypervisor itself, and say so: "
			     "dma-unprotected;");
		}
	}
}

/*
 * Linux reserves the first MiB whole and gives none of it to drivers (since 5.13), so that what is there may
 * lie elsewhere on the host, where that memory is not free.
 */
static bool never_dma(const struct vm *vm, struct span guest)
{
	return vm->protocol_given && vm->protocol == BOOT_LINUX && guest.last < MIB;
}

static void check_identity(struct check *check, const struct vm *vm, const struct vm_memory *memory)
{
	struct span guest;

	if (memory->kind == MEMORY_DEVICE || memory->kind == MEMORY_MONITOR ||
	    memory->host_unusable || !memory_guest_span(memory, &guest) ||
	    memory->host.value == memory->guest.value || never_dma(vm, guest))
		return;
	struct finding *finding =
		REPORT(check, memory->host.given ? memory->host.at : memory->at,
		       "VM \"%s\": %s: the guest's address 0x%" PRIx64 " is %s0x%" PRIx64
		       ", but DMA that no IOMMU translates needs them to be the same",
		       vm->name, memory->name, guest.first,
		       memory->host.given ? "host address " : "not free on the host, and went to ",
		       memory->host.value);
	NOTE(check, finding, vm->dma_unprotected_at, "such DMA is accepted here");
	uint64_t pages = (memory->size.value + PAGE_SIZE_4K - 1) & ~(PAGE_SIZE_4K - 1);
	uint64_t free;
	const char *such = "";
	if (placement_find(check->placement, 0, pages, &free))
		such = arena_format(check->arena, ", such as %s@%" PRIx64 ",",
				    memory->kind == MEMORY_SHARED ? "shared" : "memory", free);
	HELP(check, finding,
	     "choose a guest address that is free on the host%s and leave out host: the tool then makes "
	     "both the same",
	     such);
}

/* Of a range that found no place at all that is said; no memory is placed at 0. */
static bool unplaced(const struct vm_memory *memory)
{
	return !memory->host.given && memory->host.value == 0;
}

void rule_dma_identity(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		if (!vm->dma_unprotected || !vm->pci_count)
			continue;
		FOR_EACH_MEMORY(vm, memory)
			if (!unplaced(memory))
				check_identity(check, vm, memory);
	}
}

void rule_dma_unneeded(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		if (!vm->dma_unprotected || vm->pci_count)
			continue;
		struct finding *finding = REPORT(
			check, vm->dma_unprotected_at,
			"VM \"%s\": dma-unprotected means nothing: the VM has no PCI function",
			vm->name);
		HELP(check, finding, "remove it, so that nobody takes the VM for a dangerous one");
	}
}

void rule_dma_without_iommu(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		FOR_EACH_VM_PCI(vm, reference)
		{
			const struct board_pci *pci = pci_of(check, reference);
			if (!pci || !guarded(pci) || vm->dma_unprotected)
				continue;
			struct finding *finding = REPORT(
				check, reference->at,
				"VM \"%s\": PCI function %s gets no DMA: this version of Bulkhead does "
				"not set up IOMMUs",
				vm->name, reference->label);
			NOTE(check, finding, pci->at, "%s, behind an IOMMU, is here", pci->label);
			HELP(check, finding,
			     "leave the function out if it needs DMA; or trust the VM like the hypervisor "
			     "itself, and say so: dma-unprotected;");
		}
	}
}

static const struct vm_memory *highest(const struct vm *vm, struct span *highest_span)
{
	const struct vm_memory *found = NULL;

	FOR_EACH_MEMORY(vm, memory) {
		struct span span;
		if (memory->kind == MEMORY_DEVICE || memory->kind == MEMORY_MONITOR ||
		    !memory_guest_span(memory, &span))
			continue;
		if (found && span.last <= highest_span->last)
			continue;
		found = memory;
		*highest_span = span;
	}
	return found;
}

void rule_dma_width(struct check *check)
{
	const struct board *board = &check->model->board;

	FOR_EACH_VM(check, vm) {
		struct span span;
		const struct vm_memory *memory = highest(vm, &span);
		FOR_EACH_VM_PCI(vm, reference)
		{
			const struct board_pci *pci = pci_of(check, reference);
			if (!memory || !pci || pci->iommu >= board->iommu_count)
				continue;
			const struct board_iommu *iommu = &board->iommus[pci->iommu];
			uint64_t bits = iommu->guest_address_bits.value;
			if (!iommu->guest_address_bits.given || bits >= 64 ||
			    span.last >> bits == 0)
				continue;
			struct finding *finding =
				REPORT(check, reference->at,
				       "VM \"%s\": the IOMMU of %s translates %" PRIu64
				       " address bits, which %s of the VM goes beyond",
				       vm->name, reference->label, bits, memory->name);
			NOTE(check, finding, iommu->guest_address_bits.at, "%s says so",
			     iommu->label);
			NOTE(check, finding, memory->at, "%s is %s", memory->name,
			     span_text(check->arena, span));
			HELP(check, finding, "choose lower addresses for the VM's memory");
		}
	}
}
