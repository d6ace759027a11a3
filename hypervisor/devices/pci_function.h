/* SPDX-License-Identifier: Apache-2.0 */
/* State of a VM's PCI function: what the guest has written where the real register has something else. */
#ifndef DEVICES_PCI_FUNCTION_H
#define DEVICES_PCI_FUNCTION_H

#include "bulkhead/tables.h"

/* Capabilities that a guest gets to see (pci_capability.c). */
enum pci_capability_id {
	PCI_CAPABILITY_PM = 0x01,
	PCI_CAPABILITY_MSI = 0x05,
	PCI_CAPABILITY_PCIE = 0x10,
	PCI_CAPABILITY_MSIX = 0x11,
};

/* One of the list, at the offset that the real function has it at. */
struct pci_capability {
	uint8_t offset;
	uint8_t id;
	uint8_t size; /* bytes of it that the guest sees */
	uint8_t next; /* offset of the next one that it sees, or 0 */
};
#define PCI_CAPABILITIES_SHOWN 4

/* Registers of MSI as the guest has written them. */
struct pci_msi {
	uint8_t offset;     /* 0: not shown */
	bool wide;          /* has the upper address */
	bool maskable;      /* has mask and pending bits */
	uint8_t count_log2; /* messages that it can send, 2^n */
	uint16_t control;
	uint64_t address;
	uint16_t data;
};

/* An entry of the MSI-X table. */
struct pci_msix_entry {
	uint64_t address;
	uint32_t data;
	uint32_t control;
};

_Static_assert(sizeof(struct pci_msix_entry) == 16, "HOST_VM_SIZE counts with it");

struct pci_msix {
	uint8_t offset;                 /* 0: not shown */
	uint16_t count;                 /* entries */
	struct pci_msix_entry *entries; /* as the guest has written them */
	hpa_t table;                    /* the real one */
};

struct pci_function {
	const struct pci_function_config *config; /* NULL: the VM has no more functions */
	uint32_t bars[PCI_BAR_COUNT];             /* last value written to each */
	struct pci_capability capabilities[PCI_CAPABILITIES_SHOWN];
	uint8_t capability_count;
	struct pci_msi msi;
	struct pci_msix msix;
};

#endif
