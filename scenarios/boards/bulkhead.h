/* SPDX-License-Identifier: Apache-2.0 */
/* Macros for board files and scenarios. Each is one cell, so a 64-bit size below 4 GiB is <0 MiB(256)>. */
#ifndef BULKHEAD_BOARDS_BULKHEAD_H
#define BULKHEAD_BOARDS_BULKHEAD_H

#define KiB(n) ((n) * 0x400)
#define MiB(n) ((n) * 0x100000)
#define GiB(n) ((n) * 0x40000000)

#endif
