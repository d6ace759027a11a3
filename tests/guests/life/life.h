/* SPDX-License-Identifier: Apache-2.0 */
/* What a VM that dies again and again leaves to its next life: a page that it shares, which nobody scrubs. */
#ifndef GUEST_LIFE_H
#define GUEST_LIFE_H

/* For scenarios, too. */
#define LIFE_RECORD_GPA 0x80000000

#ifndef __DTS__
#include <stdint.h>

#define LIFE_RECORD_MAGIC UINT64_C(0x31454C4946524550)

struct life_record {
	uint64_t magic;    /* else it holds what memory holds after power-on */
	uint64_t lives;    /* begun so far, this one included */
	uint64_t failures; /* checks that found something of an earlier life */
	uint64_t reported; /* failures whose text has been printed */
};
#endif

#endif
