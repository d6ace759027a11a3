/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/pci.h"

#include "boot/machine.h"
#include "bulkhead/virtual_devices.h"
#include "devices/pci_config.h"

/* CONFIG_ADDRESS: enable bit, bus, device and function, register */
#define ADDRESS_WRITABLE UINT32_C(0x80FFFFFC)
#define ADDRESS_FUNCTION UINT32_C(0x80FFFF00)
#define ADDRESS_REGISTER UINT32_C(0x000000FC)

/* Low bits of a BAR say what it is (PCI Local Bus 3.0, 6.2.5.1). */
#define BAR_IO           UINT32_C(0x1)
#define BAR_64           UINT32_C(0x4)
#define BAR_PREFETCHABLE UINT32_C(0x8)
#define BAR_IO_BITS      UINT32_C(0x3)
#define BAR_MEMORY_BITS  UINT32_C(0xF)

struct header_register {
	uint32_t offset;
	uint32_t value;
};

/* The host bridge at 00:00.0, read-only; registers that are not here read as 0. */
static const struct header_register host_bridge[] = {
	{PCI_ID, 0x00081B36}, /* a generic host bridge, for which no driver exists */
	{PCI_CLASS, 0x06000000},
};

struct write_rule {
	uint32_t offset;
	uint32_t writable;
	const char *reason;
};

/* What a guest may write to a function of its own. Registers that are not here are read-only. */
static const struct write_rule write_rules[] = {
	{PCI_COMMAND,
	 PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
		 PCI_COMMAND_NO_INTX,
	 "switches decoding of the own ranges, DMA if the scenario accepts it, and the interrupt"},
	{PCI_CACHE_LINE, 0x0000FFFF, "cache line size and latency timer"},
	{PCI_INTERRUPT, 0x000000FF, "interrupt line, a note for software"},
};

static uint32_t host_bridge_read(uint32_t offset)
{
	for (unsigned i = 0; i < sizeof(host_bridge) / sizeof(host_bridge[0]); i++)
		if (host_bridge[i].offset == offset)
			return host_bridge[i].value;
	return 0;
}

/*
 * The 440FX host bridge, for firmware that looks for it. Its registers are memory: the ones that say what
 * lies below 1 MiB (PAM, 0x59 to 0x5F) and 0x72 (SMRAM) show what was written, and change nothing.
 */
static uint32_t i440fx_read(struct vm *vm, uint32_t offset)
{
	static const struct header_register fixed[] = {
		{PCI_ID, 0x12378086},
		{PCI_CLASS, 0x06000002},
		{PCI_SUBSYSTEM, 0x11001AF4},
	};

	for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (fixed[i].offset == offset)
			return fixed[i].value;
	if (offset < PCI_HEADER_END)
		return 0;
	return __atomic_load_n(&vm->host_bridge[(offset - PCI_HEADER_END) / 4], __ATOMIC_RELAXED);
}

static void i440fx_write(struct vm *vm, uint32_t offset, uint32_t mask, uint32_t value)
{
	uint32_t *word;

	if (offset < PCI_HEADER_END)
		return;
	word = &vm->host_bridge[(offset - PCI_HEADER_END) / 4];
	__atomic_store_n(word, (__atomic_load_n(word, __ATOMIC_RELAXED) & ~mask) | (value & mask),
			 __ATOMIC_RELAXED);
}

static bool has_i440fx(const struct vm *vm)
{
	return vm->config->virtual_devices & VIRTUAL_HOST_BRIDGE;
}

static uint32_t address_of(const struct pci_function_config *function)
{
	return pci_address(function->bus, function->device, function->function);
}

static const struct pci_function_config *find(const struct vm *vm, uint32_t address)
{
	for (uint32_t i = 0; i < vm->config->pci_function_count; i++)
		if (address_of(&vm->config->pci_functions[i]) == (address & ADDRESS_FUNCTION))
			return &vm->config->pci_functions[i];
	return NULL;
}

/* Where the guest's sizing of a BAR is remembered: one word per function and BAR of the VM. */
static uint32_t *sizing_of(struct vm *vm, const struct pci_function_config *function)
{
	uint32_t index = (uint32_t)(function - vm->config->pci_functions);

	return index < CONFIG_MAX_PCI_FUNCTIONS ? &vm->pci_sizing[index] : NULL;
}

static uint32_t bar_type_bits(const struct pci_bar_config *bar)
{
	if (bar->kind == PCI_BAR_IO)
		return BAR_IO;
	return (bar->kind == PCI_BAR_MEMORY64 ? BAR_64 : 0) |
	       (bar->prefetchable ? BAR_PREFETCHABLE : 0);
}

/*
 * A BAR reads as its base, or, after all ones were written, as the mask that tells its size (6.2.5.1).
 * The upper half of a 64-bit BAR belongs to the one before.
 */
static uint32_t bar_read(const struct pci_function_config *function, unsigned index, bool sizing)
{
	const struct pci_bar_config *bar = &function->bars[index];
	bool upper = index > 0 && function->bars[index - 1].kind == PCI_BAR_MEMORY64;
	uint64_t value;

	if (upper)
		bar--;
	if (bar->kind == PCI_BAR_NONE)
		return 0;
	value = sizing ? ~(bar->size - 1) : bar->base;
	if (upper)
		return (uint32_t)(value >> 32);
	return ((uint32_t)value & ~(bar->kind == PCI_BAR_IO ? BAR_IO_BITS : BAR_MEMORY_BITS)) |
	       bar_type_bits(bar);
}

static bool is_bar(uint32_t offset)
{
	return offset >= PCI_BAR0 && offset <= PCI_BAR5;
}

static uint32_t function_read(struct vm *vm, const struct pci_function_config *function,
			      uint32_t offset)
{
	const uint32_t *sizing = sizing_of(vm, function);
	unsigned bar = (offset - PCI_BAR0) / 4;
	uint32_t value;

	if (!sizing || offset == PCI_EXPANSION || offset == PCI_CAPABILITIES)
		return 0;
	if (is_bar(offset))
		return bar_read(function, bar,
				__atomic_load_n(sizing, __ATOMIC_RELAXED) & UINT32_C(1) << bar);
	value = pci_config_read(address_of(function), offset);
	return offset == PCI_COMMAND ? value & ~PCI_STATUS_CAPABILITIES : value;
}

static void bar_write(uint32_t *sizing, unsigned bar, uint32_t value)
{
	if (value == UINT32_MAX)
		__atomic_or_fetch(sizing, UINT32_C(1) << bar, __ATOMIC_RELAXED);
	else
		__atomic_and_fetch(sizing, ~(UINT32_C(1) << bar), __ATOMIC_RELAXED);
}

static uint32_t writable_bits(const struct pci_function_config *function, uint32_t offset)
{
	for (unsigned i = 0; i < sizeof(write_rules) / sizeof(write_rules[0]); i++) {
		if (write_rules[i].offset != offset)
			continue;
		if (offset == PCI_COMMAND && !function->dma_unprotected)
			return write_rules[i].writable & ~PCI_COMMAND_MASTER;
		return write_rules[i].writable;
	}
	return 0;
}

/* `mask` has ones for the bytes that the guest writes. */
static void function_write(struct vm *vm, const struct pci_function_config *function,
			   uint32_t offset, uint32_t mask, uint32_t value)
{
	uint32_t *sizing = sizing_of(vm, function);
	uint32_t writable = writable_bits(function, offset) & mask;

	if (sizing && is_bar(offset) && mask == UINT32_MAX)
		bar_write(sizing, (offset - PCI_BAR0) / 4, value);
	else if (writable)
		pci_config_update(address_of(function), offset, writable, value);
}

static uint32_t word_read(struct vm *vm, uint32_t address)
{
	const struct pci_function_config *function = find(vm, address);
	uint32_t offset = address & ADDRESS_REGISTER;

	if (function)
		return function_read(vm, function, offset);
	if ((address & ADDRESS_FUNCTION) == pci_address(0, 0, 0))
		return has_i440fx(vm) ? i440fx_read(vm, offset) : host_bridge_read(offset);
	return UINT32_MAX;
}

uint32_t pci_port_read(struct vm *vm, uint16_t port, unsigned size)
{
	uint32_t address = __atomic_load_n(&vm->pci_address, __ATOMIC_RELAXED);

	/* CONFIG_ADDRESS is only there for 32-bit accesses */
	if (port == PCI_ADDRESS_PORT && size == 4)
		return address;
	if (port < PCI_DATA_PORT)
		return UINT32_MAX;
	return word_read(vm, address) >> (8 * (port - PCI_DATA_PORT));
}

void pci_port_write(struct vm *vm, uint16_t port, unsigned size, uint32_t value)
{
	uint32_t address = __atomic_load_n(&vm->pci_address, __ATOMIC_RELAXED);
	const struct pci_function_config *function = find(vm, address);
	unsigned shift = 8 * ((unsigned)port & 3);
	uint32_t mask = (size == 4 ? UINT32_MAX : (UINT32_C(1) << (8 * size)) - 1) << shift;

	if (port == PCI_ADDRESS_PORT && size == 4)
		__atomic_store_n(&vm->pci_address, value & ADDRESS_WRITABLE, __ATOMIC_RELAXED);
	else if (port >= PCI_DATA_PORT && function)
		function_write(vm, function, address & ADDRESS_REGISTER, mask, value << shift);
	else if (port >= PCI_DATA_PORT && has_i440fx(vm) &&
		 (address & ADDRESS_FUNCTION) == pci_address(0, 0, 0))
		i440fx_write(vm, address & ADDRESS_REGISTER, mask, value << shift);
}

static uint32_t identity(uint16_t vendor_id, uint16_t device_id)
{
	return (uint32_t)device_id << 16 | vendor_id;
}

static bool bar_agrees(const struct pci_function_config *function, unsigned index)
{
	uint32_t real = pci_config_read(address_of(function), PCI_BAR0 + 4 * index);

	return real == bar_read(function, index, false);
}

static void check_bars(const struct vm_config *vm, const struct pci_function_config *function)
{
	/* another device in its place, or none, is one difference and not seven */
	if (pci_config_read(address_of(function), PCI_ID) !=
	    identity(function->vendor_id, function->device_id))
		return;
	for (unsigned i = 0; i < PCI_BAR_COUNT; i++)
		if (!bar_agrees(function, i))
			machine_difference(
				MACHINE_PCI_BAR,
				"BAR %u of %s (%02x:%02x.%u) of VM \"%s\" is 0x%x, the board "
				"file says 0x%x: correct the board file",
				i, function->name, function->bus, function->device,
				function->function, vm->name,
				pci_config_read(address_of(function), PCI_BAR0 + 4 * i),
				bar_read(function, i, false));
}

static void check_function(const struct scenario *scenario, const struct pci_inventory *expected)
{
	uint32_t found = pci_config_read(
		pci_address(expected->bus, expected->device, expected->function), PCI_ID);

	if (found == identity(expected->vendor_id, expected->device_id))
		return;
	if (expected->vm == VM_NONE)
		log_warning("machine: PCI function %02x:%02x.%u is %04x:%04x, the board file says "
			    "%04x:%04x; no VM uses it",
			    expected->bus, expected->device, expected->function, found & 0xFFFF,
			    found >> 16, expected->vendor_id, expected->device_id);
	else
		machine_difference(MACHINE_PCI_FUNCTION,
				   "PCI function %02x:%02x.%u is %04x:%04x, the board file says "
				   "%04x:%04x; VM \"%s\" needs it: correct the board file",
				   expected->bus, expected->device, expected->function,
				   found & 0xFFFF, found >> 16, expected->vendor_id,
				   expected->device_id, scenario->vms[expected->vm].name);
}

static void take_bus_mastering(const struct pci_inventory *item)
{
	if (item->class_code >> 16 != PCI_CLASS_BRIDGE)
		pci_config_update(pci_address(item->bus, item->device, item->function), PCI_COMMAND,
				  PCI_COMMAND_MASTER, 0);
}

void pci_init(const struct scenario *scenario)
{
	for (uint32_t i = 0; i < scenario->pci_count; i++) {
		check_function(scenario, &scenario->pci[i]);
		take_bus_mastering(&scenario->pci[i]);
	}
	for (uint32_t i = 0; i < scenario->vm_count; i++) {
		for (uint32_t j = 0; j < scenario->vms[i].pci_function_count; j++)
			check_bars(&scenario->vms[i], &scenario->vms[i].pci_functions[j]);
		pci_remember(&scenario->vms[i]);
	}
}

void pci_silence(const struct vm_config *vm)
{
	for (uint32_t i = 0; i < vm->pci_function_count; i++)
		pci_config_update(address_of(&vm->pci_functions[i]), PCI_COMMAND,
				  PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX, PCI_COMMAND_NO_INTX);
}
