/* SPDX-License-Identifier: Apache-2.0 */
/* I/O and MSR bitmaps of a VM: a bit that is 1 makes the access exit. */
#ifndef BULKHEAD_TOOL_BITMAP_H
#define BULKHEAD_TOOL_BITMAP_H

#include "bulkhead/tables.h"
#include "msr_policy.h"

#define IO_BITMAP_SIZE  8192 /* A: ports 0 - 0x7FFF, B: 0x8000 - 0xFFFF (SDM 3.25.6.4) */
#define MSR_BITMAP_SIZE 4096 /* four parts of 1 KiB (SDM 3.25.6.9) */

/* Offsets of the MSR bitmap's parts, in bytes. */
#define MSR_BITMAP_READ_LOW   0x000
#define MSR_BITMAP_READ_HIGH  0x400
#define MSR_BITMAP_WRITE_LOW  0x800
#define MSR_BITMAP_WRITE_HIGH 0xC00

/* All ports exit but those in the ranges. */
void io_bitmap_build(uint8_t bitmap[IO_BITMAP_SIZE], const struct port_range *ports, size_t count);

/* All MSRs exit but those that msr_policy allows. */
void msr_bitmap_build(uint8_t bitmap[MSR_BITMAP_SIZE]);

#endif
