/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stand-in for hypervisor/lib/log.c: keeps the lines, so that a test can ask for them. Link fake_log.c
 * instead of log.c, and lib/log_limit.c where limits matter.
 */
#ifndef FAKE_LOG_H
#define FAKE_LOG_H

#include "lib/log.h"

/* Forgets all lines. */
void fake_log_clear(void);

/* Lines of that severity since the last fake_log_clear(). */
unsigned fake_log_count(enum log_level level);

/* Whether a line of that severity contains `text`. */
bool fake_log_has(enum log_level level, const char *text);

/* Prints all lines to standard error: call it before an assertion that is hard to understand. */
void fake_log_dump(void);

#endif
