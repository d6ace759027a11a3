/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/ioapic.h"

#include "bulkhead/virtual_devices.h"
#include "cpu/apic.h"
#include "cpu/privileged.h"
#include "devices/message.h"
#include "lib/lock.h"
#include "lib/section.h"
#include "lib/string.h"
#include "lib/texts.h"
#include "vm/inject.h"
#include "vm/pic_pins.h"

/* Registers in the page, and the indirect ones behind them (82093AA datasheet, 3.1 and 3.2). */
#define OFFSET_SELECT 0x00
#define OFFSET_WINDOW 0x10

#define INDEX_ID          0x00
#define INDEX_VERSION     0x01
#define INDEX_ARBITRATION 0x02 /* follows the id whenever that is written */
#define INDEX_ENTRIES     0x10 /* two per pin, low half first */

/* A version without EOI register: writing that would end interrupts of other VMs' pins, too. */
#define VERSION_WITHOUT_EOI 0x11

/* Redirection entry (82093AA 3.2.4) */
#define ENTRY_DELIVERY_STATUS UINT64_C(0x1000)
#define ENTRY_REMOTE_IRR      UINT64_C(0x4000)
#define ENTRY_MASKED          UINT64_C(0x10000)
#define ENTRY_VECTOR          UINT64_C(0xFF)
#define ENTRY_READ_ONLY       (ENTRY_DELIVERY_STATUS | ENTRY_REMOTE_IRR)
#define ENTRY_DEFINED         UINT64_C(0xFF0000000001FFFF)

/* What a VM's ioapic_unused holds. */
#define UNUSED_LOW         (UINT32_C(0xFFFF) & ~(uint32_t)ENTRY_READ_ONLY)
#define UNUSED_DESTINATION UINT32_C(0xFF000000)

/* Vectors below are reserved (SDM 3.11.5.2): an APIC would note an error instead of an interrupt. */
#define VECTOR_LEAST 16

#define ID_BITS 0x0F

#define PINS_MAX 240

/* What the owner of each pin wrote last, by halves: the real entry may have another destination. */
static uint32_t written[CONFIG_MAX_IOAPICS][PINS_MAX][2] SHARED_DATA;

/*
 * Index and window of a real IOAPIC are two accesses that belong together, whichever VM makes them.
 * The only lock that cores of different VMs share: held for a few register accesses, never while
 * waiting for anything, so the other waits for a bounded time.
 */
static struct lock lock SHARED_DATA;

static uint32_t real_read(uint32_t index, uint32_t reg)
{
	hpa_t base = scenario_tables.ioapics[index].base;

	mmio_write32(base + OFFSET_SELECT, reg);
	return mmio_read32(base + OFFSET_WINDOW);
}

static void real_write(uint32_t index, uint32_t reg, uint32_t value)
{
	hpa_t base = scenario_tables.ioapics[index].base;

	mmio_write32(base + OFFSET_SELECT, reg);
	mmio_write32(base + OFFSET_WINDOW, value);
}

/*
 * Masked first, so that the halves of two different entries never work together. The trigger mode is the
 * new one at once: an edge in between would clear the remote IRR of a level that is being served.
 */
static void real_write_entry(uint32_t index, uint32_t pin, uint64_t entry)
{
	uint32_t reg = INDEX_ENTRIES + 2 * pin;

	real_write(index, reg, (uint32_t)(entry | ENTRY_MASKED));
	real_write(index, reg + 1, (uint32_t)(entry >> 32));
	real_write(index, reg, (uint32_t)entry);
}

static void mask_pin(uint32_t index, uint32_t pin)
{
	lock_take(&lock);
	if (CONFIG_FAULT_INJECTION)
		inject_at(FAULT_LOCK);
	written[index][pin][0] = ENTRY_MASKED;
	written[index][pin][1] = 0;
	real_write_entry(index, pin, ENTRY_MASKED);
	lock_release(&lock);
}

void ioapic_forget(struct vm *vm)
{
	for (uint32_t i = 0; i < scenario_tables.ioapic_count; i++) {
		vm->ioapic_index[i] = 0;
		vm->ioapic_id[i] = scenario_tables.ioapics[i].id;
		memset(vm->ioapic_unused[i], 0, sizeof(vm->ioapic_unused[i]));
	}
}

void ioapic_init(const struct scenario *scenario)
{
	for (uint32_t i = 0; i < scenario->ioapic_count; i++)
		for (uint32_t pin = 0; pin < scenario->ioapics[i].pins; pin++)
			mask_pin(i, pin);
}

void ioapic_mask_pins(const struct vm_config *vm)
{
	for (uint32_t i = 0; i < vm->pin_count; i++)
		mask_pin(vm->pins[i].ioapic, vm->pins[i].pin);
}

static bool owns_pin(const struct vm *vm, uint32_t index, uint32_t pin)
{
	const struct vm_config *config = vm->config;

	for (uint32_t i = 0; i < config->pin_count; i++)
		if (config->pins[i].ioapic == index && config->pins[i].pin == pin)
			return true;
	return false;
}

/* Why an entry is refused; NULL: it is not, and its real destination is set. */
static const char *entry_problem(const struct vm *vm, uint64_t entry,
				 struct message_destination *real)
{
	uint64_t mode = (entry & APIC_DELIVERY_MASK) >> APIC_DELIVERY_SHIFT;
	struct message_destination wanted = {
		.id = (uint32_t)(entry >> IOAPIC_DESTINATION_SHIFT),
		.logical = entry & APIC_LOGICAL,
		.one = mode == APIC_LOWEST_PRIORITY,
	};

	if (mode != APIC_FIXED && mode != APIC_LOWEST_PRIORITY)
		return TEXT("has a delivery mode that is not allowed");
	if ((entry & ENTRY_VECTOR) < VECTOR_LEAST)
		return TEXT("has a reserved vector");
	return message_route(vm, &wanted, real) ? NULL : TEXT("names no core of this VM");
}

/* The entry as the real IOAPIC gets it; masked if it would leave the partition. */
static uint64_t checked_entry(struct vm *vm, uint32_t pin, uint64_t entry)
{
	struct message_destination real;
	const char *problem;

	problem = entry_problem(vm, entry, &real);
	if (problem) {
		if (!(entry & ENTRY_MASKED) && log_limit(&vm->limits.interrupt))
			log_warning("IOAPIC pin %u stays masked: entry 0x%lx %s", pin, entry,
				    problem);
		return ENTRY_MASKED;
	}
	entry &= ENTRY_DEFINED & ~(ENTRY_READ_ONLY | APIC_LOGICAL | APIC_DELIVERY_MASK);
	entry &= (UINT64_C(1) << IOAPIC_DESTINATION_SHIFT) - 1;
	return entry | (real.logical ? APIC_LOGICAL : 0) |
	       (uint64_t)real.id << IOAPIC_DESTINATION_SHIFT;
}

/* The lock is held. */
static void write_through(struct vm *vm, uint32_t index, uint32_t pin)
{
	const uint32_t *halves = written[index][pin];
	uint64_t entry = (uint64_t)halves[1] << 32 | halves[0];
	uint64_t other = 0;

	/* the guest has left it masked: it may have opened the input of its PIC */
	if (pic_pins_entry && (entry & ENTRY_MASKED))
		other = pic_pins_entry(vm, scenario_tables.ioapics[index].gsi_base + pin);
	real_write_entry(index, pin, other ? other : checked_entry(vm, pin, entry));
}

static uint32_t gsi_of(const struct pin_config *pin)
{
	return scenario_tables.ioapics[pin->ioapic].gsi_base + pin->pin;
}

bool ioapic_owns_gsi(const struct vm *vm, uint32_t gsi)
{
	const struct vm_config *config = vm->config;

	for (uint32_t i = 0; i < config->pin_count; i++)
		if (gsi_of(&config->pins[i]) == gsi)
			return true;
	return false;
}

void ioapic_route(struct vm *vm, uint32_t gsi)
{
	const struct vm_config *config = vm->config;

	for (uint32_t i = 0; i < config->pin_count; i++) {
		const struct pin_config *pin = &config->pins[i];

		if (gsi_of(pin) != gsi)
			continue;
		lock_take(&lock);
		write_through(vm, pin->ioapic, pin->pin);
		lock_release(&lock);
	}
}

/*
 * Pins up to the last one that the VM owns, and at least one: guests go through all that they are told of, and
 * every access is an exit. With ACPI's fixed hardware a guest takes it that each of the PIC's inputs has a pin.
 */
static uint32_t pins_shown(const struct vm_config *vm, uint32_t index)
{
	bool fixed =
		(vm->virtual_devices & VIRTUAL_ACPI_PM) && !scenario_tables.ioapics[index].gsi_base;
	uint32_t count = fixed ? PIC_PINS : 1;

	for (uint32_t i = 0; i < vm->pin_count; i++)
		if (vm->pins[i].ioapic == index && vm->pins[i].pin >= count)
			count = vm->pins[i].pin + UINT32_C(1);
	return count;
}

/*
 * An entry of a pin that is not the VM's reads back as written, but for the mask: nothing ever comes from there. 0
 * where the VM is shown no pin.
 */
static uint32_t unused_read(const struct vm *vm, uint32_t index, uint32_t reg)
{
	uint32_t pin = (reg - INDEX_ENTRIES) / 2;
	uint32_t kept = pin < VM_UNUSED_PINS ? vm->ioapic_unused[index][pin] : 0;

	return reg & 1 ? kept & UNUSED_DESTINATION : (kept & UNUSED_LOW) | (uint32_t)ENTRY_MASKED;
}

static void unused_write(struct vm *vm, uint32_t index, uint32_t reg, uint32_t value)
{
	uint32_t pin = (reg - INDEX_ENTRIES) / 2;
	uint32_t *kept = &vm->ioapic_unused[index][pin % VM_UNUSED_PINS];
	uint32_t half = reg & 1 ? UNUSED_DESTINATION : UNUSED_LOW;

	if (pin < VM_UNUSED_PINS && pin < pins_shown(vm->config, index))
		*kept = (*kept & ~half) | (value & half);
}

/* The half of an own pin's entry that the guest has written, by its register; NULL: it is not its own. */
static uint32_t *own_half(const struct vm *vm, uint32_t index, uint32_t reg)
{
	uint32_t pin = (reg - INDEX_ENTRIES) / 2;

	if (pin >= scenario_tables.ioapics[index].pins || !owns_pin(vm, index, pin))
		return NULL;
	return &written[index][pin][reg & 1];
}

static uint32_t entry_read(const struct vm *vm, uint32_t index, uint32_t reg)
{
	const uint32_t *half = own_half(vm, index, reg);
	uint32_t value;

	if (!half)
		return unused_read(vm, index, reg);
	lock_take(&lock);
	value = *half;
	if (!(reg & 1))
		value |= real_read(index, reg) & (uint32_t)ENTRY_READ_ONLY;
	lock_release(&lock);
	return value;
}

static void entry_write(struct vm *vm, uint32_t index, uint32_t reg, uint32_t value)
{
	uint32_t *half = own_half(vm, index, reg);

	if (!half) {
		unused_write(vm, index, reg, value);
		return;
	}
	lock_take(&lock);
	*half = value & (reg & 1 ? (uint32_t)(ENTRY_DEFINED >> 32)
				 : (uint32_t)(ENTRY_DEFINED & ~ENTRY_READ_ONLY));
	write_through(vm, index, (reg - INDEX_ENTRIES) / 2);
	lock_release(&lock);
}

static uint32_t register_read(const struct vm *vm, uint32_t index, uint32_t reg)
{
	if (reg == INDEX_ID || reg == INDEX_ARBITRATION)
		return (uint32_t)__atomic_load_n(&vm->ioapic_id[index], __ATOMIC_RELAXED) << 24;
	if (reg == INDEX_VERSION)
		return (pins_shown(vm->config, index) - 1) << 16 | VERSION_WITHOUT_EOI;
	return reg >= INDEX_ENTRIES ? entry_read(vm, index, reg) : 0;
}

uint32_t ioapic_read(struct vm *vm, uint32_t index, uint32_t offset)
{
	uint32_t reg = __atomic_load_n(&vm->ioapic_index[index], __ATOMIC_RELAXED);

	if (offset == OFFSET_SELECT)
		return reg;
	return offset == OFFSET_WINDOW ? register_read(vm, index, reg) : UINT32_MAX;
}

void ioapic_write(struct vm *vm, uint32_t index, uint32_t offset, uint32_t value)
{
	uint32_t reg = __atomic_load_n(&vm->ioapic_index[index], __ATOMIC_RELAXED);

	if (offset == OFFSET_SELECT)
		__atomic_store_n(&vm->ioapic_index[index], value & 0xFF, __ATOMIC_RELAXED);
	else if (offset == OFFSET_WINDOW && reg == INDEX_ID)
		__atomic_store_n(&vm->ioapic_id[index], value >> 24 & ID_BITS, __ATOMIC_RELAXED);
	else if (offset == OFFSET_WINDOW && reg >= INDEX_ENTRIES)
		entry_write(vm, index, reg, value);
}
