/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/pit.h"

#define PORT_COUNTER 0x40
#define PORT_CONTROL 0x43
#define PORT_GATE    0x61

/* Control word (8254 data sheet) */
#define CONTROL_COUNTER(value) ((value) >> 6)
#define CONTROL_ACCESS(value)  ((value) >> 4 & 3)
#define CONTROL_MODE(value)    ((value) >> 1 & 7)
#define CONTROL_BCD            0x01
#define READ_BACK              3
#define READ_BACK_NO_COUNT     0x20
#define READ_BACK_NO_STATUS    0x10

#define ACCESS_LATCH 0
#define ACCESS_LOW   1
#define ACCESS_HIGH  2
#define ACCESS_BOTH  3

#define STATUS_OUTPUT 0x80
#define STATUS_NULL   0x40

/* Port 0x61; bit 4 changes with each refresh of the memory, every 15.085 us. */
#define GATE_OPEN     0x01
#define GATE_SPEAKER  0x02
#define GATE_REFRESH  0x10
#define GATE_OUTPUT   0x20
#define REFRESH_TICKS 18

#define COUNT_MAX     65536u
#define COUNT_MAX_BCD 10000u

enum mode {
	MODE_TERMINAL_COUNT = 0,
	MODE_ONE_SHOT = 1, /* started by the gate */
	MODE_RATE = 2,
	MODE_SQUARE_WAVE = 3,
	MODE_STROBE = 4,
	MODE_TRIGGERED_STROBE = 5, /* started by the gate */
};

static bool is_periodic(const struct pit_counter *counter)
{
	return counter->mode == MODE_RATE || counter->mode == MODE_SQUARE_WAVE;
}

static bool is_triggered(const struct pit_counter *counter)
{
	return counter->mode == MODE_ONE_SHOT || counter->mode == MODE_TRIGGERED_STROBE;
}

static uint32_t range_of(const struct pit_counter *counter)
{
	return counter->bcd ? COUNT_MAX_BCD : COUNT_MAX;
}

static uint32_t from_bcd(uint32_t value)
{
	return (value >> 12) * 1000 + (value >> 8 & 15) * 100 + (value >> 4 & 15) * 10 +
	       (value & 15);
}

static uint32_t to_bcd(uint32_t value)
{
	return value / 1000 % 10 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10;
}

/* Ticks counted since the start; a closed gate holds them (not in modes that it triggers). */
static uint64_t elapsed(const struct pit_counter *counter, uint64_t now)
{
	return counter->gate || is_triggered(counter) ? now - counter->start : counter->held;
}

/* In mode 3 the count goes down by two, twice per period; odd counts lose one tick at the start. */
static uint32_t square_wave_count(const struct pit_counter *counter, uint64_t ticks)
{
	uint32_t even = counter->reload & ~UINT32_C(1);
	uint32_t high = counter->reload - even / 2; /* ticks for which the output is high */
	uint32_t phase = (uint32_t)(ticks % counter->reload);

	return even - 2 * (phase < high ? phase : phase - high) % (even ? even : 1);
}

static uint32_t count(const struct pit_counter *counter, uint64_t now)
{
	uint64_t ticks = elapsed(counter, now);
	uint32_t range = range_of(counter), value;

	if (!counter->started)
		return counter->reload % range;
	if (counter->mode == MODE_SQUARE_WAVE)
		value = square_wave_count(counter, ticks);
	else if (counter->mode == MODE_RATE)
		value = counter->reload - (uint32_t)(ticks % counter->reload);
	else /* goes on below 0 */
		value = (uint32_t)((counter->reload + range - ticks % range) % range);
	return value % range;
}

bool pit_output(const struct pit_counter *counter, uint64_t now)
{
	uint64_t ticks = elapsed(counter, now);
	uint64_t phase = ticks % counter->reload;

	if (!counter->started)
		return counter->mode != MODE_TERMINAL_COUNT;
	switch ((enum mode)counter->mode) {
	case MODE_TERMINAL_COUNT:
	case MODE_ONE_SHOT:
		return ticks >= counter->reload;
	case MODE_RATE:
		return !counter->gate || phase != counter->reload - 1;
	case MODE_SQUARE_WAVE:
		return !counter->gate || phase < (counter->reload + 1) / 2;
	case MODE_STROBE:
	case MODE_TRIGGERED_STROBE:
		break;
	}
	return ticks != counter->reload;
}

/* --- Reads ------------------------------------------------------------------------------------- */

static void latch_count(struct pit_counter *counter, uint64_t now)
{
	uint32_t value = count(counter, now);

	if (counter->count_latched)
		return; /* the first latch stays until it has been read */
	counter->latch = (uint16_t)(counter->bcd ? to_bcd(value) : value);
	counter->count_latched = true;
	counter->read_high = counter->access == ACCESS_HIGH;
}

static void latch_status(struct pit_counter *counter, uint64_t now)
{
	if (counter->status_latched)
		return;
	counter->status = (uint8_t)((pit_output(counter, now) ? STATUS_OUTPUT : 0) |
				    (counter->started ? 0 : STATUS_NULL) | counter->access << 4 |
				    counter->mode << 1 | (counter->bcd ? CONTROL_BCD : 0));
	counter->status_latched = true;
}

static uint8_t counter_read(struct pit_counter *counter, uint64_t now)
{
	uint32_t value = counter->latch;
	bool high;

	if (counter->status_latched) {
		counter->status_latched = false;
		return counter->status;
	}
	if (!counter->count_latched) {
		value = count(counter, now);
		if (counter->bcd)
			value = to_bcd(value);
	}
	high = counter->access == ACCESS_BOTH ? counter->read_high : counter->access == ACCESS_HIGH;
	if (counter->access == ACCESS_BOTH)
		counter->read_high = !counter->read_high;
	if (counter->access != ACCESS_BOTH || high)
		counter->count_latched = false;
	return (uint8_t)(high ? value >> 8 : value);
}

/* --- Writes ------------------------------------------------------------------------------------ */

static void load(struct pit_counter *counter, uint32_t value, uint64_t now)
{
	uint32_t written = counter->bcd ? from_bcd(value) : value;

	/* at once, as the emulator has it; a triggered one later */
	counter->reload = written ? written : range_of(counter);
	if (is_triggered(counter) && counter->started)
		return;
	counter->start = now;
	counter->held = 0;
	counter->started = !is_triggered(counter);
}

static void counter_write(struct pit_counter *counter, uint8_t value, uint64_t now)
{
	switch (counter->access) {
	case ACCESS_LOW:
		load(counter, value, now);
		break;
	case ACCESS_HIGH:
		load(counter, (uint32_t)value << 8, now);
		break;
	default:
		if (counter->write_high)
			load(counter, (uint32_t)value << 8 | counter->write_low, now);
		else
			counter->write_low = value;
		counter->write_high = !counter->write_high;
		break;
	}
}

static void read_back(struct pit *pit, uint8_t value, uint64_t now)
{
	for (unsigned i = 0; i < PIT_COUNTERS; i++) {
		if (!(value & 2 << i))
			continue;
		if (!(value & READ_BACK_NO_COUNT))
			latch_count(&pit->counters[i], now);
		if (!(value & READ_BACK_NO_STATUS))
			latch_status(&pit->counters[i], now);
	}
}

static void set_mode(struct pit_counter *counter, uint8_t value)
{
	uint8_t mode = CONTROL_MODE(value);

	*counter = (struct pit_counter){
		.mode = mode > 5 ? mode & 3 : mode, /* 6 and 7 are 2 and 3 */
		.access = CONTROL_ACCESS(value),
		.bcd = value & CONTROL_BCD,
		.gate = counter->gate,
		.reload = counter->reload,
		.read_high = CONTROL_ACCESS(value) == ACCESS_HIGH,
	};
}

static void control_write(struct pit *pit, uint8_t value, uint64_t now)
{
	unsigned index = CONTROL_COUNTER(value);

	if (index == READ_BACK)
		read_back(pit, value, now);
	else if (CONTROL_ACCESS(value) == ACCESS_LATCH)
		latch_count(&pit->counters[index], now);
	else
		set_mode(&pit->counters[index], value);
}

/* The gate starts triggered counters, restarts periodic ones, and holds the others while it is closed. */
static void set_gate(struct pit_counter *counter, bool open, uint64_t now)
{
	bool rises = open && !counter->gate;

	if (!open && counter->gate)
		counter->held = elapsed(counter, now);
	counter->gate = open;
	if (!rises)
		return;
	if (is_triggered(counter)) {
		counter->started = true;
		counter->start = now;
	} else {
		counter->start = now - (is_periodic(counter) ? 0 : counter->held);
	}
}

/* --- Interface --------------------------------------------------------------------------------- */

uint8_t pit_read(struct pit *pit, uint16_t port, uint64_t now)
{
	const struct pit_counter *speaker = &pit->counters[2];

	if (port == PORT_GATE)
		return (uint8_t)((speaker->gate ? GATE_OPEN : 0) |
				 (pit->speaker ? GATE_SPEAKER : 0) |
				 (now / REFRESH_TICKS & 1 ? GATE_REFRESH : 0) |
				 (pit_output(speaker, now) ? GATE_OUTPUT : 0));
	if (port == PORT_CONTROL)
		return UINT8_MAX; /* write-only */
	return counter_read(&pit->counters[port - PORT_COUNTER], now);
}

void pit_write(struct pit *pit, uint16_t port, uint8_t value, uint64_t now)
{
	if (port == PORT_CONTROL) {
		control_write(pit, value, now);
	} else if (port == PORT_GATE) {
		set_gate(&pit->counters[2], value & GATE_OPEN, now);
		pit->speaker = value & GATE_SPEAKER;
	} else {
		counter_write(&pit->counters[port - PORT_COUNTER], value, now);
	}
}

void pit_reset(struct pit *pit, uint64_t now)
{
	static const uint8_t modes[PIT_COUNTERS] = {MODE_SQUARE_WAVE, MODE_RATE, MODE_SQUARE_WAVE};

	*pit = (struct pit){0};
	for (unsigned i = 0; i < PIT_COUNTERS; i++)
		pit->counters[i] = (struct pit_counter){
			.mode = modes[i],
			.access = ACCESS_BOTH,
			.gate = i != 2,
			.started = true,
			.reload = COUNT_MAX,
			.start = now,
		};
}

static uint64_t next_period(const struct pit_counter *counter, uint64_t now)
{
	uint64_t ticks = now - counter->start;

	return counter->start + (ticks / counter->reload + 1) * counter->reload;
}

uint64_t pit_next_rise(const struct pit *pit, uint64_t now)
{
	const struct pit_counter *counter = &pit->counters[0];
	uint64_t end = counter->start + counter->reload;

	if (!counter->started)
		return UINT64_MAX;
	if (is_periodic(counter))
		return next_period(counter, now);
	/* modes 1 and 5 need a gate that a PC does not have; 4 pulses for one tick after the count */
	if (counter->mode == MODE_STROBE)
		end++;
	return !is_triggered(counter) && end > now ? end : UINT64_MAX;
}
