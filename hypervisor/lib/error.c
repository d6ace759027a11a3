/* SPDX-License-Identifier: Apache-2.0 */
#include "bulkhead/error.h"

#include "lib/texts.h"

#define NAME_MEMBER(name, text)   TEXT_MEMBER(, name, #name)
#define NAME_VALUE(name, text)    TEXT_VALUE(ERROR_##name, name, #name)
#define PHRASE_MEMBER(name, text) TEXT_MEMBER(, name, text)
#define PHRASE_VALUE(name, text)  TEXT_VALUE(ERROR_##name, name, text)

static const struct names {
	HYPERVISOR_ERRORS(NAME_MEMBER) TEXT_MEMBER(TEXT_ANY, any, "?")
} names = {HYPERVISOR_ERRORS(NAME_VALUE) TEXT_VALUE(TEXT_ANY, any, "?")};

static const struct phrases {
	HYPERVISOR_ERRORS(PHRASE_MEMBER) TEXT_MEMBER(TEXT_ANY, any, "unknown error")
} phrases = {HYPERVISOR_ERRORS(PHRASE_VALUE) TEXT_VALUE(TEXT_ANY, any, "unknown error")};

const char *error_name(enum error error)
{
	return text_find(&names, error);
}

const char *error_text(enum error error)
{
	return text_find(&phrases, error);
}
