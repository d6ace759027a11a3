/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual pair of 8259A interrupt controllers: the programming model that operating systems and firmware
 * probe. Interrupts of real pins go by the IOAPIC; here only what other virtual devices raise arrives.
 */
#ifndef DEVICES_PIC_H
#define DEVICES_PIC_H

#include "bulkhead/types.h"

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
void pic_reset(struct pic_pair *pair);

uint8_t pic_read(struct pic_pair *pair, uint16_t port);
void pic_write(struct pic_pair *pair, uint16_t port, uint8_t value);

/* Input 0 to 15 of the pair goes high or low. */
void pic_set_line(struct pic_pair *pair, unsigned input, bool high);

/* Whether an interrupt waits that the processor should take. */
bool pic_pending(const struct pic_pair *pair);
/* The processor acknowledges: vector of the interrupt, which is in service then; 7 or 15 if spurious. */
uint8_t pic_acknowledge(struct pic_pair *pair);

#endif
