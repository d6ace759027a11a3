/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual devices of a PC. VM "left" has all of them, VM "right" none; the TSC runs at 50 MHz. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bulkhead/virtual_devices.h"
#include "cpu/cpu.h"
#include "devices/clock.h"
#include "devices/pci.h"
#include "fake_cpu.h"
#include "fake_vm.h"
#include "vm/handlers.h"

#define TSC_HZ UINT64_C(50000000)

/* What port.c needs beside the devices under test. */
uint32_t pci_port_read(struct vm *vm, uint16_t port, unsigned size)
{
	(void)vm;
	(void)port;
	return size == 4 ? 0x9C1 : UINT32_MAX;
}

void pci_port_write(struct vm *vm, uint16_t port, unsigned size, uint32_t value)
{
	(void)vm;
	(void)port;
	(void)size;
	(void)value;
}

void pic_pins_begin(struct vcpu *vcpu)
{
	(void)vcpu;
}

static unsigned pic_changes; /* of what the PIC may signal */

void extint_look(struct vcpu *vcpu)
{
	pic_changes += vcpu->vm->devices.changed;
	vcpu->vm->devices.changed = false;
}

static struct vm_config left;
static struct memory_region ram[] = {
	{.guest_physical = 0, .size = 0x8000000, .kind = MEMORY_RAM},
};

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	fake_vms_reset();
	left = *vms[0].config;
	left.virtual_devices = VIRTUAL_ALL & ~(uint32_t)VIRTUAL_KEYBOARD_RESET;
	left.memory = ram;
	left.memory_count = 1;
	vms[0].config = &left;
	fake_cpu()->tsc = 1000 * TSC_HZ;
	virtual_devices_reset(&vms[0]);
	virtual_devices_reset(&vms[1]);
	return 0;
}

static void pass(uint64_t nanoseconds)
{
	fake_cpu()->tsc += nanoseconds / 1000 * (TSC_HZ / 1000000);
}

static uint8_t in(uint16_t port)
{
	return (uint8_t)vm_port_read(&vcpus[0], port, 1);
}

static void out(uint16_t port, uint8_t value)
{
	vm_port_write(&vcpus[0], port, 1, value);
}

static bool out_resets(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
	fake_stop_expected = true;
	fake_stop_reason = STOP_NONE;
	if (!setjmp(fake_stop_jump))
		vm_port_write(vcpu, port, size, value);
	fake_stop_expected = false;
	assert_true(fake_stop_reason == STOP_NONE || fake_stop_reason == STOP_RESET);
	return fake_stop_reason == STOP_RESET;
}

/* --- Who has what ------------------------------------------------------------------------------- */

static void without_a_device_all_ports_are_absent(void **state)
{
	static const uint16_t ports[] = {0x20, 0x21, 0x40, 0x43, 0x60,  0x61,  0x64,  0x70,
					 0x71, 0x92, 0xA0, 0xA1, 0x4D0, 0x4D1, 0x608, 0xCF9};

	(void)state;
	for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		assert_int_equal(vm_port_read(&vcpus[2], ports[i], 1) & 0xFF, 0xFF);
		for (unsigned value = 0; value < 256; value++)
			assert_false(out_resets(&vcpus[2], ports[i], 1, value));
	}
}

static void progress_port_takes_writes(void **state)
{
	(void)state;
	vm_port_write(&vcpus[2], 0x80, 1, 0x55);
	assert_int_equal(vm_port_read(&vcpus[2], 0x80, 1), UINT32_MAX);
	assert_int_equal(vms[1].limits.port.events, 0);
}

static void wide_accesses_come_byte_by_byte(void **state)
{
	(void)state;
	vm_port_write(&vcpus[0], 0x20, 2, 0x5A0B); /* OCW3: read ISR; mask */
	assert_int_equal(in(0x21), 0x5A);
	assert_int_equal(vm_port_read(&vcpus[0], 0x20, 2) & 0xFFFF, 0x5A00);
	/* only the second byte is somebody's */
	assert_int_equal(vm_port_read(&vcpus[0], 0x1F, 2) & 0xFFFF, 0x00FF);
}

static void reset_control_is_not_configuration_space(void **state)
{
	(void)state;
	assert_int_equal(in(0xCF9), 0);
	assert_int_equal(vm_port_read(&vcpus[0], 0xCF8, 4), 0x9C1);
}

/* --- Reset -------------------------------------------------------------------------------------- */

static void reset_by_control_port_a(void **state)
{
	(void)state;
	assert_int_equal(in(0x92), 0x02);
	assert_false(out_resets(&vcpus[0], 0x92, 1, 0x02));
	assert_false(out_resets(&vcpus[0], 0x92, 1, 0x00)); /* A20 stays on */
	assert_int_equal(in(0x92), 0x02);
	assert_true(out_resets(&vcpus[0], 0x92, 1, 0x03));
}

static void reset_by_reset_control(void **state)
{
	(void)state;
	assert_false(out_resets(&vcpus[0], 0xCF9, 1, 0x02));
	assert_int_equal(in(0xCF9), 0x02);
	assert_true(out_resets(&vcpus[0], 0xCF9, 1, 0x06));
	virtual_devices_reset(&vms[0]);
	assert_true(out_resets(&vcpus[0], 0xCF9, 1, 0x0E));
	/* bit 2 has to go from 0 to 1 */
	assert_false(out_resets(&vcpus[0], 0xCF9, 1, 0x0E));
}

static void reset_by_keyboard_controller(void **state)
{
	(void)state;
	assert_true(out_resets(&vcpus[0], 0x64, 1, 0xFE));
	assert_false(out_resets(&vcpus[0], 0x64, 1, 0xFF));
	assert_false(out_resets(&vcpus[0], 0x64, 1, 0xD1));
	assert_true(out_resets(&vcpus[0], 0x60, 1, 0xFE));
	left.virtual_devices = VIRTUAL_KEYBOARD_RESET;
	assert_true(out_resets(&vcpus[0], 0x64, 1, 0xFE));
	for (unsigned value = 0; value < 0xFE; value++)
		assert_false(out_resets(&vcpus[0], 0x64, 1, value));
	assert_int_equal(in(0x64), 0xFF);
}

/* --- 8042 --------------------------------------------------------------------------------------- */

static void keyboard_controller_answers(void **state)
{
	(void)state;
	assert_int_equal(in(0x64) & 0x23, 0); /* neither a byte there nor busy */
	out(0x64, 0xAA);
	assert_int_equal(in(0x64) & 0x09, 0x09);
	assert_int_equal(in(0x60), 0x55);
	assert_int_equal(in(0x64) & 0x01, 0);
	out(0x64, 0x60);
	out(0x60, 0x47);
	out(0x64, 0x20);
	assert_int_equal(in(0x60), 0x47);
	out(0x64, 0xAD);
	out(0x64, 0xA7);
	out(0x64, 0x20);
	assert_int_equal(in(0x60), 0x77);
	out(0x64, 0xAE);
	out(0x64, 0xA8);
	out(0x64, 0x20);
	assert_int_equal(in(0x60), 0x47);
	out(0x64, 0xAB);
	assert_int_equal(in(0x60), 0);
	out(0x64, 0xD0);
	assert_int_equal(in(0x60), 0x03);
	out(0x64, 0xD3);
	out(0x60, 0xA5);
	assert_int_equal(in(0x64) & 0x21, 0x21);
	assert_int_equal(in(0x60), 0xA5);
}

static void nothing_is_attached_to_the_keyboard_controller(void **state)
{
	(void)state;
	out(0x60, 0xFF); /* reset of the keyboard */
	assert_int_equal(in(0x64) & 0x61, 0x41);
	assert_int_equal(in(0x60), 0xFE);
	out(0x64, 0xD4);
	out(0x60, 0xF2); /* identify the mouse */
	assert_int_equal(in(0x64) & 0x61, 0x61);
	assert_int_equal(in(0x60), 0xFE);
}

/* --- 8259 --------------------------------------------------------------------------------------- */

static void initialise_pics(uint8_t master, uint8_t slave, uint8_t icw4)
{
	static const uint16_t ports[] = {0x20, 0xA0};
	const uint8_t vectors[] = {master, slave}, cascade[] = {4, 2};

	for (unsigned i = 0; i < 2; i++) {
		out(ports[i], 0x11);
		out(ports[i] + 1, vectors[i]);
		out(ports[i] + 1, cascade[i]);
		out(ports[i] + 1, icw4);
		out(ports[i] + 1, 0);
	}
}

/* As Linux looks for them: a mask that is written can be read, and neither is the other's. */
static void pics_are_found_by_their_masks(void **state)
{
	(void)state;
	assert_int_equal(in(0x21), 0xFF);
	assert_int_equal(in(0xA1), 0xFF);
	out(0xA1, 0xFF);
	out(0x21, 0xFB);
	assert_int_equal(in(0x21), 0xFB);
	assert_int_equal(in(0xA1), 0xFF);
	initialise_pics(0x30, 0x38, 1);
	assert_int_equal(in(0x21), 0);
	out(0x21, 0xAA);
	out(0x20, 0x11);
	assert_int_equal(in(0x21), 0); /* initialisation clears the mask */
}

static struct pic_pair *pair(void)
{
	return &vms[0].devices.pics;
}

static void pulse(unsigned input)
{
	pic_set_line(pair(), input, true);
}

static void pic_priorities(void **state)
{
	(void)state;
	pulse(3);
	assert_false(pic_pending(pair())); /* masked until it is initialised */
	pic_set_line(pair(), 3, false);
	initialise_pics(0x30, 0x38, 1);
	assert_false(pic_pending(pair()));
	pulse(4);
	pulse(3);
	out(0x20, 0x0A);
	assert_int_equal(in(0x20), 0x18);
	assert_true(pic_pending(pair()));
	assert_int_equal(pic_acknowledge(pair()), 0x33);
	assert_false(pic_pending(pair())); /* 4 is lower */
	pulse(1);
	assert_int_equal(pic_acknowledge(pair()), 0x31);
	out(0x20, 0x0B);
	assert_int_equal(in(0x20), 0x0A);
	out(0x20, 0x20); /* ends the highest one */
	assert_int_equal(in(0x20), 0x08);
	out(0x20, 0x63); /* ends 3 */
	assert_int_equal(in(0x20), 0);
	assert_int_equal(pic_acknowledge(pair()), 0x34);
	out(0x20, 0x64);
	assert_int_equal(pic_acknowledge(pair()), 0x37); /* spurious */
	assert_int_equal(in(0x20), 0);
}

static void pic_cascade(void **state)
{
	(void)state;
	initialise_pics(0x08, 0x70, 1);
	pulse(14);
	assert_int_equal(pic_acknowledge(pair()), 0x76);
	pulse(12);
	assert_false(pic_pending(pair())); /* the first one still serves its input 2 */
	out(0x20, 0x20);
	assert_true(pic_pending(pair()));
	assert_int_equal(pic_acknowledge(pair()), 0x74);
	out(0xA0, 0x20);
	out(0x20, 0x20);
	pulse(8);
	pic_set_line(pair(), 8, false); /* gone before it is taken */
	assert_false(pic_pending(pair()));
	out(0xA1, 0x40);
	pic_set_line(pair(), 14, false);
	pulse(14);
	assert_false(pic_pending(pair()));
}

static void pic_modes(void **state)
{
	(void)state;
	initialise_pics(0x20, 0x28, 3); /* automatic end of interrupt */
	pulse(5);
	assert_int_equal(pic_acknowledge(pair()), 0x25);
	out(0x20, 0x0B);
	assert_int_equal(in(0x20), 0);
	initialise_pics(0x20, 0x28, 1);
	pic_set_line(pair(), 5, false);
	pulse(5);
	pulse(6);
	out(0x20, 0x0C); /* poll */
	assert_int_equal(in(0x20), 0x85);
	out(0x20, 0xA0); /* end, and 5 becomes the lowest */
	pic_set_line(pair(), 5, false);
	pulse(5);
	assert_int_equal(pic_acknowledge(pair()), 0x26);
	out(0x20, 0x68); /* special mask mode; 6 is masked, so that 5 may interrupt it */
	out(0x21, 0x40);
	assert_int_equal(pic_acknowledge(pair()), 0x25);
	out(0x4D0, 0xFF);
	assert_int_equal(in(0x4D0), 0xF8); /* 0 to 2 are always edges */
	out(0x4D1, 0xFF);
	assert_int_equal(in(0x4D1), 0xDE);
}

static void level_triggered_input_asks_again(void **state)
{
	(void)state;
	initialise_pics(0x20, 0x28, 1);
	out(0x4D0, 0x20);
	pulse(5);
	assert_int_equal(pic_acknowledge(pair()), 0x25);
	out(0x20, 0x20);
	assert_true(pic_pending(pair()));
	pic_set_line(pair(), 5, false);
	assert_false(pic_pending(pair()));
}

/* --- 8254 --------------------------------------------------------------------------------------- */

static unsigned read_count(unsigned counter)
{
	unsigned low = in((uint16_t)(0x40 + counter));

	return low | (unsigned)in((uint16_t)(0x40 + counter)) << 8;
}

static unsigned latched_count(unsigned counter)
{
	out(0x43, (uint8_t)(counter << 6));
	return read_count(counter);
}

/* Linux' and other systems' calibration: counter 2 in mode 0, until its output goes high. */
static void calibration_by_counter_2(void **state)
{
	uint64_t start, ticks;

	(void)state;
	out(0x61, (in(0x61) & 0xFC) | 1);
	out(0x43, 0xB0);
	out(0x42, 11931 & 0xFF); /* 10 ms */
	out(0x42, 11931 >> 8);
	start = fake_cpu()->tsc;
	assert_int_equal(in(0x61) & 0x20, 0);
	for (unsigned i = 0; !(in(0x61) & 0x20); i++) {
		assert_true(i < 1000000);
		pass(1000);
	}
	ticks = fake_cpu()->tsc - start;
	assert_in_range(ticks, TSC_HZ / 100 - 200, TSC_HZ / 100 + 200);
	pass(10000);
	assert_in_range(latched_count(2), 0xFF00, 0xFFFF); /* goes on */
}

static void gate_holds_counter_2(void **state)
{
	unsigned before;

	(void)state;
	out(0x61, 1);
	out(0x43, 0xB0);
	out(0x42, 0);
	out(0x42, 0x80);
	pass(1000000);
	out(0x61, 0);
	before = latched_count(2);
	assert_in_range(before, 0x8000 - 1195, 0x8000 - 1190);
	pass(1000000);
	assert_int_equal(latched_count(2), before);
	out(0x61, 3);
	assert_int_equal(in(0x61) & 3, 3);
	pass(1000000);
	assert_in_range(latched_count(2), before - 1196, before - 1190);
}

static void rate_generator_repeats(void **state)
{
	(void)state;
	out(0x43, 0x34); /* mode 2 */
	out(0x40, 1193 & 0xFF);
	out(0x40, 1193 >> 8);
	for (unsigned i = 0; i < 5000; i++) {
		assert_in_range(latched_count(0), 1, 1193);
		pass(777);
	}
}

static void square_wave_counts_by_two(void **state)
{
	bool was_high = false, changed = false;

	(void)state;
	out(0x43, 0x36);
	out(0x40, 0xE8);
	out(0x40, 0x03);
	for (unsigned i = 0; i < 2000; i++) {
		unsigned value = latched_count(0);
		bool high = (out(0x43, 0xE2), in(0x40)) & 0x80;

		assert_int_equal(value & 1, 0);
		assert_in_range(value, 0, 1000);
		changed = changed || (i && high != was_high);
		was_high = high;
		pass(5000);
	}
	assert_true(changed);
}

static void latch_and_read_back(void **state)
{
	unsigned value;

	(void)state;
	out(0x43, 0x30);
	out(0x43, 0xE2);                  /* status of counter 0 */
	assert_int_equal(in(0x40), 0x70); /* output low, no count yet, both bytes, mode 0 */
	out(0x40, 0x00);
	out(0x40, 0x10);
	out(0x43, 0x00);
	pass(1000000);
	out(0x43, 0x00); /* the first latch stays */
	assert_in_range(read_count(0), 0xFFD, 0x1000);
	out(0x43, 0xC2); /* both */
	assert_int_equal(in(0x40), 0x30);
	value = read_count(0);
	assert_in_range(value, 0x1000 - 1210, 0x1000 - 1190);
	out(0x43, 0x10); /* low byte alone */
	out(0x40, 200);
	pass(1000);
	assert_in_range(in(0x40), 197, 200);
	out(0x43, 0x20); /* high byte alone */
	out(0x40, 0x20);
	pass(10000);
	assert_int_equal(in(0x40), 0x1F);
	assert_int_equal(in(0x43), 0xFF);
}

static void binary_coded_decimal(void **state)
{
	(void)state;
	out(0x43, 0x31); /* mode 0, BCD */
	out(0x40, 0x00);
	out(0x40, 0x50);
	pass(1000000); /* 1193 ticks */
	assert_in_range(latched_count(0), 0x3800, 0x3810);
}

static void one_shot_waits_for_its_gate(void **state)
{
	(void)state;
	out(0x43, 0xB2); /* counter 2, mode 1 */
	out(0x42, 0xE8);
	out(0x42, 0x03);
	pass(5000000);
	assert_int_equal(in(0x61) & 0x20, 0x20);
	out(0x61, 1);
	assert_int_equal(in(0x61) & 0x20, 0);
	pass(5000000);
	assert_int_equal(in(0x61) & 0x20, 0x20);
}

static void refresh_toggles(void **state)
{
	unsigned changes = 0;
	uint8_t before = in(0x61) & 0x10;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		uint8_t now = in(0x61) & 0x10;

		changes += now != before;
		before = now;
		pass(1000);
	}
	assert_in_range(changes, 60, 75); /* one each 15.085 us in 1 ms and the time of the reads */
}

static void counter_0_says_when_it_rises(void **state)
{
	struct pit pit;

	(void)state;
	pit_reset(&pit, 1000);
	assert_int_equal(pit_next_rise(&pit, 1000), 1000 + 65536);
	assert_int_equal(pit_next_rise(&pit, 1000 + 65536), 1000 + 2 * 65536);
	pit_write(&pit, 0x43, 0x30, 2000); /* mode 0 */
	assert_true(pit_next_rise(&pit, 2000) == UINT64_MAX);
	pit_write(&pit, 0x40, 100, 2000);
	pit_write(&pit, 0x40, 0, 2000);
	assert_int_equal(pit_next_rise(&pit, 2000), 2100);
	assert_false(pit_output(&pit.counters[0], 2099));
	assert_true(pit_output(&pit.counters[0], 2100));
	assert_true(pit_next_rise(&pit, 2100) == UINT64_MAX);
}

/* --- MC146818 ----------------------------------------------------------------------------------- */

static uint8_t cmos(uint8_t index)
{
	out(0x70, index);
	return in(0x71);
}

static void set_cmos(uint8_t index, uint8_t value)
{
	out(0x70, index);
	out(0x71, value);
}

/* The fake machine's clock answers every register alike: no date, so that time starts at the epoch. */
static void clock_goes_by_the_tsc(void **state)
{
	(void)state;
	memset(fake_ports, 0, sizeof(fake_ports));
	rtc_init();
	assert_int_equal(cmos(9), 0x70);
	assert_int_equal(cmos(0x32), 0x19);
	assert_int_equal(cmos(8), 1);
	assert_int_equal(cmos(7), 1);
	assert_int_equal(cmos(6), 5); /* Thursday */
	pass(UINT64_C(1000000000) * (58 * 86400 + 13 * 3600 + 59 * 60 + 58));
	assert_int_equal(cmos(8), 2);
	assert_int_equal(cmos(7), 0x28);
	assert_int_equal(cmos(4), 0x13);
	assert_int_equal(cmos(2), 0x59);
	assert_int_equal(cmos(0), 0x58);
	set_cmos(11, 0x00); /* 12 hours */
	assert_int_equal(cmos(4), 0x81);
	set_cmos(11, 0x06); /* binary */
	assert_int_equal(cmos(4), 13);
	assert_int_equal(cmos(2), 59);
}

static void guest_sets_its_clock(void **state)
{
	static const struct {
		uint8_t index, value;
	} time[] = {{0, 0x58}, {2, 0x59}, {4, 0x23}, {7, 0x28}, {8, 0x02}, {9, 0x24}, {0x32, 0x20}};

	(void)state;
	set_cmos(11, 0x82);
	for (unsigned i = 0; i < sizeof(time) / sizeof(time[0]); i++)
		set_cmos(time[i].index, time[i].value);
	pass(5000000000);
	assert_int_equal(cmos(0), 0x58); /* stands still */
	set_cmos(11, 0x02);
	assert_in_range(cmos(0), 0x57, 0x58);
	pass(3000000000);
	assert_int_equal(cmos(7), 0x29); /* 2024 is a leap year */
	assert_int_equal(cmos(8), 0x02);
	assert_int_equal(cmos(9), 0x24);
	set_cmos(8, 0x13); /* no month: dropped */
	assert_int_equal(cmos(8), 0x02);
}

static void update_in_progress_shows_and_ends(void **state)
{
	unsigned updating = 0;

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		updating += (cmos(10) & 0x80) != 0;
		pass(1000000);
	}
	assert_in_range(updating, 5, 50);
	assert_int_equal(cmos(12), 0);
	assert_int_equal(cmos(13), 0x80);
}

static void cmos_has_memory_sizes(void **state)
{
	(void)state;
	assert_int_equal(cmos(0x34) | cmos(0x35) << 8, (0x8000000 - 0x1000000) / 0x10000);
	assert_int_equal(cmos(0x17) | cmos(0x18) << 8, 0xFFFF);
	assert_int_equal(cmos(0x5F), 1);
	assert_int_equal(cmos(0x0F), 0);
	set_cmos(0x8F, 0x05); /* bit 7 is the NMI mask */
	assert_int_equal(cmos(0x0F), 0x05);
	assert_int_equal(in(0x70), 0xFF);
}

static void interrupt_controllers_tell_of_changes(void **state)
{
	(void)state;
	pic_changes = 0;
	in(0x40);
	in(0x71);
	assert_int_equal(pic_changes, 0);
	out(0x21, 0xFE);
	assert_int_equal(pic_changes, 1);
	out(0x40, 0x10);
	assert_int_equal(pic_changes, 2);
}

static void a_guest_that_writes_its_tsc_moves_no_clock(void **state)
{
	uint32_t before = vm_port_read(&vcpus[0], 0x608, 4);

	(void)state;
	fake_cpu()->tsc += 100 * TSC_HZ;
	this_cpu()->tsc_moved += 100 * TSC_HZ;
	assert_int_equal(vm_port_read(&vcpus[0], 0x608, 4), before);
	this_cpu()->tsc_moved = 0;
}

/* --- ACPI --------------------------------------------------------------------------------------- */

static void power_management_timer(void **state)
{
	uint32_t before = vm_port_read(&vcpus[0], 0x608, 4), after;

	(void)state;
	pass(1000000000);
	vm_port_write(&vcpus[0], 0x608, 4, 0);
	after = vm_port_read(&vcpus[0], 0x608, 4);
	assert_in_range(after - before, CLOCK_PM_TIMER_HZ, CLOCK_PM_TIMER_HZ + 10);
	assert_int_equal(in(0x60B), vm_port_read(&vcpus[0], 0x608, 4) >> 24);
}

/* --- Firmware configuration ---------------------------------------------------------------------- */

static void item_read(uint16_t item, uint8_t *bytes, unsigned count)
{
	vm_port_write(&vcpus[0], 0x510, 2, item);
	for (unsigned i = 0; i < count; i++)
		bytes[i] = in(0x511);
}

static void firmware_configuration(void **state)
{
	static const struct e820_entry map[] = {{0, 0x9F000, 1}, {0x100000, 0x700000, 1}};
	static const struct port_range ports[] = {{0x2F8, 0x2FF}};
	static const uint8_t size[] = {0, 0, 0x80, 0, 0, 0, 0, 0};
	uint8_t bytes[4 + 3 * 64];

	(void)state;
	left.e820 = map;
	left.e820_count = 2;
	left.ports = ports;
	left.port_count = 1;
	item_read(0, bytes, 5);
	assert_memory_equal(bytes, "QEMU", 5);
	item_read(1, bytes, 5);
	assert_memory_equal(bytes, "\1\0\0\0", 5); /* without DMA */
	item_read(3, bytes, 8);
	assert_memory_equal(bytes, size, 8);
	item_read(5, bytes, 2);
	assert_memory_equal(bytes, "\2", 2);
	item_read(0x19, bytes, sizeof(bytes));
	assert_memory_equal(bytes, "\0\0\0\2\0\0\0\x28\0\x20\0\0etc/e820", 20);
	assert_memory_equal(bytes + 68, "\0\0\0\x08\0\x21\0\0etc/sercon-port", 24);
	assert_int_equal(bytes[132], 0);
	item_read(0x20, bytes, 41);
	assert_memory_equal(bytes, map, 40);
	assert_int_equal(bytes[40], 0);
	item_read(0x21, bytes, 8);
	assert_memory_equal(bytes, "\xF8\x02\0\0\0\0\0", 8);
	item_read(0x7FFF, bytes, 1);
	assert_int_equal(bytes[0], 0);
	assert_int_equal(in(0x510), 0xFF);
}

static void firmware_configuration_without_a_serial_port(void **state)
{
	uint8_t bytes[4];

	(void)state;
	item_read(0x19, bytes, 4);
	assert_memory_equal(bytes, "\0\0\0\0", 4);
	left.virtual_devices = 0;
	item_read(0, bytes, 1);
	assert_int_equal(bytes[0], 0xFF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_a_device_all_ports_are_absent, setup),
		cmocka_unit_test_setup(progress_port_takes_writes, setup),
		cmocka_unit_test_setup(wide_accesses_come_byte_by_byte, setup),
		cmocka_unit_test_setup(reset_control_is_not_configuration_space, setup),
		cmocka_unit_test_setup(reset_by_control_port_a, setup),
		cmocka_unit_test_setup(reset_by_reset_control, setup),
		cmocka_unit_test_setup(reset_by_keyboard_controller, setup),
		cmocka_unit_test_setup(keyboard_controller_answers, setup),
		cmocka_unit_test_setup(nothing_is_attached_to_the_keyboard_controller, setup),
		cmocka_unit_test_setup(pics_are_found_by_their_masks, setup),
		cmocka_unit_test_setup(pic_priorities, setup),
		cmocka_unit_test_setup(pic_cascade, setup),
		cmocka_unit_test_setup(pic_modes, setup),
		cmocka_unit_test_setup(level_triggered_input_asks_again, setup),
		cmocka_unit_test_setup(calibration_by_counter_2, setup),
		cmocka_unit_test_setup(gate_holds_counter_2, setup),
		cmocka_unit_test_setup(rate_generator_repeats, setup),
		cmocka_unit_test_setup(square_wave_counts_by_two, setup),
		cmocka_unit_test_setup(latch_and_read_back, setup),
		cmocka_unit_test_setup(binary_coded_decimal, setup),
		cmocka_unit_test_setup(one_shot_waits_for_its_gate, setup),
		cmocka_unit_test_setup(refresh_toggles, setup),
		cmocka_unit_test_setup(counter_0_says_when_it_rises, setup),
		cmocka_unit_test_setup(clock_goes_by_the_tsc, setup),
		cmocka_unit_test_setup(guest_sets_its_clock, setup),
		cmocka_unit_test_setup(update_in_progress_shows_and_ends, setup),
		cmocka_unit_test_setup(cmos_has_memory_sizes, setup),
		cmocka_unit_test_setup(interrupt_controllers_tell_of_changes, setup),
		cmocka_unit_test_setup(a_guest_that_writes_its_tsc_moves_no_clock, setup),
		cmocka_unit_test_setup(power_management_timer, setup),
		cmocka_unit_test_setup(firmware_configuration, setup),
		cmocka_unit_test_setup(firmware_configuration_without_a_serial_port, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
