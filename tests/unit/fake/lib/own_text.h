/* SPDX-License-Identifier: Apache-2.0 */
/* Stand-in for hypervisor/lib/own_text.h: no text is packed but what a test puts into fake_own_text. */
#ifndef LIB_OWN_TEXT_H
#define LIB_OWN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of any file that includes this, hence weak. */
__attribute__((weak)) char fake_own_text[512];

static inline bool text_is_own(const char *text)
{
	return (uintptr_t)text - (uintptr_t)fake_own_text < sizeof(fake_own_text);
}

#endif
