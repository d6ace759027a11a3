/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual 8254 timer with port 0x61: three counters that count at 1.193182 MHz as the TSC goes. Nothing
 * runs between two accesses: what a counter shows is computed from the time since it was started.
 */
#ifndef DEVICES_PIT_H
#define DEVICES_PIT_H

#include "bulkhead/types.h"
#include "lib/optional.h"

#define PIT_COUNTERS 3

struct pit_counter {
	uint8_t mode;   /* 0 to 5 */
	uint8_t access; /* 1 low byte, 2 high byte, 3 both */
	bool bcd;
	bool gate;
	bool started;    /* has got a count since its mode was set */
	bool write_high; /* the low byte of two has come */
	bool read_high;  /* the low byte of two has been read */
	bool count_latched;
	bool status_latched;
	uint8_t write_low;
	uint8_t status;
	uint16_t latch;
	uint32_t reload; /* 1 to 65536 */
	uint64_t start;  /* tick at which it began to count from `reload` */
	uint64_t held;   /* ticks counted when the gate closed; only with !gate */
};

struct pit {
	struct pit_counter counters[PIT_COUNTERS];
	bool speaker; /* bit 1 of port 0x61 */
};

/* As a PC's firmware leaves it: counter 0 gives 18.2 Hz; the gate of counter 2 is closed. */
void pit_reset(struct pit *pit, uint64_t now) OPTIONAL;

/* Ports 0x40 to 0x43 and 0x61; `now` in ticks of CLOCK_PIT_HZ. */
uint8_t pit_read(struct pit *pit, uint16_t port, uint64_t now) OPTIONAL;
void pit_write(struct pit *pit, uint16_t port, uint8_t value, uint64_t now) OPTIONAL;

/* The counter's output pin. */
bool pit_output(const struct pit_counter *counter, uint64_t now) OPTIONAL;

/* Tick after `now` at which the output of counter 0 rises next; UINT64_MAX: not before it is written. */
uint64_t pit_next_rise(const struct pit *pit, uint64_t now) OPTIONAL;

#endif
