/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that a VM owns, on its PCI bus. */
#include "cpu/privileged.h"
#include "devices/pci.h"
#include "devices/pci_capability.h"
#include "devices/pci_config.h"
#include "lib/reason.h"

/* Low bits of a BAR say what it is (PCI Local Bus 3.0, 6.2.5.1). */
#define BAR_IO           UINT32_C(0x1)
#define BAR_64           UINT32_C(0x4)
#define BAR_PREFETCHABLE UINT32_C(0x8)
#define BAR_IO_BITS      UINT32_C(0x3)
#define BAR_MEMORY_BITS  UINT32_C(0xF)

struct write_rule {
	uint32_t offset;
	uint32_t writable;
	reason_given reason;
};

/* What a guest may write to a function's header. Registers and bits that are not here are read-only. */
static const struct write_rule write_rules[] = {
	{PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY,
	 REASON("switches decoding of its own ranges")},
	{PCI_COMMAND, PCI_COMMAND_MASTER, REASON("DMA, if the scenario accepts it")},
	{PCI_COMMAND, PCI_COMMAND_PARITY | PCI_COMMAND_NO_INTX,
	 REASON("its own answer and its own interrupt")},
	{PCI_COMMAND, PCI_STATUS_CLEARABLE, REASON("its own error status, cleared by writing 1")},
	{PCI_CACHE_LINE, 0x000000FF, REASON("cache line size of its own writes")},
	{PCI_INTERRUPT, 0x000000FF, REASON("interrupt line, a note for software")},
};
/*
 * Denied, among others: SERR# and address stepping (machine errors), fast back-to-back (the whole bus), the
 * latency timer (how long other VMs' devices wait), BIST (the function answers nobody meanwhile).
 */

static uint32_t address_of(const struct pci_function *function)
{
	const struct pci_function_config *config = function->config;

	return pci_address(config->bus, config->device, config->function);
}

static struct pci_function *find(struct vm *vm, uint32_t address)
{
	for (unsigned i = 0; i < CONFIG_MAX_PCI_FUNCTIONS && vm->pci[i].config; i++)
		if (address_of(&vm->pci[i]) == (address & PCI_ADDRESS_FUNCTION))
			return &vm->pci[i];
	return NULL;
}

/* --- Base address registers ---------------------------------------------------------------------- */

static uint32_t bar_type_bits(const struct pci_bar_config *bar)
{
	if (bar->kind == PCI_BAR_IO)
		return BAR_IO;
	return (bar->kind == PCI_BAR_MEMORY64 ? BAR_64 : 0) |
	       (bar->prefetchable ? BAR_PREFETCHABLE : 0);
}

/* The upper half of a 64-bit BAR belongs to the one before. */
static bool is_upper(const struct pci_function_config *function, unsigned index)
{
	return index > 0 && function->bars[index - 1].kind == PCI_BAR_MEMORY64;
}

/* Bits of a BAR's register that could be set to another address. */
static uint32_t bar_address_bits(const struct pci_function_config *function, unsigned index)
{
	const struct pci_bar_config *bar = &function->bars[index];

	if (is_upper(function, index))
		return (uint32_t)(~(bar[-1].size - 1) >> 32);
	if (bar->kind == PCI_BAR_NONE)
		return 0;
	return (uint32_t) ~(bar->size - 1) &
	       ~(bar->kind == PCI_BAR_IO ? BAR_IO_BITS : BAR_MEMORY_BITS);
}

uint32_t pci_bar_value(const struct pci_function_config *function, unsigned index)
{
	const struct pci_bar_config *bar = &function->bars[index];

	if (is_upper(function, index))
		return (uint32_t)(bar[-1].base >> 32);
	if (bar->kind == PCI_BAR_NONE)
		return 0;
	return (uint32_t)bar->base | bar_type_bits(bar);
}

/*
 * A BAR reads as its base, or, after ones were written to all its address bits, as the mask that tells its
 * size (PCI Local Bus 3.0, 6.2.5.1). Any other address is not taken: the base is what the EPT maps.
 */
static uint32_t bar_read(const struct pci_function *function, unsigned index)
{
	const struct pci_function_config *config = function->config;
	uint32_t address_bits = bar_address_bits(config, index);

	if (!address_bits || (function->bars[index] & address_bits) != address_bits)
		return pci_bar_value(config, index);
	return address_bits | (is_upper(config, index) ? 0 : bar_type_bits(&config->bars[index]));
}

static bool is_bar(uint32_t offset)
{
	return offset >= PCI_BAR0 && offset <= PCI_BAR5;
}

/* --- A function's header -------------------------------------------------------------------------- */

/* The expansion ROM is not there: the board file lists none. */
static uint32_t header_read(const struct pci_function *function, uint32_t offset)
{
	uint32_t value;

	if (is_bar(offset))
		return bar_read(function, (offset - PCI_BAR0) / 4);
	if (offset == PCI_EXPANSION)
		return 0;
	if (offset == PCI_CAPABILITIES)
		return pci_capability_head(function);
	value = pci_config_read(address_of(function), offset);
	if (offset == PCI_COMMAND && !pci_capability_head(function))
		value &= ~PCI_STATUS_CAPABILITIES;
	return value;
}

static uint32_t writable_bits(const struct pci_function_config *function, uint32_t offset)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < sizeof(write_rules) / sizeof(write_rules[0]); i++)
		if (write_rules[i].offset == offset)
			bits |= write_rules[i].writable;
	return offset == PCI_COMMAND && !function->dma_unprotected ? bits & ~PCI_COMMAND_MASTER
								   : bits;
}

/* `mask` has ones for the bytes that the guest writes. */
static void header_write(struct pci_function *function, uint32_t offset, uint32_t mask,
			 uint32_t value)
{
	uint32_t writable = writable_bits(function->config, offset) & mask;
	uint32_t *bar = &function->bars[(offset - PCI_BAR0) / 4 % PCI_BAR_COUNT];

	if (is_bar(offset))
		*bar = (*bar & ~mask) | (value & mask);
	else if (writable)
		pci_config_update(address_of(function), offset, writable, value);
}

/*
 * A device without a function 0 is none to software, which then looks no further. Where the VM has only
 * others of a device, something without any use stands in its place.
 */
static bool is_placeholder(const struct vm *vm, uint32_t address)
{
	if (pci_is_host_bridge(address))
		return false;
	for (unsigned i = 0; i < CONFIG_MAX_PCI_FUNCTIONS && vm->pci[i].config; i++)
		if ((address & PCI_ADDRESS_FUNCTION) ==
		    (address_of(&vm->pci[i]) & ~PCI_ADDRESS_NUMBER))
			return true;
	return false;
}

static uint32_t placeholder_read(uint32_t offset)
{
	switch (offset) {
	case PCI_ID:
		return PCI_ID_GENERIC_BRIDGE;
	case PCI_CLASS:
		return 0xFF000000; /* fits no class */
	case PCI_CACHE_LINE:
		return PCI_HEADER_MULTIFUNCTION;
	default:
		return 0;
	}
}

/* What a register that the VM has there reads as; the lock is held. */
static uint32_t register_read(const struct pci_function *function, uint32_t offset)
{
	if (!function)
		return placeholder_read(offset);
	return offset < PCI_HEADER_END ? header_read(function, offset)
				       : pci_capability_read(function, offset);
}

/* Cores of one VM may access the same function, hence the locks. */
bool pci_function_read(struct vm *vm, uint32_t address, uint32_t *value)
{
	const struct pci_function *function = find(vm, address);

	if (!function && !is_placeholder(vm, address))
		return false;
	lock_take(&vm->pci_lock);
	*value = register_read(function, address & PCI_ADDRESS_REGISTER);
	lock_release(&vm->pci_lock);
	return true;
}

bool pci_function_write(struct vm *vm, uint32_t address, unsigned size, uint32_t value)
{
	struct pci_function *function = find(vm, address);
	uint32_t offset = address & PCI_ADDRESS_REGISTER;
	uint32_t mask = pci_byte_mask(address, size);

	if (!function)
		return false;
	value <<= 8 * (address & 3);
	lock_take(&vm->pci_lock);
	if (offset < PCI_HEADER_END)
		header_write(function, offset, mask, value);
	else
		pci_capability_write(vm, function, offset, mask, value);
	lock_release(&vm->pci_lock);
	return true;
}
