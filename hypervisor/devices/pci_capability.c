/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/pci_capability.h"

#include "devices/pci_config.h"
#include "devices/pci_msi.h"
#include "lib/reason.h"

/* A list has no more members than fit into the 192 bytes behind the header. */
#define LIST_MAX     48
#define POINTER_BITS 0xFC
#define ID(value)    ((value)&0xFFu)
#define NEXT(value)  ((value) >> 8 & 0xFFu)
#define NEXT_BITS    UINT32_C(0x0000FFFF)
#define SPACE_END    0x100u

struct write_rule {
	enum pci_capability_id id;
	uint8_t offset; /* in the capability */
	uint32_t writable;
	uint32_t status; /* cleared by writing 1 */
	reason_given reason;
};

/*
 * What a guest may write to a capability that is neither MSI nor MSI-X. PM has no row: a function that comes
 * back from D3 has lost its base addresses, which are not the guest's to set. Nor have PCIe's link, slot and
 * root registers, error reporting, payload sizes and the function-level reset.
 */
static const struct write_rule write_rules[] = {
	{PCI_CAPABILITY_PCIE, 8, 0x000F0810, 0xFFFF0000,
	 REASON("relaxed ordering and no-snoop of its own requests; error status is cleared by writing 1")},
};

/* Bytes of each capability that are shown, by its own specification. */
static uint8_t size_of(struct vm *vm, struct pci_function *function, uint8_t offset, uint8_t id)
{
	switch (id) {
	case PCI_CAPABILITY_PM:
		return 8;
	case PCI_CAPABILITY_MSI:
		return pci_msi_take(function, offset);
	case PCI_CAPABILITY_MSIX:
		return pci_msix_take(vm, function, offset);
	case PCI_CAPABILITY_PCIE:
		return 20; /* device and link registers */
	default:
		/* vital product data and vendor-specific ones write to memory of the card, others reset it */
		return 0;
	}
}

static uint32_t address_of(const struct pci_function *function)
{
	const struct pci_function_config *config = function->config;

	return pci_address(config->bus, config->device, config->function);
}

static void show(struct pci_function *function, uint8_t offset, uint8_t id, uint8_t size)
{
	uint8_t count = function->capability_count;

	if (count == PCI_CAPABILITIES_SHOWN || offset + size > SPACE_END)
		return;
	function->capabilities[count] =
		(struct pci_capability){.offset = offset, .id = id, .size = size};
	if (count > 0)
		function->capabilities[count - 1].next = offset;
	function->capability_count++;
}

static bool is_shown(const struct pci_function *function, uint8_t id)
{
	for (unsigned i = 0; i < function->capability_count; i++)
		if (function->capabilities[i].id == id)
			return true;
	return false;
}

void pci_capability_scan(struct vm *vm, struct pci_function *function)
{
	uint32_t address = address_of(function);
	uint32_t offset = 0;

	function->capability_count = 0;
	if (pci_config_read(address, PCI_COMMAND) & PCI_STATUS_CAPABILITIES)
		offset = pci_config_read(address, PCI_CAPABILITIES) & POINTER_BITS;
	for (unsigned i = 0; i < LIST_MAX && offset >= PCI_HEADER_END; i++) {
		uint32_t head = pci_config_read(address, offset);
		uint8_t id = (uint8_t)ID(head), size = 0;

		if (!is_shown(function, id)) /* a list that is a circle */
			size = size_of(vm, function, (uint8_t)offset, id);
		if (size)
			show(function, (uint8_t)offset, id, size);
		offset = NEXT(head) & POINTER_BITS;
	}
}

uint8_t pci_capability_head(const struct pci_function *function)
{
	return function->capability_count ? function->capabilities[0].offset : 0;
}

static const struct pci_capability *find(const struct pci_function *function, uint32_t offset)
{
	for (unsigned i = 0; i < function->capability_count; i++) {
		const struct pci_capability *capability = &function->capabilities[i];

		if (offset >= capability->offset && offset - capability->offset < capability->size)
			return capability;
	}
	return NULL;
}

static uint32_t register_read(const struct pci_function *function,
			      const struct pci_capability *capability, uint32_t offset)
{
	switch (capability->id) {
	case PCI_CAPABILITY_MSI:
		return pci_msi_read(function, offset);
	case PCI_CAPABILITY_MSIX:
		return pci_msix_read(function, offset);
	default:
		return pci_config_read(address_of(function), offset);
	}
}

/* Bytes of a register that lie behind the capability's end are none of it. */
static uint32_t valid_bits(const struct pci_capability *capability, uint32_t offset)
{
	unsigned left = capability->offset + capability->size - offset;

	return left >= 4 ? UINT32_MAX : (UINT32_C(1) << 8 * left) - 1;
}

uint32_t pci_capability_read(const struct pci_function *function, uint32_t offset)
{
	const struct pci_capability *capability = find(function, offset);
	uint32_t value, valid;

	if (!capability)
		return pci_config_read(address_of(function), offset);
	valid = valid_bits(capability, offset);
	value = register_read(function, capability, offset) & valid;
	if (valid != UINT32_MAX)
		value |= pci_config_read(address_of(function), offset) & ~valid;
	if (offset == capability->offset)
		value = (value & ~NEXT_BITS) | (uint32_t)capability->next << 8 | capability->id;
	return value;
}

static void write_by_rule(const struct pci_function *function,
			  const struct pci_capability *capability, uint32_t offset, uint32_t mask,
			  uint32_t value)
{
	for (unsigned i = 0; i < sizeof(write_rules) / sizeof(write_rules[0]); i++)
		if (write_rules[i].id == capability->id &&
		    write_rules[i].offset == offset - capability->offset)
			pci_config_update_status(address_of(function), offset,
						 write_rules[i].writable & mask, value,
						 write_rules[i].status);
}

void pci_capability_write(struct vm *vm, struct pci_function *function, uint32_t offset,
			  uint32_t mask, uint32_t value)
{
	const struct pci_capability *capability = find(function, offset);

	if (!capability)
		return;
	if (capability->id == PCI_CAPABILITY_MSI)
		pci_msi_write(vm, function, offset, mask, value);
	else if (capability->id == PCI_CAPABILITY_MSIX)
		pci_msix_write(function, offset, mask, value);
	else
		write_by_rule(function, capability, offset, mask, value);
}
