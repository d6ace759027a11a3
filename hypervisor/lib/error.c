/* SPDX-License-Identifier: Apache-2.0 */
#include "bulkhead/error.h"

#define ERROR_NAME_ENTRY(name, text) [ERROR_##name] = #name,
#define ERROR_TEXT_ENTRY(name, text) [ERROR_##name] = text,

static const char *const error_names[ERROR_COUNT] = {HYPERVISOR_ERRORS(ERROR_NAME_ENTRY)};
static const char *const error_texts[ERROR_COUNT] = {HYPERVISOR_ERRORS(ERROR_TEXT_ENTRY)};

const char *error_name(enum error error)
{
	return (unsigned)error < ERROR_COUNT ? error_names[error] : "?";
}

const char *error_text(enum error error)
{
	return (unsigned)error < ERROR_COUNT ? error_texts[error] : "unknown error";
}
