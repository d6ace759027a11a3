/* SPDX-License-Identifier: Apache-2.0 */
#include "bulkhead/exit_words.h"
#include "bulkhead/register_names.h"

#include <stdbool.h>

/* Text under way; what does not fit is cut off. */
struct words {
	char *text;
	size_t length;
};

static void add(struct words *words, const char *text)
{
	while (*text != '\0' && words->length + 1 < EXIT_WORDS_SIZE)
		words->text[words->length++] = *text++;
	words->text[words->length] = '\0';
}

/* The next of several things, separated by commas. */
static void item(struct words *words, const char *text)
{
	if (words->length != 0)
		add(words, ", ");
	add(words, text);
}

static void add_number(struct words *words, uint64_t value, unsigned base)
{
	char digits[21];
	unsigned at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	add(words, base == 16 ? "0x" : "");
	add(words, digits + at);
}

static struct words begin(char text[EXIT_WORDS_SIZE])
{
	text[0] = '\0';
	return (struct words){.text = text};
}

/* --- By exit reason ----------------------------------------------------------------------------- */

/* SDM 3.28.2.1, table 28-3 */
static void control_register(struct words *words, uint64_t q)
{
	static const char *const kinds[] = {"MOV to CR", "MOV from CR", "CLTS", "LMSW "};
	unsigned kind = q >> 4 & 3;

	add(words, kinds[kind]);
	if (kind == 3) {
		add_number(words, q >> 16 & 0xFFFF, 16);
	} else if (kind < 2) {
		add_number(words, q & 0xF, 10);
		add(words, kind == 0 ? " of " : " into ");
		add(words, register_names[q >> 8 & 0xF]);
	}
}

/* SDM 3.28.2.1, table 28-4 */
static void debug_register(struct words *words, uint64_t q)
{
	add(words, q & 0x10 ? "MOV from DR" : "MOV to DR");
	add_number(words, q & 7, 10);
	add(words, q & 0x10 ? " into " : " of ");
	add(words, register_names[q >> 8 & 0xF]);
}

/* SDM 3.28.2.1, table 28-5 */
static void port(struct words *words, uint64_t q)
{
	unsigned size = (unsigned)(q & 7) + 1;

	add(words, q & 0x20 ? "REP " : "");
	if (q & 0x10)
		add(words, q & 0x08 ? "INS" : "OUTS");
	else
		add(words, q & 0x08 ? "IN" : "OUT");
	add(words, " port ");
	add_number(words, q >> 16 & 0xFFFF, 16);
	item(words, "");
	add_number(words, size, 10);
	add(words, size == 1 ? " byte" : " bytes");
}

/* SDM 3.28.2.1, table 28-2 */
static void task_switch(struct words *words, uint64_t q)
{
	static const char *const sources[] = {"CALL", "IRET", "JMP", "task gate in the IDT"};

	add(words, sources[q >> 30 & 3]);
	add(words, ", TSS ");
	add_number(words, q & 0xFFFF, 16);
}

/* SDM 3.28.2.1, table 28-7 */
static void ept_violation(struct words *words, uint64_t q)
{
	if (q & 0x001)
		item(words, "read");
	if (q & 0x002)
		item(words, "write");
	if (q & 0x004)
		item(words, "instruction fetch");
	if (!(q & 0x038)) {
		item(words, "not mapped");
	} else {
		item(words, "mapped ");
		add(words, q & 0x008 ? "r" : "-");
		add(words, q & 0x010 ? "w" : "-");
		add(words, q & 0x020 ? "x" : "-");
	}
	if ((q & 0x180) == 0x080)
		item(words, "by a page walk");
	if (!(q & 0x080))
		item(words, "no linear address");
	if (q & 0x1000)
		item(words, "NMIs unblocked by IRET");
}

/* SDM 3.28.2.1, table 28-6 */
static void apic_access(struct words *words, uint64_t q)
{
	static const char *const kinds[16] = {
		[0] = "read",
		[1] = "write",
		[2] = "instruction fetch",
		[3] = "event delivery",
		[10] = "event delivery by physical address",
		[15] = "access by physical address",
	};
	const char *kind = kinds[q >> 12 & 0xF];

	add(words, kind ? kind : "access");
	add(words, " of offset ");
	add_number(words, q & 0xFFF, 16);
}

/* SDM 3.27.8 */
static void invalid_guest_state(struct words *words, uint64_t q)
{
	static const char *const problems[] = {
		[0] = "a check of the guest's registers",
		[2] = "page-directory pointers",
		[3] = "NMI into the shadow of STI",
		[4] = "VMCS link pointer",
	};
	const char *problem = q < sizeof(problems) / sizeof(problems[0]) ? problems[q] : NULL;

	add(words, problem ? problem : "unknown cause ");
	if (!problem)
		add_number(words, q, 10);
}

static void msr_loading(struct words *words, uint64_t q)
{
	add(words, "entry ");
	add_number(words, q, 10);
	add(words, " of the list");
}

static void vector(struct words *words, uint64_t q)
{
	add(words, "vector ");
	add_number(words, q & 0xFF, 16);
}

static void address(struct words *words, uint64_t q)
{
	add(words, "address ");
	add_number(words, q, 16);
}

static void offset(struct words *words, uint64_t q)
{
	add(words, "offset ");
	add_number(words, q & 0xFFF, 16);
}

static void monitor(struct words *words, uint64_t q)
{
	add(words, q & 1 ? "armed" : "not armed");
}

/* By basic exit reason (SDM 3.C). */
static void (*const decoders[])(struct words *words, uint64_t q) = {
	[4] = vector,
	[9] = task_switch,
	[14] = address,
	[28] = control_register,
	[29] = debug_register,
	[30] = port,
	[33] = invalid_guest_state,
	[34] = msr_loading,
	[36] = monitor,
	[44] = apic_access,
	[45] = vector,
	[48] = ept_violation,
	[56] = offset,
};

size_t exit_words(char text[EXIT_WORDS_SIZE], uint32_t reason, uint64_t qualification)
{
	struct words words = begin(text);

	if (reason < sizeof(decoders) / sizeof(decoders[0]) && decoders[reason]) {
		decoders[reason](&words, qualification);
	} else if (qualification != 0) {
		add(&words, "qualification ");
		add_number(&words, qualification, 16);
	}
	return words.length;
}

#define INSTRUCTION_MAX 15 /* bytes (SDM 2.2.3.11) */

size_t next_rip_words(char text[EXIT_WORDS_SIZE], uint64_t rip, uint64_t next_rip)
{
	struct words words = begin(text);

	if (next_rip == 0) {
		add(&words, "not yet");
	} else if (next_rip == rip) {
		add(&words, "again");
	} else if (next_rip > rip && next_rip - rip <= INSTRUCTION_MAX) {
		add(&words, "+");
		add_number(&words, next_rip - rip, 10);
	} else {
		add(&words, "at ");
		add_number(&words, next_rip, 16);
	}
	return words.length;
}

/* SDM 3.18.2.3, and 3.28.2.1, table 28-1: the same bits */
size_t debug_words(char text[EXIT_WORDS_SIZE], uint64_t qualification)
{
	struct words words = begin(text);

	for (unsigned i = 0; i < 4; i++) {
		if (!(qualification & UINT64_C(1) << i))
			continue;
		item(&words, "breakpoint ");
		add_number(&words, i, 10);
	}
	if (qualification & UINT64_C(1) << 13)
		item(&words, "debug registers accessed");
	if (qualification & UINT64_C(1) << 14)
		item(&words, "single step");
	if (qualification & UINT64_C(1) << 15)
		item(&words, "task switch");
	return words.length;
}
