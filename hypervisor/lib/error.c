/* SPDX-License-Identifier: Apache-2.0 */
#include "bulkhead/error.h"

#include "lib/texts.h"

/* Each error has two of them. */
#define NAME_MEMBER(name, text)   char name_##name[sizeof(#name)];
#define NAME_VALUE(name, text)    .name_##name = #name,
#define NAME_OFFSET(name, text)   [ERROR_##name] = TEXT_OFFSET(words, name_##name),
#define PHRASE_MEMBER(name, text) char text_##name[sizeof(text)];
#define PHRASE_VALUE(name, text)  .text_##name = text,
#define PHRASE_OFFSET(name, text) [ERROR_##name] = TEXT_OFFSET(words, text_##name),

static const struct words {
	HYPERVISOR_ERRORS(NAME_MEMBER) HYPERVISOR_ERRORS(PHRASE_MEMBER)
} words = {HYPERVISOR_ERRORS(NAME_VALUE) HYPERVISOR_ERRORS(PHRASE_VALUE)};
static const uint16_t names[ERROR_COUNT] = {HYPERVISOR_ERRORS(NAME_OFFSET)};
static const uint16_t texts[ERROR_COUNT] = {HYPERVISOR_ERRORS(PHRASE_OFFSET)};

const char *error_name(enum error error)
{
	return (unsigned)error < ERROR_COUNT ? TEXT_AT(words, names[error]) : "?";
}

const char *error_text(enum error error)
{
	return (unsigned)error < ERROR_COUNT ? TEXT_AT(words, texts[error]) : "unknown error";
}
