/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line per event, on the hypervisor's console.
 *
 *     [2 rt] info: text
 *
 * is a line of core 2, which belongs to VM "rt" ("hv" while it belongs to none); the severity is one
 * of error, warning, info, debug. Lines of different cores never mix, and the lines of one core come
 * in their order. Severities above CONFIG_LOG_LEVEL are not in the image, but still type-checked.
 *
 * No core ever waits for another one. Each writes its line into its own ring and then tries to become
 * the printer, who prints what is pending in all rings; if another core already is, that one prints
 * this line too. A core whose ring is full because the printer is slow loses the new line; how many
 * were lost is printed as `[2 log] warning: 5 lines lost`.
 *
 * Not for handlers that interrupt the hypervisor and return to it (NMI): a ring has one writer. A
 * handler that ends in panic() may use it.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bulkhead/log_ring.h"

enum log_level {
	LOG_ERROR = 0,
	LOG_WARNING = 1,
	LOG_INFO = 2,
	LOG_DEBUG = 3,
};

/* Longest line with prefix and line end; the rest of a longer one is replaced by "...". */
#define LOG_LINE_MAX 256

/* One for each core, by index. Shared: whoever prints reads all of them, and so does a monitor VM. */
extern struct log_ring log_rings[CONFIG_MAX_CORES];

_Static_assert(LOG_LINE_MAX < LOG_RING_SIZE, "a line fits into an empty ring");

/* The format is a literal: the severity becomes its beginning. */
#define LOG_AT(level, name, ...)                         \
	do {                                             \
		if ((int)(level) <= CONFIG_LOG_LEVEL)    \
			log_line(name ": " __VA_ARGS__); \
	} while (0)

#define log_error(...)   LOG_AT(LOG_ERROR, "error", __VA_ARGS__)
#define log_warning(...) LOG_AT(LOG_WARNING, "warning", __VA_ARGS__)
#define log_info(...)    LOG_AT(LOG_INFO, "info", __VA_ARGS__)
#define log_debug(...)   LOG_AT(LOG_DEBUG, "debug", __VA_ARGS__)

/* Initialises the console. On the BSP only, once this_cpu() works, before the first line. */
void log_init(void);

/* Behind the macros, which decide whether it is called. Control characters are printed as '?'. */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Prints everything that is pending, for panic() and before the machine is switched off. If another
 * core stays the printer for about a second (it may be dead), printing is taken over from it.
 */
void log_flush(void);

/* The calling core ceases to be the printer, if it is: it will not go on. Prints nothing. */
void log_abandon(void);

/*
 * For the operator's console, where lines must not be printed into what is being typed. log_hold() makes the
 * calling core the printer for as long as it likes: others leave their lines to it. False: another core is
 * printing just now, or has taken over because it is in need; try again. With it held, log_print() prints
 * what is pending. log_release() gives it up.
 */
bool log_hold(void);
bool log_is_pending(void);
void log_print(void);
void log_release(void);

/* Lines less severe than that are not printed any more; rings keep them. All are shown at first. */
void log_show(enum log_level level);
enum log_level log_shown(void);
const char *log_level_name(enum log_level level);

/*
 * Waits until the calling core's lines are printed, about a second at most. For a core that has many to
 * write and nothing else to do, while another one is the printer.
 */
void log_settle(void);

/*
 * Copies the calling core's last lines, printed or not, as many whole ones as fit, each with its \n and
 * without a NUL. Returns their length in bytes. For crash records.
 */
size_t log_tail(char *buffer, size_t size);

/*
 * Limits lines that a guest can cause at will, so that it can't flood the console or keep the printer
 * busy. One per VM and kind of line, all zeros at its start; shared by the VM's cores.
 *
 *     if (log_limit(&vm->port_denied))
 *             log_warning(...);
 *
 * When the VM stops, log_limit_hidden() says how many were not printed.
 */
struct log_limiter {
	_Atomic uint64_t events;
};

/* Lines of one kind that are printed. */
#define LOG_LIMIT 16

/* Counts one event; true for the first LOG_LIMIT ones. */
bool log_limit(struct log_limiter *limiter);

/* Events beyond LOG_LIMIT so far. */
uint64_t log_limit_hidden(struct log_limiter *limiter);

#endif
