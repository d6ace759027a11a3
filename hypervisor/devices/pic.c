/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/pic.h"

#define CASCADE_INPUT 2
#define SPURIOUS      7

#define MASTER_PORT 0x20
#define SLAVE_PORT  0xA0
#define ELCR_PORT   0x4D0

/* Inputs that are always edge-triggered: timer, keyboard, cascade; clock and coprocessor. */
static const uint8_t always_edge[PIC_COUNT] = {0x07, 0x21};

/* ICW1 has bit 4 set, OCW3 bit 3 (8259A data sheet, initialization and operation command words). */
#define ICW1          0x10
#define ICW1_ICW4     0x01
#define ICW1_SINGLE   0x02
#define ICW4_AUTO_EOI 0x02
#define ICW4_NESTED   0x10
#define OCW3          0x08
#define OCW3_READ_ISR 0x01
#define OCW3_READ     0x02
#define OCW3_POLL     0x04
#define OCW3_SMM      0x20
#define OCW3_SET_SMM  0x40

/* OCW2, bits 7:5 */
enum end_of_interrupt {
	EOI_ROTATE_AUTO_CLEAR = 0,
	EOI_NON_SPECIFIC = 1,
	EOI_SPECIFIC = 3,
	EOI_ROTATE_AUTO_SET = 4,
	EOI_ROTATE_NON_SPECIFIC = 5,
	EOI_SET_PRIORITY = 6,
	EOI_ROTATE_SPECIFIC = 7,
};

static uint8_t bit(unsigned input)
{
	return (uint8_t)(1u << input);
}

/* Input with the highest priority in a set, which counts from the one behind the lowest; 8: none. */
static unsigned highest(const struct pic *pic, uint8_t set)
{
	for (unsigned i = 1; i <= PIC_INPUTS; i++)
		if (set & bit((pic->lowest + i) % PIC_INPUTS))
			return (pic->lowest + i) % PIC_INPUTS;
	return PIC_INPUTS;
}

/* Place in the order of priority: 0 is the highest. */
static unsigned rank(const struct pic *pic, unsigned input)
{
	return input == PIC_INPUTS ? PIC_INPUTS
				   : (input + PIC_INPUTS - pic->lowest - 1) % PIC_INPUTS;
}

/* The input that the controller signals; 8: none. */
static unsigned winner(const struct pic *pic, bool master)
{
	unsigned input = highest(pic, pic->requests & (uint8_t)~pic->mask);
	uint8_t blocking = pic->in_service;

	if (pic->next_word)
		return PIC_INPUTS;
	if (pic->special_mask)
		blocking &= (uint8_t)~pic->mask;
	/* special fully nested mode: the other controller may interrupt itself */
	if (master && pic->fully_nested && input == CASCADE_INPUT)
		blocking &= (uint8_t)~bit(CASCADE_INPUT);
	if (pic->special_mask)
		return blocking & bit(input) ? PIC_INPUTS : input;
	return rank(pic, input) < rank(pic, highest(pic, blocking)) ? input : PIC_INPUTS;
}

static void set_line(struct pic *pic, unsigned input, bool high)
{
	bool rises = high && !(pic->lines & bit(input));

	if (high && (rises || pic->level & bit(input)))
		pic->requests |= bit(input);
	if (!high)
		pic->requests &= (uint8_t)~bit(input);
	pic->lines = high ? pic->lines | bit(input) : pic->lines & (uint8_t)~bit(input);
}

/* The second controller's output is an input of the first. */
static void update_cascade(struct pic_pair *pair)
{
	bool high = winner(&pair->pics[1], false) != PIC_INPUTS;
	struct pic *master = &pair->pics[0];

	set_line(master, CASCADE_INPUT, high);
	/* its output drops for a moment with each acknowledge, so that every request is an edge */
	if (high)
		master->requests |= bit(CASCADE_INPUT);
}

void pic_set_line(struct pic_pair *pair, unsigned input, bool high)
{
	set_line(&pair->pics[input / PIC_INPUTS], input % PIC_INPUTS, high);
	update_cascade(pair);
}

bool pic_pending(const struct pic_pair *pair)
{
	return winner(&pair->pics[0], true) != PIC_INPUTS;
}

bool pic_would_signal(const struct pic_pair *pair, unsigned input)
{
	struct pic_pair edge = *pair;

	if (pic_pending(pair))
		return false;
	pic_set_line(&edge, input, false);
	pic_set_line(&edge, input, true);
	return pic_pending(&edge);
}

uint16_t pic_open(const struct pic_pair *pair)
{
	const struct pic *master = &pair->pics[0], *slave = &pair->pics[1];
	uint16_t open = 0;

	if (!master->next_word && !master->automatic_eoi)
		open = (uint8_t)~master->mask;
	if (open & bit(CASCADE_INPUT) && !slave->next_word && !slave->automatic_eoi)
		open |= (uint16_t)((uint8_t)~slave->mask << PIC_INPUTS);
	return open;
}

uint8_t pic_vector(const struct pic_pair *pair, unsigned input)
{
	return (uint8_t)(pair->pics[input / PIC_INPUTS].vector + input % PIC_INPUTS);
}

uint16_t pic_in_service(const struct pic_pair *pair)
{
	return (uint16_t)(pair->pics[1].in_service << PIC_INPUTS | pair->pics[0].in_service);
}

void pic_serve(struct pic_pair *pair, uint16_t inputs)
{
	pair->pics[0].in_service |= (uint8_t)inputs;
	pair->pics[1].in_service |= (uint8_t)(inputs >> PIC_INPUTS);
	if (inputs >> PIC_INPUTS)
		pair->pics[0].in_service |= bit(CASCADE_INPUT);
}

static unsigned acknowledge(struct pic *pic, bool master)
{
	unsigned input = winner(pic, master);

	if (input == PIC_INPUTS)
		return PIC_INPUTS;
	if (!(pic->level & bit(input)))
		pic->requests &= (uint8_t)~bit(input);
	if (!pic->automatic_eoi)
		pic->in_service |= bit(input);
	else if (pic->rotate_automatically)
		pic->lowest = (uint8_t)input;
	return input;
}

uint8_t pic_acknowledge(struct pic_pair *pair)
{
	struct pic *master = &pair->pics[0], *slave = &pair->pics[1];
	unsigned input = acknowledge(master, true);

	if (input == CASCADE_INPUT) {
		input = acknowledge(slave, false);
		update_cascade(pair);
		return (uint8_t)(slave->vector + (input == PIC_INPUTS ? SPURIOUS : input));
	}
	return (uint8_t)(master->vector + (input == PIC_INPUTS ? SPURIOUS : input));
}

static void begin_initialisation(struct pic *pic, uint8_t value)
{
	*pic = (struct pic){
		.lines = pic->lines,
		.level = pic->level,
		.vector = pic->vector,
		.lowest = PIC_INPUTS - 1,
		.next_word = 2,
		.single = value & ICW1_SINGLE,
		.wants_icw4 = value & ICW1_ICW4,
	};
}

static void continue_initialisation(struct pic *pic, uint8_t value)
{
	if (pic->next_word == 2) {
		pic->vector = value & 0xF8;
		pic->next_word = pic->single ? (pic->wants_icw4 ? 4 : 0) : 3;
	} else if (pic->next_word == 3) {
		pic->next_word = pic->wants_icw4 ? 4 : 0; /* the cascade is wired */
	} else {
		pic->automatic_eoi = value & ICW4_AUTO_EOI;
		pic->fully_nested = value & ICW4_NESTED;
		pic->next_word = 0;
	}
}

static void end_of_interrupt(struct pic *pic, uint8_t value)
{
	enum end_of_interrupt command = value >> 5;
	bool specific = command == EOI_SPECIFIC || command == EOI_ROTATE_SPECIFIC;
	bool ends = specific || command == EOI_NON_SPECIFIC || command == EOI_ROTATE_NON_SPECIFIC;
	uint8_t served =
		pic->special_mask ? pic->in_service & (uint8_t)~pic->mask : pic->in_service;
	unsigned input = specific ? value & 7 : highest(pic, served);

	if (ends && input < PIC_INPUTS) {
		pic->in_service &= (uint8_t)~bit(input);
		if (command == EOI_ROTATE_NON_SPECIFIC || command == EOI_ROTATE_SPECIFIC)
			pic->lowest = (uint8_t)input;
	}
	if (command == EOI_SET_PRIORITY)
		pic->lowest = value & 7;
	if (command == EOI_ROTATE_AUTO_SET || command == EOI_ROTATE_AUTO_CLEAR)
		pic->rotate_automatically = command == EOI_ROTATE_AUTO_SET;
}

static void operation(struct pic *pic, uint8_t value)
{
	if (!(value & OCW3)) {
		end_of_interrupt(pic, value);
		return;
	}
	pic->poll = value & OCW3_POLL;
	if (value & OCW3_READ)
		pic->read_in_service = value & OCW3_READ_ISR;
	if (value & OCW3_SET_SMM)
		pic->special_mask = value & OCW3_SMM;
}

/* Bit 7 says whether there is an interrupt, bits 2:0 which; reading acknowledges it. */
static uint8_t poll(struct pic *pic, bool master)
{
	unsigned input = acknowledge(pic, master);

	pic->poll = false;
	return input == PIC_INPUTS ? 0 : (uint8_t)(0x80 | input);
}

static struct pic *of_port(struct pic_pair *pair, uint16_t port)
{
	return &pair->pics[(port & ~1) == SLAVE_PORT ? 1 : 0];
}

uint8_t pic_read(struct pic_pair *pair, uint16_t port)
{
	struct pic *pic = of_port(pair, port);
	uint8_t value;

	if (port >= ELCR_PORT)
		return pair->pics[port - ELCR_PORT].level;
	if (pic->poll) {
		value = poll(pic, pic == &pair->pics[0]);
		update_cascade(pair);
		return value;
	}
	if (port & 1)
		return pic->mask;
	return pic->read_in_service ? pic->in_service : pic->requests;
}

void pic_write(struct pic_pair *pair, uint16_t port, uint8_t value)
{
	struct pic *pic = of_port(pair, port);

	if (port >= ELCR_PORT)
		pair->pics[port - ELCR_PORT].level =
			value & (uint8_t)~always_edge[port - ELCR_PORT];
	else if (port & 1 && pic->next_word)
		continue_initialisation(pic, value);
	else if (port & 1)
		pic->mask = value;
	else if (value & ICW1)
		begin_initialisation(pic, value);
	else
		operation(pic, value);
	update_cascade(pair);
}

void pic_reset(struct pic_pair *pair)
{
	*pair = (struct pic_pair){0};
	for (unsigned i = 0; i < PIC_COUNT; i++) {
		pair->pics[i].mask = 0xFF;
		pair->pics[i].lowest = PIC_INPUTS - 1;
	}
	pair->pics[1].vector = PIC_INPUTS;
}
