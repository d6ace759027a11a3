/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bare-metal test guests share: a 1 kHz local APIC timer on every core, statistics of its
 * ticks, and one report line per window of ticks. README.md gives the formats of all lines.
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include "machine.h"

#define GUEST_MAX_CORES   8
#define GUEST_STACK_SIZE  8192
#define GUEST_VECTORS     256
#define GUEST_TICK_VECTOR 0x40
#define GUEST_TICK_HZ     1000

/* What makes one program differ from another; each defines `program`. */
struct program {
	const char *name;      /* starts every line */
	uint32_t window_ticks; /* timer periods per report */
	bool names_cores;      /* report lines say which core */
	uint64_t (*sum)(void); /* of memory that nobody may change, for the report; NULL: none */
};
extern const struct program program;

/* All in one window of `ticks + missed` timer periods. */
struct tick_window {
	uint32_t ticks;     /* timer interrupts taken */
	uint32_t missed;    /* periods without an interrupt of their own */
	int64_t jitter_min; /* of interval - period, in TSC ticks */
	int64_t jitter_max;
};

#define EXITS_UNKNOWN (-1) /* no hypervisor that counts them */

struct report {
	uint32_t number; /* from 1 */
	struct tick_window window;
	int64_t exits; /* of this vCPU since its last report, or EXITS_UNKNOWN */
	uint64_t sum;
};

/*
 * One per core. The interrupt handler writes `current`, `completed` and `completed_count`; the main
 * loop of the same core reads them with interrupts off. `published` goes to the BSP's main loop:
 * the owner writes it, then stores published_count (release); the BSP loads the count (acquire), then
 * copies. The next report comes at least a window later, so the copy is never torn.
 */
struct core {
	struct core *self; /* at GS:0 */
	uint32_t index;
	uint64_t period;    /* in TSC ticks */
	uint64_t last_tick; /* TSC; 0 before the first */
	struct tick_window current;
	struct tick_window completed;
	uint32_t completed_count;
	uint32_t reported_count;
	int64_t exits_before; /* exit counter at the last report */
	struct report published;
	uint32_t published_count;
	uint32_t printed_count; /* BSP only */
};

struct frequencies {
	uint32_t tsc_khz;
	uint32_t apic_khz;
};

/* start.S enters here, in long mode on the core's own stack, interrupts off. */
_Noreturn void guest_main(uint32_t index, uint32_t count);

/* Physical address of the multiboot2 information when GRUB booted us natively, else 0. */
extern uint32_t multiboot_information;

/* interrupts.c: loads an IDT with the tick handler and reporting exception handlers. */
void interrupts_setup(const struct core *core);

/* frequency.c: false if neither command line, hypervisor nor CPUID leaf 0x15 tells. */
bool hypervisor_present(void);
bool frequencies_read(struct frequencies *frequencies);

/* tick.c */
void tick_start(struct core *core, const struct frequencies *frequencies);
void tick_interrupt(void);

/* report.c */
void report_setup(struct core *core);
void report_publish(struct core *core);
void report_print_new(struct core *cores, uint32_t count);

/* console/uart.c or console/debugcon.c, as the program was linked; the first with a port. */
extern const uint16_t uart_port;
void console_open(void);
void console_character(char character);

/* print.c */
void print_text(const char *text);
void print_unsigned(uint64_t value);
void print_signed(int64_t value);
void print_hexadecimal(uint64_t value);

#endif
