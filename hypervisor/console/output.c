/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>

#include "console/console.h"
#include "cpu/privileged.h"
#include "lib/console.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/string.h"

#define KEY_INTERRUPT 0x03 /* Ctrl-C */

void console_take_printer(void)
{
	/* another core may have to print in need (panic), which takes it a second at most */
	while (!log_hold()) {
		log_flush();
		cpu_pause();
	}
}

void console_poll(struct console *console)
{
	int byte;

	while ((byte = console_read()) >= 0) {
		if (byte == KEY_INTERRUPT) {
			console->interrupted = true;
			console->key_count = 0;
		}
		if (console->key_count < CONSOLE_KEYS)
			console->keys[console->key_count++] = (uint8_t)byte;
	}
}

int console_key(struct console *console)
{
	int key;

	if (console->key_count == 0)
		return -1;
	key = console->keys[0];
	console->key_count--;
	memmove(console->keys, console->keys + 1, console->key_count);
	return key;
}

void say(struct console *console, const char *fmt, ...)
{
	char text[SAY_SIZE + 1];
	va_list arguments;
	size_t length;

	if (console->interrupted)
		return;
	va_start(arguments, fmt);
	length = format_text_v(text, SAY_SIZE, fmt, arguments);
	va_end(arguments);
	/* padding of a last column that is empty */
	while (length > 0 && text[length - 1] == ' ')
		length--;
	text[length++] = '\n';
	console_take_printer();
	console_write(text, length);
	console_poll(console);
}
