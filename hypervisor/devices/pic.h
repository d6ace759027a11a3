/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual pair of 8259A interrupt controllers: the programming model that operating systems and firmware
 * probe. What other virtual devices raise arrives here; real pins never do, but look to the guest as if they did
 * (vm/pic_pins.c).
 */
#ifndef DEVICES_PIC_H
#define DEVICES_PIC_H

#include "bulkhead/types.h"
#include "lib/optional.h"

#define PIC_COUNT       2
#define PIC_INPUTS      8
#define PIC_VECTOR_NONE UINT32_MAX

struct pic {
	uint8_t requests;   /* IRR */
	uint8_t in_service; /* ISR */
	uint8_t mask;       /* IMR */
	uint8_t lines;      /* inputs as they are, for level-triggered ones */
	uint8_t level;      /* ELCR: level-triggered inputs */
	uint8_t vector;     /* ICW2: vector of input 0 */
	uint8_t lowest;     /* input with the lowest priority: 7 after initialisation */
	uint8_t next_word;  /* initialisation word that comes next: 2, 3, 4, or 0: none */
	bool single;        /* ICW1: no ICW3 follows */
	bool wants_icw4;
	bool automatic_eoi;
	bool rotate_automatically;
	bool special_mask;
	bool fully_nested;
	bool read_in_service; /* what port 0 reads: ISR or IRR */
	bool poll;            /* the next read is a poll */
};

/* The pair: [0] has ports 0x20, 0x21 and 0x4D0, [1] 0xA0, 0xA1 and 0x4D1; [1] drives input 2 of [0]. */
struct pic_pair {
	struct pic pics[PIC_COUNT];
};

/* Power-on state: nothing is delivered before the guest has initialised it. */
void pic_reset(struct pic_pair *pair) OPTIONAL;

uint8_t pic_read(struct pic_pair *pair, uint16_t port) OPTIONAL;
void pic_write(struct pic_pair *pair, uint16_t port, uint8_t value) OPTIONAL;

/* Input 0 to 15 of the pair goes high or low. */
void pic_set_line(struct pic_pair *pair, unsigned input, bool high) OPTIONAL;

/* Whether the next rising edge of an input would make the pair signal, which it does not do now. */
bool pic_would_signal(const struct pic_pair *pair, unsigned input) OPTIONAL;

/*
 * For interrupts that reach the guest past the pair (vm/pic_pins.c), bit n for input n: those that it would let
 * through and whose end it would hear of; the vector of one; those in service, and that more have begun.
 */
uint16_t pic_open(const struct pic_pair *pair) OPTIONAL;
uint8_t pic_vector(const struct pic_pair *pair, unsigned input) OPTIONAL;
uint16_t pic_in_service(const struct pic_pair *pair) OPTIONAL;
void pic_serve(struct pic_pair *pair, uint16_t inputs) OPTIONAL;

/* Whether an interrupt waits that the processor should take. */
bool pic_pending(const struct pic_pair *pair) OPTIONAL;
/* The processor acknowledges: vector of the interrupt, which is in service then; 7 or 15 if spurious. */
uint8_t pic_acknowledge(struct pic_pair *pair) OPTIONAL;

#endif
