/* SPDX-License-Identifier: Apache-2.0 */
/* MCA error codes in words: bits 15:0 of IA32_MCi_STATUS (SDM 3B.16.9). */
#include "cpu/machine_check.h"
#include "lib/format.h"
#include "lib/texts.h"

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

#define LEVELS(X)                \
	X(0, level_0, "level 0") \
	X(1, level_1, "level 1") \
	X(2, level_2, "level 2")

#define TRANSACTIONS(X)                  \
	X(0, instruction, "instruction") \
	X(1, data, "data")               \
	X(2, generic, "generic")

#define REQUESTS(X)                                  \
	X(0, error, "error")                         \
	X(1, read, "read")                           \
	X(2, write, "write")                         \
	X(3, data_read, "data read")                 \
	X(4, data_write, "data write")               \
	X(5, instruction_fetch, "instruction fetch") \
	X(6, prefetch, "prefetch")                   \
	X(7, eviction, "eviction")                   \
	X(8, snoop, "snoop")

#define MEMORY_REQUESTS(X)       \
	X(0, request, "request") \
	X(1, read, "read")       \
	X(2, write, "write")     \
	X(3, command, "command") \
	X(4, scrub, "scrub")

#define SPACES(X)              \
	X(0, memory, "memory") \
	X(2, io, "I/O")        \
	X(3, other, "other")

#define ROLES(X)                        \
	X(0, requester, "as requester") \
	X(1, responder, "as responder") \
	X(2, observer, "as observer")

#define SIMPLE_CODES(X)                      \
	X(0, none, "no error")               \
	X(1, unclassified, "unclassified")   \
	X(2, microcode, "microcode parity")  \
	X(3, external, "external")           \
	X(4, redundancy, "redundancy check") \
	X(5, internal, "internal parity")    \
	X(6, smm, "SMM code access")
#define INTERNAL_TIMER 0x0400
#define IO_CONTROLLER  0x0E0B

TEXTS(levels, LEVELS, "unknown level");
TEXTS(transactions, TRANSACTIONS, "unknown");
TEXTS(requests, REQUESTS, "reserved");
TEXTS(memory_requests, MEMORY_REQUESTS, "reserved");
TEXTS(spaces, SPACES, "reserved");
TEXTS(roles, ROLES, "generic");
TEXTS(simple_codes, SIMPLE_CODES, "");

/* Empty if it is none of them. */
static const char *simple_words(uint32_t code)
{
	if (code == INTERNAL_TIMER)
		return TEXT("internal timer");
	if (code == IO_CONTROLLER)
		return TEXT("I/O controller");
	if ((code & 0xFC00) == 0x0400)
		return TEXT("internal");
	return text_find(&simple_codes, code);
}

static const char *level(uint32_t code)
{
	return text_find(&levels, LEVEL(code));
}

static const char *transaction(uint32_t code)
{
	return text_find(&transactions, TRANSACTION(code));
}

static const char *request(uint32_t code)
{
	return text_find(&requests, REQUEST(code));
}

static void memory_words(const char *kind, uint32_t code, char *words, size_t size)
{
	const char *wanted = text_find(&memory_requests, MEMORY_WHAT(code));

	if (CHANNEL(code) == CHANNEL_UNKNOWN)
		format_text(words, size, "%s: %s, unknown channel", kind, wanted);
	else
		format_text(words, size, "%s: %s, channel %u", kind, wanted, CHANNEL(code));
}

void machine_check_describe(const struct machine_check_error *error, char *words, size_t size)
{
	uint32_t code = ERROR_CODE(error->status);
	const char *simple = simple_words(code);

	/* by the highest bit that is set, as the table has them */
	if (*simple)
		format_text(words, size, "%s", simple);
	else if (code & 0x0800)
		format_text(words, size, "bus: %s, %s, %s, %s%s", request(code),
			    text_find(&spaces, SPACE(code)), text_find(&roles, ROLE(code)),
			    level(code), TIMED_OUT(code) ? ", timed out" : "");
	else if ((code & 0xFF80) == 0x0280)
		memory_words(TEXT("memory used as cache"), code, words, size);
	else if ((code & 0xFF00) == 0x0100)
		format_text(words, size, "cache: %s %s, %s", transaction(code), request(code),
			    level(code));
	else if ((code & 0xFF80) == 0x0080)
		memory_words(TEXT("memory controller"), code, words, size);
	else if ((code & 0xFFF0) == 0x0010)
		format_text(words, size, "TLB: %s, %s", transaction(code), level(code));
	else if ((code & 0xFFFC) == 0x000C)
		format_text(words, size, "cache: %s", level(code));
	else
		format_text(words, size, "unknown code 0x%x", code);
}
