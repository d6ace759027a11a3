/* SPDX-License-Identifier: Apache-2.0 */
/* A core's log lines, as the hypervisor keeps them and a monitor VM reads them. */
#ifndef BULKHEAD_LOG_RING_H
#define BULKHEAD_LOG_RING_H

#include <stdatomic.h>
#include <stdint.h>

/* Bytes per core. Holds the exit table of a VM several times over. A power of two. */
#define LOG_RING_SIZE 8192

/*
 * Lines of one core, each ending in \n. Positions count bytes since the start and wrap at 2^32, their
 * place in `text` is the remainder by LOG_RING_SIZE. All zeros is a valid empty ring.
 */
struct log_ring {
	_Atomic uint32_t written; /* by the owning core only */
	_Atomic uint32_t printed; /* by whoever prints */
	_Atomic uint32_t lost;    /* lines; by the owning core only */
	_Atomic uint32_t told;    /* lost lines already reported; by whoever prints */
	char text[LOG_RING_SIZE];
};
_Static_assert((LOG_RING_SIZE & (LOG_RING_SIZE - 1)) == 0, "positions wrap at 2^32");

#endif
