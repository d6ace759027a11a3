/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Linux/x86 boot protocol (Documentation/arch/x86/boot.rst, zero-page.rst): the fields that
 * Bulkhead reads or writes. tests/unit/loader_linux_test.c compares the offsets with the kernel's own
 * header.
 */
#ifndef LOADER_LINUX_BOOT_H
#define LOADER_LINUX_BOOT_H

#include "bulkhead/tables.h"

/* The setup header lies at this offset, in the image and in struct boot_params. */
#define LINUX_HEADER_OFFSET 0x1F1
#define LINUX_BOOT_FLAG     0xAA55
#define LINUX_HEADER_MAGIC  0x53726448 /* "HdrS" */
#define LINUX_JUMP_OFFSET   0x201 /* operand of the jump over the header: its length, from here */

/* Protocol versions, and what came with them. */
#define LINUX_VERSION_MINIMUM    0x020A /* pref_address, init_size: Linux 2.6.31 */
#define LINUX_VERSION_XLOADFLAGS 0x020C /* the 64-bit entry: Linux 3.8 */
#define LINUX_VERSION_RSDP       0x020E /* acpi_rsdp_addr */

#define LINUX_SECTOR_SIZE            512
#define LINUX_SETUP_SECTORS_DEFAULT  4
#define LINUX_SYSTEM_UNIT            16 /* syssize counts these */
#define LINUX_LOAD_FLAG_HIGH         0x01
#define LINUX_LOAD_FLAG_QUIET        0x20
#define LINUX_XLOAD_KERNEL_64        0x01  /* xloadflags: there is a 64-bit entry */
#define LINUX_ENTRY_64_OFFSET        0x200 /* from the 32-bit one */
#define LINUX_ALIGNMENT_SHIFT_MAX    31
#define LINUX_LOADER_UNREGISTERED    0xFF
#define LINUX_E820_MAX               128
#define LINUX_PROTECTED_MODE_MINIMUM UINT64_C(0x100000)

/* What the setup header of every x86-64 kernel says, for a vmlinux, which has none. */
#define LINUX_RAMDISK_END_DEFAULT UINT32_C(0x7FFFFFFF)
#define LINUX_ALIGNMENT_DEFAULT   UINT32_C(0x200000)

struct linux_setup_header {
	uint8_t setup_sects;
	uint16_t root_flags;
	uint32_t syssize;
	uint16_t ram_size;
	uint16_t vid_mode;
	uint16_t root_dev;
	uint16_t boot_flag;
	uint16_t jump;
	uint32_t header;
	uint16_t version;
	uint32_t realmode_swtch;
	uint16_t start_sys_seg;
	uint16_t kernel_version;
	uint8_t type_of_loader;
	uint8_t loadflags;
	uint16_t setup_move_size;
	uint32_t code32_start;
	uint32_t ramdisk_image;
	uint32_t ramdisk_size;
	uint32_t bootsect_kludge;
	uint16_t heap_end_ptr;
	uint8_t ext_loader_ver;
	uint8_t ext_loader_type;
	uint32_t cmd_line_ptr;
	uint32_t initrd_addr_max; /* highest address of the ramdisk's last byte */
	uint32_t kernel_alignment;
	uint8_t relocatable_kernel;
	uint8_t min_alignment;
	uint16_t xloadflags;
	uint32_t cmdline_size; /* longest command line, without its NUL */
	uint32_t hardware_subarch;
	uint64_t hardware_subarch_data;
	uint32_t payload_offset;
	uint32_t payload_length;
	uint64_t setup_data;
	uint64_t pref_address;
	uint32_t init_size; /* memory that the kernel needs before it reads the memory map */
	uint32_t handover_offset;
	uint32_t kernel_info_offset;
	uint8_t later[0x290 - 0x26C]; /* what versions after 2.15 may add */
} __attribute__((packed));
_Static_assert(sizeof(struct linux_setup_header) == 0x290 - LINUX_HEADER_OFFSET,
	       "the setup header ends where edd_mbr_sig_buffer begins");

/* struct boot_params, the "zero page"; what is not named is zero. */
struct linux_parameters {
	uint8_t zero0[0x070];
	uint64_t acpi_rsdp_addr;
	uint8_t zero1[0x1E8 - 0x078];
	uint8_t e820_entries;
	uint8_t zero2[LINUX_HEADER_OFFSET - 0x1E9];
	struct linux_setup_header hdr;
	uint8_t zero3[0x2D0 - 0x290];
	struct e820_entry e820_table[LINUX_E820_MAX];
	uint8_t zero4[0x1000 - 0xCD0];
} __attribute__((packed));
_Static_assert(sizeof(struct linux_parameters) == 0x1000, "boot_params is one page");
_Static_assert(offsetof(struct linux_parameters, hdr.boot_flag) == 0x1FE, "boot.rst");
_Static_assert(offsetof(struct linux_parameters, hdr.version) == 0x206, "boot.rst");
_Static_assert(offsetof(struct linux_parameters, hdr.cmd_line_ptr) == 0x228, "boot.rst");
_Static_assert(offsetof(struct linux_parameters, hdr.pref_address) == 0x258, "boot.rst");
_Static_assert(offsetof(struct linux_parameters, hdr.init_size) == 0x260, "boot.rst");
_Static_assert(offsetof(struct linux_parameters, e820_table) == 0x2D0, "zero-page.rst");

#endif
