/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Editor of one command line on a terminal of which nothing is expected but that it shows text and obeys
 * backspace and carriage return. Takes any bytes: what is no key that it knows is dropped.
 *
 * Keys: cursor left and right, Home and End (Ctrl-A, Ctrl-E), backspace, Delete, Ctrl-W (word), Ctrl-U and Ctrl-K
 * (to the line's beginning and end), up and down for earlier lines, Tab, Ctrl-C (start anew), Ctrl-L (show again).
 */
#ifndef CONSOLE_LINE_H
#define CONSOLE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* With the NUL. Prompt and line fit into 80 columns, so that backspace reaches every character. */
#define LINE_SIZE    68
#define LINE_HISTORY 8

struct line_editor {
	const char *prompt;
	void (*put)(const char *text, size_t length);
	char text[LINE_SIZE]; /* always NUL-terminated */
	uint32_t length, cursor;
	char history[LINE_HISTORY]
		    [LINE_SIZE]; /* the latest at history_end - 1, modulo LINE_HISTORY */
	uint32_t history_count, history_end;
	uint32_t back;        /* lines that the operator has gone back in the history */
	char kept[LINE_SIZE]; /* what was typed before that */
	uint8_t escape;       /* where in an escape sequence: enum in line.c */
	uint8_t parameter;    /* of a control sequence, the first digit; 0: none */
	bool after_return;    /* a line feed that follows belongs to it */
};

enum line_event {
	LINE_EDITED, /* nothing to do */
	LINE_DONE,   /* `text` is a line; line_begin() makes ready for the next */
	LINE_TAB,    /* the word before the cursor is to be completed */
};

void line_init(struct line_editor *editor, const char *prompt,
	       void (*put)(const char *text, size_t length));

/* Takes a byte from the terminal. */
enum line_event line_key(struct line_editor *editor, uint8_t byte);

/* Remembers the line that was done, if it is not empty nor the same as the last, and shows a new prompt. */
void line_begin(struct line_editor *editor);

/* Wipes the line off the screen, and shows it again: around what others print. */
void line_hide(struct line_editor *editor);
void line_show(struct line_editor *editor);

/* Inserts at the cursor what fits. */
void line_insert(struct line_editor *editor, const char *text, size_t length);

#endif
