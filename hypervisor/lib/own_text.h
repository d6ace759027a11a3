/* SPDX-License-Identifier: Apache-2.0 */
/* Behind a header of its own, so that unit tests, whose texts are not packed, have another one. */
#ifndef LIB_OWN_TEXT_H
#define LIB_OWN_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* hypervisor/bulkhead.lds: the image's constants without the scenario's, whose names may have any bytes. */
extern const char own_constants_start[], own_constants_end[];

/* Whether this is one of the texts that the build packs. */
static inline bool text_is_own(const char *text)
{
	return (uintptr_t)text - (uintptr_t)own_constants_start <
	       (uintptr_t)own_constants_end - (uintptr_t)own_constants_start;
}

#endif
