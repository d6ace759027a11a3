/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/keyboard.h"

#define PORT_DATA 0x60

/* Status register */
#define STATUS_FULL      0x01 /* port 0x60 has a byte */
#define STATUS_SYSTEM    0x04
#define STATUS_COMMAND   0x08 /* the last write was to port 0x64 */
#define STATUS_UNLOCKED  0x10
#define STATUS_AUXILIARY 0x20
#define STATUS_TIMEOUT   0x40

/* Command byte */
#define CONTROL_SYSTEM            0x04
#define CONTROL_DISABLE_KEYBOARD  0x10
#define CONTROL_DISABLE_AUXILIARY 0x20

/* Output port: reset is active low; A20 is always on. */
#define OUTPUT_NO_RESET 0x01
#define OUTPUT_A20      0x02

enum command {
	COMMAND_READ_MEMORY = 0x20, /* to 0x3F; 0x20 is the command byte */
	COMMAND_WRITE_MEMORY = 0x60,
	COMMAND_DISABLE_AUXILIARY = 0xA7,
	COMMAND_ENABLE_AUXILIARY = 0xA8,
	COMMAND_TEST_AUXILIARY = 0xA9,
	COMMAND_TEST = 0xAA,
	COMMAND_TEST_KEYBOARD = 0xAB,
	COMMAND_DISABLE_KEYBOARD = 0xAD,
	COMMAND_ENABLE_KEYBOARD = 0xAE,
	COMMAND_READ_INPUT_PORT = 0xC0,
	COMMAND_READ_OUTPUT_PORT = 0xD0,
	COMMAND_WRITE_OUTPUT_PORT = 0xD1,
	COMMAND_ECHO_KEYBOARD = 0xD2,
	COMMAND_ECHO_AUXILIARY = 0xD3,
	COMMAND_TO_AUXILIARY = 0xD4,
	COMMAND_PULSE = 0xF0, /* to 0xFF; bit n clear: line n of the output port goes low */
};

#define TEST_PASSED 0x55
#define LINE_GOOD   0x00
#define INPUT_PORT  0x80 /* not locked */
#define NO_ANSWER   0xFE /* with STATUS_TIMEOUT: what was sent to was not there */

void keyboard_reset(struct keyboard *keyboard)
{
	*keyboard = (struct keyboard){
		.control = CONTROL_SYSTEM | CONTROL_DISABLE_AUXILIARY,
		.output_port = OUTPUT_NO_RESET | OUTPUT_A20,
	};
}

static void answer(struct keyboard *keyboard, uint8_t data, uint8_t status)
{
	keyboard->data = data;
	keyboard->status = STATUS_FULL | status;
}

static void set_control(struct keyboard *keyboard, uint8_t clear, uint8_t set)
{
	keyboard->control = (keyboard->control & (uint8_t)~clear) | set;
}

/* Returns true for a reset of the machine. */
static bool command(struct keyboard *keyboard, uint8_t value)
{
	keyboard->pending = 0;
	if (value >= COMMAND_PULSE)
		return !(value & OUTPUT_NO_RESET);
	switch (value) {
	case COMMAND_READ_MEMORY:
		answer(keyboard, keyboard->control, 0);
		break;
	case COMMAND_DISABLE_AUXILIARY:
		set_control(keyboard, 0, CONTROL_DISABLE_AUXILIARY);
		break;
	case COMMAND_ENABLE_AUXILIARY:
		set_control(keyboard, CONTROL_DISABLE_AUXILIARY, 0);
		break;
	case COMMAND_DISABLE_KEYBOARD:
		set_control(keyboard, 0, CONTROL_DISABLE_KEYBOARD);
		break;
	case COMMAND_ENABLE_KEYBOARD:
		set_control(keyboard, CONTROL_DISABLE_KEYBOARD, 0);
		break;
	case COMMAND_TEST:
		answer(keyboard, TEST_PASSED, 0);
		break;
	case COMMAND_TEST_AUXILIARY:
	case COMMAND_TEST_KEYBOARD:
		answer(keyboard, LINE_GOOD, 0);
		break;
	case COMMAND_READ_INPUT_PORT:
		answer(keyboard, INPUT_PORT, 0);
		break;
	case COMMAND_READ_OUTPUT_PORT:
		answer(keyboard, keyboard->output_port, 0);
		break;
	case COMMAND_WRITE_MEMORY:
	case COMMAND_WRITE_OUTPUT_PORT:
	case COMMAND_ECHO_KEYBOARD:
	case COMMAND_ECHO_AUXILIARY:
	case COMMAND_TO_AUXILIARY:
		keyboard->pending = value;
		break;
	default:
		break;
	}
	return false;
}

static bool parameter(struct keyboard *keyboard, uint8_t value)
{
	uint8_t pending = keyboard->pending;

	keyboard->pending = 0;
	switch (pending) {
	case COMMAND_WRITE_MEMORY:
		keyboard->control = value;
		return false;
	case COMMAND_WRITE_OUTPUT_PORT:
		keyboard->output_port = value | OUTPUT_NO_RESET | OUTPUT_A20;
		return !(value & OUTPUT_NO_RESET);
	case COMMAND_ECHO_KEYBOARD:
		answer(keyboard, value, 0);
		return false;
	case COMMAND_ECHO_AUXILIARY:
		answer(keyboard, value, STATUS_AUXILIARY);
		return false;
	case COMMAND_TO_AUXILIARY:
		answer(keyboard, NO_ANSWER, STATUS_AUXILIARY | STATUS_TIMEOUT);
		return false;
	default: /* to the keyboard */
		answer(keyboard, NO_ANSWER, STATUS_TIMEOUT);
		return false;
	}
}

uint8_t keyboard_read(struct keyboard *keyboard, uint16_t port)
{
	uint8_t status = keyboard->status | STATUS_UNLOCKED;

	if (port == PORT_DATA) {
		keyboard->status = 0;
		return keyboard->data;
	}
	return status | (keyboard->control & CONTROL_SYSTEM ? STATUS_SYSTEM : 0) |
	       (keyboard->last_was_command ? STATUS_COMMAND : 0);
}

bool keyboard_write(struct keyboard *keyboard, uint16_t port, uint8_t value)
{
	keyboard->last_was_command = port != PORT_DATA;
	return port == PORT_DATA ? parameter(keyboard, value) : command(keyboard, value);
}
