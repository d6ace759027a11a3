/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's console: polled, chosen by Kconfig (console_serial.c or
 * console_debugcon.c). Only the log writes to it, one core at a time.
 */
#ifndef LIB_CONSOLE_H
#define LIB_CONSOLE_H

#include <stddef.h>

void console_init(void);

/* Every \n becomes a line end of the device. Returns in bounded time, even if the device is absent. */
void console_write(const char *text, size_t length);

/* The next byte that was typed; -1 if there is none. For the core that serves the operator's console. */
int console_read(void);

/* Waits, in bounded time, until the device has sent everything: before the machine is switched off. */
void console_flush(void);

#endif
