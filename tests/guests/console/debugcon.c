/* SPDX-License-Identifier: Apache-2.0 */
/* Console on the debug port of Bochs and QEMU, which takes every byte at once. */
#include "guest.h"

#define DEBUGCON_PORT 0xE9

void console_open(void)
{
}

void console_character(char character)
{
	port_write(DEBUGCON_PORT, (uint8_t)character);
}
