/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual IOAPIC: "left" (APIC ids 0 and 1) owns pin 4, "right" (2 and 3) owns pin 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bulkhead/virtual_devices.h"
#include "cpu/msr.h"
#include "devices/ioapic.h"
#include "fake_cpu.h"
#include "fake_vm.h"

#define SELECT 0x00
#define WINDOW 0x10
#define MASKED 0x10000u

/* The real IOAPIC: an index register and 24 entries of two words behind a window. */
static uint32_t real_index, real_words[0x40];
/* Bits that all writes to the entry of pin 4 had since it was set to all ones */
static uint32_t lowest_trigger;

uint32_t mmio_read32(hpa_t address)
{
	assert_int_equal(address, 0xFEC00000 + WINDOW);
	return real_words[real_index];
}

void mmio_write32(hpa_t address, uint32_t value)
{
	if (address == 0xFEC00000 + SELECT)
		real_index = value;
	else
		real_words[real_index] = value;
	if (address != 0xFEC00000 + SELECT && real_index == 0x18)
		lowest_trigger &= value;
}

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	fake_vms_reset();
	memset(real_words, 0, sizeof(real_words));
	ioapic_init(&scenario_tables);
	ioapic_forget(&vms[0]);
	ioapic_forget(&vms[1]);
	return 0;
}

static uint32_t guest_read_register(struct vm *vm, uint32_t reg)
{
	ioapic_write(vm, 0, SELECT, reg);
	return ioapic_read(vm, 0, WINDOW);
}

static void guest_write_register(struct vm *vm, uint32_t reg, uint32_t value)
{
	ioapic_write(vm, 0, SELECT, reg);
	ioapic_write(vm, 0, WINDOW, value);
}

static void guest_write_entry(struct vm *vm, uint32_t pin, uint64_t entry)
{
	guest_write_register(vm, 0x11 + 2 * pin, (uint32_t)(entry >> 32));
	guest_write_register(vm, 0x10 + 2 * pin, (uint32_t)entry);
}

static uint64_t real_entry(uint32_t pin)
{
	return (uint64_t)real_words[0x11 + 2 * pin] << 32 | real_words[0x10 + 2 * pin];
}

#define TO(apic_id) ((uint64_t)(apic_id) << 56)

static void init_masks_everything(void **state)
{
	(void)state;
	for (uint32_t pin = 0; pin < 24; pin++)
		assert_int_equal(real_entry(pin), MASKED);
}

static void own_pin_is_written_through(void **state)
{
	(void)state;
	guest_write_entry(&vms[0], 4, TO(1) | 0x31);
	assert_int_equal(real_entry(4), TO(1) | 0x31);
	assert_int_equal(guest_read_register(&vms[0], 0x18), 0x31);
	assert_int_equal(guest_read_register(&vms[0], 0x19), 1u << 24);
	guest_write_entry(&vms[0], 4, TO(0) | 0xA031); /* level, active low */
	assert_int_equal(real_entry(4), TO(0) | 0xA031);
}

static void foreign_pin_is_not_there(void **state)
{
	(void)state;
	guest_write_entry(&vms[1], 3, TO(2) | 0x32);
	guest_write_entry(&vms[0], 3, TO(0) | 0x77);
	guest_write_entry(&vms[0], 23, TO(0) | 0x77);
	assert_int_equal(real_entry(3), TO(2) | 0x32);
	assert_int_equal(real_entry(23), MASKED);
	/* what was written can be read back, but it stays masked */
	assert_int_equal(guest_read_register(&vms[0], 0x16), MASKED | 0x77);
	assert_int_equal(guest_read_register(&vms[0], 0x17), 0);
	guest_write_entry(&vms[0], 3, TO(1) | 0xF977);
	assert_int_equal(guest_read_register(&vms[0], 0x16), MASKED | 0xA977);
	assert_int_equal(guest_read_register(&vms[0], 0x17), 1u << 24);
	assert_int_equal(real_entry(3), TO(2) | 0x32);
	assert_int_equal(guest_read_register(&vms[0], 0x10 + 2 * 23), MASKED);
	ioapic_forget(&vms[0]);
	assert_int_equal(guest_read_register(&vms[0], 0x16), MASKED);
}

static void foreign_core_is_not_reached(void **state)
{
	(void)state;
	guest_write_entry(&vms[0], 4, TO(2) | 0x31);
	assert_true(real_entry(4) & MASKED);
	guest_write_entry(&vms[0], 4, TO(0x0C) | 0x831); /* logical: cores 2 and 3 */
	assert_true(real_entry(4) & MASKED);
}

static void broadcast_goes_to_own_cores(void **state)
{
	(void)state;
	guest_write_entry(&vms[1], 3, TO(0xFF) | 0x31);
	assert_int_equal(real_entry(3), TO(0x0C) | 0x831);
	guest_write_entry(&vms[1], 3, TO(0xFF) | 0x131); /* lowest priority: one of them */
	assert_int_equal(real_entry(3), TO(2) | 0x31);
}

static void several_destinations_are_all_reached(void **state)
{
	(void)state;
	guest_write_entry(&vms[0], 4, TO(0x0F) | 0x831); /* logical; 2 and 3 are not its own */
	assert_int_equal(real_entry(4), TO(0x03) | 0x831);
	guest_write_entry(&vms[0], 4, TO(0x0E) | 0x831);
	assert_int_equal(real_entry(4), TO(1) | 0x31);
}

static void reserved_vectors_stay_masked(void **state)
{
	(void)state;
	guest_write_entry(&vms[0], 4, TO(0) | 0x0F);
	assert_true(real_entry(4) & MASKED);
	guest_write_entry(&vms[0], 4, TO(0) | 0x10);
	assert_false(real_entry(4) & MASKED);
}

/* Masking a level that is being served must not make it an edge, which would clear its remote IRR. */
static void masked_entry_keeps_its_trigger(void **state)
{
	(void)state;
	guest_write_entry(&vms[0], 4, TO(0) | 0xA031);
	lowest_trigger = UINT32_MAX;
	guest_write_register(&vms[0], 0x18, 0xA031 | MASKED);
	assert_int_equal(real_entry(4), TO(0) | 0xA031 | MASKED);
	assert_true(lowest_trigger & 0x8000);
}

static void undefined_bits_read_as_0(void **state)
{
	(void)state;
	guest_write_register(&vms[0], 0x18, 0xFFFE0031);
	guest_write_register(&vms[0], 0x19, 0x01FFFFFF);
	assert_int_equal(guest_read_register(&vms[0], 0x18), 0x31);
	assert_int_equal(guest_read_register(&vms[0], 0x19), 0x01000000);
}

static void logical_destination_becomes_physical(void **state)
{
	(void)state;
	guest_write_entry(&vms[0], 4, TO(0x0F) | 0x931); /* logical, lowest priority */
	assert_int_equal(real_entry(4), TO(0) | 0x31);
	assert_int_equal(guest_read_register(&vms[0], 0x18), 0x931);
	vcpus[0].apic_base = vcpus[1].apic_base = 0xFEE00000 | APIC_BASE_ENABLE;
	vcpus[1].xapic_ldr = 0x40000000;
	guest_write_entry(&vms[0], 4, TO(0x40) | 0x831);
	assert_int_equal(real_entry(4), TO(1) | 0x31);
}

static void dangerous_delivery_modes_stay_masked(void **state)
{
	static const uint32_t modes[] = {2, 3, 4, 5, 6, 7};

	(void)state;
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		guest_write_entry(&vms[0], 4, TO(0) | modes[i] << 8 | 0x31);
		assert_true(real_entry(4) & MASKED);
	}
}

static void status_bits_come_from_the_real_one(void **state)
{
	(void)state;
	guest_write_entry(&vms[0], 4, TO(0) | 0xF031);
	assert_false(real_entry(4) & 0x5000);
	real_words[0x18] |= 0x4000;
	assert_int_equal(guest_read_register(&vms[0], 0x18), 0xE031);
}

static void id_version_and_others(void **state)
{
	(void)state;
	assert_int_equal(guest_read_register(&vms[0], 0), 4u << 24);
	assert_int_equal(guest_read_register(&vms[0], 1), 4u << 16 | 0x11);
	guest_write_register(&vms[0], 0, 0xFF123456);
	guest_write_register(&vms[0], 1, 0);
	guest_write_register(&vms[0], 0xFF, 0);
	assert_int_equal(guest_read_register(&vms[0], 0), 15u << 24); /* four bits, its own */
	assert_int_equal(guest_read_register(&vms[0], 2), 15u << 24); /* arbitration */
	assert_int_equal(guest_read_register(&vms[1], 0), 4u << 24);
	assert_int_equal(real_words[0], 0);
	assert_int_equal(ioapic_read(&vms[0], 0, 0x40), UINT32_MAX); /* no EOI register */
}

static void pic_inputs_have_pins_with_fixed_hardware(void **state)
{
	const struct vm_config *own = vms[0].config;
	struct vm_config fixed = *own;

	(void)state;
	fixed.virtual_devices = VIRTUAL_ACPI_PM;
	vms[0].config = &fixed;
	assert_int_equal(guest_read_register(&vms[0], 1), 15u << 16 | 0x11);
	guest_write_entry(&vms[0], 15, TO(0) | 0x3F);
	assert_int_equal(guest_read_register(&vms[0], 0x10 + 2 * 15), MASKED | 0x3F);
	assert_int_equal(real_entry(15), MASKED);
	vms[0].config = own;
}

static void index_registers_are_separate(void **state)
{
	(void)state;
	ioapic_write(&vms[0], 0, SELECT, 0x18);
	ioapic_write(&vms[1], 0, SELECT, 0x16);
	assert_int_equal(ioapic_read(&vms[0], 0, SELECT), 0x18);
	assert_int_equal(ioapic_read(&vms[1], 0, SELECT), 0x16);
}

static void stop_masks_own_pins_only(void **state)
{
	(void)state;
	guest_write_entry(&vms[0], 4, TO(0) | 0x31);
	guest_write_entry(&vms[1], 3, TO(3) | 0x32);
	ioapic_mask_pins(vms[0].config);
	assert_int_equal(real_entry(4), MASKED);
	assert_int_equal(real_entry(3), TO(3) | 0x32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(init_masks_everything, setup),
		cmocka_unit_test_setup(own_pin_is_written_through, setup),
		cmocka_unit_test_setup(foreign_pin_is_not_there, setup),
		cmocka_unit_test_setup(foreign_core_is_not_reached, setup),
		cmocka_unit_test_setup(broadcast_goes_to_own_cores, setup),
		cmocka_unit_test_setup(several_destinations_are_all_reached, setup),
		cmocka_unit_test_setup(reserved_vectors_stay_masked, setup),
		cmocka_unit_test_setup(masked_entry_keeps_its_trigger, setup),
		cmocka_unit_test_setup(undefined_bits_read_as_0, setup),
		cmocka_unit_test_setup(logical_destination_becomes_physical, setup),
		cmocka_unit_test_setup(dangerous_delivery_modes_stay_masked, setup),
		cmocka_unit_test_setup(status_bits_come_from_the_real_one, setup),
		cmocka_unit_test_setup(id_version_and_others, setup),
		cmocka_unit_test_setup(pic_inputs_have_pins_with_fixed_hardware, setup),
		cmocka_unit_test_setup(index_registers_are_separate, setup),
		cmocka_unit_test_setup(stop_masks_own_pins_only, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
