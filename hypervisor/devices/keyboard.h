/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual 8042 keyboard controller, with neither a keyboard nor a mouse attached. */
#ifndef DEVICES_KEYBOARD_H
#define DEVICES_KEYBOARD_H

#include "bulkhead/types.h"
#include "lib/optional.h"

struct keyboard {
	uint8_t control; /* command byte */
	uint8_t output_port;
	uint8_t data;    /* what port 0x60 reads */
	uint8_t status;  /* full, auxiliary, time-out; the others are computed */
	uint8_t pending; /* command whose parameter comes next at port 0x60; 0: none */
	bool last_was_command;
};

void keyboard_reset(struct keyboard *keyboard) OPTIONAL;

/* Ports 0x60 and 0x64. A write returns true if it resets the machine. */
uint8_t keyboard_read(struct keyboard *keyboard, uint16_t port) OPTIONAL;
bool keyboard_write(struct keyboard *keyboard, uint16_t port, uint8_t value) OPTIONAL;

#endif
