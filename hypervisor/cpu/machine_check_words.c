/* SPDX-License-Identifier: Apache-2.0 */
/* MCA error codes in words: bits 15:0 of IA32_MCi_STATUS (SDM 3B.16.9). */
#include "cpu/machine_check.h"
#include "lib/format.h"

#define ERROR_CODE(status) \
	((uint32_t)(status)&0xEFFF) /* bit 12 only says that reports are filtered */

/* Fields of compound codes (SDM 3B.16.9.2) */
#define LEVEL(code)       ((code)&3)
#define TRANSACTION(code) ((code) >> 2 & 3)
#define REQUEST(code)     ((code) >> 4 & 0xF)
#define MEMORY_WHAT(code) ((code) >> 4 & 7)
#define CHANNEL(code)     ((code)&0xF)
#define CHANNEL_UNKNOWN   0xF
#define SPACE(code)       ((code) >> 2 & 3)
#define TIMED_OUT(code)   ((code) >> 8 & 1)
#define ROLE(code)        ((code) >> 9 & 3)

static const char *const levels[] = {"level 0", "level 1", "level 2", "unknown level"};
static const char *const transactions[] = {"instruction", "data", "generic", "unknown"};
static const char *const requests[16] = {"error",     "read",       "write",
					 "data read", "data write", "instruction fetch",
					 "prefetch",  "eviction",   "snoop"};
static const char *const memory_requests[8] = {"request", "read", "write", "command", "scrub"};
static const char *const spaces[] = {"memory", "reserved", "I/O", "other"};
static const char *const roles[] = {"as requester", "as responder", "as observer", "generic"};

static const char *word(const char *name)
{
	return name ? name : "reserved";
}

struct simple_code {
	uint32_t code;
	const char *words;
};

static const struct simple_code simple_codes[] = {
	{0x0000, "no error"},        {0x0001, "unclassified"},     {0x0002, "microcode parity"},
	{0x0003, "external"},        {0x0004, "redundancy check"}, {0x0005, "internal parity"},
	{0x0006, "SMM code access"}, {0x0400, "internal timer"},   {0x0E0B, "I/O controller"},
};

static const char *simple_words(uint32_t code)
{
	for (unsigned i = 0; i < sizeof(simple_codes) / sizeof(simple_codes[0]); i++)
		if (simple_codes[i].code == code)
			return simple_codes[i].words;
	return (code & 0xFC00) == 0x0400 ? "internal" : NULL;
}

static void memory_words(const char *kind, uint32_t code, char *words, size_t size)
{
	const char *request = word(memory_requests[MEMORY_WHAT(code)]);

	if (CHANNEL(code) == CHANNEL_UNKNOWN)
		format_text(words, size, "%s: %s, unknown channel", kind, request);
	else
		format_text(words, size, "%s: %s, channel %u", kind, request, CHANNEL(code));
}

void machine_check_describe(const struct machine_check_error *error, char *words, size_t size)
{
	uint32_t code = ERROR_CODE(error->status);
	const char *simple = simple_words(code);

	/* by the highest bit that is set, as the table has them */
	if (simple)
		format_text(words, size, "%s", simple);
	else if (code & 0x0800)
		format_text(words, size, "bus: %s, %s, %s, %s%s", word(requests[REQUEST(code)]),
			    spaces[SPACE(code)], roles[ROLE(code)], levels[LEVEL(code)],
			    TIMED_OUT(code) ? ", timed out" : "");
	else if ((code & 0xFF80) == 0x0280)
		memory_words("memory used as cache", code, words, size);
	else if ((code & 0xFF00) == 0x0100)
		format_text(words, size, "cache: %s %s, %s", transactions[TRANSACTION(code)],
			    word(requests[REQUEST(code)]), levels[LEVEL(code)]);
	else if ((code & 0xFF80) == 0x0080)
		memory_words("memory controller", code, words, size);
	else if ((code & 0xFFF0) == 0x0010)
		format_text(words, size, "TLB: %s, %s", transactions[TRANSACTION(code)],
			    levels[LEVEL(code)]);
	else if ((code & 0xFFFC) == 0x000C)
		format_text(words, size, "cache: %s", levels[LEVEL(code)]);
	else
		format_text(words, size, "unknown code 0x%x", code);
}
