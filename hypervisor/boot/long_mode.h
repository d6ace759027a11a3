/* SPDX-License-Identifier: Apache-2.0 */
/* Constants of the two ways into long mode, for assembly (boot/entry.S, cpu/trampoline.S). */
#ifndef BOOT_LONG_MODE_H
#define BOOT_LONG_MODE_H

#define CR0_PE_BIT   0x00000001
#define CR0_ET_BIT   0x00000010
#define CR0_NE_BIT   0x00000020
#define CR0_PG_BIT   0x80000000
#define CR4_PAE_BIT  0x00000020
#define EFER_MSR     0xC0000080
#define EFER_LME_BIT 0x00000100
#define EFER_NXE_BIT 0x00000800

/* 64-bit code and flat data with the accessed bit set (SDM 3.3.4.5). */
#define BOOT_GDT_CODE  0x00AF9B000000FFFF
#define BOOT_GDT_DATA  0x00CF93000000FFFF
#define BOOT_GDT_LIMIT (3 * 8 - 1)
#define BOOT_CODE      0x08
#define BOOT_DATA      0x10

#endif
