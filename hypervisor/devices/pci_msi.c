/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/pci_msi.h"

#include "cpu/privileged.h"
#include "devices/message.h"
#include "devices/pci_config.h"

/* MSI: message control in the upper half of the first word (PCI Local Bus 3.0, 6.8.1) */
#define MSI_ENABLE         UINT16_C(0x0001)
#define MSI_CAPABLE(value) ((value) >> 1 & 7u) /* messages, 2^n */
#define MSI_CHOSEN(value)  ((value) >> 4 & 7u)
#define MSI_CHOSEN_BITS    UINT16_C(0x0070)
#define MSI_CAPABLE_BITS   UINT16_C(0x000E)
#define MSI_WIDE           UINT16_C(0x0080)
#define MSI_MASKABLE       UINT16_C(0x0100)
#define MSI_WRITABLE       (MSI_ENABLE | MSI_CHOSEN_BITS)

#define MSI_ADDRESS      4
#define MSI_UPPER        8
#define MSI_ADDRESS_BITS (~UINT32_C(3))

/* MSI-X: message control, table and pending bit array (6.8.2) */
#define MSIX_ENABLE       UINT16_C(0x8000)
#define MSIX_MASK_ALL     UINT16_C(0x4000)
#define MSIX_SIZE(value)  (((value)&0x7FFu) + 1)
#define MSIX_WRITABLE     (MSIX_ENABLE | MSIX_MASK_ALL)
#define MSIX_TABLE        4
#define MSIX_BAR          UINT32_C(7)
#define MSIX_CAPABILITY   12
#define MSIX_ENTRY        16
#define MSIX_ENTRY_MASKED UINT32_C(1)
enum entry_word { ENTRY_ADDRESS = 0, ENTRY_UPPER = 4, ENTRY_DATA = 8, ENTRY_CONTROL = 12 };

static uint32_t address_of(const struct pci_function *function)
{
	const struct pci_function_config *config = function->config;

	return pci_address(config->bus, config->device, config->function);
}

static uint32_t real_read(const struct pci_function *function, uint32_t offset)
{
	return pci_config_read(address_of(function), offset);
}

static void real_write(const struct pci_function *function, uint32_t offset, uint32_t value)
{
	pci_config_write(address_of(function), offset, value);
}

static uint16_t control_of(const struct pci_function *function, uint8_t offset)
{
	return (uint16_t)(real_read(function, offset) >> 16);
}

/* Changes `bits` of the control register; the others are read-only. */
static void set_control(const struct pci_function *function, uint8_t offset, uint16_t bits,
			uint16_t control)
{
	pci_config_update(address_of(function), offset, (uint32_t)bits << 16,
			  (uint32_t)control << 16);
}

static void refuse(struct vm *vm, const struct pci_function *function, const char *what,
		   const struct message *message, const char *problem)
{
	if (log_limit(&vm->limits.interrupt))
		log_warning("%s of %s stays disabled: message 0x%x to 0x%lx %s", what,
			    function->config->name, message->data, message->address, problem);
}

/* --- MSI ---------------------------------------------------------------------------------------- */

static uint32_t data_offset(const struct pci_msi *msi)
{
	return msi->wide ? 12 : 8;
}

/* Mask bits, and the pending bits behind them. */
static uint32_t mask_offset(const struct pci_msi *msi)
{
	return data_offset(msi) + 4;
}

static uint8_t log2_of(uint16_t count)
{
	uint8_t log2 = 0;

	while (count >> 1 >> log2)
		log2++;
	return log2;
}

static uint8_t msi_size(const struct pci_msi *msi)
{
	return (uint8_t)(msi->maskable ? mask_offset(msi) + 8 : data_offset(msi) + 2);
}

static bool may_send(const struct pci_function *function)
{
	/* a message is a write of the function's own, which needs bus mastering */
	return function->config->dma_unprotected;
}

uint8_t pci_msi_take(struct pci_function *function, uint8_t offset)
{
	uint16_t control = control_of(function, offset);
	uint8_t real = (uint8_t)MSI_CAPABLE(control);
	uint8_t listed;

	set_control(function, offset, MSI_WRITABLE, 0);
	if (function->config->msi_vectors == 0 || !may_send(function))
		return 0;
	listed = log2_of(function->config->msi_vectors);
	function->msi = (struct pci_msi){
		.offset = offset,
		.wide = control & MSI_WIDE,
		.maskable = control & MSI_MASKABLE,
		.count_log2 = real < listed ? real : listed,
	};
	return msi_size(&function->msi);
}

static uint16_t msi_control(const struct pci_msi *msi)
{
	return (uint16_t)(msi->control | msi->count_log2 << 1 | (msi->wide ? MSI_WIDE : 0) |
			  (msi->maskable ? MSI_MASKABLE : 0));
}

uint32_t pci_msi_read(const struct pci_function *function, uint32_t offset)
{
	const struct pci_msi *msi = &function->msi;
	uint32_t reg = offset - msi->offset;

	if (reg == 0)
		return (uint32_t)msi_control(msi) << 16;
	if (reg == MSI_ADDRESS)
		return (uint32_t)msi->address;
	if (reg == MSI_UPPER && msi->wide)
		return (uint32_t)(msi->address >> 32);
	if (reg == data_offset(msi))
		return msi->data;
	return real_read(function, offset); /* mask and pending bits */
}

/*
 * Gives the function what the guest wants, disabled while it changes. An address or a data register that is
 * not right yet leaves it disabled; each further write tries again, in whatever order they come.
 */
static void msi_apply(struct vm *vm, struct pci_function *function)
{
	const struct pci_msi *msi = &function->msi;
	const struct message written = {msi->address, msi->data};
	unsigned chosen = MSI_CHOSEN(msi->control);
	uint16_t control = (uint16_t)(msi->control & MSI_CHOSEN_BITS);
	struct message real;
	message_problem problem;

	set_control(function, msi->offset, MSI_WRITABLE, control);
	if (!(msi->control & MSI_ENABLE))
		return;
	problem = chosen > msi->count_log2 ? "is one of more than there are"
					   : message_check(vm, &written, 1u << chosen, &real);
	if (problem) {
		refuse(vm, function, "MSI", &written, problem);
		return;
	}
	real_write(function, msi->offset + MSI_ADDRESS, (uint32_t)real.address);
	if (msi->wide)
		real_write(function, msi->offset + MSI_UPPER, 0);
	real_write(function, msi->offset + data_offset(msi), real.data);
	set_control(function, msi->offset, MSI_WRITABLE, control | MSI_ENABLE);
}

static uint32_t merge(uint32_t old, uint32_t mask, uint32_t value)
{
	return (old & ~mask) | (value & mask);
}

/* Mask bits go to the function, which has those of the messages that it can send. */
static void msi_write_mask(const struct pci_function *function, uint32_t offset, uint32_t mask,
			   uint32_t value)
{
	pci_config_update(address_of(function), offset, mask, value);
}

void pci_msi_write(struct vm *vm, struct pci_function *function, uint32_t offset, uint32_t mask,
		   uint32_t value)
{
	struct pci_msi *msi = &function->msi;
	uint32_t reg = offset - msi->offset;
	uint32_t upper = (uint32_t)(msi->address >> 32), lower = (uint32_t)msi->address;

	if (reg == 0)
		msi->control =
			(uint16_t)merge(msi->control, mask >> 16 & MSI_WRITABLE, value >> 16);
	else if (reg == MSI_ADDRESS)
		lower = merge(lower, mask & MSI_ADDRESS_BITS, value);
	else if (reg == MSI_UPPER && msi->wide)
		upper = merge(upper, mask, value);
	else if (reg == data_offset(msi))
		msi->data = (uint16_t)merge(msi->data, mask & 0xFFFF, value);
	else if (reg == mask_offset(msi))
		msi_write_mask(function, offset, mask, value);
	else
		return; /* pending bits */
	msi->address = (uint64_t)upper << 32 | lower;
	if (reg != mask_offset(msi))
		msi_apply(vm, function);
}

/* --- MSI-X: capability -------------------------------------------------------------------------- */

/* The table is where the board file says, which is what is kept from the guest. */
static bool is_table_known(const struct pci_function *function, uint8_t offset)
{
	const struct pci_function_config *config = function->config;
	uint32_t table = real_read(function, offset + MSIX_TABLE);

	return (table & MSIX_BAR) == config->msix_bar &&
	       (table & ~MSIX_BAR) == config->msix_offset &&
	       MSIX_SIZE(control_of(function, offset)) == config->msix_vectors;
}

uint8_t pci_msix_take(struct vm *vm, struct pci_function *function, uint8_t offset)
{
	const struct pci_function_config *config = function->config;

	set_control(function, offset, MSIX_WRITABLE, 0);
	if (config->msix_vectors == 0 || !may_send(function))
		return 0;
	if (!is_table_known(function, offset)) {
		log_warning("VM \"%s\": the MSI-X table of %s is not where the board file says: "
			    "MSI-X is hidden",
			    vm->config->name, config->name);
		return 0;
	}
	if (config->msix_vectors > CONFIG_MAX_MSIX_VECTORS - vm->msix_used) {
		log_warning("VM \"%s\": no room for the MSI-X table of %s: MSI-X is hidden "
			    "(CONFIG_MAX_MSIX_VECTORS)",
			    vm->config->name, config->name);
		return 0;
	}
	function->msix = (struct pci_msix){
		.offset = offset,
		.count = config->msix_vectors,
		.entries = &vm->msix[vm->msix_used],
		.table = config->bars[config->msix_bar].base + config->msix_offset,
	};
	vm->msix_used += config->msix_vectors;
	return MSIX_CAPABILITY;
}

uint32_t pci_msix_read(const struct pci_function *function, uint32_t offset)
{
	uint32_t value = real_read(function, offset);

	return offset == function->msix.offset ? value & UINT32_C(0xFFFF0000) : value;
}

void pci_msix_write(const struct pci_function *function, uint32_t offset, uint32_t mask,
		    uint32_t value)
{
	/* each entry is right or masked, so the whole may be enabled at any time */
	if (offset == function->msix.offset)
		pci_config_update(address_of(function), offset,
				  mask & (uint32_t)MSIX_WRITABLE << 16, value);
}

/* --- MSI-X: table ------------------------------------------------------------------------------- */

static void entry_apply(struct vm *vm, const struct pci_function *function, uint32_t index)
{
	const struct pci_msix_entry *entry = &function->msix.entries[index];
	const struct message written = {entry->address, entry->data};
	hpa_t real_entry = function->msix.table + (hpa_t)index * MSIX_ENTRY;
	struct message real;
	message_problem problem;

	mmio_write32(real_entry + ENTRY_CONTROL, MSIX_ENTRY_MASKED);
	if (entry->control & MSIX_ENTRY_MASKED)
		return;
	problem = message_check(vm, &written, 1, &real);
	if (problem) {
		refuse(vm, function, "an MSI-X entry", &written, problem);
		return;
	}
	mmio_write32(real_entry + ENTRY_ADDRESS, (uint32_t)real.address);
	mmio_write32(real_entry + ENTRY_UPPER, 0);
	mmio_write32(real_entry + ENTRY_DATA, real.data);
	mmio_write32(real_entry + ENTRY_CONTROL, 0);
}

static uint32_t entry_read(const struct pci_msix_entry *entry, enum entry_word word)
{
	switch (word) {
	case ENTRY_ADDRESS:
		return (uint32_t)entry->address;
	case ENTRY_UPPER:
		return (uint32_t)(entry->address >> 32);
	case ENTRY_DATA:
		return entry->data;
	case ENTRY_CONTROL:
		break;
	}
	return entry->control;
}

static void entry_write(struct pci_msix_entry *entry, enum entry_word word, uint32_t value)
{
	switch (word) {
	case ENTRY_ADDRESS:
		entry->address =
			(entry->address & ~(uint64_t)UINT32_MAX) | (value & MSI_ADDRESS_BITS);
		break;
	case ENTRY_UPPER:
		entry->address = (entry->address & UINT32_MAX) | (uint64_t)value << 32;
		break;
	case ENTRY_DATA:
		entry->data = value;
		break;
	case ENTRY_CONTROL:
		entry->control = value & MSIX_ENTRY_MASKED;
		break;
	}
}

static bool on_page(const struct pci_function *function, gpa_t address)
{
	const struct pci_function_config *config = function->config;
	gpa_t table = config->bars[config->msix_bar].base + config->msix_offset;
	gpa_t page = address & ~(PAGE_SIZE_4K - 1);

	return config->msix_vectors != 0 && page + PAGE_SIZE_4K > table &&
	       page < table + (gpa_t)config->msix_vectors * MSIX_ENTRY;
}

static const struct pci_function *page_owner(const struct vm *vm, gpa_t address)
{
	for (unsigned i = 0; i < CONFIG_MAX_PCI_FUNCTIONS && vm->pci[i].config; i++)
		if (on_page(&vm->pci[i], address))
			return &vm->pci[i];
	return NULL;
}

bool pci_msix_page(const struct vm *vm, gpa_t address)
{
	return page_owner(vm, address) != NULL;
}

static bool in_table(const struct pci_function *function, gpa_t address)
{
	const struct pci_function_config *config = function->config;
	gpa_t table = config->bars[config->msix_bar].base + config->msix_offset;

	return address >= table && address - table < (gpa_t)config->msix_vectors * MSIX_ENTRY;
}

/* Other registers of the function in the same page, its pending bits for instance, are the guest's. */
static bool is_own_register(const struct pci_function *function, gpa_t address)
{
	for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
		const struct pci_bar_config *bar = &function->config->bars[i];

		if ((bar->kind == PCI_BAR_MEMORY32 || bar->kind == PCI_BAR_MEMORY64) &&
		    address >= bar->base && address - bar->base < bar->size)
			return !in_table(function, address);
	}
	return false;
}

static uint32_t word_read(const struct pci_function *function, gpa_t address)
{
	uint32_t offset = (uint32_t)(address - function->msix.table);

	if (is_own_register(function, address))
		return mmio_read32(address);
	if (!in_table(function, address) || !function->msix.offset)
		return UINT32_MAX;
	return entry_read(&function->msix.entries[offset / MSIX_ENTRY], offset % MSIX_ENTRY);
}

static void word_write(struct vm *vm, const struct pci_function *function, gpa_t address,
		       uint32_t value)
{
	uint32_t offset = (uint32_t)(address - function->msix.table);

	if (is_own_register(function, address)) {
		mmio_write32(address, value);
	} else if (in_table(function, address) && function->msix.offset) {
		entry_write(&function->msix.entries[offset / MSIX_ENTRY], offset % MSIX_ENTRY,
			    value);
		entry_apply(vm, function, offset / MSIX_ENTRY);
	}
}

/* Words and double words, as software may access the table (6.8.2); others have no effect. */
static bool is_defined(gpa_t address, unsigned size)
{
	return (size == 4 || size == 8) && address % size == 0;
}

uint64_t pci_msix_page_read(struct vm *vm, gpa_t address, unsigned size)
{
	const struct pci_function *function = page_owner(vm, address);
	uint64_t value;

	if (!function || !is_defined(address, size))
		return UINT64_MAX;
	value = word_read(function, address);
	return size == 4 ? value : value | (uint64_t)word_read(function, address + 4) << 32;
}

void pci_msix_page_write(struct vm *vm, gpa_t address, unsigned size, uint64_t value)
{
	const struct pci_function *function = page_owner(vm, address);

	if (!function || !is_defined(address, size))
		return;
	word_write(vm, function, address, (uint32_t)value);
	if (size == 8)
		word_write(vm, function, address + 4, (uint32_t)(value >> 32));
}

static void msix_reset(const struct pci_function *function)
{
	const struct pci_msix *msix = &function->msix;

	set_control(function, msix->offset, MSIX_WRITABLE, 0);
	for (uint32_t i = 0; i < msix->count; i++) {
		msix->entries[i] = (struct pci_msix_entry){.control = MSIX_ENTRY_MASKED};
		mmio_write32(msix->table + (hpa_t)i * MSIX_ENTRY + ENTRY_CONTROL,
			     MSIX_ENTRY_MASKED);
	}
}

void pci_messages_reset(struct pci_function *function)
{
	struct pci_msi *msi = &function->msi;

	if (msi->offset) {
		set_control(function, msi->offset, MSI_WRITABLE, 0);
		msi->control = 0;
		msi->address = 0;
		msi->data = 0;
	}
	if (function->msix.offset)
		msix_reset(function);
}
