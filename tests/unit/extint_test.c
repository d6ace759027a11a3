/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts of the virtual PIC on their way to the BSP of "left", which also owns the real pin 4: what is injected and
 * when, what the preemption timer is set to, and what the real IOAPIC and APIC get. The TSC runs at 50 MHz.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bulkhead/virtual_devices.h"
#include "cpu/apic.h"
#include "cpu/msr.h"
#include "devices/clock.h"
#include "devices/ioapic.h"
#include "devices/pci.h"
#include "fake_cpu.h"
#include "fake_vm.h"
#include "vm/extint.h"
#include "vm/handlers.h"
#include "vm/pic_pins.h"
#include "vm/timer.h"

#define TSC_HZ     UINT64_C(50000000)
#define NEVER      UINT64_MAX
#define IOAPIC_PIN 4

#define ENTRY_MASKED 0x10000u

static struct {
	bool takes;   /* IF and the rest */
	int injected; /* vector, or -1 */
	bool window;
	uint64_t ticks; /* of the timer; NEVER: off */
	bool soon;
} guest;

bool guest_can_take_interrupt(void)
{
	return guest.takes;
}

void guest_inject_interrupt(uint8_t vector)
{
	assert_true(guest.takes);
	guest.injected = vector;
	guest.takes = false;
}

void guest_interrupt_window(bool open)
{
	guest.window = open;
}

void guest_exit_after(uint64_t ticks)
{
	guest.ticks = ticks;
}

void guest_exit_never(void)
{
	guest.ticks = NEVER;
}

void vcpu_exit_soon(void)
{
	guest.soon = true;
}

uint32_t pci_port_read(struct vm *vm, uint16_t port, unsigned size)
{
	(void)vm;
	(void)port;
	(void)size;
	return UINT32_MAX;
}

void pci_port_write(struct vm *vm, uint16_t port, unsigned size, uint32_t value)
{
	(void)vm;
	(void)port;
	(void)size;
	(void)value;
}

/* The real IOAPIC: select and window. */
static uint32_t selected, entries[64];

uint32_t mmio_read32(hpa_t address)
{
	return address & 0x10 ? entries[selected] : selected;
}

void mmio_write32(hpa_t address, uint32_t value)
{
	if (address & 0x10)
		entries[selected] = value;
	else
		selected = value;
}

static uint32_t real_entry(void)
{
	return entries[0x10 + 2 * IOAPIC_PIN];
}

static struct vm_config left;

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	fake_vms_reset();
	left = *vms[0].config;
	left.virtual_devices = VIRTUAL_PIC | VIRTUAL_PIT;
	vms[0].config = &left;
	vms[0].pic_pins = (struct pic_pins){0};
	vcpus[0].apic_base = APIC_BASE_ENABLE | APIC_BASE_BSP;
	vcpus[0].lint[0] = APIC_EXTINT << APIC_DELIVERY_SHIFT;
	fake_cpu()->tsc = 1000 * TSC_HZ;
	virtual_devices_reset(&vms[0]);
	ioapic_init(&scenario_tables);
	guest.takes = true;
	guest.injected = -1;
	guest.window = false;
	guest.ticks = NEVER;
	guest.soon = false;
	return 0;
}

static void out(uint16_t port, uint8_t value)
{
	vm_port_write(&vcpus[0], port, 1, value);
}

static uint8_t in(uint16_t port)
{
	return (uint8_t)vm_port_read(&vcpus[0], port, 1);
}

/* As Linux does it: vectors from 0x30, and masks. */
static void pic_setup(uint8_t mask)
{
	static const uint8_t bases[] = {0x30, 0x38}, cascade[] = {0x04, 0x02};

	for (unsigned i = 0; i < 2; i++) {
		out(i ? 0xA0 : 0x20, 0x11);
		out(i ? 0xA1 : 0x21, bases[i]);
		out(i ? 0xA1 : 0x21, cascade[i]);
		out(i ? 0xA1 : 0x21, 0x01);
	}
	out(0x21, mask);
	out(0xA1, 0xFF);
}

static void pit_periodic(uint16_t count)
{
	out(0x43, 0x34);
	out(0x40, (uint8_t)count);
	out(0x40, (uint8_t)(count >> 8));
}

/* The guest runs till the timer ends it, or that long. */
static void run(uint64_t ticks)
{
	if (guest.ticks > ticks) {
		fake_cpu()->tsc += ticks;
		guest.ticks -= guest.ticks == NEVER ? 0 : ticks;
		return;
	}
	fake_cpu()->tsc += guest.ticks;
	timer_update(&vcpus[0], NULL);
}

static uint64_t pit_ticks(uint64_t count)
{
	return clock_convert(count, CLOCK_PIT_HZ, TSC_HZ);
}

static void timer_is_off_while_nothing_can_come(void **state)
{
	(void)state;
	timer_update(&vcpus[0], NULL);
	assert_int_equal(guest.ticks, NEVER);
	pit_periodic(1000);
	assert_int_equal(guest.ticks, NEVER); /* nobody has initialised the PIC */
	pic_setup(0xFF);
	assert_int_equal(guest.ticks, NEVER);
	assert_int_equal(guest.injected, -1);
}

static void edges_come_in_time_and_none_is_lost(void **state)
{
	uint64_t begin;

	(void)state;
	pic_setup(0xFE);
	pit_periodic(1000);
	begin = fake_cpu()->tsc;
	for (uint64_t i = 1; i <= 1000; i++) {
		assert_in_range(guest.ticks, 1, pit_ticks(1000) + 42);
		run(NEVER - 1);
		assert_int_equal(guest.injected, 0x30);
		assert_int_equal(guest.ticks,
				 NEVER); /* the next edge waits for the end of this one */
		/* to a tick of the TSC after the edge, and an edge is at most a tick of the PIT off */
		assert_in_range(fake_cpu()->tsc - begin, pit_ticks(1000 * i - 1),
				pit_ticks(1000 * i) + 1);
		fake_cpu()->tsc += 5000; /* its handler */
		guest.injected = -1;
		guest.takes = true;
		out(0x20, 0x20);
		assert_int_equal(guest.injected, -1);
	}
}

static void edge_during_service_follows_its_end(void **state)
{
	(void)state;
	pic_setup(0xFE);
	pit_periodic(1000);
	run(NEVER - 1);
	assert_int_equal(guest.injected, 0x30);
	guest.injected = -1;
	guest.takes = true;
	fake_cpu()->tsc += pit_ticks(2500); /* two edges become one */
	out(0x20, 0x60);
	assert_int_equal(guest.injected, 0x30);
	guest.injected = -1;
	guest.takes = true;
	out(0x20, 0x60);
	assert_int_equal(guest.injected, -1);
}

static void window_opens_for_a_guest_that_can_not_take_it(void **state)
{
	(void)state;
	pic_setup(0xFE);
	pit_periodic(1000);
	guest.takes = false;
	run(NEVER - 1);
	assert_int_equal(guest.injected, -1);
	assert_true(guest.window);
	assert_int_equal(guest.ticks, NEVER);
	guest.takes = true;
	timer_update(&vcpus[0], NULL); /* the window's exit */
	assert_int_equal(guest.injected, 0x30);
	assert_false(guest.window);
}

static void masked_while_it_waits(void **state)
{
	(void)state;
	pic_setup(0xFE);
	pit_periodic(1000);
	guest.takes = false;
	run(NEVER - 1);
	out(0x21, 0xFF);
	assert_false(guest.window);
	guest.takes = true;
	timer_update(&vcpus[0], NULL);
	assert_int_equal(guest.injected, -1);
	out(0x20, 0x0A);
	assert_int_equal(in(0x20), 1); /* IRR keeps it */
	out(0x21, 0xFE);
	assert_int_equal(guest.injected, 0x30);
}

static void one_shot_comes_once(void **state)
{
	(void)state;
	pic_setup(0xFE);
	out(0x43, 0x30); /* mode 0 */
	out(0x40, 0xE8);
	out(0x40, 0x03);
	assert_in_range(guest.ticks, 1, pit_ticks(1000) + 42);
	run(NEVER - 1);
	assert_int_equal(guest.injected, 0x30);
	guest.injected = -1;
	guest.takes = true;
	out(0x20, 0x20);
	assert_int_equal(guest.ticks, NEVER);
}

static void new_count_withdraws_what_waits(void **state)
{
	(void)state;
	pic_setup(0xFE);
	out(0x43, 0x30);
	out(0x40, 0xE8);
	out(0x40, 0x03);
	guest.takes = false;
	run(NEVER - 1);
	assert_true(guest.window);
	out(0x43, 0x30); /* its output goes low */
	out(0x40, 0xE8);
	out(0x40, 0x03);
	assert_false(guest.window);
	guest.takes = true;
	timer_update(&vcpus[0], NULL);
	assert_int_equal(guest.injected, -1);
}

static void lint0_is_the_way(void **state)
{
	(void)state;
	vcpus[0].lint[0] |= APIC_LVT_MASKED;
	pic_setup(0xFE);
	pit_periodic(1000);
	assert_int_equal(guest.ticks, NEVER);
	vcpus[0].apic_base = APIC_BASE_BSP; /* without an APIC there is no LINT0 */
	extint_changed(&vcpus[0]);
	assert_in_range(guest.ticks, 1, pit_ticks(1000) + 42);
	vcpus[0].apic_base = APIC_BASE_ENABLE | APIC_BASE_BSP;
	vcpus[0].lint[0] = APIC_NMI << APIC_DELIVERY_SHIFT;
	extint_changed(&vcpus[0]);
	assert_int_equal(guest.ticks, NEVER);
}

static void another_core_tells_the_bsp(void **state)
{
	(void)state;
	pic_setup(0xFF);
	pit_periodic(1000);
	fake_cpu_select(1);
	fake_cpu()->tsc = 1000 * TSC_HZ;
	vm_port_write(&vcpus[1], 0x21, 1, 0xFE);
	assert_int_equal(*vcpu_requests(&vcpus[0]), REQUEST_EXTINT);
	assert_int_equal(guest.ticks, NEVER);
	fake_cpu_select(0);
	timer_update(&vcpus[0], NULL);
	assert_in_range(guest.ticks, 1, pit_ticks(1000) + 42);
	assert_true(guest.soon); /* the request is still there */
}

static void without_devices_there_is_nothing_to_do(void **state)
{
	(void)state;
	left.virtual_devices = 0;
	assert_int_equal(extint_update(&vcpus[0]), NEVER);
	left.virtual_devices = VIRTUAL_PIC | VIRTUAL_PIT;
	assert_int_equal(extint_update(&vcpus[1]), NEVER);
}

/* --- Real pins ------------------------------------------------------------------------------------ */

static void serve(uint8_t vector, bool serves)
{
	uint64_t bit = UINT64_C(1) << vector % 32;
	uint32_t msr = APIC_ISR + vector / 32u;

	fake_msr_set(msr, serves ? fake_msr(msr) | bit : fake_msr(msr) & ~bit);
}

static void opened_pin_has_the_vector_of_the_pic(void **state)
{
	(void)state;
	pic_setup(0xFE);
	assert_true(real_entry() & ENTRY_MASKED);
	out(0x21, 0xEE);
	assert_int_equal(real_entry(), 0x34);
	assert_true(fake_msr(APIC_SPURIOUS) & APIC_SPURIOUS_ENABLE);
	out(0x21, 0xFE);
	assert_true(real_entry() & ENTRY_MASKED);
}

static void pin_of_another_vm_stays_closed(void **state)
{
	(void)state;
	pic_setup(0x00);
	assert_int_equal(real_entry(), 0x34);
	assert_true(entries[0x10 + 2 * 3] & ENTRY_MASKED);
}

static void own_ioapic_entry_comes_first(void **state)
{
	(void)state;
	pic_setup(0x00);
	ioapic_write(&vms[0], 0, 0x00, 0x10 + 2 * IOAPIC_PIN);
	ioapic_write(&vms[0], 0, 0x10, 0x41);
	assert_int_equal(real_entry(), 0x41);
	ioapic_write(&vms[0], 0, 0x10, ENTRY_MASKED | 0x41);
	assert_int_equal(real_entry(), 0x34);
}

static void end_at_the_pic_is_one_at_the_apic(void **state)
{
	static const uint8_t commands[] = {0x20, 0x64};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		setup(NULL);
		pic_setup(0x00);
		serve(0x34, true);
		out(0x20, 0x0B);
		assert_int_equal(in(0x20), 0x10);
		fake_msr_set(APIC_EOI, 1);
		timer_update(&vcpus[0], NULL);
		assert_int_equal(fake_msr(APIC_EOI), 1);
		out(0x20, commands[i]);
		assert_int_equal(fake_msr(APIC_EOI), 0);
		serve(0x34, false);
		assert_int_equal(in(0x20), 0);
	}
}

static void masked_in_its_handler_it_is_held_back(void **state)
{
	(void)state;
	pic_setup(0x00);
	serve(0x34, true);
	fake_msr_set(APIC_EOI, 1);
	out(0x21, 0x10);
	out(0x20, 0x64);
	assert_int_equal(fake_msr(APIC_EOI), 1);
	assert_int_equal(real_entry(), 0x34); /* an edge waits at the APIC */
	out(0x20, 0x0B);
	assert_int_equal(in(0x20), 0);
	out(0x21, 0x00);
	assert_int_equal(fake_msr(APIC_EOI), 0);
}

static void vectors_that_an_apic_has_not(void **state)
{
	(void)state;
	out(0x20, 0x11);
	out(0x21, 0x08); /* as DOS has it: IRQ 4 is vector 12 */
	out(0x21, 0x04);
	out(0x21, 0x01);
	out(0x21, 0x00);
	assert_true(real_entry() & ENTRY_MASKED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(timer_is_off_while_nothing_can_come, setup),
		cmocka_unit_test_setup(edges_come_in_time_and_none_is_lost, setup),
		cmocka_unit_test_setup(edge_during_service_follows_its_end, setup),
		cmocka_unit_test_setup(window_opens_for_a_guest_that_can_not_take_it, setup),
		cmocka_unit_test_setup(masked_while_it_waits, setup),
		cmocka_unit_test_setup(one_shot_comes_once, setup),
		cmocka_unit_test_setup(new_count_withdraws_what_waits, setup),
		cmocka_unit_test_setup(lint0_is_the_way, setup),
		cmocka_unit_test_setup(another_core_tells_the_bsp, setup),
		cmocka_unit_test_setup(without_devices_there_is_nothing_to_do, setup),
		cmocka_unit_test_setup(opened_pin_has_the_vector_of_the_pic, setup),
		cmocka_unit_test_setup(pin_of_another_vm_stays_closed, setup),
		cmocka_unit_test_setup(own_ioapic_entry_comes_first, setup),
		cmocka_unit_test_setup(end_at_the_pic_is_one_at_the_apic, setup),
		cmocka_unit_test_setup(masked_in_its_handler_it_is_held_back, setup),
		cmocka_unit_test_setup(vectors_that_an_apic_has_not, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
